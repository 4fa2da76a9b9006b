//! The thread that notices workers that are stuck in one poll, and time slices that do not end (semantics.md GO-06, GO-07, T3).
//!
//! It looks every [`TICK`] while any worker is awake (five times as often if there are several, to balance them: `balance.rs`), and sleeps for good when all have slept for a while; the first worker to wake up wakes it.
//! An idle process therefore makes no system calls.
//!
//! * Same poll as one tick ago, and something waits that this worker would have to do: its seat goes to another (see `seats.rs`).
//! * Same time slice as one tick ago: the slice is over. The budget is set to zero, so that the next operation gives way, and whoever is handed over to goes to the back of the ring.
//!
//! Going to sleep: the monitor sets `asleep` and then looks at the counts in `Idle`; a worker that wakes up leaves the sleepers and then looks at `asleep`. All four are sequentially consistent, so one of the two sees the other.

use super::balance::{self, Balance};
use super::shared::Shared;
use super::slot::{NO_SEAT, Slot};
use crate::inspect::stuck::Suspect;
use crate::inspect::verdict::Watch;
use gaggle_base::blocked::Servant;
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::park::Parker;
use gaggle_base::sync::{AtomicU64, Ordering};
use gaggle_base::wait;
use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// How often the monitor looks: a worker is stuck after one to two of these.
const TICK: Nanos = 10_000_000;
/// After so many ticks in which all workers slept, the monitor sleeps too.
const QUIET_TICKS: u32 = 5;

pub(super) struct Monitor {
    parker: Parker,
    asleep: AtomicBool,
    /// How often a worker was found stuck in one poll.
    pub(super) stuck: AtomicU64,
}

/// What a slot looked like one tick ago.
#[derive(Clone, Copy, Default)]
struct Seen {
    turn: u64,
    slice: u64,
    blocking: bool,
    /// The last turn that was counted as stuck.
    counted: u64,
    /// The poll that goes on, in a runtime that reports who is stuck.
    suspect: Option<Suspect>,
}

impl Monitor {
    pub(super) fn new() -> Self {
        Self {
            parker: Parker::new(),
            asleep: AtomicBool::new(false),
            stuck: AtomicU64::new(0),
        }
    }

    pub(super) fn start(shared: &Arc<Shared>) -> io::Result<()> {
        let monitored = shared.clone();
        let name = format!("{}-monitor", shared.config.name);
        let thread = shared
            .config
            .driver
            .start_thread(name, Box::new(move || run(&monitored)))?;
        shared.keep_thread(thread);
        Ok(())
    }

    pub(super) fn wake(&self) {
        self.parker.unpark();
    }

    /// A worker has woken up, and has left the sleepers before this call.
    #[inline]
    pub(super) fn ensure_awake(&self) {
        if self.asleep.load(Ordering::SeqCst) && self.asleep.swap(false, Ordering::SeqCst) {
            self.parker.unpark();
        }
    }
}

fn run(shared: &Arc<Shared>) {
    let _servant = Servant::new();
    let monitor = &shared.monitor;
    let mut watch = Watch::default();
    let mut seen: Vec<Seen> = Vec::new();
    let mut balance = Balance::new();
    let (mut quiet, mut last_look) = (0, system_now());
    // One worker needs no balance.
    let parts = if shared.config.workers > 1 {
        (TICK / balance::TICK) as u32
    } else {
        1
    };
    while !shared.is_closing() {
        if quiet >= QUIET_TICKS {
            monitor.asleep.store(true, Ordering::SeqCst);
            watch.tick(shared);
            // Nobody can have woken us for what changes before the last look: whoever wakes up or goes to sleep from here on does.
            let again = watch.all_asleep(shared);
            let until = again.map(|pause| system_now() + pause);
            let undisturbed = all_sleep(shared) && !monitor.parker.park_until(until);
            if monitor.asleep.swap(false, Ordering::SeqCst) && undisturbed {
                // It was the time.
                continue;
            }
            quiet = 0;
            watch.awake();
        }
        let now = system_now();
        wait::set_coarse_time(now);
        monitor
            .parker
            .park_until(Some(now + TICK / u64::from(parts)));
        if parts > 1 {
            rebalance(shared, &mut balance);
        }
        // By the clock, not by the count of sleeps: where the system wakes us late, each of them would add to the tick.
        let now = system_now();
        if now.saturating_sub(last_look) < TICK - TICK / 10 {
            continue;
        }
        last_look = now;
        watch.tick(shared);
        quiet = if all_sleep(shared) { quiet + 1 } else { 0 };
        seen.resize(shared.slots.used(), Seen::default());
        let neglected = shared.descriptors.neglected();
        if neglected {
            // Somebody who sleeps can wait for them as well.
            shared.notify_always();
        }
        for (slot, seen) in shared.slots.all().zip(&mut seen) {
            look(shared, slot, seen, neglected);
        }
    }
    // The last to leave. A goroutine that is neither queued nor parked nor in a poll is in the hands of whoever wakes it and about to be queued;
    // it needs `shared`, which it does not count, so `shared` stays until there is none.
    let _entered = crate::runtime::enter(shared.clone());
    while shared.live.count() > 0 {
        shared.sweep();
        monitor.parker.park_until(Some(system_now() + TICK));
    }
}

