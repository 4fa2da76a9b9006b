//! `beam`: the scenarios of `tests/oracle` on gaggle and on a BEAM, and what differs. What it does and prints is said there.

use super::debian::{install, installed};
use crate::{Outcome, run};

/// The package of Debian that has what is needed.
const PACKAGE: &str = "erlang-base";

pub(crate) fn beam(arguments: &[String]) -> Outcome {
    for program in ["erlc", "erl"] {
        installed(program, PACKAGE)?;
    }
    let mut command = run::cargo(["run", "--quiet", "--package", "gaggle-oracle", "--"]);
    command.args(arguments);
    run::check(&mut command)
}

/// As [`beam`]; what is missing is installed first, and it is a failure if it cannot be.
pub(crate) fn with_what_it_needs() -> Outcome {
    if installed("erlc", PACKAGE)
        .and(installed("erl", PACKAGE))
        .is_err()
    {
        install(PACKAGE)?;
    }
    beam(&[])
}
