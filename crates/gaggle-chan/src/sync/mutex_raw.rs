//! The mutex without the type of what it protects: its state, its queue, its waiters.
//!
//! # Protocol
//!
//! The state word holds three bits; the queue of waiters has a short lock of its own.
//!
//! * `LOCKED`: somebody has the mutex. Set by whoever finds it clear, also ahead of waiters ("barging"): a goroutine that locks again while it runs pays two atomic operations and no switch.
//! * `WAITERS`: the queue is not empty. Changed under the queue's lock only.
//! * `CALLED`: one waiter was taken out of the queue and told to try. Until it has tried, no other is called. Changed under the queue's lock, or by the called one as it acquires.
//!
//! An unlock with waiters looks at the one that waits longest. Has it waited for over [`STARVED`], the mutex stays `LOCKED` and is its (semantics.md LK-04).
//! Otherwise the mutex is free and the waiter is called; if somebody barged in before it ran, it goes back to the front of the queue, its waiting time kept.
//!
//! A waiter's node (see the README of `waitlist` in `gaggle-base`): `Done` = the mutex is yours; `Closed` = called, try again. Its slot holds the time since when it waits.
//!
//! # Why nobody is forgotten
//!
//! A waiter enqueues under the queue's lock only after a compare-exchange on a word that has `LOCKED` set `WAITERS` in it; so the holder's unlock fails its fast path, takes the queue's lock and finds the waiter.
//! A waiter that is dropped after it was granted the mutex unlocks; one that was called passes the call on (RX-03).

use super::holder::Holder;
use super::late::{self, Waits};
use gaggle_base::clock::{Nanos, now};
use gaggle_base::context::note_wait;
use gaggle_base::listing::{Blocked, Description, Listing, Thing};
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock, SpinWord};
use gaggle_base::sync::{AtomicU32, Ordering};
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, prepare_waker};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};

const LOCKED: u32 = 1;
const WAITERS: u32 = 2;
const CALLED: u32 = 4;

/// How long a waiter may lose against others before the mutex is handed to it: one millisecond, as in Go.
pub(super) const STARVED: Nanos = 1_000_000;

type Queue = WaitList<Nanos>;

pub(super) struct Raw {
    state: AtomicU32,
    queue: SpinLock<Queue>,
    pub(super) holder: Holder,
}

impl Raw {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU32::new(0),
            queue: SpinLock::new(WaitList::new()),
            holder: Holder::nobody(),
        }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU32::new(0),
            queue: SpinLock::new(WaitList::new()),
            holder: Holder::nobody(),
        }
    }

    #[cfg(all(test, loom))]
    pub(super) fn word(&self) -> u32 {
        self.state.load(Ordering::Relaxed)
    }

    /// Takes the mutex if it is free; on success `clear` is removed from the state.
    #[inline(always)]
    pub(super) fn try_acquire(&self, clear: u32) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & LOCKED == 0 {
            let new = (state | LOCKED) & !clear;
            // Acquire pairs with the release of the unlock before (MM-06).
            match self
                .state
                .compare_exchange_weak(state, new, Ordering::Acquire, Ordering::Relaxed)
            {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    #[inline(always)]
    pub(super) fn unlock(&self) {
        self.holder.gone();
        if self
            .state
            .compare_exchange(LOCKED, 0, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            self.unlock_slow();
        }
    }

    #[cold]
    fn unlock_slow(&self) {
        let mut queue = self.queue.lock();
        if self.state.load(Ordering::Relaxed) & CALLED != 0 {
            // Somebody is on the way and will either take it or enqueue again, seeing this.
            self.state.fetch_and(!LOCKED, Ordering::Release);
            return;
        }
        let starved = queue.front().is_some_and(|node| {
            // SAFETY: the node waits and the queue's lock is held, so its slot may be read; it holds the time.
            now().saturating_sub(unsafe { node.slot().read() }) > STARVED
        });
        if starved {
            let waker = self.pop(&mut queue, State::Done);
            drop(queue);
            waker.into_iter().for_each(Waker::wake);
        } else {
            self.call_next(queue, LOCKED);
        }
    }

    /// Clears `clear`, and calls the waiter that waits longest, if there is one.
    fn call_next(&self, mut queue: SpinGuard<'_, Queue>, clear: u32) {
        let waker = if queue.is_empty() {
            None
        } else {
            self.pop_called(&mut queue)
        };
        self.state.fetch_and(!clear, Ordering::Release);
        drop(queue);
        waker.into_iter().for_each(Waker::wake);
    }

    fn pop_called(&self, queue: &mut Queue) -> Option<Waker> {
        // Before the node's owner can see its state, so that it finds the bit that it is to clear.
        self.state.fetch_or(CALLED, Ordering::Relaxed);
        self.pop(queue, State::Closed)
    }

    /// Takes the first waiter out and gives it `state`.
    fn pop(&self, queue: &mut Queue, state: State) -> Option<Waker> {
        let (node, waker) = queue.pop_front()?;
        let node = ptr::from_ref(node);
        if queue.is_empty() {
            self.state.fetch_and(!WAITERS, Ordering::Relaxed);
        }
        // SAFETY: the node's state is still `Waiting`, so it is alive; this is our last access to it (invariant W3).
        unsafe { &*node }.set_state(state);
        Some(waker)
    }
}

/// One wait for the mutex, without the type of what it protects.
pub(super) struct Waiter<'a> {
    raw: &'a Raw,
    node: Node<Nanos>,
    listing: Listing,
}

