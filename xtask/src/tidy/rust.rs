//! The rules for one Rust file.

use super::source::{Source, is_word};
use super::{File, Finding};

/// A file of more lines is split.
const LONGEST_FILE: usize = 500;
/// A file of more lines is a candidate.
const LONG_FILE: usize = 400;
/// A function of more lines does too much.
const LONG_FUNCTION: usize = 100;
/// An example fits on one screen.
const LONGEST_EXAMPLE: usize = 59;

pub(super) fn check(file: &File) -> Vec<Finding> {
    let source = Source::read(&file.text);
    let mut findings = Vec::new();
    size(file, &mut findings);
    if !file.text.starts_with("//!") {
        let message = "begins without a `//!` header that says what is here";
        findings.push(Finding::error(&file.path, 1, message));
    }
    leftovers(file, &source, &mut findings);
    exceptions(file, &source, &mut findings);
    for (line, length) in functions(&source.code) {
        if length > LONG_FUNCTION {
            let message = format!("a function of {length} lines (over {LONG_FUNCTION}): split it");
            findings.push(Finding::warning(&file.path, line, message));
        }
    }
    findings
}

/// Says whether the code (not a comment, not a lint's name) has the keyword `unsafe`.
pub(super) fn has_unsafe(file: &File) -> bool {
    !words(&Source::read(&file.text).code, "unsafe").is_empty()
}

fn size(file: &File, findings: &mut Vec<Finding>) {
    let lines = file.text.lines().count();
    if lines > LONGEST_FILE {
        let message = format!("{lines} lines, more than {LONGEST_FILE}: split it");
        findings.push(Finding::error(&file.path, 0, message));
    } else if lines > LONG_FILE {
        let message = format!("{lines} lines, more than {LONG_FILE}");
        findings.push(Finding::warning(&file.path, 0, message));
    }
    if is_example(&file.path) && lines > LONGEST_EXAMPLE {
        let message = format!("an example of {lines} lines: at most {LONGEST_EXAMPLE}");
        findings.push(Finding::error(&file.path, 0, message));
    }
}

/// A program of the tutorial, or a part of one in a folder. What is a package of its own has files like any other.
fn is_example(path: &str) -> bool {
    path.starts_with("examples/")
        && !["/src/", "/tests/", "/fuzz/"]
            .iter()
            .any(|part| path.contains(part))
}

/// Notes to oneself and traces of debugging.
fn leftovers(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    for word in ["TODO", "FIXME", "XXX"] {
        for at in words(&source.comments, word) {
            let message = format!("`{word}`: do it, or write an issue");
            findings.push(Finding::error(
                &file.path,
                line_of(&source.comments, at),
                message,
            ));
        }
    }
    for word in ["dbg", "todo"] {
        for at in words(&source.code, word) {
            if source.code[at + word.len()..].starts_with('!') {
                let message = format!("`{word}!` is for the desk, not for the tree");
                findings.push(Finding::error(
                    &file.path,
                    line_of(&source.code, at),
                    message,
                ));
            }
        }
    }
}

/// `#[allow(..)]` and `#[expect(..)]`, also inside `cfg_attr`, say why.
fn exceptions(file: &File, source: &Source, findings: &mut Vec<Finding>) {
    let code = &source.code;
    for lint in ["allow", "expect"] {
        for at in words(code, lint) {
            let Some(arguments) = code[at + lint.len()..].strip_prefix('(') else {
                continue;
            };
            if !in_attribute(&code[..at]) {
                continue;
            }
            let arguments = &arguments[..closing(arguments, '(', ')')];
            if words(arguments, "reason").is_empty() {
                let message = format!("`{lint}` without a `reason = \"..\"`");
                findings.push(Finding::error(&file.path, line_of(code, at), message));
            }
        }
    }
}

/// Says whether the text before a word is the beginning of an attribute that is still open.
fn in_attribute(before: &str) -> bool {
    before.rfind('#').is_some_and(|at| {
        let inside = before[at + 1..].trim_start_matches('!').trim_start();
        inside.starts_with('[') && !inside.contains(']')
    })
}

/// Line and length of each function with a body.
fn functions(code: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for at in words(code, "fn") {
        let rest = &code[at..];
        let Some(open) = body(rest) else { continue };
        let end = open + 1 + closing(&rest[open + 1..], '{', '}');
        let length = 1 + rest[..end.min(rest.len())].matches('\n').count();
        found.push((line_of(code, at), length));
    }
    found
}

