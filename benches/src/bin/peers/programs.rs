//! The programs that are measured: the binary `peer`, and its twins in Go and on BEAM. They are built here.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gaggle_benches::catalogue::{BEAM, GO, Peer};

use crate::erlang::{self, Erlang};
use crate::golang::{self, Golang};
use crate::options::Options;

pub(crate) struct Programs {
    /// The binary `peer`, next to this one.
    peer: PathBuf,
    /// Go's twin, or why there is none.
    pub(crate) go: Result<Golang, String>,
    /// The twin on BEAM, or why there is none.
    pub(crate) beam: Result<Erlang, String>,
}

impl Programs {
    /// The program that runs this peer's rows, with that many workers; the flags of the row are still to be added.
    pub(crate) fn of(&self, peer: &Peer, workers: usize) -> Option<Command> {
        match peer.name {
            GO => self.go.as_ref().ok().map(|go| Command::new(&go.twin)),
            BEAM => self.beam.as_ref().ok().map(|beam| beam.twin(workers)),
            _ => Some(Command::new(&self.peer)),
        }
    }

    /// Why the program of this peer is missing, if it is.
    pub(crate) fn missing(&self, peer: &Peer) -> Option<&str> {
        match peer.name {
            GO => self.go.as_ref().err(),
            BEAM => self.beam.as_ref().err(),
            _ => None,
        }
        .map(String::as_str)
    }
}

pub(crate) fn build(options: &Options) -> Result<Programs, String> {
    let myself = std::env::current_exe().map_err(|error| error.to_string())?;
    let profile_dir = myself.parent().ok_or("this program has no folder")?;
    let target = profile_dir
        .parent()
        .ok_or("this program has no target folder")?;
    let peer = profile_dir.join("peer");
    // A program is built if one of the rows has it run.
    let wanted = |is_it: fn(&Peer) -> bool| {
        let mut peers = options.peers.iter().filter(|peer| is_it(peer));
        peers.any(|peer| options.rows.iter().any(|row| peer.runs(row)))
    };
    let unasked = || "not asked for".to_owned();
    if wanted(|peer| peer.name != GO && peer.name != BEAM) {
        build_peer(target)?;
    }
    let go = if wanted(|peer| peer.name == GO) {
        golang::build(target, options.go.as_deref())
    } else {
        Err(unasked())
    };
    let beam = if wanted(|peer| peer.name == BEAM) {
        erlang::build(target)
    } else {
        Err(unasked())
    };
    Ok(Programs { peer, go, beam })
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
