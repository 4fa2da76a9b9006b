//! The tests, read from the sources, and the rows that each names.
//!
//! A test is a function under `#[test]` (or `#[gaggle::test]`) that is not ignored; a loom model is one too.
//! It names the rows that its own name begins with (`ti_07_ti_08_..`, each in full; `loom_` may stand before them),
//! and those that its own doc comment cites in parentheses: `(RX-01, RX-02)`, `(RX-01 to RX-04)`.
//! Other functions name nothing, whatever their comments cite.

use crate::tidy::source::{Source, is_word};

/// One test that names a row.
#[derive(Debug)]
pub(super) struct Test {
    pub(super) file: String,
    pub(super) name: String,
    pub(super) rows: Vec<String>,
}

impl Test {
    /// The file without the folder that nearly all share.
    pub(super) fn short_file(&self) -> &str {
        let file = self.file.strip_prefix("tests/").unwrap_or(&self.file);
        file.strip_prefix("crates/").unwrap_or(file)
    }
}

/// The tests of one file that name a row. `areas` are what rows begin with.
pub(super) fn in_source(file: &str, text: &str, areas: &[&str]) -> Vec<Test> {
    let source = Source::read(text);
    // Both views have as many characters as the text, though not as many bytes.
    let code: Vec<char> = source.code.chars().collect();
    let comments: Vec<char> = source.comments.chars().collect();
    let mut tests = Vec::new();
    for at in 0..code.len() {
        let Some(name) = function(&code, at) else {
            continue;
        };
        let begin = head(&code[..at]);
        let attributes = attributes(&code[begin..at]);
        let is_test = |path: &String| path == "test" || path.ends_with("::test");
        if !attributes.iter().any(is_test) || attributes.iter().any(|path| path == "ignore") {
            continue;
        }
        let mut rows = named(&name, areas);
        let comment: String = comments[begin..at].iter().collect();
        rows.extend(cited(&comment, areas));
        rows.sort_unstable();
        rows.dedup();
        if !rows.is_empty() {
            let file = file.to_owned();
            tests.push(Test { file, name, rows });
        }
    }
    tests
}

/// The name of the function whose `fn` stands at `at`.
fn function(code: &[char], at: usize) -> Option<String> {
    let rest = code[at..].strip_prefix(&['f', 'n'])?;
    let starts = at == 0 || !is_word(code[at - 1]);
    if !starts || !rest.first()?.is_whitespace() {
        return None;
    }
    let rest = rest.iter().skip_while(|c| c.is_whitespace());
    let name: String = rest.take_while(|c| is_word(**c)).collect();
    (!name.is_empty()).then_some(name)
}

/// Where the item begins that goes on after this text: behind whatever ended last.
fn head(before: &[char]) -> usize {
    let end = before.iter().rposition(|c| matches!(c, ';' | '{' | '}'));
    end.map_or(0, |end| end + 1)
}

/// The paths of the attributes in the head of an item.
fn attributes(head: &[char]) -> Vec<String> {
    let head: String = head.iter().collect();
    let inner = head.split("#[").skip(1);
    inner
        .map(|inner| {
            let path = inner.split(['(', ']', '=']).next().unwrap_or_default();
            path.split_whitespace().collect()
        })
        .collect()
}

/// The rows that a name begins with.
fn named(name: &str, areas: &[&str]) -> Vec<String> {
    let name = name.strip_prefix("loom_").unwrap_or(name);
    let parts: Vec<_> = name.split('_').collect();
    if let Some(translation) = translation(&parts[0].to_uppercase()) {
        return vec![translation];
    }
    parts
        .chunks(2)
        .map_while(|pair| match pair {
            [area, number] => row(&area.to_uppercase(), number, areas),
            _ => None,
        })
        .collect()
}

