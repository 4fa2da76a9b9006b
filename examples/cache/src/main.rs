//! The program `gaggle-cache`: the command line, the signals, the exit status.

#![forbid(unsafe_code)]

use clap::Parser;
use gaggle::context::Context;
use gaggle::net::TcpListener;
use gaggle::signal::{self, Signal};
use gaggle_cache::resp::Limits;
use gaggle_cache::{Config, serve};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// An in-memory cache server with the Redis protocol, on gaggle. `GAGGLE_WORKERS` is the number of its threads.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to take connections; port 0 lets the system choose.
    #[arg(long, default_value = "127.0.0.1:6379")]
    listen: String,
    /// Over how many shards the keys are spread; as many as there are CPUs, if nothing is said.
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    shards: Option<u16>,
    /// Bytes for keys and values, such as 512m; 0 is no limit. What was not used for longest goes.
    #[arg(long, default_value = "0", value_parser = bytes)]
    max_memory: usize,
    /// How many connections there may be.
    #[arg(long, default_value_t = Config::default().max_clients, value_parser = at_least_one)]
    max_clients: usize,
    /// How large one argument may be, such as a value.
    #[arg(long, default_value = "16m", value_parser = bytes)]
    max_value: usize,
    /// How large a request may be.
    #[arg(long, default_value = "64m", value_parser = bytes)]
    max_request: usize,
    /// How many batches of commands may wait for a shard before more are refused.
    #[arg(long, default_value_t = Config::default().queue)]
    queue: usize,
    /// How many messages may wait for a slow subscriber before it is disconnected.
    #[arg(long, default_value_t = Config::default().subscriber_queue)]
    subscriber_queue: usize,
    /// Closes connections that have said nothing for so many seconds; 0 is never.
    #[arg(long, default_value_t = 0)]
    timeout: u64,
    /// How many seconds connections have to finish when the server stops.
    #[arg(long, default_value_t = 5)]
    grace: u64,
    /// The file that is read at the start and written at the end.
    #[arg(long)]
    snapshot: Option<PathBuf>,
    /// Allows DEBUG PANIC and DEBUG STALL, to see what supervision does.
    #[arg(long)]
    debug: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it must be a number, at least 1".to_owned())
}

/// A number, with k, m or g for 1024 and its powers.
fn bytes(text: &str) -> Result<usize, String> {
    let lower = text.to_ascii_lowercase();
    let digits = lower.trim_end_matches(['k', 'm', 'g']);
    let unit = match &lower[digits.len()..] {
        "" => 1_usize,
        "k" => 1 << 10,
        "m" => 1 << 20,
        "g" => 1 << 30,
        _ => return Err("one letter at most: k, m or g".to_owned()),
    };
    let number: usize = digits
        .parse()
        .map_err(|_| "not a number of bytes, such as 1000 or 512m".to_owned())?;
    number
        .checked_mul(unit)
        .ok_or_else(|| "too many".to_owned())
}

impl Arguments {
    fn config(&self) -> Config {
        let cpus = std::thread::available_parallelism().map_or(1, usize::from);
        Config {
            shards: self.shards.map_or(cpus, usize::from),
            queue: self.queue,
            max_memory: self.max_memory,
            limits: Limits {
                bulk: self.max_value,
                request: self.max_request,
                ..Limits::default()
            },
            max_clients: self.max_clients,
            idle: (self.timeout > 0).then(|| Duration::from_secs(self.timeout)),
            grace: Duration::from_secs(self.grace),
            subscriber_queue: self.subscriber_queue,
            snapshot: self.snapshot.clone(),
            debug: self.debug,
            ..Config::default()
        }
    }
}

async fn run(arguments: &Arguments) -> Result<(), String> {
    let wanted = [Signal::Interrupt, Signal::Terminate];
    let (ctx, stop) = signal::notify_context(&Context::background(), &wanted)
        .map_err(|error| format!("signals: {error}"))?;
    let listener = TcpListener::bind(&*arguments.listen)
        .await
        .map_err(|error| format!("{}: {error}", arguments.listen))?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    // Whoever starts this waits for the line; if nobody reads it, that is no reason to stop.
    let _ = writeln!(io::stdout(), "gaggle-cache listens on {address}");
    let served = serve(listener, arguments.config(), &ctx).await;
    stop.cancel();
    served.map_err(|error| error.to_string())
}

#[gaggle::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            let _ = writeln!(io::stderr(), "gaggle-cache: {text}");
            ExitCode::FAILURE
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arguments, bytes};
    use clap::CommandFactory as _;

    #[test]
    fn sizes_have_units() {
        assert_eq!(bytes("0"), Ok(0));
        assert_eq!(bytes("16m"), Ok(16 << 20));
        assert_eq!(bytes("2G"), Ok(2 << 30));
        for wrong in ["", "m", "1mm", "-1", "1.5k", "99999999999999999999"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Arguments::command().debug_assert();
    }
}
