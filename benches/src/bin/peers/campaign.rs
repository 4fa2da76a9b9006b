//! The runs: one process at a time, all peers of a row in turn, round after round.

use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gaggle_benches::catalogue::{Peer, Row};
use gaggle_benches::report::Report;

use crate::options::Options;
use crate::programs::Programs;
use crate::summary::Results;

/// How often a running process is looked at.
const LOOK: Duration = Duration::from_millis(5);

pub(crate) fn run(options: &Options, programs: &Programs) -> Results {
    let mut results = Results::default();
    for &row in &options.rows {
        for &workers in &options.workers {
            for round in 1..=options.rounds {
                eprintln!("peers: {}, {workers} workers, round {round}", row.name);
                round_of(options, programs, row, workers, &mut results);
            }
        }
    }
    results
}

/// Every peer once. A peer that failed before is not run again: its failure is in the notes.
fn round_of(
    options: &Options,
    programs: &Programs,
    row: &'static Row,
    workers: usize,
    results: &mut Results,
) {
    for &peer in options.peers.iter().filter(|peer| peer.runs(row)) {
        if results.failure(row, peer, workers).is_some() {
            continue;
        }
        let Some(mut command) = command(options, programs, row, peer, workers) else {
            continue;
        };
        match once(&mut command, Duration::from_secs(options.timeout)) {
            Ok(report) if fits(&report, row, peer, workers) => results.add(report),
            Ok(_) => results.fail(row, peer, workers, "reported another run".to_owned()),
            Err(problem) => results.fail(row, peer, workers, problem),
        }
    }
}

/// One run of a row: of a program of the peer, or of the load generator, which starts a server of the peer. `None`: there is none.
fn command(
    options: &Options,
    programs: &Programs,
    row: &Row,
    peer: &Peer,
    workers: usize,
) -> Option<Command> {
    let load = row.load();
    let mut command = match load {
        Some(_) => programs.load(),
        None => programs.of(peer, workers)?,
    };
    command.args(["--peer", peer.name, "--row", row.name]);
    command.args(["--workers", &workers.to_string()]);
    command.args(["--scale", &options.scale.to_string()]);
    if let Some(load) = load {
        let server = programs.server(peer, load, workers)?;
        command.arg("--").args(server);
    }
    Some(command)
}

fn fits(report: &Report, row: &Row, peer: &Peer, workers: usize) -> bool {
    report.row == row.name
        && report.peer == peer.name
        && report.workers == workers
        && report.checksum == "ok"
        && report.unit == row.figures[0].1
}

/// One run. The error is the last line that the process wrote to its standard error, or what became of it.
fn once(command: &mut Command, timeout: Duration) -> Result<Report, String> {
    let command = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| error.to_string())?;
    let output = drain(child.stdout.take());
    let complaints = drain(child.stderr.take());
    let status = wait(&mut child, timeout)?;
    let output = output.join().unwrap_or_default();
    let complaints = complaints.join().unwrap_or_default();
    if !status.success() {
        let last = complaints.lines().rfind(|line| !line.trim().is_empty());
        return Err(match last {
            Some(line) => format!("{status}: {}", line.trim()),
            None => status.to_string(),
        });
    }
    serde_json::from_str(output.trim()).map_err(|error| format!("not a report: {error}"))
}

/// Reads a pipe to its end in a thread, so that a talkative process never blocks.
fn drain<P: Read + Send + 'static>(pipe: Option<P>) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        if let Some(mut pipe) = pipe {
            // A pipe that breaks ends the text; the exit status tells the rest.
            let _ = pipe.read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

fn wait(child: &mut Child, timeout: Duration) -> Result<std::process::ExitStatus, String> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            return Ok(status);
        }
        if start.elapsed() > timeout {
            // It may have ended just now; then there is nothing to kill.
            let _ = child.kill();
            let _ = child.wait();
            return Err(format!("hung: no result after {} s", timeout.as_secs()));
        }
        thread::sleep(LOOK);
    }
}
