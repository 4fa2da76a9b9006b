//! `conformance`: which test holds which row of `docs/semantics.md`, and that no row is missing.
//!
//! | file | what it holds |
//! |---|---|
//! | `rows.rs` | the rows, read from the document |
//! | `tests.rs` | the tests, read from the sources, and the rows that each names |

mod rows;
mod tests;

use crate::counts::Counts;
use crate::run::root;
use crate::{Failure, Outcome};
use rows::{Mark, Row};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use tests::Test;

/// The document with the rows.
const ROWS: &str = "docs/semantics.md";
/// The table that this job writes.
const TABLE: &str = "docs/conformance.md";

pub(crate) fn job(arguments: &[String]) -> Outcome {
    let write = match arguments {
        [] => false,
        [option] if option == "--write" => true,
        [other, ..] => {
            return Err(Failure::Usage(format!(
                "`conformance` has no option `{other}`; it takes --write"
            )));
        }
    };
    let text = fs::read_to_string(root().join(ROWS))
        .map_err(|error| Failure::failed(format!("{ROWS}: {error}")))?;
    let rows = rows::read(&text).map_err(Failure::failed)?;
    let tests = tests::find(&root()).map_err(Failure::failed)?;
    let held = held(&rows, &tests);
    print!("{}", summary(&rows, &held));
    let mut wrong = faults(&rows, &tests, &held);
    let table = table(&rows, &held);
    let path = root().join(TABLE);
    if write {
        fs::write(&path, &table).map_err(|error| Failure::failed(format!("{TABLE}: {error}")))?;
        println!("conformance: wrote {TABLE}");
    } else if fs::read_to_string(&path).unwrap_or_default() != table {
        wrong.push(format!(
            "{TABLE} is not current: run `cargo xtask conformance --write`"
        ));
    }
    if wrong.is_empty() {
        return Ok(Counts::default());
    }
    Err(Failure::failed(wrong.join("\n")))
}

/// The tests of each row.
type Held<'a> = BTreeMap<&'a str, Vec<&'a Test>>;

fn held<'a>(rows: &'a [Row], tests: &'a [Test]) -> Held<'a> {
    let mut held: Held<'a> = rows
        .iter()
        .map(|row| (row.id.as_str(), Vec::new()))
        .collect();
    for test in tests {
        for id in &test.rows {
            if let Some(list) = held.get_mut(id.as_str()) {
                list.push(test);
            }
        }
    }
    held
}

/// What is wrong, a line each.
fn faults(rows: &[Row], tests: &[Test], held: &Held<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    for row in rows {
        if held[row.id.as_str()].is_empty() && row.mark.is_none() {
            wrong.push(format!("{}: no test holds it: {}", row.id, row.text));
        }
    }
    for test in tests {
        for id in &test.rows {
            if !held.contains_key(id.as_str()) {
                wrong.push(format!(
                    "{}: `{}` names {id}, which is no row",
                    test.file, test.name
                ));
            }
        }
    }
    wrong
}

fn status(row: &Row, tests: usize) -> String {
    match (&row.mark, tests) {
        (_, 1..) => format!("{tests} test{}", if tests == 1 { "" } else { "s" }),
        (Some(Mark::Never(why)), _) => format!("cannot be written: {why}"),
        (Some(Mark::Ui(cases)), _) => format!("must not compile: `tests/ui`: {cases}"),
        (Some(Mark::Later(part)), _) => format!("not built yet: {part}"),
        (None, _) => "MISSING".to_owned(),
    }
}

fn summary(rows: &[Row], held: &Held<'_>) -> String {
    let mut areas: BTreeMap<&str, [usize; 4]> = BTreeMap::new();
    for row in rows {
        let place = match (held[row.id.as_str()].len(), &row.mark) {
            (1.., _) => 0,
            (_, Some(Mark::Never(_) | Mark::Ui(_))) => 1,
            (_, Some(Mark::Later(_))) => 2,
            (_, None) => 3,
        };
        areas.entry(&row.id[..2]).or_default()[place] += 1;
    }
    let mut out = String::from("area  by tests  by types  not built  missing\n");
    let mut total = [0; 4];
    for (area, counts) in areas {
        let [a, b, c, d] = counts;
        let _ = writeln!(out, "{area:<4} {a:>9} {b:>9} {c:>10} {d:>8}");
        total.iter_mut().zip(counts).for_each(|(t, c)| *t += c);
    }
    let [a, b, c, d] = total;
    let _ = writeln!(
        out,
        "all  {a:>9} {b:>9} {c:>10} {d:>8}   of {} rows",
        rows.len()
    );
    out
}

fn table(rows: &[Row], held: &Held<'_>) -> String {
    let mut out = String::from(
        "# Which test holds which behaviour\n\nWritten by `cargo xtask conformance --write` from [semantics.md](semantics.md) and the names and comments of the tests; not to be edited.\n",
    );
    let mut area = "";
    for row in rows {
        if row.area != area {
            area = &row.area;
            let _ = write!(
                out,
                "\n## {area}\n\n| row | behaviour | status | tests |\n|---|---|---|---|\n"
            );
        }
        let tests = &held[row.id.as_str()];
        let names: Vec<_> = tests
            .iter()
            .map(|test| format!("`{}` {}", test.short_file(), test.name))
            .collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            row.id,
            row.text,
            status(row, tests.len()),
            names.join("<br>")
        );
    }
    out
}

#[cfg(test)]
mod self_tests {
    use super::{faults, held, rows, status, tests};

    const ROWS: &str =
        "## Channels (CH)\n\n- **CH-01** one (x)\n- **CH-02** two (y) {never: why}\n";

    #[test]
    fn a_row_without_a_test_and_a_test_without_a_row_are_faults() {
        let rows = rows::read(ROWS).unwrap();
        let tests = tests::in_source("tests/a.rs", "#[test]\nfn ch_03_x() {}\n");
        let held = held(&rows, &tests);
        let wrong = faults(&rows, &tests, &held);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("CH-01") && wrong[1].contains("CH-03"));
        assert_eq!(status(&rows[1], 0), "cannot be written: why");
    }
}
