//! Sleeping: the calling goroutine parks, its thread does not.

use super::Instant;
use super::entry::{Entry, State};
use super::wheel::NEVER;
use crate::sched;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::peek::Peek;
use gaggle_base::site::Site;
use gaggle_base::sync::{AtomicU8, Ordering};
use gaggle_base::wait::Reason;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// Waits for at least `duration`, counted from this call (semantics.md TI-01).
///
/// A duration of zero is over at once. One that the clock cannot reach never ends (TI-02).
/// It works in goroutines, on plain threads under `block_on`, and under other executors, where the default runtime keeps the time.
///
/// # Cancel safety
/// Dropping the future frees its timer at once.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Instant, sleep};
/// use std::time::Duration;
/// gaggle_rt::block_on(async {
///     let start = Instant::now();
///     sleep(Duration::from_millis(2)).await;
///     assert!(start.elapsed() >= Duration::from_millis(2));
/// });
/// ```
#[track_caller]
pub fn sleep(duration: Duration) -> Sleep {
    // Zero is in the past whatever the clock says, so it need not be read.
    let deadline = if duration.is_zero() {
        0
    } else {
        Instant::after(duration).nanos()
    };
    Sleep {
        entry: Entry::new(deadline),
        looked: AtomicU8::new(0),
        site: Site::caller(),
    }
}

/// Waits until `deadline`; not at all if that has passed.
///
/// # Cancel safety
/// Dropping the future frees its timer at once.
#[track_caller]
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep {
        entry: Entry::new(deadline.nanos()),
        // It may be in the past.
        looked: AtomicU8::new(1),
        site: Site::caller(),
    }
}

/// As [`sleep_until`], for a deadline that was in the future just now: the first poll does not read the clock. If the deadline has passed by then, it is over at the next look at the timers.
#[doc(hidden)]
#[track_caller]
pub fn sleep_until_later(deadline: Instant) -> Sleep {
    Sleep {
        entry: Entry::new(deadline.nanos()),
        looked: AtomicU8::new(TO_COME),
        site: Site::caller(),
    }
}

/// The deadline is to come, as far as is known: nobody has looked at it, nor polled it.
const TO_COME: u8 = 2;

/// The future of [`sleep`] and [`sleep_until`].
#[must_use = "nothing sleeps until the future is awaited"]
pub struct Sleep {
    entry: Entry,
    /// 1: a look must read the clock.
    looked: AtomicU8,
    site: Site,
}

impl Sleep {
    /// Is the time over?
    #[must_use]
    pub fn is_elapsed(&self) -> bool {
        self.entry.state() == State::Fired
    }

    fn wait(&self) -> Poll<()> {
        note_wait(Reason::Sleep, self.site, 0);
        Poll::Pending
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let entry = &this.entry;
        if entry.state() == State::Linked && entry.renew(cx.waker().clone()) {
            return this.wait();
        }
        if entry.state() == State::Fired {
            return Poll::Ready(());
        }
        let to_come = this.looked.load(Ordering::Relaxed) == TO_COME;
        if to_come {
            this.looked.store(1, Ordering::Relaxed);
        }
        if entry.deadline() == 0 || !to_come && entry.deadline() <= Instant::now().nanos() {
            // The budget is asked only now: to wait needs none, or a time limit beside a future that uses it all up would never begin to count.
            // A refusal puts the answer off to the next poll, and no further.
            entry.set_state(State::Fired);
            return poll_proceed(cx, Reason::Sleep, this.site, 0);
        }
        if entry.deadline() != NEVER {
            let waker = cx.waker().clone();
            // SAFETY: the entry is idle or orphaned; it is pinned with this future, and `Drop` unlinks it.
            sched::with_wheel(|wheel| unsafe { entry.link(wheel, waker) });
        }
        this.wait()
    }
}

impl Peek for Sleep {
    /// The first look at a sleep that was made by [`sleep`] does not read the clock: it was made just now, with a deadline to come, in most cases by the very `select!` that looks.
    /// That look may be wrong, but late is allowed; what is polled next finds out. Every later look is exact, so a loop that only ever looks sees the end.
    fn may_be_ready(&self) -> bool {
        let deadline = self.entry.deadline();
        if deadline == 0 || matches!(self.entry.state(), State::Fired | State::Orphaned) {
            return true;
        }
        if self.looked.load(Ordering::Relaxed) != 1 {
            self.looked.store(1, Ordering::Relaxed);
            return false;
        }
        deadline <= Instant::now().nanos()
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.entry.unlink();
    }
}

impl fmt::Debug for Sleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sleep")
            .field("deadline", &Duration::from_nanos(self.entry.deadline()))
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
