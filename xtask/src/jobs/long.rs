//! Programs of random rounds that go on for as long as one likes: `soak` and `faults`. Each is a test target of that name, in release mode.

use super::separate;
use crate::counts::Counts;
use crate::{Failure, Outcome, run};

/// How long it takes all in all, if nothing is said.
const SECONDS: u64 = 60;

/// One of the programs.
pub(super) struct Program {
    /// The test target, which is also the job.
    pub(super) name: &'static str,
    /// What its variables begin with.
    pub(super) prefix: &'static str,
    /// The options that it has, beside `--seconds`, `--workers` and `--seed`.
    pub(super) takes: &'static [&'static str],
    /// Variables for the process.
    pub(super) variables: &'static [(&'static str, &'static str)],
}

#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u64,
    workers: Vec<u64>,
    seed: Option<u64>,
    round: Option<u64>,
    gentle: bool,
}

impl Program {
    /// Runs it at each worker count in turn; the first failure ends it, so that its report is the last thing said.
    pub(super) fn run(&self, arguments: &[String]) -> Outcome {
        let options = self.options(arguments, std::env::var("GAGGLE_WORKERS").ok())?;
        let each = (options.seconds / options.workers.len() as u64).max(1);
        let mut all = Counts::default();
        for workers in &options.workers {
            let mut command =
                run::cargo(["test", "--release", "-p", "gaggle", "--test", self.name]);
            command
                .args(["--", "--nocapture"])
                .envs(self.variables.iter().copied())
                .env("GAGGLE_WORKERS", workers.to_string())
                .env(format!("{}_SECONDS", self.prefix), each.to_string());
            if let Some(seed) = options.seed {
                command.env("GAGGLE_SEED", seed.to_string());
            }
            if let Some(round) = options.round {
                command.env(format!("{}_ROUND", self.prefix), round.to_string());
            }
            if options.gentle {
                command.env(format!("{}_GENTLE", self.prefix), "1");
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

    fn options(&self, arguments: &[String], workers: Option<String>) -> Result<Options, Failure> {
        let mut options = Options {
            seconds: SECONDS,
            workers: match workers.filter(|workers| !workers.trim().is_empty()) {
                Some(workers) => numbers(&workers)?,
                None => vec![1, 2, 4],
            },
            seed: None,
            round: None,
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
                "--round" if self.takes.contains(&name) => options.round = Some(number(value()?)?),
                "--gentle" if self.takes.contains(&name) => options.gentle = true,
                other => return Err(self.does_not_know(other)),
            }
        }
        Ok(options)
    }

    fn does_not_know(&self, option: &str) -> Failure {
        let mut takes = "--seconds, --workers, --seed".to_owned();
        for more in self.takes {
            takes = takes + ", " + more;
        }
        let name = self.name;
        Failure::Usage(format!(
            "`{name}` does not know `{option}`; it takes {takes}"
        ))
    }
}

/// `1,2,4`.
fn numbers(text: &str) -> Result<Vec<u64>, Failure> {
    text.split(',').map(|one| above_zero(one.trim())).collect()
}

fn above_zero(text: &str) -> Result<u64, Failure> {
    match number(text)? {
        0 => Err(Failure::Usage("0 is too little".to_owned())),
        number => Ok(number),
    }
}

fn number(text: &str) -> Result<u64, Failure> {
    text.parse()
        .map_err(|_| Failure::Usage(format!("`{text}` is no number")))
}

#[cfg(test)]
mod tests {
    use super::{Options, Program};
    use crate::Failure;

    const SOAK: &Program = &Program {
        name: "soak",
        prefix: "GAGGLE_SOAK",
        takes: &["--round"],
        variables: &[],
    };

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn options_are_read_and_have_defaults() {
        let given = words("--seconds 600 --workers=1,8 --seed 18446744073709551615 --round 0");
        let expected = Options {
            seconds: 600,
            workers: vec![1, 8],
            seed: Some(u64::MAX),
            round: Some(0),
            gentle: false,
        };
        assert_eq!(SOAK.options(&given, None).unwrap(), expected);
        let default = SOAK.options(&[], None).unwrap();
        assert_eq!((default.seconds, default.workers), (60, vec![1, 2, 4]));
        assert_eq!(
            SOAK.options(&[], Some("2".to_owned())).unwrap().workers,
            [2]
        );
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for wrong in [
            "--seconds 0",
            "--seconds",
            "--workers 1,,2",
            "--fast",
            "--gentle",
            "1",
        ] {
            let refused = SOAK.options(&words(wrong), None);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
