//! How many workers are active: blocking hand-off, spare threads (semantics.md GO-08, T4).
//!
//! A runtime of N workers has N seats. A worker without a seat runs nothing new. So "active and not stuck" never exceeds N.
//! With each seat goes a timing wheel, which the worker on the seat looks after; run queues do not change owner.
//!
//! * A worker that is about to block **leaves its seat** ([`HOOKS`]); from one that is stuck the monitor **takes it away**.
//!   Either way one read-modify-write of `Slot::seat` from a number to `NO_SEAT` decides who has the seat.
//! * The seat is given to a **spare** worker, or to a new thread, if anything waits (a goroutine, a timer); that worker steals what the blocked one has queued, its `next` included.
//!   If nothing waits, the seat stays **vacant**, which costs no thread; a later notification fills it.
//! * A worker that returns takes a vacant seat if there is one. Otherwise it finishes its goroutine's poll, gives away what it has queued and becomes a spare. Spares end after some idle seconds.
//!
//! The locks here (`vacant`, `spares`) are never held together.

use super::here::with_current;
use super::shared::Shared;
use super::slot::NO_SEAT;
use super::worker::Worker;
use crate::time::wheel::{NEVER, NOBODY};
use gaggle_base::clock;
use gaggle_base::context::BlockingHooks;
use gaggle_base::spin::{Backoff, SpinLock};
use gaggle_base::sync::{AtomicU64, Ordering};
use std::io::{self, Write};
use std::sync::Arc;

/// How long a spare thread waits for a seat before it ends.
const SPARE_NANOS: u64 = 10_000_000_000;

pub(crate) struct Seats {
    /// Seats that nobody has; counted in `Idle` too.
    vacant: SpinLock<Vec<usize>>,
    /// Workers that wait for a seat.
    spares: SpinLock<Vec<usize>>,
    hand_offs: AtomicU64,
}

/// What happens around a blocking call in a goroutine.
pub(super) static HOOKS: BlockingHooks = BlockingHooks {
    enter: || with_current(Worker::begin_blocking).unwrap_or(false),
    leave: || {
        with_current(Worker::end_blocking);
    },
};

impl Seats {
    pub(crate) fn new() -> Self {
        Self {
            vacant: SpinLock::new(Vec::new()),
            spares: SpinLock::new(Vec::new()),
            hand_offs: AtomicU64::new(0),
        }
    }

    /// The numbers of the workers that wait for a seat.
    pub(crate) fn waiting(&self) -> Vec<usize> {
        self.spares.lock().clone()
    }

    /// How often a seat was left or taken away.
    pub(crate) fn hand_offs(&self) -> u64 {
        self.hand_offs.load(Ordering::Relaxed)
    }

    /// How many workers wait for a seat.
    pub(crate) fn spares(&self) -> usize {
        self.spares.lock().len()
    }
}

impl Worker {
    /// Says whether there is anything to be undone: a call inside of another changes nothing.
    fn begin_blocking(&self) -> bool {
        let blocking = &self.slot().blocking;
        if blocking.load(Ordering::Relaxed) {
            return false;
        }
        blocking.store(true, Ordering::Relaxed);
        let seat = self.slot().seat.swap(NO_SEAT, Ordering::SeqCst);
        if seat != NO_SEAT {
            self.shared.hand_over(seat);
        }
        true
    }

    fn end_blocking(&self) {
        self.slot().blocking.store(false, Ordering::Relaxed);
        self.shared.sit_if_vacant(self.number);
    }

    /// Waits for a seat. `false`: the thread is to end.
    pub(super) fn stand_by(&self) -> bool {
        let shared = &self.shared;
        if shared.sit_if_vacant(self.number) {
            return true;
        }
        if self.searching.replace(false) {
            // `give_all_away` passes the notification on.
            let _ = shared.idle.stop_searching();
        }
        self.give_all_away();
        shared.seats.spares.lock().push(self.number);
        // A seat for which there was no thread a moment ago: we are one.
        if shared.has_work() {
            shared.fill_vacancy();
        }
        loop {
            let permit = self
                .slot()
                .parker
                .park_until(Some(clock::system_now() + SPARE_NANOS));
            if self.slot().has_seat() {
                return true;
            }
            if permit && !shared.is_closing() {
                continue;
            }
            let mut spares = shared.seats.spares.lock();
            if let Some(at) = spares.iter().position(|n| *n == self.number) {
                spares.remove(at);
                return false;
            }
            drop(spares);
            // Somebody has just taken us from the list and is about to give us a seat.
            let mut backoff = Backoff::new();
            while !self.slot().has_seat() {
                backoff.wait();
            }
            return true;
        }
    }
}

