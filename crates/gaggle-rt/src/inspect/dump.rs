//! What a look inside has seen, as data.
//!
//! The field names are the keys of the JSON form, whose version is [`Dump::version`]: fields may be added to it, and are not renamed.

use super::about::About;
use serde::Serialize;

/// The version of the JSON form.
pub(super) const VERSION: u32 = 1;

/// A look at the goroutines of one runtime or of all.
///
/// Its `Display` is the text that a deadlock report and `SIGQUIT` print, with equal goroutines in one group; with `{:#}` each has its own entry.
/// It is `Serialize`, and [`to_json`](Self::to_json) is the JSON form.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Dump {
    /// The version of this form.
    pub version: u32,
    /// The process.
    pub process: u32,
    /// The runtimes.
    pub runtimes: Vec<RuntimeDump>,
    /// Threads outside of any worker that sleep inside gaggle: in `block_on` or a `*_blocking` call.
    pub threads: Vec<Thread>,
    /// Goroutines that wait for each other's locks, one entry a circle.
    pub lock_cycles: Vec<Vec<u64>>,
}

/// One runtime.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct RuntimeDump {
    /// What it is called.
    pub name: String,
    /// The threads of the workers, and those that stand in for blocked ones.
    pub workers: Vec<Worker>,
    /// How many goroutines wait in run queues.
    pub queued: usize,
    /// How many timers somebody waits for.
    pub timers: usize,
    /// All goroutines, by number.
    pub goroutines: Vec<Goroutine>,
}

/// One worker's thread.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Worker {
    /// Its number.
    pub number: usize,
    /// What it does.
    pub state: WorkerState,
    /// The goroutine that it runs.
    pub goroutine: Option<u64>,
    /// For how long the same poll has been going on, once the monitor has noticed: in seconds.
    pub stuck_for: Option<f64>,
}

/// What a worker's thread does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum WorkerState {
    /// It polls a goroutine.
    Running,
    /// It looks for work.
    Searching,
    /// It sleeps until there is work.
    Asleep,
    /// It waits to stand in for a worker that blocks.
    Spare,
    /// Its goroutine is in a call that blocks the thread.
    Blocked,
}

/// What a goroutine does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GoState {
    /// It is being polled.
    Running,
    /// It is in a call that blocks its thread.
    Blocked,
    /// It is in a run queue.
    Runnable,
    /// It waits.
    Waiting,
}

/// One goroutine.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Goroutine {
    /// Its number. Numbers are not reused within a runtime (semantics.md RT-02).
    pub id: u64,
    /// What the program calls it.
    pub name: Option<String>,
    /// Its labels, sorted by key.
    pub labels: Vec<(String, String)>,
    /// What it does.
    pub state: GoState,
    /// What it waits for, in Go's words where Go has some (RT-03).
    pub reason: Option<String>,
    /// Where in the source it waits.
    pub at: Option<String>,
    /// For how long it has waited, or has been in the same poll: in seconds, to 32 ms.
    pub seconds: Option<f64>,
    /// The channel, lock or group that it waits for.
    pub object: Option<Object>,
    /// The worker that runs it.
    pub worker: Option<usize>,
    /// Where it was started.
    pub started_at: Option<String>,
    /// Which goroutine started it; none: a plain thread.
    pub parent: Option<u64>,
    /// It has a thread of its own (see `go_locked`).
    pub locked: bool,
    /// It is not expected to end (see `Named::daemon`).
    pub daemon: bool,
    /// Nobody can wake it: it waits, and there is no waker of it.
    pub leaked: bool,
    /// What it is beside a goroutine: an actor, for one.
    pub about: Option<About>,
}

/// A channel, lock or group that somebody waits for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Object {
    /// What it is.
    pub kind: String,
    /// What the program calls it.
    pub name: Option<String>,
    /// Its address: equal ones are the same object.
    pub address: u64,
    /// Figures with their names: `cap`, `len`, `senders`, `receivers`, `count`. [`u64::MAX`] stands for no limit.
    pub figures: Vec<(String, u64)>,
    /// Which goroutine has it, for a lock.
    pub holder: Option<u64>,
}

/// A thread that sleeps inside gaggle.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Thread {
    /// What it is called.
    pub name: String,
    /// What it waits for.
    pub reason: String,
    /// Where in the source.
    pub at: Option<String>,
    /// The channel, lock or group that it waits for.
    pub object: Option<Object>,
}

#[cfg(all(test, not(loom)))]
impl Goroutine {
    /// One of which nothing is known but its number.
    pub(super) fn nothing_known(id: u64) -> Self {
        Self {
            id,
            name: None,
            labels: Vec::new(),
            state: GoState::Waiting,
            reason: None,
            at: None,
            seconds: None,
            object: None,
            worker: None,
            started_at: None,
            parent: None,
            locked: false,
            daemon: false,
            leaked: false,
            about: None,
        }
    }
}

impl Dump {
    /// All goroutines of all runtimes in the dump.
    pub fn goroutines(&self) -> impl Iterator<Item = &Goroutine> {
        self.runtimes.iter().flat_map(|r| &r.goroutines)
    }

    /// The JSON form, on one line.
    ///
    /// # Panics
    /// Never: every field has a JSON form.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("every field has a JSON form")
    }
}
