//! The header of the tables: the machine, and the versions of everything that was measured.

use std::fs;
use std::thread::available_parallelism;

use serde::Serialize;

use crate::options::Options;
use crate::programs::Programs;

/// Which versions were built is what the lock file says.
const LOCK: &str = include_str!("../../../Cargo.lock");

#[derive(Serialize)]
pub(crate) struct Header {
    pub(crate) cpu: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: f64,
    pub(crate) kernel: String,
    pub(crate) rounds: usize,
    pub(crate) scale: f64,
    /// Name and version.
    pub(crate) versions: Vec<(String, String)>,
}

pub(crate) fn header(options: &Options, programs: &Programs) -> Header {
    let mut versions = Vec::new();
    if let Ok(go) = &programs.go {
        versions.push(("Go".to_owned(), go.version.clone()));
    }
    if let Ok(beam) = &programs.beam {
        versions.push(("BEAM".to_owned(), beam.version.clone()));
    }
    if let Ok(redis) = &programs.redis {
        versions.push(("Redis".to_owned(), redis.version.clone()));
    }
    for package in options.peers.iter().flat_map(|peer| peer.packages) {
        if versions.iter().all(|(name, _)| name != package) {
            let version = locked(LOCK, package).unwrap_or("?");
            versions.push(((*package).to_owned(), version.to_owned()));
        }
    }
    Header {
        cpu: field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned()),
        cores: available_parallelism().map_or(0, usize::from),
        memory_gib: memory(),
        kernel: fs::read_to_string("/proc/sys/kernel/osrelease")
            .unwrap_or_default()
            .trim()
            .to_owned(),
        rounds: options.rounds,
        scale: options.scale,
        versions,
    }
}

/// The version of a package in a lock file.
fn locked<'a>(lock: &'a str, package: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
    rest.split('"').next()
}

fn memory() -> f64 {
    let total = field("/proc/meminfo", "MemTotal");
    let kib = total.and_then(|text| text.trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) as f64 / f64::from(1 << 20)
}

/// The first `name: value` of a file of `/proc`.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::locked;

    #[test]
    fn versions_come_from_the_lock_file() {
        let lock = "[[package]]\nname = \"kanal\"\nversion = \"0.1.1\"\n";
        assert_eq!(locked(lock, "kanal"), Some("0.1.1"));
        assert_eq!(locked(lock, "flume"), None);
    }
}
