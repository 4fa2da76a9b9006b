//! What the driven code asks of whoever drives its thread.

use super::drive::GivenUp;
use super::plan::What;
use super::world::{Blocked, MOST_OPS, World};
use gaggle_base::clock::Nanos;
use gaggle_base::site::Site;
use gaggle_base::steps::{Kind, Op, Steps};
use std::panic::resume_unwind;
use std::sync::Arc;
use std::task::Waker;

impl Steps for World<'_> {
    fn gives_way(&self, op: &Op) -> bool {
        if self.closed.get() || self.current.get() == 0 {
            return false;
        }
        if self.granted.replace(false) {
            return false;
        }
        self.mix(self.current.get() << 8 | op.reason as u64);
        self.note(self.current.get(), What::Op(*op));
        if self.count_step() {
            return true;
        }
        let ops = self.ops.get() + 1;
        self.ops.set(ops);
        if ops > MOST_OPS {
            // To a scheduler that is as if it had done so of its own accord: one that goes by priorities would let it run for ever.
            self.guide_yielded(self.current.get());
            self.preempted.set(true);
            return true;
        }
        if !self.switches_at_ops() {
            return false;
        }
        self.collect();
        let others = self.ready.borrow().len();
        if others == 0 {
            return false;
        }
        let Some(chosen) = self.ask(Kind::Switch, others + 1, 0.0).checked_sub(1) else {
            return false;
        };
        self.next.set(Some(chosen));
        self.preempted.set(true);
        if self.plan.trace > 0 {
            let to = self.ready.borrow()[chosen].id;
            self.note(self.current.get(), What::GaveWay(to));
        }
        true
    }

    fn choose(&self, kind: Kind, options: usize) -> usize {
        self.ask(kind, options, 0.0)
    }

    fn run_until(&self, ready: Arc<dyn Fn() -> bool>) {
        // It may only have given way before an operation: then one other has its turn, and the operation is not asked about again.
        let gave_way = self.preempted.replace(false);
        self.blocked.borrow_mut().push(Blocked {
            goroutine: self.current.get(),
            ready: ready.clone(),
        });
        if gave_way {
            self.take_turn();
        }
        let came = self.drive(&*ready);
        if !came {
            self.look_at_who_is_left();
        }
        self.blocked.borrow_mut().pop();
        if !came {
            resume_unwind(Box::new(GivenUp));
        }
        self.granted.set(gave_way);
        self.ops.set(0);
    }

    fn random(&self) -> u64 {
        let value = self.guide_random();
        self.mix(value);
        value
    }

    fn faults(&self, probability: f64) -> bool {
        self.ask(Kind::Fault, 2, probability) == 1
    }

    fn advance(&self, by: Nanos) {
        if self.closed.get() {
            return;
        }
        let target = self.now().saturating_add(by);
        while self.fire_next(target) {}
        self.move_clock(target);
    }

    fn settles(&self, waker: Waker) -> bool {
        let mut settling = self.settling.borrow_mut();
        if settling
            .as_ref()
            .is_some_and(|other| !other.will_wake(&waker))
        {
            return false;
        }
        *settling = Some(waker);
        true
    }

    fn started(&self, goroutine: u64, site: Site) {
        self.mix(goroutine);
        if self.plan.trace > 0 {
            self.note(self.current.get(), What::Started(goroutine, site));
        }
    }

    fn closed(&self, channel: u64) {
        let current = self.current.get();
        if self.plan.trace > 0 && !self.closed.get() && current > 0 {
            self.note(current, What::Closed(channel));
        }
    }

    fn observe(&self, value: u64) {
        self.mix(value);
    }

    fn reached(&self, place: &'static str) {
        *self.reached.borrow_mut().entry(place).or_default() += 1;
    }
}
