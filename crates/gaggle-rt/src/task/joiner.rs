//! The waker of whoever awaits a handle, in one word.
//!
//! Nearly always that is another goroutine, and then the word is a counted pointer to its header.
//! The waker of another executor is boxed, and the lowest bit says so. Headers and boxes are aligned, so the bit is free.

use super::header::{Header, TaskRef};
use super::waker;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::task::Waker;

const FOREIGN: usize = 1;

pub(super) struct Joiner(*mut ());

impl Joiner {
    pub(super) const NONE: Joiner = Joiner(ptr::null_mut());

    pub(super) fn clone_of(waker: &Waker) -> Self {
        if let Some(task) = waker::goroutine(waker) {
            // The count of this clone is what the word stands for.
            std::mem::forget(waker.clone());
            return Self(task.as_ptr().cast());
        }
        let boxed = Box::into_raw(Box::new(waker.clone())).cast::<()>();
        Self(boxed.map_addr(|a| a | FOREIGN))
    }

    /// The boxed waker, or null.
    fn foreign(&self) -> *mut Waker {
        if self.0.addr() & FOREIGN == 0 {
            return ptr::null_mut();
        }
        self.0.map_addr(|a| a & !FOREIGN).cast()
    }

    /// Would it wake the same as `waker`?
    pub(super) fn holds(&self, waker: &Waker) -> bool {
        match waker::goroutine(waker) {
            Some(task) => task.as_ptr().cast() == self.0,
            // SAFETY: a word with the bit set is a box that this `Joiner` owns.
            None => unsafe { self.foreign().as_ref() }.is_some_and(|old| old.will_wake(waker)),
        }
    }

    fn into_waker(self) -> Option<Waker> {
        let this = std::mem::ManuallyDrop::new(self);
        let foreign = this.foreign();
        if !foreign.is_null() {
            // SAFETY: the box is owned by this word, which is used up here.
            return Some(*unsafe { Box::from_raw(foreign) });
        }
        // SAFETY: the word is null or stands for one counted reference, which goes over.
        TaskRef::from_ptr(this.0.cast::<Header>()).map(|task| unsafe { waker::owning(task) })
    }

    /// Wakes it, if there is one. A foreign waker may panic; a goroutine's end must not be lost over that.
    pub(super) fn wake(self) {
        if let Some(waker) = self.into_waker() {
            let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
        }
    }
}

impl Drop for Joiner {
    fn drop(&mut self) {
        if !self.0.is_null() {
            drop(Self(self.0).into_waker());
        }
    }
}
