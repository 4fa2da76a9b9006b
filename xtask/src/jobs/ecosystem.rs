//! `ecosystem`: the libraries of others in goroutines, and the programs that are made with them.
//!
//! They bring other runtimes along, and a workspace that is built as a whole would build gaggle with the features for them: so they are no part of the suite, and have this job of their own.

use crate::counts::Counts;
use crate::{Outcome, run};

/// Packages that depend on other runtimes, or on libraries that do.
pub(crate) const PACKAGES: [&str; 2] = ["gaggle-ecosystem", "gaggle-http"];

/// How many workers: the least with which goroutines run at the same time.
const WORKERS: &str = "2";

/// What has features for them, with these features on.
const FEATURES: &str = "gaggle/compat-tokio,gaggle/hyper";

pub(crate) fn ecosystem(arguments: &[String]) -> Outcome {
    let mut tests = run::cargo(["test", "--no-fail-fast"]);
    for package in PACKAGES {
        tests.args(["-p", package]);
    }
    tests.args(arguments).env("GAGGLE_WORKERS", WORKERS);
    let mut all = run::test(&mut tests)?;
    if arguments.is_empty() {
        all += documentation()?;
        let mut macros = run::cargo(["test", "-p", "gaggle-macros", "--lib"]);
        all += run::test(macros.args(["--features", "compat-tokio"]))?;
    }
    println!("\n{} passed, {} failed", all.passed, all.failed);
    Ok(all)
}

/// The examples in the documentation of what the features bring.
fn documentation() -> Result<Counts, crate::Failure> {
    let mut doc = run::cargo(["test", "-p", "gaggle", "--doc", "--features", FEATURES]);
    run::test(doc.arg("compat"))
}
