//! `peer`: runs one row once, in one process, for one peer, and prints one line of JSON; or is a server, for the rows about servers.
//!
//! `peer --peer tokio+kanal --row spsc --workers 2 --scale 0.1`. The binary `peers` runs many of these in turn.

mod actors;
mod channel;
mod cli;
mod coroutines;
mod dispatch;
mod measure;
mod rows;
mod runtime;
mod runtimes;
mod serve;
mod threads;
mod tools;

use std::process::ExitCode;

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1).peekable();
    if args.next_if(|first| first == "--serve").is_some() {
        let Err(problem) = serve::main(args) else {
            return ExitCode::SUCCESS;
        };
        eprintln!("peer: {problem}");
        return ExitCode::FAILURE;
    }
    let job = match cli::parse(args) {
        Ok(job) => job,
        Err(problem) => {
            eprintln!("peer: {problem}\n{}", cli::USAGE);
            return ExitCode::from(2);
        }
    };
    match dispatch::run(&job) {
        Ok(outcome) => {
            let report = outcome.report(&job);
            println!("{}", serde_json::to_string(&report).expect("plain numbers"));
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("peer: {} {}: {problem}", job.peer.name, job.row.name);
            ExitCode::FAILURE
        }
    }
}
