//! A building block: a function that runs once, at a point in time, on whichever thread looks after the timers then.
//!
//! The timer and the function share one allocation. While the timer is in a wheel, the waker in it holds a count, so the wheel keeps the alarm alive and a dropped [`Alarm`] still goes off.
//!
//! * **Al1** Whoever takes the function out of its lock decides: `stop` drops it, the expiry runs it. There is one function, so exactly one of them has it.
//! * **Al2** The timer is linked under the function's lock, and only while the function is there. So when `stop` has taken the function, nobody links the timer any more, and `stop` may unlink it after the lock.
//!
//! Locks: the function's, then (inside, only to link) the wheel's. The function itself is called and dropped under neither.

use super::Instant;
use super::entry::{Entry, State};
use super::wheel::{NEVER, Wheel};
use crate::runtime;
use crate::sched::{self, Shared};
use gaggle_base::spin::SpinLock;
use std::fmt;
use std::sync::Arc;
use std::task::{Wake, Waker};

/// Runs `f` at `deadline`, unless [`Alarm::stop`] comes first.
///
/// `f` runs on the thread that looks after the timers, outside of all locks, and others' timers wait for it: it must be short, and neither block nor panic (a panic is swallowed).
/// It never runs inside this call, so a caller may hold a lock that `f` takes. A deadline that has passed makes it run as soon as a worker looks at its timers.
///
/// It works in goroutines, on plain threads and under other executors, where the default runtime keeps the time.
/// When the runtime that keeps it ends before the deadline, the default runtime takes over.
///
/// Dropping the [`Alarm`] does not stop it.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Instant, alarm};
/// use std::time::Duration;
/// let (tx, rx) = std::sync::mpsc::channel();
/// let a = alarm(Instant::now() + Duration::from_millis(1), move || tx.send(1).unwrap());
/// assert_eq!(rx.recv(), Ok(1));
/// assert!(!a.stop(), "it has gone off");
/// ```
pub fn alarm(deadline: Instant, f: impl FnOnce() + Send + 'static) -> Alarm {
    let alarm = Alarm::unlinked(deadline, Orphan::MoveOn, f);
    sched::with_wheel(|wheel| alarm.0.clone().link(wheel));
    alarm
}

/// What becomes of an alarm whose runtime ends first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Orphan {
    /// The default runtime takes over.
    MoveOn,
    /// The function is dropped, as the runtime's goroutines are.
    Drop,
}

/// Something that goes off at a point in time. See [`alarm`].
#[derive(Clone)]
pub struct Alarm(Arc<dyn Object>);

impl Alarm {
    /// One that is in no wheel yet. It may be stopped before it is linked.
    pub(super) fn unlinked(
        deadline: Instant,
        orphan: Orphan,
        f: impl FnOnce() + Send + 'static,
    ) -> Self {
        Self(Arc::new(Inner::new(deadline, orphan, f)))
    }

    /// Links it into a wheel of that runtime. To be called once.
    pub(super) fn link_on(&self, runtime: &Arc<Shared>) {
        sched::with_wheel_of(runtime, |wheel| self.0.clone().link(wheel));
    }

    /// Stops it. `true`: the function will never run because of this call, and was dropped by it.
    /// `false`: it has run, runs at this moment on another thread, or was stopped before.
    pub fn stop(&self) -> bool {
        self.0.stop()
    }
}

impl fmt::Debug for Alarm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Alarm").finish_non_exhaustive()
    }
}

/// An [`Inner`] without the type of its function.
trait Object: Send + Sync {
    /// Links the timer into `wheel`, unless the function is gone. Says whether the wheel's keeper has to look earlier.
    fn link(self: Arc<Self>, wheel: &'static Wheel) -> bool;
    fn stop(&self) -> bool;
}

struct Inner<F> {
    entry: Entry,
    f: SpinLock<Option<F>>,
    orphan: Orphan,
}

impl<F: FnOnce() + Send + 'static> Inner<F> {
    fn new(deadline: Instant, orphan: Orphan, f: F) -> Self {
        Self {
            entry: Entry::new(deadline.nanos()),
            f: SpinLock::new(Some(f)),
            orphan,
        }
    }

    fn take(&self) -> Option<F> {
        self.f.lock().take()
    }
}

impl<F: FnOnce() + Send + 'static> Object for Inner<F> {
    fn link(self: Arc<Self>, wheel: &'static Wheel) -> bool {
        if self.entry.deadline() == NEVER {
            // The end of time never comes, and no wheel knows it.
            return false;
        }
        let waker = Waker::from(self.clone());
        let f = self.f.lock();
        if f.is_none() {
            // The waker goes after the guard, and is not the last to hold the alarm.
            return false;
        }
        // SAFETY: the entry is new or orphaned, and by Al2 nobody else links it; it is in an `Arc` and never moves, and the waker that the wheel holds keeps it alive while it is linked (E3).
        unsafe { self.entry.link(wheel, waker) }
    }

    fn stop(&self) -> bool {
        let f = self.take();
        if f.is_none() {
            return false;
        }
        // By Al2 we are the timer's owner now.
        self.entry.unlink();
        true
    }
}

