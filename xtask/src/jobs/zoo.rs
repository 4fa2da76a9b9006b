//! `zoo`: programs with known bugs under the simulator, in release mode. What it does and prints is said in `zoo/`.

use crate::{Outcome, run};

pub(crate) fn zoo(arguments: &[String]) -> Outcome {
    let mut command = run::cargo([
        "run",
        "--release",
        "--quiet",
        "--package",
        "gaggle-zoo",
        "--",
    ]);
    command.args(arguments);
    run::check(&mut command)
}
