//! One hierarchical timing wheel (Varghese and Lauck, SOSP 1987): O(1) to add, to remove and to expire.
//!
//! Time is cut into ticks of 2^14 ns. Level 0 has a slot for each of the 64 ticks of the present block, level 1 a slot for each of the 64 blocks around it, and so on: 7 levels reach 2.3 years.
//! A deadline further away waits in the last slot that there is and is looked at again then.
//! When time enters a slot of a higher level, its entries move down.
//!
//! Deadlines are exact all the same: the slot of the present tick is searched for those that have passed, and what expires in one go is sorted (TI-03).
//!
//! * **Wh1** Every linked entry is in the list of slot (`level`, `slot`) that its body names; a slot's bit in `occupied` is set exactly if its list is not empty.
//! * **Wh2** At level 0 occupied slots are at or after the present one; at a higher level strictly after it.
//! * **Wh3** `next` is no later than the earliest deadline of any entry (it may be earlier: then somebody looks in vain, once).
//!
//! Wheels are never freed, only reused by a later runtime: so an entry may keep a plain reference to its wheel, and no timer counts references.

use super::entry::{Entry, State};
use gaggle_base::clock::Nanos;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU64, AtomicUsize, Ordering};
use std::ptr;
use std::sync::Mutex;
use std::task::Waker;

const TICK_BITS: u32 = 14;
const LEVEL_BITS: u32 = 6;
const SLOTS: usize = 1 << LEVEL_BITS;
const LEVELS: usize = 7;
/// The farthest tick from the present that has a place of its own.
const HORIZON: u64 = (1 << (LEVEL_BITS * LEVELS as u32)) - 1;

/// No deadline.
pub(crate) const NEVER: Nanos = Nanos::MAX;
/// Nobody looks after the wheel.
pub(crate) const NOBODY: usize = usize::MAX;

/// One wheel.
pub(crate) struct Wheel {
    state: SpinLock<Wheels>,
    /// See Wh3. [`NEVER`] if there is no entry.
    next: AtomicU64,
    /// How many entries there are. Written under the lock.
    count: AtomicUsize,
    /// The number of the worker that looks after this wheel, or [`NOBODY`].
    pub(crate) keeper: AtomicUsize,
}

#[derive(Clone, Copy)]
struct List {
    head: *const Entry,
    tail: *const Entry,
}

struct Wheels {
    /// The tick up to which everything has expired.
    tick: u64,
    slots: [[List; SLOTS]; LEVELS],
    occupied: [u64; LEVELS],
}

// SAFETY: the entries are used under the wheel's lock only, and are alive while they are linked (E3).
unsafe impl Send for Wheels {}

/// What has expired: deadlines and wakers, to be woken outside the lock.
pub(crate) type Expired = Vec<(Nanos, Waker)>;

impl Wheel {
    pub(super) fn new() -> Self {
        let empty = List {
            head: ptr::null(),
            tail: ptr::null(),
        };
        let wheels = Wheels {
            tick: 0,
            slots: [[empty; SLOTS]; LEVELS],
            occupied: [0; LEVELS],
        };
        Self {
            state: SpinLock::new(wheels),
            next: AtomicU64::new(NEVER),
            count: AtomicUsize::new(0),
            keeper: AtomicUsize::new(NOBODY),
        }
    }

    /// No later than the earliest deadline.
    #[inline(always)]
    pub(crate) fn next(&self) -> Nanos {
        self.next.load(Ordering::SeqCst)
    }

    /// How many entries there are at about this time.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }

    /// Under the lock: there are that many more now; a negative number in two's complement makes them fewer.
    fn count(&self, more: usize) {
        let count = self.count.load(Ordering::Relaxed);
        self.count
            .store(count.wrapping_add(more), Ordering::Relaxed);
    }

    /// Adds an entry. Says whether the wheel's keeper has to look earlier than it would.
    ///
    /// # Safety
    /// As for `Entry::link`.
    pub(super) unsafe fn insert(&self, entry: &Entry, waker: Waker) -> bool {
        let mut wheels = self.state.lock();
        // SAFETY: the entry is not linked, so its body is its owner's, our caller.
        unsafe {
            entry.body.with_mut(|b| (*b).waker = Some(waker));
            wheels.link(entry);
        }
        self.count(1);
        entry.set_state(State::Linked);
        if entry.deadline() < self.next.load(Ordering::Relaxed) {
            // Under the lock, so that it cannot cross with `expire`, which raises it.
            self.next.store(entry.deadline(), Ordering::SeqCst);
            return true;
        }
        false
    }

    /// Takes an entry out, unless it has just left by itself.
    pub(super) fn remove(&self, entry: &Entry) {
        let mut wheels = self.state.lock();
        if entry.state() != State::Linked {
            return;
        }
        // SAFETY: it is linked, so the lock protects its body (E1).
        let waker = unsafe {
            wheels.unlink(entry);
            entry.body.with_mut(|b| (*b).waker.take())
        };
        self.count(usize::MAX);
        entry.set_state(State::Idle);
        drop(wheels);
        drop(waker);
    }