impl Shared {
    /// Starts a thread for `seat`.
    pub(super) fn start_worker(self: &Arc<Self>, seat: usize) -> io::Result<()> {
        let number = self.slots.allocate().ok_or_else(|| {
            let most = self.config.max_threads;
            io::Error::other(format!(
                "the runtime `{}` already has its {most} threads",
                self.config.name
            ))
        })?;
        self.sit(number, seat);
        let shared = self.clone();
        let name = format!("{}-{number}", self.config.name);
        let body = Box::new(move || {
            let _guard = shared.thread_guard();
            Worker::main(shared, number);
        });
        match self.config.driver.start_thread(name, body) {
            Ok(thread) => {
                self.keep_thread(thread);
                Ok(())
            }
            Err(error) => {
                self.slots.get(number).seat.store(NO_SEAT, Ordering::SeqCst);
                self.wheels[seat].keeper.store(NOBODY, Ordering::SeqCst);
                self.slots.release(number);
                Err(error)
            }
        }
    }

    fn sit(&self, number: usize, seat: usize) {
        self.slots.get(number).seat.store(seat, Ordering::SeqCst);
        self.wheels[seat].keeper.store(number, Ordering::SeqCst);
    }

    /// Takes a vacant seat for worker `number`, if there is one.
    fn sit_if_vacant(&self, number: usize) -> bool {
        let mut vacant = self.seats.vacant.lock();
        let Some(seat) = vacant.pop() else {
            return false;
        };
        self.idle.vacancy(false);
        drop(vacant);
        // One that is awake more than the monitor knew.
        self.monitor.ensure_awake();
        self.sit(number, seat);
        true
    }

    /// A worker has lost `seat` (the caller took it): somebody else is to have it, if anything waits.
    pub(super) fn hand_over(self: &Arc<Self>, seat: usize) {
        self.seats.hand_offs.fetch_add(1, Ordering::Relaxed);
        let wheel = self.wheels[seat];
        wheel.keeper.store(NOBODY, Ordering::SeqCst);
        let timers = wheel.next() != NEVER;
        if timers || (self.has_work() && self.idle.counts().parked() == 0) {
            self.give_seat(seat);
            return;
        }
        self.leave_vacant(seat);
        // Whoever queued something before it could see the vacancy has queued it where we see it now; a timer likewise.
        if wheel.next() != NEVER {
            self.fill_seat(seat);
        } else if self.has_work() {
            self.notify_always();
        }
    }

    fn leave_vacant(&self, seat: usize) {
        let mut vacant = self.seats.vacant.lock();
        vacant.push(seat);
        self.idle.vacancy(true);
    }

    /// Fills some vacant seat.
    pub(super) fn fill_vacancy(self: &Arc<Self>) {
        self.fill(std::vec::Vec::pop);
    }

    /// Fills `seat` if it is vacant.
    pub(super) fn fill_seat(self: &Arc<Self>, seat: usize) {
        self.fill(|vacant| {
            vacant
                .iter()
                .position(|s| *s == seat)
                .map(|at| vacant.remove(at))
        });
    }

    fn fill(self: &Arc<Self>, choose: impl FnOnce(&mut Vec<usize>) -> Option<usize>) {
        let mut vacant = self.seats.vacant.lock();
        let Some(seat) = choose(&mut vacant) else {
            return;
        };
        self.idle.vacancy(false);
        drop(vacant);
        // One that is awake more than the monitor knew.
        self.monitor.ensure_awake();
        self.give_seat(seat);
    }

    /// Gives `seat` to a spare worker, or to a new one.
    fn give_seat(self: &Arc<Self>, seat: usize) {
        if self.is_closing() {
            return;
        }
        let spare = self.seats.spares.lock().pop();
        if let Some(number) = spare {
            self.sit(number, seat);
            self.slots.get(number).parker.unpark();
        } else if let Err(error) = self.start_worker(seat) {
            // Goroutines wait until a blocked worker returns, which takes the seat.
            self.leave_vacant(seat);
            if !self.seats.spares.lock().is_empty() {
                // One became free meanwhile.
                self.fill_seat(seat);
                return;
            }
            self.report_no_thread(&error);
        }
    }

    fn report_no_thread(&self, error: &io::Error) {
        if !self
            .seats_reported
            .swap(true, std::sync::atomic::Ordering::Relaxed)
        {
            let text = format!(
                "gaggle: no thread to stand in for a blocked worker ({error}); goroutines wait until one returns. \
                 Further cases are not reported.\n"
            );
            // There is nobody to tell that stderr is gone.
            let _ = io::stderr().write_all(text.as_bytes());
        }
    }
}
