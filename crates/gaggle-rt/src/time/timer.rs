//! [`Timer`]: a point in time that can be moved, and waited for.

use super::Instant;
use super::func::Func;
use super::pulse::{Pulse, TimerRecv};
use gaggle_base::thread::wait_for;
use std::fmt;
use std::time::Duration;

/// A timer that fires once, `duration` from now; [`Timer::recv`] waits for it. As `time.After` and `time.NewTimer` in Go.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Instant, after};
/// use std::time::Duration;
/// gaggle_rt::block_on(async {
///     let start = Instant::now();
///     let timer = after(Duration::from_millis(2));
///     let fired = timer.recv().await;
///     assert!(fired - start >= Duration::from_millis(2));
/// });
/// ```
pub fn after(duration: Duration) -> Timer {
    Timer::new(duration)
}

/// A point in time that can be moved, taken back, and waited for by many.
///
/// A timer fires once; one [`recv`](Self::recv) takes the firing. Until it is taken it counts as pending (semantics.md TI-07, T16).
/// After [`stop`](Self::stop) or [`reset`](Self::reset) nothing from before is ever received, so nobody has to drain anything (TI-08).
///
/// A timer that nobody waits on costs nothing, and one that is dropped is gone (TI-12, T17).
///
/// The timer of [`after_func`](super::after_func) starts a goroutine instead, and nobody receives anything from it.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Timer, timeout};
/// use std::time::Duration;
/// gaggle_rt::block_on(async {
///     let idle = Timer::new(Duration::from_secs(60));
///     assert!(idle.reset(Duration::from_millis(1)), "it was pending");
///     idle.recv().await;
///     assert!(!idle.stop(), "it has been received");
///     assert!(timeout(Duration::from_millis(1), idle.recv()).await.is_err(), "it fires once");
/// });
/// ```
pub struct Timer {
    pulse: Pulse,
    /// The pulse of one with a function never comes.
    pub(super) func: Option<Func>,
}

impl Timer {
    /// Fires `duration` from now.
    #[must_use = "dropping a timer cancels it"]
    pub fn new(duration: Duration) -> Self {
        Self::at(Instant::after(duration))
    }

    /// Fires at `deadline`.
    #[must_use = "dropping a timer cancels it"]
    pub fn at(deadline: Instant) -> Self {
        Self {
            pulse: Pulse::new(deadline.nanos(), 0),
            func: None,
        }
    }

    pub(super) fn with_func(func: Func) -> Self {
        Self {
            pulse: Pulse::stopped(),
            func: Some(func),
        }
    }

    /// Takes the timer back. `true`: it was pending, or had fired and nobody had received it; it will never be received now (TI-06, TI-07).
    /// `false`: it was stopped before, or has been received.
    ///
    /// Of a function's timer: `true` says that the function will not be started, `false` that it has been or that the timer was stopped before; it does not wait for it (TI-11).
    pub fn stop(&self) -> bool {
        match &self.func {
            None => self.pulse.stop(),
            Some(func) => func.stop(),
        }
    }

    /// Sets the timer to fire `duration` from now, whatever it was set to before (TI-08). Says what [`stop`](Self::stop) would have said (TI-09).
    /// Those who wait for it follow (TI-16).
    ///
    /// Of a function's timer: the function is to be started `duration` from now. The future of [`after_func`](super::after_func) runs once only: after it was started this does nothing.
    pub fn reset(&self, duration: Duration) -> bool {
        match &self.func {
            None => self.pulse.set(duration, 0),
            Some(func) => func.reset(Instant::after(duration)),
        }
    }

    /// Waits until the timer fires, and says for when it was set (TI-04). At once if it has fired and nobody has received that.
    ///
    /// If it is stopped, or has been received, it waits until a [`reset`](Self::reset). Of many who wait one gets it (TI-16).
    /// From a function's timer nothing is ever received: this waits for ever, as a nil channel does.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready takes nothing: the firing goes to somebody else, or stays (RX-03).
    #[track_caller]
    pub fn recv(&self) -> TimerRecv<'_> {
        self.pulse.recv()
    }

    /// Blocks the calling thread until the timer fires. See [`recv`](Self::recv).
    ///
    /// # Blocking
    /// For plain threads; the default runtime keeps the time. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn recv_blocking(&self) -> Instant {
        wait_for(self.recv())
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.func {
            None => f.debug_tuple("Timer").field(&self.pulse).finish(),
            Some(_) => f.write_str("Timer(function)"),
        }
    }
}
