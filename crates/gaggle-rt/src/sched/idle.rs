//! Who sleeps, who searches, and whom to wake. The argument that no wake-up is lost is in `README.md`.

use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU64, Ordering};

const SEARCHING: u64 = 1;
const PARKED: u64 = 1 << 16;
const VACANT: u64 = 1 << 32;
const FIELD: u64 = 0xffff;

/// One word with three counts, and the list of sleepers behind it.
///
/// The word is changed by sequentially consistent read-modify-writes; `parked` and `vacant` change under the lock of the list they count.
pub(crate) struct Idle {
    word: AtomicU64,
    sleepers: SpinLock<Vec<usize>>,
}

/// The three counts at one instant.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Counts(u64);

impl Counts {
    pub(crate) fn searching(self) -> u64 {
        self.0 & FIELD
    }

    pub(crate) fn parked(self) -> u64 {
        (self.0 / PARKED) & FIELD
    }

    pub(crate) fn vacant(self) -> u64 {
        (self.0 / VACANT) & FIELD
    }
}

impl Counts {
    /// Does everyone who has one of the `seats` sleep?
    pub(crate) fn all_sleep(self, seats: usize) -> bool {
        self.parked() + self.vacant() >= seats as u64
    }

    /// Is one worker awake at most?
    pub(crate) fn all_sleep_but_one(self, seats: usize) -> bool {
        self.parked() + self.vacant() + 1 >= seats as u64
    }
}

/// Whom a notification woke.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Notified {
    /// Nobody: somebody searches already, or nobody sleeps.
    Nobody,
    /// This worker was taken from the sleepers and counts as searching: unpark it.
    Worker(usize),
    /// Nobody sleeps, but a seat is vacant: fill it.
    Vacancy,
}

impl Idle {
    pub(crate) fn new() -> Self {
        Self {
            word: AtomicU64::new(0),
            sleepers: SpinLock::new(Vec::new()),
        }
    }

    #[inline(always)]
    pub(crate) fn counts(&self) -> Counts {
        Counts(self.word.load(Ordering::SeqCst))
    }

    /// Work was queued (by a sequentially consistent write before this call).
    #[inline(always)]
    pub(crate) fn notify(&self) -> Notified {
        let counts = self.counts();
        if counts.searching() > 0 || counts.parked() + counts.vacant() == 0 {
            return Notified::Nobody;
        }
        self.notify_slow()
    }

    #[cold]
    fn notify_slow(&self) -> Notified {
        let mut sleepers = self.sleepers.lock();
        let counts = self.counts();
        if counts.searching() > 0 {
            return Notified::Nobody;
        }
        if let Some(worker) = sleepers.pop() {
            self.word.fetch_sub(PARKED - SEARCHING, Ordering::SeqCst);
            return Notified::Worker(worker);
        }
        if counts.vacant() > 0 {
            Notified::Vacancy
        } else {
            Notified::Nobody
        }
    }

    /// Lets the caller search, unless half of the `seats` do already.
    pub(crate) fn start_searching(&self, seats: usize) -> bool {
        if 2 * self.counts().searching() >= seats.max(2) as u64 {
            return false;
        }
        self.word.fetch_add(SEARCHING, Ordering::SeqCst);
        true
    }

    /// The numbers of the workers that sleep and that nobody has notified.
    pub(crate) fn asleep(&self) -> Vec<usize> {
        self.sleepers.lock().clone()
    }

    /// The caller has found something or gives up. Says whether it was the last to search.
    pub(crate) fn stop_searching(&self) -> bool {
        Counts(self.word.fetch_sub(SEARCHING, Ordering::SeqCst)).searching() == 1
    }

    /// `worker` is about to sleep, and must look at all queues once more after this call.
    pub(crate) fn park(&self, worker: usize, searching: bool) {
        let mut sleepers = self.sleepers.lock();
        sleepers.push(worker);
        let stop = if searching { SEARCHING } else { 0 };
        self.word.fetch_add(PARKED - stop, Ordering::SeqCst);
    }

    /// `worker` is awake for another reason than a notification. `false`: it was notified meanwhile, counts as searching, and its permit is on the way.
    pub(crate) fn unpark(&self, worker: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
        let Some(at) = sleepers.iter().rposition(|w| *w == worker) else {
            return false;
        };
        sleepers.remove(at);
        self.word.fetch_sub(PARKED, Ordering::SeqCst);
        true
    }

    /// A seat became vacant, or was taken. Called under the lock of the list of vacant seats.
    pub(crate) fn vacancy(&self, more: bool) {
        if more {
            self.word.fetch_add(VACANT, Ordering::SeqCst);
        } else {
            self.word.fetch_sub(VACANT, Ordering::SeqCst);
        }
    }
}

#[cfg(all(test, loom))]
#[path = "idle_loom.rs"]
mod loom_tests;
