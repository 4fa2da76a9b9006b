//! A look at everything.
//!
//! The live list is walked a shard at a time under that shard's lock, and only numbers are copied there; names, places and objects are looked up afterwards.
//! So a hundred thousand goroutines are seen in some milliseconds, and a goroutine that starts or ends meanwhile waits for a part of that.

use super::about::{self, About};
use super::dump::{
    Dump, GoState, Goroutine, Object, RuntimeDump, Thread, VERSION, Worker, WorkerState,
};
use super::{cycles, names, runtimes};
use crate::runtime::{self, GoId};
use crate::sched::Shared;
use crate::task::Look;
use gaggle_base::blocked;
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::listing;
use gaggle_base::site::Site;
use gaggle_base::sync::Ordering;
use gaggle_base::wait::{Reason, Waiting, Who};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// A look at the goroutines of the current runtime: the one that the calling goroutine runs on, or that the thread is inside of, else the default one.
///
/// Nobody stops for it. It works also while every worker spins, from any thread.
///
/// # Examples
/// ```
/// # gaggle_rt::block_on(async {
/// let (_tx, waits) = (0, gaggle_rt::go(std::future::pending::<()>()));
/// gaggle_rt::yield_now().await;
/// let dump = gaggle_rt::runtime::dump();
/// assert!(dump.goroutines().any(|g| g.id == waits.id().as_u64()));
/// println!("{dump}");
/// # });
/// ```
#[must_use]
pub fn dump() -> Dump {
    look_at(&[runtime::with_runtime(Arc::clone)])
}

/// A look at the goroutines of all runtimes of the process.
#[must_use]
pub fn dump_all() -> Dump {
    look_at(&runtimes::all())
}

/// A look at one runtime.
pub(crate) fn look_at_one(runtime: &Arc<Shared>) -> Dump {
    look_at(std::slice::from_ref(runtime))
}

/// A goroutine that was seen blocks its thread, and no worker knows.
pub(crate) fn mark_blocked(shared: &Shared, seen: &mut Goroutine) {
    shared.live.for_each(|header, _| {
        if header.id().as_u64() == seen.id {
            let waiting = header.wait.get();
            seen.reason = Some(reason(&waiting));
            seen.at = (waiting.site != Site::UNKNOWN).then(|| waiting.site.to_string());
        }
    });
    seen.state = GoState::Blocked;
}

/// A look at some runtimes.
pub(crate) fn look_at(runtimes: &[Arc<Shared>]) -> Dump {
    let now = system_now();
    let objects = objects();
    let abouts = about::ask();
    Dump {
        version: VERSION,
        process: std::process::id(),
        threads: threads(&objects),
        lock_cycles: cycles::find(runtimes)
            .0
            .into_iter()
            .map(|cycle| cycle.iter().map(|who| who.id()).collect())
            .collect(),
        runtimes: runtimes
            .iter()
            .map(|r| of(r, &objects, &abouts, now))
            .collect(),
    }
}

type Objects = HashMap<u64, Object>;

/// Everything that says something about itself, by its address.
fn objects() -> Objects {
    let mut objects = Objects::new();
    listing::for_each(|entry| {
        let seen = entry.thing.describe();
        let figures = seen
            .figures
            .iter()
            .map(|(name, n)| ((*name).to_owned(), *n));
        objects.entry(seen.address).or_insert_with(|| Object {
            kind: seen.kind.to_owned(),
            name: seen.name.as_deref().map(str::to_owned),
            address: seen.address,
            figures: figures.collect(),
            holder: seen.holder.map(Who::id),
        });
    });
    objects
}

/// What is copied of a goroutine under the lock.
struct Seen {
    id: GoId,
    parent: u64,
    started: Site,
    locked: bool,
    look: Look,
    waiting: Waiting,
}

fn of(
    shared: &Arc<Shared>,
    objects: &Objects,
    abouts: &HashMap<Who, About>,
    now: Nanos,
) -> RuntimeDump {
    let workers = workers(shared, now);
    let mut seen = Vec::with_capacity(shared.live.count() + 64);
    shared.live.for_each(|header, look| {
        seen.push(Seen {
            id: header.id(),
            parent: header.parent,
            started: header.spawned_at,
            locked: header.flags.is_locked(),
            look,
            waiting: header.wait.get(),
        });
    });
    seen.sort_unstable_by_key(|g| g.id);
    let running: HashMap<u64, &Worker> = workers
        .iter()
        .filter_map(|w| w.goroutine.map(|id| (id, w)))
        .collect();
    let goroutines = seen
        .iter()
        .map(|g| {
            let id = g.id.as_u64();
            let mut goroutine = goroutine(shared, g, running.get(&id).copied(), objects, now);
            goroutine.about = abouts.get(&Who::new(shared.number, id)).cloned();
            let about = goroutine.about.as_mut();
            if let Some(at) = about.and_then(|about| about.started_at.take()) {
                goroutine.started_at = Some(at);
            }
            goroutine
        })
        .collect();
    RuntimeDump {
        name: shared.config.name.clone(),
        queued: shared.queued(),
        timers: shared.wheels.iter().map(|wheel| wheel.len()).sum(),
        workers,
        goroutines,
    }
}

