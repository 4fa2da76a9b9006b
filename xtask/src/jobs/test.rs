//! `test` and `stress`: the suite at several worker counts.

use super::{ecosystem, separate};
use crate::counts::Counts;
use crate::{Failure, Outcome, run};

/// Worker counts at which everything must hold: no parallelism, the least of it, and more than this machine may have.
const WORKERS: [&str; 3] = ["1", "2", "4"];

/// Runs `cargo test` at each worker count; the arguments narrow it down.
pub(crate) fn test(arguments: &[String]) -> Outcome {
    at_each_worker_count(|workers| suite(workers, arguments))
}

/// Runs the suite once with `GAGGLE_WORKERS` set.
pub(crate) fn suite(workers: &str, arguments: &[String]) -> Outcome {
    let mut command = run::cargo(["test", "--no-fail-fast"]);
    if !names_a_package(arguments) {
        command.arg("--workspace");
        command.args(ecosystem::PACKAGES.map(|package| format!("--exclude={package}")));
    }
    command.args(arguments).env("GAGGLE_WORKERS", workers);
    run::test(&mut command)
}

/// Runs the suite in release mode with `GAGGLE_STRESS` as the factor for the rounds.
pub(crate) fn stress(arguments: &[String]) -> Outcome {
    let (factor, rest) = match arguments.split_first() {
        Some((first, rest)) if first.bytes().all(|byte| byte.is_ascii_digit()) => {
            (first.as_str(), rest)
        }
        _ => ("20", arguments),
    };
    if factor.parse::<u32>().map_or(true, |factor| factor == 0) {
        let message = format!(
            "`stress` takes a factor from 1 to {}, not `{factor}`",
            u32::MAX
        );
        return Err(Failure::Usage(message));
    }
    at_each_worker_count(|workers| {
        let mut command = run::cargo(["test", "--release", "--no-fail-fast", "--workspace"]);
        command
            .args(["--exclude", "xtask", "--exclude", "gaggle-macros"])
            .args(ecosystem::PACKAGES.map(|package| format!("--exclude={package}")))
            .args(["--lib", "--tests"])
            .args(rest)
            .env("GAGGLE_WORKERS", workers)
            .env("GAGGLE_STRESS", factor)
            .env("GAGGLE_UI", "skip");
        separate(&mut command, "stress")?;
        run::test_unlimited(&mut command)
    })
}

/// Runs at 1, 2 and 4 workers, or only at `GAGGLE_WORKERS` if that is set; goes on after a failure.
fn at_each_worker_count(mut once: impl FnMut(&str) -> Outcome) -> Outcome {
    let wanted = std::env::var("GAGGLE_WORKERS").ok();
    let wanted: Vec<&str> = match &wanted {
        Some(given) => vec![given],
        None => WORKERS.to_vec(),
    };
    let mut all = Counts::default();
    let mut failures = Vec::new();
    for workers in wanted {
        match once(workers) {
            Ok(counts) => all += counts,
            Err(Failure::Failed(message, counts)) => {
                all += counts;
                failures.push(message);
            }
            Err(other) => return Err(other),
        }
    }
    println!("\n{} passed, {} failed", all.passed, all.failed);
    if failures.is_empty() {
        Ok(all)
    } else {
        Err(Failure::Failed(failures.join("\nerror: "), all))
    }
}

fn names_a_package(arguments: &[String]) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| {
            argument.starts_with("-p")
                || argument.starts_with("--package")
                || argument == "--workspace"
        })
}

#[cfg(test)]
mod tests {
    use super::{names_a_package, stress};
    use crate::Failure;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn a_named_package_replaces_the_workspace() {
        assert!(names_a_package(&words("-p gaggle-chan close")));
        assert!(names_a_package(&words("--package=gaggle-rt")));
        assert!(!names_a_package(&words("close -- -p")));
    }

    #[test]
    fn a_stress_factor_of_zero_is_refused() {
        assert!(matches!(stress(&words("0")), Err(Failure::Usage(_))));
    }
}
