//! The jobs, one file each. `tidy` and `licences`, which have logic of their own, are folders beside this one.

pub(crate) mod beam;
pub(crate) mod cache;
pub(crate) mod ci;
mod debian;
pub(crate) mod ecosystem;
pub(crate) mod faults;
pub(crate) mod fuzz;
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

/// The values of options that are numbers above zero, each with what it is if nothing is said.
fn numbers<const N: usize>(
    job: &str,
    arguments: &[String],
    known: [(&str, u64); N],
) -> Result<[u64; N], Failure> {
    let mut values = known.map(|(_, value)| value);
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        let Some(at) = known.iter().position(|(known, _)| *known == name) else {
            let names = known.map(|(name, _)| name).join(" and ");
            let message = format!("`{job}` does not know `{name}`; it takes {names}");
            return Err(Failure::Usage(message));
        };
        let value = value.or_else(|| rest.next().map(String::as_str));
        let value = value.ok_or_else(|| Failure::Usage(format!("`{name}` needs a value")))?;
        values[at] = match value.parse() {
            Ok(0) | Err(_) => return Err(Failure::Usage(format!("`{name} {value}`: not known"))),
            Ok(number) => number,
        };
    }
    Ok(values)
}

/// `RUSTFLAGS` with `flag` added to what the caller has set.
fn flags_with(variable: &str, flag: &str) -> String {
    match std::env::var(variable) {
        Ok(flags) if !flags.trim().is_empty() => format!("{flags} {flag}"),
        _ => flag.to_owned(),
    }
}
