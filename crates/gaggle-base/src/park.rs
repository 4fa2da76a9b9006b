//! Putting one thread to sleep and waking it.
//!
//! A [`Parker`] holds at most one permit.
//! [`Parker::unpark`] stores the permit and wakes the sleeper; [`Parker::park`] takes it, or sleeps until it is there.
//! `std::thread::park` would do the same, but its permit belongs to whoever runs on the thread, a goroutine's own code included, and a stolen permit is a lost wake-up.
//!
//! ```text
//!            unpark                     park
//!   EMPTY ───────────▶ NOTIFIED   NOTIFIED ──▶ EMPTY   (returns at once)
//!   EMPTY ──park──▶ PARKED ──unpark──▶ NOTIFIED        (and wakes the thread)
//!   PARKED ──time is up──▶ EMPTY
//!   EMPTY ──sleep elsewhere──▶ ELSEWHERE ──unpark──▶ NOTIFIED   (and interrupts it)
//! ```
//!
//! Only the owning thread leaves `PARKED` by time-out, so one compare-exchange decides between a permit and the time.

use crate::clock::{Nanos, system_now};
use crate::sync::{AtomicU32, Ordering, spin_loop};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const EMPTY: u32 = 0;
const PARKED: u32 = 1;
const NOTIFIED: u32 = 2;
/// As `PARKED`, but in a system call of its own choice, which is interrupted in its own way.
const ELSEWHERE: u32 = 3;

/// How a sleep elsewhere is ended.
type Interrupt = Arc<dyn Fn() + Send + Sync>;

/// Where one thread sleeps. Only the owner calls `park*`; anyone may call `unpark`.
pub struct Parker {
    state: AtomicU32,
    sleeper: imp::Sleeper,
    interrupt: Option<Interrupt>,
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker")
            .field("permit", &self.has_permit())
            .finish_non_exhaustive()
    }
}

impl Default for Parker {
    fn default() -> Self {
        Self::new()
    }
}

impl Parker {
    /// A parker without a permit.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            sleeper: imp::Sleeper::new(),
            interrupt: None,
        }
    }

    /// One that may also sleep elsewhere ([`sleep_elsewhere`](Self::sleep_elsewhere)). `interrupt` ends such a sleep; if it comes before the sleep has begun, it ends that.
    #[must_use]
    pub fn with_interrupt(interrupt: Arc<dyn Fn() + Send + Sync>) -> Self {
        Self {
            interrupt: Some(interrupt),
            ..Self::new()
        }
    }

    /// Calls `sleep`, unless there is a permit. An `unpark` ends it. Says whether there was a permit.
    pub fn sleep_elsewhere(&self, sleep: impl FnOnce()) -> bool {
        if self
            .state
            .compare_exchange(EMPTY, ELSEWHERE, Ordering::Acquire, Ordering::Acquire)
            .is_ok()
        {
            sleep();
        }
        self.state.swap(EMPTY, Ordering::Acquire) == NOTIFIED
    }

    /// Takes the permit if there is one.
    #[inline]
    pub fn try_park(&self) -> bool {
        // Acquire pairs with the release half of the swap in `unpark`.
        self.state.load(Ordering::Relaxed) == NOTIFIED
            && self
                .state
                .compare_exchange(NOTIFIED, EMPTY, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
    }

    /// Spins for about `rounds` loads, then takes the permit if one came.
    pub fn spin(&self, rounds: u32) -> bool {
        for _ in 0..rounds {
            if self.try_park() {
                return true;
            }
            spin_loop();
        }
        false
    }

    /// Sleeps until there is a permit, or until `deadline` on the system's clock. Says whether there was a permit.
    pub fn park_until(&self, deadline: Option<Nanos>) -> bool {
        if self
            .state
            .compare_exchange(EMPTY, PARKED, Ordering::Acquire, Ordering::Acquire)
            .is_err()
        {
            // The only other state that the owner can find is NOTIFIED.
            self.state.swap(EMPTY, Ordering::Acquire);
            return true;
        }
        loop {
            let left = match deadline {
                None => None,
                Some(at) => match at.saturating_sub(system_now()) {
                    0 => return self.state.swap(EMPTY, Ordering::Acquire) == NOTIFIED,
                    left => Some(Duration::from_nanos(left)),
                },
            };
            self.sleeper.sleep(&self.state, PARKED, left);
            if self.try_park() {
                return true;
            }
        }
    }

    /// Sleeps until there is a permit.
    pub fn park(&self) {
        self.park_until(None);
    }

    /// Has it a permit that was not taken yet?
    #[must_use]
    pub fn has_permit(&self) -> bool {
        self.state.load(Ordering::SeqCst) == NOTIFIED
    }

    /// Leaves a permit and wakes the sleeper.
    #[inline]
    pub fn unpark(&self) {
        match self.state.swap(NOTIFIED, Ordering::Release) {
            PARKED => self.sleeper.wake(&self.state),
            ELSEWHERE => self.interrupt.iter().for_each(|interrupt| interrupt()),
            _ => {}
        }
    }
}

