//! `overload`: an actor that is offered half as much again as it can handle, in release mode, for as long as one likes.
//!
//! The program is the test target `overload`; what it does and what must hold is said there.

use super::separate;
use crate::{Failure, Outcome, run};

/// How long each policy is tried, if nothing is said.
const SECONDS: u64 = 60;

/// Runs it, at two workers if nothing is said: one for the actor, one for all others.
pub(crate) fn overload(arguments: &[String]) -> Outcome {
    let (seconds, workers) = options(arguments)?;
    let mut command = run::cargo(["test", "--release", "-p", "gaggle", "--test", "overload"]);
    command
        .args(["--", "--nocapture"])
        .env("GAGGLE_WORKERS", workers.to_string())
        .env("GAGGLE_OVERLOAD_SECONDS", seconds.to_string());
    // The same build as that of `stress`.
    separate(&mut command, "stress")?;
    let counts = run::test_unlimited(&mut command)?;
    println!("\n{} passed, {} failed", counts.passed, counts.failed);
    Ok(counts)
}

fn options(arguments: &[String]) -> Result<(u64, u64), Failure> {
    let (mut seconds, mut workers) = (SECONDS, 2);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        let place = match name {
            "--seconds" => &mut seconds,
            "--workers" => &mut workers,
            other => {
                return Err(Failure::Usage(format!(
                    "`overload` does not know `{other}`; it takes --seconds and --workers"
                )));
            }
        };
        let value = value.or_else(|| rest.next().map(String::as_str));
        let value = value.ok_or_else(|| Failure::Usage(format!("`{name}` needs a value")))?;
        *place = match value.parse() {
            Ok(0) | Err(_) => return Err(Failure::Usage(format!("`{name} {value}`: not known"))),
            Ok(number) => number,
        };
    }
    Ok((seconds, workers))
}

#[cfg(test)]
mod tests {
    use super::options;
    use crate::Failure;

    #[test]
    fn options_are_read_have_defaults_and_are_refused() {
        let words =
            |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
        assert_eq!(options(&[]).unwrap(), (60, 2));
        let given = words("--seconds 5 --workers=1");
        assert_eq!(options(&given).unwrap(), (5, 1));
        for wrong in ["--seconds 0", "--seconds", "--fast", "1", "--workers x"] {
            let refused = options(&words(wrong));
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
