//! The two programs that are measured: the binary `peer`, and its twin in Go. Both are built here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gaggle_benches::catalogue::{GO, Peer};

use crate::golang::{self, Golang};
use crate::options::Options;

pub(crate) struct Programs {
    /// The binary `peer`, next to this one.
    peer: PathBuf,
    /// Go's twin, or why there is none.
    pub(crate) go: Result<Golang, String>,
}

impl Programs {
    /// The program that runs this peer's rows.
    pub(crate) fn of(&self, peer: &Peer) -> Option<&Path> {
        if peer.name != GO {
            return Some(&self.peer);
        }
        self.go.as_ref().ok().map(|go| go.twin.as_path())
    }
}

pub(crate) fn build(options: &Options) -> Result<Programs, String> {
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile_dir = myself.parent().ok_or("this program has no folder")?;
    let target = profile_dir
        .parent()
        .ok_or("this program has no target folder")?;
    let peer = profile_dir.join("peer");
    if options.peers.iter().any(|peer| peer.name != GO) {
        build_peer(target)?;
    }
    let go = if options.peers.iter().any(|peer| peer.name == GO) {
        golang::build(target, options.go.as_deref())
    } else {
        Err("not asked for".to_owned())
    };
    Ok(Programs { peer, go })
}

/// The folder of this workspace.
pub(crate) fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo run --bin peers` builds no other binary, so this does.
fn build_peer(target: &Path) -> Result<(), String> {
    if cfg!(debug_assertions) {
        return Err("debug builds measure nothing: cargo run --release --bin peers".to_owned());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .current_dir(home())
        .args(["build", "--release", "--bin", "peer"]);
    run(
        build.arg("--target-dir").arg(target),
        "cargo build --bin peer",
    )
}

/// Runs a command to its end; its standard output goes to standard error, with what else is said on the way.
pub(crate) fn run(command: &mut Command, what: &str) -> Result<(), String> {
    let status = command
        .stdin(Stdio::null())
        .stdout(std::io::stderr())
        .status();
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("{what}: {status}")),
        Err(error) => Err(format!("{what}: {error}")),
    }
}
