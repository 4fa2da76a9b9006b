//! `faults`: sockets under mixed faults, in release mode, for as long as one likes.
//!
//! The program is the test target `faults`; what it does and what must hold is said there.

use super::separate;
use super::soak::{above_zero, number, numbers};
use crate::counts::Counts;
use crate::{Failure, Outcome, run};

/// How long it takes all in all, if nothing is said.
const SECONDS: u64 = 60;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u64,
    workers: Vec<u64>,
    seed: Option<u64>,
    /// Rest between rounds, for the sake of what else the machine does.
    gentle: bool,
}

/// Runs it at each worker count in turn; the first failure ends it, so that its report is the last thing said.
pub(crate) fn faults(arguments: &[String]) -> Outcome {
    let options = options(arguments, std::env::var("GAGGLE_WORKERS").ok())?;
    let each = (options.seconds / options.workers.len() as u64).max(1);
    let mut all = Counts::default();
    for workers in &options.workers {
        let mut command = run::cargo(["test", "--release", "-p", "gaggle", "--test", "faults"]);
        command
            .args(["--", "--nocapture"])
            .env("GAGGLE_WORKERS", workers.to_string())
            .env("GAGGLE_FAULTS_SECONDS", each.to_string())
            // The C library gives each thread memory of its own, and it takes minutes until all have had their largest burst. What leaks leaks from one as well.
            .env("MALLOC_ARENA_MAX", "1");
        if let Some(seed) = options.seed {
            command.env("GAGGLE_SEED", seed.to_string());
        }
        if options.gentle {
            command.env("GAGGLE_FAULTS_GENTLE", "1");
        }
        // The same build as that of `stress`.
        separate(&mut command, "stress")?;
        // It has a watchdog of its own, and was asked to take its time.
        match run::test_unlimited(&mut command) {
            Ok(counts) => all += counts,
            Err(Failure::Failed(message, counts)) => {
                all += counts;
                println!("\n{} passed, {} failed", all.passed, all.failed);
                return Err(Failure::Failed(message, all));
            }
            Err(other) => return Err(other),
        }
    }
    println!("\n{} passed, {} failed", all.passed, all.failed);
    Ok(all)
}

fn options(arguments: &[String], workers: Option<String>) -> Result<Options, Failure> {
    let mut options = Options {
        seconds: SECONDS,
        workers: match workers.filter(|workers| !workers.trim().is_empty()) {
            Some(workers) => numbers(&workers)?,
            None => vec![1, 2, 4],
        },
        seed: None,
        gentle: false,
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            let value = value.or_else(|| rest.next().map(String::as_str));
            value.ok_or_else(|| Failure::Usage(format!("`{name}` needs a value")))
        };
        match name {
            "--seconds" => options.seconds = above_zero(value()?)?,
            "--workers" => options.workers = numbers(value()?)?,
            "--seed" => options.seed = Some(number(value()?)?),
            "--gentle" => options.gentle = true,
            other => {
                return Err(Failure::Usage(format!(
                    "`faults` does not know `{other}`; it takes --seconds, --workers, --seed and --gentle"
                )));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::{Options, options};
    use crate::Failure;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read_and_have_defaults() {
        let given = words("--seconds 3600 --gentle --workers=2 --seed 7");
        let expected = Options {
            seconds: 3_600,
            workers: vec![2],
            seed: Some(7),
            gentle: true,
        };
        assert_eq!(options(&given, None).unwrap(), expected);
        let default = options(&[], Some(String::new())).unwrap();
        assert_eq!((default.seconds, default.workers), (60, vec![1, 2, 4]));
        assert!(!default.gentle);
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for wrong in ["--seconds 0", "--workers", "--round 1", "60"] {
            let refused = options(&words(wrong), None);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
