//! What `cargo metadata` says about the workspace, as far as the checks need it.

use crate::Failure;
use crate::run;
use serde_json::Value;
use std::path::{Component, Path, PathBuf};

/// A package of the workspace or one that it depends on.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) licence: Option<String>,
    /// `None` for packages of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) has_library: bool,
    /// Names of the packages it depends on outside of tests, without those that only a feature brings in.
    pub(crate) dependencies: Vec<String>,
}

/// The members of the workspace alone; needs no network.
pub(crate) fn members() -> Result<Vec<Package>, Failure> {
    packages(&["--no-deps"], None)
}

/// Every package of the tree under `manifest`, also those that only `--cfg loom` brings in.
pub(crate) fn tree(manifest: &Path, all_platforms: bool) -> Result<Vec<Package>, Failure> {
    let manifest = manifest.to_string_lossy();
    let mut arguments = vec!["--manifest-path", manifest.as_ref()];
    let host = host()?;
    if !all_platforms {
        arguments.extend(["--filter-platform", &host]);
    }
    let mut all = packages(&arguments, None)?;
    all.extend(packages(&arguments, Some("--cfg loom"))?);
    all.sort_by(|a, b| (&a.name, &a.version).cmp(&(&b.name, &b.version)));
    all.dedup_by(|a, b| a.name == b.name && a.version == b.version);
    Ok(all)
}

/// A `[[test]]` of the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TestTarget {
    pub(crate) name: String,
    pub(crate) package: String,
    /// The file that it begins in.
    pub(crate) path: PathBuf,
}

/// All `[[test]]` targets, in the order of the manifests.
pub(crate) fn test_targets() -> Result<Vec<TestTarget>, Failure> {
    Ok(test_targets_in(&read(&["--no-deps"], None)?))
}

fn test_targets_in(metadata: &Value) -> Vec<TestTarget> {
    let mut found = Vec::new();
    for package in list(&metadata["packages"]) {
        for target in list(&package["targets"]) {
            if list(&target["kind"]).any(|kind| kind.as_str() == Some("test")) {
                // `../..` in a manifest is kept by cargo.
                let path = plain(Path::new(target["src_path"].as_str().unwrap_or_default()));
                found.push(TestTarget {
                    name: text(&target["name"]),
                    package: text(&package["name"]),
                    path,
                });
            }
        }
    }
    found
}

/// The path without `..`, read as text.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir => {
                plain.pop();
            }
            other => plain.push(other),
        }
    }
    plain
}

/// Where cargo puts what it builds.
pub(crate) fn target_directory() -> Result<PathBuf, Failure> {
    let value = read(&["--no-deps"], None)?;
    let path = value["target_directory"]
        .as_str()
        .ok_or_else(|| Failure::failed("cargo metadata names no target directory"))?;
    Ok(PathBuf::from(path))
}

/// The triple of this machine.
pub(crate) fn host() -> Result<String, Failure> {
    let version = run::output(&mut rustc(&["--version", "--verbose"]))?;
    version
        .lines()
        .find_map(|line| line.strip_prefix("host: "))
        .map(str::to_owned)
        .ok_or_else(|| Failure::failed("rustc names no host"))
}

pub(crate) fn rustc(arguments: &[&str]) -> std::process::Command {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = std::process::Command::new(program);
    command.args(arguments);
    command
}

fn read(arguments: &[&str], rustflags: Option<&str>) -> Result<Value, Failure> {
    let mut command = run::cargo(["metadata", "--format-version", "1"]);
    command.args(arguments);
    if let Some(flags) = rustflags {
        command.env("RUSTFLAGS", flags);
    }
    let text = run::output(&mut command)?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::failed(format!("cargo metadata cannot be read: {error}")))
}

fn packages(arguments: &[&str], rustflags: Option<&str>) -> Result<Vec<Package>, Failure> {
    let value = read(arguments, rustflags)?;
    Ok(list(&value["packages"]).map(package).collect())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn package(value: &Value) -> Package {
    let is_library = |kind: &Value| matches!(kind.as_str(), Some("lib" | "proc-macro"));
    Package {
        name: text(&value["name"]),
        version: text(&value["version"]),
        licence: value["license"].as_str().map(str::to_owned),
        source: value["source"].as_str().map(str::to_owned),
        has_library: list(&value["targets"]).any(|target| list(&target["kind"]).any(is_library)),
        dependencies: list(&value["dependencies"])
            .filter(|dependency| dependency["kind"].as_str() != Some("dev"))
            .filter(|dependency| dependency["optional"].as_bool() != Some(true))
            .map(|dependency| text(&dependency["name"]))
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{plain, test_targets_in};
    use serde_json::json;
    use std::path::Path;

    #[test]
    fn test_targets_are_found_with_their_files() {
        let target = |kind: &str, name: &str| {
            json!({ "kind": [kind], "name": name,
                    "src_path": format!("/a/crates/b/../../tests/c/{name}.rs") })
        };
        let targets = [target("lib", "x"), target("test", "y"), target("bin", "z")];
        let found = test_targets_in(&json!({ "packages": [{ "name": "b", "targets": targets }] }));
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(
            (found[0].name.as_str(), found[0].package.as_str()),
            ("y", "b")
        );
        assert_eq!(found[0].path, Path::new("/a/tests/c/y.rs"));
        assert_eq!(plain(Path::new("a/./b")), Path::new("a/b"));
    }
}
