//! Goroutines that start at a point in time: [`after_func`], [`after_func_with`].
//!
//! Each setting of the timer is an alarm of its own; at most one of them is live.
//! A reset stops the old alarm and puts the new one, not yet linked, in its place, both under one lock; then it links the new one.
//! Whoever finds an alarm in that place may stop it, linked or not (Al2): so of two resets at the same time one's alarm is left, and what `stop` answers is exact.
//! If the old alarm can be stopped no more and nobody stopped it, it has gone off; what runs once is then never armed again.
//!
//! The timer holds the alarm and the job, the alarm holds the job: there is no ring, so a dropped timer leaves nothing but an alarm in a wheel.

use super::alarm::{Alarm, Orphan};
use super::{Instant, Timer};
use crate::runtime::Handle;
use gaggle_base::site::Site;
use gaggle_base::spin::SpinLock;
use std::sync::Arc;
use std::time::Duration;

/// Runs `future` in a new goroutine, `duration` from now, unless the timer is stopped first (semantics.md TI-11).
///
/// The goroutine belongs to the runtime of the caller. If that ends before, the future is dropped.
///
/// Dropping the timer does not stop it.
///
/// # Examples
/// ```
/// use gaggle_rt::time::after_func;
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// let (tx, rx) = channel();
/// after_func(Duration::from_millis(1), async move { tx.send("late").unwrap() });
/// assert_eq!(rx.recv(), Ok("late"));
///
/// let timer = after_func(Duration::from_secs(60), async { unreachable!() });
/// assert!(timer.stop());
/// ```
#[track_caller]
pub fn after_func<F>(duration: Duration, future: F) -> Timer
where
    F: Future<Output = ()> + Send + 'static,
{
    let future = SpinLock::new(Some(future));
    Func::start(duration, Once { future })
}

/// Runs the future that `make` gives in a new goroutine, `duration` from now, and again after each [`Timer::reset`].
///
/// `make` is called in the goroutine. After a reset a second run may begin before the first has ended, as in Go; so `make` is not `FnMut`.
/// For the rest see [`after_func`].
///
/// # Examples
/// ```
/// use gaggle_rt::time::after_func_with;
/// use std::sync::mpsc::channel;
/// use std::time::Duration;
/// let (tx, rx) = channel();
/// let timer = after_func_with(Duration::ZERO, move || {
///     let tx = tx.clone();
///     async move { tx.send(()).unwrap() }
/// });
/// rx.recv().unwrap();
/// assert!(!timer.reset(Duration::ZERO), "it was not pending");
/// rx.recv().unwrap();
/// ```
#[track_caller]
pub fn after_func_with<M, F>(duration: Duration, make: M) -> Timer
where
    M: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    Func::start(
        duration,
        Again {
            make: Arc::new(make),
        },
    )
}

/// What is to be done.
trait Job: Send + Sync + 'static {
    /// Starts the goroutine.
    fn start(&self, on: &Handle, site: Site);

    /// There is one run at most, whatever the resets.
    fn runs_once(&self) -> bool;
}

struct Once<F> {
    future: SpinLock<Option<F>>,
}

impl<F: Future<Output = ()> + Send + 'static> Job for Once<F> {
    fn start(&self, on: &Handle, site: Site) {
        let future = self.future.lock().take();
        if let Some(future) = future {
            drop(on.go_at(future, site));
        }
    }

    fn runs_once(&self) -> bool {
        true
    }
}

struct Again<M> {
    make: Arc<M>,
}

impl<M, F> Job for Again<M>
where
    M: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    fn start(&self, on: &Handle, site: Site) {
        let make = self.make.clone();
        drop(on.go_at(async move { make().await }, site));
    }

    fn runs_once(&self) -> bool {
        false
    }
}

/// The part of a [`Timer`] that starts a goroutine.
pub(super) struct Func {
    /// Held while an alarm is stopped: before the lock of its wheel.
    armed: SpinLock<Armed>,
    job: Arc<dyn Job>,
    on: Handle,
    site: Site,
}

/// The alarm of the last reset.
struct Armed {
    alarm: Alarm,
    /// It was stopped, so its function has not run and will not.
    stopped: bool,
}

impl Func {
    #[track_caller]
    fn start(duration: Duration, job: impl Job) -> Timer {
        let (on, site) = (Handle::current(), Site::caller());
        let job: Arc<dyn Job> = Arc::new(job);
        let alarm = alarm_for(&job, &on, site, Instant::after(duration));
        alarm.link_on(on.shared());
        Timer::with_func(Func {
            armed: SpinLock::new(Armed {
                alarm,
                stopped: false,
            }),
            job,
            on,
            site,
        })
    }

    pub(super) fn stop(&self) -> bool {
        let mut armed = self.armed.lock();
        let prevented = armed.alarm.stop();
        armed.stopped |= prevented;
        prevented
    }

    pub(super) fn reset(&self, deadline: Instant) -> bool {
        let new = alarm_for(&self.job, &self.on, self.site, deadline);
        let mut armed = self.armed.lock();
        let pending = armed.alarm.stop();
        if !pending && !armed.stopped && self.job.runs_once() {
            // It was started, or went with its runtime, and there is no second run to prevent.
            return false;
        }
        armed.alarm = new.clone();
        armed.stopped = false;
        drop(armed);
        new.link_on(self.on.shared());
        pending
    }
}

/// An alarm that starts the job; not linked yet.
fn alarm_for(job: &Arc<dyn Job>, on: &Handle, site: Site, deadline: Instant) -> Alarm {
    let (job, on) = (job.clone(), on.clone());
    Alarm::unlinked(deadline, Orphan::Drop, move || job.start(&on, site))
}
