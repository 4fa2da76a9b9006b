//! The chores of the workspace: `cargo xtask <job>`.
//!
//! Every check that CI makes is a job here, so that anyone can run the same check by hand.
//! This file holds the table of jobs and the command line; `jobs` holds what they do, `run` starts processes,
//! `counts` and `failed_cases` read test results, `tidy`, `conformance` and `licences` are checks of our own.

#![forbid(unsafe_code)]

mod conformance;
mod counts;
mod failed_cases;
mod jobs;
mod licences;
mod metadata;
mod run;
mod tidy;

use counts::Counts;
use std::fmt::Write as _;
use std::process::ExitCode;

/// Why a job failed: one or more lines for the terminal.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line was wrong: exit status 2.
    Usage(String),
    /// Something that the job needs is not installed.
    Missing(String),
    /// The check itself failed; the counts are those of the tests that ran.
    Failed(String, Counts),
}

impl Failure {
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::Failed(message.into(), Counts::default())
    }

    fn message(&self) -> &str {
        match self {
            Self::Usage(message) | Self::Missing(message) | Self::Failed(message, _) => message,
        }
    }
}

/// What a job hands back: the test cases that it ran.
pub(crate) type Outcome = Result<Counts, Failure>;

struct Job {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

/// Jobs in the order in which the help lists them.
const JOBS: &[Job] = &[
    Job {
        name: "ci",
        arguments: "",
        about: "all that CI runs: tidy, conformance, licences, lint, test, ecosystem, beam, cache, loom, soak, faults",
        run: jobs::ci::ci,
    },
    Job {
        name: "test",
        arguments: "[cargo test arguments]",
        about: "the test suite, documentation tests included, at 1, 2 and 4 workers",
        run: jobs::test::test,
    },
    Job {
        name: "lint",
        arguments: "",
        about: "formatting, clippy and documentation, warnings as errors",
        run: jobs::lint::lint,
    },
    Job {
        name: "tidy",
        arguments: "",
        about: "the rules of CONTRIBUTING.md that no compiler knows",
        run: tidy::job,
    },
    Job {
        name: "conformance",
        arguments: "[--write]",
        about: "which test holds which row of docs/semantics.md; fails when a row has none",
        run: conformance::job,
    },
    Job {
        name: "licences",
        arguments: "[--all-platforms]",
        about: "licence and origin of each dependency against deny.toml",
        run: licences::job,
    },
    Job {
        name: "ui",
        arguments: "[--bless]",
        about: "the compile-fail cases in tests/ui; --bless writes the expected texts anew",
        run: jobs::ui::ui,
    },
    Job {
        name: "loom",
        arguments: "[--full] [test name]",
        about: "the loom models; bounded, or every interleaving with --full",
        run: jobs::loom::loom,
    },
    Job {
        name: "stress",
        arguments: "[factor] [test name]",
        about: "the suite in release mode with the rounds multiplied (default 20)",
        run: jobs::test::stress,
    },
    Job {
        name: "repeat",
        arguments: "[--times 50] [--workers 1,2,4] [target]",
        about: "the conformance suite many times in a row; ends at the first failure",
        run: jobs::repeat::repeat,
    },
    Job {
        name: "soak",
        arguments: "[--seconds 60] [--workers 1,2,4] [--seed S]",
        about: "random faults of all kinds, in release mode; nothing may be lost",
        run: jobs::soak::soak,
    },
    Job {
        name: "faults",
        arguments: "[--seconds 60] [--workers 1,2,4] [--gentle]",
        about: "sockets under mixed faults, in release mode; nothing may be left behind",
        run: jobs::faults::faults,
    },
    Job {
        name: "zoo",
        arguments: "[--markdown] [--bless] [entries]",
        about: "known bugs under the simulator: how soon each is found; `zoo help` says more",
        run: jobs::zoo::zoo,
    },
    Job {
        name: "overload",
        arguments: "[--seconds 60] [--workers 2]",
        about: "an actor at 150 % of its load, with each policy; nothing accepted may be lost",
        run: jobs::overload::overload,
    },
    Job {
        name: "ecosystem",
        arguments: "[cargo test arguments]",
        about: "libraries of others in goroutines: hyper, axum, reqwest, tonic, sqlx, rustls, ..",
        run: jobs::ecosystem::ecosystem,
    },
    Job {
        name: "beam",
        arguments: "[--trees N] [--seed S] [--bless] [scenarios]",
        about: "supervision on gaggle and on a BEAM: prints what differs",
        run: jobs::beam::beam,
    },
    Job {
        name: "cache",
        arguments: "[test name]",
        about: "the cache server of the examples with redis-cli and redis-benchmark",
        run: jobs::cache::cache,
    },
    Job {
        name: "fuzz",
        arguments: "[--seconds 60]",
        about: "the parser of the cache server under libFuzzer; needs a nightly toolchain",
        run: jobs::fuzz::fuzz,
    },
    Job {
        name: "sanitize",
        arguments: "[test name]",
        about: "the suite under AddressSanitizer; needs a nightly toolchain",
        run: jobs::sanitize::sanitize,
    },
    Job {
        name: "peers",
        arguments: "[arguments of the benchmark]",
        about: "gaggle, Go and other runtimes side by side",
        run: jobs::peers::peers,
    },
    Job {
        name: "bench",
        arguments: "[arguments of the benchmark]",
        about: "the same as peers",
        run: jobs::peers::peers,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match dispatch(&arguments) {
        Ok(_) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}", failure.message());
            match failure {
                Failure::Usage(_) => ExitCode::from(2),
                Failure::Missing(_) | Failure::Failed(..) => ExitCode::FAILURE,
            }
        }
    }
}

