//! A shard: an actor that owns a part of the keys. It must not know what a connection is.
//!
//! | file | what it holds |
//! |---|---|
//! | `store.rs` | the keys, their order of use, when they end |
//! | `run.rs` | what the commands do to it |
//! | `job.rs` | the commands of one connection on their way, and back |
//! | `glob.rs` | patterns |
//! | `all.rs` | all shards under their supervisor |
//!
//! Keys end by a timer that is set for the first that is due: nothing is looked at before its time.
//! A shard that crashes begins anew without keys: what it held may be older than what was written since, and no value is better than a wrong one.

mod all;
mod glob;
pub(crate) mod job;
pub(crate) mod run;
mod store;

pub(crate) use all::Lot;
pub use all::{Shards, StartError};

use crate::snapshot::{Record, Section};
use crate::stats::ShardStats;
use gaggle::actor::{Actor, Ctx, Exit, Reply};
use gaggle::time::{Instant, sleep};
use job::Work;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use store::Store;

/// How many keys one sweep removes before others have their turn.
const SWEEP: usize = 256;
/// How long a sweep that finds the mailbox full waits for its next part.
const LATER: Duration = Duration::from_millis(1);

/// What a shard is sent.
pub(crate) enum Msg {
    Work(Work),
    /// Keys are due.
    Sweep,
    /// What it holds, for a snapshot.
    Export(Reply<Section>),
}

/// What a shard is started with.
pub(crate) struct Plot {
    pub(crate) stats: Arc<ShardStats>,
    pub(crate) shards: usize,
    /// Bytes; 0: no limit.
    pub(crate) limit: usize,
    /// What the first incarnation begins with, and the hashes of its keys.
    pub(crate) first: Mutex<Vec<(u64, Record)>>,
}

pub(crate) struct Shard {
    store: Store,
    stats: Arc<ShardStats>,
    shards: usize,
    /// What was counted of evicted and expired keys so far.
    counted: (u64, u64),
    /// For when the timer is set.
    armed: Option<Instant>,
}

impl Shard {
    /// Tells what there is now, and sets the timer if a key ends before it would go off.
    fn settle(&mut self, cx: &mut Ctx<Self>) {
        let (store, stats) = (&self.store, &self.stats);
        stats.keys.set(store.len() as u64);
        stats.used.set(store.used() as u64);
        stats.volatile.set(store.volatile() as u64);
        if self.counted != (store.evicted, store.expired) {
            stats.evicted.add(store.evicted - self.counted.0);
            stats.expired.add(store.expired - self.counted.1);
            self.counted = (store.evicted, store.expired);
        }
        let Some(next) = store.next_due() else {
            return;
        };
        if self.armed.is_none_or(|armed| next < armed) {
            self.armed = Some(next);
            cx.timer("sweep", next - Instant::now(), Msg::Sweep);
        }
    }

    fn sweep(&mut self, cx: &mut Ctx<Self>) {
        self.armed = None;
        let now = Instant::now();
        if self.store.sweep(now, SWEEP) {
            // Behind what waits already.
            self.armed = Some(now);
            if cx.addr().try_send(Msg::Sweep).is_err() {
                cx.timer("sweep", LATER, Msg::Sweep);
            }
        }
    }
}

impl Actor for Shard {
    type Args = Plot;
    type Msg = Msg;

    async fn init(plot: &Plot, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        let first = std::mem::take(&mut *plot.first.lock().unwrap_or_else(PoisonError::into_inner));
        let mut store = Store::new(plot.limit);
        let (now, date) = (Instant::now(), crate::snapshot::date());
        for (hash, record) in first {
            let left = record.due.map(|due| due.saturating_sub(date));
            if left == Some(0) {
                continue;
            }
            // One that is too big for the limit of today is left out, as if it had been evicted.
            if let Ok(slot) = store.insert(hash, &record.key, &record.value) {
                store.set_due(slot, left.map(|left| now + Duration::from_millis(left)));
            }
        }
        plot.stats.starts.add(1);
        let mut shard = Self {
            store,
            stats: plot.stats.clone(),
            shards: plot.shards,
            counted: (0, 0),
            armed: None,
        };
        shard.settle(cx);
        Ok(shard)
    }

    async fn handle(&mut self, msg: Msg, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Msg::Work(mut work) => {
                if let Some(job) = work.job() {
                    let stall = run::run(job, &mut self.store, &self.stats, self.shards);
                    if !stall.is_zero() {
                        sleep(stall).await;
                    }
                }
                self.settle(cx);
                work.done();
            }
            Msg::Sweep => {
                self.sweep(cx);
                self.settle(cx);
            }
            Msg::Export(reply) => {
                let (now, date) = (Instant::now(), crate::snapshot::date());
                let mut section = Section::default();
                for entry in self.store.entries() {
                    let left = entry.due.map(|due| due - now);
                    if left.is_some_and(|left| left.is_zero()) {
                        continue;
                    }
                    let left = left.map(|left| u64::try_from(left.as_millis()).unwrap_or(u64::MAX));
                    let due = left.map(|left| date.saturating_add(left.max(1)));
                    section.push(&entry.key, &entry.value, due);
                }
                reply.send(section);
            }
        }
        Ok(())
    }

    fn label(msg: &Msg) -> &'static str {
        match msg {
            Msg::Work(_) => "commands",
            Msg::Sweep => "sweep",
            Msg::Export(_) => "export",
        }
    }
}
