//! A read-write lock for goroutines: many read together, one writes alone, nobody starves (semantics.md LK-07 to LK-11).
//!
//! The protocol and the waiters are in `rw_raw.rs`, the guards in `rw_guard.rs`; here is what users call.

use super::late::Late;
use super::rw_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
use super::rw_raw::{Raw, To};
use gaggle_base::site::Site;
use gaggle_base::sync::Cell;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// Many may read at a time, or one may write (LK-07).
///
/// A writer that waits keeps new readers out, so that it is not starved (LK-09).
/// So do not read again while you read: if a writer came in between, both wait for ever.
/// A writer that unlocks lets in all readers that wait, before the next writer (LK-10).
///
/// Waiting parks the goroutine and never its thread, and guards may be held across an await (LK-05).
/// There is no poisoning: a guard that is dropped by a panic unlocks (T23; `std::sync::RwLock` differs).
/// What Go's `RLocker` is for, a locker of the read side only, is here a closure or a function that calls [`read`](Self::read) (LK-11).
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::RwLock;
/// # futures::executor::block_on(async {
/// let lock = RwLock::new(1);
/// {
///     let (a, b) = (lock.read().await, lock.read().await);
///     assert_eq!(*a + *b, 2);
/// }
/// *lock.write().await += 1;
/// assert_eq!(lock.into_inner(), 2);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    pub(super) raw: Raw,
    pub(super) value: Cell<T>,
}

// SAFETY: the lock owns the value, and sending the one sends the other.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: one at a time writes, or many read (`rw_raw.rs`); the first asks for `Send`, the second for `Sync`.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock around `value`.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self {
            raw: Raw::new(),
            value: Cell::new(value),
        }
    }

    /// A free lock around `value`.
    #[cfg(loom)]
    #[must_use]
    pub fn new(value: T) -> Self {
        Self {
            raw: Raw::new(),
            value: Cell::new(value),
        }
    }

    /// The value; nobody else can have the lock.
    #[cfg(not(loom))]
    pub fn into_inner(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is owned and never used again, so the value is moved out once; `Raw` has nothing to drop.
        this.value.with(|p| unsafe { p.read() })
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Gets in to read, and waits for as long as somebody writes or waits to write (LK-09).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace; if it had just been let in, it goes out again (RX-03, RX-04).
    #[track_caller]
    #[inline]
    pub fn read(&self) -> Read<'_, T> {
        Read {
            lock: self,
            wait: Late::new(&self.raw, Site::caller()),
        }
    }

    /// Gets in to write, and waits for as long as anybody else is in.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace, and the readers that waited behind it get in; if the lock had just been handed to it, it goes on to the next (RX-03, RX-04).
    #[track_caller]
    #[inline]
    pub fn write(&self) -> Write<'_, T> {
        Write {
            lock: self,
            wait: Late::new(&self.raw, Site::caller()),
        }
    }

    /// Gets in to read if nobody writes, or waits to write, at this instant (LK-08).
    #[must_use]
    #[inline]
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        self.raw.try_read().then(|| ReadGuard { lock: self })
    }

    /// Gets in to write if nobody else is in at this instant (LK-08).
    #[must_use]
    #[inline]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.raw.try_write().then(|| {
            self.raw.writer.taken();
            WriteGuard { lock: self }
        })
    }

    /// As [`read`](Self::read), but blocks the calling thread.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn read_blocking(&self) -> ReadGuard<'_, T> {
        self.try_read().unwrap_or_else(|| wait_for(self.read()))
    }

    /// As [`write`](Self::write), but blocks the calling thread.
    ///
    /// # Blocking
    /// As for [`read_blocking`](Self::read_blocking).
    #[track_caller]
    pub fn write_blocking(&self) -> WriteGuard<'_, T> {
        self.try_write().unwrap_or_else(|| wait_for(self.write()))
    }

    /// As [`read`](Self::read), for a guard that owns its share of the lock.
    ///
    /// # Cancel safety
    /// As for [`read`](Self::read).
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedReadGuard<T>> {
        let site = Site::caller();
        async move {
            Late::<To<false>>::new(&self.raw, site).await;
            OwnedReadGuard { lock: self }
        }
    }

    /// As [`write`](Self::write), for a guard that owns its share of the lock.
    ///
    /// # Cancel safety
    /// As for [`write`](Self::write).
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedWriteGuard<T>> {
        let site = Site::caller();
        async move {
            Late::<To<true>>::new(&self.raw, site).await;
            self.raw.writer.wanders();
            OwnedWriteGuard { lock: self }
        }
    }

    /// The value; nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` means that no guard exists.
        self.value.with_mut(|p| unsafe { &mut *p })
    }
}

macro_rules! future {
    ($(#[$doc:meta])* $future:ident, $write:literal, $guard:ident) => {
        $(#[$doc])*
        #[must_use = "a lock is taken only when the future is awaited"]
        pub struct $future<'a, T: ?Sized> {
            lock: &'a RwLock<T>,
            wait: Late<'a, To<$write>>,
        }

        impl<'a, T: ?Sized> Future for $future<'a, T> {
            type Output = $guard<'a, T>;

            #[inline(always)]
            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let lock = self.lock;
                // SAFETY: the wait is pinned with the whole, and nothing moves it out.
                let wait = unsafe { self.map_unchecked_mut(|l| &mut l.wait) };
                wait.poll(cx).map(|()| $guard { lock })
            }
        }

        impl<T: ?Sized> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    .field("site", &self.wait.site)
                    .finish_non_exhaustive()
            }
        }
    };
}

future!(
    /// The future of [`RwLock::read`].
    Read, false, ReadGuard
);
future!(
    /// The future of [`RwLock::write`].
    Write, true, WriteGuard
);

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(guard) => f.debug_struct("RwLock").field("value", &&*guard).finish(),
            None => f.write_str("RwLock { <locked> }"),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
