//! A worker: take a goroutine, run it, again.
//!
//! A [`Worker`] lives on the stack of its thread; what others may see of it is in its [`Slot`].
//! Others never touch the cells here.
//!
//! Which goroutine is next (semantics.md GO-07, T3):
//!
//! 1. now and then the injector, and what is queued where a worker blocks, so that nothing there starves;
//! 2. the `next` place: the goroutine that was just made ready by the one that ran. It shares the time slice of that one: when the monitor finds the slice too long, it goes to the back of the ring, and so it does when timers have fired;
//! 3. the ring, first in, first out, with a new time slice;
//! 4. the injector;
//! 5. what others have (`search.rs`).

use super::here;
use super::search::Found;
use super::shared::Shared;
use super::slot::{NO_SEAT, Slot};
use crate::task::{Header, TaskRef};
use crate::time::wheel::Expired;
use gaggle_base::blocked;
use gaggle_base::clock;
use gaggle_base::context::{self, BudgetCell};
use gaggle_base::rng::Rng;
use gaggle_base::sync::{AtomicU8, Ordering};
use std::cell::{Cell, RefCell};
use std::ptr::{self, NonNull};
use std::sync::Arc;

/// Every so many turns the injector comes first. A prime, as in Go, so that it does not fall into step with a program's own rhythm.
const INJECTOR_TURN: u32 = 61;
/// Every so many turns a busy worker looks at the clock for its timers.
const TIMER_TURN: u32 = 16;
/// Goroutine numbers are taken from the runtime's sequence in blocks of this size.
const ID_BLOCK: u64 = 256;

pub(crate) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) number: usize,
    /// Our slot, at hand; it lives as long as `shared`.
    slot: NonNull<Slot>,
    pub(super) rng: RefCell<Rng>,
    /// Counts as searching in `Idle`.
    pub(super) searching: Cell<bool>,
    /// How many rounds the next search takes before the worker sleeps.
    pub(super) patience: Cell<u32>,
    /// Timers follow each other closely.
    pub(super) dense: Cell<bool>,
    turn: Cell<u32>,
    /// A linear congruential generator, for `shuffle`.
    dice: Cell<u64>,
    /// The next free number of our block, and the block's end.
    ids: Cell<(u64, u64)>,
    /// What is woken now goes to the back of the ring: a batch of timers keeps its order (TI-03).
    in_order: Cell<bool>,
    /// How many more are queued here until one is timed (see `samples.rs`).
    pub(super) until_timed: Cell<u32>,
    expired: RefCell<Expired>,
}

impl Worker {
    /// The body of a worker's thread.
    pub(super) fn main(shared: Arc<Shared>, number: usize) {
        struct Leave(Arc<Shared>, usize);
        impl Drop for Leave {
            fn drop(&mut self) {
                // SAFETY: null points to nothing.
                unsafe { here::set_current(ptr::null()) };
                context::set_blocking_hooks(None);
                let slot = self.0.slots.get(self.1);
                *slot.budget.lock() = None;
                slot.thread.store(0, Ordering::SeqCst);
                self.0.slots.release(self.1);
            }
        }
        let _leave = Leave(shared.clone(), number);
        *shared.slots.get(number).budget.lock() = Some(BudgetCell::of_this_thread());
        let number_of_thread = blocked::thread_number();
        shared
            .slots
            .get(number)
            .thread
            .store(number_of_thread, Ordering::SeqCst);
        context::set_blocking_hooks(Some(&super::seats::HOOKS));
        precise_timers();
        let worker = Worker {
            slot: NonNull::from(shared.slots.get(number)),
            rng: RefCell::new(Rng::from_seed(shared.config.driver.seed())),
            dice: Cell::new(shared.config.driver.seed()),
            shared,
            number,
            searching: Cell::new(false),
            patience: Cell::new(super::search::MAX_ROUNDS),
            dense: Cell::new(false),
            turn: Cell::new(0),
            ids: Cell::new((0, 0)),
            in_order: Cell::new(false),
            until_timed: Cell::new(1),
            expired: RefCell::new(Vec::new()),
        };
        // SAFETY: the worker stays on this stack until `Leave` says otherwise.
        unsafe { here::set_current(&raw const worker) };
        while let Some(task) = worker.take() {
            worker.run(task);
        }
        if worker.shared.is_closing() {
            // What we ran last may have parked after the runtime was swept.
            worker.shared.sweep();
        }
    }

