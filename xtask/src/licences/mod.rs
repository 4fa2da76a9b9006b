//! `licences`: is each dependency under a licence, and from a place, that `deny.toml` allows?
//!
//! Covers the workspace and, where it is present, the tree of `benches/`.
//! `deny.toml` is the one place where the policy is written; it is in the format of `cargo deny`, of which this job
//! does the two checks that matter most without anything to install.

mod spdx;

use crate::counts::Counts;
use crate::metadata::{self, Package};
use crate::{Failure, Outcome, run};
use spdx::Licence;

/// What `deny.toml` allows.
struct Policy {
    licences: Vec<Licence>,
    registries: Vec<String>,
}

pub(crate) fn job(arguments: &[String]) -> Outcome {
    let all_platforms = match arguments {
        [] => false,
        [only] if only == "--all-platforms" => true,
        [first, ..] => {
            return Err(Failure::Usage(format!(
                "`licences` has no argument `{first}`; it takes --all-platforms or nothing"
            )));
        }
    };
    let root = run::root();
    let text = std::fs::read_to_string(root.join("deny.toml"))
        .map_err(|error| Failure::failed(format!("deny.toml cannot be read: {error}")))?;
    let policy = Policy::read(&text).map_err(Failure::failed)?;
    let mut packages = Vec::new();
    for manifest in ["Cargo.toml", "benches/Cargo.toml"] {
        let manifest = root.join(manifest);
        if manifest.exists() {
            packages.extend(metadata::tree(&manifest, all_platforms)?);
        }
    }
    packages.retain(|package| package.source.is_some());
    packages.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    packages.dedup_by(|a, b| a.name == b.name && a.version == b.version);

    let problems: Vec<String> = packages
        .iter()
        .filter_map(|package| policy.problem(package))
        .collect();
    if problems.is_empty() {
        println!(
            "licences: {} dependencies, all allowed by deny.toml",
            packages.len()
        );
        Ok(Counts::default())
    } else {
        Err(Failure::failed(format!(
            "deny.toml does not allow:\n  {}",
            problems.join("\n  ")
        )))
    }
}

impl Policy {
    fn read(text: &str) -> Result<Self, String> {
        let licences = strings_of(text, "licenses", "allow")
            .ok_or("deny.toml has no list `allow` under [licenses]")?
            .iter()
            .map(|name| {
                Licence::parse(name).ok_or_else(|| format!("deny.toml: `{name}` is no licence"))
            })
            .collect::<Result<_, _>>()?;
        let registries = strings_of(text, "sources", "allow-registry")
            .ok_or("deny.toml has no list `allow-registry` under [sources]")?;
        Ok(Self {
            licences,
            registries,
        })
    }

    fn problem(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        let source = package.source.as_deref()?;
        let registry = source
            .strip_prefix("registry+")
            .or_else(|| source.strip_prefix("sparse+"));
        if !registry.is_some_and(|found| self.registries.iter().any(|allowed| allowed == found)) {
            return Some(format!("{name} {version}: comes from {source}"));
        }
        let Some(expression) = &package.licence else {
            return Some(format!("{name} {version}: names no licence"));
        };
        match spdx::allowed(expression, &self.licences) {
            Ok(true) => None,
            Ok(false) => Some(format!("{name} {version}: {expression}")),
            Err(error) => Some(format!(
                "{name} {version}: `{expression}` cannot be read: {error}"
            )),
        }
    }
}

/// The strings of one array in one table. This much of TOML is all that the policy needs.
fn strings_of(text: &str, table: &str, key: &str) -> Option<Vec<String>> {
    let mut inside = false;
    let mut array: Option<String> = None;
    for line in text.lines() {
        let line = without_comment(line).trim();
        if let Some(array) = &mut array {
            array.push_str(line);
        } else if line.starts_with('[') {
            inside = line.trim_matches(['[', ']']) == table;
        } else if inside
            && let Some((name, value)) = line.split_once('=')
            && name.trim() == key
        {
            array = Some(value.trim().to_owned());
        }
        if array.as_ref().is_some_and(|array| array.ends_with(']')) {
            break;
        }
    }
    let array = array?;
    Some(
        array
            .split('"')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect(),
    )
}

/// The part of a line before a `#` that is not inside a string.
fn without_comment(line: &str) -> &str {
    let mut quoted = false;
    for (at, character) in line.char_indices() {
        match character {
            '"' => quoted = !quoted,
            '#' if !quoted => return &line[..at],
            _ => {}
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::{Policy, strings_of};
    use crate::metadata::Package;

    const TEXT: &str = "
[other]
allow = [\"no\"] # a list of another table
[licenses]
# allow = [\"commented out\"]
allow = [
    \"MIT\", # the usual one
    \"Apache-2.0 WITH LLVM-exception\",
]
[sources]
allow-registry = [\"https://example.org/#index\"]
";

    fn package(licence: Option<&str>, source: &str) -> Package {
        Package {
            name: "some".to_owned(),
            version: "1.0.0".to_owned(),
            licence: licence.map(str::to_owned),
            source: Some(source.to_owned()),
            has_library: true,
            dependencies: Vec::new(),
        }
    }

    #[test]
    fn lists_are_found_in_their_table_and_comments_are_skipped() {
        assert_eq!(
            strings_of(TEXT, "licenses", "allow").unwrap(),
            ["MIT", "Apache-2.0 WITH LLVM-exception"]
        );
        assert_eq!(
            strings_of(TEXT, "sources", "allow-registry").unwrap(),
            ["https://example.org/#index"]
        );
        assert_eq!(strings_of(TEXT, "licenses", "deny"), None);
    }

    #[test]
    fn licence_and_origin_are_both_checked() {
        let policy = Policy::read(TEXT).unwrap();
        let good = "registry+https://example.org/#index";
        assert_eq!(policy.problem(&package(Some("MIT"), good)), None);
        let problem = |licence, source| policy.problem(&package(licence, source)).unwrap();
        assert!(problem(Some("GPL-3.0-only"), good).ends_with("some 1.0.0: GPL-3.0-only"));
        assert!(problem(None, good).contains("names no licence"));
        assert!(problem(Some("MIT"), "git+https://example.org/some").contains("comes from"));
        assert!(problem(Some("MIT OR"), good).contains("cannot be read"));
    }

    #[test]
    fn the_policy_of_this_workspace_can_be_read() {
        let policy = Policy::read(include_str!("../../../deny.toml")).unwrap();
        assert!(policy.licences.len() > 5 && policy.registries.len() == 1);
    }
}
