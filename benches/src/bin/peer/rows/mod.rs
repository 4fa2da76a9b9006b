//! The rows, written once for all asynchronous peers.
//!
//! A row runs in a goroutine of its own; the thread that started the runtime only waits for it. Rows that are short
//! run a tenth of their work untimed first.

pub(crate) mod actors;
pub(crate) mod hog;
pub(crate) mod live;
pub(crate) mod mutex;
pub(crate) mod pairs;
pub(crate) mod pool;
pub(crate) mod select;
pub(crate) mod skynet;
pub(crate) mod spawn;
pub(crate) mod stages;
pub(crate) mod timers;
pub(crate) mod tools;

use std::sync::atomic::{AtomicU32, Ordering};

use crate::measure::{Result, check};

/// The part of a row that runs untimed before it.
pub(crate) fn warm_up(n: u64) -> u64 {
    (n / 10).max(1)
}

/// What a row shares between its goroutines, as a global would be in Go: a reference costs no count.
pub(crate) fn share<T>(value: T) -> &'static T {
    Box::leak(Box::new(value))
}

/// Which goroutines have run, a slot for each: a check that costs the goroutines no contended operation.
pub(crate) struct Slots(Box<[AtomicU32]>);

impl Slots {
    pub(crate) fn new(n: usize) -> Slots {
        Slots((0..n).map(|_| AtomicU32::new(0)).collect())
    }

    /// Counts a run of goroutine `i`. Two runs with the same `i` never overlap.
    #[inline]
    pub(crate) fn hit(&self, i: usize) {
        let slot = &self.0[i];
        slot.store(slot.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// Fails unless every slot was hit `each` times.
    pub(crate) fn check(&self, what: &str, each: u64) -> Result<()> {
        let odd = self
            .0
            .iter()
            .find(|slot| u64::from(slot.load(Ordering::Relaxed)) != each);
        odd.map_or(Ok(()), |slot| {
            check(what, slot.load(Ordering::Relaxed).into(), each)
        })
    }
}
