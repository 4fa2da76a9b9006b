//! A dump as text. Equal goroutines are one group; the header of an entry is Go's: `goroutine 17 [chan receive]:`.

use super::about::About;
use super::dump::{Dump, GoState, Goroutine, Object, RuntimeDump, WorkerState};
use super::tree;
use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

/// How many numbers of a group are shown.
const SHOWN: usize = 8;

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for runtime in &self.runtimes {
            one_runtime(f, self.process, runtime)?;
        }
        for thread in &self.threads {
            let end = if thread.at.is_some() { ":" } else { "" };
            writeln!(f, "\nthread \"{}\" [{}]{end}", thread.name, thread.reason)?;
            details(f, thread.at.as_deref(), thread.object.as_ref())?;
        }
        for cycle in &self.lock_cycles {
            writeln!(f)?;
            for id in cycle {
                write!(f, "goroutine {id} -> ")?;
            }
            let first = cycle.first().copied().unwrap_or_default();
            writeln!(
                f,
                "goroutine {first}: a lock cycle, each waits for a lock that the next one has"
            )?;
        }
        Ok(())
    }
}

fn one_runtime(f: &mut fmt::Formatter<'_>, process: u32, runtime: &RuntimeDump) -> fmt::Result {
    let count = |state| {
        let with = runtime.goroutines.iter().filter(|g| g.state == state);
        with.count()
    };
    writeln!(
        f,
        "runtime \"{}\" of process {process}: {} ({} running, {} blocked, {} runnable, {} waiting), {} timers",
        runtime.name,
        goroutines(runtime.goroutines.len()),
        count(GoState::Running),
        count(GoState::Blocked),
        count(GoState::Runnable),
        count(GoState::Waiting),
        runtime.timers,
    )?;
    for worker in &runtime.workers {
        let (Some(id), Some(seconds)) = (worker.goroutine, worker.stuck_for) else {
            continue;
        };
        let what = match worker.state {
            WorkerState::Blocked => "blocks in",
            _ => "is stuck in",
        };
        let seconds = age(seconds);
        let number = worker.number;
        writeln!(f, "worker {number} {what} goroutine {id} for {seconds}")?;
    }
    let groups = if f.alternate() {
        runtime.goroutines.iter().map(|g| vec![g]).collect()
    } else {
        groups(&runtime.goroutines)
    };
    for group in groups {
        writeln!(f)?;
        entry(f, &group)?;
    }
    let looked_after = |g: &Goroutine| g.about.as_ref().is_some_and(|about| about.under.is_some());
    if runtime.goroutines.iter().any(looked_after) {
        writeln!(f, "\nwho looks after whom:")?;
        tree::one_runtime(f, &runtime.goroutines)?;
    }
    Ok(())
}

/// As its own entry in a dump.
impl fmt::Display for Goroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        entry(f, &[self])
    }
}

/// Those that differ in nothing but their number and their age; large groups first, then by number.
fn groups(goroutines: &[Goroutine]) -> Vec<Vec<&Goroutine>> {
    type Key<'a> = (
        (GoState, Option<&'a str>, Option<&'a str>, Option<u64>),
        (Option<&'a str>, &'a [(String, String)], Option<&'a str>),
        (Option<u64>, Option<usize>, bool, bool, Option<&'a About>),
    );
    let mut index: HashMap<Key<'_>, usize> = HashMap::new();
    let mut groups: Vec<Vec<&Goroutine>> = Vec::new();
    for g in goroutines {
        let key: Key<'_> = (
            (
                g.state,
                g.reason.as_deref(),
                g.at.as_deref(),
                g.object.as_ref().map(|o| o.address),
            ),
            (g.name.as_deref(), &g.labels, g.started_at.as_deref()),
            (g.parent, g.worker, g.leaked, g.locked, g.about.as_ref()),
        );
        let at = *index.entry(key).or_insert_with(|| {
            groups.push(Vec::new());
            groups.len() - 1
        });
        groups[at].push(g);
    }
    // Stable: groups of equal size stay in the order of their first goroutine.
    groups.sort_by_key(|group| std::cmp::Reverse(group.len()));
    groups
}

