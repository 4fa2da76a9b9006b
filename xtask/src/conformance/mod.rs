//! `conformance`: which test holds which row of `docs/semantics.md`, and that no row is missing.
//!
//! | file | what it holds |
//! |---|---|
//! | `rows.rs` | the rows, read from the document |
//! | `tests.rs` | the tests, read from the sources, and the rows that each names |
//! | `actors.rs` | the same for actors: `docs/actors-rows.md` and `docs/conformance-actors.md` |
//! | `report.rs` | what is shown: the summary in the terminal and the table in `docs/conformance.md` |
//!
//! This file compares the two. It only reads: whether a test passes is for `test` and `repeat` to say.

mod actors;
mod report;
mod rows;
mod tests;

use crate::counts::Counts;
use crate::run::root;
use crate::tidy::{self, File};
use crate::{Failure, Outcome, metadata};
use rows::{List, Mark, Row};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;
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
                "`conformance` has no argument `{other}`; it takes --write or nothing"
            )));
        }
    };
    let (names, files) = tidy::read_project(&root())?;
    let list = read_list(&files)?;
    let tests = find(&list, &files);
    let held = Held::new(&list, &tests);
    let mut wrong = faults(&list, &tests, &names);
    wrong.extend(not_run(&tests, &targets()?));

    let of_actors = actors::look(&files);
    wrong.extend(of_actors.wrong);
    let tables = [
        (TABLE, report::table(&held)),
        (actors::TABLE, of_actors.table),
    ];
    print!("{}{}", report::summary(&held), of_actors.summary);
    for (path, table) in tables {
        if write {
            fs::write(root().join(path), &table)
                .map_err(|error| Failure::failed(format!("{path} cannot be written: {error}")))?;
            println!("wrote {path}");
        } else if !files.iter().any(|f| f.path == path && f.text == table) {
            wrong.push(format!(
                "{path} is not current: run `cargo xtask conformance --write` and commit it"
            ));
        }
    }
    for warning in warnings(&held) {
        println!("warning: {warning}");
    }
    if wrong.is_empty() {
        Ok(Counts::default())
    } else {
        Err(Failure::failed(wrong.join("\nerror: ")))
    }
}

fn read_list(files: &[File]) -> Result<List, Failure> {
    let document = files
        .iter()
        .find(|file| file.path == ROWS)
        .ok_or_else(|| Failure::failed(format!("{ROWS} is missing")))?;
    rows::read(&document.text)
        .map_err(|wrong| Failure::failed(format!("{ROWS}: {}", wrong.join("\nerror: "))))
}

/// All tests that name a row, by file and place in it.
fn find(list: &List, files: &[File]) -> Vec<Test> {
    let areas: Vec<&str> = list.areas.iter().map(|area| &*area.prefix).collect();
    files
        .iter()
        .filter(|file| file.is_rust() && has_tests(&file.path))
        .flat_map(|file| tests::in_source(&file.path, &file.text, &areas))
        .collect()
}

fn has_tests(path: &str) -> bool {
    ["tests/", "crates/", "xtask/"]
        .iter()
        .any(|folder| path.starts_with(folder))
}

/// How a row is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Tests,
    /// Tests hold it in part; the rest is not built.
    Part,
    /// Rust's types hold it.
    Types,
    Later,
    Missing,
}

/// The rows with the tests that name them.
struct Held<'a> {
    list: &'a List,
    tests: BTreeMap<&'a str, Vec<&'a Test>>,
}

impl<'a> Held<'a> {
    fn new(list: &'a List, tests: &'a [Test]) -> Self {
        let mut held: BTreeMap<&str, Vec<&Test>> = BTreeMap::new();
        for test in tests {
            for id in &test.rows {
                held.entry(id).or_default().push(test);
            }
        }
        Self { list, tests: held }
    }

    fn tests(&self, row: &Row) -> &[&'a Test] {
        self.tests.get(&*row.id).map_or(&[], Vec::as_slice)
    }

    fn status(&self, row: &Row) -> Status {
        match (&row.mark, self.tests(row)) {
            (Some(Mark::Never(_) | Mark::Ui(_)), []) => Status::Types,
            (Some(Mark::Later(_)), []) => Status::Later,
            (None | Some(Mark::Partly(_)), []) => Status::Missing,
            (Some(Mark::Partly(_)), _) => Status::Part,
            _ => Status::Tests,
        }
    }
}

/// Rows that nothing holds, tests of rows that do not exist, cases that do not exist.
fn faults(list: &List, tests: &[Test], names: &[String]) -> Vec<String> {
    let held = Held::new(list, tests);
    let mut wrong = Vec::new();
    for row in list.rows() {
        if held.status(row) == Status::Missing {
            wrong.push(format!("{}: no test holds it: {}", row.id, row.text));
        }
        if let Some(Mark::Ui(cases)) = &row.mark {
            let absent = |case: &&String| !names.contains(&format!("tests/ui/{case}.rs"));
            for case in cases.iter().filter(absent) {
                wrong.push(format!("{}: there is no tests/ui/{case}.rs", row.id));
            }
        }
    }
    for test in tests {
        for id in test.rows.iter().filter(|id| !list.knows(id)) {
            let (file, name) = (&test.file, &test.name);
            wrong.push(format!(
                "{file}: `{name}` names {id}, which {ROWS} does not have"
            ));
        }
    }
    wrong
}

