//! The command `gaggle`: the tutorial's programs, run on gaggle's own scheduler.
//!
//! | file | what it holds |
//! |---|---|
//! | [`args`] | the command line |
//! | [`tour`] | the stops of the tour: each runs a program, looks at what happened and draws a conclusion |
//! | [`programs`] | the files under `examples/`, compiled in as they are |
//! | [`stage`] | runs a program on a fresh runtime |
//! | [`child`] | runs a program in a process of its own |
//! | [`record`] | who printed what, and when |
//! | [`report`] | what a stop found, as text and as JSON |
//! | [`picture`] | lanes, orders, tables, guarantees |
//! | [`measure`] | what the operating system says about this process |
//! | [`progress`] | a progress bar |
//! | [`out`] | standard output, colours, numbers in words |
//!
//! The command uses the public interface of `gaggle` only: whatever it shows, a user's program can do as well.

#![forbid(unsafe_code)]
#![allow(
    clippy::format_push_string,
    reason = "texts are small, and `write!` into a String has an error that cannot happen"
)]

mod args;
mod child;
mod measure;
mod out;
mod picture;
mod programs;
mod progress;
mod record;
mod report;
mod stage;
mod tour;

use std::io::{self, Write as _};
use std::process::ExitCode;

use args::{Command, TourArgs};

fn main() -> ExitCode {
    let result = match args::parse().command {
        None => tour::main(TourArgs::default()),
        Some(Command::Tour(tour)) => tour::main(tour),
        Some(Command::Child(child)) => child::main(&child).map(|()| ExitCode::SUCCESS),
    };
    result.unwrap_or_else(|error| {
        let _ = writeln!(io::stderr(), "error: {error}");
        ExitCode::FAILURE
    })
}
