//! The read-write lock without the type of what it protects: its state, its queues, its waiters.
//!
//! # Protocol
//!
//! The state word holds two bits and a count; the queues of waiters have a short lock of their own.
//!
//! * `WRITER`: somebody writes. Nobody reads then.
//! * `WAITING`: somebody waits. Changed under the queues' lock only, and set exactly while a queue is not empty. While it is set, nobody gets in but by the hands of who holds that lock.
//! * the count: how many read, in units of `ONE`.
//!
//! So readers that meet no writer pay one compare-exchange to come and one subtraction to go.
//! Everything else is handed over, so that nobody starves:
//!
//! * the last reader to go hands the lock to the writer that waits longest (semantics.md LK-09);
//! * a writer that goes lets in every reader that waits at that moment, and only if there is none the next writer (LK-10);
//! * the last waiting writer to give up lets in the readers that waited behind it.
//!
//! Readers are let in in batches, between which the queues are unlocked.
//! Whoever does it is a reader itself for that time, so that no writer comes between two batches.
//!
//! # Why nobody is forgotten
//!
//! A waiter enqueues under the queues' lock, after a compare-exchange on a word that shows a holder or another waiter has set `WAITING` in it.
//! So the step by which the last holder goes sees `WAITING`; that holder then takes the lock and finds the waiter.
//! If the word showed only a waiter, the last holder is already on its way to the lock.
//! A waiter that is dropped after the lock was handed to it unlocks (RX-03).

use super::holder::Holder;
use super::late::{self, Waits};
use super::queued::still_waits;
use gaggle_base::context::note_wait;
use gaggle_base::listing::{Blocked, Description, Listing, Thing};
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock, SpinWord};
use gaggle_base::sync::{AtomicU64, Ordering};
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

const WRITER: u64 = 1;
const WAITING: u64 = 2;
const ONE: u64 = 4;

/// How many readers are let in under one hold of the queues' lock.
const BATCH: usize = 32;

struct Queues {
    readers: WaitList<()>,
    /// How many are in `readers`.
    reading: usize,
    writers: WaitList<()>,
}

impl Queues {
    const fn new() -> Self {
        Self {
            readers: WaitList::new(),
            reading: 0,
            writers: WaitList::new(),
        }
    }

    fn list(&mut self, write: bool) -> &mut WaitList<()> {
        if write {
            &mut self.writers
        } else {
            &mut self.readers
        }
    }

    fn are_empty(&self) -> bool {
        self.readers.is_empty() && self.writers.is_empty()
    }
}

pub(super) struct Raw {
    state: AtomicU64,
    queues: SpinLock<Queues>,
    /// Who writes.
    pub(super) writer: Holder,
}

