//! `ui`: the compile-fail cases in `tests/ui`.
//!
//! The compiler's texts change between versions, so `tests/ui/TOOLCHAIN` records the one that they are from.
//! Under another version the ordinary suite skips the cases with a message; this job, asked for by name, fails.

use crate::{Failure, Outcome, metadata, run};

const RECORD: &str = "tests/ui/TOOLCHAIN";

pub(crate) fn ui(arguments: &[String]) -> Outcome {
    let bless = match arguments {
        [] => false,
        [only] if only == "--bless" => true,
        [first, ..] => {
            return Err(Failure::Usage(format!(
                "`ui` has no argument `{first}`; it takes --bless or nothing"
            )));
        }
    };
    let path = run::root().join(RECORD);
    let current = minor(&run::output(&mut metadata::rustc(&["--version"]))?)?;
    if bless {
        std::fs::write(&path, format!("{current}\n"))
            .map_err(|error| Failure::failed(format!("{RECORD} cannot be written: {error}")))?;
    } else {
        let recorded = std::fs::read_to_string(&path)
            .map_err(|error| Failure::failed(format!("{RECORD} cannot be read: {error}")))?;
        if recorded.trim() != current {
            return Err(Failure::failed(format!(
                "the texts in tests/ui are from rustc {}, this is {current}: \
                 run `cargo xtask ui --bless` and review what changed",
                recorded.trim()
            )));
        }
    }
    let mut command = run::cargo(["test", "-p", "gaggle", "--test", "ui"]);
    if bless {
        command.env("TRYBUILD", "overwrite");
    }
    run::test(&mut command)
}

/// `1.95` of `rustc 1.95.0 (59807616e 2026-04-14)`.
fn minor(version: &str) -> Result<String, Failure> {
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let mut parts = number.split('.');
    match (parts.next(), parts.next()) {
        (Some(major), Some(minor)) if !major.is_empty() => Ok(format!("{major}.{minor}")),
        _ => Err(Failure::failed(format!(
            "rustc's version cannot be read: {version}"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::minor;

    #[test]
    fn the_patch_number_is_left_out() {
        assert_eq!(
            minor("rustc 1.95.0 (59807616e 2026-04-14)").unwrap(),
            "1.95"
        );
        assert_eq!(
            minor("rustc 1.97.0-nightly (abc 2026-06-01)").unwrap(),
            "1.97"
        );
        assert!(minor("").is_err());
    }
}
