//! What kind of goroutine it is: one byte in its header, beside the state word.
//!
//! The state word says where a goroutine is in its life and counts references; what is set at birth and never changes is here.
//! A bit gets a paragraph: who sets it, when it ends, what cannot occur together with it.
//! Loads are relaxed: whoever reaches a goroutine has been given it by somebody who knew it from birth.

use gaggle_base::sync::{AtomicU8, Ordering};

/// It has a thread of its own (see `locked.rs`). Set at birth, for life.
/// Such a goroutine is in no run queue at any time: to queue it is to wake its thread.
const LOCKED: u8 = 1;

pub(crate) struct Flags(AtomicU8);

impl Flags {
    /// Of a goroutine that any worker may run.
    #[inline]
    pub(super) fn none() -> Self {
        Self(AtomicU8::new(0))
    }

    /// Of one that has a thread of its own.
    pub(super) fn locked() -> Self {
        Self(AtomicU8::new(LOCKED))
    }

    /// Has it a thread of its own?
    #[inline(always)]
    pub(crate) fn is_locked(&self) -> bool {
        self.0.load(Ordering::Relaxed) & LOCKED != 0
    }
}
