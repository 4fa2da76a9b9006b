//! The compile-fail cases in `tests/ui` at the root of the workspace: misuse that the compiler must refuse, and how.
//!
//! The expected texts are those of one compiler version, named in `tests/ui/TOOLCHAIN`.
//! Under another version the cases are skipped with a message on the terminal.
//! `cargo xtask ui --bless` writes them anew.

use std::io::Write as _;
use std::process::Command;

/// The version that the expected texts are from, such as `1.95`.
const RECORDED: &str = include_str!("../../../tests/ui/TOOLCHAIN");

#[test]
fn misuse_is_refused_with_the_expected_text() {
    if let Some(reason) = reason_to_skip() {
        // Not `eprintln!`, which the test harness would keep to itself.
        let _ = writeln!(std::io::stderr(), "tests/ui: skipped: {reason}");
        return;
    }
    trybuild::TestCases::new().compile_fail("../../tests/ui/*.rs");
}

fn reason_to_skip() -> Option<String> {
    if cfg!(loom) {
        return Some("models need no compile-fail cases".to_owned());
    }
    if cfg!(feature = "compat-tokio") {
        return Some("one case is what is said without this feature".to_owned());
    }
    if std::env::var_os("GAGGLE_UI").is_some_and(|value| value == "skip") {
        return Some("GAGGLE_UI=skip is set".to_owned());
    }
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).arg("--version").output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    let current = version.split_whitespace().nth(1)?;
    let recorded = RECORDED.trim();
    let same = current
        .strip_prefix(recorded)
        .is_some_and(|rest| rest.starts_with('.'));
    (!same).then(|| format!("the texts are from rustc {recorded}, this is {current}"))
}
