//! Nothing dies unseen: reports of abnormal ends, and how many messages nobody has handled.

use super::core::{Core, Pid, lock};
use super::exit::Exit;
use gaggle_base::site::Site;
use gaggle_rt::runtime::is_ending;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

static DEAD_LETTERS: AtomicU64 = AtomicU64::new(0);

/// How many messages were accepted and never handled: because their process ended first, or its mailbox was full and drops what is too much.
#[must_use]
pub fn dead_letters() -> u64 {
    DEAD_LETTERS.load(Ordering::Relaxed)
}

pub(super) fn count_dead_letters(more: usize) {
    DEAD_LETTERS.fetch_add(more as u64, Ordering::Relaxed);
}

/// What is said of a process that has ended abnormally.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Obituary {
    /// Its number.
    pub pid: Pid,
    /// What it is called: its name, or its type and number.
    pub title: String,
    /// The type of its actor or messages.
    pub kind: &'static str,
    /// Where it was started.
    pub started: Site,
    /// Why it ended.
    pub reason: Exit,
    /// What the message was that it handled last, if it failed in a handler.
    pub last: Option<&'static str>,
    /// Somebody takes notice: a link, a monitor, a supervisor, who waits for the end, who waits for an answer.
    pub noticed: bool,
    /// How many messages it left behind.
    pub left: usize,
}

impl fmt::Display for Obituary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "gaggle: {} ended: {}", self.title, self.reason)?;
        if let Some(last) = self.last {
            write!(f, "; last message: {last}")?;
        }
        if self.left > 0 {
            write!(f, "; messages left: {}", self.left)?;
        }
        write!(f, "; started at {}", self.started)
    }
}

type Observer = Arc<dyn Fn(&Obituary) + Send + Sync>;

static OBSERVERS: Mutex<Vec<(u64, Observer)>> = Mutex::new(Vec::new());

/// An observer of deaths, for as long as it is kept. See [`on_death`].
#[must_use = "the observer goes when this is dropped"]
#[derive(Debug)]
pub struct Dead(u64);

impl Drop for Dead {
    fn drop(&mut self) {
        lock(&OBSERVERS).retain(|(id, _)| *id != self.0);
    }
}

/// `observer` is called for every abnormal end in this process, in place of the line on the standard error output that is written for those that nobody notices.
///
/// # Examples
/// ```
/// let guard = gaggle_actor::on_death(|obituary| eprintln!("{obituary}"));
/// drop(guard);
/// ```
pub fn on_death(observer: impl Fn(&Obituary) + Send + Sync + 'static) -> Dead {
    static LAST: AtomicU64 = AtomicU64::new(0);
    let id = LAST.fetch_add(1, Ordering::Relaxed);
    lock(&OBSERVERS).push((id, Arc::new(observer)));
    Dead(id)
}

/// A supervisor gives up. Its exit is a clean one, so it is said here; whoever supervises it, watches it or waits for it takes notice.
pub(crate) fn report(core: &Core, reason: Exit) {
    // With its runtime its children end, and it can start no more.
    let noticed = core.is_noticed() || is_ending();
    publish(core, reason, None, noticed, 0);
}

/// A process has ended abnormally. One that is killed because its runtime ends is no news.
pub(super) fn publish(
    core: &Core,
    reason: Exit,
    last: Option<&'static str>,
    noticed: bool,
    left: usize,
) {
    let obituary = Obituary {
        pid: core.pid,
        title: core.title(),
        kind: core.kind,
        started: core.site,
        reason,
        last,
        noticed,
        left,
    };
    let observers: Vec<Observer> = {
        let all = lock(&OBSERVERS);
        all.iter().map(|(_, observer)| observer.clone()).collect()
    };
    let ends_with_its_runtime = obituary.reason == Exit::Killed && is_ending();
    if observers.is_empty() && !noticed && !ends_with_its_runtime {
        eprintln!("{obituary}");
    }
    for observer in observers {
        observer(&obituary);
    }
}