impl Raw {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            queues: SpinLock::new(Queues::new()),
            writer: Holder::nobody(),
        }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU64::new(0),
            queues: SpinLock::new(Queues::new()),
            writer: Holder::nobody(),
        }
    }

    #[cfg(all(test, loom))]
    pub(super) fn is_free(&self) -> bool {
        self.state.load(Ordering::Relaxed) == 0 && self.queues.lock().are_empty()
    }

    #[inline(always)]
    pub(super) fn try_read(&self) -> bool {
        let mut state = self.state.load(Ordering::Relaxed);
        while state & (WRITER | WAITING) == 0 {
            // Acquire pairs with the release of the writer before (MM-06).
            match self.state.compare_exchange_weak(
                state,
                state + ONE,
                Ordering::Acquire,
                Ordering::Relaxed,
            ) {
                Ok(_) => return true,
                Err(now) => state = now,
            }
        }
        false
    }

    #[inline(always)]
    pub(super) fn try_write(&self) -> bool {
        // Acquire pairs with the releases of whoever held the lock before (MM-06).
        self.state
            .compare_exchange(0, WRITER, Ordering::Acquire, Ordering::Relaxed)
            .is_ok()
    }

    #[inline(always)]
    fn try_enter(&self, write: bool) -> bool {
        if write {
            self.try_write()
        } else {
            self.try_read()
        }
    }

    #[inline(always)]
    pub(super) fn unlock_read(&self) {
        // Release pairs with the acquire of the next writer, or of `last_reader` in its place.
        if self.state.fetch_sub(ONE, Ordering::Release) == ONE | WAITING {
            self.last_reader();
        }
    }

    /// Hands the lock to a writer, unless somebody has come in or given up in the meantime.
    #[cold]
    fn last_reader(&self) {
        let mut queues = self.queues.lock();
        // Acquire: what all the readers did is to be visible to the writer, who acquires its node's state.
        if self.state.load(Ordering::Acquire) != WAITING {
            return;
        }
        // Only readers are never left to wait alone: the last writer that gives up lets them in.
        if let Some((node, waker)) = queues.writers.pop_front() {
            let node = ptr::from_ref(node);
            // First the one bit, then the other: with neither somebody else could get in.
            self.state.fetch_or(WRITER, Ordering::Relaxed);
            if queues.are_empty() {
                self.state.fetch_and(!WAITING, Ordering::Relaxed);
            }
            // SAFETY: the node's state is still `Waiting`, so it is alive; this is our last access to it (invariant W3).
            unsafe { &*node }.set_state(State::Done);
            drop(queues);
            waker.wake();
        }
    }

    #[inline(always)]
    pub(super) fn unlock_write(&self) {
        self.writer.gone();
        if self
            .state
            .compare_exchange(WRITER, 0, Ordering::Release, Ordering::Relaxed)
            .is_err()
        {
            self.unlock_write_slow();
        }
    }

    #[cold]
    fn unlock_write_slow(&self) {
        let mut queues = self.queues.lock();
        if queues.reading > 0 {
            self.state.fetch_add(ONE - WRITER, Ordering::Release);
            self.admit_and_go(queues);
        } else if let Some((node, waker)) = queues.writers.pop_front() {
            let node = ptr::from_ref(node);
            if queues.are_empty() {
                self.state.fetch_and(!WAITING, Ordering::Relaxed);
            }
            // SAFETY: as in `last_reader`.
            unsafe { &*node }.set_state(State::Done);
            drop(queues);
            waker.wake();
        } else {
            self.state.fetch_sub(WRITER, Ordering::Release);
        }
    }

    /// From the writer to a reader, and whoever waits to read with it.
    pub(super) fn downgrade(&self) {
        self.writer.gone();
        // Release: readers see what was written.
        if self.state.fetch_add(ONE - WRITER, Ordering::Release) & WAITING != 0 {
            drop(self.admit_readers(self.queues.lock()));
        }
    }

    /// Lets readers in, and then gives up the share that kept writers out.
    fn admit_and_go<'a>(&'a self, queues: SpinGuard<'a, Queues>) {
        let wakes = self.admit_readers(queues);
        self.unlock_read();
        // Here a foreign waker's panic goes on.
        drop(wakes);
    }

    /// Lets in every reader that waits. The caller is a reader.
    fn admit_readers<'a>(&'a self, mut queues: SpinGuard<'a, Queues>) -> Wakes {
        let mut wakes = Wakes::new();
        // Those that come between two batches are behind the next writer, if there is one (LK-09).
        let mut due = queues.reading;
        loop {
            if queues.writers.is_empty() {
                due = queues.reading;
            }
            let batch = due.min(queues.reading).min(BATCH);
            // Before their owners can give it back. What is visible to us is to them: they acquire their nodes' states.
            self.state.fetch_add(batch as u64 * ONE, Ordering::Relaxed);
            for _ in 0..batch {
                let (node, waker) = queues.readers.pop_front().expect("they are counted");
                node.set_state(State::Done);
                wakes.push(waker);
            }
            queues.reading -= batch;
            due -= batch;
            if batch > 0 && queues.are_empty() {
                self.state.fetch_and(!WAITING, Ordering::Relaxed);
            }
            let more = queues.reading > 0 && (due > 0 || queues.writers.is_empty());
            drop(queues);
            wakes.wake_all();
            if !more {
                return wakes;
            }
            queues = self.queues.lock();
        }
    }

    /// Somebody who waited has gone. The lock of the queues is held.
    fn forget<'a>(&'a self, write: bool, mut queues: SpinGuard<'a, Queues>) {
        if !write {
            queues.reading -= 1;
        }
        if queues.are_empty() {
            self.state.fetch_and(!WAITING, Ordering::Relaxed);
        } else if write
            && queues.writers.is_empty()
            // If there is a writer, it lets them in when it goes or becomes a reader.
            && self.state.load(Ordering::Relaxed) & WRITER == 0
        {
            // Acquire: the readers are to see what the last writer did.
            self.state.fetch_add(ONE, Ordering::Acquire);
            self.admit_and_go(queues);
        }
    }
}

