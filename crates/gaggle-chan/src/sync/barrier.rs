//! A barrier: nobody goes on until all have come.
//!
//! One short lock protects the count of those who have come, the round, and the list of those who wait.

use super::queued::still_waits;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

struct Inner {
    /// How many of this round have come and wait.
    arrived: usize,
    round: u64,
    /// A node's slot holds its round.
    waiters: WaitList<u64>,
}

impl Inner {
    const fn new() -> Self {
        Self {
            arrived: 0,
            round: 0,
            waiters: WaitList::new(),
        }
    }
}

/// Lets `n` goroutines wait for each other, as often as they like.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::Barrier;
/// let barrier = Barrier::new(2);
/// std::thread::scope(|s| {
///     let other = s.spawn(|| barrier.wait_blocking().is_leader());
///     let here = barrier.wait_blocking().is_leader();
///     assert!(here != other.join().unwrap(), "one of them is the leader");
/// });
/// ```
pub struct Barrier {
    n: usize,
    inner: SpinLock<Inner>,
}

/// What came of [`Barrier::wait`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BarrierWaitResult {
    leader: bool,
}

impl BarrierWaitResult {
    /// Was this the last to come? True for exactly one of each round.
    #[must_use]
    pub fn is_leader(&self) -> bool {
        self.leader
    }
}

impl Barrier {
    /// A barrier for `n`. At one for 0 or 1 nobody ever waits, and everybody is the leader.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(n: usize) -> Self {
        Self {
            n,
            inner: SpinLock::new(Inner::new()),
        }
    }

    /// A barrier for `n`. At one for 0 or 1 nobody ever waits, and everybody is the leader.
    #[cfg(loom)]
    #[must_use]
    pub fn new(n: usize) -> Self {
        Self {
            n,
            inner: SpinLock::new(Inner::new()),
        }
    }

    /// Waits until `n` have come. What each did before is visible to all after.
    ///
    /// # Cancel safety
    /// A future that is dropped while it waits has not come: the barrier waits for another (RX-04). One that is dropped after the last has come has come.
    #[track_caller]
    pub fn wait(&self) -> BarrierWait<'_> {
        BarrierWait {
            barrier: self,
            node: Node::empty(Site::caller()),
        }
    }

    /// Blocks the calling thread until `n` have come.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn wait_blocking(&self) -> BarrierWaitResult {
        wait_for(self.wait())
    }

    /// The last has come: the round is over.
    fn release<'a>(&'a self, mut inner: SpinGuard<'a, Inner>) {
        let round = inner.round;
        inner.round += 1;
        inner.arrived = 0;
        let mut wakes = Wakes::new();
        loop {
            // Between two batches others may come for the next round; their nodes say so.
            while !wakes.is_full()
                // SAFETY: the node waits and the lock is held, so its slot may be read; it holds the round.
                && inner.waiters.front().is_some_and(|n| unsafe { n.slot().read() } <= round)
                && let Some((node, waker)) = inner.waiters.pop_front()
            {
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(inner);
            wakes.wake_all();
            if !more {
                return;
            }
            inner = self.inner.lock();
        }
    }
}

/// The future of [`Barrier::wait`].
#[must_use = "the wait happens only when the future is awaited"]
pub struct BarrierWait<'a> {
    barrier: &'a Barrier,
    node: Node<u64>,
}

impl Future for BarrierWait<'_> {
    type Output = BarrierWaitResult;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<BarrierWaitResult> {
        let this = self.into_ref().get_ref();
        let (barrier, node) = (this.barrier, &this.node);
        if node.state() == State::Idle {
            let object = std::ptr::from_ref(barrier).addr() as u64;
            ready!(poll_proceed(cx, Reason::Barrier, node.site, object));
            let prepared = prepare_waker(cx.waker());
            let mut inner = barrier.inner.lock();
            if inner.arrived + 1 >= barrier.n {
                node.finish();
                barrier.release(inner);
                return Poll::Ready(BarrierWaitResult { leader: true });
            }
            inner.arrived += 1;
            let round = inner.round;
            let waker = prepared.unwrap_or_else(|| cx.waker().clone());
            // SAFETY: the node is `Idle`, so its slot is ours and it is in no list; it is pinned with this future, and `Drop` unlinks it.
            unsafe {
                node.fill_slot(round);
                inner.waiters.push_back(node, waker);
            }
        } else if !still_waits(&barrier.inner, |inner| &mut inner.waiters, node, cx) {
            assert!(!node.is_finished(), "a wait was polled after it was ready");
            node.finish();
            return Poll::Ready(BarrierWaitResult { leader: false });
        }
        note_wait(
            Reason::Barrier,
            node.site,
            std::ptr::from_ref(barrier).addr() as u64,
        );
        Poll::Pending
    }
}

impl Drop for BarrierWait<'_> {
    fn drop(&mut self) {
        if self.node.state() != State::Waiting {
            return;
        }
        let mut inner = self.barrier.inner.lock();
        if self.node.state() != State::Waiting {
            return;
        }
        // SAFETY: the node waits and the lock is held, so its slot may be read; by its state it is in the list.
        let (round, waker) = unsafe { (self.node.slot().read(), inner.waiters.remove(&self.node)) };
        // A node of a round that is over is about to be released: it is not counted any more.
        if round == inner.round {
            inner.arrived -= 1;
        }
        drop(inner);
        drop(waker);
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("n", &self.n)
            .field("arrived", &self.inner.lock().arrived)
            .finish()
    }
}

impl fmt::Debug for BarrierWait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BarrierWait")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}