fn entry(f: &mut fmt::Formatter<'_>, group: &[&Goroutine]) -> fmt::Result {
    let g = group[0];
    let state = match (g.state, &g.reason) {
        (GoState::Waiting, Some(reason)) => reason.clone(),
        (GoState::Blocked, Some(reason)) => format!("{reason}, blocks its thread"),
        (GoState::Runnable, Some(reason)) => format!("runnable, {reason}"),
        (GoState::Runnable, None) => "runnable".to_owned(),
        _ => "running".to_owned(),
    };
    let mut about = vec![state];
    let (mut least, mut most) = (f64::INFINITY, 0.0_f64);
    for seconds in group.iter().filter_map(|g| g.seconds) {
        (least, most) = (least.min(seconds), most.max(seconds));
    }
    if least.is_finite() && most >= 0.032 {
        about.push(if age(least) == age(most) {
            age(most)
        } else {
            format!("{} to {}", age(least), age(most))
        });
    }
    if let Some(worker) = g.worker {
        about.push(format!("on worker {worker}"));
    }
    if g.locked {
        about.push("locked to its thread".to_owned());
    }
    if g.leaked {
        about.push("nobody can wake it".to_owned());
    }
    let about = about.join(", ");
    let name = g
        .name
        .as_ref()
        .map_or(String::new(), |name| format!(" \"{name}\""));
    if let [_] = group {
        writeln!(f, "goroutine {}{name} [{about}]:", g.id)?;
    } else {
        write!(f, "{} goroutines{name} [{about}]:", group.len())?;
        for g in group.iter().take(SHOWN) {
            write!(f, " {}", g.id)?;
        }
        writeln!(f, "{}", if group.len() > SHOWN { " .." } else { "" })?;
    }
    details(f, g.at.as_deref(), g.object.as_ref())?;
    if !g.labels.is_empty() {
        let labels: Vec<String> = g.labels.iter().map(|(k, v)| format!("{k}={v:?}")).collect();
        writeln!(f, "    labels {}", labels.join(" "))?;
    }
    if let Some(about) = &g.about {
        what_it_is(f, about)?;
    }
    let by = match g.parent {
        Some(parent) => format!("goroutine {parent}"),
        None => "a plain thread".to_owned(),
    };
    let at = g.started_at.as_deref().unwrap_or("an unknown place");
    writeln!(f, "    started at {at} by {by}")
}

fn what_it_is(f: &mut fmt::Formatter<'_>, about: &About) -> fmt::Result {
    write!(f, "    {}", about.kind)?;
    if let Some(name) = &about.name {
        write!(f, " \"{name}\"")?;
    }
    if let Some(of) = &about.of {
        write!(f, " of {of}")?;
    }
    write!(f, ", {}", about.doing)?;
    figures(f, &about.figures)?;
    match about.under {
        Some(under) => writeln!(f, ", under goroutine {under}"),
        None => writeln!(f),
    }
}

/// In brackets.
fn figures(f: &mut fmt::Formatter<'_>, figures: &[(String, u64)]) -> fmt::Result {
    for (i, (name, n)) in figures.iter().enumerate() {
        let open = if i == 0 { " (" } else { ", " };
        if *n == u64::MAX {
            write!(f, "{open}{name} unlimited")?;
        } else {
            write!(f, "{open}{name} {n}")?;
        }
    }
    write!(f, "{}", if figures.is_empty() { "" } else { ")" })
}

fn details(f: &mut fmt::Formatter<'_>, at: Option<&str>, object: Option<&Object>) -> fmt::Result {
    if let Some(at) = at {
        writeln!(f, "    at {at}")?;
    }
    let Some(object) = object else {
        return Ok(());
    };
    write!(f, "    {}", object.kind)?;
    if let Some(name) = &object.name {
        write!(f, " \"{name}\"")?;
    }
    write!(f, " {:#x}", object.address)?;
    figures(f, &object.figures)?;
    match object.holder {
        Some(holder) => writeln!(f, ", held by goroutine {holder}"),
        None => writeln!(f),
    }
}

/// So many goroutines.
pub(super) fn goroutines(n: usize) -> String {
    match n {
        1 => "1 goroutine".to_owned(),
        n => format!("{n} goroutines"),
    }
}

/// An age for people.
fn age(seconds: f64) -> String {
    let whole = Duration::from_secs_f64(seconds).as_secs();
    match whole {
        0 => format!("{} ms", (seconds * 1e3).round()),
        1..60 => format!("{seconds:.1} s"),
        60..3600 => format!("{}m{:02}s", whole / 60, whole % 60),
        _ => format!("{}h{:02}m", whole / 3600, whole / 60 % 60),
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::age;

    #[test]
    fn ages_are_short() {
        let texts = [0.0321, 2.44, 59.9, 60.0, 192.0, 7260.0].map(age);
        assert_eq!(
            texts,
            ["32 ms", "2.4 s", "59.9 s", "1m00s", "3m12s", "2h01m"]
        );
    }
}
