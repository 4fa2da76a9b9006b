//! `beam`: the scenarios of `tests/oracle` on gaggle and on a BEAM, and what differs. What it does and prints is said there.

use crate::counts::Counts;
use crate::{Failure, Outcome, run};
use std::process::{Command, Stdio};

pub(crate) fn beam(arguments: &[String]) -> Outcome {
    for program in ["erlc", "erl"] {
        installed(program)?;
    }
    let mut command = run::cargo(["run", "--quiet", "--package", "gaggle-oracle", "--"]);
    command.args(arguments);
    run::check(&mut command)
}

/// As [`beam`]; what is missing is installed first, and it is a failure if it cannot be.
pub(crate) fn with_what_it_needs() -> Outcome {
    if installed("erlc").and(installed("erl")).is_err() {
        install()?;
    }
    beam(&[])
}

/// Debian's package, as root or by `sudo`.
fn install() -> Outcome {
    let user = Command::new("id").arg("-u").output();
    let is_root = user.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let package = ["install", "--yes", "--no-install-recommends", "erlang-base"];
    let mut outcome = Ok(Counts::default());
    for arguments in [&["update"][..], &package[..]] {
        let mut command = if is_root {
            Command::new("apt-get")
        } else {
            let mut sudo = Command::new("sudo");
            sudo.arg("apt-get");
            sudo
        };
        outcome = Ok(run::check(command.args(arguments))?);
    }
    outcome
}

fn installed(program: &str) -> Result<(), Failure> {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        return Ok(());
    }
    Err(Failure::Missing(format!(
        "`{program}` is not installed: apt-get install erlang-base"
    )))
}

#[cfg(test)]
mod tests {
    use super::installed;
    use crate::Failure;

    #[test]
    fn a_program_that_is_not_there_is_missing_and_no_failure() {
        assert!(installed("sh").is_ok());
        let missing = installed("no-such-program-here");
        assert!(matches!(missing, Err(Failure::Missing(message)) if message.contains("no-such")));
    }
}
