//! The command line: which options there are, and which values they may have.
//!
//! This file must not know what the programs do with their options.

use clap::error::ErrorKind;
use clap::{Args, CommandFactory as _, Parser, Subcommand};
use std::fmt::Display;
use std::str::FromStr;

use crate::tour::STOPS;

const JSON_HELP: &str = "\
Shape of --json (fields may be added, none is renamed or removed):
  { \"gaggle\": version, \"schema\": 1, \"programs\": [ {
      \"name\", \"title\", \"rows\": [number], \"source\", \"question\",
      \"workers\", \"runs\", \"options\": { name: number },
      \"shown\": [ { \"caption\", \"recording\": { \"wall_ns\", \"events\":
          [ { \"at_ns\", \"goroutine\" (0 is main), \"thread\", \"line\" } ] },
          \"process\": { \"stderr\", \"status\" } or null } ],
      \"table\": { \"headings\", \"rows\" } or null,
      \"orders\": [ { \"of\", \"runs\", \"different\", \"most_frequent\": [ { \"order\", \"runs\" } ] } ],
      \"checks\": [ { \"says\", \"guaranteed\", \"held\", \"runs\" } ],
      \"measured\": { name: number }, \"answer\" } ] }

Exit status: 0; 1 if something failed or a guarantee did not hold; 2 for bad arguments.
NO_COLOR=1 turns colours off; without a terminal the output is plain ASCII.";

/// Goroutines and channels for Rust: the tutorial's programs, live.
///
/// Without a command, `gaggle` runs the tour.
#[derive(Debug, Parser)]
#[command(name = "gaggle", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Walk through the tutorial's programs, or run one of them
    #[command(after_long_help = JSON_HELP)]
    Tour(TourArgs),
    /// Run one program and print its lines as JSON, for the parent process
    #[command(hide = true)]
    Child(ChildArgs),
}

/// Walk through the tutorial's programs, or run one of them.
///
/// Each program is shown with its question, what it printed, and the answer that this very run gives.
/// Lines of programs stand at the left margin, everything else is moved in.
#[derive(Debug, Default, Args)]
pub(crate) struct TourArgs {
    /// List the programs and end
    #[arg(long)]
    pub(crate) list: bool,

    #[command(flatten)]
    pub(crate) shared: Shared,

    #[command(subcommand)]
    pub(crate) program: Option<Program>,
}

/// What all programs understand.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Shared {
    /// Worker threads, 1 to 1024 [default: the processors that this process may use]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = within::<u32>(1, 1024))]
    pub(crate) threads: Option<u32>,

    /// How often to run the program, 1 to 100000 [default: depends on the program; 1 with --quiet]
    #[arg(long, global = true, value_name = "N", allow_negative_numbers = true, value_parser = within::<u32>(1, 100_000))]
    pub(crate) runs: Option<u32>,

    /// Print only the lines of the program, of every run
    #[arg(long, short, global = true, conflicts_with = "json")]
    pub(crate) quiet: bool,

    /// Print one JSON object (`gaggle tour --help` describes it)
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// The programs with their own options, in the order of the tour.
#[derive(Clone, Debug, Subcommand)]
#[command(
    subcommand_value_name = "PROGRAM",
    subcommand_help_heading = "Programs"
)]
pub(crate) enum Program {
    /// Concurrency is not parallelism: one program, on 1 worker and on many
    Parallel(ParallelArgs),
    /// Start goroutines: a function, and an anonymous block
    Hello,
    /// A million goroutines wait at the same time
    Million(MillionArgs),
    /// When main returns, the program ends
    MainExitsFirst(ChoresArgs),
    /// A value has one owner at a time
    Ownership,
    /// How far a sender runs ahead: unbuffered and buffered channels
    Buffered(BufferedArgs),
    /// What closing a channel does
    Close,
    /// Stages joined by channels
    Pipeline(PipelineArgs),
    /// The worker pool
    Pool(PoolArgs),
    /// Ten goroutines print one word each
    Order,
    /// One goroutine sends 1 to 10, another one prints them
    Channel,
    /// Three workers read numbers off one channel
    ThreeReaders(ReadersArgs),
    /// Goroutines that block or spin, and what they do to the others
    Blocking,
    /// Programs that can never go on, and the report that ends them
    Deadlock,
    /// Goroutines that are left behind, and how they are found
    Leak,
    /// A goroutine panics: who gets to know
    Panic,
    /// Find a schedule that goes wrong, and run it again
    Replay,
    /// Supervision: a crash, the restart, and who takes notice
    Actors,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ParallelArgs {
    /// Goroutines among which the work is split, 1 to 10000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 8, value_parser = within::<u64>(1, 10_000))]
    pub(crate) pieces: u64,
    /// Numbers that each of them tries, 1 to 10000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 150_000, value_parser = within::<u64>(1, 10_000_000))]
    pub(crate) size: u64,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct MillionArgs {
    /// How many goroutines, 1 to 100000000 [default: 1000000; 100000 in the whole tour]
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 1_000_000, hide_default_value = true,
          value_parser = within::<u64>(1, 100_000_000))]
    pub(crate) count: u64,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ChoresArgs {
    /// How many goroutines main starts, 1 to 1000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 3, value_parser = within::<u32>(1, 1_000))]
    pub(crate) chores: u32,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct BufferedArgs {
    /// Room in the channel, 0 to 1000000 [default: 0, then 3]
    #[arg(long, value_name = "N", allow_negative_numbers = true, value_parser = within::<u32>(0, 1_000_000))]
    pub(crate) capacity: Option<u32>,
    /// How many numbers are sent, 1 to 1000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 6, value_parser = within::<u32>(1, 1_000_000))]
    pub(crate) numbers: u32,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PipelineArgs {
    /// How many numbers pass, 1 to 1000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 6, value_parser = within::<u64>(1, 1_000_000))]
    pub(crate) numbers: u64,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct PoolArgs {
    /// Workers in the pool, 1 to 10000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 3, value_parser = within::<u32>(1, 10_000))]
    pub(crate) workers_in_pool: u32,
    /// Jobs to process, 0 to 10000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 5, value_parser = within::<u64>(0, 10_000_000))]
    pub(crate) jobs: u64,
    /// Room in each of the two channels, 0 to 1000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 5, value_parser = within::<u32>(0, 1_000_000))]
    pub(crate) capacity: u32,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct ReadersArgs {
    /// How many goroutines read, 1 to 1000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 3, value_parser = within::<u32>(1, 1_000))]
    pub(crate) readers: u32,
    /// How many numbers are sent, 1 to 1000000
    #[arg(long, value_name = "N", allow_negative_numbers = true, default_value_t = 12, value_parser = within::<u32>(1, 1_000_000))]
    pub(crate) numbers: u32,
}

/// What the parent process asks of a child; see [`crate::child`].
#[derive(Clone, Debug, Args)]
pub(crate) struct ChildArgs {
    #[arg(long)]
    pub(crate) threads: Option<u32>,
    #[command(subcommand)]
    pub(crate) program: ChildProgram,
}

#[derive(Clone, Copy, Debug, Subcommand)]
pub(crate) enum ChildProgram {
    /// The chores, without waiting for them
    Hasty { number: u64 },
    /// The chores, waiting for them
    Patient { number: u64 },
    /// The waiting goroutines
    Million { number: u64 },
    /// The pool that nobody closes, with so many jobs
    ForgottenClose { number: u64 },
    /// Two goroutines that wait for each other's locks
    LockCycle,
    /// A test that leaves a goroutine behind
    LeftBehind,
    /// Panics that somebody awaits
    Joined,
    /// A panic that nobody awaits
    Detached,
}

/// Reads the command line; ends the process where it is wrong or asks for help.
pub(crate) fn parse() -> Cli {
    Cli::try_parse().unwrap_or_else(|error| {
        if error.kind() != ErrorKind::InvalidSubcommand {
            error.exit()
        }
        // clap names what was wrong, but not what would be right.
        let allowed = if std::env::args().nth(1).as_deref() == Some("tour") {
            STOPS
                .iter()
                .map(|stop| stop.name)
                .collect::<Vec<_>>()
                .join(", ")
        } else {
            "tour, help".to_owned()
        };
        let text = error.to_string();
        let first = text
            .lines()
            .next()
            .unwrap_or_default()
            .trim_start_matches("error: ");
        Cli::command()
            .error(
                ErrorKind::InvalidSubcommand,
                format!("{first}\n  [possible values: {allowed}]"),
            )
            .exit()
    })
}

/// The program called `name` with the options that it has when none is given.
pub(crate) fn defaults(name: &str) -> Option<Program> {
    let cli = Cli::try_parse_from(["gaggle", "tour", name]).ok()?;
    match cli.command {
        Some(Command::Tour(tour)) => tour.program,
        _ => None,
    }
}

/// Reads a whole number within bounds; the error names them, also when the text is no number at all.
fn within<T>(
    least: T,
    most: T,
) -> impl Fn(&str) -> Result<T, String> + Clone + Send + Sync + 'static
where
    T: FromStr + PartialOrd + Copy + Display + Send + Sync + 'static,
{
    move |text| {
        let number = text.parse().ok().filter(|n| (least..=most).contains(n));
        number.ok_or_else(|| format!("allowed is a whole number from {least} to {most}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_stop_of_the_tour_is_a_program() {
        for stop in STOPS {
            assert!(defaults(stop.name).is_some(), "{}", stop.name);
        }
        assert!(defaults("nonsense").is_none());
    }

    #[test]
    fn shared_options_stand_before_or_after_the_program() {
        for line in [
            ["gaggle", "tour", "--threads", "2", "pool"],
            ["gaggle", "tour", "pool", "--threads", "2"],
        ] {
            let Ok(Cli {
                command: Some(Command::Tour(tour)),
            }) = Cli::try_parse_from(line)
            else {
                panic!("{line:?} is a good command line");
            };
            assert_eq!(tour.shared.threads, Some(2));
        }
    }
}
