//! Does everyone sleep for good? (semantics.md DL-01, DL-03, T33)
//!
//! All is over when no timer runs, nothing is queued, and each thread of the process is one of these:
//!
//! * a worker that sleeps, or waits to stand in for another, and that nobody has woken;
//! * a thread that sleeps inside gaggle ([`blocked`]) without a permit;
//! * a servant, which wakes nobody of its own accord: a monitor, the thread for signals.
//!
//! None of these can do anything until another one does. A call of the user's that blocks, a goroutine in a poll and a thread that gaggle knows nothing of can: they are never among them.
//!
//! # Why that is certain
//!
//! The threads are looked at one after the other, while they may wake each other. So everything is looked at twice.
//! A worker counts its sleeps, and the list of sleeping threads counts who comes and goes: if both looks give the same counts, each thread slept all the time from the first look to the second.
//! So at the instant between the two all of them slept at once, with no timer and no permit anywhere; and who sleeps at an instant at which everyone does sleeps for ever.
//! The system's list of threads is read between the two looks: a thread that it does not name did not exist then, and only a thread that was awake could have made one.

use crate::sched::Shared;
use gaggle_base::blocked::{self, Asleep};
use gaggle_base::sync::Ordering;
use std::collections::HashSet;
use std::sync::Arc;

/// What can still happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outlook {
    /// Something is under way.
    Alive,
    /// Nothing of gaggle's is, but there are threads that it knows nothing of.
    Unclear {
        /// How many.
        threads: usize,
    },
    /// Nothing, ever.
    Over,
}

/// What there is, as far as it changes when anybody does anything.
#[derive(PartialEq, Eq)]
struct Snapshot {
    sleeps: Vec<u64>,
    live: Vec<usize>,
    changes: u64,
    threads: HashSet<i32>,
}

impl Snapshot {
    /// `None`: somebody is awake.
    fn take(runtimes: &[Arc<Shared>]) -> Option<Self> {
        let (sleepers, changes) = blocked::sleepers();
        if sleepers.iter().any(|(_, depth)| *depth == Asleep::Woken) {
            return None;
        }
        let mut all = Self {
            sleeps: Vec::new(),
            live: Vec::new(),
            changes,
            threads: sleepers.iter().map(|(s, _)| s.thread).collect(),
        };
        for runtime in runtimes {
            if runtime.is_closing()
                || runtime.has_timers()
                || runtime.has_work()
                || runtime.descriptors.any()
            {
                return None;
            }
            let mut asleep = runtime.idle.asleep();
            asleep.extend(runtime.seats.waiting());
            for (number, slot) in runtime.slots.all().enumerate() {
                let thread = slot.thread.load(Ordering::SeqCst);
                if thread == 0 {
                    continue;
                }
                if asleep.contains(&number) {
                    all.threads.insert(thread);
                } else if !all.threads.contains(&thread) {
                    return None;
                }
                all.sleeps.push(slot.counters.parks.get());
            }
            all.live.push(runtime.live.count());
        }
        Some(all)
    }
}

/// The outlook for the runtimes, of which nobody else knows; `besides` is a thread that is not expected to wake anybody.
pub(super) fn outlook(runtimes: &[Arc<Shared>], besides: Option<i32>) -> Outlook {
    let Some(first) = Snapshot::take(runtimes) else {
        return Outlook::Alive;
    };
    let Some(threads) = blocked::threads_of_process() else {
        return Outlook::Unclear { threads: 1 };
    };
    if Snapshot::take(runtimes).as_ref() != Some(&first) {
        return Outlook::Alive;
    }
    let servants = blocked::servant_threads();
    let strangers = threads
        .iter()
        .filter(|t| !first.threads.contains(t) && !servants.contains(t) && besides != Some(**t));
    match strangers.count() {
        0 => Outlook::Over,
        threads => Outlook::Unclear { threads },
    }
}
