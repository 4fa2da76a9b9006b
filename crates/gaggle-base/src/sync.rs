//! The facade over `std` and `loom`: atomics, cells, and the two ways to be patient.
//!
//! Nothing else in gaggle names `std::sync::atomic` in code that a loom model runs.
//! `--cfg loom` is set by `cargo xtask loom` alone and never asked of a user.

#[cfg(not(loom))]
mod imp {
    pub use std::hint::spin_loop;
    pub use std::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub use std::thread::yield_now;

    /// A cell whose users promise exclusive or shared access by some other means.
    #[derive(Debug, Default)]
    pub struct Cell<T: ?Sized>(std::cell::UnsafeCell<T>);

    impl<T> Cell<T> {
        /// Wraps `value`.
        pub const fn new(value: T) -> Self {
            Self(std::cell::UnsafeCell::new(value))
        }
    }

    impl<T: ?Sized> Cell<T> {
        /// Calls `f` with a pointer for reading.
        #[inline(always)]
        pub fn with<R>(&self, f: impl FnOnce(*const T) -> R) -> R {
            f(self.0.get())
        }

        /// Calls `f` with a pointer for writing.
        #[inline(always)]
        pub fn with_mut<R>(&self, f: impl FnOnce(*mut T) -> R) -> R {
            f(self.0.get())
        }
    }
}

#[cfg(loom)]
mod imp {
    pub use loom::cell::UnsafeCell as Cell;
    pub use loom::hint::spin_loop;
    pub use loom::sync::atomic::{AtomicPtr, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, fence};
    pub use loom::thread::yield_now;
}

pub use imp::*;
pub use std::sync::atomic::Ordering;
