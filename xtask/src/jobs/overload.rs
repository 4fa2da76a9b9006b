//! `overload`: an actor that is offered half as much again as it can handle, in release mode, for as long as one likes.
//!
//! The program is the test target `overload`; what it does and what must hold is said there.

use super::{numbers, separate};
use crate::{Failure, Outcome, run};

/// How long each policy is tried, if nothing is said.
const SECONDS: u64 = 60;

/// Runs it, at two workers if nothing is said: one for the actor, one for all others.
pub(crate) fn overload(arguments: &[String]) -> Outcome {
    let [seconds, workers] = options(arguments)?;
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

fn options(arguments: &[String]) -> Result<[u64; 2], Failure> {
    let known = [("--seconds", SECONDS), ("--workers", 2)];
    numbers("overload", arguments, known)
}

#[cfg(test)]
mod tests {
    use super::options;
    use crate::Failure;

    #[test]
    fn options_are_read_have_defaults_and_are_refused() {
        let words =
            |line: &str| -> Vec<String> { line.split_whitespace().map(str::to_owned).collect() };
        assert_eq!(options(&[]).unwrap(), [60, 2]);
        let given = words("--seconds 5 --workers=1");
        assert_eq!(options(&given).unwrap(), [5, 1]);
        for wrong in ["--seconds 0", "--seconds", "--fast", "1", "--workers x"] {
            let refused = options(&words(wrong));
            assert!(matches!(refused, Err(Failure::Usage(_))), "{wrong}");
        }
    }
}
