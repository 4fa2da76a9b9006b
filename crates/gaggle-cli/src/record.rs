//! What the programs printed: which goroutine, on which thread, when, and which line.
//!
//! The programs of the tour print with `println!`, which [`crate::programs`] redirects to [`line`].
//! One recording is active at a time; [`begin`] and [`end`] enclose a run.
//! Lines enter under one lock, so a recording is in the order in which they were printed, as on a shared standard output.
//!
//! This file must not know which programs there are, nor how a recording is drawn.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;
use std::time::Instant;

use gaggle::runtime::GoId;
use serde::{Deserialize, Serialize};

use crate::programs::as_readers_know_them;
use crate::{measure, out};

/// Where lines go while they are recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Echo {
    /// Only into the recording.
    Silent,
    /// Also to standard output, as the program itself would print them.
    Program,
    /// To standard output as one JSON object each, for the parent process.
    Events,
}

/// One printed line as it was caught, before goroutines are numbered.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Caught {
    pub(crate) at_ns: u64,
    /// The runtime's number of the goroutine; none for main.
    pub(crate) goroutine: Option<u64>,
    pub(crate) thread: usize,
    pub(crate) line: String,
    /// The memory that the process held at that moment, where somebody asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) resident_bytes: Option<u64>,
}

/// One printed line of a finished recording.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Event {
    /// Nanoseconds since the program started.
    pub(crate) at_ns: u64,
    /// 0 is main; the others are numbered from 1 in the order in which they were started.
    pub(crate) goroutine: usize,
    /// The thread of the operating system, numbered from 1 in the order of appearance.
    pub(crate) thread: usize,
    /// What was printed.
    pub(crate) line: String,
    /// The memory that the process held at that moment, where somebody asked for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) resident_bytes: Option<u64>,
}

/// All that one run of a program printed.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Recording {
    /// Nanoseconds from the start of the program until its main function returned.
    pub(crate) wall_ns: u64,
    /// The lines in the order in which they were printed.
    pub(crate) events: Vec<Event>,
}

impl Recording {
    /// Numbers the goroutines that printed something.
    pub(crate) fn new(caught: Vec<Caught>, wall_ns: u64) -> Self {
        let started: BTreeSet<u64> = caught.iter().filter_map(|c| c.goroutine).collect();
        let number = |id: u64| started.range(..=id).count();
        let events = caught
            .into_iter()
            .map(|c| Event {
                at_ns: c.at_ns,
                goroutine: c.goroutine.map_or(0, number),
                thread: c.thread,
                line: c.line,
                resident_bytes: c.resident_bytes,
            })
            .collect();
        Self { wall_ns, events }
    }

    /// The lines alone.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.events.iter().map(|e| e.line.as_str())
    }

    /// What follows `prefix` in the lines that begin with it, as numbers.
    pub(crate) fn numbers(&self, prefix: &str) -> Vec<u64> {
        self.lines()
            .filter_map(|line| line.strip_prefix(prefix)?.parse().ok())
            .collect()
    }
}

struct Live {
    started: Instant,
    main: Option<u64>,
    echo: Echo,
    with_memory: bool,
    threads: Vec<ThreadId>,
    caught: Vec<Caught>,
}

static LIVE: Mutex<Option<Live>> = Mutex::new(None);

fn live() -> MutexGuard<'static, Option<Live>> {
    LIVE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a recording; the clock runs from here.
pub(crate) fn begin(echo: Echo, with_memory: bool) {
    *live() = Some(Live {
        started: Instant::now(),
        main: None,
        echo,
        with_memory,
        threads: Vec::new(),
        caught: Vec::new(),
    });
}

/// Says that the calling goroutine is the program's main function.
pub(crate) fn this_is_main() {
    if let Some(live) = live().as_mut() {
        live.main = goroutine();
    }
}

/// Ends the recording. Lines printed later are lost, as they are when a process has ended.
pub(crate) fn end() -> Recording {
    match live().take() {
        None => Recording::default(),
        Some(live) => {
            let wall_ns = since(live.started);
            Recording::new(live.caught, wall_ns)
        }
    }
}

/// Takes down one line. This is what `println!` means inside the programs.
pub(crate) fn line(text: fmt::Arguments<'_>) {
    let text = as_readers_know_them(&text.to_string());
    let goroutine = goroutine();
    let thread = std::thread::current().id();

    let mut live = live();
    let Some(live) = live.as_mut() else { return };
    let caught = Caught {
        at_ns: since(live.started),
        goroutine: goroutine.filter(|_| goroutine != live.main),
        thread: live.number(thread),
        line: text,
        resident_bytes: live.with_memory.then(measure::resident_bytes).flatten(),
    };
    match live.echo {
        Echo::Silent => {}
        Echo::Program => out::program_line(&caught.line),
        Echo::Events => out::json_line(&caught),
    }
    live.caught.push(caught);
}

impl Live {
    fn number(&mut self, thread: ThreadId) -> usize {
        if let Some(at) = self.threads.iter().position(|&t| t == thread) {
            return at + 1;
        }
        self.threads.push(thread);
        self.threads.len()
    }
}

fn goroutine() -> Option<u64> {
    gaggle::runtime::current_id().map(GoId::as_u64)
}

fn since(start: Instant) -> u64 {
    u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Recordings made by hand, for the tests of other files.
#[cfg(test)]
pub(crate) fn by_hand(lines: &[(u64, usize, &str)]) -> Recording {
    let events = lines
        .iter()
        .map(|&(at_ns, goroutine, line)| Event {
            at_ns,
            goroutine,
            thread: 1,
            line: line.to_owned(),
            resident_bytes: None,
        })
        .collect();
    Recording {
        wall_ns: lines.last().map_or(0, |l| l.0),
        events,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caught(at_ns: u64, goroutine: Option<u64>, line: &str) -> Caught {
        Caught {
            at_ns,
            goroutine,
            thread: 1,
            line: line.to_owned(),
            resident_bytes: None,
        }
    }

    #[test]
    fn goroutines_are_numbered_in_the_order_of_their_start() {
        let recording = Recording::new(
            vec![
                caught(1, Some(40), "b"),
                caught(2, None, "m"),
                caught(3, Some(7), "a"),
                caught(4, Some(40), "c"),
            ],
            5,
        );
        let numbers: Vec<_> = recording.events.iter().map(|e| e.goroutine).collect();
        assert_eq!(numbers, [2, 0, 1, 2]);
    }

    #[test]
    fn numbers_come_from_lines_with_the_prefix_only() {
        let recording = by_hand(&[(1, 1, "Result: 4"), (2, 2, "other"), (3, 1, "Result: 10")]);
        assert_eq!(recording.numbers("Result: "), [4, 10]);
    }
}
