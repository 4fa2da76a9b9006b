//! One worker's run queue: a fixed ring that its owner fills and others may steal from.
//!
//! The design is the one of Go's runtime: the owner alone moves `tail`; whoever takes, the owner included, moves `head` by a compare-exchange.
//!
//! **Invariant Q1**: the queued goroutines are those at positions `head..tail` (modulo the size), and `tail - head <= SIZE`.
//! **Invariant Q2**: a slot in `head..tail` is not written: the owner writes only at `tail`, and only when `tail - head < SIZE`.
//!   So what a thief has read is what was queued, if its compare-exchange of `head` succeeds afterwards.
//! **Invariant Q3**: positions only grow, and a position does not come back within the life of a process, so the compare-exchange cannot mistake an old `head` for a new one.

use gaggle_base::sync::{AtomicPtr, AtomicUsize, Ordering};
use std::ptr;

/// How many goroutines a ring holds. Small under loom, so that models go round.
#[cfg(not(loom))]
pub(crate) const SIZE: usize = 256;
#[cfg(loom)]
pub(crate) const SIZE: usize = 4;

/// On a cache line pair of its own, so that thieves do not slow down the owner.
#[repr(align(128))]
struct Padded<T>(T);

/// A bounded queue with one owner and many thieves.
pub(crate) struct Ring<T> {
    head: Padded<AtomicUsize>,
    tail: Padded<AtomicUsize>,
    slots: Box<[AtomicPtr<T>]>,
}

impl<T> Ring<T> {
    pub(crate) fn new() -> Self {
        Self {
            head: Padded(AtomicUsize::new(0)),
            tail: Padded(AtomicUsize::new(0)),
            slots: (0..SIZE).map(|_| AtomicPtr::new(ptr::null_mut())).collect(),
        }
    }

    #[inline(always)]
    fn slot(&self, position: usize) -> &AtomicPtr<T> {
        &self.slots[position % SIZE]
    }

    /// How many are queued, as seen from any thread.
    ///
    /// Sequentially consistent: see `README.md`, "going to sleep".
    #[inline]
    pub(crate) fn len(&self) -> usize {
        let head = self.head.0.load(Ordering::SeqCst);
        self.tail.0.load(Ordering::SeqCst).saturating_sub(head)
    }

    /// Owner: puts `item` behind all others; gives it back if the ring is full.
    #[inline]
    pub(crate) fn push(&self, item: *mut T) -> Result<(), *mut T> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        // Acquire pairs with the thieves' release of `head`: they have read the slot that we are about to write.
        let head = self.head.0.load(Ordering::Acquire);
        if tail - head >= SIZE {
            return Err(item);
        }
        self.slot(tail).store(item, Ordering::Relaxed);
        // Release publishes the slot (and what `item` points to); sequentially consistent because a look at the sleepers follows (see `README.md`).
        self.tail.0.store(tail + 1, Ordering::SeqCst);
        Ok(())
    }

    /// Owner: takes the oldest.
    #[inline]
    pub(crate) fn pop(&self) -> Option<*mut T> {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let mut head = self.head.0.load(Ordering::Relaxed);
        loop {
            if head == tail {
                return None;
            }
            let item = self.slot(head).load(Ordering::Relaxed);
            match self
                .head
                .0
                .compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(item),
                Err(now) => head = now,
            }
        }
    }

    /// Owner: takes the older half of a full ring and hands each to `f`. `false` if thieves were faster.
    pub(crate) fn take_half(&self, mut f: impl FnMut(*mut T)) -> bool {
        let tail = self.tail.0.load(Ordering::Relaxed);
        let head = self.head.0.load(Ordering::Acquire);
        let n = SIZE / 2;
        if tail - head < n {
            return false;
        }
        let mut batch = [ptr::null_mut(); SIZE / 2];
        for (i, item) in batch.iter_mut().enumerate() {
            *item = self.slot(head + i).load(Ordering::Relaxed);
        }
        if self
            .head
            .0
            .compare_exchange(head, head + n, Ordering::AcqRel, Ordering::Relaxed)
            .is_err()
        {
            return false;
        }
        batch.into_iter().for_each(&mut f);
        true
    }

    /// Thief: moves half of what is queued here into its own ring, and takes one of them out at once.
    ///
    /// `into` is the caller's ring, and has room for half a ring.
    pub(crate) fn steal_into(&self, into: &Ring<T>) -> Option<*mut T> {
        let to = into.tail.0.load(Ordering::Relaxed);
        let mut head = self.head.0.load(Ordering::Acquire);
        loop {
            // Acquire pairs with the owner's release of `tail`: the slots are written.
            let tail = self.tail.0.load(Ordering::Acquire);
            let queued = tail.saturating_sub(head);
            let n = queued - queued / 2;
            if n == 0 {
                return None;
            }
            if n > SIZE / 2 {
                // `head` is out of date: more cannot be queued.
                head = self.head.0.load(Ordering::Acquire);
                continue;
            }
            for i in 0..n {
                let item = self.slot(head + i).load(Ordering::Relaxed);
                into.slot(to + i).store(item, Ordering::Relaxed);
            }
            match self
                .head
                .0
                .compare_exchange(head, head + n, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => {
                    // The oldest runs at once; the others are published in our own ring, behind it.
                    let first = into.slot(to).load(Ordering::Relaxed);
                    for i in 1..n {
                        let item = into.slot(to + i).load(Ordering::Relaxed);
                        into.slot(to + i - 1).store(item, Ordering::Relaxed);
                    }
                    into.tail.0.store(to + n - 1, Ordering::SeqCst);
                    return Some(first);
                }
                Err(now) => head = now,
            }
        }
    }

    /// Thief without a ring: takes the oldest.
    pub(crate) fn steal_one(&self) -> Option<*mut T> {
        let mut head = self.head.0.load(Ordering::Acquire);
        loop {
            if head >= self.tail.0.load(Ordering::Acquire) {
                return None;
            }
            let item = self.slot(head).load(Ordering::Relaxed);
            match self
                .head
                .0
                .compare_exchange(head, head + 1, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Some(item),
                Err(now) => head = now,
            }
        }
    }
}

#[cfg(test)]
#[path = "ring_tests.rs"]
mod tests;