    /// Replaces the waker of a linked entry; `false` if it is no longer linked.
    pub(super) fn renew(&self, entry: &Entry, waker: Waker) -> bool {
        let wheels = self.state.lock();
        if entry.state() != State::Linked {
            return false;
        }
        // SAFETY: it is linked, so the lock protects its body (E1).
        let old = entry
            .body
            .with_mut(|b| unsafe { (*b).waker.replace(waker) });
        drop(wheels);
        drop(old);
        true
    }

    /// Takes out what has a deadline not after `now`, in the order of the deadlines: all of it, or whole ticks until there are at least `enough`.
    pub(crate) fn expire(&self, now: Nanos, enough: usize, expired: &mut Expired) {
        let mut wheels = self.state.lock();
        let before = expired.len();
        wheels.advance(now, enough, expired);
        self.count(before.wrapping_sub(expired.len()));
        self.next.store(wheels.earliest(), Ordering::SeqCst);
        drop(wheels);
        expired.sort_by_key(|(deadline, _)| *deadline);
    }

    /// At the end of a runtime: tells whoever still waits to wait elsewhere.
    pub(crate) fn orphan_all(&self, wakers: &mut Expired) {
        self.empty(State::Orphaned, wakers);
    }

    /// At the end of a runtime whose time ends with it: whoever still waits is forgotten.
    pub(crate) fn forget_all(&self, wakers: &mut Expired) {
        self.empty(State::Idle, wakers);
    }

    fn empty(&self, becomes: State, wakers: &mut Expired) {
        let mut wheels = self.state.lock();
        for level in 0..LEVELS {
            while wheels.occupied[level] != 0 {
                let slot = wheels.occupied[level].trailing_zeros() as usize;
                wheels.empty_slot(level, slot, |entry, waker| {
                    wakers.push((entry.deadline(), waker));
                    entry.set_state(becomes);
                });
            }
        }
        wheels.tick = 0;
        self.count.store(0, Ordering::Relaxed);
        self.next.store(NEVER, Ordering::SeqCst);
    }
}

impl Wheels {
    /// The place for a deadline's tick, seen from the present tick.
    fn place(&self, deadline: Nanos) -> (usize, usize) {
        let tick = (deadline >> TICK_BITS).clamp(self.tick, self.tick | HORIZON);
        let differs = (tick ^ self.tick) | (SLOTS as u64 - 1);
        let level = differs.ilog2() / LEVEL_BITS;
        (
            level as usize,
            (tick >> (level * LEVEL_BITS)) as usize % SLOTS,
        )
    }

    /// # Safety
    /// The entry is in no list, and its body is ours: by E1 with the lock, or by its owner's leave.
    unsafe fn link(&mut self, entry: &Entry) {
        let (level, slot) = self.place(entry.deadline());
        let list = &mut self.slots[level][slot];
        // SAFETY: the caller's promise; the tail is linked, so the lock protects its body.
        unsafe {
            entry.body.with_mut(|b| {
                (*b).prev = list.tail;
                (*b).next = ptr::null();
                ((*b).level, (*b).slot) = (level as u8, slot as u8);
            });
            match list.tail.as_ref() {
                Some(tail) => tail.body.with_mut(|b| (*b).next = entry),
                None => list.head = entry,
            }
        }
        list.tail = entry;
        self.occupied[level] |= 1 << slot;
    }

    /// # Safety
    /// The entry is in the list that its body names.
    unsafe fn unlink(&mut self, entry: &Entry) {
        // SAFETY: it and its neighbours are linked, so the lock protects their bodies.
        unsafe {
            let (prev, next, level, slot) = entry.body.with(|b| {
                (
                    (*b).prev,
                    (*b).next,
                    (*b).level as usize,
                    (*b).slot as usize,
                )
            });
            let list = &mut self.slots[level][slot];
            match prev.as_ref() {
                Some(prev) => prev.body.with_mut(|b| (*b).next = next),
                None => list.head = next,
            }
            match next.as_ref() {
                Some(next) => next.body.with_mut(|b| (*b).prev = prev),
                None => list.tail = prev,
            }
            if list.head.is_null() {
                self.occupied[level] &= !(1 << slot);
            }
        }
    }

    /// Takes every entry out of a slot, with its waker. `f` sets the entry's next state as the last access to it (E2).
    fn empty_slot(&mut self, level: usize, slot: usize, mut f: impl FnMut(&Entry, Waker)) {
        let list = &mut self.slots[level][slot];
        let mut at = std::mem::replace(&mut list.head, ptr::null());
        list.tail = ptr::null();
        self.occupied[level] &= !(1 << slot);
        // SAFETY: what is linked is alive (E3), and the lock protects its body.
        while let Some(entry) = unsafe { at.as_ref() } {
            // SAFETY: as above.
            let (next, waker) = entry
                .body
                .with_mut(|b| unsafe { ((*b).next, (*b).waker.take()) });
            at = next;
            f(entry, waker.expect("a linked entry has a waker"));
        }
    }

