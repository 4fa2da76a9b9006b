//! `loom`: the models of the concurrent parts, under every interleaving up to a bound.

use super::{flags_with, separate};
use crate::{Failure, Outcome, run};

/// Thread switches against a thread's will in one run of a model; the bound that loom's authors advise.
/// Most bugs need two.
const PREEMPTIONS: &str = "2";

/// The longest that one model may explore, in seconds.
const SECONDS: &str = "60";

pub(crate) fn loom(arguments: &[String]) -> Outcome {
    let full = arguments.first().is_some_and(|first| first == "--full");
    let rest = &arguments[usize::from(full)..];
    if let Some(option) = rest.iter().find(|argument| argument.starts_with('-')) {
        return Err(Failure::Usage(format!(
            "`loom` has no option `{option}`; it takes --full and the name of a test"
        )));
    }
    let mut command = run::cargo(["test", "--release", "--no-fail-fast", "--lib"]);
    for package in ["gaggle-base", "gaggle-chan", "gaggle-rt"] {
        command.args(["-p", package]);
    }
    let name = rest.first().map_or("loom", String::as_str);
    command
        .arg(name)
        .env("RUSTFLAGS", flags_with("RUSTFLAGS", "--cfg loom"));
    separate(&mut command, "loom")?;
    if full {
        return run::test_unlimited(&mut command);
    }
    for (variable, value) in [
        ("LOOM_MAX_PREEMPTIONS", PREEMPTIONS),
        ("LOOM_MAX_DURATION", SECONDS),
    ] {
        if std::env::var_os(variable).is_none() {
            command.env(variable, value);
        }
    }
    run::test(&mut command)
}
