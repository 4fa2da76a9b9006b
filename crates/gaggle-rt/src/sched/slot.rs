//! What others may see of a worker.
//!
//! A slot is made when its number is first used and lives as long as the runtime; a thread that ends leaves it to the next.

use super::descriptors::Descriptors;
use super::ring::Ring;
use crate::runtime::Recorder;
use crate::task::Header;
use gaggle_base::context::BudgetCell;
use gaggle_base::park::Parker;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicI32};

/// The worker has no seat: it is stuck or blocked, or a spare.
pub(crate) const NO_SEAT: usize = usize::MAX;

/// The shared part of one worker.
#[repr(align(128))]
pub(crate) struct Slot {
    /// The goroutine that was made ready last, to run next. Filled by the owner only; emptied by the owner, or by a thief while the owner has no seat.
    pub(crate) next: AtomicPtr<Header>,
    /// Which seat the worker has. Taken away by whoever changes it from a number to [`NO_SEAT`].
    pub(crate) seat: AtomicUsize,
    /// Odd while a goroutine is being polled. Written by the owner.
    pub(crate) turn: AtomicU64,
    /// The number of the goroutine that was polled last. Written by the owner.
    pub(crate) polled: AtomicU64,
    /// The system's number of the thread that has this slot; 0 while none has.
    pub(crate) thread: AtomicI32,
    /// The turn in which a panic has begun last. Written by the owner.
    pub(crate) panicking: AtomicU64,
    /// Since when the same poll has been going on, as far as the monitor has seen; 0 if it is a new one.
    pub(crate) stuck_since: AtomicU64,
    /// Counts time slices. Written by the owner.
    pub(crate) slice: AtomicU64,
    /// The time slice is over: `next` goes to the back of the ring. Set by the monitor or the owner, cleared by the owner.
    pub(crate) slice_over: AtomicBool,
    /// The thread is in a call that has said that it blocks. Written by the owner.
    pub(crate) blocking: AtomicBool,
    pub(crate) ring: Ring<Header>,
    pub(crate) parker: Parker,
    /// The budget of the thread that has this slot, while it lives.
    pub(crate) budget: SpinLock<Option<BudgetCell>>,
    pub(crate) counters: Counters,
}

/// What a worker counts. Written by the owner with plain adds, read by anyone.
#[derive(Default)]
pub(crate) struct Counters {
    /// Polls, and the operations in them.
    pub(crate) steps: Counter,
    pub(crate) steals: Counter,
    pub(crate) parks: Counter,
    /// How long polls took, and how long goroutines were queued before them: samples (see `samples.rs`).
    pub(crate) poll_time: Recorder,
    pub(crate) sched_delay: Recorder,
}

#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Owner: counts one more.
    #[inline(always)]
    pub(crate) fn bump(&self) {
        self.add(1);
    }

    /// Owner: counts `n` more.
    #[inline(always)]
    pub(crate) fn add(&self, n: u64) {
        self.0
            .store(self.0.load(Ordering::Relaxed) + n, Ordering::Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Slot {
    fn new(parker: Parker) -> Self {
        Self {
            next: AtomicPtr::new(ptr::null_mut()),
            seat: AtomicUsize::new(NO_SEAT),
            turn: AtomicU64::new(0),
            polled: AtomicU64::new(0),
            thread: AtomicI32::new(0),
            panicking: AtomicU64::new(0),
            stuck_since: AtomicU64::new(0),
            slice: AtomicU64::new(0),
            slice_over: AtomicBool::new(false),
            blocking: AtomicBool::new(false),
            ring: Ring::new(),
            parker,
            budget: SpinLock::new(None),
            counters: Counters::default(),
        }
    }

    pub(crate) fn has_seat(&self) -> bool {
        self.seat.load(Ordering::Acquire) != NO_SEAT
    }

    /// Is a goroutine being polled?
    pub(crate) fn is_polling(&self) -> bool {
        self.turn.load(Ordering::Relaxed) % 2 == 1
    }

    /// How many goroutines are queued here.
    pub(crate) fn queued(&self) -> usize {
        self.ring.len() + usize::from(!self.next.load(Ordering::Relaxed).is_null())
    }

    /// Is there anything that others may take?
    pub(crate) fn has_loot(&self) -> bool {
        self.ring.len() > 0 || (!self.has_seat() && !self.next.load(Ordering::SeqCst).is_null())
    }
}

/// All slots of a runtime.
pub(crate) struct Slots {
    /// What ends the sleep of a worker that waits for descriptors.
    descriptors: Descriptors,
    cells: Box<[OnceLock<Box<Slot>>]>,
    /// How many numbers have been given out.
    used: AtomicUsize,
    /// Numbers whose thread has ended.
    free: SpinLock<Vec<usize>>,
}

impl Slots {
    pub(crate) fn new(most: usize, descriptors: Descriptors) -> Self {
        Self {
            descriptors,
            cells: (0..most).map(|_| OnceLock::new()).collect(),
            used: AtomicUsize::new(0),
            free: SpinLock::new(Vec::new()),
        }
    }

    /// How many numbers have ever been used: what thieves have to look at.
    #[inline]
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// The slot with this number, which has been given out.
    #[inline]
    pub(crate) fn get(&self, number: usize) -> &Slot {
        self.cells[number]
            .get()
            .expect("a slot exists before its number is used")
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Slot> {
        self.cells[..self.used()]
            .iter()
            .filter_map(|cell| cell.get().map(|slot| &**slot))
    }

    /// A number without a thread; `None` when the bound is reached.
    pub(crate) fn allocate(&self) -> Option<usize> {
        let mut free = self.free.lock();
        if let Some(number) = free.pop() {
            return Some(number);
        }
        let number = self.used.load(Ordering::Relaxed);
        let cell = self.cells.get(number)?;
        cell.get_or_init(|| Box::new(Slot::new(self.descriptors.parker())));
        // Whoever sees the number sees the slot. Sequentially consistent: a shutdown that does not see it was not seen by its thread either (see `closing`).
        self.used.store(number + 1, Ordering::SeqCst);
        Some(number)
    }

    /// The thread with this number has ended.
    pub(crate) fn release(&self, number: usize) {
        self.free.lock().push(number);
    }
}
