//! The rules that compare several files: the list of unsafe code, the map of the crates, who depends on whom.

use super::{File, Finding, rust};
use crate::metadata::Package;
use std::collections::BTreeSet;

const SOUNDNESS: &str = "docs/soundness.md";
const ARCHITECTURE: &str = "ARCHITECTURE.md";

/// Arrows of ARCHITECTURE.md that must never be drawn: who, and on whom not.
const FORBIDDEN: &[(&str, &[&str])] = &[
    ("gaggle-base", &["gaggle", "gaggle-chan", "gaggle-rt"]),
    ("gaggle-chan", &["gaggle", "gaggle-rt"]),
    ("gaggle-rt", &["gaggle", "gaggle-actor", "gaggle-chan"]),
    ("gaggle-actor", &["gaggle", "gaggle-sim"]),
    (
        "gaggle-net",
        &["gaggle", "gaggle-actor", "gaggle-chan", "gaggle-sim"],
    ),
    ("gaggle-sim", &["gaggle", "gaggle-chan"]),
    (
        "gaggle-macros",
        &["gaggle", "gaggle-base", "gaggle-chan", "gaggle-rt"],
    ),
];

/// Runtimes that no library of ours may pull into a user's program.
const RUNTIMES: &[&str] = &["tokio", "async-std", "smol", "async-executor", "may"];

pub(super) fn check(files: &[File], names: &[String], packages: &[Package]) -> Vec<Finding> {
    let mut findings = unsafe_list(files);
    findings.extend(map(files, names));
    findings.extend(arrows(packages));
    findings
}

/// Files with unsafe code and the files that `docs/soundness.md` names are the same.
fn unsafe_list(files: &[File]) -> Vec<Finding> {
    let text = files
        .iter()
        .find(|file| file.path == SOUNDNESS)
        .map_or("", |file| file.text.as_str());
    let listed: BTreeSet<&str> = text
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| is_rust_path(word))
        .collect();
    let found: BTreeSet<&str> = files
        .iter()
        .filter(|file| {
            file.is_rust() && !file.path.starts_with("tests/ui/") && rust::has_unsafe(file)
        })
        .map(|file| file.path.as_str())
        .collect();
    let missing = found.difference(&listed).map(|path| {
        Finding::error(
            path,
            0,
            format!("has unsafe code, but is not named in {SOUNDNESS} (write `{path}`)"),
        )
    });
    let stale = listed.difference(&found).map(|path| {
        let why = if files.iter().any(|file| file.path == *path) {
            "has no unsafe code"
        } else {
            "does not exist"
        };
        Finding::error(SOUNDNESS, 0, format!("names `{path}`, which {why}"))
    });
    missing.chain(stale).collect()
}

/// A path of a Rust file from the root: no spaces, no patterns.
fn is_rust_path(word: &str) -> bool {
    word.contains('/')
        && word.strip_suffix(".rs").is_some()
        && !word.contains([' ', '*', '{', '\n'])
}

/// The crate folders and those that ARCHITECTURE.md names, as `crates/name` or as `name/` in a drawing, are the same.
fn map(files: &[File], names: &[String]) -> Vec<Finding> {
    let Some(file) = files.iter().find(|file| file.path == ARCHITECTURE) else {
        return vec![Finding::error(ARCHITECTURE, 0, "is missing")];
    };
    let exist: BTreeSet<&str> = names
        .iter()
        .filter_map(|name| name.strip_prefix("crates/")?.strip_suffix("/Cargo.toml"))
        .filter(|name| !name.contains('/'))
        .collect();
    let mut findings = Vec::new();
    let mut drawn = BTreeSet::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for name in crates_named(line) {
            drawn.insert(name);
            if !exist.contains(name) {
                let message = format!("names the crate `{name}`, which does not exist");
                findings.push(Finding::error(ARCHITECTURE, number, message));
            }
        }
    }
    for name in exist.difference(&drawn) {
        let message = format!("does not name `crates/{name}`");
        findings.push(Finding::error(ARCHITECTURE, 0, message));
    }
    findings
}

