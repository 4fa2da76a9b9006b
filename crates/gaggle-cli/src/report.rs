//! What one stop of the tour found: data first, then the same as text or as JSON.
//!
//! The shape of the JSON is the shape of these structs; it is described in `gaggle tour --help` and is a promise:
//! fields may be added, none is renamed or removed.
//! This file must not know the programs.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::out::{FAINT, Look, TITLE, wrapped};
use crate::picture::INDENT;
use crate::picture::checks::{self, Check};
use crate::picture::lanes::{self, Labels};
use crate::picture::orders::Orders;
use crate::picture::table::Table;
use crate::record::Recording;

/// One program of the tour.
#[derive(Debug, Serialize)]
pub(crate) struct Stop {
    /// The name on the command line.
    pub(crate) name: &'static str,
    /// What it is about, in a few words.
    pub(crate) title: &'static str,
    /// The rows of the tutorial that it shows; none if it goes on from there.
    pub(crate) rows: &'static [u8],
    /// The file that a reader would open.
    pub(crate) source: &'static str,
    /// What the tutorial asks.
    pub(crate) question: &'static str,
}

/// One run that is shown line by line.
#[derive(Serialize)]
pub(crate) struct Shown {
    /// What is special about this run; empty if there is only one.
    pub(crate) caption: String,
    pub(crate) recording: Recording,
    /// How the process ended, if how it ended is what is shown.
    pub(crate) process: Option<Ending>,
    /// How to draw it, if a picture says more than the lines.
    #[serde(skip)]
    pub(crate) labels: Option<Labels>,
}

/// How a process ended.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Ending {
    /// What it wrote to standard error.
    pub(crate) stderr: String,
    /// Its exit status; none if a signal ended it.
    pub(crate) status: Option<i32>,
}

/// All that a stop found.
#[derive(Serialize)]
pub(crate) struct Report {
    #[serde(flatten)]
    pub(crate) stop: &'static Stop,
    /// Worker threads of the runtime.
    pub(crate) workers: usize,
    pub(crate) runs: u32,
    /// The program's own options.
    pub(crate) options: BTreeMap<&'static str, u64>,
    pub(crate) shown: Vec<Shown>,
    pub(crate) table: Option<Table>,
    pub(crate) orders: Vec<Orders>,
    pub(crate) checks: Vec<Check>,
    /// Figures, for programs that read them.
    pub(crate) measured: BTreeMap<&'static str, f64>,
    /// What this run says to the question.
    pub(crate) answer: String,
}

impl Report {
    /// A report that has only found out how it ran.
    pub(crate) fn new(stop: &'static Stop, workers: usize, runs: u32) -> Self {
        Self {
            stop,
            workers,
            runs,
            options: BTreeMap::new(),
            shown: Vec::new(),
            table: None,
            orders: Vec::new(),
            checks: Vec::new(),
            measured: BTreeMap::new(),
            answer: String::new(),
        }
    }

    /// Adds a run that is shown without a caption.
    pub(crate) fn show(&mut self, recording: Recording, labels: Option<Labels>) {
        self.shown.push(Shown {
            caption: String::new(),
            recording,
            process: None,
            labels,
        });
    }

    /// Whether something that must hold did not.
    pub(crate) fn is_broken(&self) -> bool {
        self.checks.iter().any(Check::is_broken)
    }

    /// All but the lines of the program, which were printed while it ran.
    pub(crate) fn text(&self, look: Look) -> String {
        let mut parts = Vec::new();
        for shown in &self.shown {
            let Some(labels) = shown.labels else { continue };
            let mut part = String::new();
            if !shown.caption.is_empty() {
                part = wrapped(&shown.caption, INDENT, look.width);
            }
            part.push_str(&lanes::draw(&shown.recording, labels, look));
            parts.push(part);
        }
        parts.extend(self.table.iter().map(|table| table.draw(look)));
        if self.runs > 1 {
            parts.extend(self.orders.iter().map(|orders| orders.draw(look)));
        }
        parts.push(checks::draw(&self.checks, look));
        parts.push(self.answer_text(look));
        parts.retain(|part| !part.is_empty());
        format!("\n{}", parts.join("\n"))
    }

    fn answer_text(&self, look: Look) -> String {
        let heading = format!(
            "{}{}\n",
            " ".repeat(INDENT),
            look.paint(TITLE, "Answer of this run")
        );
        heading + &wrapped(&self.answer, INDENT + 2, look.width.min(100))
    }
}

/// What stands above a program: where it is in the tour, and what it asks.
pub(crate) fn heading(stop: &Stop, place: Option<(usize, usize)>, look: Look) -> String {
    let place = place.map_or_else(String::new, |(at, of)| format!("{at}/{of}  "));
    let rows: Vec<String> = stop.rows.iter().map(u8::to_string).collect();
    let rows = match rows.as_slice() {
        [] => String::new(),
        [row] => format!(", tutorial row {row}"),
        rows => format!(", tutorial rows {}", rows.join(", ")),
    };
    let note = format!("{}{rows}", stop.source);
    let rule = look.pick("\u{2501}", "=");
    let title = format!("{place}{}: {}", stop.name, stop.title);
    let line = rule.repeat(
        look.width
            .min(100)
            .saturating_sub(title.chars().count() + 5),
    );
    format!(
        "{} {} {}\n{}{}\n{}\n",
        look.paint(FAINT, &rule.repeat(2)),
        look.paint(TITLE, &title),
        look.paint(FAINT, &line),
        " ".repeat(INDENT),
        look.paint(FAINT, &note),
        wrapped(stop.question, INDENT, look.width.min(100)),
    )
}

/// The whole JSON document.
#[derive(Serialize)]
pub(crate) struct Document<'a> {
    gaggle: &'static str,
    schema: u32,
    programs: &'a [Report],
}

impl<'a> Document<'a> {
    /// The document that holds `programs`.
    pub(crate) fn new(programs: &'a [Report]) -> Self {
        Self {
            gaggle: env!("CARGO_PKG_VERSION"),
            schema: 1,
            programs,
        }
    }
}
