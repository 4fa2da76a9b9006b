//! `lint`: formatting, clippy and documentation, each with warnings as errors.

use super::flags_with;
use crate::counts::Counts;
use crate::{Failure, Outcome, no_arguments, run};
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs every part, also after one has failed: whoever fixes one wants to see the others.
pub(crate) fn lint(arguments: &[String]) -> Outcome {
    no_arguments("lint", arguments)?;
    for component in ["fmt", "clippy"] {
        installed(component)?;
    }
    let mut failures = Vec::new();
    for mut part in parts() {
        match run::check(&mut part) {
            Ok(_) => {}
            Err(Failure::Failed(message, _)) => failures.push(message),
            Err(other) => return Err(other),
        }
    }
    if failures.is_empty() {
        Ok(Counts::default())
    } else {
        Err(Failure::failed(failures.join("\nerror: ")))
    }
}

fn parts() -> Vec<Command> {
    let mut parts = vec![run::cargo(["fmt", "--all", "--check"])];
    if run::root().join("benches/Cargo.toml").exists() {
        let benches = ["fmt", "--check", "--manifest-path", "benches/Cargo.toml"];
        parts.push(run::cargo(benches));
    }
    // The compile-fail cases belong to no package.
    let mut cases = Command::new("rustfmt");
    cases
        .current_dir(run::root())
        .args(["--check", "--edition", "2024"])
        .args(ui_cases());
    parts.push(cases);
    let clippy = [
        "clippy",
        "--workspace",
        "--all-targets",
        "--",
        "-D",
        "warnings",
    ];
    parts.push(run::cargo(clippy));
    let mut doc = run::cargo(["doc", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", flags_with("RUSTDOCFLAGS", "-D warnings"));
    parts.push(doc);
    parts
}

/// The files in `tests/ui`, sorted.
fn ui_cases() -> Vec<PathBuf> {
    let folder = PathBuf::from("tests/ui");
    let entries = std::fs::read_dir(run::root().join(&folder));
    let mut cases: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(folder.join(entry.ok()?.file_name())))
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    cases.sort();
    cases
}

fn installed(component: &str) -> Result<(), Failure> {
    let found = run::cargo([component, "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if found {
        return Ok(());
    }
    let package = if component == "fmt" {
        "rustfmt"
    } else {
        component
    };
    Err(Failure::Missing(format!(
        "`cargo {component}` is not installed: rustup component add {package}"
    )))
}
