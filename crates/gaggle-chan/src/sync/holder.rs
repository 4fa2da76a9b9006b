//! Who has a lock: for dumps, and for the search for goroutines that wait for each other.
//!
//! It is a note beside the lock, written by whoever has the lock: after it was taken, and again before it is given up.
//! So while the lock is held, the note names who took it, or nobody yet; never who had it before: that one took its name out before the unlock, which the next one has seen.

use gaggle_base::context::current;
use gaggle_base::wait::Who;
use std::sync::atomic::{AtomicU64, Ordering};

/// The guard is of a kind that is made to be handed on.
const WANDERS: u64 = 1 << 63;

pub(super) struct Holder(AtomicU64);

impl Holder {
    pub(super) const fn nobody() -> Self {
        Self(AtomicU64::new(0))
    }

    /// The calling goroutine has just taken the lock.
    #[inline(always)]
    pub(super) fn taken(&self) {
        self.0.store(current().to_bits(), Ordering::Relaxed);
    }

    /// The lock that was just taken has a guard that owns its share.
    #[inline(always)]
    pub(super) fn wanders(&self) {
        self.0
            .store(current().to_bits() | WANDERS, Ordering::Relaxed);
    }

    /// The lock is about to be given up.
    #[inline(always)]
    pub(super) fn gone(&self) {
        self.0.store(0, Ordering::Relaxed);
    }

    /// Who has it, and whether the guard may have been handed on.
    pub(super) fn get(&self) -> Option<(Who, bool)> {
        let bits = self.0.load(Ordering::Acquire);
        let who = Who::from_bits(bits & !WANDERS);
        (!who.is_nobody()).then_some((who, bits & WANDERS != 0))
    }
}