    #[inline(always)]
    pub(super) fn slot(&self) -> &Slot {
        // SAFETY: slots are boxed and never freed before `shared`, which we hold.
        unsafe { self.slot.as_ref() }
    }

    #[inline(always)]
    pub(super) fn seat(&self) -> Option<usize> {
        let seat = self.slot().seat.load(Ordering::Acquire);
        (seat != NO_SEAT).then_some(seat)
    }

    /// Is this a worker of that runtime, and with a seat? Without one it may be blocked, and what is queued here would wait.
    #[inline(always)]
    pub(super) fn serves(&self, shared: NonNull<Shared>) -> bool {
        ptr::eq(Arc::as_ptr(&self.shared), shared.as_ptr()) && self.slot().has_seat()
    }

    /// Runs one goroutine until it waits, gives way or ends.
    #[inline]
    fn run(&self, task: TaskRef) {
        // SAFETY: it was taken from a queue, so it is not done.
        let ticket = unsafe { &task.header().ticket };
        if ticket.load(Ordering::Relaxed) != 0 {
            return self.run_timed(task, ticket);
        }
        self.step(task);
    }

    /// The same for one that is timed.
    #[cold]
    fn run_timed(&self, task: TaskRef, ticket: &AtomicU8) {
        let begun = self.begin_timed(ticket);
        self.step(task);
        self.end_timed(begun);
    }

    #[inline(always)]
    fn step(&self, task: TaskRef) {
        let slot = self.slot();
        let turn = slot.turn.load(Ordering::Relaxed);
        // SAFETY: it was taken from a queue, so it is not done and its header is alive.
        let id = unsafe { task.header() }.id();
        slot.polled.store(id.as_u64(), Ordering::Relaxed);
        slot.turn.store(turn + 1, Ordering::Relaxed);
        // SAFETY: it was taken from a queue of this runtime.
        let again = unsafe { here::poll_here(task, &self.shared) };
        slot.turn.store(turn + 2, Ordering::Relaxed);
        slot.counters.steps.add(1 + u64::from(context::spent()));
        if again {
            // It gave way; nobody has to be woken for it: we are awake.
            self.count_queued(task);
            self.push_ring(task);
        }
    }

    /// The next goroutine, waited for if need be. `None`: the thread is to end.
    fn take(&self) -> Option<TaskRef> {
        loop {
            if self.shared.is_closing() || (self.seat().is_none() && !self.stand_by()) {
                if self.searching.replace(false) {
                    let _ = self.shared.idle.stop_searching();
                }
                return None;
            }
            if let Some(task) = self.take_ready() {
                if self.searching.get() {
                    // We were woken to search, and found it at home. Whoever relies on a searcher must not rely on us any more.
                    self.found();
                }
                return Some(task);
            }
            match self.search() {
                Found::Task(task) => {
                    self.start_slice();
                    return Some(task);
                }
                Found::LookAgain => {}
            }
        }
    }

    /// What can be had without looking far.
    #[inline]
    fn take_ready(&self) -> Option<TaskRef> {
        let turn = self.turn.get().wrapping_add(1);
        self.turn.set(turn);
        if turn.is_multiple_of(TIMER_TURN) {
            self.fire_timers();
        }
        if turn.is_multiple_of(INJECTOR_TURN) {
            self.look_at_descriptors();
        }
        if turn.is_multiple_of(INJECTOR_TURN)
            && let Some(task) = self.take_stranded().or_else(|| self.shared.injector.pop())
        {
            self.start_slice();
            return Some(task);
        }
        if self.slot().slice_over.load(Ordering::Relaxed) {
            self.end_slice();
        } else if let Some(task) = self.take_next() {
            return Some(task);
        }
        let task = self
            .slot()
            .ring
            .pop()
            .and_then(TaskRef::from_ptr)
            .or_else(|| {
                if self.shared.leaves_work_to_others() {
                    None
                } else {
                    self.take_injected()
                }
            });
        if task.is_some() {
            self.start_slice();
        }
        task
    }