/// One wait for the lock, to read or to write.
pub(super) struct Waiter<'a, const WRITE: bool> {
    raw: &'a Raw,
    node: Node<()>,
    listing: Listing,
}

impl<const WRITE: bool> Waiter<'_, WRITE> {
    /// We are in.
    fn finish(&self) -> Poll<()> {
        if WRITE {
            self.raw.writer.taken();
        }
        self.node.finish();
        self.listing.leave();
        Poll::Ready(())
    }

    fn enqueue(&self, cx: &Context<'_>) -> Poll<()> {
        let raw = self.raw;
        let waker = prepare_waker(cx.waker());
        let mut queues = raw.queues.lock();
        loop {
            if raw.try_enter(WRITE) {
                drop(queues);
                return self.finish();
            }
            let state = raw.state.load(Ordering::Relaxed);
            let in_the_way = if WRITE {
                state
            } else {
                state & (WRITER | WAITING)
            };
            if in_the_way != 0
                && raw
                    .state
                    .compare_exchange(state, state | WAITING, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok()
            {
                break;
            }
        }
        if !WRITE {
            queues.reading += 1;
        }
        let waker = waker.unwrap_or_else(|| cx.waker().clone());
        // SAFETY: the node is in no list (`Idle`), it is pinned with this future, and `Drop` unlinks it.
        unsafe { queues.list(WRITE).push_back(&self.node, waker) };
        drop(queues);
        // SAFETY: the waiter is pinned with its future; it leaves when it is in and in `Drop`, before it is freed; no lock is held.
        unsafe { self.listing.enter(self) };
        self.wait()
    }

    fn wait(&self) -> Poll<()> {
        note_wait(
            To::<WRITE>::REASON,
            self.node.site,
            ptr::from_ref(self.raw).addr() as u64,
        );
        Poll::Pending
    }

    #[cold]
    fn cancel(&self) {
        let mut queues = self.raw.queues.lock();
        if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list of its kind.
            let waker = unsafe { queues.list(WRITE).remove(&self.node) };
            self.raw.forget(WRITE, queues);
            drop(waker);
            return;
        }
        drop(queues);
        if WRITE {
            self.raw.unlock_write();
        } else {
            self.raw.unlock_read();
        }
    }
}

/// How the lock is taken: to read or to write.
pub(super) struct To<const WRITE: bool>;

impl<const WRITE: bool> Waits for To<WRITE> {
    type Raw = Raw;
    type Waiter<'a> = Waiter<'a, WRITE>;
    const REASON: Reason = if WRITE {
        Reason::RwLockWrite
    } else {
        Reason::RwLockRead
    };

    #[inline(always)]
    fn try_now(raw: &Raw) -> bool {
        let entered = raw.try_enter(WRITE);
        if WRITE && entered {
            raw.writer.taken();
        }
        entered
    }

    fn waiter(raw: &Raw, site: Site) -> Waiter<'_, WRITE> {
        Waiter {
            raw,
            node: Node::empty(site),
            listing: Listing::new(),
        }
    }
}

impl<const WRITE: bool> late::Waiter for Waiter<'_, WRITE> {
    fn start(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.enqueue(cx)
    }

    fn again(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(
            !self.node.is_finished(),
            "a lock was polled after it was ready"
        );
        if still_waits(&self.raw.queues, |q| q.list(WRITE), &self.node, cx) {
            return self.wait();
        }
        self.finish()
    }
}

impl<const WRITE: bool> Thing for Waiter<'_, WRITE> {
    fn describe(&self) -> Description {
        let state = self.raw.state.load(Ordering::Relaxed);
        Description {
            kind: "sync.RWMutex",
            address: ptr::from_ref(self.raw).addr() as u64,
            figures: vec![("readers", state / ONE)],
            holder: self.raw.writer.get().map(|(who, _)| who),
            ..Description::default()
        }
    }

    fn blocked(&self) -> Option<Blocked> {
        let (holder, may_wander) = self.raw.writer.get()?;
        (self.node.state() == State::Waiting).then(|| Blocked {
            holder,
            lock: ptr::from_ref(self.raw).addr() as u64,
            may_wander,
        })
    }

    fn word(&self) -> Option<SpinWord<'_>> {
        Some(self.raw.queues.word())
    }
}

impl<const WRITE: bool> Drop for Waiter<'_, WRITE> {
    #[inline]
    fn drop(&mut self) {
        if self.node.is_pending() {
            self.listing.leave();
            self.cancel();
        }
    }
}
