//! What can go wrong in a run, and how it is told: in words that are the same each time the run is repeated.
//!
//! Objects have the names that they have in the story (`names.rs`).

use crate::hook::Note;
use crate::names::{Numbers, direct};
use gaggle_rt::runtime::{Dump, GoState, Goroutine, Object};
use gaggle_rt::stepped::{Event, Halt, Run};
use std::fmt;
use std::fmt::Write as _;

/// What kind of thing went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Class {
    /// A goroutine panicked, and nobody took the panic from its handle; or the root did.
    Panic,
    /// Nothing can go on, and no timer is set, but the root has not ended (semantics.md ST-08, DL-01).
    Deadlock,
    /// Some wait for each other's locks, whatever else still runs.
    LockCycle,
    /// A goroutine waits for a lock that an earlier future of its own holds a place for, or was given, and that nobody polls.
    Futurelock,
    /// A goroutine waits for something that is not gaggle's, and nobody has a waker of it.
    LostWakeup,
    /// The root has ended, and others are left that can never end (ST-08).
    Leak,
    /// Too many steps, or too many without a move of the clock: nothing comes to an end.
    Livelock,
    /// The virtual time limit was passed.
    Overtime,
    /// Goroutines block the thread in each other's way: on real workers they would not.
    Entangled,
    /// One of gaggle's own rules was broken, such as by a wait group that goes below zero: a panic of gaggle's says so.
    Misuse,
    /// A goroutine has not given its thread back for a long time.
    Stuck,
    /// A thread that the simulation does not run has woken a goroutine.
    ForeignThread,
    /// The run was repeated with the same choices, and something else happened.
    Nondeterminism,
    /// A goal was reached in no run.
    Unreached,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "panic",
            Self::Deadlock => "deadlock",
            Self::LockCycle => "lock cycle",
            Self::Futurelock => "futurelock",
            Self::LostWakeup => "lost wake-up",
            Self::Leak => "goroutine leak",
            Self::Livelock => "livelock",
            Self::Overtime => "time limit",
            Self::Entangled => "blocking calls",
            Self::Misuse => "misuse",
            Self::Stuck => "stuck goroutine",
            Self::ForeignThread => "foreign thread",
            Self::Nondeterminism => "nondeterminism",
            Self::Unreached => "unreached goal",
        })
    }
}

/// Something that went wrong.
///
/// Its `Display` is the part of a report that tells it: the class, who was part of it, and where in the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub(crate) class: Class,
    pub(crate) summary: String,
    pub(crate) details: Vec<String>,
    /// Where in the source, sorted: with the class it says whether two findings are the same.
    pub(crate) places: Vec<String>,
    pub(crate) goroutines: Vec<u64>,
}

impl Finding {
    pub(crate) fn new(class: Class, summary: impl Into<String>) -> Self {
        Self {
            class,
            summary: summary.into(),
            details: Vec::new(),
            places: Vec::new(),
            goroutines: Vec::new(),
        }
    }

    /// What kind of thing it is.
    #[must_use]
    pub fn class(&self) -> Class {
        self.class
    }

    /// It in one line.
    #[must_use]
    pub fn summary(&self) -> &str {
        &self.summary
    }

    /// The numbers of the goroutines that are part of it. The root is 1.
    #[must_use]
    pub fn goroutines(&self) -> &[u64] {
        &self.goroutines
    }

    /// The places in the source that are part of it, as `file:line:column`.
    #[must_use]
    pub fn places(&self) -> &[String] {
        &self.places
    }

    /// Is it the same thing at the same place?
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        self.class == other.class && self.places == other.places
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.class, self.summary)?;
        self.details
            .iter()
            .try_for_each(|line| write!(f, "\n  {line}"))
    }
}

/// What is not to happen. Combine with `|`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Expect(u8);

#[expect(
    non_upper_case_globals,
    reason = "they read as the variants of an enumeration"
)]
impl Expect {
    /// Nothing is expected.
    pub const Nothing: Self = Self(0);
    /// No deadlock, no lock cycle and no lost wake-up.
    pub const NoDeadlock: Self = Self(1);
    /// Nobody is left when the root has ended.
    pub const NoLeak: Self = Self(2);
    /// No panic that nobody handles.
    pub const NoPanic: Self = Self(4);
    /// All of them.
    pub const All: Self = Self(7);

