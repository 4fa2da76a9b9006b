//! Searches and replays of one entry.

use crate::{Boxed, Entry};
use gaggle::sim::{Builder, Class, Finding, Minimise, Preempt, Report, Sched};
use std::env;
use std::io;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// The schedulers that are compared, with the names of their columns. `None` is what is used if nothing else is asked for.
#[must_use]
pub fn columns() -> [(&'static str, Option<Sched>); 6] {
    [
        ("fifo", Some(Sched::fifo())),
        ("random", Some(Sched::random())),
        ("sticky", Some(Sched::sticky(0.8))),
        ("pct(2)", Some(Sched::pct(2))),
        ("pct(3)", Some(Sched::pct(3))),
        ("portfolio", None),
    ]
}

/// How the schedules of an entry are explored.
pub fn builder(entry: &Entry, seed: u64) -> Builder {
    let plain = Builder::new()
        .seed(seed)
        .preempt(entry.level)
        .name(entry.id);
    (entry.tune)(plain)
}

/// A search; `GAGGLE_SIM` may say that it is a replay.
fn run(builder: Builder, program: fn() -> Boxed) -> Report {
    builder.run(program)
}

/// Looks for the bug with one scheduler, and does not shorten what it finds.
pub fn search(entry: &Entry, seed: u64, sched: Option<Sched>) -> Report {
    let builder = builder(entry, seed)
        .schedules(entry.limit)
        .minimise(Minimise::Off);
    run(with(builder, sched), entry.buggy)
}

fn with(builder: Builder, sched: Option<Sched>) -> Builder {
    match sched {
        Some(sched) => builder.schedulers([sched]),
        None => builder,
    }
}

/// Looks for the bug as a test would, and shortens the schedule.
pub fn find(entry: &Entry, seed: u64) -> Report {
    run(builder(entry, seed).schedules(entry.limit), entry.buggy)
}

/// Looks for the bug where goroutines give way only when they have to wait.
pub fn find_at_await(entry: &Entry, schedules: u64) -> Report {
    let builder = builder(entry, 1)
        .preempt(Preempt::Await)
        .minimise(Minimise::Off);
    run(builder.schedules(schedules), entry.buggy)
}

/// Runs the version without the bug. Its goals are to be reached.
pub fn survives(entry: &Entry, seed: u64, schedules: u64) -> Report {
    // Nobody is stuck in it, however long a thread has to wait for a CPU.
    let patient = Duration::from_secs(30);
    let builder = builder(entry, seed).patience(patient).schedules(schedules);
    let builder = entry.goals.iter().fold(builder, |b, place| b.goal(place));
    run(builder, entry.fixed)
}

/// The text that tells a finding, as far as it can be the same each time.
#[must_use]
pub fn told(finding: &Finding) -> String {
    let text = finding.to_string();
    if finding.class() == Class::Nondeterminism {
        return text.lines().take(1).collect();
    }
    text
}

/// How many of so many replays in this process have come to the same end.
#[must_use]
pub fn replays(entry: &Entry, token: &str, wanted: &Finding, times: u32) -> u32 {
    let same = |_: &u32| {
        let report = builder(entry, 0).replay(token, entry.buggy);
        let drifted = !report.notes().is_empty();
        !drifted && report.finding() == Some(wanted)
    };
    (0..times).filter(same).count() as u32
}

/// What [`replay_here`] says in a fresh process of this executable.
///
/// # Errors
/// When the process cannot be started.
pub fn replay_afresh(entry: &Entry, token: &str) -> io::Result<String> {
    let output = Command::new(executable()?)
        .args(["replay", entry.id])
        .env("GAGGLE_SIM", format!("replay:{token}"))
        .env("RUST_BACKTRACE", "0")
        .output()?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim_end()
        .to_owned())
}

fn executable() -> io::Result<PathBuf> {
    env::current_exe()
}

/// How often a fresh process replays what it is given.
pub const AFRESH: usize = 4;

/// What [`replay_here`] says if the same is found each time.
#[must_use]
pub fn told_each_time(told: &str) -> String {
    [told].repeat(AFRESH).join("\n")
}

/// Runs what `GAGGLE_SIM` says a few times, and tells what was found.
#[must_use]
pub fn replay_here(entry: &Entry) -> String {
    let all: Vec<String> = (0..AFRESH).map(|_| replay_once(entry)).collect();
    all.join("\n")
}

fn replay_once(entry: &Entry) -> String {
    let report = run(builder(entry, 0), entry.buggy);
    let found = report.finding().map_or("nothing".to_owned(), told);
    let notes = report.notes().iter().map(|note| format!("\n{note}"));
    found + &notes.collect::<String>()
}
