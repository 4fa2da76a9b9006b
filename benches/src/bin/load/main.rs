//! `load`: starts a server, puts a load on it, and prints one line of JSON, as `peer` does for the other rows.
//!
//! `load --row echo-100 --peer tokio --workers 2 --scale 1 -- peer --serve echo --peer tokio --workers 2 --port {port}`.
//! It is the same for every peer, and knows of a server no more than its port and its process.

mod drive;
mod histogram;
mod server;
mod words;

use std::process::ExitCode;

use gaggle_benches::catalogue::{self, Row};
use gaggle_benches::loads::{self, Load};
use gaggle_benches::report::{Figure, Report};

use server::Server;

const USAGE: &str = "usage: load --row NAME --peer NAME [--workers N] [--scale F] -- SERVER [ARGUMENT..], with {port} for the port";

struct Job {
    row: &'static Row,
    load: &'static Load,
    peer: String,
    workers: usize,
    count: u64,
    server: Vec<String>,
}

fn main() -> ExitCode {
    let job = match parse(std::env::args().skip(1)) {
        Ok(job) => job,
        Err(problem) => {
            eprintln!("load: {problem}\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let figures =
        Server::start(&job.server).and_then(|server| drive::run(job.load, &server, job.count));
    match figures {
        Ok(figures) => {
            let report = job.report(&figures);
            println!("{}", serde_json::to_string(&report).expect("plain numbers"));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("load: {} {}: {problem}", job.peer, job.row.name);
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Job, String> {
    let (mut row, mut peer, mut workers, mut scale) = (None, None, 1, 1.0);
    while let Some(flag) = args.next().filter(|flag| flag != "--") {
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let wrong = || format!("{flag} {value}: not known");
        match flag.as_str() {
            "--row" => row = Some(catalogue::row(&value).ok_or_else(wrong)?),
            "--peer" => peer = Some(value),
            "--workers" => workers = value.parse().map_err(|_| wrong())?,
            "--scale" => scale = value.parse().map_err(|_| wrong())?,
            _ => return Err(format!("{flag}: not known")),
        }
    }
    let row = row.ok_or("--row is missing")?;
    let server: Vec<_> = args.collect();
    if server.is_empty() {
        return Err("the server is missing".to_owned());
    }
    Ok(Job {
        row,
        load: loads::of(row.name).ok_or("this row has no server")?,
        peer: peer.ok_or("--peer is missing")?,
        workers,
        count: row.count_at(scale),
        server,
    })
}

impl Job {
    fn report(&self, figures: &[f64]) -> Report {
        let mut figures = self.row.figures.iter().zip(figures);
        let (&(_, unit), &value) = figures.next().expect("a row measures something");
        let more = figures.map(|(&(name, unit), &value)| Figure {
            name: name.to_owned(),
            unit: unit.to_owned(),
            value,
        });
        Report {
            row: self.row.name.to_owned(),
            peer: self.peer.clone(),
            workers: self.workers,
            count: self.count,
            unit: unit.to_owned(),
            value,
            more: more.collect(),
            checksum: "ok".to_owned(),
        }
    }
}
