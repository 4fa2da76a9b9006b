//! [`Select`]: arms from a list that is made at run time (semantics.md SE-17, T15).

use super::arm::{Arm, FutureArm, RawArm, Round};
use super::arms::Slot;
use super::engine::{Engine, Mode, Progress, Verdict};
use crate::chan::{Receiver, RecvArm, RecvError, SendArm, SendError, Sender};
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use gaggle_base::waitlist::Commit;
use std::fmt;
use std::future::IntoFuture;
use std::marker::Send as Sendable;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An arm that turns its outcome into an `R`.
trait Mapped<R>: RawArm {
    fn finish(self: Pin<&mut Self>) -> R;
    fn as_raw<'p>(self: Pin<&'p mut Self>) -> Pin<&'p mut (dyn RawArm + 'p)>;
}

struct Map<A, F> {
    arm: A,
    f: Option<F>,
}

impl<A, F> Map<A, F> {
    fn arm(self: Pin<&mut Self>) -> Pin<&mut A> {
        // SAFETY: the arm is pinned with the whole and never moved; there is no `Drop` of our own.
        unsafe { self.map_unchecked_mut(|m| &mut m.arm) }
    }
}

impl<A: RawArm, F> RawArm for Map<A, F> {
    fn is_on(&self) -> bool {
        self.arm.is_on()
    }
    fn may_proceed(&self) -> bool {
        self.arm.may_proceed()
    }

    fn switch_off(self: Pin<&mut Self>) {
        self.arm().switch_off();
    }
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>, round: Round) -> bool {
        self.arm().attempt(cx, round)
    }
    fn channel(&self) -> Option<&dyn super::arm::ChanArm> {
        self.arm.channel()
    }
}

impl<R, A: Arm, F: FnOnce(A::Output) -> R> Mapped<R> for Map<A, F> {
    fn finish(mut self: Pin<&mut Self>) -> R {
        let output = self.as_mut().arm().take_output();
        // SAFETY: `f` is not pinned.
        let f = unsafe { self.get_unchecked_mut() }.f.take();
        f.expect("an arm wins once")(output)
    }
    fn as_raw<'p>(self: Pin<&'p mut Self>) -> Pin<&'p mut (dyn RawArm + 'p)> {
        self
    }
}

/// A `select!` over arms that are known at run time only: Go's `reflect.Select` (SE-17).
///
/// Each arm says what becomes of its outcome; the outcomes of all arms have one type.
/// The rules are those of `select!`: one arm takes effect, chosen uniformly among those that are ready, and the others leave no trace.
///
/// # Examples
/// ```
/// use gaggle_chan::chan;
/// use gaggle_chan::select::Select;
/// # futures::executor::block_on(async {
/// let inputs: Vec<_> = (0..3).map(|_| chan::bounded(1)).collect();
/// inputs[1].0.try_send("hello").unwrap();
///
/// let mut select = Select::new();
/// for (_, rx) in &inputs {
///     select.recv(rx, |received| received.unwrap());
/// }
/// assert_eq!(select.wait().await, (1, "hello"));
/// # });
/// ```
#[must_use = "nothing is waited for until `wait` is awaited"]
pub struct Select<'a, R> {
    arms: Vec<Pin<Box<dyn Mapped<R> + Sendable + 'a>>>,
    mode: Mode,
}

impl<'a, R> Select<'a, R> {
    /// A select without arms. Waiting for that lasts for ever (SE-06).
    pub fn new() -> Self {
        Self {
            arms: Vec::new(),
            mode: Mode::default(),
        }
    }

    /// Tries the arms in the order in which they were added, not in a random one.
    pub fn biased(mut self) -> Self {
        self.mode.biased = true;
        self
    }

    fn push<A, F>(&mut self, arm: A, f: F) -> usize
    where
        A: Arm + Sendable + 'a,
        F: FnOnce(A::Output) -> R + Sendable + 'a,
    {
        self.arms.push(Box::pin(Map { arm, f: Some(f) }));
        self.arms.len() - 1
    }

