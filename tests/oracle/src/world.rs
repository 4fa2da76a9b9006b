//! One run of a scenario on gaggle: the log, and who is called what.
//!
//! What is driven is in `tree.rs` and `procs.rs`.

use crate::procs::Say;
use crate::scenario::Scenario;
use crate::tree::{Tell, Worker};
use gaggle::actor::{Addr, Control, Dynamic, Exit, Groups, Pid, Registry, Running};
use gaggle::chan::Sender;
use gaggle::sim::{Builder, settle};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What the actors of a scenario share, and what drives them knows of them.
#[derive(Default)]
pub(crate) struct World {
    log: Mutex<Vec<String>>,
    starts: Mutex<BTreeMap<String, usize>>,
    pub(crate) workers: Mutex<BTreeMap<String, Addr<Tell>>>,
    pub(crate) sups: Mutex<BTreeMap<String, Control>>,
    pub(crate) peers: Mutex<BTreeMap<String, Addr<Say>>>,
    pub(crate) names: Mutex<BTreeMap<Pid, String>>,
    pub(crate) registry: Registry,
    pub(crate) groups: Groups<Say>,
    pub(crate) pools: Mutex<BTreeMap<String, Dynamic<Worker>>>,
    /// What frees a process that is held.
    pub(crate) holds: Mutex<BTreeMap<String, Sender<()>>>,
    pub(crate) root: Mutex<Option<Running>>,
    /// How the root has ended, when it was told to.
    pub(crate) ended: Mutex<Option<String>>,
}

/// A lock that outlives panics.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl World {
    /// One more line.
    pub(crate) fn note(&self, line: impl Into<String>) {
        lock(&self.log).push(line.into());
    }

    /// How many times it has been started, this time included.
    pub(crate) fn counted(&self, name: &str) -> usize {
        let mut starts = lock(&self.starts);
        let count = starts.entry(name.to_owned()).or_default();
        *count += 1;
        *count
    }

    /// Who has this number.
    pub(crate) fn name_of(&self, pid: Option<Pid>) -> String {
        let names = lock(&self.names);
        let found = pid.and_then(|pid| names.get(&pid).cloned());
        found.unwrap_or_else(|| "nobody".to_owned())
    }
}

/// An exit in one word.
pub(crate) fn word(exit: &Exit) -> String {
    match exit {
        Exit::Normal => "normal".to_owned(),
        Exit::Shutdown(None) => "shutdown".to_owned(),
        Exit::Shutdown(Some(_)) => "shutdown+".to_owned(),
        Exit::Killed => "killed".to_owned(),
        Exit::NoProc => "noproc".to_owned(),
        Exit::Error(text) | Exit::Panic(text) => text.to_string(),
        other => other.to_string(),
    }
}

/// The exit of that word.
pub(crate) fn exit(word: &str) -> Exit {
    match word {
        "normal" => Exit::Normal,
        "shutdown" => Exit::shutdown(),
        "shutdown+" => Exit::shutdown_because("done"),
        "kill" => Exit::Killed,
        other => Exit::error(other),
    }
}

/// Does the steps one by one, each when nothing happens any more.
async fn play(scenario: Arc<Scenario>) -> String {
    let world = Arc::new(World::default());
    let mut log = format!("scenario {}\n", scenario.name);
    let close = vec!["close".to_owned()];
    for words in scenario.steps.iter().chain([&close]) {
        let rest: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let result = match crate::tree::step(&world, &scenario, &words[0], &rest).await {
            Some(result) => result,
            None => crate::procs::step(&world, &words[0], &rest).await,
        };
        settle().await;
        let state = crate::tree::state(&world, &scenario).await;
        let _ = writeln!(log, "> {}", words.join(" "));
        for line in std::mem::take(&mut *lock(&world.log)) {
            let _ = writeln!(log, "{line}");
        }
        if let Some(result) = result {
            let _ = writeln!(log, "= {result}");
        }
        if let Some(state) = state {
            let _ = writeln!(log, ": {state}");
        }
    }
    log
}

/// A machine that is busy with something else is no finding.
const PATIENCE: Duration = Duration::from_secs(60);

/// What a scenario leaves in the log under each of so many schedules; more than one text if schedules matter, and the report of the simulation if something went wrong.
#[must_use]
pub fn logs(scenario: &Scenario, schedules: u64) -> Vec<String> {
    let scenario = Arc::new(scenario.clone());
    let seen: Arc<Mutex<Vec<String>>> = Arc::default();
    let into = seen.clone();
    let report = Builder::new()
        .schedules(schedules)
        .seed(1)
        .patience(PATIENCE)
        .run(move || {
            let (scenario, into) = (scenario.clone(), into.clone());
            async move {
                let log = crate::compare::normal(&scenario, &play(scenario.clone()).await);
                let mut seen = lock(&into);
                if !seen.contains(&log) {
                    seen.push(log);
                }
            }
        });
    let mut logs = std::mem::take(&mut *lock(&seen));
    if !report.ok() {
        logs.push(report.to_string());
    }
    logs
}
