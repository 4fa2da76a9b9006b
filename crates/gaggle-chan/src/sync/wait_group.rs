//! Waiting until a count is down to zero (semantics.md WG).
//!
//! The count and one flag (`WAITERS`: the queue is not empty) share a word; the queue of waiters has a short lock of its own.
//! A waiter enqueues under the queue's lock after it has set the flag in a word whose count is above zero.
//! The step that brings the count to zero while the flag is set is done under the same lock, together with taking everyone out who waits.
//! So whoever waits in a later round comes after that step and is not released by it (WG-02, WG-03, T19).

use gaggle_base::context::note_wait;
use gaggle_base::listing::{Description, Listing, Thing};
use gaggle_base::site::Site;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU64, Ordering};
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

const WAITERS: u64 = 1;
const ONE: u64 = 2;

struct Inner {
    /// `count * ONE | WAITERS`.
    state: AtomicU64,
    queue: SpinLock<Queue>,
}

struct Queue {
    /// A node's slot holds the round in which it came.
    waiters: WaitList<u64>,
    /// How often the count has come down to zero with somebody waiting.
    round: u64,
}

/// Counts things that are under way, and lets others wait until none is.
///
/// Clones share the count: give one to each goroutine.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::WaitGroup;
/// # futures::executor::block_on(async {
/// let wg = WaitGroup::new();
/// wg.add(2);
/// let other = wg.clone();
/// let t = std::thread::spawn(move || {
///     other.done();
///     other.done();
/// });
/// wg.wait().await;
/// # t.join().unwrap();
/// # });
/// ```
#[derive(Clone)]
pub struct WaitGroup {
    inner: Arc<Inner>,
}

impl Default for WaitGroup {
    fn default() -> Self {
        Self::new()
    }
}

impl WaitGroup {
    /// A group that counts zero (WG-01).
    #[must_use]
    pub fn new() -> Self {
        let queue = Queue {
            waiters: WaitList::new(),
            round: 0,
        };
        Self {
            inner: Arc::new(Inner {
                state: AtomicU64::new(0),
                queue: SpinLock::new(queue),
            }),
        }
    }

    /// Counts `n` more. Call it before the goroutine is started that will call [`done`](Self::done), or `wait` may not know of it.
    ///
    /// # Panics
    /// When the count would exceed 2^62.
    pub fn add(&self, n: usize) {
        let before = self
            .inner
            .state
            .fetch_add(n as u64 * ONE, Ordering::Relaxed);
        assert!(
            before / ONE + (n as u64) < 1 << 62,
            "sync: WaitGroup counter overflow"
        );
    }

    /// Counts one less. What came before is visible to whom it releases (WG-08).
    ///
    /// # Panics
    /// When the count is zero: "sync: negative `WaitGroup` counter" (WG-04).
    pub fn done(&self) {
        let mut state = self.inner.state.load(Ordering::Relaxed);
        loop {
            assert!(state >= ONE, "sync: negative WaitGroup counter");
            if state == ONE | WAITERS {
                if self.inner.last_done() {
                    return;
                }
                state = self.inner.state.load(Ordering::Relaxed);
                continue;
            }
            match self.inner.state.compare_exchange_weak(
                state,
                state - ONE,
                Ordering::Release,
                Ordering::Relaxed,
            ) {
                Ok(_) => return,
                Err(now) => state = now,
            }
        }
    }

    /// Waits until the count is zero; at once if it is. All who wait are released together (WG-01).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    #[track_caller]
    pub fn wait(&self) -> Wait<'_> {
        Wait {
            inner: &self.inner,
            node: Node::empty(Site::caller()),
            listing: Listing::new(),
        }
    }

    /// Blocks the calling thread until the count is zero.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn wait_blocking(&self) {
        wait_for(self.wait());
    }

    /// Counts one more until the guard is dropped (T19).
    ///
    /// # Examples
    /// ```
    /// let wg = gaggle_chan::sync::WaitGroup::new();
    /// let guard = wg.guard();
    /// assert_eq!(wg.count(), 1);
    /// drop(guard);
    /// assert_eq!(wg.count(), 0);
    /// ```
    pub fn guard(&self) -> WaitGroupGuard {
        self.add(1);
        WaitGroupGuard {
            group: self.clone(),
        }
    }

    /// The count at this instant.
    #[must_use]
    pub fn count(&self) -> usize {
        (self.inner.state.load(Ordering::Relaxed) / ONE) as usize
    }
}

