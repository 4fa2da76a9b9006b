//! What `conformance` shows: a summary for the terminal and the table for the repository.

use super::rows::{Mark, Row};
use super::{Held, Status, Test};
use std::fmt::Write as _;

const INTRODUCTION: &str = "\
# Which test holds which behaviour

Written by `cargo xtask conformance --write` from [semantics.md](semantics.md) and from the names and comments of the tests; not to be edited.
Files are in `tests/`, or in `crates/` if their path begins with a crate; `loom_..` are models, run by `cargo xtask loom`.
";

/// Rows by the status that they have.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    rows: usize,
    tests: usize,
    part: usize,
    types: usize,
    later: usize,
    missing: usize,
}

impl Sums {
    fn of<'a>(held: &Held<'_>, rows: impl IntoIterator<Item = &'a Row>) -> Self {
        let mut sums = Self::default();
        for row in rows {
            sums.rows += 1;
            *match held.status(row) {
                Status::Tests => &mut sums.tests,
                Status::Part => &mut sums.part,
                Status::Types => &mut sums.types,
                Status::Later => &mut sums.later,
                Status::Missing => &mut sums.missing,
            } += 1;
        }
        sums
    }

    fn line(&self, name: &str) -> String {
        let Self {
            rows,
            tests,
            part,
            types,
            later,
            missing,
        } = self;
        format!("{name:<5}{rows:>6}{tests:>10}{part:>9}{types:>10}{later:>11}{missing:>9}\n")
    }
}

/// Counts by area and status. The rows that are missing are told as errors, after this.
pub(super) fn summary(held: &Held<'_>) -> String {
    let mut out = String::from("area   rows  by tests  in part  by types  not built  missing\n");
    for area in &held.list.areas {
        out += &Sums::of(held, &area.rows).line(&area.prefix);
    }
    out + &Sums::of(held, held.list.rows()).line("all")
}

/// The text of `docs/conformance.md`.
pub(super) fn table(held: &Held<'_>) -> String {
    let mut out = String::from(INTRODUCTION);
    let sums = Sums::of(held, held.list.rows());
    let _ = writeln!(
        out,
        "\nOf {} rows {} are held by tests, {} more in part, and {} by the types; {} belong to parts that are not built yet, {} are missing.",
        sums.rows, sums.tests, sums.part, sums.types, sums.later, sums.missing
    );
    for area in &held.list.areas {
        let title = &area.title;
        let _ = writeln!(
            out,
            "\n## {title}\n\n| row | behaviour | status | held by |\n|---|---|---|---|"
        );
        for row in &area.rows {
            let text = format!("{} ({})", row.text, row.source);
            let translations = row.translations.join(", ");
            line(
                &mut out,
                &[
                    &row.id,
                    format!("{text} {translations}").trim_end(),
                    &status(held, row),
                    &held_by(held, row),
                ],
            );
        }
    }
    out += "\n## Translations\n\nWhat becomes of a behaviour where Rust calls for something else; the tests that are named after one.\n\n";
    out += "| | here | rows | tests |\n|---|---|---|---|\n";
    for row in &held.list.translations {
        let users = held.list.rows();
        let users = users.filter(|user| user.translations.contains(&row.id));
        let users: Vec<&str> = users.map(|user| &*user.id).collect();
        line(
            &mut out,
            &[&row.id, &row.text, &users.join(", "), &held_by(held, row)],
        );
    }
    out
}

fn line(out: &mut String, cells: &[&str]) {
    for cell in cells {
        out.push('|');
        if !cell.is_empty() {
            let _ = write!(out, " {}", cell.replace('|', "\\|"));
        }
        out.push(' ');
    }
    out.push_str("|\n");
}

fn status(held: &Held<'_>, row: &Row) -> String {
    let tests = match held.tests(row).len() {
        1 => "1 test".to_owned(),
        count => format!("{count} tests"),
    };
    match (held.status(row), &row.mark) {
        (Status::Part, Some(Mark::Partly(what))) => format!("{tests}; not built yet: {what}"),
        (Status::Types, Some(Mark::Never(why))) => format!("cannot be written: {why}"),
        (Status::Types, _) => "must not compile".to_owned(),
        (Status::Later, Some(Mark::Later(part))) => format!("not built yet: {part}"),
        (Status::Missing, _) => "**MISSING**".to_owned(),
        _ => tests,
    }
}

/// Compile-fail cases, and tests by file.
fn held_by(held: &Held<'_>, row: &Row) -> String {
    let mut parts = Vec::new();
    if let Some(Mark::Ui(cases)) = &row.mark {
        let cases: Vec<String> = cases.iter().map(|case| format!("`ui/{case}.rs`")).collect();
        parts.push(cases.join(", "));
    }
    let of_one_file = |a: &&Test, b: &&Test| a.file == b.file;
    for tests in held.tests(row).chunk_by(of_one_file) {
        let names: Vec<&str> = tests.iter().map(|test| &*test.name).collect();
        parts.push(format!("`{}`: {}", tests[0].short_file(), names.join(", ")));
    }
    parts.join("<br>")
}
