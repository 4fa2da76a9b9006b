//! The tests: functions under `#[test]` whose name begins with rows (`ti_07_ti_08_..`), or whose comment cites rows in parentheses (`(RX-01, RX-02)`).

use std::fs;
use std::path::Path;

/// The two letters that a row may begin with.
const AREAS: &str = "GO CH CL SE TI WG LK XS CX MM DL PA ST RT RX";

/// One test.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) rows: Vec<String>,
}

impl Test {
    /// The file without the folders that all share.
    pub(super) fn short_file(&self) -> &str {
        let file = self.file.strip_prefix("tests/").unwrap_or(&self.file);
        file.strip_prefix("crates/").unwrap_or(file)
    }
}

/// All tests under `tests` and `crates` that name a row, by file and place.
pub(super) fn find(root: &Path) -> Result<Vec<Test>, String> {
    let mut tests = Vec::new();
    for folder in ["tests", "crates"] {
        visit(root, &root.join(folder), &mut tests)?;
    }
    tests.sort_by(|a, b| (&a.file, &a.name).cmp(&(&b.file, &b.name)));
    Ok(tests)
}

fn visit(root: &Path, folder: &Path, tests: &mut Vec<Test>) -> Result<(), String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "target") {
                visit(root, &path, tests)?;
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let file = path.strip_prefix(root).unwrap_or(&path).to_string_lossy();
            tests.extend(in_source(&file, &text));
        }
    }
    Ok(())
}

/// The tests of one file that name a row.
pub(super) fn in_source(file: &str, text: &str) -> Vec<Test> {
    let mut tests = Vec::new();
    let (mut cited, mut is_test) = (Vec::new(), false);
    for line in text.lines().map(str::trim) {
        if let Some(comment) = line.strip_prefix("///") {
            cited.extend(citations(comment));
        } else if line.starts_with("#[") {
            is_test |= line == "#[test]" || line.starts_with("#[gaggle::test");
        } else {
            let function = line
                .strip_prefix("async ")
                .unwrap_or(line)
                .strip_prefix("fn ");
            if let Some((name, _)) = function.filter(|_| is_test).and_then(|f| f.split_once('(')) {
                let mut rows = named(name);
                rows.append(&mut cited);
                rows.sort_unstable();
                rows.dedup();
                if !rows.is_empty() {
                    let (file, name) = (file.to_owned(), name.to_owned());
                    tests.push(Test { file, name, rows });
                }
            }
            cited.clear();
            is_test = false;
        }
    }
    tests
}

/// The rows that a name begins with.
fn named(name: &str) -> Vec<String> {
    let parts: Vec<_> = name.split('_').collect();
    let rows = parts.chunks(2).map_while(|pair| match pair {
        [area, number] => row(&area.to_uppercase(), number),
        _ => None,
    });
    rows.collect()
}

/// The rows in the parentheses of a comment.
fn citations(comment: &str) -> Vec<String> {
    let groups = comment
        .split('(')
        .skip(1)
        .filter_map(|rest| rest.split_once(')'));
    let words =
        groups.flat_map(|(group, _)| group.split(|c: char| !c.is_ascii_alphanumeric() && c != '-'));
    words
        .filter_map(|word| word.split_once('-'))
        .filter_map(|(area, number)| row(area, number))
        .collect()
}

fn row(area: &str, number: &str) -> Option<String> {
    let known = AREAS.split(' ').any(|known| known == area);
    let digits = number.len() == 2 && number.bytes().all(|b| b.is_ascii_digit());
    (known && digits).then(|| format!("{area}-{number}"))
}

#[cfg(test)]
mod self_tests {
    use super::in_source;

    #[test]
    fn rows_are_read_from_names_and_comments_of_tests_only() {
        let source = "
            /// Twice (RX-01, TI-07), not (T14).
            #[test]
            fn ch_01_se_02_both() {}
            fn ch_04_no_test() {}
            /// (LK-01)
            fn helper() {}
            #[test]
            #[should_panic]
            fn plain() {}
            #[gaggle::test]
            async fn wg_03_asynchronous() {}
        ";
        let tests = in_source("tests/a.rs", source);
        let rows: Vec<_> = tests.iter().map(|t| t.rows.join(" ")).collect();
        assert_eq!(rows, ["CH-01 RX-01 SE-02 TI-07", "WG-03"]);
    }
}
