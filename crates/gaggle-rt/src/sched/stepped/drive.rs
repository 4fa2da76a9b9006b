//! The loop: take a goroutine, poll it, let time go on, see the end.

use super::plan::{Halt, Ready, Run, What};
use super::world::World;
use crate::inspect;
use crate::sched::here::poll_driven;
use crate::task::{Header, JoinError, JoinHandle, hold};
use crate::time::wheel::NEVER;
use gaggle_base::blocked;
use gaggle_base::clock::Nanos;
use gaggle_base::listing;
use gaggle_base::steps::Kind;
use gaggle_base::sync::Ordering;
use gaggle_base::thread::nap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// What unwinds out of a call that blocks its thread and can never come back.
pub(super) struct GivenUp;

/// A run that cannot go on waits for so long, so many times, for a thread that it does not know.
/// It is counted and not measured: on a busy machine, where that thread comes late, each takes longer.
const NAP: Duration = Duration::from_micros(200);
const NAPS: u32 = 40;
/// As long as there is a thread that could be the one, so many.
const MOST_NAPS: u32 = 5_000;

impl World<'_> {
    /// The whole run.
    pub(super) fn play<T: Send + 'static>(&self, mut root: JoinHandle<T>) -> Run<T> {
        let finished = self.drive(&|| root.is_finished());
        if finished {
            // Time has ended with the root; the others may still do what they can do at once (semantics.md ST-09).
            self.timeless.set(true);
            self.drive(&|| false);
        }
        let halt = match self.halt.borrow_mut().take() {
            // The others have come to a stop, as they should.
            Some(Halt::Stuck) if finished => Halt::Returned,
            None => Halt::Returned,
            Some(halt) => halt,
        };
        let output = if finished { take(&mut root) } else { None };
        self.look_at_who_is_left();
        let left = self.left.take();
        let doubled = match &left {
            Some(_) => inspect::doubled_waits(self.shared),
            None => Vec::new(),
        };
        let stepping = self.shared.config.stepping.as_ref();
        Run {
            halt,
            output,
            left,
            doubled,
            fallen: stepping
                .map(super::Stepping::take_fallen)
                .unwrap_or_default(),
            foreign: stepping.is_some_and(|s| s.foreign.load(Ordering::Relaxed)),
            steps: self.steps.get(),
            now: self.now(),
            fingerprint: self.fingerprint(),
            events: self.events.take().into(),
            names: self.names.take(),
            reached: self.reached.take(),
        }
    }

    /// Runs goroutines until `done` says so. `false`: the run is to stop, for the reason that is noted.
    pub(super) fn drive(&self, done: &dyn Fn() -> bool) -> bool {
        let stepping = self.shared.config.stepping.as_ref();
        loop {
            if self.is_stopped() {
                return false;
            }
            if done() {
                return true;
            }
            if stepping.is_some_and(super::Stepping::has_fallen) {
                self.stop(Halt::Panicked);
                continue;
            }
            if self.is_due() {
                self.fire_next(self.now());
            }
            self.collect();
            if self.ready.borrow().is_empty() {
                if !self.go_on_without_any() {
                    let could = self.blocked.borrow().iter().any(|call| (call.ready)());
                    self.stop(if could { Halt::Entangled } else { Halt::Stuck });
                }
                continue;
            }
            self.take_turn();
        }
    }

    /// The one that was chosen takes a step, or one that is chosen now; or a timer fires early.
    pub(super) fn take_turn(&self) {
        let chosen = if let Some(chosen) = self.next.take() {
            chosen
        } else {
            let ready = self.ready.borrow().len();
            if ready == 0 || (self.plan.early && self.fires_early()) {
                return;
            }
            self.ask(Kind::Next, ready, 0.0)
        };
        let next = self.ready.borrow_mut().remove(chosen);
        if let Some(next) = next {
            self.step(next);
        }
    }

    /// Is there a timer whose time has come? It does not wait until nobody can run (semantics.md ST-11).
    fn is_due(&self) -> bool {
        !self.timeless.get() && self.shared.wheels[0].next() <= self.now()
    }

    /// Nothing is ready. `false`: nothing ever will be.
    fn go_on_without_any(&self) -> bool {
        let settling = self.settling.borrow_mut().take();
        if let Some(waker) = settling {
            waker.wake();
            return true;
        }
        if !self.timeless.get() && self.fire_next(NEVER - 1) {
            if self.now() > self.plan.max_time {
                self.stop(Halt::Time);
            }
            return true;
        }
        !self.timeless.get() && self.waits_for_a_stranger()
    }

    /// Nobody can go on. But a thread of the program's own may be about to wake somebody, which is worth knowing.
    fn waits_for_a_stranger(&self) -> bool {
        if !self.plan.patient {
            return false;
        }
        for round in 0.. {
            if self.shared.injector.len() > 0 {
                return true;
            }
            // Not by the clock: on a machine that is busy the other thread is late, too.
            if round >= NAPS && (round >= MOST_NAPS || !self.has_stranger()) {
                return false;
            }
            nap(NAP);
        }
        false
    }

    /// Has the process a thread that was not there before, and that is none of a simulation's?
    fn has_stranger(&self) -> bool {
        let threads = blocked::threads_of_process().unwrap_or_default();
        let ours = super::simulating();
        threads
            .iter()
            .any(|thread| !self.plan.elders.contains(thread) && !ours.contains(thread))
    }

    /// Polls a goroutine once.
    fn step(&self, next: Ready) {
        let outer = (self.current.replace(next.id), self.ops.replace(0));
        self.granted.set(next.preempted);
        self.preempted.set(false);
        self.plan
            .progress
            .goroutine
            .store(next.id, Ordering::Relaxed);
        let lock_waits = listing::lock_waits();
        // SAFETY: it was taken from the injector, so it is not done.
        let held = (self.plan.trace > 0).then(|| unsafe { hold(next.task) });
        // SAFETY: it was taken from the injector of this runtime, and is polled on this thread only.
        let again = unsafe { poll_driven(next.task, self.shared) };
        self.current.set(outer.0);
        self.ops.set(outer.1);
        self.granted.set(false);
        self.mix(next.id << 1 | u64::from(again));
        self.count_step();
        let preempted = self.preempted.replace(false);
        if let Some(held) = held {
            // SAFETY: `held` keeps it alive.
            self.note_after(unsafe { next.task.header() }, again, preempted);
            drop(held);
        }
        if again {
            if !preempted {
                self.guide_yielded(next.id);
            }
            self.collect();
            self.ready
                .borrow_mut()
                .push_back(Ready { preempted, ..next });
        } else if listing::lock_waits() != lock_waits {
            let cycles = inspect::lock_cycles(self.shared);
            if !cycles.is_empty() {
                self.stop(Halt::LockCycle(cycles));
            }
        }
    }

    fn note_after(&self, header: &Header, again: bool, preempted: bool) {
        let id = header.id().as_u64();
        let waiting = header.wait.get();
        if header.is_done() {
            self.note(id, What::Ended);
        } else if !again {
            self.note(id, What::Waits(waiting));
        } else if !preempted {
            self.note(id, What::Yielded);
        }
    }

    fn fires_early(&self) -> bool {
        if self.timeless.get() || self.shared.wheels[0].next() == NEVER {
            return false;
        }
        if self.ask(Kind::Early, 2, 0.0) == 0 {
            return false;
        }
        self.note(0, What::Early);
        self.fire_next(NEVER - 1)
    }

    /// The clock moves to the next deadline, if that is not after `limit`, and what is due then fires. `false`: there is none.
    pub(super) fn fire_next(&self, limit: Nanos) -> bool {
        let wheel = self.shared.wheels[0];
        // A waker may come back here, by `advance`, so it is not borrowed meanwhile.
        let mut expired = self.expired.take();
        while expired.is_empty() {
            // It may be earlier than the deadline (Wh3): the wheel then looks in vain, and the clock stays where it is.
            let next = wheel.next().max(self.now());
            if next > limit {
                self.expired.replace(expired);
                return false;
            }
            wheel.expire(next, usize::MAX, &mut expired);
            if !expired.is_empty() {
                self.move_clock(next);
            }
        }
        self.note(0, What::Clock);
        for equal in expired.chunk_by_mut(|a, b| a.0 == b.0) {
            let first = self.ask(Kind::Tie, equal.len(), 0.0);
            equal[..=first].rotate_right(1);
        }
        expired.drain(..).for_each(|(_, waker)| waker.wake());
        self.expired.replace(expired);
        true
    }

    pub(super) fn move_clock(&self, to: Nanos) {
        if to > self.now() {
            self.time.now.store(to, Ordering::Relaxed);
            self.moved_at.set(self.steps.get());
            self.mix(to);
        }
    }
}

/// What has come of a goroutine that has ended.
fn take<T>(root: &mut JoinHandle<T>) -> Option<Result<T, JoinError>> {
    match Pin::new(root).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(result) => Some(result),
        Poll::Pending => None,
    }
}
