//! `beam`: the scenarios of `tests/oracle` on gaggle and on a BEAM, and what differs. What it does and prints is said there.

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
