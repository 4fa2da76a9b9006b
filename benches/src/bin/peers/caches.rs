//! Servers with the protocol of Redis: the machine's own `redis-server`, as Debian's package of that name installs it, and the one in `examples/cache`, which is built here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::programs::{home, run};

pub(crate) struct Redis {
    /// What it calls itself.
    pub(crate) version: String,
}

impl Redis {
    pub(crate) fn find() -> Result<Redis, String> {
        let output = Command::new("redis-server")
            .arg("--version")
            .stdin(Stdio::null())
            .output()
            .map_err(|error| {
                format!("redis-server: {error}; it takes Redis (redis-server on Debian)")
            })?;
        let text = String::from_utf8_lossy(&output.stdout);
        let version = text
            .split_whitespace()
            .find_map(|word| word.strip_prefix("v="));
        let version = version.ok_or("`redis-server` does not say its version")?;
        Ok(Redis {
            version: version.to_owned(),
        })
    }

    /// In memory alone, as the other is. It has one thread for commands, whatever the number of workers.
    pub(crate) fn server() -> Vec<OsString> {
        let flags = "--bind 127.0.0.1 --port {port} --appendonly no --save";
        let mut server = vec![OsString::from("redis-server")];
        server.extend(flags.split(' ').map(OsString::from));
        server.push(OsString::new());
        server
    }
}

/// Builds the server in `examples/cache` into a folder below `target`.
pub(crate) fn build(target: &Path) -> Result<PathBuf, String> {
    let manifest = home().join("../examples/cache/Cargo.toml");
    if !manifest.exists() {
        return Err("examples/cache is not part of this copy".to_owned());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let target = target.join("cache");
    let mut build = Command::new(cargo);
    build.args([
        "build",
        "--release",
        "--package",
        "gaggle-cache",
        "--manifest-path",
    ]);
    build.arg(&manifest).arg("--target-dir").arg(&target);
    run(&mut build, "cargo build --package gaggle-cache")?;
    Ok(target.join("release/gaggle-cache"))
}

/// The server that was built, with a shard for each worker.
pub(crate) fn server(program: &Path, workers: usize) -> Vec<OsString> {
    let mut server: Vec<OsString> = vec!["env".into(), format!("GAGGLE_WORKERS={workers}").into()];
    server.push(program.into());
    let flags = format!("--listen 127.0.0.1:{{port}} --shards {workers}");
    server.extend(flags.split(' ').map(OsString::from));
    server
}
