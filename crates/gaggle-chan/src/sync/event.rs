//! Something that happens once, and that many wait for.
//!
//! The flag is an atomic; the queue of waiters has a short lock of its own.
//! A waiter enqueues under that lock after it has seen there that the flag is not set; whoever sets the flag then takes the lock and releases everyone.
//! So nobody enqueues after the last one was released, and nobody is forgotten.

use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::peek::Peek;
use gaggle_base::site::Site;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU8, Ordering};
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// Something that happens once, and that many wait for: a channel that is only ever closed, without the channel.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::Event;
/// # futures::executor::block_on(async {
/// let ready = Event::new();
/// assert!(!ready.is_set());
/// assert!(ready.set());
/// assert!(!ready.set(), "it had happened already");
/// ready.wait().await;
/// # });
/// ```
pub struct Event {
    set: AtomicU8,
    waiters: SpinLock<WaitList<()>>,
}

impl Event {
    /// An event that has not happened.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            set: AtomicU8::new(0),
            waiters: SpinLock::new(WaitList::new()),
        }
    }

    /// An event that has not happened.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            set: AtomicU8::new(0),
            waiters: SpinLock::new(WaitList::new()),
        }
    }

    /// It happens now: everyone who waits, or will wait, goes on and sees what came before this call. Says whether this call did it.
    pub fn set(&self) -> bool {
        // Release: what came before is visible to whoever sees the flag.
        if self
            .set
            .compare_exchange(0, 1, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        let mut waiters = self.waiters.lock();
        if waiters.is_empty() {
            return true;
        }
        let mut wakes = Wakes::new();
        loop {
            while !wakes.is_full()
                && let Some((node, waker)) = waiters.pop_front()
            {
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(waiters);
            wakes.wake_all();
            if !more {
                return true;
            }
            // Nobody enqueues any more, so this is linear in the number of waiters.
            waiters = self.waiters.lock();
        }
    }

    /// Has it happened?
    #[inline]
    #[must_use]
    pub fn is_set(&self) -> bool {
        // Acquire pairs with the release in `set`.
        self.set.load(Ordering::Acquire) != 0
    }

    /// Waits until it has happened.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (semantics.md RX-04).
    #[track_caller]
    pub fn wait(&self) -> EventWait<'_> {
        self.wait_as(Reason::Event)
    }

    /// As [`wait`](Self::wait), under another name in dumps.
    #[track_caller]
    pub fn wait_as(&self, reason: Reason) -> EventWait<'_> {
        EventWait {
            event: self,
            reason,
            node: Node::empty(Site::caller()),
        }
    }

    /// Blocks the calling thread until it has happened.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn wait_blocking(&self) {
        if !self.is_set() {
            wait_for(self.wait());
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .finish()
    }
}

/// The future of [`Event::wait`].
#[must_use = "the wait happens only when the future is awaited"]
pub struct EventWait<'a> {
    event: &'a Event,
    reason: Reason,
    node: Node<()>,
}

impl Peek for EventWait<'_> {
    fn may_be_ready(&self) -> bool {
        self.event.is_set()
    }
}

impl Future for EventWait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let (event, node) = (this.event, &this.node);
        match node.state() {
            State::Idle => {
                if event.is_set() {
                    // To wait needs no budget, and a refusal puts the answer off to the next poll and no further: whoever uses the budget up beside this wait does not hide the event.
                    node.set_state(State::Done);
                    let object = std::ptr::from_ref(event).addr() as u64;
                    ready!(poll_proceed(cx, this.reason, node.site, object));
                    node.finish();
                    return Poll::Ready(());
                }
                let prepared = prepare_waker(cx.waker());
                let mut waiters = event.waiters.lock();
                if event.is_set() {
                    drop(waiters);
                    node.finish();
                    return Poll::Ready(());
                }
                let waker = prepared.unwrap_or_else(|| cx.waker().clone());
                // SAFETY: the node is in no list (`Idle`), it is pinned with this future, and `Drop` unlinks it.
                unsafe { waiters.push_back(node, waker) };
            }
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut waiters = event.waiters.lock();
                if node.state() != State::Waiting {
                    drop(waiters);
                    node.finish();
                    return Poll::Ready(());
                }
                // SAFETY: by its state the node is in the list.
                let old = unsafe { waiters.renew_waker(node, waker) };
                drop(waiters);
                drop(old);
            }
            State::Done | State::Closed => {
                node.finish();
                return Poll::Ready(());
            }
            State::Finished => panic!("a wait was polled after it was ready"),
        }
        note_wait(
            this.reason,
            node.site,
            std::ptr::from_ref(event).addr() as u64,
        );
        Poll::Pending
    }
}

impl Drop for EventWait<'_> {
    fn drop(&mut self) {
        if self.node.state() != State::Waiting {
            return;
        }
        let mut waiters = self.event.waiters.lock();
        if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            let waker = unsafe { waiters.remove(&self.node) };
            drop(waiters);
            drop(waker);
        }
    }
}

impl fmt::Debug for EventWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventWait")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use crate::loom_support::{block_on, model, poll_once};
    use gaggle_base::sync::Cell;
    use loom::sync::Arc;
    use std::pin::pin;

    struct Shared(Event, Cell<u32>);
    // SAFETY: the cell is written before `set` and read after `wait`; that this is enough is what the model checks.
    unsafe impl Sync for Shared {}
    // SAFETY: as above.
    unsafe impl Send for Shared {}

    /// Two wait while it happens; one of them gives up. The other is woken and sees what was written before.
    #[test]
    fn loom_event_set_against_wait_and_drop() {
        model(3, || {
            let shared = Arc::new(Shared(Event::new(), Cell::new(0)));
            let setter = shared.clone();
            let t = loom::thread::spawn(move || {
                // SAFETY: nobody reads before `set`.
                setter.1.with_mut(|c| unsafe { *c = 7 });
                assert!(setter.0.set());
            });
            {
                let mut given_up = pin!(shared.0.wait());
                let _ = poll_once(given_up.as_mut());
            }
            block_on(shared.0.wait());
            // SAFETY: it was set, so the writer is done.
            assert_eq!(shared.1.with(|c| unsafe { *c }), 7);
            t.join().unwrap();
        });
    }
}
