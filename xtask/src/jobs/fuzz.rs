//! `fuzz`: the parser of `examples/cache` under libFuzzer, which looks for bytes that break what must hold for all. It needs a nightly toolchain.
//!
//! What it checks is said in `examples/cache/fuzz`. The folder is laid out for cargo-fuzz, which works there too; this job needs nothing but the compiler.

use super::sanitize::{nightly, nightly_is_installed};
use super::{flags_with, numbers};
use crate::counts::Counts;
use crate::{Failure, Outcome, metadata, run};
use std::process::Command;

/// How long, if nothing is said.
const SECONDS: u64 = 60;
/// The longest input: somewhat above the limits that are set there.
const LONGEST: &str = "-max_len=6000";
/// What makes a program report to libFuzzer which of its branches have been taken.
const FLAGS: &str = "-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address --cfg fuzzing";

pub(crate) fn fuzz(arguments: &[String]) -> Outcome {
    let [seconds] = numbers("fuzz", arguments, [("--seconds", SECONDS)])?;
    if !nightly_is_installed() {
        let message = "fuzzing needs a nightly toolchain: rustup toolchain install nightly";
        return Err(Failure::Missing(message.to_owned()));
    }
    let folder = run::root().join("examples/cache/fuzz");
    let target = metadata::target_directory()?.join("fuzz");
    let host = metadata::host()?;
    let mut build = nightly();
    build
        .current_dir(&folder)
        .args(["build", "--release", "--target", &host])
        .env("CARGO_TARGET_DIR", &target)
        .env("RUSTFLAGS", flags_with("RUSTFLAGS", FLAGS));
    run::check(&mut build)?;
    // What it finds on the way stays out of the tree: the corpus there is only read.
    let found = target.join("found");
    std::fs::create_dir_all(&found)
        .map_err(|error| Failure::failed(format!("{}: {error}", found.display())))?;
    let mut program = Command::new(target.join(host).join("release/resp"));
    program
        .current_dir(&target)
        .arg(format!("-max_total_time={seconds}"))
        .args([LONGEST, "-print_final_stats=1"])
        .arg(&found)
        .arg(folder.join("corpus/resp"));
    run::check(&mut program)?;
    Ok(Counts::default())
}
