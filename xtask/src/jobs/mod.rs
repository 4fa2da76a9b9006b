//! The jobs, one file each. `tidy` and `licences`, which have logic of their own, are folders beside this one.

pub(crate) mod beam;
pub(crate) mod ci;
pub(crate) mod ecosystem;
pub(crate) mod faults;
pub(crate) mod lint;
mod long;
pub(crate) mod loom;
pub(crate) mod overload;
pub(crate) mod peers;
pub(crate) mod repeat;
pub(crate) mod sanitize;
pub(crate) mod soak;
pub(crate) mod test;
pub(crate) mod ui;
pub(crate) mod zoo;

use crate::{Failure, metadata};
use std::path::PathBuf;
use std::process::Command;

/// Gives a job with unusual flags a target folder of its own, so that it does not undo the ordinary builds, and
/// a release profile that builds fast: these jobs look for bugs, not for speed.
fn separate(command: &mut Command, name: &str) -> Result<(), Failure> {
    let folder: PathBuf = metadata::target_directory()?.join(name);
    command
        .env("CARGO_TARGET_DIR", folder)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
    Ok(())
}

/// `RUSTFLAGS` with `flag` added to what the caller has set.
fn flags_with(variable: &str, flag: &str) -> String {
    match std::env::var(variable) {
        Ok(flags) if !flags.trim().is_empty() => format!("{flags} {flag}"),
        _ => flag.to_owned(),
    }
}