/// Where the body of the function that begins here opens; `None` for declarations and for types such as `fn(u8)`.
fn body(rest: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, character) in rest.char_indices() {
        match character {
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.checked_sub(1)?,
            ';' | ',' | '=' | '}' if depth == 0 && !arrow_or_generics(rest, at) => return None,
            '{' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// A comma or an equals sign between `<` and `>`, or in a `where` clause, does not end the function's head.
fn arrow_or_generics(rest: &str, at: usize) -> bool {
    let head = &rest[..at];
    let open = head.matches('<').count() + head.matches("->").count();
    open > head.matches('>').count() || !words(head, "where").is_empty()
}

/// Length of the text up to the mark that closes what was opened just before it.
fn closing(rest: &str, open: char, close: char) -> usize {
    let mut depth = 1_usize;
    for (at, character) in rest.char_indices() {
        if character == open {
            depth += 1;
        } else if character == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    rest.len()
}

/// Where `word` stands as a word of its own.
fn words(text: &str, word: &str) -> Vec<usize> {
    text.match_indices(word)
        .map(|(at, _)| at)
        .filter(|&at| {
            let before = text[..at].chars().next_back();
            let after = text[at + word.len()..].chars().next();
            !before.is_some_and(is_word) && !after.is_some_and(is_word)
        })
        .collect()
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text[..at].matches('\n').count()
}

#[cfg(test)]
mod tests {
    use super::{check, functions, has_unsafe};
    use crate::tidy::{File, Level};

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn messages(text: &str) -> Vec<String> {
        let text = format!("//! Header.\n{text}");
        check(&file("src/a.rs", &text))
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn a_header_is_needed() {
        let findings = check(&file("src/a.rs", "// no\nfn main() {}\n"));
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.contains("header"));
        assert!(messages("fn main() {}\n").is_empty());
    }

    #[test]
    fn long_files_warn_and_longer_ones_fail() {
        let of = |lines: usize| check(&file("a.rs", &"//! x\n".repeat(lines)));
        assert!(of(400).is_empty());
        assert_eq!(of(401)[0].level, Level::Warning);
        assert_eq!(of(501)[0].level, Level::Error);
    }

    #[test]
    fn examples_are_short() {
        let of = |lines: usize| check(&file("examples/a.rs", &"//! x\n".repeat(lines)));
        assert!(of(59).is_empty());
        assert_eq!(of(60)[0].level, Level::Error);
    }

    #[test]
    fn notes_to_oneself_are_found_in_comments_alone() {
        assert_eq!(messages("let a = 1; // TODO: more").len(), 1);
        assert_eq!(messages("/* FIXME */").len(), 1);
        assert!(messages("let a = \"TODO\"; // TODOS are fine").is_empty());
    }

    #[test]
    fn debugging_macros_are_found_in_code_alone() {
        assert_eq!(messages("fn f() { dbg!(1); }").len(), 1);
        assert_eq!(messages("fn f() { todo!() }").len(), 1);
        assert!(messages("// dbg!(1)\nlet dbg = \"dbg!\";").is_empty());
    }

    #[test]
    fn an_exception_needs_a_reason() {
        assert_eq!(messages("#[allow(dead_code)]").len(), 1);
        assert_eq!(messages("#![expect(\n    dead_code\n)]").len(), 1);
        assert_eq!(messages("#[cfg_attr(test, allow(dead_code))]").len(), 1);
        assert!(messages("#[allow(dead_code, reason = \"used by the tests\")]").is_empty());
        assert!(messages("fn f() { x.expect(\"y\"); allow(z); }").is_empty());
    }

    #[test]
    fn functions_are_measured() {
        let code = "fn a() {\n  b {\n  }\n}\nfn c();\ntype D = fn(u8) -> u8;\nfn e<T: X<Y = u8>>(f: fn()) -> [u8; 2]\nwhere\n    T: Y,\n    U: V {\n}\n";
        assert_eq!(functions(code), [(1, 4), (7, 5)]);
    }

    #[test]
    fn long_functions_warn() {
        let of = |lines: usize| messages(&format!("fn f() {{\n{}}}\n", "x();\n".repeat(lines)));
        assert!(of(98).is_empty());
        assert_eq!(of(99).len(), 1);
    }

    #[test]
    fn the_keyword_counts_and_the_lint_does_not() {
        assert!(has_unsafe(&file("a.rs", "unsafe impl Send for X {}")));
        assert!(!has_unsafe(&file(
            "a.rs",
            "#![forbid(unsafe_code)] // unsafe"
        )));
    }
}
