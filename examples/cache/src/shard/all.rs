//! [`Shards`]: all shards under their supervisor, and which key belongs to which.

use super::job::{Job, Work};
use super::{Msg, Plot, Shard};
use crate::config::Config;
use crate::snapshot::{self, Section, SnapshotError};
use crate::stats::ShardStats;
use foldhash::quality::FixedState;
use gaggle::actor::{Addr, Child, Exit, Running, SendError, Slot, Strategy, Supervisor};
use gaggle::chan::Sender;
use std::error::Error;
use std::fmt;
use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex};

/// Why a server does not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The snapshot cannot be read, or is damaged. It is left as it is.
    Snapshot(SnapshotError),
    /// The shards do not start.
    Shards(Exit),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Snapshot(error) => error.fmt(f),
            Self::Shards(exit) => write!(f, "the shards do not start: {exit}"),
        }
    }
}

impl Error for StartError {}

struct One {
    slot: Slot<Msg>,
    stats: Arc<ShardStats>,
}

/// All shards, as connections see them.
pub(crate) struct Lot {
    shards: Vec<One>,
    seeds: FixedState,
    pub(crate) config: Config,
}

impl Lot {
    pub(crate) fn len(&self) -> usize {
        self.shards.len()
    }

    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.seeds.hash_one(key)
    }

    /// Which shard a key of that hash belongs to. The index of a shard uses other bits first.
    pub(crate) fn place(&self, hash: u64) -> usize {
        (((hash >> 32) * self.shards.len() as u64) >> 32) as usize
    }

    pub(crate) fn stats(&self) -> Vec<&ShardStats> {
        self.shards.iter().map(|shard| &*shard.stats).collect()
    }

    /// Sends a job on its way. `known` is where the shard was last. If it cannot be sent it comes back, with errors for answers.
    pub(crate) fn send(
        &self,
        job: Box<Job>,
        back: &Sender<Box<Job>>,
        known: &mut Option<Addr<Msg>>,
    ) -> Option<Box<Job>> {
        let shard = &self.shards[job.shard];
        let mut message = Msg::Work(Work::new(job, back.clone(), shard.stats.clone()));
        if let Some(addr) = known {
            message = match addr.try_send(message) {
                Ok(()) => return None,
                Err(SendError::Closed(message)) => message,
                Err(other) => return self.refused(other),
            };
        }
        *known = shard.slot.addr();
        match known {
            Some(addr) => match addr.try_send(message) {
                Ok(()) => None,
                Err(error) => self.refused(error),
            },
            None => self.refused(SendError::Restarting(message)),
        }
    }

    fn refused(&self, error: SendError<Msg>) -> Option<Box<Job>> {
        let full = matches!(error, SendError::Full(_));
        let Msg::Work(work) = error.into_inner() else {
            return None;
        };
        let mut job = work.recall()?;
        let stats = &self.shards[job.shard].stats;
        if full {
            stats.busy.add(job.fail("BUSY shard overloaded, try again"));
        } else {
            stats.failed.add(job.fail("TRYAGAIN shard is restarting"));
        }
        Some(job)
    }
}

/// The shards of a server, each an actor, under a supervisor that starts one anew when it has crashed.
///
/// # Examples
/// ```
/// use gaggle_cache::{Config, Local, Shards};
/// # gaggle::block_on(async {
/// let shards = Shards::start(Config::default()).await.unwrap();
/// let mut local = Local::new(&shards);
/// assert_eq!(local.call(&["SET", "k", "v"]).await, b"+OK\r\n");
/// assert_eq!(local.call(&["GET", "k"]).await, b"$1\r\nv\r\n");
/// shards.stop().await.unwrap();
/// # });
/// ```
pub struct Shards {
    running: Running,
    /// One snapshot is written at a time, so an older one never takes the place of a newer one.
    saving: gaggle::sync::Mutex<()>,
    pub(crate) lot: Arc<Lot>,
}

