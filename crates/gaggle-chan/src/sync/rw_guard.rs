//! Guards of the read-write lock: the right to read or to write, given up when dropped.

use super::rw_lock::RwLock;
use std::fmt;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

macro_rules! guard {
    ($(#[$doc:meta])* $guard:ident $(<$life:lifetime>)?, $lock:ty, $unlock:ident) => {
        $(#[$doc])*
        #[must_use = "the lock is released as soon as the guard is dropped"]
        pub struct $guard<$($life,)? T: ?Sized> {
            pub(super) lock: $lock,
        }

        // SAFETY: whoever has the guard can reach the value, and may drop it elsewhere than where it was taken.
        unsafe impl<$($life,)? T: ?Sized + Send + Sync> Send for $guard<$($life,)? T> {}
        // SAFETY: a shared guard gives shared access to the value.
        unsafe impl<$($life,)? T: ?Sized + Sync> Sync for $guard<$($life,)? T> {}

        impl<$($life,)? T: ?Sized> Deref for $guard<$($life,)? T> {
            type Target = T;
            #[inline]
            fn deref(&self) -> &T {
                // SAFETY: the guard exists, so nobody writes but through it.
                self.lock.value.with(|p| unsafe { &*p })
            }
        }

        impl<$($life,)? T: ?Sized> Drop for $guard<$($life,)? T> {
            #[inline]
            fn drop(&mut self) {
                self.lock.raw.$unlock();
            }
        }

        impl<$($life,)? T: ?Sized + fmt::Debug> fmt::Debug for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&**self, f)
            }
        }

        impl<$($life,)? T: ?Sized + fmt::Display> fmt::Display for $guard<$($life,)? T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&**self, f)
            }
        }
    };
}

macro_rules! writes {
    ($guard:ident $(<$life:lifetime>)?, $read:ident, $into:expr) => {
        impl<$($life,)? T: ?Sized> DerefMut for $guard<$($life,)? T> {
            #[inline]
            fn deref_mut(&mut self) -> &mut T {
                // SAFETY: the guard exists and is borrowed exclusively, and while it exists there is no other.
                self.lock.value.with_mut(|p| unsafe { &mut *p })
            }
        }

        impl<$($life,)? T: ?Sized> $guard<$($life,)? T> {
            /// Reads on without a gap in which another could write. Readers that wait come in too.
            pub fn downgrade(self) -> $read<$($life,)? T> {
                let this = ManuallyDrop::new(self);
                let into: fn(&_) -> _ = $into;
                // The share of the lock moves on; `this` is not dropped. The guard comes first: should a foreign waker panic, it is dropped and unlocks.
                let guard = $read { lock: into(&this.lock) };
                guard.lock.raw.downgrade();
                guard
            }
        }
    };
}

guard!(
    /// The right to read; many may have it at once.
    ReadGuard<'a>, &'a RwLock<T>, unlock_read
);
guard!(
    /// The right to write, of which there is one.
    WriteGuard<'a>, &'a RwLock<T>, unlock_write
);
guard!(
    /// The right to read, with a share of the lock.
    OwnedReadGuard, Arc<RwLock<T>>, unlock_read
);
guard!(
    /// The right to write, with a share of the lock.
    OwnedWriteGuard, Arc<RwLock<T>>, unlock_write
);
writes!(WriteGuard<'a>, ReadGuard, |lock| *lock);
writes!(OwnedWriteGuard, OwnedReadGuard, |lock| {
    // SAFETY: the guard that this is a field of is never used or dropped again, so its share is moved out once.
    unsafe { std::ptr::read(lock) }
});
