//! A condition variable for goroutines (semantics.md LK-17 to LK-20).
//!
//! The list of waiters has a short lock. A waiter enqueues first and gives up the mutex then; so whoever changes the condition under the mutex and signals finds it (LK-17).
//!
//! Signals and broadcasts are numbered together, and a waiter's slot holds how many there had been when it came.
//! So each of them is for those who were there and for nobody who came later (LK-18, LK-19), also when it is passed on.
//!
//! A waiter's node: `Done` = signalled, and its slot holds the signal's number: if its future is dropped, that signal goes to the next who was there (RX-03).
//! `Closed` = woken by a broadcast, which woke everyone who was there.
//!
//! A broadcast unlocks the list between two batches. A signal that finds one under way completes it first, or it would go to somebody who is woken anyway.

use super::guard::{MutexGuard, OwnedMutexGuard};
use super::queued::still_waits;
use gaggle_base::context::note_wait;
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

struct Queue {
    /// A node's slot holds `calls` as it was when it came.
    waiters: WaitList<u64>,
    /// How many signals and broadcasts there have been.
    calls: u64,
    /// The number of the last broadcast: it is for those who came before it.
    broadcast: u64,
}

impl Queue {
    const fn new() -> Self {
        Self {
            waiters: WaitList::new(),
            calls: 0,
            broadcast: 0,
        }
    }

    /// The next number.
    fn call(&mut self) -> u64 {
        self.calls += 1;
        self.calls
    }

    /// Is there somebody for whom call `number` is?
    fn was_there(&self, number: u64) -> bool {
        // SAFETY: the node waits and the lock is held, so its slot may be read; it holds a number.
        self.waiters
            .front()
            .is_some_and(|first| unsafe { first.slot().read() } < number)
    }
}

/// Lets goroutines wait until something that a [`Mutex`](super::Mutex) protects has changed: Go's `sync.Cond`.
///
/// There are no spurious wake-ups (LK-17), but between the signal and the return of `wait` others may have had the mutex: look at the condition again, or use [`wait_while`](Self::wait_while).
///
/// It cannot be copied; one that waits cannot be moved (LK-21).
/// ```compile_fail,E0382
/// let cond = gaggle_chan::sync::Cond::new();
/// let other = cond;
/// cond.signal();
/// ```
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::{Cond, Mutex};
/// let (queue, filled) = (Mutex::new(Vec::new()), Cond::new());
/// std::thread::scope(|s| {
///     s.spawn(|| {
///         queue.lock_blocking().push(7);
///         filled.signal();
///     });
///     futures::executor::block_on(async {
///         let guard = queue.lock().await;
///         let guard = filled.wait_while(guard, |q| q.is_empty()).await;
///         assert_eq!(*guard, [7]);
///     });
/// });
/// ```
pub struct Cond {
    queue: SpinLock<Queue>,
}

