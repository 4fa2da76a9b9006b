//! The rows of `docs/actors-rows.md`, what OTP does: which test holds each, and that none is missing.
//!
//! A row is a line `- **7** Text. {here: how it is translated}`, or with `{never: why it cannot apply}`; the name of its tests begins with `row_007_`.

use super::tests::{self, Test};
use crate::tidy::File;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(super) const ROWS: &str = "docs/actors-rows.md";
pub(super) const TABLE: &str = "docs/conformance-actors.md";

const INTRODUCTION: &str = "\
# Which test holds which row of OTP's behaviour

Written by `cargo xtask conformance --write` from [actors-rows.md](actors-rows.md) and from the names of the tests; not to be edited.
Files are in `tests/`, or in `crates/` if their path begins with a crate.
All tests in `tests/actors` run under 200 schedules with virtual time and once on real workers, but for those that need exact times, which are simulated only.
";

struct Row {
    number: usize,
    text: String,
    here: Option<String>,
    never: Option<String>,
}

/// Headings, each with its rows.
type Groups = Vec<(String, Vec<Row>)>;

/// What was found, and the text of the table.
pub(super) struct Found {
    pub(super) table: String,
    pub(super) summary: String,
    pub(super) wrong: Vec<String>,
}

pub(super) fn look(files: &[File]) -> Found {
    let list = files.iter().find(|file| file.path == ROWS);
    let list = list.map_or("", |file| &file.text);
    let rust = files
        .iter()
        .filter(|f| f.is_rust() && super::has_tests(&f.path));
    let tests: Vec<Test> = rust
        .flat_map(|file| tests::in_source(&file.path, &file.text, &["ROW"]))
        .collect();
    compare(list, &tests)
}

fn compare(list: &str, tests: &[Test]) -> Found {
    let (groups, mut wrong) = read(list);
    let mut held: BTreeMap<usize, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        for row in &test.rows {
            // Tests may be named after other things, too.
            if let Some(number) = row.strip_prefix("ROW-").and_then(|n| n.parse().ok()) {
                held.entry(number).or_default().push(test);
            }
        }
    }
    let known: Vec<usize> = groups
        .iter()
        .flat_map(|(_, rows)| rows)
        .map(|row| row.number)
        .collect();
    for (number, tests) in held.iter().filter(|(number, _)| !known.contains(number)) {
        let Test { file, name, .. } = tests[0];
        wrong.push(format!(
            "{file}: `{name}` names row {number}, which {ROWS} does not have"
        ));
    }
    for (at, number) in (1..).zip(&known) {
        if at != *number {
            wrong.push(format!("{ROWS}: row {number} stands where row {at} should"));
            break;
        }
    }
    let mut out = INTRODUCTION.to_owned();
    let mut never = 0;
    for (title, rows) in &groups {
        let _ = write!(
            out,
            "\n## {title}\n\n| row | in OTP | here | held by |\n|---|---|---|---|\n"
        );
        for row in rows {
            let tests = held.get(&row.number).map_or(&[][..], Vec::as_slice);
            never += usize::from(row.never.is_some());
            match (&row.never, tests) {
                (None, []) => wrong.push(format!(
                    "row {}: no test holds it: {}",
                    row.number, row.text
                )),
                (Some(_), [test, ..]) => {
                    wrong.push(format!(
                        "row {}: the mark is stale, `{}` holds it",
                        row.number, test.name
                    ));
                }
                _ => {}
            }
            line(&mut out, row, tests);
        }
    }
    let summary = format!(
        "actors: {} rows, {} by tests, {never} that cannot apply\n",
        known.len(),
        known
            .iter()
            .filter(|number| held.contains_key(number))
            .count()
    );
    let _ = write!(out, "\n{summary}");
    Found {
        table: out,
        summary,
        wrong,
    }
}