fn workers(shared: &Shared, now: Nanos) -> Vec<Worker> {
    let asleep = shared.idle.asleep();
    let spare = shared.seats.waiting();
    let alive = shared
        .slots
        .all()
        .enumerate()
        .filter(|(_, slot)| slot.thread.load(Ordering::SeqCst) != 0);
    alive
        .map(|(number, slot)| {
            let polls = slot.turn.load(Ordering::Relaxed) % 2 == 1;
            let blocking = slot.blocking.load(Ordering::Relaxed);
            let state = match () {
                () if asleep.contains(&number) => WorkerState::Asleep,
                () if spare.contains(&number) => WorkerState::Spare,
                () if polls && blocking => WorkerState::Blocked,
                () if polls => WorkerState::Running,
                () => WorkerState::Searching,
            };
            let since = slot.stuck_since.load(Ordering::Relaxed);
            Worker {
                number,
                state,
                goroutine: polls.then(|| slot.polled.load(Ordering::Relaxed)),
                stuck_for: (polls && since != 0).then(|| seconds(now.saturating_sub(since))),
            }
        })
        .collect()
}

fn goroutine(
    shared: &Shared,
    seen: &Seen,
    worker: Option<&Worker>,
    objects: &Objects,
    now: Nanos,
) -> Goroutine {
    let blocked = worker.is_some_and(|w| w.state == WorkerState::Blocked);
    let state = match (seen.look.scheduled, worker) {
        (false, _) => GoState::Waiting,
        (true, Some(_)) if blocked => GoState::Blocked,
        (true, Some(_)) => GoState::Running,
        // One with a thread of its own is in no queue.
        (true, None) if seen.locked => GoState::Running,
        (true, None) => GoState::Runnable,
    };
    let waits = matches!(state, GoState::Waiting | GoState::Blocked);
    // A record of something that was put aside belongs to a poll that went on.
    let noted = waits || matches!(seen.waiting.reason, Reason::Budget | Reason::Yield);
    let tags = names::of(shared, seen.id);
    let age = seconds(seen.waiting.age(now));
    Goroutine {
        id: seen.id.as_u64(),
        name: tags.name.as_deref().map(str::to_owned),
        labels: tags
            .labels
            .iter()
            .map(|(key, value)| (key.to_string(), value.to_string()))
            .collect(),
        state,
        reason: (noted && state != GoState::Running).then(|| reason(&seen.waiting)),
        at: (waits && seen.waiting.site != Site::UNKNOWN).then(|| seen.waiting.site.to_string()),
        seconds: match state {
            GoState::Waiting => Some(age),
            GoState::Blocked => Some(worker.and_then(|w| w.stuck_for).unwrap_or(age)),
            _ => worker.and_then(|w| w.stuck_for),
        },
        object: if waits {
            object(&seen.waiting, objects).or_else(|| descriptor(shared, &seen.waiting))
        } else {
            None
        },
        worker: worker.map(|w| w.number),
        started_at: (seen.started != Site::UNKNOWN).then(|| seen.started.to_string()),
        parent: (seen.parent != 0).then_some(seen.parent),
        locked: seen.locked,
        daemon: tags.daemon,
        leaked: state == GoState::Waiting && seen.look.wakers == 0,
        about: None,
    }
}

/// How many arms of a select at most are noted in the place of an address.
const MOST_ARMS: u64 = 1 << 12;

fn reason(waiting: &Waiting) -> String {
    match (waiting.reason, waiting.object) {
        (Reason::Select, arms) if (1..MOST_ARMS).contains(&arms) => format!("select ({arms} arms)"),
        (Reason::Join, id) if id != 0 => format!("join goroutine {id}"),
        (reason, _) => reason.to_string(),
    }
}

/// The descriptor that is waited for. It may have been closed meanwhile, and another one have its number.
fn descriptor(shared: &Shared, waiting: &Waiting) -> Option<Object> {
    if !matches!(waiting.reason, Reason::IoRead | Reason::IoWrite) {
        return None;
    }
    let (kind, peer) = shared.descriptors.describe(waiting.object)?;
    Some(Object {
        kind: kind.to_owned(),
        name: peer.map(|peer| peer.to_string()),
        address: waiting.object,
        figures: Vec::new(),
        holder: None,
    })
}

fn object(waiting: &Waiting, objects: &Objects) -> Option<Object> {
    // An address may be stale, and something of another kind may live there now.
    let kinds: &[&str] = match waiting.reason {
        Reason::ChanRecv | Reason::ChanSend => &["chan"],
        Reason::Mutex => &["sync.Mutex"],
        Reason::RwLockRead | Reason::RwLockWrite => &["sync.RWMutex"],
        Reason::WaitGroup => &["sync.WaitGroup"],
        _ => return None,
    };
    let found = objects.get(&waiting.object)?;
    kinds.contains(&&*found.kind).then(|| found.clone())
}

fn threads(objects: &Objects) -> Vec<Thread> {
    let (sleepers, _) = blocked::sleepers();
    let plain = sleepers.iter().filter(|(s, _)| s.who.is_nobody());
    plain
        .map(|(sleeper, _)| Thread {
            name: sleeper.name.to_string(),
            reason: reason(&sleeper.waiting),
            at: (sleeper.waiting.site != Site::UNKNOWN).then(|| sleeper.waiting.site.to_string()),
            object: object(&sleeper.waiting, objects),
        })
        .collect()
}

fn seconds(nanos: Nanos) -> f64 {
    // To a millisecond: no more is known.
    Duration::from_millis(nanos / 1_000_000).as_secs_f64()
}
