//! Counts test cases by reading the `test result:` lines of `cargo test`.

use std::ops::AddAssign;

/// Test cases that passed and failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    /// Adds what one line of output says, if it is a result line.
    pub(crate) fn read(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        for part in result.split([';', '.']) {
            if let Some((count, "passed" | "failed")) = part.trim().split_once(' ') {
                let Ok(count) = count.parse::<u64>() else {
                    continue;
                };
                if part.ends_with("passed") {
                    self.passed += count;
                } else {
                    self.failed += count;
                }
            }
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn result_lines_are_added_up_and_others_ignored() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.07s",
            "test result: FAILED. 3 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.50s",
            "5 passed; 6 failed, says a test",
            "a test prints: test result: ok. 9 passed; 9 failed",
        ] {
            counts.read(line);
        }
        assert_eq!(
            counts,
            Counts {
                passed: 15,
                failed: 2
            }
        );
    }
}