/// The rows in the parentheses of a doc comment; other comments do not count.
fn cited(comment: &str, areas: &[&str]) -> Vec<String> {
    let lines: Vec<_> = comment
        .lines()
        .filter_map(|line| line.trim().strip_prefix("///"))
        .collect();
    let mut rows = Vec::new();
    let text = lines.join(" ");
    let groups = text.split('(').skip(1);
    for group in groups.filter_map(|rest| rest.split_once(')')) {
        let words = group.0.split([' ', ',', ';', ':']);
        let mut range_from: Option<String> = None;
        let mut last: Option<String> = None;
        for word in words.filter(|word| !word.is_empty()) {
            if word == "to" {
                range_from = last.take();
                continue;
            }
            let found = word
                .split_once('-')
                .and_then(|(area, number)| row(area, number, areas))
                .or_else(|| translation(word));
            if let (Some(from), Some(to)) = (range_from.take(), &found) {
                rows.extend(between(&from, to));
            }
            rows.extend(found.clone());
            last = found;
        }
    }
    rows
}

/// The rows of one area between two of them.
fn between(from: &str, to: &str) -> Vec<String> {
    let (Some((area, first)), Some((same, last))) = (from.split_once('-'), to.split_once('-'))
    else {
        return Vec::new();
    };
    match (first.parse::<u32>(), last.parse::<u32>()) {
        (Ok(first), Ok(last)) if area == same => (first + 1..last)
            .map(|number| format!("{area}-{number:02}"))
            .collect(),
        _ => Vec::new(),
    }
}

fn row(area: &str, number: &str, areas: &[&str]) -> Option<String> {
    // The rows of actors are more than a hundred.
    let length = if area == "ROW" { 3 } else { 2 };
    let digits = number.len() == length && number.bytes().all(|byte| byte.is_ascii_digit());
    (areas.contains(&area) && digits).then(|| format!("{area}-{number}"))
}

/// `T20`.
fn translation(word: &str) -> Option<String> {
    let number = word.strip_prefix('T')?;
    let digits =
        (1..=2).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.to_owned())
}

#[cfg(test)]
mod self_tests {
    use super::in_source;

    fn found(text: &str) -> Vec<String> {
        in_source("tests/a.rs", text, &["CH", "SE", "RX", "TI"])
            .iter()
            .map(|test| format!("{}: {}", test.name, test.rows.join(" ")))
            .collect()
    }

    #[test]
    fn names_begin_with_rows_each_in_full() {
        let text = "#[test]\nfn ch_01_se_02_both() {}\n#[test] fn loom_ti_07() {}\n\
                    #[test]\nfn ch_04_10_is_a_number() {}\n#[test]\nfn a_ch_05_inside() {}\n\
                    #[test]\nfn t20_translated() {}\n#[test]\nfn xy_01_no_area() {}";
        assert_eq!(
            found(text),
            [
                "ch_01_se_02_both: CH-01 SE-02",
                "loom_ti_07: TI-07",
                "ch_04_10_is_a_number: CH-04",
                "t20_translated: T20",
            ]
        );
    }

    #[test]
    fn only_tests_that_run_name_rows() {
        let text = "fn ch_01_helper() {}\n#[test]\n#[ignore]\nfn ch_02_ignored() {}\n\
                    #[test]\n#[should_panic(expected = \"}\")]\n// why; not a doc comment (CH-09)\n\
                    #[expect(\n    lint,\n    reason = \"long\"\n)]\nfn ch_03_x() {}\n\
                    #[gaggle::test(workers = 2)]\npub(crate) async fn ch_04_x() {}\n\
                    /* #[test] fn ch_05_gone() {} */ const S: &str = \"#[test] fn ch_06_text() {}\";\n\
                    #[cfg(test)]\nmod tests { fn ch_07_no() {} #[test] fn ch_08_yes() {} }\n";
        assert_eq!(
            found(text),
            ["ch_03_x: CH-03", "ch_04_x: CH-04", "ch_08_yes: CH-08"]
        );
    }

    #[test]
    fn doc_comments_cite_rows_in_parentheses() {
        let text = "/// ä (RX-01, TI-07; T14), not RX-09, nor (the\n/// CH-02 of old).\n#[test]\nfn a() {}\n\
                    /// (semantics.md RX-01 to RX-04)\nfn helper() {}\n\
                    /// (semantics.md RX-01 to RX-04, CH-01)\n#[test]\nfn b() {}\n\
                    #[test]\nfn c() {} // (CH-01)\n#[test]\n/// ü\nfn d() {}";
        assert_eq!(
            found(text),
            [
                "a: CH-02 RX-01 T14 TI-07",
                "b: CH-01 RX-01 RX-02 RX-03 RX-04"
            ]
        );
    }
}
