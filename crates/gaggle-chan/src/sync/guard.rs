//! The guards of [`Mutex`]: exclusive access for as long as they exist.

use super::Mutex;
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

/// The right to use what a [`Mutex`] protects. Dropping it unlocks, on whichever thread that happens (LK-03, RX-08).
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    pub(super) mutex: &'a Mutex<T>,
}

// SAFETY: a guard is exclusive access to a `T`; sharing it shares `&T`.
unsafe impl<T: ?Sized + Sync> Sync for MutexGuard<'_, T> {}

/// Like [`MutexGuard`], with a share in the mutex instead of a borrow.
#[must_use = "the mutex is unlocked as soon as the guard is dropped"]
pub struct OwnedMutexGuard<T: ?Sized> {
    pub(super) mutex: Arc<Mutex<T>>,
}

// SAFETY: as for `MutexGuard`.
unsafe impl<T: ?Sized + Sync> Sync for OwnedMutexGuard<T> {}

macro_rules! guard {
    ($guard:ty, $($life:lifetime)?) => {
        impl<$($life,)? T: ?Sized> Deref for $guard {
            type Target = T;
            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the guard exists, so the mutex is ours.
                self.mutex.value.with(|p| unsafe { &*p })
            }
        }

        impl<$($life,)? T: ?Sized> DerefMut for $guard {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard exists and is borrowed exclusively.
                self.mutex.value.with_mut(|p| unsafe { &mut *p })
            }
        }

        impl<$($life,)? T: ?Sized> Drop for $guard {
            #[inline]
            fn drop(&mut self) {
                self.mutex.raw.unlock();
            }
        }

        impl<$($life,)? T: ?Sized + fmt::Debug> fmt::Debug for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($life,)? T: ?Sized + fmt::Display> fmt::Display for $guard {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

guard!(MutexGuard<'a, T>, 'a);
guard!(OwnedMutexGuard<T>,);
