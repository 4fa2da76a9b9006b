//! `cache`: the tests of `examples/cache` that need the clients of Redis, `redis-cli` and `redis-benchmark`, in release mode.
//!
//! In the ordinary suite the same tests are left out where these programs are missing; here they must be there.

use super::debian::{install, installed};
use super::separate;
use crate::{Outcome, run};

/// The package of Debian that has what is needed.
const PACKAGE: &str = "redis-tools";

pub(crate) fn cache(arguments: &[String]) -> Outcome {
    for program in ["redis-cli", "redis-benchmark"] {
        installed(program, PACKAGE)?;
    }
    let mut command = run::cargo(["test", "--release", "--package", "gaggle-cache"]);
    command
        .args(["--test", "redis_tools", "--", "--nocapture"])
        .args(arguments)
        .env("GAGGLE_REDIS_TOOLS", "needed");
    separate(&mut command, "stress")?;
    run::test_unlimited(&mut command)
}

/// As [`cache`]; what is missing is installed first, and it is a failure if it cannot be.
pub(crate) fn with_what_it_needs() -> Outcome {
    let tools = installed("redis-cli", PACKAGE).and(installed("redis-benchmark", PACKAGE));
    if tools.is_err() {
        install(PACKAGE)?;
    }
    cache(&[])
}