impl Inner {
    /// Brings the count from one to zero and releases everyone who waits. `false` if the count was no longer one.
    #[cold]
    fn last_done(&self) -> bool {
        let mut queue = self.queue.lock();
        if self
            .state
            .compare_exchange(ONE | WAITERS, 0, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        let round = queue.round;
        queue.round += 1;
        let mut wakes = Wakes::new();
        loop {
            // Between two batches others may enqueue for the next round; their nodes say so.
            while !wakes.is_full()
                // SAFETY: the node waits and the lock is held, so its slot may be read; it holds the round.
                && queue.waiters.front().is_some_and(|n| unsafe { n.slot().read() } <= round)
            {
                let (node, waker) = queue.waiters.pop_front().expect("there is a front");
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(queue);
            wakes.wake_all();
            if !more {
                return true;
            }
            queue = self.queue.lock();
        }
    }
}

/// The future of [`WaitGroup::wait`].
#[must_use = "the wait happens only when the future is awaited"]
pub struct Wait<'a> {
    inner: &'a Inner,
    node: Node<u64>,
    listing: Listing,
}

impl Thing for Wait<'_> {
    fn describe(&self) -> Description {
        Description {
            kind: "sync.WaitGroup",
            address: std::ptr::from_ref(self.inner).addr() as u64,
            figures: vec![("count", self.inner.state.load(Ordering::Relaxed) / ONE)],
            ..Description::default()
        }
    }
}

impl Wait<'_> {
    fn finish(&self) -> Poll<()> {
        self.node.set_state(State::Finished);
        self.listing.leave();
        Poll::Ready(())
    }
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let inner = this.inner;
        match this.node.state() {
            State::Idle => {
                // Acquire pairs with the release of the last `done` (WG-08, MM-10).
                if inner.state.load(Ordering::Acquire) < ONE {
                    this.node.set_state(State::Finished);
                    return Poll::Ready(());
                }
                let prepared = prepare_waker(cx.waker());
                let mut queue = inner.queue.lock();
                let mut state = inner.state.load(Ordering::Acquire);
                loop {
                    if state < ONE {
                        this.node.set_state(State::Finished);
                        return Poll::Ready(());
                    }
                    let new = state | WAITERS;
                    match inner.state.compare_exchange(
                        state,
                        new,
                        Ordering::Relaxed,
                        Ordering::Acquire,
                    ) {
                        Ok(_) => break,
                        Err(now) => state = now,
                    }
                }
                let waker = prepared.unwrap_or_else(|| cx.waker().clone());
                let round = queue.round;
                // SAFETY: the node is `Idle`, so its slot is ours; it is in no list and pinned with this future, and `Drop` unlinks it.
                unsafe {
                    this.node.fill_slot(round);
                    queue.waiters.push_back(&this.node, waker);
                }
                drop(queue);
                // SAFETY: the wait is pinned; it leaves when it is over and in `Drop`, before it is freed; no lock is held.
                unsafe { this.listing.enter(this) };
            }
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut queue = inner.queue.lock();
                if this.node.state() != State::Waiting {
                    drop(queue);
                    return this.finish();
                }
                // SAFETY: by its state the node is in the list.
                let old = unsafe { queue.waiters.renew_waker(&this.node, waker) };
                drop(queue);
                drop(old);
            }
            State::Done | State::Closed => return this.finish(),
            State::Finished => panic!("a wait was polled after it was ready"),
        }
        note_wait(
            Reason::WaitGroup,
            this.node.site,
            std::ptr::from_ref(inner).addr() as u64,
        );
        Poll::Pending
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        self.listing.leave();
        if self.node.state() != State::Waiting {
            return;
        }
        let mut queue = self.inner.queue.lock();
        if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            let waker = unsafe { queue.waiters.remove(&self.node) };
            // `WAITERS` may stay set with nobody waiting: the last `done` then takes the lock for nothing, once.
            drop(queue);
            drop(waker);
        }
    }
}

/// Counts one less when it is dropped. See [`WaitGroup::guard`].
#[must_use = "the group counts one less as soon as the guard is dropped"]
pub struct WaitGroupGuard {
    group: WaitGroup,
}

impl Drop for WaitGroupGuard {
    fn drop(&mut self) {
        self.group.done();
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroup")
            .field("count", &self.count())
            .finish()
    }
}

impl fmt::Debug for Wait<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for WaitGroupGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WaitGroupGuard").finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
#[path = "wait_group_loom.rs"]
mod loom_tests;
