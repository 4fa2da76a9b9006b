//! What a timer and a ticker share: a point in time that comes once or again and again, and those who wait for it.
//!
//! While nobody waits, a pulse is two numbers and is in no wheel: whether it has come is a look at the clock.
//! So there is nothing that could be stale (semantics.md TI-07, TI-08), and one that is forgotten leaves nothing behind (TI-12, T17).
//! Each waiter brings a timer of its own, and a node in the pulse's list.
//!
//! * **P1** `due` and the list change under the lock. `due` is also read without it, by who only wants to know whether it pays to poll.
//! * **P2** A waiter enqueues under the same hold of the lock under which it has seen that the time has not come, and links its timer for what was due then. So each one's timer is set for no later than `due`, or its waker has been called: whatever makes `due` earlier, or stops the pulse, takes all waiters out and wakes them. What makes it later need not: a timer that is early finds out.
//! * **P3** A firing belongs to whoever takes it under the lock. A wake-up carries nothing: it says "look". So a waiter that is dropped after it was woken takes nothing with it (RX-03).
//!
//! The pulse's lock and a wheel's are never held together.

use super::Instant;
use super::entry::{Entry, State as EntryState};
use super::wheel::NEVER;
use crate::sched;
use gaggle_base::clock::{self, Nanos, to_nanos};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::peek::Peek;
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::sync::{AtomicU64, Ordering};
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// Not set: it does not come.
const STOPPED: Nanos = NEVER;
/// Set, but for a time that the clock does not reach.
const BEYOND: Nanos = NEVER - 1;

pub(super) struct Pulse {
    /// When it comes next, or [`STOPPED`].
    due: AtomicU64,
    inner: SpinLock<Inner>,
}

struct Inner {
    /// Zero: it comes once.
    period: Nanos,
    /// A node's slot holds the round in which it came.
    waiters: WaitList<u64>,
    /// How often all waiters were taken out.
    round: u64,
}

impl Pulse {
    /// One that comes at `due`, and then every `period`, unless that is zero.
    pub(super) fn new(due: Nanos, period: Nanos) -> Self {
        let inner = Inner {
            period,
            waiters: WaitList::new(),
            round: 0,
        };
        Self {
            due: AtomicU64::new(due.min(BEYOND)),
            inner: SpinLock::new(inner),
        }
    }

    /// One that does not come.
    pub(super) fn stopped() -> Self {
        let pulse = Self::new(0, 0);
        pulse.due.store(STOPPED, Ordering::Relaxed);
        pulse
    }

    /// Does not come any more, until it is set. Says whether it was to come, or had come and nobody had taken it.
    pub(super) fn stop(&self) -> bool {
        self.set_due(STOPPED, None)
    }

    /// Comes `after` from now, and then every `period`. Says what [`stop`](Self::stop) says.
    pub(super) fn set(&self, after: Duration, period: Nanos) -> bool {
        let due = clock::now().saturating_add(to_nanos(after)).min(BEYOND);
        self.set_due(due, Some(period))
    }

    fn set_due(&self, due: Nanos, period: Option<Nanos>) -> bool {
        let mut inner = self.inner.lock();
        let before = self.due.load(Ordering::Relaxed);
        self.due.store(due, Ordering::Relaxed);
        if let Some(period) = period {
            inner.period = period;
        }
        if due < before || due == STOPPED {
            self.wake_all(inner);
        }
        before != STOPPED
    }

    /// Wakes everyone who waits, that they look again (P2).
    fn wake_all<'a>(&'a self, mut inner: SpinGuard<'a, Inner>) {
        if inner.waiters.is_empty() {
            return;
        }
        let round = inner.round;
        inner.round += 1;
        let mut wakes = Wakes::new();
        loop {
            // Between two batches some may be back already; their nodes say so.
            while !wakes.is_full()
                // SAFETY: the node waits and the lock is held, so its slot may be read; it holds the round.
                && inner.waiters.front().is_some_and(|n| unsafe { n.slot().read() } <= round)
            {
                let (node, waker) = inner.waiters.pop_front().expect("there is a front");
                node.set_state(State::Closed);
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

    /// Under the lock: takes the firing, if it has come. What it missed since is skipped (TI-14).
    fn take(&self, inner: &Inner, now: Nanos) -> Option<Nanos> {
        let due = self.due.load(Ordering::Relaxed);
        // The clock may stand still beyond all deadlines.
        if due >= BEYOND || due > now {
            return None;
        }
        let next = match (now - due).checked_div(inner.period) {
            None => STOPPED,
            Some(missed) => due
                .saturating_add((missed + 1).saturating_mul(inner.period))
                .min(BEYOND),
        };
        self.due.store(next, Ordering::Relaxed);
        Some(due)
    }

    #[track_caller]
    pub(super) fn recv(&self) -> TimerRecv<'_> {
        TimerRecv {
            pulse: self,
            entry: Entry::new(NEVER),
            node: Node::empty(Site::caller()),
        }
    }
}

impl fmt::Debug for Pulse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.due.load(Ordering::Relaxed) {
            STOPPED => f.write_str("stopped"),
            due => write!(f, "due at {:?}", Duration::from_nanos(due)),
        }
    }
}

