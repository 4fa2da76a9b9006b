//! Which wakers may be cloned and dropped under a lock.
//!
//! Cloning a waker runs code that belongs to its executor.
//! A goroutine's waker is a count in the goroutine's header, so it is harmless under a channel's lock; any other could block, panic or use the same channel.
//! The runtime says once which function table its wakers carry, and wait lists ask.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::task::{RawWakerVTable, Waker};

static GOROUTINE: AtomicPtr<RawWakerVTable> = AtomicPtr::new(ptr::null_mut());

/// Declares `vtable` to be the one of goroutines: its functions neither block nor panic nor call foreign code.
pub fn declare_goroutine_vtable(vtable: &'static RawWakerVTable) {
    GOROUTINE.store(ptr::from_ref(vtable).cast_mut(), Ordering::Relaxed);
}

/// Is this the waker of a goroutine?
#[inline(always)]
#[must_use]
pub fn is_goroutine(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), GOROUTINE.load(Ordering::Relaxed))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_foreign_waker_is_not_taken_for_a_goroutines() {
        assert!(!is_goroutine(Waker::noop()));
    }
}