impl Waiter<'_> {
    /// The mutex is ours.
    fn finish(&self) -> Poll<()> {
        self.raw.holder.taken();
        self.node.set_state(State::Finished);
        self.listing.leave();
        Poll::Ready(())
    }

    fn wait(&self) -> Poll<()> {
        note_wait(
            Reason::Mutex,
            self.node.site,
            ptr::from_ref(self.raw).addr() as u64,
        );
        Poll::Pending
    }

    /// It was in the queue and was told to try: takes the mutex, or enqueues again.
    fn attempt(&self, cx: &Context<'_>) -> Poll<()> {
        if self.raw.try_acquire(CALLED) {
            return self.finish();
        }
        self.enqueue(true, CALLED, cx)
    }

    fn enqueue(&self, called: bool, clear: u32, cx: &Context<'_>) -> Poll<()> {
        let waker = prepare_waker(cx.waker());
        if !called {
            // SAFETY: the node is `Idle`, so its slot is ours.
            unsafe { self.node.fill_slot(now()) };
        }
        let mut queue = self.raw.queue.lock();
        loop {
            if self.raw.try_acquire(clear) {
                drop(queue);
                return self.finish();
            }
            let state = self.raw.state.load(Ordering::Relaxed);
            if state & LOCKED != 0 {
                let new = (state | WAITERS) & !clear;
                if self
                    .raw
                    .state
                    .compare_exchange(state, new, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
                {
                    break;
                }
            }
        }
        let waker = waker.unwrap_or_else(|| cx.waker().clone());
        // SAFETY: the node is in no list (`Idle` or `Closed`), it is pinned with this future, and `Drop` unlinks it.
        unsafe {
            if called {
                queue.push_front(&self.node, waker);
            } else {
                queue.push_back(&self.node, waker);
            }
        }
        drop(queue);
        if !self.listing.is_listed() {
            // SAFETY: the waiter is pinned with its future; it leaves when it has the mutex and in `Drop`, before it is freed; no lock is held.
            unsafe { self.listing.enter(self) };
        }
        self.wait()
    }
}

impl Thing for Waiter<'_> {
    fn describe(&self) -> Description {
        Description {
            kind: "sync.Mutex",
            address: ptr::from_ref(self.raw).addr() as u64,
            holder: self.raw.holder.get().map(|(who, _)| who),
            ..Description::default()
        }
    }

    fn blocked(&self) -> Option<Blocked> {
        let (holder, may_wander) = self.raw.holder.get()?;
        (self.node.state() == State::Waiting).then(|| Blocked {
            holder,
            lock: ptr::from_ref(self.raw).addr() as u64,
            may_wander,
        })
    }

    fn word(&self) -> Option<SpinWord<'_>> {
        Some(self.raw.queue.word())
    }
}

/// How a mutex is taken.
pub(super) struct Whole;

impl Waits for Whole {
    type Raw = Raw;
    type Waiter<'a> = Waiter<'a>;
    const REASON: Reason = Reason::Mutex;

    #[inline(always)]
    fn try_now(raw: &Raw) -> bool {
        let taken = raw.try_acquire(0);
        if taken {
            raw.holder.taken();
        }
        taken
    }

    fn waiter(raw: &Raw, site: Site) -> Waiter<'_> {
        Waiter {
            raw,
            node: Node::empty(site),
            listing: Listing::new(),
        }
    }
}

impl late::Waiter for Waiter<'_> {
    fn start(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.enqueue(false, 0, cx)
    }

    fn again(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.node.state() {
            State::Closed => self.attempt(cx),
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut queue = self.raw.queue.lock();
                if self.node.state() == State::Waiting {
                    // SAFETY: by its state the node is in the queue.
                    let old = unsafe { queue.renew_waker(&self.node, waker) };
                    drop(queue);
                    drop(old);
                    return self.wait();
                }
                drop(queue);
                drop(waker);
                if self.node.state() == State::Closed {
                    return self.attempt(cx);
                }
                self.finish()
            }
            State::Done => self.finish(),
            State::Idle | State::Finished => panic!("a lock was polled after it was ready"),
        }
    }
}

impl Drop for Waiter<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.node.state() {
            State::Idle | State::Finished => {}
            _ => {
                self.listing.leave();
                self.cancel();
            }
        }
    }
}

impl Waiter<'_> {
    #[cold]
    fn cancel(&self) {
        let mut queue = self.raw.queue.lock();
        match self.node.state() {
            State::Waiting => {
                // SAFETY: by its state the node is in the queue.
                let waker = unsafe { queue.remove(&self.node) };
                if queue.is_empty() {
                    self.raw.state.fetch_and(!WAITERS, Ordering::Relaxed);
                }
                drop(queue);
                drop(waker);
            }
            State::Done => {
                drop(queue);
                self.raw.unlock();
            }
            State::Closed => {
                self.raw.state.fetch_and(!CALLED, Ordering::Relaxed);
                // If the mutex is held, its unlock calls the next; if it is free, nobody else would.
                if self.raw.state.load(Ordering::Relaxed) & LOCKED == 0 {
                    self.raw.call_next(queue, 0);
                }
            }
            State::Idle | State::Finished => {}
        }
    }
}