/// The future of [`Timer::recv`](super::Timer::recv) and [`Ticker::recv`](super::Ticker::recv).
#[must_use = "nothing is received until the future is awaited"]
pub struct TimerRecv<'a> {
    pulse: &'a Pulse,
    /// For what was due when we last looked.
    entry: Entry,
    /// `Closed`: look again.
    node: Node<u64>,
}

impl TimerRecv<'_> {
    /// Takes the firing, or enqueues and sets the own timer.
    fn look(&self, cx: &Context<'_>) -> Poll<Instant> {
        let pulse = self.pulse;
        let waker = cx.waker().clone();
        let prepared = prepare_waker(&waker);
        // Read before the lock: late is allowed.
        let now = clock::now();
        let mut inner = pulse.inner.lock();
        if let Some(fired) = pulse.take(&inner, now) {
            self.leave(inner);
            self.node.finish();
            return Poll::Ready(Instant::from_nanos(fired));
        }
        let due = pulse.due.load(Ordering::Relaxed);
        let for_node = prepared.unwrap_or_else(|| waker.clone());
        let round = inner.round;
        let old = if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            unsafe { inner.waiters.renew_waker(&self.node, for_node) }
        } else {
            // SAFETY: the node is `Idle` or `Closed`, so its slot is ours and it is in no list; it is pinned with this future, and `Drop` unlinks it.
            unsafe {
                self.node.fill_slot(round);
                inner.waiters.push_back(&self.node, for_node);
            }
            None
        };
        drop(inner);
        drop(old);
        self.set_timer(due, waker);
        note_wait(
            Reason::Timer,
            self.node.site,
            ptr::from_ref(pulse).addr() as u64,
        );
        Poll::Pending
    }

    fn is_put_off(&self, cx: &mut Context<'_>) -> bool {
        let object = ptr::from_ref(self.pulse).addr() as u64;
        poll_proceed(cx, Reason::Timer, self.node.site, object).is_pending()
    }

    /// Sees to it that `waker` is called when the time has come. Not under the pulse's lock.
    fn set_timer(&self, due: Nanos, waker: Waker) {
        if due >= BEYOND {
            self.entry.unlink();
            return;
        }
        if self.entry.deadline() == due
            && self.entry.state() == EntryState::Linked
            && self.entry.renew(waker.clone())
        {
            return;
        }
        self.entry.unlink();
        // SAFETY: it is not linked now; it is pinned with this future, and `Drop` unlinks it.
        sched::with_wheel(|wheel| unsafe {
            self.entry.set_deadline(due);
            self.entry.link(wheel, waker)
        });
    }

    /// Takes the node out of the list, if it is in it, and the timer out of its wheel.
    fn leave(&self, mut inner: SpinGuard<'_, Inner>) {
        let waker = if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            unsafe { inner.waiters.remove(&self.node) }
        } else {
            None
        };
        drop(inner);
        drop(waker);
        self.entry.unlink();
    }
}

impl Future for TimerRecv<'_> {
    type Output = Instant;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Instant> {
        let this = self.into_ref().get_ref();
        match this.node.state() {
            State::Idle if this.is_put_off(cx) => {
                // Put off to the next poll, and no further: whoever uses the budget up beside this wait does not hide the timer.
                this.node.set_state(State::Closed);
                return Poll::Pending;
            }
            State::Idle | State::Waiting | State::Closed => {}
            State::Done | State::Finished => panic!("a timer was polled after it was ready"),
        }
        this.look(cx)
    }
}

impl Peek for TimerRecv<'_> {
    /// Exact: a `select!` with a default asks nothing else.
    ///
    /// A pulse that is stopped costs one load; else the clock is read, which costs less than to link a timer and to unlink it again.
    fn may_be_ready(&self) -> bool {
        let due = self.pulse.due.load(Ordering::Relaxed);
        due < BEYOND && due <= clock::now()
    }
}

impl Drop for TimerRecv<'_> {
    fn drop(&mut self) {
        if self.node.state() == State::Waiting {
            self.leave(self.pulse.inner.lock());
        }
        self.entry.unlink();
    }
}

impl fmt::Debug for TimerRecv<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimerRecv")
            .field("timer", self.pulse)
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
#[path = "pulse_loom.rs"]
mod loom_tests;