    /// The slice was too long: everyone who waits gets to the ring, where turns are taken.
    ///
    /// The count of turns alone would not do for the injector: sixty turns of a few milliseconds are a third of a second.
    #[cold]
    fn end_slice(&self) {
        self.slot().slice_over.store(false, Ordering::Relaxed);
        // Only into a ring with room: what it cannot take would go back, behind all others.
        let room = (super::ring::SIZE / 2)
            .saturating_sub(self.slot().ring.len())
            .min(32);
        let slot = self.slot();
        self.shared.injector.pop_some(room, |task| {
            if slot.ring.push(task.as_ptr()).is_err() {
                unreachable!("only the owner fills the ring, and it has just found room");
            }
        });
        if let Some(task) = self.take_next() {
            self.push_ring(task);
        }
        if let Some(task) = self.take_stranded() {
            self.push_ring(task);
        }
    }

    /// One of those that are queued where a worker blocks, if the monitor has seen any.
    #[inline]
    fn take_stranded(&self) -> Option<TaskRef> {
        if self.shared.stranded.load(Ordering::Relaxed) {
            self.take_from_blocked()
        } else {
            None
        }
    }

    #[cold]
    fn take_from_blocked(&self) -> Option<TaskRef> {
        // Before the look: what the monitor sees after it is not for this one.
        self.shared.stranded.store(false, Ordering::Relaxed);
        let blocked = |slot: &&Slot| !ptr::eq(*slot, self.slot()) && !slot.has_seat();
        let task = self.shared.slots.all().filter(blocked).find_map(|slot| {
            // As in a search: whoever swaps a goroutine out has it, and anybody may take from a ring.
            TaskRef::from_ptr(slot.next.swap(ptr::null_mut(), Ordering::AcqRel))
                .or_else(|| slot.ring.steal_one().and_then(TaskRef::from_ptr))
        })?;
        // Perhaps it was not the only one.
        self.shared.stranded.store(true, Ordering::Relaxed);
        self.slot().counters.steals.bump();
        Some(task)
    }

    /// Takes a share of the injector: the first to run, the others into the ring.
    pub(super) fn take_injected(&self) -> Option<TaskRef> {
        let injector = &self.shared.injector;
        let len = injector.len();
        if len == 0 {
            return None;
        }
        let share = (len / self.shared.config.workers + 1).min(super::ring::SIZE / 2);
        let mut first = None;
        injector.pop_some(share, |task| {
            if first.is_none() {
                first = Some(task);
            } else if self.slot().ring.push(task.as_ptr()).is_err() {
                unreachable!("the ring has room for half of its size: its owner found it empty");
            }
        });
        first
    }

