//! How the outcomes are printed.

use crate::Entry;
use crate::accept::Outcome;
use crate::measure::columns;
use gaggle::sim::Preempt;

/// What an entry is called in messages.
#[must_use]
pub fn id(entry: &Entry) -> &'static str {
    entry.id
}

fn number(count: Option<u64>) -> String {
    count.map_or("-".to_owned(), |count| count.to_string())
}

fn level(entry: &Entry) -> &'static str {
    match entry.level {
        Preempt::Await => "Await",
        Preempt::EveryOp => "EveryOp",
    }
}

fn cells(outcome: &Outcome) -> Vec<String> {
    let entry = &outcome.entry;
    let class = outcome.class.map(|class| class.to_string());
    let mut cells = vec![
        entry.id.to_owned(),
        class.unwrap_or("-".to_owned()),
        level(entry).to_owned(),
        if entry.flaky { "flaky" } else { "" }.to_owned(),
    ];
    cells.extend(outcome.medians.iter().map(|median| number(*median)));
    cells.push(number(outcome.worst));
    cells.push(number(outcome.dfs));
    cells.push(outcome.found.to_string());
    cells.push(outcome.preemptions.to_string());
    cells
}

fn heads() -> Vec<&'static str> {
    let mut heads = vec!["entry", "class", "level", "Go"];
    heads.extend(columns().iter().map(|(name, _)| *name));
    heads.extend(["(worst)", "dfs", "found", "preemptions"]);
    heads
}

/// The table in Markdown.
#[must_use]
pub fn markdown(outcomes: &[Outcome]) -> String {
    let heads = heads();
    let mut lines = vec![
        format!("| {} | bug |", heads.join(" | ")),
        format!("|{}", "---|".repeat(heads.len() + 1)),
    ];
    lines.extend(outcomes.iter().map(|outcome| {
        let about = outcome.entry.about;
        format!("| {} | {about} |", cells(outcome).join(" | "))
    }));
    lines.join("\n")
}

/// The table for a terminal.
#[must_use]
pub fn text(outcomes: &[Outcome]) -> String {
    let mut rows = vec![heads().into_iter().map(str::to_owned).collect()];
    rows.extend(outcomes.iter().map(cells));
    let width = |column: usize| {
        let lengths = rows.iter().map(|row: &Vec<String>| row[column].len());
        lengths.max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(i, (cell, width))| match i {
            0..=3 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ")
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Where the time went, slowest entries first.
#[must_use]
pub fn times(outcomes: &[Outcome]) -> String {
    let mut sorted: Vec<&Outcome> = outcomes.iter().collect();
    sorted.sort_by_key(|outcome| std::cmp::Reverse(outcome.took));
    let line = |outcome: &&Outcome| {
        let [compare, find, afresh, survive] = outcome.parts.map(|part| part.as_secs_f64());
        format!(
            "{:<6} {:>6.2} s: find {find:.2}, compare {compare:.2}, afresh {afresh:.2}, survive {survive:.2}; told in {} ways",
            outcome.entry.id,
            outcome.took.as_secs_f64(),
            outcome.tellings
        )
    };
    sorted.iter().map(line).collect::<Vec<_>>().join("\n")
}