/// A file right in a folder of `tests` is a target of its own; one that no manifest names is never compiled.
fn not_run(tests: &[Test], targets: &[PathBuf]) -> Vec<String> {
    let files: BTreeSet<&str> = tests.iter().map(|test| &*test.file).collect();
    files
        .into_iter()
        .filter(|file| file.starts_with("tests/") && file.matches('/').count() == 2)
        .filter(|file| !targets.iter().any(|target| target.ends_with(file)))
        .map(|file| format!("{file}: no [[test]] target names it, so its tests never run"))
        .collect()
}

fn targets() -> Result<Vec<PathBuf>, Failure> {
    let targets = metadata::test_targets()?;
    Ok(targets.into_iter().map(|target| target.path).collect())
}

/// Marks that are out of date.
fn warnings(held: &Held<'_>) -> Vec<String> {
    let stale = |row: &&Row| {
        matches!(row.mark, Some(Mark::Never(_) | Mark::Later(_))) && !held.tests(row).is_empty()
    };
    held.list
        .rows()
        .filter(stale)
        .map(|row| {
            let test = &held.tests(row)[0].name;
            format!("{}: the mark is stale, `{test}` holds it", row.id)
        })
        .collect()
}

#[cfg(test)]
mod self_tests {
    use super::{Held, List, Status, Test, faults, not_run, report, rows, tests, warnings};
    use std::path::PathBuf;

    const ROWS: &str = "## Channels (CH-01 to CH-05)\n\
        - **CH-01** One. (x; T1)\n- **CH-02** Two. (y) {never: why}\n\
        - **CH-03** Three. (z) {later: dumps}\n- **CH-04** Four. (z) {ui: a, b}\n\
        - **CH-05** Five. (z) {partly: the rest}\n\
        ## Translations (T1 to T1)\n- **T1** Here.\n";

    fn read(source: &str) -> (List, Vec<Test>) {
        let tests = tests::in_source("tests/c/a.rs", source, &["CH"]);
        (rows::read(ROWS).unwrap(), tests)
    }

    #[test]
    fn a_row_without_a_test_or_mark_is_missing() {
        let (list, tests) = read("fn ch_01_helper() {}");
        let names = ["tests/ui/a.rs", "tests/ui/b.rs"].map(str::to_owned);
        let wrong = faults(&list, &tests, &names);
        assert_eq!(
            wrong,
            [
                "CH-01: no test holds it: One.",
                "CH-05: no test holds it: Five."
            ]
        );
        let wrong = faults(&list, &tests, &names[..1]);
        assert_eq!(wrong[1], "CH-04: there is no tests/ui/b.rs");
    }

    #[test]
    fn a_test_of_an_unknown_row_is_a_fault() {
        let source = "#[test] fn ch_01_a() {} #[test] fn ch_05_a() {} #[test] fn ch_99_a() {}\n\
                      /// (T2)\n#[test] fn b() {}";
        let (list, tests) = read(source);
        let names = ["tests/ui/a.rs", "tests/ui/b.rs"].map(str::to_owned);
        let wrong = faults(&list, &tests, &names).join("\n");
        assert_eq!(wrong.lines().count(), 2, "{wrong}");
        assert!(wrong.contains("`ch_99_a` names CH-99") && wrong.contains("`b` names T2"));
    }

    #[test]
    fn a_mark_beside_a_test_is_stale() {
        let source = "#[test] fn ch_02_a() {} #[test] fn ch_03_a() {} #[test] fn ch_04_a() {} #[test] fn ch_05_a() {}";
        let (list, tests) = read(source);
        let warnings = warnings(&Held::new(&list, &tests));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].starts_with("CH-02") && warnings[1].contains("`ch_03_a`"));
    }

    #[test]
    fn a_file_that_is_no_target_is_a_fault() {
        let (_, tests) = read("#[test] fn ch_01_a() {}");
        assert!(not_run(&tests, &[PathBuf::from("/x/tests/c/a.rs")]).is_empty());
        let wrong = not_run(&tests, &[PathBuf::from("/x/tests/c/b.rs")]);
        assert!(wrong[0].starts_with("tests/c/a.rs"), "{wrong:?}");
    }

    #[test]
    fn the_table_says_how_each_row_is_held() {
        let (list, tests) = read("#[test] fn ch_05_a() {} #[test] fn t1_b() {}");
        let held = Held::new(&list, &tests);
        let statuses: Vec<_> = list.rows().map(|row| held.status(row)).collect();
        let expected = [
            Status::Missing,
            Status::Types,
            Status::Later,
            Status::Types,
            Status::Part,
        ];
        assert_eq!(statuses, expected);
        let table = report::table(&held);
        for line in [
            "| CH-01 | One. (x) T1 | **MISSING** | |",
            "| CH-02 | Two. (y) | cannot be written: why | |",
            "| CH-03 | Three. (z) | not built yet: dumps | |",
            "| CH-04 | Four. (z) | must not compile | `ui/a.rs`, `ui/b.rs` |",
            "| CH-05 | Five. (z) | 1 test; not built yet: the rest | `c/a.rs`: ch_05_a |",
            "| T1 | Here. | CH-01 | `c/a.rs`: t1_b |",
        ] {
            assert!(table.lines().any(|found| found == line), "{line}\n{table}");
        }
        let summary = report::summary(&held);
        assert!(summary.contains("CH"), "{summary}");
    }
}
