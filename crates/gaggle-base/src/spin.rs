//! A lock for critical sections of a few dozen instructions.
//!
//! Taking it is one compare-exchange and releasing it is one plain store: half the price of a lock that has to look for sleepers when it is released.
//! That is why channels use it.
//! The rules that make it safe to use at all:
//!
//! * no code of a user runs under it: no `Drop`, no `Clone`, no foreign waker;
//! * nothing under it blocks, and it is held for a bounded number of steps;
//! * locks of this kind are never nested, except where a module says so and gives the order.
//!
//! A holder can still lose its CPU. A waiter therefore spins only briefly, then gives its CPU away, then sleeps in growing steps.

use crate::sync::{AtomicU32, Cell, Ordering, spin_loop};
use std::marker::PhantomData;
use std::ops::{Deref, DerefMut};

const FREE: u32 = 0;
const HELD: u32 = 1;

#[cfg(loom)]
static NUMBER: std::sync::atomic::AtomicUsize = std::sync::atomic::AtomicUsize::new(0);

/// How often a waiter spins before it gives its CPU away.
const SPINS: u32 = 64;
/// How often it gives its CPU away before it sleeps.
const YIELDS: u32 = 16;

/// A mutual-exclusion lock that spins, then yields, then sleeps in short steps.
#[derive(Debug)]
pub struct SpinLock<T> {
    state: AtomicU32,
    /// In a model a waiter sleeps here: loom would follow it round and round as it spins. The lock's own model does without.
    #[cfg(loom)]
    turn: Option<loom::sync::Mutex<()>>,
    /// In a model the order of locks is that in which they were made: addresses differ from run to run, and loom repeats runs.
    #[cfg(loom)]
    number: usize,
    value: Cell<T>,
}

// SAFETY: `value` is reached only through a guard, and at most one guard exists (`state` is HELD while it does).
unsafe impl<T: Send> Send for SpinLock<T> {}
// SAFETY: as above; sharing the lock shares only the right to ask for the guard.
unsafe impl<T: Send> Sync for SpinLock<T> {}

impl<T> SpinLock<T> {
    /// A free lock around `value`.
    #[cfg(not(loom))]
    pub const fn new(value: T) -> Self {
        Self {
            state: AtomicU32::new(FREE),
            value: Cell::new(value),
        }
    }

    /// A free lock around `value`.
    #[cfg(loom)]
    pub fn new(value: T) -> Self {
        Self {
            turn: Some(loom::sync::Mutex::new(())),
            ..Self::new_spinning(value)
        }
    }

    /// A free lock around `value` whose waiters spin in a model too.
    #[cfg(loom)]
    fn new_spinning(value: T) -> Self {
        Self {
            state: AtomicU32::new(FREE),
            turn: None,
            number: NUMBER.fetch_add(1, std::sync::atomic::Ordering::Relaxed),
            value: Cell::new(value),
        }
    }

    /// Takes the lock.
    #[inline(always)]
    pub fn lock(&self) -> SpinGuard<'_, T> {
        #[cfg(loom)]
        let turn = self.turn.as_ref().and_then(|turn| turn.lock().ok());
        // Acquire pairs with the release store in `SpinGuard::drop`.
        if self
            .state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.lock_slow();
        }
        SpinGuard {
            lock: self,
            _exclusive: PhantomData,
            #[cfg(loom)]
            _turn: turn,
        }
    }

    /// Takes the lock if it is free at this instant.
    #[inline]
    pub fn try_lock(&self) -> Option<SpinGuard<'_, T>> {
        #[cfg(loom)]
        let turn = match &self.turn {
            Some(turn) => Some(turn.try_lock().ok()?),
            None => None,
        };
        self.state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| SpinGuard {
                lock: self,
                _exclusive: PhantomData,
                #[cfg(loom)]
                _turn: turn,
            })
    }

    /// The lock without what it protects: for whoever has to hold several at once, of different types.
    #[inline(always)]
    pub fn word(&self) -> SpinWord<'_> {
        SpinWord {
            state: &self.state,
            #[cfg(loom)]
            turn: self.turn.as_ref(),
            #[cfg(loom)]
            number: self.number,
        }
    }

    /// What the lock protects, for whoever holds it through its [`SpinWord`].
    ///
    /// # Safety
    /// The calling thread holds the lock through a [`SpinHeld`] that outlives the use of the pointer, and has no other access to the value meanwhile.
    #[inline(always)]
    pub unsafe fn with_held<R>(&self, f: impl FnOnce(&mut T) -> R) -> R {
        // SAFETY: the caller's promise.
        self.value.with_mut(|p| f(unsafe { &mut *p }))
    }

    #[inline(always)]
    fn lock_slow(&self) {
        lock_slow(&self.state);
    }
}

