//! The programs that are measured: the binary `peer`, and its twins in Go and on BEAM. They are built here.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use gaggle_benches::catalogue::{BEAM, CACHE_PEER, GO, Peer, REDIS};
use gaggle_benches::loads::Load;

use crate::caches::{self, Redis};
use crate::erlang::{self, Erlang};
use crate::golang::{self, Golang};
use crate::options::Options;

pub(crate) struct Programs {
    /// The binary `peer`, next to this one.
    peer: PathBuf,
    /// The load generator, next to it.
    load: PathBuf,
    /// Go's twin, or why there is none.
    pub(crate) go: Result<Golang, String>,
    /// The twin on BEAM, or why there is none.
    pub(crate) beam: Result<Erlang, String>,
    /// The machine's Redis, or why there is none.
    pub(crate) redis: Result<Redis, String>,
    /// The server in `examples/cache`, or why there is none.
    cache: Result<PathBuf, String>,
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

    /// The load generator, which starts the server of this peer itself; the flags of the row and then the server are still to be added.
    pub(crate) fn load(&self) -> Command {
        Command::new(&self.load)
    }

    /// The server of this peer, with `{port}` for its port.
    pub(crate) fn server(&self, peer: &Peer, load: &Load, workers: usize) -> Option<Vec<OsString>> {
        let program = match peer.name {
            REDIS => return self.redis.is_ok().then(Redis::server),
            CACHE_PEER => return Some(caches::server(self.cache.as_ref().ok()?, workers)),
            GO => self.go.as_ref().ok()?.twin.as_path(),
            _ => self.peer.as_path(),
        };
        let mut server = vec![program.into()];
        let workers = workers.to_string();
        let flags = [
            "--serve",
            load.protocol.name(),
            "--peer",
            peer.name,
            "--workers",
            &workers,
            "--port",
            "{port}",
        ];
        server.extend(flags.map(OsString::from));
        Some(server)
    }

    /// Why the program of this peer is missing, if it is.
    pub(crate) fn missing(&self, peer: &Peer) -> Option<&str> {
        match peer.name {
            GO => self.go.as_ref().err(),
            BEAM => self.beam.as_ref().err(),
            REDIS => self.redis.as_ref().err(),
            CACHE_PEER => self.cache.as_ref().err(),
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
    let built = wanted(|peer| ![GO, BEAM, REDIS, CACHE_PEER].contains(&peer.name));
    if built || options.rows.iter().any(|row| row.load().is_some()) {
        build_peer(target)?;
    }
    let go = asked(wanted(|peer| peer.name == GO), || {
        golang::build(target, options.go.as_deref())
    });
    let beam = asked(wanted(|peer| peer.name == BEAM), || erlang::build(target));
    let redis = asked(wanted(|peer| peer.name == REDIS), Redis::find);
    let cache = asked(wanted(|peer| peer.name == CACHE_PEER), || {
        caches::build(target)
    });
    Ok(Programs {
        peer,
        load: profile_dir.join("load"),
        go,
        beam,
        redis,
        cache,
    })
}

fn asked<T>(wanted: bool, find: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    if wanted {
        find()
    } else {
        Err("not asked for".to_owned())
    }
}

/// The folder of this workspace.
pub(crate) fn home() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `cargo run --bin peers` builds no other binary, so this does: the one with the Rust peers, and the load generator.
fn build_peer(target: &Path) -> Result<(), String> {
    if cfg!(debug_assertions) {
        return Err("debug builds measure nothing: cargo run --release --bin peers".to_owned());
    }
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build
        .current_dir(home())
        .args(["build", "--release", "--bin", "peer", "--bin", "load"]);
    run(
        build.arg("--target-dir").arg(target),
        "cargo build --bin peer --bin load",
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