fn line(out: &mut String, row: &Row, tests: &[&Test]) {
    let here = match (&row.never, &row.here) {
        (Some(why), _) => format!("not applicable: {why}"),
        (None, Some(here)) => here.clone(),
        (None, None) => "the same".to_owned(),
    };
    let names: Vec<String> = tests
        .iter()
        .map(|test| format!("`{}`: {}", test.short_file(), test.name))
        .collect();
    let cells = [
        row.number.to_string(),
        row.text.clone(),
        here,
        names.join("<br>"),
    ];
    for cell in cells {
        let _ = write!(out, "| {} ", cell.replace('|', "\\|"));
    }
    out.push_str("|\n");
}

fn read(list: &str) -> (Groups, Vec<String>) {
    let (mut groups, mut wrong) = (Groups::new(), Vec::new());
    for text in list.lines() {
        if let Some(title) = text.strip_prefix("## ") {
            groups.push((title.to_owned(), Vec::new()));
        }
        let Some(rest) = text.strip_prefix("- **") else {
            continue;
        };
        match (row(rest), groups.last_mut()) {
            (Some(row), Some((_, rows))) => rows.push(row),
            _ => wrong.push(format!("{ROWS}: this is no row: {text}")),
        }
    }
    if groups.is_empty() {
        wrong.push(format!("{ROWS}: there are no rows"));
    }
    (groups, wrong)
}

fn row(rest: &str) -> Option<Row> {
    let (number, rest) = rest.split_once("** ")?;
    let marked = |mark: &str| {
        let (text, mark) = rest.rsplit_once(&format!(" {{{mark}: "))?;
        Some((text.to_owned(), mark.strip_suffix('}')?.to_owned()))
    };
    let (here, never) = (marked("here"), marked("never"));
    let text = here
        .as_ref()
        .or(never.as_ref())
        .map_or(rest, |(text, _)| text);
    Some(Row {
        number: number.parse().ok()?,
        text: text.to_owned(),
        here: here.map(|(_, how)| how),
        never: never.map(|(_, why)| why),
    })
}

#[cfg(test)]
mod self_tests {
    use super::{compare, tests};

    const LIST: &str = "## A. Starting\n- **1** One. {here: so}\n- **2** Two.\n- **3** Three {a,b}. {never: why}\n";

    fn found(source: &str) -> super::Found {
        compare(
            LIST,
            &tests::in_source("tests/actors/a.rs", source, &["ROW"]),
        )
    }

    #[test]
    fn each_row_has_a_test_or_a_reason() {
        let all =
            found("#[test] fn row_001_a() {} #[test] fn row_002_b() {} #[test] fn row_002_c() {}");
        assert!(all.wrong.is_empty(), "{:?}", all.wrong);
        for line in [
            "| 1 | One. | so | `actors/a.rs`: row_001_a |",
            "| 2 | Two. | the same | `actors/a.rs`: row_002_b<br>`actors/a.rs`: row_002_c |",
            "| 3 | Three {a,b}. | not applicable: why |  |",
        ] {
            assert!(
                all.table.lines().any(|found| found == line),
                "{line}\n{}",
                all.table
            );
        }
        assert_eq!(
            all.summary,
            "actors: 3 rows, 2 by tests, 1 that cannot apply\n"
        );
        let wrong = found("#[test] fn row_001_a() {}").wrong;
        assert_eq!(wrong, ["row 2: no test holds it: Two."]);
    }

    #[test]
    fn tests_of_no_row_and_stale_marks_are_faults() {
        let source = "#[test] fn row_001_a() {} #[test] fn row_002_b() {} #[test] fn row_003_c() {} #[test] fn row_107_d() {}";
        let wrong = found(source).wrong.join("\n");
        assert!(wrong.contains("`row_107_d` names row 107"), "{wrong}");
        assert!(wrong.contains("row 3: the mark is stale"), "{wrong}");
    }

    #[test]
    fn what_is_no_row_and_gaps_are_faults() {
        let wrong = compare("## A\n- **x** One.\n- **2** Two. {never: y}\n", &[])
            .wrong
            .join("\n");
        assert!(
            wrong.contains("this is no row") && wrong.contains("row 2 stands where row 1"),
            "{wrong}"
        );
    }
}
