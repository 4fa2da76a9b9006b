//! Files beside a report: a schedule that is too long for a line, and the picture of a test that fails.
//!
//! They lie in `gaggle-sim` in the target directory, or where `GAGGLE_SIM_DIR` says.

use crate::picture::{self, Head};
use crate::report::Report;
use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::{Path, PathBuf};

/// A schedule that is longer goes into a file.
const LINE: usize = 200;

/// What `replay:..` names: a schedule, or a file that holds one.
pub(crate) fn read(schedule: &str) -> Result<String, String> {
    if schedule.starts_with("g1-") {
        return Ok(schedule.to_owned());
    }
    fs::read_to_string(schedule).map_err(|error| {
        format!("it does not begin with `g1-`, and as a file it cannot be read: {error}")
    })
}

/// Writes what does not fit into the report: a long schedule; and for a test the picture.
pub(crate) fn write(report: &mut Report) {
    if let Some(token) = report.token().filter(|token| token.len() > LINE) {
        let name = name(report, &token, "trace");
        match put(&name, token) {
            Ok(path) => report.token_file = Some(path),
            Err(why) => report.notes.push(why),
        }
    }
    let Some(failure) = &report.failure else {
        return;
    };
    let Some(test) = report.test.as_deref() else {
        return;
    };
    if failure.story.lines.is_empty() {
        return;
    }
    let finding = &failure.finding;
    let head = Head {
        test,
        finding: &finding.to_string(),
        facts: report.facts(),
        replay: report.again(),
    };
    let page = picture::page(&head, &failure.story);
    // The same thing found once more takes the place of the file that is there.
    let name = name(report, &(finding.class(), finding.places()), "html");
    match put(&name, &page) {
        Ok(path) => report.files.push(path),
        Err(why) => report.notes.push(why),
    }
}

/// `<test>-<hash>.<ending>`.
fn name(report: &Report, of: &impl Hash, ending: &str) -> String {
    let mut hasher = DefaultHasher::new();
    of.hash(&mut hasher);
    let hash = hasher.finish() as u32;
    let safe = |c: char| {
        if c.is_alphanumeric() || c == '_' {
            c
        } else {
            '-'
        }
    };
    let test = report.test.as_deref().unwrap_or("run");
    let test: String = test.chars().map(safe).collect();
    format!("{test}-{hash:08x}.{ending}")
}

/// Writes a file, and says where it is.
fn put(name: &str, text: &str) -> Result<String, String> {
    let path = directory().join(name);
    let written = fs::create_dir_all(directory()).and_then(|()| fs::write(&path, text));
    match written {
        Ok(()) => Ok(seen_from_here(&path).display().to_string()),
        Err(error) => Err(format!("{} could not be written: {error}", path.display())),
    }
}

/// Without the way to the current directory, which for a test is its package's.
fn seen_from_here(path: &Path) -> &Path {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path)
}

/// Where files go: the target directory is the one above this executable that cargo has marked.
fn directory() -> PathBuf {
    if let Some(directory) = env::var_os("GAGGLE_SIM_DIR") {
        return PathBuf::from(directory);
    }
    let executable = env::current_exe().unwrap_or_default();
    let marked = |path: &&Path| path.join("CACHEDIR.TAG").exists();
    let target = executable.ancestors().find(marked);
    target
        .map_or_else(env::temp_dir, PathBuf::from)
        .join("gaggle-sim")
}
