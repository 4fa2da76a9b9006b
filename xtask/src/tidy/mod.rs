//! `tidy`: the rules that no compiler knows, checked over every file of the project.
//!
//! - `source` tells Rust code from comments and strings,
//! - `rust` holds the rules for one Rust file, `text` those for any file and for Markdown,
//! - `tree` holds the rules that look at several files at once.
//!
//! A rule gets texts and returns findings; only this file reads the disk.

mod rust;
pub(crate) mod source;
mod text;
mod tree;

use crate::counts::Counts;
use crate::{Failure, Outcome, metadata, no_arguments, run};
use std::fmt;
use std::path::Path;
use std::process::Command;

/// One file of the project: its path from the root, with `/`, and its text.
#[derive(Debug)]
pub(crate) struct File {
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    pub(crate) fn is_rust(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "rs")
    }

    fn is_markdown(&self) -> bool {
        Path::new(&self.path)
            .extension()
            .is_some_and(|extension| extension == "md")
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Warning,
    Error,
}

/// Something that breaks a rule.
#[derive(Debug)]
struct Finding {
    level: Level,
    path: String,
    /// Counted from 1; 0 for the file as a whole.
    line: usize,
    message: String,
}

impl Finding {
    fn error(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            level: Level::Error,
            path: path.to_owned(),
            line,
            message: message.into(),
        }
    }

    fn warning(path: &str, line: usize, message: impl Into<String>) -> Self {
        Self {
            level: Level::Warning,
            ..Self::error(path, line, message)
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = match self.level {
            Level::Warning => "warning",
            Level::Error => "error",
        };
        write!(f, "{level}: {}", self.path)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.message)
    }
}

pub(crate) fn job(arguments: &[String]) -> Outcome {
    no_arguments("tidy", arguments)?;
    let (names, files) = read_project(&run::root())?;
    let mut findings = Vec::new();
    for file in &files {
        findings.extend(text::check(file, &names));
        if file.is_rust() {
            findings.extend(rust::check(file));
        }
    }
    findings.extend(tree::check(&files, &names, &metadata::members()?));

    for finding in &findings {
        println!("{finding}");
    }
    let errors = findings
        .iter()
        .filter(|finding| finding.level == Level::Error)
        .count();
    let warnings = findings.len() - errors;
    let sum = format!(
        "tidy: {} files, {errors} errors, {warnings} warnings",
        files.len()
    );
    if errors == 0 {
        println!("{sum}");
        Ok(Counts::default())
    } else {
        Err(Failure::failed(sum))
    }
}

/// The names of all files of the project, and the texts of those that are text.
pub(crate) fn read_project(root: &Path) -> Result<(Vec<String>, Vec<File>), Failure> {
    let mut names = match git_files(root) {
        Some(names) => names,
        None => walk(root)
            .map_err(|error| Failure::failed(format!("the tree cannot be read: {error}")))?,
    };
    names.retain(|name| root.join(name).is_file());
    names.sort();
    names.dedup();
    let read = |name: &String| {
        let text = String::from_utf8(std::fs::read(root.join(name)).ok()?).ok()?;
        Some(File {
            path: name.clone(),
            text,
        })
    };
    let files = names.iter().filter_map(read).collect();
    Ok((names, files))
}

/// Tracked files and new ones that are not ignored; `None` where there is no git or no repository.
fn git_files(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .current_dir(root)
        .args([
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ])
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let names = String::from_utf8(output.stdout).ok()?;
    Some(names.split_terminator('\0').map(str::to_owned).collect())
}

fn walk(root: &Path) -> std::io::Result<Vec<String>> {
    let mut names = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                if !matches!(entry.file_name().to_str(), Some(".git" | "target")) {
                    folders.push(path);
                }
            } else if let Some(name) = path.strip_prefix(root).ok().and_then(Path::to_str) {
                names.push(name.to_owned());
            }
        }
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::{Finding, walk};
    use std::path::Path;

    #[test]
    fn a_finding_names_file_line_and_rule() {
        assert_eq!(
            Finding::error("a.rs", 3, "wrong").to_string(),
            "error: a.rs:3: wrong"
        );
        assert_eq!(
            Finding::warning("a.rs", 0, "long").to_string(),
            "warning: a.rs: long"
        );
    }

    #[test]
    fn the_walk_finds_nested_files() {
        let names = walk(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(names.contains(&"src/tidy/mod.rs".to_owned()));
    }
}