impl Shards {
    /// Starts them, with what the snapshot holds, if one is set and there.
    ///
    /// # Errors
    /// When the snapshot cannot be read or is damaged; when a shard does not start.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let count = config.shards.clamp(1, 1024);
        let seeds = FixedState::with_seed(gaggle::sim::rand());
        let mut first: Vec<Vec<_>> = (0..count).map(|_| Vec::new()).collect();
        let lot = |shards| Lot {
            shards,
            seeds,
            config: config.clone(),
        };
        let one = |number| One {
            slot: Slot::new(&format!("shard {number}")),
            stats: Arc::default(),
        };
        let lot = lot((0..count).map(one).collect());
        if let Some(path) = config.snapshot.clone() {
            let records =
                gaggle::blocking(|| snapshot::load(&path)).map_err(StartError::Snapshot)?;
            for record in records {
                let hash = lot.hash(&record.key);
                first[lot.place(hash)].push((hash, record));
            }
        }
        let (restarts, window) = config.crashes;
        let mut supervisor = Supervisor::new(Strategy::OneForOne)
            .title("shards")
            .intensity(restarts, window);
        for (shard, first) in lot.shards.iter().zip(first) {
            let plot = Plot {
                stats: shard.stats.clone(),
                shards: count,
                limit: config.max_memory.div_ceil(count),
                first: Mutex::new(first),
            };
            let child = Child::of::<Shard>(shard.slot.name(), plot).slot(&shard.slot);
            supervisor = supervisor.child(child.mailbox(config.queue));
        }
        let started = supervisor.start().await;
        let running = started.map_err(|error| StartError::Shards(error.into()))?;
        Ok(Self {
            running,
            saving: gaggle::sync::Mutex::new(()),
            lot: Arc::new(lot),
        })
    }

    /// How many there are.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.lot.len()
    }

    /// Which shard a key belongs to.
    #[must_use]
    pub fn shard_of(&self, key: &[u8]) -> usize {
        self.lot.place(self.lot.hash(key))
    }

    /// What a shard has counted.
    ///
    /// # Panics
    /// When there is no such shard.
    #[must_use]
    pub fn stats(&self, shard: usize) -> &ShardStats {
        &self.lot.shards[shard].stats
    }

    /// Kills a shard, as a test of what follows; says whether it was there.
    ///
    /// # Panics
    /// When there is no such shard.
    #[must_use]
    pub fn kill(&self, shard: usize) -> bool {
        self.lot.shards[shard]
            .slot
            .addr()
            .is_some_and(|addr| addr.kill())
    }

    /// Waits until a shard is up.
    ///
    /// # Panics
    /// When there is no such shard.
    pub async fn up(&self, shard: usize) {
        self.lot.shards[shard].slot.up().await;
    }

    /// Waits for their end: too many crashes in too short a time.
    pub async fn exited(&self) -> Exit {
        self.running.exited().await
    }

    /// Writes the snapshot, if one is set: each shard at its own point in time.
    ///
    /// # Errors
    /// When a shard does not answer, and those of the file: then an older snapshot is still there.
    pub async fn save(&self) -> Result<(), Exit> {
        let Some(path) = &self.lot.config.snapshot else {
            return Ok(());
        };
        let _one = self.saving.lock().await;
        let mut sections: Vec<Section> = Vec::new();
        for shard in &self.lot.shards {
            let asked = shard.slot.ask(Msg::Export).no_deadline();
            sections.push(asked.wait_up(self.lot.config.grace).await?);
        }
        gaggle::blocking(|| snapshot::save(path, &sections))
            .map_err(|error| Exit::error(format!("snapshot {}: {error}", path.display())))
    }

    /// Stops them in good order, after what was sent to them so far; writes the snapshot first, if one is set.
    ///
    /// # Errors
    /// As for [`save`](Self::save); the shards are stopped in any case.
    pub async fn stop(self) -> Result<(), Exit> {
        let saved = self.save().await;
        let stopped = self.running.shutdown().await;
        saved.and(stopped)
    }
}

impl fmt::Debug for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shards")
            .field("shards", &self.len())
            .finish_non_exhaustive()
    }
}