    #[inline]
    fn start_slice(&self) {
        let slot = self.slot();
        slot.slice
            .store(slot.slice.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    #[inline(always)]
    pub(super) fn take_next(&self) -> Option<TaskRef> {
        let next = &self.slot().next;
        if next.load(Ordering::Relaxed).is_null() {
            return None;
        }
        // A thief may be at it while we have no seat: whoever swaps a goroutine out has it.
        TaskRef::from_ptr(next.swap(ptr::null_mut(), Ordering::AcqRel))
    }

    /// A number for a new goroutine.
    #[inline]
    pub(super) fn next_id(&self) -> u64 {
        let (mut next, mut end) = self.ids.get();
        if next == end {
            next = self.shared.ids.take(ID_BLOCK);
            end = next + ID_BLOCK;
        }
        self.ids.set((next + 1, end));
        next
    }

    /// A new goroutine: behind the others.
    #[inline]
    pub(super) fn queue_new(&self, task: TaskRef) {
        self.count_queued(task);
        self.shuffle();
        self.push_back(task);
    }

    /// One that was made ready: it runs next, unless many are made ready together.
    #[inline]
    pub(super) fn queue_woken(&self, task: TaskRef) {
        self.count_queued(task);
        if self.in_order.get() {
            self.push_ring(task);
        } else {
            self.push_next(task);
        }
    }

    /// One is about to be queued here; now and then one of them is timed.
    #[inline(always)]
    fn count_queued(&self, task: TaskRef) {
        let left = self.until_timed.get() - 1;
        self.until_timed.set(left);
        if left == 0 {
            // SAFETY: it may be queued, so it is not done.
            self.time(unsafe { &task.header().ticket });
        }
    }

    /// To run next; who was to run next goes to the back of the ring, or, one time in eight, the other way round.
    #[inline]
    fn push_next(&self, task: TaskRef) {
        let next = &self.slot().next;
        if next.load(Ordering::Relaxed).is_null() {
            // Only we fill it, so it stays empty until this store.
            next.store(task.as_ptr(), Ordering::Release);
        } else if self.one_in_eight() {
            self.push_back(task);
        } else if let Some(displaced) =
            TaskRef::from_ptr(next.swap(task.as_ptr(), Ordering::AcqRel))
        {
            self.push_back(displaced);
        }
    }

    /// Before one in eight new goroutines, the one that waits longest goes to the back.
    #[inline]
    fn shuffle(&self) {
        if self.one_in_eight()
            && let Some(first) = self.slot().ring.pop().and_then(TaskRef::from_ptr)
        {
            self.push_ring(first);
        }
    }

    /// In which order goroutines run that are ready at the same time is not promised, so it does not look promised either:
    /// on an otherwise idle worker it would always be the same order, until the day on which it is not.
    #[inline]
    fn one_in_eight(&self) -> bool {
        let dice = self
            .dice
            .get()
            .wrapping_mul(0x5851_f42d_4c95_7f2d)
            .wrapping_add(1);
        self.dice.set(dice);
        dice >> 61 == 0
    }

    /// To the back of the ring, and somebody may be woken for it.
    #[inline]
    fn push_back(&self, task: TaskRef) {
        self.push_ring(task);
        self.shared.notify();
    }

    /// To the back of the ring; half of a full ring goes to the injector.
    #[inline]
    fn push_ring(&self, task: TaskRef) {
        let mut item = task.as_ptr();
        while let Err(back) = self.slot().ring.push(item) {
            item = back;
            self.overflow();
        }
    }

    #[cold]
    fn overflow(&self) {
        let mut batch: [*mut Header; super::ring::SIZE / 2] = [ptr::null_mut(); _];
        let mut n = 0;
        self.slot().ring.take_half(|item| {
            batch[n] = item;
            n += 1;
        });
        self.shared.injector.push_all(
            batch[..n]
                .iter()
                .filter_map(|item| TaskRef::from_ptr(*item)),
        );
    }

    /// Gives everything that is queued here to the injector.
    pub(super) fn give_all_away(&self) {
        let next = self.take_next();
        let ring = std::iter::from_fn(|| self.slot().ring.pop().and_then(TaskRef::from_ptr));
        self.shared.injector.push_all(next.into_iter().chain(ring));
        // Also for what others have: a notification may have picked us, who cannot follow it.
        if self.shared.has_work() {
            self.shared.notify();
        }
    }

    /// What `f` wakes goes to the back of the ring, in its order.
    pub(super) fn woken_in_order(&self, f: impl FnOnce()) {
        self.in_order.set(true);
        f();
        self.in_order.set(false);
    }

    /// Wakes whoever's time has come. Says whether anybody was.
    pub(super) fn fire_timers(&self) -> bool {
        let Some(seat) = self.seat() else {
            return false;
        };
        let wheel = self.shared.wheels[seat];
        let next = wheel.next();
        if next == crate::time::wheel::NEVER {
            return false;
        }
        let now = clock::now();
        if next > now {
            return false;
        }
        // Taken out for the time of the wakes: a foreign waker may run anything.
        let mut expired = self.expired.take();
        // No more at a time than the ring can take: what overflows goes behind all that is new.
        wheel.expire(now, super::ring::SIZE / 2, &mut expired);
        let any = !expired.is_empty();
        self.woken_in_order(|| expired.drain(..).for_each(|(_, waker)| wake(waker)));
        if any && let Some(next) = self.take_next() {
            // Those that woke must not wait until two that hand over to each other have used up their time.
            self.push_ring(next);
        }
        if self.slot().ring.len() > 1 {
            // One of them is for us; somebody else may want the rest.
            self.shared.notify();
        }
        expired.shrink_to(1 << 12);
        self.expired.replace(expired);
        any
    }
}

/// A foreign waker may panic; the worker and the other timers must not suffer for it.
pub(crate) fn wake(waker: std::task::Waker) {
    if gaggle_base::waker::is_goroutine(&waker) {
        waker.wake();
    } else {
        let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| waker.wake()));
    }
}

/// Asks the system not to add its usual 50 microseconds to our sleeps; where it cannot, timers are that much later.
fn precise_timers() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1));
}
