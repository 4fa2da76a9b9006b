//! The one clock of the process.
//!
//! Time is a count of nanoseconds since the process first asked for it.
//! A thread may carry a substitute clock, which a driver with virtual time installs; everyone else reads the monotonic clock of the system.

use std::cell::Cell;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Nanoseconds on gaggle's clock. 2^64 of them are 584 years.
pub type Nanos = u64;

/// A substitute for the system's clock.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Nanos;
}

thread_local! {
    static SUBSTITUTE: Cell<Option<*const dyn Clock>> = const { Cell::new(None) };
}

fn anchor() -> Instant {
    static ANCHOR: OnceLock<Instant> = OnceLock::new();
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    *ANCHOR.get_or_init(Instant::now)
}

/// Where that point is on the clock of the standard library, as if gaggle's clock were the system's.
///
/// # Panics
/// When that clock does not reach so far, which is hundreds of years.
#[must_use]
pub fn to_std(nanos: Nanos) -> Instant {
    anchor() + Duration::from_nanos(nanos)
}

/// The reverse of [`to_std`]; what is before the beginning of gaggle's clock is at its beginning.
#[must_use]
pub fn from_std(instant: Instant) -> Nanos {
    to_nanos(instant.saturating_duration_since(anchor()))
}

/// The system's monotonic clock.
#[inline]
#[must_use]
pub fn system_now() -> Nanos {
    let anchor = anchor();
    #[expect(clippy::disallowed_methods, reason = "this is the one clock")]
    let elapsed = Instant::now().saturating_duration_since(anchor);
    to_nanos(elapsed)
}

/// The present instant on the clock of the calling thread.
#[inline]
#[must_use]
pub fn now() -> Nanos {
    match SUBSTITUTE.get() {
        None => system_now(),
        // SAFETY: `with_clock` keeps the clock borrowed for as long as the pointer is installed.
        Some(clock) => unsafe { (*clock).now() },
    }
}

/// Runs `f` with `clock` in the place of the system's clock, on this thread.
pub fn with_clock<R>(clock: &dyn Clock, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<*const dyn Clock>);
    impl Drop for Restore {
        fn drop(&mut self) {
            SUBSTITUTE.set(self.0);
        }
    }
    type Installed = *const (dyn Clock + 'static);
    let clock: *const dyn Clock = clock;
    #[expect(
        clippy::transmute_ptr_to_ptr,
        reason = "a cast cannot lengthen a lifetime"
    )]
    // SAFETY: only the lifetime changes; `Restore` removes the pointer before `clock` can end, also when `f` unwinds.
    let clock = unsafe { std::mem::transmute::<*const dyn Clock, Installed>(clock) };
    let _restore = Restore(SUBSTITUTE.replace(Some(clock)));
    f()
}

/// `duration` in nanoseconds; what does not fit becomes the largest number.
#[inline]
#[must_use]
pub fn to_nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Fixed(Nanos);
    impl Clock for Fixed {
        fn now(&self) -> Nanos {
            self.0
        }
    }

    #[test]
    fn the_system_clock_does_not_go_back() {
        let a = now();
        assert!(now() >= a);
    }

    #[test]
    fn a_substitute_clock_rules_inside_and_only_inside() {
        assert_eq!(with_clock(&Fixed(5), now), 5);
        assert_eq!(
            with_clock(&Fixed(5), || with_clock(&Fixed(6), now) + now()),
            11
        );
        assert!(SUBSTITUTE.get().is_none());
    }

    #[test]
    fn long_durations_saturate() {
        assert_eq!(to_nanos(Duration::MAX), u64::MAX);
    }
}