fn crates_named(line: &str) -> Vec<&str> {
    let in_name =
        |character: char| character.is_ascii_alphanumeric() || character == '-' || character == '_';
    let after_folder = line.match_indices("crates/").map(|(at, folder)| {
        let rest = &line[at + folder.len()..];
        &rest[..rest
            .find(|character| !in_name(character))
            .unwrap_or(rest.len())]
    });
    let drawn = line
        .trim_start_matches(|character: char| !in_name(character))
        .split_once('/')
        .map(|(name, _)| name)
        .filter(|name| *name == "gaggle" || name.starts_with("gaggle-"))
        .filter(|name| name.chars().all(in_name));
    after_folder
        .chain(drawn)
        .filter(|name| !name.is_empty())
        .collect()
}

/// Arrows go down only, and no library depends on another runtime. Dependencies of tests are free.
fn arrows(packages: &[Package]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in packages {
        let path = format!("crates/{}/Cargo.toml", package.name);
        let upward = FORBIDDEN
            .iter()
            .filter(|(name, _)| *name == package.name)
            .flat_map(|(_, forbidden)| *forbidden);
        for name in upward {
            if package
                .dependencies
                .iter()
                .any(|dependency| dependency == name)
            {
                let message = format!("depends on `{name}`: that arrow points up");
                findings.push(Finding::error(&path, 0, message));
            }
        }
        for name in &package.dependencies {
            if package.has_library && RUNTIMES.contains(&name.as_str()) {
                let message = format!("a library that depends on another runtime, `{name}`");
                findings.push(Finding::error(&path, 0, message));
            }
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{ARCHITECTURE, SOUNDNESS, arrows, map, unsafe_list};
    use crate::metadata::Package;
    use crate::tidy::File;

    fn file(path: &str, text: &str) -> File {
        File {
            path: path.to_owned(),
            text: text.to_owned(),
        }
    }

    fn package(name: &str, dependencies: &[&str]) -> Package {
        Package {
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            licence: None,
            source: None,
            has_library: true,
            dependencies: dependencies.iter().map(|&name| name.to_owned()).collect(),
        }
    }

    #[test]
    fn unsafe_code_is_listed_and_the_list_is_true() {
        let files = [
            file("a/x.rs", "unsafe {}"),
            file("a/y.rs", "unsafe {}"),
            file("a/z.rs", "fn f() {}"),
            file(
                SOUNDNESS,
                "`a/x.rs`, `a/z.rs` and `a/gone.rs`; not `cell.rs` nor `a/*.rs`",
            ),
        ];
        let findings: Vec<String> = unsafe_list(&files)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].contains("a/y.rs: has unsafe code"));
        assert!(findings[1].contains("`a/gone.rs`, which does not exist"));
        assert!(findings[2].contains("`a/z.rs`, which has no unsafe code"));
    }

    #[test]
    fn the_map_names_each_crate_and_no_other() {
        let names = [
            "crates/gaggle/Cargo.toml",
            "crates/gaggle-rt/Cargo.toml",
            "crates/gaggle-new/Cargo.toml",
        ];
        let names = names.map(str::to_owned);
        let text = "`crates/gaggle` is first.\n```\ncrates/\n  gaggle-rt/    tasks\n  gaggle-old/  gone\n```\n";
        let findings: Vec<String> = map(&[file(ARCHITECTURE, text)], &names)
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("`gaggle-old`, which does not exist"));
        assert!(findings[1].contains("does not name `crates/gaggle-new`"));
    }

    #[test]
    fn arrows_go_down_and_no_library_pulls_in_a_runtime() {
        assert!(arrows(&[package("gaggle-chan", &["gaggle-base", "futures-core"])]).is_empty());
        assert_eq!(arrows(&[package("gaggle-chan", &["gaggle-rt"])]).len(), 1);
        assert_eq!(
            arrows(&[package("gaggle-base", &["gaggle-rt", "gaggle-chan"])]).len(),
            2
        );
        assert_eq!(arrows(&[package("gaggle", &["tokio"])]).len(), 1);
        let program = Package {
            has_library: false,
            ..package("gaggle-cli", &["tokio"])
        };
        assert!(arrows(&[program]).is_empty());
    }
}
