//! `soak`: random scenes full of faults, in release mode, for as long as one likes.
//!
//! The program is the test target `soak`; what it does and what must hold is said there.

use super::separate;
use crate::counts::Counts;
use crate::{Failure, Outcome, run};

/// How long it takes all in all, if nothing is said.
const SECONDS: u64 = 60;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    seconds: u64,
    workers: Vec<u64>,
    seed: Option<u64>,
    round: Option<u64>,
}

/// Runs it at each worker count in turn; the first failure ends it, so that its report is the last thing said.
pub(crate) fn soak(arguments: &[String]) -> Outcome {
    let options = options(arguments, std::env::var("GAGGLE_WORKERS").ok())?;
    let each = (options.seconds / options.workers.len() as u64).max(1);
    let mut all = Counts::default();
    for workers in &options.workers {
        let mut command = run::cargo(["test", "--release", "-p", "gaggle", "--test", "soak"]);
        command
            .args(["--", "--nocapture"])
            .env("GAGGLE_WORKERS", workers.to_string())
            .env("GAGGLE_SOAK_SECONDS", each.to_string());
        for (variable, value) in [
            ("GAGGLE_SEED", options.seed),
            ("GAGGLE_SOAK_ROUND", options.round),
        ] {
            if let Some(value) = value {
                command.env(variable, value.to_string());
            }
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
        round: None,
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
            "--round" => options.round = Some(number(value()?)?),
            other => {
                return Err(Failure::Usage(format!(
                    "`soak` does not know `{other}`; it takes --seconds, --workers, --seed and --round"
                )));
            }
        }
    }
    Ok(options)
}

/// `1,2,4`.
pub(super) fn numbers(text: &str) -> Result<Vec<u64>, Failure> {
    text.split(',').map(|one| above_zero(one.trim())).collect()
}

pub(super) fn above_zero(text: &str) -> Result<u64, Failure> {
    match number(text)? {
        0 => Err(Failure::Usage("0 is too little".to_owned())),
        number => Ok(number),
    }
}

pub(super) fn number(text: &str) -> Result<u64, Failure> {
    text.parse()
        .map_err(|_| Failure::Usage(format!("`{text}` is no number")))
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
        let given = words("--seconds 600 --workers=1,8 --seed 18446744073709551615 --round 0");
        let expected = Options {
            seconds: 600,
            workers: vec![1, 8],
            seed: Some(u64::MAX),
            round: Some(0),
        };
        assert_eq!(options(&given, None).unwrap(), expected);
        let default = options(&[], None).unwrap();
        assert_eq!((default.seconds, default.workers), (60, vec![1, 2, 4]));
        assert_eq!(options(&[], Some("2".to_owned())).unwrap().workers, [2]);
    }

    #[test]
    fn what_is_no_option_is_refused() {
        for wrong in ["--seconds 0", "--seconds", "--workers 1,,2", "--fast", "1"] {
            let refused = options(&words(wrong), None);
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