/// Does everyone who has a seat sleep?
fn all_sleep(shared: &Shared) -> bool {
    shared.idle.counts().all_sleep(shared.config.workers)
}

/// Counts the steps of the last tick and sets the mode for the next.
fn rebalance(shared: &Arc<Shared>, balance: &mut Balance) {
    let steps = shared
        .slots
        .all()
        .map(|slot| slot.counters.steps.get())
        .sum();
    let counts = shared.idle.counts();
    let running = (shared.config.workers as u64).saturating_sub(counts.parked() + counts.vacant());
    let gather = balance.tick(steps, running);
    if shared.gather.swap(gather, Ordering::SeqCst) && !gather && shared.has_work() {
        // What was queued without a notification.
        shared.notify();
    }
}

fn look(shared: &Arc<Shared>, slot: &Slot, seen: &mut Seen, neglected: bool) {
    let now = Seen {
        turn: slot.turn.load(Ordering::Relaxed),
        slice: slot.slice.load(Ordering::Relaxed),
        blocking: slot.blocking.load(Ordering::Relaxed),
        counted: seen.counted,
        suspect: match seen.suspect {
            before if shared.config.report_stuck => Suspect::look(before, shared, slot),
            _ => None,
        },
    };
    let before = std::mem::replace(seen, now);
    let polling = now.turn % 2 == 1;
    if now.slice == before.slice && (polling || now.turn != before.turn) {
        slot.slice_over.store(true, Ordering::Relaxed);
        if let Some(budget) = *slot.budget.lock() {
            // SAFETY: the thread removes its cell, under this lock, before it ends.
            unsafe { budget.exhaust() };
        }
    }
    if !polling || now.turn != before.turn {
        slot.stuck_since.store(0, Ordering::Relaxed);
        return;
    }
    if slot.stuck_since.load(Ordering::Relaxed) == 0 {
        slot.stuck_since
            .store(system_now().saturating_sub(TICK), Ordering::Relaxed);
    }
    if !now.blocking && !before.blocking && now.counted != now.turn {
        seen.counted = now.turn;
        shared.monitor.stuck.fetch_add(1, Ordering::Relaxed);
    }
    let seat = slot.seat.load(Ordering::SeqCst);
    if seat == NO_SEAT {
        // Its seat went when it blocked; what it has queued since then is for others.
        if slot.has_loot() {
            // Nobody may be idle, so nobody may come for it who is not told.
            shared.stranded.store(true, Ordering::Relaxed);
            shared.notify_always();
        }
        return;
    }
    let timer_due = shared.wheels[seat].next() <= system_now() + TICK;
    let next_waits = !slot.next.load(Ordering::Relaxed).is_null();
    if (next_waits || timer_due || neglected || slot.ring.len() > 0 || shared.injector.len() > 0)
        && slot
            .seat
            .compare_exchange(seat, NO_SEAT, Ordering::SeqCst, Ordering::Relaxed)
            .is_ok()
    {
        shared.hand_over(seat);
        // Its poll may have ended since we looked, and it may be asleep: a worker without a seat is not to be among the sleepers.
        slot.parker.unpark();
    }
}
