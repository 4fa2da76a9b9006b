//! `peers`: runs the rows of all peers in turn, the twins of Go and BEAM included, and prints a table for each number of workers.
//!
//! Peers are interleaved within a round, and one process runs at a time, so that the ratios within a table hold even
//! on a machine that is not quiet.

mod caches;
mod campaign;
mod cells;
mod erlang;
mod golang;
mod machine;
mod options;
mod programs;
mod summary;
mod table;

use std::process::ExitCode;

use options::Options;

fn main() -> ExitCode {
    match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => match run(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(problem) => {
                eprintln!("peers: {problem}");
                ExitCode::FAILURE
            }
        },
        Ok(None) => {
            println!("{}", options::USAGE);
            ExitCode::SUCCESS
        }
        Err(problem) => {
            eprintln!("peers: {problem}\n{}", options::USAGE);
            ExitCode::from(2)
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let programs = programs::build(options)?;
    for peer in &options.peers {
        if let Some(problem) = programs.missing(peer)
            && options.rows.iter().any(|row| peer.runs(row))
        {
            eprintln!("peers: {} is missing: {problem}", peer.name);
        }
    }
    let results = campaign::run(options, &programs);
    let header = machine::header(options, &programs);
    if let Some(path) = &options.json {
        let text = serde_json::to_string_pretty(&results.document(&header));
        let text = text.map_err(|error| error.to_string())?;
        std::fs::write(path, text + "\n")
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    print!("{}", table::print(options, &programs, &header, &results));
    Ok(())
}
