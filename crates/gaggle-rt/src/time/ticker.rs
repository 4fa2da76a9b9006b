//! [`Ticker`]: a point in time that comes again and again.

use super::Instant;
use super::pulse::{Pulse, TimerRecv};
use gaggle_base::clock::{now, to_nanos};
use gaggle_base::thread::wait_for;
use std::fmt;
use std::time::Duration;

/// Ticks at regular times (semantics.md TI-13).
///
/// At most one tick waits to be received: a slow receiver loses ticks, and never gets two in a row that are late (TI-14).
/// Ticks stay on the times that the period gives; lateness does not add up.
///
/// A ticker that nobody waits on costs nothing, and one that is dropped is gone (T17).
/// With several waiters each tick goes to one of them; all of them wake for it.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Instant, Ticker};
/// use std::time::Duration;
/// gaggle_rt::block_on(async {
///     let start = Instant::now();
///     let ticker = Ticker::new(Duration::from_millis(1));
///     for n in 1..=3 {
///         let tick = ticker.recv().await;
///         assert!(tick - start >= n * Duration::from_millis(1));
///     }
/// });
/// ```
pub struct Ticker {
    pulse: Pulse,
}

impl Ticker {
    /// Ticks every `period`, first when one period is over.
    ///
    /// # Panics
    /// When `period` is zero: "non-positive interval for `NewTicker`" (TI-15).
    #[must_use]
    pub fn new(period: Duration) -> Self {
        assert!(!period.is_zero(), "non-positive interval for NewTicker");
        let period = to_nanos(period);
        Self {
            pulse: Pulse::new(now().saturating_add(period), period),
        }
    }

    /// Waits for the next tick, and says for when it was: the earliest that was not received (TI-04).
    /// While the ticker is stopped it waits until a [`reset`](Self::reset).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready takes no tick (RX-03).
    #[track_caller]
    pub fn recv(&self) -> TimerRecv<'_> {
        self.pulse.recv()
    }

    /// Blocks the calling thread until the next tick. See [`recv`](Self::recv).
    ///
    /// # Blocking
    /// For plain threads; the default runtime keeps the time. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn recv_blocking(&self) -> Instant {
        wait_for(self.recv())
    }

    /// Ticks every `period` from now on, also if it was stopped. A tick that was not received is gone (TI-08).
    ///
    /// # Panics
    /// When `period` is zero: "non-positive interval for Ticker.Reset" (TI-15).
    pub fn reset(&self, period: Duration) {
        assert!(!period.is_zero(), "non-positive interval for Ticker.Reset");
        self.pulse.set(period, to_nanos(period));
    }

    /// Ticks no more. Those who wait wait on (TI-13); a tick that was not received is gone.
    pub fn stop(&self) {
        self.pulse.stop();
    }
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ticker").field(&self.pulse).finish()
    }
}
