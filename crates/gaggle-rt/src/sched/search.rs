//! A worker without work: steal, spin, sleep. The argument that no wake-up is lost is in `README.md`.

use super::slot::{NO_SEAT, Slot};
use super::worker::Worker;
use crate::task::TaskRef;
use crate::time::wheel::NEVER;
use gaggle_base::clock::{self, Nanos};
use gaggle_base::sync::{Ordering, spin_loop};
use gaggle_base::wait;
use std::ptr;

/// What a search ended with.
pub(super) enum Found {
    Task(TaskRef),
    /// Something has changed: timers fired, the worker slept, the runtime closes.
    LookAgain,
}

/// How often a searching worker looks at all queues before it sleeps, at most, and how long it pauses in between.
/// Together a few microseconds: a futex round trip costs more than that.
pub(super) const MAX_ROUNDS: u32 = 40;
const PAUSE: u32 = 8;

/// A worker does not sleep for less than this: a timer that is further away is met exactly.
const SHORTEST_SLEEP: Nanos = 40_000;
/// Where timers follow each other closely (the last sleep ended with one, before this time), they are served together: the shortest sleep is this.
/// Waking up for each would cost three times the processor time.
const DENSE_SLEEP: Nanos = 150_000;
const DENSE: Nanos = 250_000;

impl Worker {
    /// Looks for work elsewhere, and sleeps if there is none.
    pub(super) fn search(&self) -> Found {
        if self.fire_timers() {
            return Found::LookAgain;
        }
        let workers = self.shared.config.workers;
        if !self.searching.get() && self.shared.idle.start_searching(workers) {
            self.searching.set(true);
        }
        if self.searching.get() {
            let rounds = if self.would_poll() {
                1
            } else {
                self.patience.get()
            };
            for round in 0..rounds {
                if let Some(task) = self.steal() {
                    if round > 0 {
                        self.patience.set(MAX_ROUNDS);
                    }
                    self.found();
                    return Found::Task(task);
                }
                if self.shared.is_closing() {
                    return Found::LookAgain;
                }
                (0..PAUSE).for_each(|_| spin_loop());
            }
            // Nothing came: the next search is shorter. It is long again once a search was worth it, or would have been.
            self.patience.set((self.patience.get() / 2).max(1));
        }
        self.sleep();
        Found::LookAgain
    }

    /// The search was successful. If nobody else searches now, somebody has to look for the rest.
    pub(super) fn found(&self) {
        if self.searching.replace(false)
            && self.shared.idle.stop_searching()
            && self.shared.has_work_for_me()
        {
            self.shared.notify();
        }
    }

    /// One round over everything: each worker once, from a random one on (GO-10).
    fn steal(&self) -> Option<TaskRef> {
        let leave = self.shared.leaves_work_to_others();
        if !leave && let Some(task) = self.take_injected() {
            return Some(task);
        }
        let used = self.shared.slots.used();
        let start = if used > 1 {
            self.rng.borrow_mut().below(used as u32) as usize
        } else {
            0
        };
        for i in 0..used {
            let number = (start + i) % used;
            let victim = self.shared.slots.get(number);
            if number == self.number || (leave && victim.has_seat()) {
                continue;
            }
            if let Some(task) = self.steal_from(victim) {
                self.slot().counters.steals.bump();
                return Some(task);
            }
        }
        None
    }

    fn steal_from(&self, victim: &Slot) -> Option<TaskRef> {
        if let Some(task) = victim.ring.steal_into(&self.slot().ring) {
            return TaskRef::from_ptr(task);
        }
        // A worker with a seat comes to its `next` by itself, in a moment; one without may be stuck.
        if victim.seat.load(Ordering::Acquire) == NO_SEAT
            && !victim.next.load(Ordering::Relaxed).is_null()
        {
            return TaskRef::from_ptr(victim.next.swap(ptr::null_mut(), Ordering::AcqRel));
        }
        None
    }

    /// Sleeps until there is work or a timer is due.
    fn sleep(&self) {
        let (idle, slot) = (&self.shared.idle, self.slot());
        idle.park(self.number, self.searching.replace(false));
        // Whoever queued something before it could see us among the sleepers has queued it where we see it now.
        if self.shared.has_work_for_me() || self.shared.is_closing() {
            self.wake_up(false);
            return;
        }
        let next = self
            .seat()
            .map_or(NEVER, |seat| self.shared.wheels[seat].next());
        slot.counters.parks.bump();
        let deadline = if next == NEVER {
            NEVER
        } else {
            self.soonest(next)
        };
        let Err(_) = self.sleep_in_poll(deadline, |permit| self.wake_up(permit)) else {
            self.dense.set(false);
            return;
        };
        let permit = if next == NEVER {
            slot.parker.park_until(None)
        } else {
            let now = clock::now();
            let permit = slot.parker.park_until(Some(deadline));
            self.dense.set(!permit && next < now + DENSE);
            permit
        };
        self.wake_up(permit);
    }

    /// Until when to sleep for a timer that is due at `next`.
    fn soonest(&self, next: Nanos) -> Nanos {
        let shortest = if self.dense.get() {
            DENSE_SLEEP
        } else {
            SHORTEST_SLEEP
        };
        next.max(clock::now() + shortest)
    }

    /// We are awake: either a notification took us from the sleepers and counts us as searching, or we leave them ourselves.
    fn wake_up(&self, permit: bool) {
        wait::set_coarse_time(clock::system_now());
        self.leave_sleepers(permit);
        self.shared.monitor.ensure_awake();
    }

    fn leave_sleepers(&self, permit: bool) {
        if !self.shared.idle.unpark(self.number) {
            self.searching.set(true);
            self.patience.set(MAX_ROUNDS);
            if !permit {
                // The notification's permit is on the way; if it stayed, it would end a later sleep for nothing.
                self.slot().parker.park();
            }
        }
    }
}