    /// Adds a receive; returns the arm's index. `f` gets what was received, or the error of a closed channel.
    #[track_caller]
    pub fn recv<T, F>(&mut self, receiver: &'a Receiver<T>, f: F) -> usize
    where
        T: Sendable,
        F: FnOnce(Result<T, RecvError>) -> R + Sendable + 'a,
    {
        self.push(RecvArm::new(Some(receiver.recv())), f)
    }

    /// Adds a send; returns the arm's index. If another arm wins, `value` is dropped.
    #[track_caller]
    pub fn send<T, F>(&mut self, sender: &'a Sender<T>, value: T, f: F) -> usize
    where
        T: Sendable,
        F: FnOnce(Result<(), SendError<T>>) -> R + Sendable + 'a,
    {
        self.push(SendArm::new(Some(sender.send(value))), f)
    }

    /// Adds any other future; returns the arm's index. If another arm wins, it is dropped.
    pub fn future<T, F>(&mut self, future: T, f: F) -> usize
    where
        T: IntoFuture,
        T::IntoFuture: Sendable + 'a,
        T::Output: Sendable,
        F: FnOnce(T::Output) -> R + Sendable + 'a,
    {
        self.push(FutureArm::new(Some(future.into_future())), f)
    }

    /// How many arms there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.arms.len()
    }

    /// Are there no arms?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.arms.is_empty()
    }

    /// Waits for the first arm; gives its index and what its closure made of the outcome.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has received nothing and sent nothing, as for the operations alone.
    #[track_caller]
    pub fn wait(self) -> Selecting<'a, R> {
        Selecting {
            arms: self.arms,
            commit: Commit::new(),
            progress: Progress::default(),
            mode: self.mode,
            site: Site::caller(),
        }
    }

    /// Takes the arm that can proceed at this instant, or gives `None`: a select with a default (SE-02, SE-03).
    ///
    /// It waits for nothing, but it is a future: a goroutine that asks again and again gives way to others.
    #[track_caller]
    pub fn poll_now(mut self) -> impl Future<Output = Option<(usize, R)>> {
        self.mode.default = true;
        let mut selecting = Box::pin(self.wait());
        std::future::poll_fn(move |cx| selecting.as_mut().poll_verdict(cx))
    }

    /// Waits for the first arm, and blocks the calling thread.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn wait_blocking(self) -> (usize, R) {
        wait_for(self.wait())
    }
}

impl<R> Default for Select<'_, R> {
    fn default() -> Self {
        Self::new()
    }
}

/// The future of [`Select::wait`].
#[must_use = "a select happens only when its future is awaited"]
pub struct Selecting<'a, R> {
    /// Before the commit: dropping the arms takes their nodes out of all lists (S2).
    arms: Vec<Pin<Box<dyn Mapped<R> + Sendable + 'a>>>,
    commit: Commit,
    progress: Progress,
    mode: Mode,
    site: Site,
}

impl<R> Selecting<'_, R> {
    fn poll_verdict(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<(usize, R)>> {
        // SAFETY: only the commit is pinned, and it is not moved; there is no `Drop` of our own.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let commit = unsafe { Pin::new_unchecked(&this.commit) };
        let mut slots: Vec<Slot<'_>> = this
            .arms
            .iter_mut()
            .map(|arm| Some(arm.as_mut().as_raw()))
            .collect();
        let mut engine = Engine {
            arms: &mut slots,
            commit,
            progress: &mut this.progress,
            mode: this.mode,
            site: this.site,
        };
        let verdict = engine.poll(cx);
        drop(slots);
        verdict.map(|verdict| match verdict {
            Verdict::Arm(i) => {
                // All operands are gone before the winner's closure runs; the winner's own is gone after it.
                let mut winner = this.arms.swap_remove(i);
                this.arms.clear();
                Some((i, winner.as_mut().finish()))
            }
            Verdict::Default | Verdict::Otherwise => None,
        })
    }
}

impl<R> Future for Selecting<'_, R> {
    type Output = (usize, R);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<(usize, R)> {
        self.poll_verdict(cx)
            .map(|won| won.expect("without a default an arm wins"))
    }
}

impl<R> fmt::Debug for Select<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Select")
            .field("arms", &self.len())
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for Selecting<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selecting")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
