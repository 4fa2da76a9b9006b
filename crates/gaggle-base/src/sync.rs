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
    //! Loom's own types, except that a sequentially consistent operation is one.
    //!
    //! Loom takes `SeqCst` for `AcqRel` and knows only fences to be sequentially consistent.
    //! So it would report a lost wake-up in every protocol of the form "I write A and read B, you write B and read A".
    //! Here an operation that says `SeqCst` gets a fence: every write after it, or else every read before it ([`Fences`]).
    //! A model that is run both ways reports a lost wake-up if one of the four operations does not say `SeqCst`.

    pub use loom::cell::UnsafeCell as Cell;
    pub use loom::hint::spin_loop;
    pub use loom::sync::atomic::fence;
    pub use loom::thread::yield_now;

    use std::cell::Cell as Switch;
    use std::sync::atomic::Ordering;

    /// Where the fences of sequentially consistent operations are.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Fences {
        /// After each that writes.
        AfterWrites,
        /// Before each that reads.
        BeforeReads,
    }

    thread_local! {
        static FENCES: Switch<Fences> = const { Switch::new(Fences::AfterWrites) };
    }

    /// For the models that this thread runs from now on.
    pub fn place_fences(fences: Fences) {
        FENCES.set(fences);
    }

    fn read<R>(order: Ordering, operation: impl FnOnce() -> R) -> R {
        if order == Ordering::SeqCst && FENCES.get() == Fences::BeforeReads {
            fence(order);
        }
        operation()
    }

    fn write<R>(order: Ordering, operation: impl FnOnce() -> R) -> R {
        let result = operation();
        if order == Ordering::SeqCst && FENCES.get() == Fences::AfterWrites {
            fence(order);
        }
        result
    }

    fn read_and_write<R>(order: Ordering, operation: impl FnOnce() -> R) -> R {
        read(order, || write(order, operation))
    }

    macro_rules! atomic {
        ($name:ident $(<$t:ident>)?, $value:ty) => {
            /// The type of the same name in `std`, in a model.
            #[derive(Debug)]
            pub struct $name $(<$t>)? (loom::sync::atomic::$name $(<$t>)?);

            impl $(<$t>)? $name $(<$t>)? {
                /// As in `std`.
                #[track_caller]
                pub fn new(value: $value) -> Self {
                    Self(loom::sync::atomic::$name::new(value))
                }

                /// As in `std`.
                #[track_caller]
                pub fn load(&self, order: Ordering) -> $value {
                    read(order, || self.0.load(order))
                }

                /// As in `std`.
                #[track_caller]
                pub fn store(&self, value: $value, order: Ordering) {
                    write(order, || self.0.store(value, order));
                }

                /// As in `std`.
                #[track_caller]
                pub fn swap(&self, value: $value, order: Ordering) -> $value {
                    read_and_write(order, || self.0.swap(value, order))
                }

                /// As in `std`.
                #[track_caller]
                pub fn compare_exchange(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    read_and_write(success, || self.0.compare_exchange(current, new, success, failure))
                }

                /// As in `std`, but it never fails without a reason.
                #[track_caller]
                pub fn compare_exchange_weak(
                    &self,
                    current: $value,
                    new: $value,
                    success: Ordering,
                    failure: Ordering,
                ) -> Result<$value, $value> {
                    self.compare_exchange(current, new, success, failure)
                }
            }
        };
    }

    macro_rules! arithmetic {
        ($($name:ident, $value:ty: $($operation:ident)+;)+) => {
            $(impl Default for $name {
                fn default() -> Self {
                    Self::new(0)
                }
            }

            impl $name {
                $(/// As in `std`.
                #[track_caller]
                pub fn $operation(&self, value: $value, order: Ordering) -> $value {
                    read_and_write(order, || self.0.$operation(value, order))
                })+
            })+
        };
    }

    atomic!(AtomicU8, u8);
    atomic!(AtomicU32, u32);
    atomic!(AtomicU64, u64);
    atomic!(AtomicUsize, usize);
    atomic!(AtomicPtr<T>, *mut T);
    arithmetic! {
        AtomicU8, u8: fetch_add fetch_sub fetch_and fetch_or;
        AtomicU32, u32: fetch_add fetch_sub fetch_and fetch_or;
        AtomicU64, u64: fetch_add fetch_sub fetch_and fetch_or;
        AtomicUsize, usize: fetch_add fetch_sub fetch_and fetch_or;
    }
}

pub use imp::*;
pub use std::sync::atomic::Ordering;
