//! [`Instant`]: a point on gaggle's clock.

use gaggle_base::clock::{self, Nanos, to_nanos};
use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::time::Duration;

/// A point on gaggle's monotonic clock.
///
/// It behaves as `std::time::Instant` does, but follows the clock of the runtime that the goroutine runs on.
/// Sums saturate: the far future is about 584 years away.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Nanos);

impl Instant {
    /// The present.
    #[must_use]
    pub fn now() -> Self {
        Self(clock::now())
    }

    pub(crate) fn after(duration: Duration) -> Self {
        Self::now() + duration
    }

    pub(crate) fn from_nanos(nanos: Nanos) -> Self {
        Self(nanos)
    }

    pub(crate) fn nanos(self) -> Nanos {
        self.0
    }

    /// How long ago this was; zero if it is to come.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now() - *self
    }

    /// How much later this is than `earlier`; zero if it is not.
    #[must_use]
    pub fn duration_since(&self, earlier: Instant) -> Duration {
        *self - earlier
    }

    /// How much later this is than `earlier`, if it is.
    #[must_use]
    pub fn checked_duration_since(&self, earlier: Instant) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_nanos)
    }

    /// How much later this is than `earlier`; zero if it is not.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Instant) -> Duration {
        *self - earlier
    }

    /// The sum, if the clock reaches that far.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Instant> {
        u64::try_from(duration.as_nanos())
            .ok()
            .and_then(|d| self.0.checked_add(d))
            .map(Self)
    }

    /// The difference, if the clock reaches back that far.
    #[must_use]
    pub fn checked_sub(&self, duration: Duration) -> Option<Instant> {
        u64::try_from(duration.as_nanos())
            .ok()
            .and_then(|d| self.0.checked_sub(d))
            .map(Self)
    }
}

/// As if gaggle's clock were the system's; in a simulation what comes out is a point in virtual time, too.
///
/// # Panics
/// When that clock does not reach so far, which is hundreds of years.
impl From<Instant> for std::time::Instant {
    fn from(instant: Instant) -> Self {
        clock::to_std(instant.0)
    }
}

/// As if the system's clock were gaggle's. What was before gaggle's clock began is at its beginning.
impl From<std::time::Instant> for Instant {
    fn from(instant: std::time::Instant) -> Self {
        Self(clock::from_std(instant))
    }
}

impl Add<Duration> for Instant {
    type Output = Instant;
    fn add(self, duration: Duration) -> Instant {
        Self(self.0.saturating_add(to_nanos(duration)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Instant;
    fn sub(self, duration: Duration) -> Instant {
        Self(self.0.saturating_sub(to_nanos(duration)))
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;
    fn sub(self, earlier: Instant) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl fmt::Debug for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({:?})", Duration::from_nanos(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_of_the_standard_library_is_the_same_point() {
        let now = Instant::now();
        let there = std::time::Instant::from(now);
        assert_eq!(Instant::from(there), now);
        let later = Instant::from(there + Duration::from_millis(1500));
        assert_eq!(later - now, Duration::from_millis(1500));
        let before = there.checked_sub(Duration::from_secs(u64::from(u32::MAX)));
        assert!(before.is_none_or(|before| Instant::from(before) <= now));
    }

    #[test]
    fn sums_saturate_and_differences_stop_at_zero() {
        let now = Instant::now();
        assert_eq!(now + Duration::MAX, Instant(u64::MAX));
        assert_eq!(now - (now + Duration::from_secs(1)), Duration::ZERO);
        assert_eq!(
            (now + Duration::from_secs(2)).duration_since(now),
            Duration::from_secs(2)
        );
        assert_eq!(now.checked_add(Duration::MAX), None);
        assert!(
            now.checked_duration_since(now + Duration::from_nanos(1))
                .is_none()
        );
    }
}