#[cold]
fn lock_slow(state: &AtomicU32) {
    let mut backoff = Backoff::new();
    loop {
        if state.load(Ordering::Relaxed) == FREE
            && state
                .compare_exchange_weak(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
                .is_ok()
        {
            return;
        }
        backoff.wait();
    }
}

/// A [`SpinLock`] without the type of what it protects.
#[derive(Clone, Copy, Debug)]
pub struct SpinWord<'a> {
    state: &'a AtomicU32,
    #[cfg(loom)]
    turn: Option<&'a loom::sync::Mutex<()>>,
    #[cfg(loom)]
    number: usize,
}

impl<'a> SpinWord<'a> {
    /// Where the lock is: several locks at once are taken in this order.
    #[inline(always)]
    #[must_use]
    pub fn address(self) -> usize {
        #[cfg(loom)]
        return self.number;
        #[cfg(not(loom))]
        std::ptr::from_ref(self.state).addr()
    }

    /// Takes the lock.
    #[inline(always)]
    pub fn lock(self) -> SpinHeld<'a> {
        #[cfg(loom)]
        let turn = self.turn.and_then(|turn| turn.lock().ok());
        // Acquire pairs with the release store in `SpinHeld::drop`.
        if self
            .state
            .compare_exchange(FREE, HELD, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            lock_slow(self.state);
        }
        SpinHeld {
            state: self.state,
            #[cfg(loom)]
            _turn: turn,
        }
    }
}

/// A lock that is held through its [`SpinWord`].
#[must_use = "the lock is released as soon as this is dropped"]
#[derive(Debug)]
pub struct SpinHeld<'a> {
    state: &'a AtomicU32,
    /// Given up after the lock: `Drop` comes before the fields.
    #[cfg(loom)]
    _turn: Option<loom::sync::MutexGuard<'a, ()>>,
}

impl Drop for SpinHeld<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release pairs with the acquire in `lock`.
        self.state.store(FREE, Ordering::Release);
    }
}

impl<T> SpinLock<T> {
    /// The value, reached without locking because `&mut self` proves that nobody else can.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` means that no guard exists and none can be made.
        self.value.with_mut(|p| unsafe { &mut *p })
    }
}

/// The right to use what a [`SpinLock`] protects.
#[must_use = "the lock is released as soon as the guard is dropped"]
#[derive(Debug)]
pub struct SpinGuard<'a, T> {
    lock: &'a SpinLock<T>,
    /// A guard is `&mut T`: it may be shared only if `T` may.
    _exclusive: PhantomData<&'a mut T>,
    /// Given up after the lock: `Drop` comes before the fields.
    #[cfg(loom)]
    _turn: Option<loom::sync::MutexGuard<'a, ()>>,
}

impl<T> Deref for SpinGuard<'_, T> {
    type Target = T;
    #[inline(always)]
    fn deref(&self) -> &T {
        // SAFETY: the guard exists, so the lock is held by us.
        self.lock.value.with(|p| unsafe { &*p })
    }
}

impl<T> DerefMut for SpinGuard<'_, T> {
    #[inline(always)]
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: the guard exists, so the lock is held by us, and `&mut self` excludes other uses of this guard.
        self.lock.value.with_mut(|p| unsafe { &mut *p })
    }
}

impl<T> Drop for SpinGuard<'_, T> {
    #[inline(always)]
    fn drop(&mut self) {
        // Release pairs with the acquire in `lock`.
        self.lock.state.store(FREE, Ordering::Release);
    }
}

/// Growing patience: spin, then yield the CPU, then sleep.
#[derive(Debug, Default)]
pub struct Backoff {
    round: u32,
}

impl Backoff {
    /// Starts with spinning.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Waits a little, longer each time.
    pub fn wait(&mut self) {
        self.round = self.round.saturating_add(1);
        if cfg!(loom) || (SPINS..SPINS + YIELDS).contains(&self.round) {
            crate::sync::yield_now();
        } else if self.round < SPINS {
            spin_loop();
        } else {
            crate::thread::nap(std::time::Duration::from_micros(50));
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn increments_from_many_threads_are_all_counted() {
        let lock = Arc::new(SpinLock::new(0_u64));
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let lock = lock.clone();
                crate::thread::start(format!("spin-{i}"), move || {
                    for _ in 0..20_000 {
                        *lock.lock() += 1;
                    }
                })
                .unwrap()
            })
            .collect();
        for t in threads {
            t.join().unwrap();
        }
        assert_eq!(*lock.lock(), 80_000);
    }

    #[test]
    fn try_lock_refuses_while_held() {
        let lock = SpinLock::new(());
        let guard = lock.lock();
        assert!(lock.try_lock().is_none());
        drop(guard);
        assert!(lock.try_lock().is_some());
    }
}

#[cfg(all(test, loom))]
mod loom_tests {
    use super::*;
    use loom::sync::Arc;

    /// Two threads increment: a lost update would mean that both were inside at once, or that the release store published too little.
    #[test]
    fn loom_spin_lock_excludes_and_publishes() {
        loom::model(|| {
            let lock = Arc::new(SpinLock::new_spinning(0));
            let other = lock.clone();
            let t = loom::thread::spawn(move || *other.lock() += 1);
            *lock.lock() += 1;
            t.join().unwrap();
            assert_eq!(*lock.lock(), 2);
        });
    }
}