impl Cond {
    /// A condition that nobody waits for.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queue: SpinLock::new(Queue::new()),
        }
    }

    /// A condition that nobody waits for.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            queue: SpinLock::new(Queue::new()),
        }
    }

    /// Gives up the mutex and waits to be signalled, as one step; then takes the mutex again (LK-17).
    ///
    /// # Cancel safety
    /// The guard is gone if the future is dropped. A signal that had come to it goes to the next of those who waited then (RX-03).
    #[track_caller]
    pub fn wait<'a, T: ?Sized>(
        &self,
        guard: MutexGuard<'a, T>,
    ) -> impl Future<Output = MutexGuard<'a, T>> {
        let (site, mutex) = (Site::caller(), guard.mutex);
        async move {
            let signal = self.signalled(site, guard).await;
            let guard = mutex.lock_at(site).await;
            signal.used();
            guard
        }
    }

    /// As [`wait`](Self::wait), with a guard that owns its share of the mutex.
    ///
    /// # Cancel safety
    /// As for [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_owned<T: ?Sized>(
        &self,
        guard: OwnedMutexGuard<T>,
    ) -> impl Future<Output = OwnedMutexGuard<T>> {
        let (site, mutex) = (Site::caller(), Arc::clone(&guard.mutex));
        async move {
            let signal = self.signalled(site, guard).await;
            let guard = mutex.lock_owned_at(site).await;
            signal.used();
            guard
        }
    }

    /// Waits for as long as `condition` says so; not at all if it does not. The mutex is held whenever `condition` is called.
    ///
    /// # Cancel safety
    /// As for [`wait`](Self::wait).
    #[track_caller]
    pub fn wait_while<'a, T: ?Sized>(
        &self,
        mut guard: MutexGuard<'a, T>,
        mut condition: impl FnMut(&mut T) -> bool,
    ) -> impl Future<Output = MutexGuard<'a, T>> {
        let (site, mutex) = (Site::caller(), guard.mutex);
        async move {
            while condition(&mut guard) {
                let signal = self.signalled(site, guard).await;
                guard = mutex.lock_at(site).await;
                signal.used();
            }
            guard
        }
    }

    /// As [`wait`](Self::wait), and blocks the calling thread.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn wait_blocking<'a, T: ?Sized>(&self, guard: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
        wait_for(self.wait(guard))
    }

    /// Wakes the one who waits longest; nobody, if nobody waits (LK-18, LK-20). The mutex need not be held.
    pub fn signal(&self) {
        self.hand_out(Queue::call);
    }

    /// Wakes all who wait at this instant, once each (LK-19). The mutex need not be held.
    pub fn broadcast(&self) {
        let mut wakes = Wakes::new();
        let mut queue = self.queue.lock();
        queue.broadcast = queue.call();
        drop(self.complete_broadcast(queue, &mut wakes));
    }

    /// Gives the signal with this number to the one who waits longest, if it was there.
    fn hand_out(&self, number: impl FnOnce(&mut Queue) -> u64) {
        let mut wakes = Wakes::new();
        let mut queue = self.complete_broadcast(self.queue.lock(), &mut wakes);
        let number = number(&mut queue);
        let mut signalled = None;
        if queue.was_there(number)
            && let Some((node, waker)) = queue.waiters.pop_front()
        {
            // SAFETY: the node has just left the list under the lock, its state is still `Waiting`; a number needs no drop.
            unsafe { node.fill_slot(number) };
            node.set_state(State::Done);
            signalled = Some(waker);
        }
        drop(queue);
        wakes.wake_all();
        signalled.into_iter().for_each(Waker::wake);
    }

    /// Takes out all for whom the last broadcast was. The wakers of the last batch are left to be called.
    fn complete_broadcast<'a>(
        &'a self,
        mut queue: SpinGuard<'a, Queue>,
        wakes: &mut Wakes,
    ) -> SpinGuard<'a, Queue> {
        loop {
            while !wakes.is_full()
                && queue.was_there(queue.broadcast)
                && let Some((node, waker)) = queue.waiters.pop_front()
            {
                node.set_state(State::Closed);
                wakes.push(waker);
            }
            if !wakes.is_full() {
                return queue;
            }
            drop(queue);
            wakes.wake_all();
            queue = self.queue.lock();
        }
    }

    fn signalled<G>(&self, site: Site, guard: G) -> Signalled<'_, G> {
        Signalled {
            cond: self,
            guard: Some(guard),
            node: Node::empty(site),
        }
    }
}

impl Default for Cond {
    fn default() -> Self {
        Self::new()
    }
}

/// A signal that was received, with its number: it goes to the next if this is dropped before it is used.
struct Signal<'a>(Option<(&'a Cond, u64)>);

impl Signal<'_> {
    fn used(mut self) {
        self.0 = None;
    }
}

impl Drop for Signal<'_> {
    fn drop(&mut self) {
        if let Some((cond, number)) = self.0 {
            cond.hand_out(|_| number);
        }
    }
}

/// Waits for a signal, from the first poll on without the guard.
struct Signalled<'a, G> {
    cond: &'a Cond,
    guard: Option<G>,
    node: Node<u64>,
}

impl<'a, G> Future for Signalled<'a, G> {
    type Output = Signal<'a>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Signal<'a>> {
        // SAFETY: the node is pinned with the whole and not moved; the guard is not pinned.
        let this = unsafe { self.get_unchecked_mut() };
        let (cond, node) = (this.cond, &this.node);
        if node.state() == State::Idle {
            let prepared = prepare_waker(cx.waker());
            let mut queue = cond.queue.lock();
            let calls = queue.calls;
            let waker = prepared.unwrap_or_else(|| cx.waker().clone());
            // SAFETY: the node is `Idle`, so its slot is ours and it is in no list; it is pinned with this future, and `Drop` unlinks it.
            unsafe {
                node.fill_slot(calls);
                queue.waiters.push_back(node, waker);
            }
            drop(queue);
            // Not before: who has the mutex now finds us in the queue.
            this.guard = None;
        } else if !still_waits(&cond.queue, |queue| &mut queue.waiters, node, cx) {
            assert!(!node.is_finished(), "a wait was polled after it was ready");
            return Poll::Ready(this.take());
        }
        note_wait(
            Reason::Cond,
            node.site,
            std::ptr::from_ref(cond).addr() as u64,
        );
        Poll::Pending
    }
}

impl<'a, G> Signalled<'a, G> {
    /// What has come, once the node does not wait any more.
    fn take(&self) -> Signal<'a> {
        let signalled = self.node.state() == State::Done;
        self.node.finish();
        // SAFETY: the node was `Done`, so its slot is ours; it holds the signal's number.
        Signal(signalled.then(|| (self.cond, unsafe { self.node.slot().read() })))
    }
}

impl<G> Drop for Signalled<'_, G> {
    fn drop(&mut self) {
        if !self.node.is_pending() {
            return;
        }
        let mut queue = self.cond.queue.lock();
        if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            let waker = unsafe { queue.waiters.remove(&self.node) };
            drop(queue);
            drop(waker);
        } else {
            drop(queue);
            drop(self.take());
        }
    }
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cond").finish_non_exhaustive()
    }
}
