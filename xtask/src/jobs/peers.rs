//! `peers` (and `bench`): the benchmark that runs gaggle and other runtimes side by side.

use crate::{Failure, Outcome, run};

pub(crate) fn peers(arguments: &[String]) -> Outcome {
    if !run::root().join("benches/Cargo.toml").exists() {
        let message = "benches/Cargo.toml is missing: the benchmarks are not part of this copy";
        return Err(Failure::Missing(message.to_owned()));
    }
    let mut command = run::cargo(["run", "--release", "--manifest-path", "benches/Cargo.toml"]);
    command.args(["--bin", "peers", "--"]).args(arguments);
    run::check(&mut command)
}