fn dispatch(arguments: &[String]) -> Outcome {
    let Some((name, rest)) = arguments.split_first() else {
        println!("{}", help());
        return Ok(Counts::default());
    };
    if matches!(name.as_str(), "help" | "--help" | "-h") {
        println!("{}", help());
        return Ok(Counts::default());
    }
    match JOBS.iter().find(|job| job.name == name) {
        Some(job) => (job.run)(rest),
        None => Err(Failure::Usage(unknown_job(name))),
    }
}

fn help() -> String {
    let mut text = String::from("Usage: cargo xtask <job> [arguments]\n\nJobs:\n");
    for job in JOBS {
        let call = format!("{} {}", job.name, job.arguments);
        let _ = writeln!(text, "  {call:<48} {}", job.about);
    }
    text.push_str(
        "\nEnvironment: GAGGLE_WORKERS limits `test`, `stress`, `repeat`, `soak` and `faults` to one worker count.",
    );
    text
}

fn unknown_job(name: &str) -> String {
    let names: Vec<&str> = JOBS.iter().map(|job| job.name).collect();
    format!(
        "there is no job `{name}`; the jobs are: {}",
        names.join(", ")
    )
}

/// Refuses arguments for a job that takes none.
pub(crate) fn no_arguments(job: &str, arguments: &[String]) -> Result<(), Failure> {
    match arguments.first() {
        None => Ok(()),
        Some(first) => Err(Failure::Usage(format!(
            "`{job}` takes no arguments, but got `{first}`"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{Failure, JOBS, dispatch, help, unknown_job};

    #[test]
    fn the_help_names_every_job() {
        let help = help();
        assert!(JOBS.iter().all(|job| help.contains(job.name)));
    }

    #[test]
    fn an_unknown_job_is_a_usage_error_that_lists_the_jobs() {
        let Err(Failure::Usage(message)) = dispatch(&["tset".to_owned()]) else {
            panic!("an unknown job must be a usage error");
        };
        assert_eq!(message, unknown_job("tset"));
        assert!(message.contains("`tset`") && message.contains("test, lint"));
    }

    #[test]
    fn arguments_are_refused_where_none_are_taken() {
        let arguments = ["tidy".to_owned(), "--fast".to_owned()];
        assert!(
            matches!(dispatch(&arguments), Err(Failure::Usage(message)) if message.contains("--fast"))
        );
    }
}
