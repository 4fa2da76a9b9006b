//! The roll of the processes that run, for dumps: whoever looks at goroutines is told here which of them are processes.
//!
//! A process is entered in its first step and taken out at its end. The list is split by number; a shard's lock is held for an entry, or to copy what is in it.
//! What is read of a process may be a moment old. This file must not know what an actor is, beyond what a process says of itself.

use super::core::{Core, DYING, Proc, READY, STOPPING, lock, short};
use super::slab::Slab;
use gaggle_base::wait::Who;
use gaggle_rt::runtime::{About, explain};
use std::sync::{Arc, Mutex, Once, Weak};

const SHARDS: usize = 16;

type Shard = Mutex<Slab<Weak<dyn Proc>>>;

static ROLL: [Shard; SHARDS] = [const { Mutex::new(Slab::new()) }; SHARDS];

/// The place of a process on the roll, until this is dropped.
pub(super) struct Enrolled {
    shard: u32,
    key: u32,
}

/// Enters a process.
pub(super) fn enrol(proc: Weak<dyn Proc>, core: &Core) -> Enrolled {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| explain(all));
    let shard = (core.pid.as_u64() % SHARDS as u64) as u32;
    let key = lock(&ROLL[shard as usize]).insert(proc);
    Enrolled { shard, key }
}

impl Drop for Enrolled {
    fn drop(&mut self) {
        let gone = lock(&ROLL[self.shard as usize]).remove(self.key);
        drop(gone);
    }
}

/// Says of each process what it is and does.
fn all(tell: &mut dyn FnMut(Who, About)) {
    for shard in &ROLL {
        let mut procs: Vec<Arc<dyn Proc>> = Vec::new();
        lock(shard).each(|proc| procs.extend(proc.upgrade()));
        for proc in procs {
            let who = proc.core().life().who;
            if !who.is_nobody() {
                tell(who, about(proc.as_ref()));
            }
        }
    }
}

fn about(proc: &dyn Proc) -> About {
    let core = proc.core();
    let stock = proc.stock();
    let (name, (starts, place), doing, parent) = {
        let life = core.life();
        let parent = life.parent.as_ref().and_then(Weak::upgrade);
        let doing = life.orders().and_then(|orders| orders.doing);
        (life.name.clone(), (life.starts, life.place), doing, parent)
    };
    let idle = core.has(READY) && !core.has(DYING | STOPPING) && doing.is_none();
    let doing = match doing {
        _ if core.has(DYING) => "ends".to_owned(),
        Some(message) => format!("handles {}", short(message)),
        None if core.has(STOPPING) => "stops".to_owned(),
        None if !core.has(READY) => "initialises".to_owned(),
        None if stock.waits => "waits for messages".to_owned(),
        None => "has messages to handle".to_owned(),
    };
    let supervisor = core.kind == "supervisor";
    let mut about = About::new(if supervisor { "supervisor" } else { "actor" }, &doing);
    about.name = name.as_deref().map(str::to_owned);
    about.of = (!supervisor).then(|| short(core.kind).to_owned());
    (about.place, about.number) = (place, core.pid.as_u64());
    about.idle = idle;
    about.started_at = Some(core.site.to_string());
    about.figure("cap", stock.capacity as u64);
    about.figure("len", stock.queued as u64);
    let rare = [
        ("senders waiting", stock.parked as u64),
        ("dropped", stock.dropped),
        ("restarts", u64::from(starts.saturating_sub(1))),
    ];
    for (name, n) in rare.into_iter().filter(|(_, n)| *n > 0) {
        about.figure(name, n);
    }
    // Another runtime's goroutine is shown elsewhere.
    let mine = core.life().who.runtime();
    let parent = parent.map(|parent| parent.core().life().who);
    about.under = parent
        .filter(|who| !who.is_nobody() && who.runtime() == mine)
        .map(Who::id);
    about
}