impl<F: FnOnce() + Send + 'static> Wake for Inner<F> {
    /// The wheel has taken the timer out: it is the only one that has this waker.
    fn wake(self: Arc<Self>) {
        if self.entry.state() == State::Orphaned && self.orphan == Orphan::MoveOn {
            runtime::default_runtime().with_any_wheel(|wheel| self.clone().link(wheel));
            return;
        }
        let f = self.take();
        if self.entry.state() == State::Fired
            && let Some(f) = f
        {
            f();
        }
    }
}

#[cfg(all(test, loom))]
#[path = "alarm_loom.rs"]
mod loom_tests;

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::runtime::{Handle, Runtime};
    use crate::sched::stepped::tests::in_virtual_time;
    use crate::time::sleep;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
    use std::sync::mpsc::channel;
    use std::time::Duration;

    const FAR: Duration = Duration::from_secs(3600);

    #[test]
    fn alarms_go_off_in_order_and_exactly() {
        let log = in_virtual_time(async {
            let log = Arc::new(Mutex::new(Vec::new()));
            let start = Instant::now();
            for d in [500_u64, 3, 70_000, 0, 64] {
                let (log, d) = (log.clone(), Duration::from_micros(d));
                drop(alarm(start + d, move || {
                    log.lock().unwrap().push(Instant::now() - start);
                }));
            }
            sleep(Duration::from_secs(1)).await;
            log.lock().unwrap().clone()
        });
        let expected = [0, 3, 64, 500, 70_000].map(Duration::from_micros);
        assert_eq!(log, expected);
    }

    #[test]
    fn a_stopped_alarm_drops_its_function_at_once_and_only_the_first_stop_counts() {
        let held = Arc::new(());
        let inside = held.clone();
        let a = alarm(Instant::now() + FAR, move || drop(inside));
        assert_eq!(Arc::strong_count(&held), 2);
        assert!(a.stop());
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(!a.stop());
    }

    /// The function may use its own alarm, and so may its destructor.
    #[test]
    fn stop_from_inside_says_false() {
        struct StopsOnDrop(Arc<Mutex<Option<Alarm>>>, std::sync::mpsc::Sender<bool>);
        impl Drop for StopsOnDrop {
            fn drop(&mut self) {
                let alarm = self.0.lock().unwrap();
                self.1.send(alarm.as_ref().unwrap().stop()).unwrap();
            }
        }
        let (tx, rx) = channel();
        let own = Arc::new(Mutex::new(None));
        let inside = StopsOnDrop(own.clone(), tx);
        let mut place = own.lock().unwrap();
        *place = Some(alarm(Instant::now(), move || drop(inside)));
        drop(place);
        assert_eq!(rx.recv(), Ok(false));
    }

    #[test]
    fn an_alarm_that_never_comes_can_be_stopped() {
        let a = alarm(Instant::now() + Duration::MAX, || unreachable!());
        assert!(a.stop());
        drop(alarm(Instant::now() + Duration::MAX, || unreachable!()));
    }

    #[test]
    fn the_default_runtime_takes_over_when_one_ends() {
        let (tx, rx) = channel();
        let rt = Runtime::builder().workers(1).build().unwrap();
        let (soon, far) = (Duration::from_millis(30), FAR);
        let (a, b, c) = rt.block_on(async {
            let now = Instant::now();
            let dropped = Alarm::unlinked(now + soon, Orphan::Drop, || unreachable!());
            dropped.link_on(Handle::current().shared());
            let tx2 = tx.clone();
            let moved = alarm(now + soon, move || tx2.send(now + soon).unwrap());
            let stopped = alarm(now + far, || unreachable!());
            (dropped, moved, stopped)
        });
        drop(rt);
        assert!(!a.stop(), "its function went with the runtime");
        assert!(c.stop());
        drop(b);
        let due = rx.recv().unwrap();
        assert!(Instant::now() >= due);
    }

    #[test]
    fn stop_and_expiry_agree_at_any_distance() {
        let runs = Arc::new(AtomicUsize::new(0));
        let mut stopped = 0;
        for i in 0..2_000_u64 {
            let runs = runs.clone();
            let due = Instant::now() + Duration::from_micros(i % 40);
            let a = alarm(due, move || {
                runs.fetch_add(1, SeqCst);
            });
            while i % 3 != 0 && Instant::now() < due {}
            stopped += usize::from(a.stop());
        }
        while runs.load(SeqCst) + stopped < 2_000 {
            std::thread::yield_now();
        }
        assert_eq!(runs.load(SeqCst) + stopped, 2_000);
    }
}