    pub(crate) fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// What is in this one and not in `other`.
    #[must_use]
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl std::ops::BitOr for Expect {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What was wrong with a run, if anything was. `notes` are the panics that were raised in it.
pub(crate) fn judge<T>(run: &Run<T>, notes: &[Note], expect: Expect) -> Option<Finding> {
    if run.foreign {
        return Some(Finding::new(
            Class::ForeignThread,
            "a thread that the simulation does not run has woken a goroutine: what it does cannot be repeated. \
             Start goroutines instead, or run this test on real workers: `#[gaggle::test(workers = N)]`",
        ));
    }
    let panics = expect.contains(Expect::NoPanic);
    if panics
        && let Some(Err(error)) = &run.output
        && error.is_panic()
    {
        return Some(panic(1, None, notes));
    }
    if panics && let Some(fallen) = run.fallen.first() {
        let started = fallen.started.to_string();
        return Some(panic(fallen.id.as_u64(), Some(&started), notes));
    }
    let stuck = expect.contains(Expect::NoDeadlock);
    let left = run.left.as_ref();
    match &run.halt {
        Halt::Returned | Halt::Panicked => {
            let left = left.filter(|_| expect.contains(Expect::NoLeak))?;
            leak(left, &run.events)
        }
        Halt::Stuck if stuck => left.map(|left| deadlock(left, &run.doubled, &run.events)),
        Halt::LockCycle(cycles) if stuck => left.map(|left| lock_cycle(left, cycles, &run.events)),
        Halt::Entangled => Some(Finding::new(
            Class::Entangled,
            "two calls block the one thread that a simulation has, and the first could go on only if the second had: \
             wait with `.await` instead of `join_blocking`, `block_on` or `recv_blocking` in goroutines",
        )),
        Halt::Stuck | Halt::LockCycle(_) => None,
        Halt::Steps | Halt::StepsAtOnce => {
            let summary = format!(
                "no end after {} steps, the last of them at {:?} on the virtual clock",
                run.steps,
                std::time::Duration::from_nanos(run.now)
            );
            let mut finding = Finding::new(Class::Livelock, summary);
            describe_all(&mut finding, left, &run.events);
            Some(finding)
        }
        Halt::Time => {
            let now = std::time::Duration::from_nanos(run.now);
            let summary = format!("not done at {now:?} on the virtual clock");
            let mut finding = Finding::new(Class::Overtime, summary);
            describe_all(&mut finding, left, &run.events);
            Some(finding)
        }
    }
}

fn panic(goroutine: u64, started: Option<&str>, notes: &[Note]) -> Finding {
    let own = notes.iter().rev().find(|note| note.goroutine == goroutine);
    let message = own.map_or("(a panic that was raised again)", |note| &note.message);
    let class = if own.is_some_and(Note::is_misuse) {
        Class::Misuse
    } else {
        Class::Panic
    };
    let summary = format!("goroutine #{goroutine} panicked: {message}");
    let mut finding = Finding::new(class, summary);
    finding.goroutines.push(goroutine);
    if let Some(note) = own {
        finding.details.push(format!("at {}", direct(&note.place)));
        finding.places.push(note.place.clone());
    }
    if let Some(started) = started {
        finding
            .details
            .push(format!("started at {}", direct(started)));
    }
    for note in notes.iter().filter(|note| Some(*note) != own).take(3) {
        let text = format!(
            "before it #{} panicked at {}: {}",
            note.goroutine,
            direct(&note.place),
            note.message
        );
        finding.details.push(text);
    }
    finding
}

fn leak(left: &Dump, events: &[Event]) -> Option<Finding> {
    let lost: Vec<&Goroutine> = left.goroutines().filter(|g| !g.daemon).collect();
    if lost.is_empty() {
        return None;
    }
    let summary = match lost.len() {
        1 => "1 goroutine never finished".to_owned(),
        n => format!("{n} goroutines never finished"),
    };
    let mut finding = Finding::new(Class::Leak, summary);
    describe(&mut finding, &lost, events);
    Some(finding)
}

fn deadlock(left: &Dump, doubled: &[(u64, u64)], events: &[Event]) -> Finding {
    if !left.lock_cycles.is_empty() {
        return lock_cycle(left, &left.lock_cycles, events);
    }
    let all: Vec<&Goroutine> = left.goroutines().collect();
    let lost = |g: &&&Goroutine| {
        g.leaked
            && g.reason
                .as_deref()
                .is_some_and(|reason| reason == "foreign future")
    };
    let mut finding = if let Some((id, _)) = doubled.first() {
        let summary = format!(
            "goroutine #{id} waits for a lock, and an earlier future of its own that nobody polls has a place before it"
        );
        Finding::new(Class::Futurelock, summary)
    } else if let Some(lost) = all.iter().find(lost) {
        let summary = format!("nobody has a waker of goroutine #{}, which waits", lost.id);
        Finding::new(Class::LostWakeup, summary)
    } else {
        Finding::new(Class::Deadlock, "all goroutines are asleep")
    };
    describe(&mut finding, &all, events);
    finding
}

fn lock_cycle(left: &Dump, cycles: &[Vec<u64>], events: &[Event]) -> Finding {
    let cycle = cycles.first().map_or(&[][..], Vec::as_slice);
    let mut ring = String::new();
    for id in cycle.iter().chain(cycle.first()) {
        let arrow = if ring.is_empty() { "" } else { " -> " };
        let _ = write!(ring, "{arrow}#{id}");
    }
    let summary = format!("goroutines wait for each other's locks: {ring}");
    let mut finding = Finding::new(Class::LockCycle, summary);
    let inside: Vec<&Goroutine> = left
        .goroutines()
        .filter(|g| cycle.contains(&g.id))
        .collect();
    describe(&mut finding, &inside, events);
    finding
}

fn describe_all(finding: &mut Finding, left: Option<&Dump>, events: &[Event]) {
    let all: Vec<&Goroutine> = left.into_iter().flat_map(Dump::goroutines).collect();
    describe(finding, &all, events);
    // Who happens to be where at the end of a long run says little.
    finding.places.clear();
}

/// How many goroutines are told of.
const TOLD: usize = 12;

/// Tells who waits for what.
fn describe(finding: &mut Finding, who: &[&Goroutine], events: &[Event]) {
    let mut numbers = Numbers::of(events);
    for g in who {
        finding.goroutines.push(g.id);
        finding.places.extend(g.at.clone());
    }
    for g in who.iter().take(TOLD) {
        let name = g
            .name
            .as_ref()
            .map_or(String::new(), |name| format!(" {name:?}"));
        let state = match (g.state, &g.reason) {
            (GoState::Waiting | GoState::Blocked, Some(reason)) => reason,
            _ => "ready",
        };
        let mut line = format!("#{}{name} [{state}]", g.id);
        if let Some(at) = &g.at {
            let _ = write!(line, " at {}", direct(at));
        }
        match (g.parent, g.started_at.as_deref().map(direct)) {
            (Some(parent), Some(started)) => {
                let _ = write!(line, ", started by #{parent} at {started}");
            }
            (Some(_), None) => {}
            // Where it is run from is not part of the program: a replay may come from elsewhere.
            (None, _) => line.push_str(", the root"),
        }
        finding.details.push(line);
        if let Some(object) = &g.object {
            finding
                .details
                .push(format!("   {}", about(object, &mut numbers)));
        }
        if g.leaked {
            finding.details.push("   nobody can wake it".to_owned());
        }
    }
    if who.len() > TOLD {
        finding
            .details
            .push(format!("and {} more", who.len() - TOLD));
    }
    finding.places.sort();
    finding.places.dedup();
}

fn about(object: &Object, numbers: &mut Numbers) -> String {
    let mut text = format!(
        "{} {}",
        object.kind,
        numbers.name(&object.kind, object.address)
    );
    if let Some(name) = &object.name {
        let _ = write!(text, " {name:?}");
    }
    for (i, (name, n)) in object.figures.iter().enumerate() {
        let open = if i == 0 { " (" } else { ", " };
        if *n == u64::MAX {
            let _ = write!(text, "{open}{name} unlimited");
        } else {
            let _ = write!(text, "{open}{name} {n}");
        }
    }
    if !object.figures.is_empty() {
        text.push(')');
    }
    if let Some(holder) = object.holder {
        let _ = write!(text, ", held by #{holder}");
    }
    text
}
