//! Keeps what a failed test case has said, out of the output of `cargo test`, so that it can be said again at the end of a
//! long log: which case failed is then known without the log.

use std::fmt::Write as _;

/// So many lines of each case are kept: the panic comes first.
const LINES: usize = 20;

/// So many cases are kept with what they said; of further ones only the names.
const CASES: usize = 5;

/// The failed cases of one command.
#[derive(Debug, Default)]
pub(crate) struct FailedCases {
    cases: Vec<Case>,
    /// Lines belong to the last case.
    inside: bool,
}

#[derive(Debug)]
struct Case {
    name: String,
    said: Vec<String>,
    left_out: usize,
}

impl FailedCases {
    /// Reads one line of output, of both streams.
    pub(crate) fn read(&mut self, line: &str) {
        let line = line.trim_end();
        if let Some(name) = heading(line) {
            self.add(name);
            self.inside = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.inside = false;
        } else if let Some(rerun) = line.strip_prefix("error: test failed, to rerun pass ") {
            // A program that crashed has named no case.
            self.inside = false;
            self.add(rerun);
        } else if self.inside
            && let Some(case) = self.cases.last_mut()
        {
            if case.said.len() < LINES {
                case.said.push(line.to_owned());
            } else {
                case.left_out += 1;
            }
        }
    }

    fn add(&mut self, name: &str) {
        self.cases.push(Case {
            name: name.to_owned(),
            said: Vec::new(),
            left_out: 0,
        });
    }

    /// Adds to a message the names, and below it what the cases have said. Nothing if none failed.
    pub(crate) fn describe(&self, message: &mut String) {
        if self.cases.is_empty() {
            return;
        }
        let names: Vec<&str> = self.cases.iter().map(|case| &*case.name).collect();
        let _ = write!(message, "; failed: {}", names.join(", "));
        for case in self.cases.iter().take(CASES) {
            let said = case.said.join("\n");
            let said = said.trim();
            if !said.is_empty() {
                let _ = write!(message, "\n---- {} ----\n{said}", case.name);
            }
            if case.left_out > 0 {
                let _ = write!(message, "\n[{} more lines]", case.left_out);
            }
        }
    }
}

/// The name in `---- name stdout ----`.
fn heading(line: &str) -> Option<&str> {
    line.strip_prefix("---- ")?.strip_suffix(" stdout ----")
}

#[cfg(test)]
mod tests {
    use super::FailedCases;

    #[test]
    fn failed_cases_are_named_with_what_they_said() {
        let mut cases = FailedCases::default();
        let output = "running 2 tests\ntest good ... ok\ntest bad::case ... FAILED\n\nfailures:\n\n\
            ---- bad::case stdout ----\n\nthread 'bad' panicked at x.rs:1:2:\nnot equal\n\n\nfailures:\n    bad::case\n\n\
            test result: FAILED. 1 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
            error: test failed, to rerun pass `-p gaggle --test close`\n";
        output
            .split_inclusive('\n')
            .for_each(|line| cases.read(line));
        let mut message = "cargo test ended with exit status: 101".to_owned();
        cases.describe(&mut message);
        assert_eq!(
            message,
            "cargo test ended with exit status: 101; failed: bad::case, `-p gaggle --test close`\n\
             ---- bad::case ----\nthread 'bad' panicked at x.rs:1:2:\nnot equal"
        );
    }

    #[test]
    fn long_reports_are_cut_and_nothing_is_said_of_no_failures() {
        let mut cases = FailedCases::default();
        cases.read("test good ... ok");
        let mut message = String::new();
        cases.describe(&mut message);
        assert_eq!(message, "");
        cases.read("---- bad stdout ----");
        for line in 0..100 {
            cases.read(&format!("line {line}"));
        }
        cases.describe(&mut message);
        assert!(message.contains("line 19\n[80 more lines]"), "{message}");
        assert!(!message.contains("line 20"), "{message}");
    }
}
