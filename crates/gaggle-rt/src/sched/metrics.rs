//! What a runtime has counted, put together from where it was counted (semantics.md RT-07).
//!
//! Reading stops nobody: the figures are read one after the other while the workers go on.

use super::shared::Shared;
use super::slot::{Counters, Slot};
use crate::runtime::{Histogram, Metrics, Recorder};
use gaggle_base::sync::Ordering;

impl Shared {
    pub(crate) fn metrics(&self) -> Metrics {
        let slots: Vec<&Slot> = self.slots.all().collect();
        let how_many = |f: fn(&Slot) -> bool| slots.iter().filter(|s| f(s)).count();
        let sum = |f: fn(&Slot) -> u64| slots.iter().map(|s| f(s)).sum();
        let merged = |f: fn(&Counters) -> &Recorder| {
            let mut all = Histogram::default();
            slots.iter().for_each(|s| all.add(f(&s.counters)));
            all
        };
        let local_queues: Vec<usize> = slots.iter().map(|s| s.queued()).collect();
        let local_queue: usize = local_queues.iter().sum();
        let global_queue = self.injector.len();
        let queued = local_queue + global_queue;
        let running = how_many(|s| s.is_polling() && !is_blocking(s));
        let blocking = how_many(|s| s.is_polling() && is_blocking(s));
        // A goroutine may have been seen in two states, or may have ended since.
        let goroutines = self.live.count();
        let running = running.min(goroutines);
        let blocking = blocking.min(goroutines - running);
        let runnable = queued.min(goroutines - running - blocking);
        Metrics {
            name: self.config.name.clone(),
            workers: self.config.workers,
            threads: how_many(|s| s.budget.lock().is_some()),
            spare_threads: self.seats.spares(),
            blocking_threads: how_many(is_blocking),
            goroutines,
            running,
            runnable,
            blocking,
            waiting: goroutines - running - blocking - runnable,
            started: self.live.started(),
            polls: sum(|s| s.turn.load(Ordering::Relaxed) / 2),
            steals: sum(|s| s.counters.steals.get()),
            parks: sum(|s| s.counters.parks.get()),
            hand_offs: self.seats.hand_offs(),
            stuck: self.monitor.stuck.load(Ordering::Relaxed),
            panics: self.panics.count(),
            queued,
            local_queue,
            local_queues,
            global_queue,
            timers: self.wheels.iter().map(|wheel| wheel.len()).sum(),
            poll_time: merged(|c| &c.poll_time),
            sched_delay: merged(|c| &c.sched_delay),
        }
    }
}

fn is_blocking(slot: &Slot) -> bool {
    slot.blocking.load(Ordering::Relaxed)
}
