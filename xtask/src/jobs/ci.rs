//! `ci`: every check of a change, one after another, with the time of each and one line that sums up.

use super::{beam, cache, ecosystem, faults, lint, loom, soak, test};
use crate::counts::Counts;
use crate::{Failure, Outcome, conformance, licences, no_arguments, tidy};
use std::time::{Duration, Instant};

enum Verdict {
    Passed,
    Skipped(String),
    Failed(String),
}

struct Step {
    name: &'static str,
    run: fn() -> Outcome,
}

/// The quick checks come first; a failure does not stop the steps after it.
const STEPS: &[Step] = &[
    Step {
        name: "tidy",
        run: || tidy::job(&[]),
    },
    Step {
        name: "conformance",
        run: || conformance::job(&[]),
    },
    Step {
        name: "licences",
        run: || licences::job(&[]),
    },
    Step {
        name: "lint",
        run: || lint::lint(&[]),
    },
    Step {
        name: "test, 1 worker",
        run: || test::suite("1", &[]),
    },
    Step {
        name: "test, 2 workers",
        run: || test::suite("2", &[]),
    },
    Step {
        name: "test, 4 workers",
        run: || test::suite("4", &[]),
    },
    Step {
        name: "ecosystem",
        run: || ecosystem::ecosystem(&[]),
    },
    Step {
        name: "beam",
        run: beam::with_what_it_needs,
    },
    Step {
        name: "cache",
        run: cache::with_what_it_needs,
    },
    Step {
        name: "loom",
        run: || loom::loom(&[]),
    },
    Step {
        name: "soak",
        run: || soak::soak(&[]),
    },
    Step {
        name: "faults",
        run: || faults::faults(&[]),
    },
];

pub(crate) fn ci(arguments: &[String]) -> Outcome {
    no_arguments("ci", arguments)?;
    let start = Instant::now();
    let mut all = Counts::default();
    let mut table = Vec::new();
    for step in STEPS {
        eprintln!("\n== {} ==", step.name);
        let begin = Instant::now();
        let (verdict, counts) = judge((step.run)());
        let took = begin.elapsed();
        all += counts;
        let line = row(step.name, &verdict, counts, took);
        eprintln!("\n{line}");
        table.push((line, verdict));
    }
    println!("\nSteps of `cargo xtask ci`:");
    for (line, _) in &table {
        println!("  {line}");
    }
    println!(
        "  {:<18} {:>7.1} s",
        "together",
        start.elapsed().as_secs_f64()
    );
    println!("{} passed, {} failed", all.passed, all.failed);
    // Whoever sees nothing but the end of a long log sees what failed.
    let failed: Vec<&str> = table
        .iter()
        .filter_map(|(_, verdict)| match verdict {
            Verdict::Failed(why) => Some(why.as_str()),
            Verdict::Passed | Verdict::Skipped(_) => None,
        })
        .collect();
    match failed.len() {
        0 => Ok(all),
        1 => Err(Failure::Failed(
            format!("one step failed: {}", failed[0]),
            all,
        )),
        count => {
            let message = format!("{count} steps failed:\n{}", failed.join("\n"));
            Err(Failure::Failed(message, all))
        }
    }
}

/// A step that fails without a failed test case (a lint, a build) counts as one failed case, so that the closing
/// line never says `0 failed` for a run that failed.
fn judge(outcome: Outcome) -> (Verdict, Counts) {
    match outcome {
        Ok(counts) => (Verdict::Passed, counts),
        Err(Failure::Missing(message)) => (Verdict::Skipped(message), Counts::default()),
        Err(Failure::Usage(message)) => (
            Verdict::Failed(message),
            Counts {
                passed: 0,
                failed: 1,
            },
        ),
        Err(Failure::Failed(message, mut counts)) => {
            counts.failed = counts.failed.max(1);
            (Verdict::Failed(message), counts)
        }
    }
}

fn row(name: &str, verdict: &Verdict, counts: Counts, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let cases = if counts == Counts::default() {
        String::new()
    } else {
        format!(" ({} passed, {} failed)", counts.passed, counts.failed)
    };
    match verdict {
        Verdict::Passed => format!("{name:<18} {seconds:>7.1} s  ok{cases}"),
        Verdict::Skipped(why) => format!("{name:<18} {seconds:>7.1} s  SKIPPED: {why}"),
        Verdict::Failed(why) => {
            let why = why.lines().next().unwrap_or_default();
            format!("{name:<18} {seconds:>7.1} s  FAILED{cases}: {why}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge, row};
    use crate::Failure;
    use crate::counts::Counts;
    use std::time::Duration;

    #[test]
    fn a_step_that_fails_without_a_test_case_counts_as_one() {
        let (verdict, counts) = judge(Err(Failure::failed("does not compile")));
        assert!(matches!(verdict, Verdict::Failed(_)));
        assert_eq!(
            counts,
            Counts {
                passed: 0,
                failed: 1
            }
        );
    }

    #[test]
    fn a_row_is_one_line() {
        let verdict = Verdict::Failed("`x` failed\nin many words".to_owned());
        let line = row("test", &verdict, Counts::default(), Duration::ZERO);
        assert_eq!(line, "test                   0.0 s  FAILED: `x` failed");
    }

    #[test]
    fn a_missing_tool_is_shown_as_skipped() {
        let (verdict, counts) = judge(Err(Failure::Missing("no clippy".to_owned())));
        let line = row("lint", &verdict, counts, Duration::from_millis(1500));
        assert_eq!(line, "lint                   1.5 s  SKIPPED: no clippy");
    }
}
