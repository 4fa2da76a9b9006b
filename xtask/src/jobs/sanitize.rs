//! `sanitize`: the suite under the address sanitizer of LLVM, which needs a nightly toolchain.

use super::{ecosystem, flags_with, separate};
use crate::{Failure, Outcome, metadata, run};
use std::process::{Command, Stdio};

pub(crate) fn sanitize(arguments: &[String]) -> Outcome {
    if !nightly_is_installed() {
        let message =
            "AddressSanitizer needs a nightly toolchain: rustup toolchain install nightly";
        return Err(Failure::Missing(message.to_owned()));
    }
    let flag = "-Zsanitizer=address";
    let mut command = nightly();
    command
        .current_dir(run::root())
        .args(["test", "--no-fail-fast", "--workspace"])
        // Without unsafe code of their own; `ui` would start compilers that need no sanitizer.
        .args(["--exclude", "xtask", "--exclude", "gaggle-macros"])
        .args(ecosystem::PACKAGES.map(|package| format!("--exclude={package}")))
        .args(["--lib", "--tests"])
        .args(["--target", &metadata::host()?])
        .args(arguments)
        .env("GAGGLE_UI", "skip")
        // What needs the address space for itself is left out.
        .env("GAGGLE_SANITIZER", "address")
        .env("RUSTFLAGS", flags_with("RUSTFLAGS", flag));
    separate(&mut command, "asan")?;
    run::test_unlimited(&mut command)
}

/// The nightly cargo, free of the variables by which rustup pins this process to its own toolchain.
pub(super) fn nightly() -> Command {
    let mut command = Command::new("rustup");
    command
        .args(["run", "nightly", "cargo"])
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .env_remove("RUSTC")
        .env_remove("RUSTDOC");
    command
}

pub(super) fn nightly_is_installed() -> bool {
    nightly()
        .arg("--version")
        .env("RUSTUP_AUTO_INSTALL", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}