    /// The first occupied place at or after the present tick: its level, slot and first tick.
    fn first_occupied(&self) -> Option<(usize, usize, u64)> {
        for level in 0..LEVELS {
            let shift = level as u32 * LEVEL_BITS;
            let present = (self.tick >> shift) as usize % SLOTS;
            // By Wh2 nothing is before the present slot.
            let ahead = self.occupied[level] >> present;
            if ahead != 0 {
                let slot = present + ahead.trailing_zeros() as usize;
                let block = self.tick >> shift >> LEVEL_BITS << LEVEL_BITS;
                return Some((level, slot, (block + slot as u64) << shift));
            }
        }
        None
    }

    fn advance(&mut self, now: Nanos, enough: usize, expired: &mut Expired) {
        let target = (now >> TICK_BITS).max(self.tick);
        while let Some((level, slot, tick)) = self.first_occupied() {
            if tick > target {
                break;
            }
            self.tick = tick;
            if level > 0 {
                // Whoever wants no more than enough gets whole ticks.
                let all = enough == usize::MAX;
                self.move_down(level, slot, all.then_some((now, &mut *expired)));
                continue;
            }
            self.expire_passed(slot, now, expired);
            if tick == target {
                break;
            }
            if self.occupied[0] & (1 << slot) != 0 {
                // Deadlines beyond the horizon have been waiting here: they are placed anew, seen from the next tick.
                self.tick = tick + 1;
                self.move_down(0, slot, None);
            }
            if expired.len() >= enough {
                return;
            }
        }
        self.tick = target;
    }

    /// Time has entered a slot of a higher level: its entries find their place again. Those that have passed have come to their end: the way down through the levels is spared.
    fn move_down(&mut self, level: usize, slot: usize, mut passed: Option<(Nanos, &mut Expired)>) {
        let mut at = std::mem::replace(&mut self.slots[level][slot].head, ptr::null());
        self.slots[level][slot].tail = ptr::null();
        self.occupied[level] &= !(1 << slot);
        // SAFETY: what was linked is alive (E3), and the lock protects its body; each entry is in no list when it is linked anew.
        while let Some(entry) = unsafe { at.as_ref() } {
            // SAFETY: as above.
            at = unsafe { entry.body.with(|b| (*b).next) };
            match &mut passed {
                Some((now, expired)) if entry.deadline() <= *now => {
                    // SAFETY: as above.
                    let waker = entry.body.with_mut(|b| unsafe { (*b).waker.take() });
                    expired.push((entry.deadline(), waker.expect("a linked entry has a waker")));
                    // The last access to it (E2).
                    entry.set_state(State::Fired);
                }
                // SAFETY: as above.
                _ => unsafe { self.link(entry) },
            }
        }
    }

    /// Takes out those whose deadline has passed: in the slot of the present tick that may be only some.
    fn expire_passed(&mut self, slot: usize, now: Nanos, expired: &mut Expired) {
        let mut at = self.slots[0][slot].head;
        // SAFETY: what is linked is alive (E3), and the lock protects its body.
        while let Some(entry) = unsafe { at.as_ref() } {
            // SAFETY: as above.
            at = entry.body.with(|b| unsafe { (*b).next });
            if entry.deadline() <= now {
                // SAFETY: as above; it is in the list that its body names.
                let waker = unsafe {
                    self.unlink(entry);
                    entry.body.with_mut(|b| (*b).waker.take())
                };
                expired.push((entry.deadline(), waker.expect("a linked entry has a waker")));
                entry.set_state(State::Fired);
            }
        }
    }

    /// A time no later than the earliest deadline; exact if that is within the present block of ticks.
    fn earliest(&self) -> Nanos {
        match self.first_occupied() {
            None => NEVER,
            Some((0, slot, _)) => {
                let mut earliest = NEVER;
                let mut at = self.slots[0][slot].head;
                // SAFETY: what is linked is alive (E3), and the lock protects its body.
                while let Some(entry) = unsafe { at.as_ref() } {
                    earliest = earliest.min(entry.deadline());
                    // SAFETY: as above.
                    at = entry.body.with(|b| unsafe { (*b).next });
                }
                earliest
            }
            Some((_, _, tick)) => tick << TICK_BITS,
        }
    }
}

static RETIRED: Mutex<Vec<&'static Wheel>> = Mutex::new(Vec::new());

/// `n` wheels without entries, from earlier runtimes or new.
pub(crate) fn obtain(n: usize) -> Vec<&'static Wheel> {
    let mut retired = RETIRED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    (0..n)
        .map(|_| {
            retired
                .pop()
                .unwrap_or_else(|| Box::leak(Box::new(Wheel::new())))
        })
        .collect()
}

/// Takes wheels back from a runtime that has ended. They have no entries.
pub(crate) fn give_back(wheels: &[&'static Wheel]) {
    let mut retired = RETIRED
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    retired.extend(wheels);
}

#[cfg(all(test, not(loom)))]
#[path = "wheel_tests.rs"]
mod tests;
