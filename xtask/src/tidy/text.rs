//! The rules for any text file, and for the links of Markdown.

use super::{File, Finding};
use std::path::{Component, Path, PathBuf};

/// Folders of one machine; a path into them works nowhere else. Written in two parts so that this file passes.
const MACHINE: [&str; 3] = [
    concat!("/ro", "ot/"),
    concat!("/wo", "rk/"),
    concat!("/ho", "me/"),
];

/// Hosts that serve packages. Where packages come from is the setting of a machine, never of the project.
const HOSTS: [&str; 7] = [
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("files.python", "hosted.org"),
    concat!("proxy.go", "lang.org"),
    concat!("sum.go", "lang.org"),
    concat!("registry.npm", "js.org"),
];

/// The one source that a lock file may name.
const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

pub(super) fn check(file: &File, names: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for part in MACHINE {
            if names_folder(line, part) {
                let message = format!("a path of one machine: `{part}`");
                findings.push(Finding::error(&file.path, number, message));
            }
        }
        for host in HOSTS {
            if line.contains(host) {
                let message = format!("names a package registry: `{host}`");
                findings.push(Finding::error(&file.path, number, message));
            }
        }
        if file.path.ends_with("Cargo.lock")
            && line.starts_with("source = ")
            && !line.contains(CRATES)
        {
            findings.push(Finding::error(
                &file.path,
                number,
                "a package from elsewhere than crates.io",
            ));
        }
        if file.path.ends_with("config.toml")
            && (line.starts_with("[source") || line.starts_with("[registr"))
        {
            findings.push(Finding::error(
                &file.path,
                number,
                "sets where packages come from",
            ));
        }
        if file.path.ends_with("Cargo.toml")
            && line.contains("= \"allow\"")
            && !line.contains("# reason:")
        {
            findings.push(Finding::error(
                &file.path,
                number,
                "`allow` without a `# reason:`",
            ));
        }
    }
    if file.is_markdown() {
        links(file, names, &mut findings);
    }
    findings
}

/// Says whether `folder` stands in `line` as an absolute path, not as the end of a relative one such as `docs/work/`.
fn names_folder(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before
            .is_some_and(|character| character.is_alphanumeric() || "._-}>*~".contains(character))
    })
}

/// Relative links lead to a file or folder of the project.
fn links(file: &File, names: &[String], findings: &mut Vec<Finding>) {
    let mut fenced = false;
    for (number, line) in (1..).zip(file.text.lines()) {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        }
        if fenced {
            continue;
        }
        for target in targets(line) {
            let elsewhere = target.contains("://") || target.starts_with("mailto:");
            let path = target.split('#').next().unwrap_or_default();
            if elsewhere || path.is_empty() {
                continue;
            }
            if !leads_somewhere(&file.path, path, names) {
                findings.push(Finding::error(
                    &file.path,
                    number,
                    format!("dead link: {target}"),
                ));
            }
        }
    }
}

/// The targets of `[text](target)` and `[name]: target` in one line, inline code left out.
fn targets(line: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for (index, plain) in line.split('`').enumerate() {
        if index % 2 == 1 {
            continue;
        }
        for (at, _) in plain.match_indices("](") {
            let rest = &plain[at + 2..];
            let end = rest.find([')', ' ']).unwrap_or(rest.len());
            found.push(&rest[..end]);
        }
    }
    // `[`code`](target)`: the code between the brackets splits them from the target, which is plain again.
    if let Some((name, target)) = line.split_once("]: ")
        && name.starts_with('[')
        && !name.starts_with("[^")
    {
        found.extend(target.split_whitespace().next());
    }
    found
}

fn leads_somewhere(from: &str, target: &str, names: &[String]) -> bool {
    let mut path = PathBuf::from(from);
    path.pop();
    for component in Path::new(target).components() {
        match component {
            Component::ParentDir => {
                if !path.pop() {
                    return false;
                }
            }
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::Prefix(_) => return false,
        }
    }
    let path = path.to_string_lossy();
    let folder = format!("{path}/");
    path.is_empty()
        || names
            .iter()
            .any(|name| *name == path || name.starts_with(&folder))
}

#[cfg(test)]
mod tests {
    use super::{MACHINE, check};
    use crate::tidy::File;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let names =
            ["README.md", "docs/soundness.md", "crates/gaggle/src/lib.rs"].map(str::to_owned);
        let file = File {
            path: path.to_owned(),
            text: text.to_owned(),
        };
        check(&file, &names)
            .iter()
            .map(ToString::to_string)
            .collect()
    }

    #[test]
    fn paths_of_one_machine_are_found() {
        for folder in MACHINE {
            assert_eq!(messages("a.txt", &format!("see {folder}x")).len(), 1);
            assert_eq!(
                messages("a.txt", &format!("see docs{folder}x, $X{{}}{folder}")).len(),
                0
            );
        }
    }

    #[test]
    fn registries_are_found() {
        let host = concat!("https://pypi", ".org/simple");
        assert_eq!(messages("a.txt", host).len(), 1);
        assert_eq!(
            messages("Cargo.lock", "source = \"registry+https://example.org\"").len(),
            1
        );
        let good = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        assert!(messages("Cargo.lock", good).is_empty());
        assert_eq!(
            messages(".cargo/config.toml", "[source.crates-io]").len(),
            1
        );
    }

    #[test]
    fn an_allowed_lint_has_its_reason_beside_it() {
        assert_eq!(messages("Cargo.toml", "inline_always = \"allow\"").len(), 1);
        assert!(messages("Cargo.toml", "inline_always = \"allow\" # reason: measured").is_empty());
    }

    #[test]
    fn links_within_the_project_are_followed() {
        let good = "[a](docs/soundness.md#top) [b](./crates) [`c`](crates/gaggle/) [d](https://x.y/z) [e](#here)";
        assert_eq!(messages("README.md", good), Vec::<String>::new());
        assert!(
            messages(
                "docs/soundness.md",
                "[up](../README.md)\n\n[r]: ../README.md"
            )
            .is_empty()
        );
    }

    #[test]
    fn dead_links_are_found_outside_of_code() {
        assert_eq!(
            messages("README.md", "[a](docs/none.md) and [`b`](none)").len(),
            2
        );
        assert_eq!(messages("README.md", "[r]: none.md").len(), 1);
        assert_eq!(messages("README.md", "[up](../../x)").len(), 1);
        assert!(messages("README.md", "`[a](none.md)`\n```\n[a](none.md)\n```").is_empty());
    }
}
