//! What a select asks of its arms, and any future as an arm.

use gaggle_base::context::leave_one;
use gaggle_base::peek::Peek;
use gaggle_base::spin::SpinWord;
use gaggle_base::waitlist::Commit;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

/// Which arms an attempt is meant for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Round {
    /// The first look: a future that can tell by itself that it is not ready is not polled yet.
    Look,
    /// Those that were not polled in the first look: they are looked at once more, and polled only if they may be ready now.
    /// A second look is exact (see [`Peek`]): so a select that does not wait registers nothing.
    SecondLook,
    /// Those that were not polled in the first look.
    Rest,
    /// All.
    All,
}

/// An arm, without the type of its outcome.
pub trait RawArm {
    /// Can it ever be ready? Its guard was true, its operand was not `None`, and it has not been switched off.
    fn is_on(&self) -> bool;

    /// Could it proceed at this instant? Cheap, and it changes nothing; a `true` may be wrong.
    fn may_proceed(&self) -> bool;

    /// It is never ready from now on. Its operation is dropped.
    fn switch_off(self: Pin<&mut Self>);

    /// Tries once, with no lock held and the select busy. `true`: it has its outcome, which it keeps.
    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>, round: Round) -> bool;

    /// The arm as a channel operation, if it is one and is on.
    fn channel(&self) -> Option<&dyn ChanArm>;
}

/// A channel operation as an arm.
pub trait ChanArm {
    /// The channel's lock.
    fn word(&self) -> SpinWord<'_>;

    /// Tries once. `Some`: it has its outcome; the first waker is to be called and the second to be dropped, after the lock.
    ///
    /// # Safety
    /// The calling thread holds the channel's lock, and the select is busy.
    unsafe fn attempt_locked(&self) -> Option<[Option<Waker>; 2]>;

    /// Puts the node into the channel's list, if it is not there: before all others if it was there before (`again`).
    ///
    /// # Safety
    /// The calling thread holds the channel's lock, the select is busy, and `attempt_locked` has just said `None` under this hold of the lock.
    /// The commit outlives the node's stay in the list.
    unsafe fn enqueue_locked(&self, again: bool, commit: Pin<&Commit>);

    /// Has another side completed the operation?
    fn is_done(&self) -> bool;
}

/// An arm with the type of its outcome.
pub trait Arm: RawArm {
    /// What the arm's pattern is matched against.
    type Output;

    /// The outcome, once.
    ///
    /// # Panics
    /// When the arm has none.
    fn take_output(self: Pin<&mut Self>) -> Self::Output;
}

/// Any future as an arm. It is dropped, with its outcome if it has one, when another arm wins.
pub struct FutureArm<F: Future> {
    state: State<F>,
    may_be_ready: fn(&F) -> bool,
    /// It was not polled in the first look.
    skipped: bool,
}

enum State<F: Future> {
    Off,
    Waiting(F),
    Ready(Option<F::Output>),
}

impl<F: Future> FutureArm<F> {
    pub(super) fn new(future: Option<F>) -> Self {
        Self::with(future, |_| true)
    }

    pub(super) fn peeking(future: Option<F>) -> Self
    where
        F: Peek,
    {
        Self::with(future, F::may_be_ready)
    }

    fn with(future: Option<F>, may_be_ready: fn(&F) -> bool) -> Self {
        Self {
            state: future.map_or(State::Off, State::Waiting),
            may_be_ready,
            skipped: false,
        }
    }

    fn project(self: Pin<&mut Self>) -> (&mut State<F>, &mut bool) {
        // SAFETY: a future that is in here is only used pinned (`attempt`) or dropped where it is; an outcome is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        (&mut this.state, &mut this.skipped)
    }
}

impl<F: Future> RawArm for FutureArm<F> {
    fn is_on(&self) -> bool {
        !matches!(self.state, State::Off)
    }

    fn may_proceed(&self) -> bool {
        matches!(&self.state, State::Waiting(future) if (self.may_be_ready)(future))
    }

    fn switch_off(self: Pin<&mut Self>) {
        *self.project().0 = State::Off;
    }

    fn attempt(self: Pin<&mut Self>, cx: &mut Context<'_>, round: Round) -> bool {
        let may_be_ready = self.may_be_ready;
        let (state, skipped) = self.project();
        let State::Waiting(future) = state else {
            return false;
        };
        let poll = match round {
            Round::Look => may_be_ready(future),
            Round::SecondLook => *skipped && may_be_ready(future),
            Round::Rest => *skipped,
            Round::All => true,
        };
        *skipped = !poll && round == Round::Look;
        if !poll {
            return false;
        }
        leave_one();
        // SAFETY: the arm is pinned, and the future is never moved out of it.
        match unsafe { Pin::new_unchecked(future) }.poll(cx) {
            Poll::Ready(output) => {
                *state = State::Ready(Some(output));
                true
            }
            Poll::Pending => false,
        }
    }

    fn channel(&self) -> Option<&dyn ChanArm> {
        None
    }
}

impl<F: Future> Arm for FutureArm<F> {
    type Output = F::Output;

    fn take_output(self: Pin<&mut Self>) -> F::Output {
        match self.project().0 {
            State::Ready(output) => output.take().expect("an outcome is taken once"),
            _ => panic!("the arm that won has its outcome"),
        }
    }
}

impl<F: Future> fmt::Debug for FutureArm<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FutureArm")
            .field("on", &self.is_on())
            .finish_non_exhaustive()
    }
}