#[cfg(all(target_os = "linux", not(loom)))]
mod imp {
    //! Linux: the state word is the futex.

    use rustix::thread::futex;
    use std::sync::atomic::AtomicU32;
    use std::time::Duration;

    #[derive(Debug)]
    pub(super) struct Sleeper;

    impl Sleeper {
        pub(super) const fn new() -> Self {
            Self
        }

        /// Sleeps while `state` is `expected`, at most `left`. May return early.
        #[expect(clippy::unused_self, reason = "other systems keep a lock in it")]
        pub(super) fn sleep(&self, state: &AtomicU32, expected: u32, left: Option<Duration>) {
            let timeout = left.and_then(|d| futex::Timespec::try_from(d).ok());
            // Every error (interrupted, value changed, time is up) means: look again.
            let _ = futex::wait(state, futex::Flags::PRIVATE, expected, timeout.as_ref());
        }

        #[expect(clippy::unused_self, reason = "other systems keep a lock in it")]
        pub(super) fn wake(&self, state: &AtomicU32) {
            let _ = futex::wake(state, futex::Flags::PRIVATE, 1);
        }
    }
}

#[cfg(any(not(target_os = "linux"), loom))]
mod imp {
    //! Elsewhere, and in models: a mutex and a condition variable.

    use crate::sync::{AtomicU32, Ordering};
    use std::time::Duration;

    #[cfg(loom)]
    use loom::sync::{Condvar, Mutex};
    #[cfg(not(loom))]
    use std::sync::{Condvar, Mutex};

    #[derive(Debug)]
    pub(super) struct Sleeper {
        lock: Mutex<()>,
        changed: Condvar,
    }

    impl Sleeper {
        pub(super) fn new() -> Self {
            Self {
                lock: Mutex::new(()),
                changed: Condvar::new(),
            }
        }

        /// Sleeps while `state` is `expected`, at most `left`. May return early.
        pub(super) fn sleep(&self, state: &AtomicU32, expected: u32, left: Option<Duration>) {
            let guard = self.lock.lock().expect("nothing panics under this lock");
            if state.load(Ordering::Relaxed) != expected {
                return;
            }
            match left {
                None => drop(self.changed.wait(guard)),
                Some(d) => drop(self.changed.wait_timeout(guard, d)),
            }
        }

        pub(super) fn wake(&self, _state: &AtomicU32) {
            // Taking the lock means that the sleeper is either not yet looking at the state or already waiting.
            drop(self.lock.lock());
            self.changed.notify_one();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn a_permit_given_before_is_not_lost() {
        let p = Parker::new();
        p.unpark();
        p.unpark();
        p.park();
        assert!(!p.park_until(Some(0)), "two unparks give one permit");
    }

    #[test]
    fn the_deadline_ends_the_sleep() {
        let p = Parker::new();
        let until = system_now() + 2_000_000;
        assert!(!p.park_until(Some(until)));
        assert!(system_now() >= until);
    }

    #[test]
    fn two_threads_hand_a_permit_back_and_forth() {
        let (a, b) = (Arc::new(Parker::new()), Arc::new(Parker::new()));
        let (a2, b2) = (a.clone(), b.clone());
        let t = crate::thread::start("parker".into(), move || {
            for _ in 0..2_000 {
                a2.park();
                b2.unpark();
            }
        })
        .unwrap();
        for _ in 0..2_000 {
            a.unpark();
            b.park();
        }
        t.join().unwrap();
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;
    use loom::sync::atomic::AtomicBool;

    /// The sleeper must see what was written before `unpark`, and must not sleep for ever: loom reports a deadlock if it does.
    #[test]
    fn loom_unpark_is_never_lost() {
        loom::model(|| {
            let shared = Arc::new((Parker::new(), AtomicBool::new(false)));
            let other = shared.clone();
            let t = loom::thread::spawn(move || {
                other.1.store(true, Ordering::Relaxed);
                other.0.unpark();
            });
            shared.0.park();
            assert!(shared.1.load(Ordering::Relaxed));
            t.join().unwrap();
        });
    }
}
