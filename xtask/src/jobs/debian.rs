//! Programs that a job needs and Debian has: whether they are there, and how they come.

use crate::counts::Counts;
use crate::{Failure, Outcome, run};
use std::process::{Command, Stdio};

/// Installs a package, as root or by `sudo`.
pub(super) fn install(package: &str) -> Outcome {
    let user = Command::new("id").arg("-u").output();
    let is_root = user.is_ok_and(|output| output.stdout.trim_ascii() == b"0");
    let package = ["install", "--yes", "--no-install-recommends", package];
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

/// Is a program there? If not, the failure says in which package it is.
pub(super) fn installed(program: &str, package: &str) -> Result<(), Failure> {
    let found = Command::new("sh")
        .args(["-c", &format!("command -v {program}")])
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        return Ok(());
    }
    Err(Failure::Missing(format!(
        "`{program}` is not installed: apt-get install {package}"
    )))
}

#[cfg(test)]
mod tests {
    use super::installed;
    use crate::Failure;

    #[test]
    fn a_program_that_is_not_there_is_missing_and_no_failure() {
        assert!(installed("sh", "dash").is_ok());
        let missing = installed("no-such-program-here", "nothing");
        assert!(matches!(missing, Err(Failure::Missing(message)) if message.contains("no-such")));
    }
}
