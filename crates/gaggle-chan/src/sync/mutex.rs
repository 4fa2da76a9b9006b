//! A mutex for goroutines: barging while it is cheap, direct hand-off once somebody has waited a millisecond.
//!
//! The protocol and the waiters are in `mutex_raw.rs`, the guards in `guard.rs`; here is what users call.

use super::guard::{MutexGuard, OwnedMutexGuard};
use super::late::Late;
use super::mutex_raw::{Raw, Whole};
use gaggle_base::site::Site;
use gaggle_base::sync::Cell;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Mutual exclusion between goroutines (and plain threads, and foreign executors).
///
/// Waiting parks the goroutine and never its thread, and the guard may be held across an await (LK-05).
/// There is no poisoning: a guard that is dropped by a panic unlocks (T23; `std::sync::Mutex` differs).
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::Mutex;
/// # futures::executor::block_on(async {
/// let m = Mutex::new(1);
/// *m.lock().await += 1;
/// assert_eq!(m.into_inner(), 2);
/// # });
/// ```
pub struct Mutex<T: ?Sized> {
    pub(super) raw: Raw,
    pub(super) value: Cell<T>,
}

// SAFETY: the value is reached through a guard, of which there is one at most (`LOCKED`).
unsafe impl<T: ?Sized + Send> Send for Mutex<T> {}
// SAFETY: as above; the guard can move to any thread, so `T` must be `Send`.
unsafe impl<T: ?Sized + Send> Sync for Mutex<T> {}

impl<T> Mutex<T> {
    /// A free mutex around `value`.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self {
            raw: Raw::new(),
            value: Cell::new(value),
        }
    }

    /// A free mutex around `value`.
    #[cfg(loom)]
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            raw: Raw::new(),
            value: Cell::new(value),
        }
    }

    /// The value; nobody else can have the mutex.
    #[cfg(not(loom))]
    pub fn into_inner(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is owned and never used again, so the value is moved out once; `Raw` has nothing to drop.
        this.value.with(|p| unsafe { p.read() })
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Takes the mutex, and waits for as long as somebody else has it (LK-01).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace; if the mutex had just been given to it, it goes on to the next (RX-03, RX-04).
    #[track_caller]
    #[inline]
    pub fn lock(&self) -> Lock<'_, T> {
        self.lock_at(Site::caller())
    }

    #[inline]
    pub(super) fn lock_at(&self, site: Site) -> Lock<'_, T> {
        Lock {
            mutex: self,
            wait: Late::new(&self.raw, site),
        }
    }

    /// Takes the mutex if it is free at this instant (LK-01, MM-07).
    #[inline]
    pub fn try_lock(&self) -> Option<MutexGuard<'_, T>> {
        self.raw.try_acquire(0).then(|| {
            self.raw.holder.taken();
            MutexGuard { mutex: self }
        })
    }

    /// Takes the mutex, and blocks the calling thread for as long as somebody else has it.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn lock_blocking(&self) -> MutexGuard<'_, T> {
        self.try_lock().unwrap_or_else(|| wait_for(self.lock()))
    }

    /// Takes the mutex for a guard that owns its share of it, for where a borrow would not live long enough.
    ///
    /// # Cancel safety
    /// As for [`lock`](Self::lock).
    #[track_caller]
    pub fn lock_owned(self: Arc<Self>) -> impl Future<Output = OwnedMutexGuard<T>> {
        self.lock_owned_at(Site::caller())
    }

    pub(super) async fn lock_owned_at(self: Arc<Self>, site: Site) -> OwnedMutexGuard<T> {
        Late::<Whole>::new(&self.raw, site).await;
        self.raw.holder.wanders();
        OwnedMutexGuard { mutex: self }
    }

    /// The value; nobody else can have the mutex.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` means that no guard exists.
        self.value.with_mut(|p| unsafe { &mut *p })
    }
}

/// The future of [`Mutex::lock`].
#[must_use = "a mutex is locked only when the future is awaited"]
pub struct Lock<'a, T: ?Sized> {
    mutex: &'a Mutex<T>,
    wait: Late<'a, Whole>,
}

impl<'a, T: ?Sized> Future for Lock<'a, T> {
    type Output = MutexGuard<'a, T>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mutex = self.mutex;
        // SAFETY: the wait is pinned with the whole, and nothing moves it out.
        let wait = unsafe { self.map_unchecked_mut(|l| &mut l.wait) };
        wait.poll(cx).map(|()| MutexGuard { mutex })
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_lock() {
            Some(guard) => f.debug_struct("Mutex").field("value", &&*guard).finish(),
            None => f.write_str("Mutex { <locked> }"),
        }
    }
}

impl<T: ?Sized> fmt::Debug for Lock<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lock")
            .field("site", &self.wait.site)
            .finish_non_exhaustive()
    }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

#[cfg(all(test, loom))]
#[path = "mutex_loom.rs"]
mod loom_tests;
