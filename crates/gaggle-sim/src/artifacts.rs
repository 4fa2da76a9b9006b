//! Files beside a report: a schedule that is too long for a line.
//!
//! They lie in `gaggle-sim` in the target directory, or where `GAGGLE_SIM_DIR` says.

use crate::report::Report;
use std::collections::hash_map::DefaultHasher;
use std::env;
use std::fs;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

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

/// Writes what does not fit into the report.
pub(crate) fn write(report: &mut Report) {
    let Some(token) = report.token().filter(|token| token.len() > LINE) else {
        return;
    };
    let mut hasher = DefaultHasher::new();
    token.hash(&mut hasher);
    let name = report.test.as_deref().unwrap_or("run");
    let name: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect();
    let path = directory().join(format!("{name}-{:08x}.trace", hasher.finish() as u32));
    let written = fs::create_dir_all(directory()).and_then(|()| fs::write(&path, token));
    match written {
        Ok(()) => report.token_file = Some(path.display().to_string()),
        Err(error) => report.notes.push(format!(
            "the schedule could not be written to {}: {error}",
            path.display()
        )),
    }
}

/// Where files go: the target directory is the one above this executable that cargo has marked.
fn directory() -> PathBuf {
    if let Some(directory) = env::var_os("GAGGLE_SIM_DIR") {
        return PathBuf::from(directory);
    }
    let executable = env::current_exe().unwrap_or_default();
    let marked = |path: &&std::path::Path| path.join("CACHEDIR.TAG").exists();
    let target = executable.ancestors().find(marked);
    target
        .map_or_else(env::temp_dir, PathBuf::from)
        .join("gaggle-sim")
}
