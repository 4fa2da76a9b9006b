//! `repeat`: the conformance suite many times in a row, to find what fails once in a hundred runs.
//!
//! The test programs are built once and then started directly, in the folder and with the variables that cargo would give them.
//! The first failure ends the job, with all that the program has said: seeds are among it.

use crate::counts::Counts;
use crate::metadata::TestTarget;
use crate::{Failure, Outcome, metadata, run};
use serde_json::Value;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// The folder of the tests that must behave as in Go.
const SUITE: &str = "tests/conformance-go";

/// One program that has not ended by then hangs; each of its tests has a shorter limit of its own.
const LIMIT: Duration = Duration::from_secs(5 * 60);

/// How many of the slowest programs are named at the end.
const SLOWEST: usize = 5;

#[derive(Debug, PartialEq, Eq)]
struct Options {
    times: u32,
    workers: Vec<u32>,
    /// None: all.
    targets: Vec<String>,
}

/// A test program, and what it has cost so far.
#[derive(Debug)]
struct Program {
    target: TestTarget,
    executable: PathBuf,
    /// The folder of its package.
    folder: PathBuf,
    together: Duration,
    longest: Duration,
}

pub(crate) fn repeat(arguments: &[String]) -> Outcome {
    let options = options(arguments, std::env::var("GAGGLE_WORKERS").ok())?;
    let targets = chosen(metadata::test_targets()?, &options.targets)?;
    let mut programs = build(&targets)?;
    let start = Instant::now();
    let mut all = Counts::default();
    for &workers in &options.workers {
        for round in 1..=options.times {
            let begin = Instant::now();
            let mut counts = Counts::default();
            for program in &mut programs {
                counts += program.run(workers).map_err(|failure| {
                    let at = format!("at {workers} workers, round {round} of {}", options.times);
                    failed(failure, &at, all)
                })?;
            }
            all += counts;
            println!(
                "{workers} workers, round {round:>3} of {}: {} passed in {}; {} so far",
                options.times,
                counts.passed,
                shown(begin.elapsed()),
                shown(start.elapsed()),
            );
        }
    }
    let rounds = options.times * u32::try_from(options.workers.len()).unwrap_or(u32::MAX);
    println!("\n{}", slowest(&mut programs, rounds));
    println!(
        "repeat: {} programs, {} rounds at each of {:?} workers in {}: {} passed, 0 failed",
        programs.len(),
        options.times,
        options.workers,
        shown(start.elapsed()),
        all.passed
    );
    Ok(all)
}

/// Adds to a failure when it was, and the counts of the rounds before.
fn failed(failure: Failure, at: &str, before: Counts) -> Failure {
    match failure {
        Failure::Failed(message, mut counts) => {
            counts += before;
            let sum = format!("{} passed, {} failed", counts.passed, counts.failed);
            Failure::Failed(format!("{at}: {message}\n{sum}"), counts)
        }
        other => other,
    }
}

fn options(arguments: &[String], workers: Option<String>) -> Result<Options, Failure> {
    let mut options = Options {
        times: 50,
        workers: match workers.filter(|workers| !workers.trim().is_empty()) {
            Some(workers) => worker_counts(&workers)?,
            None => vec![1, 2, 4],
        },
        targets: Vec::new(),
    };
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument.as_str(), None),
        };
        let mut value = || {
            let value = value.or_else(|| rest.next().map(String::as_str));
            value.ok_or_else(|| Failure::Usage(format!("`{name}` needs a value")))
        };
        match name {
            "--times" => options.times = number(value()?)?,
            "--workers" => options.workers = worker_counts(value()?)?,
            option if option.starts_with('-') => {
                return Err(Failure::Usage(format!(
                    "`repeat` has no option `{option}`; it takes --times, --workers and names of test targets"
                )));
            }
            target => options.targets.push(target.to_owned()),
        }
    }
    Ok(options)
}

/// `1,2,4`.
fn worker_counts(text: &str) -> Result<Vec<u32>, Failure> {
    text.split(',').map(|one| number(one.trim())).collect()
}

fn number(text: &str) -> Result<u32, Failure> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err(Failure::Usage(format!("`{text}` is no number from 1 on"))),
    }
}

/// The targets of the suite, or those of them that were asked for.
fn chosen(targets: Vec<TestTarget>, wanted: &[String]) -> Result<Vec<TestTarget>, Failure> {
    let in_suite = |target: &TestTarget| {
        target
            .path
            .parent()
            .is_some_and(|folder| folder.ends_with(SUITE))
    };
    let suite: Vec<_> = targets.into_iter().filter(in_suite).collect();
    let names: Vec<&str> = suite.iter().map(|target| &*target.name).collect();
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(Failure::Usage(format!(
            "{SUITE} has no test target `{unknown}`; it has: {}",
            names.join(", ")
        )));
    }
    if names.is_empty() {
        return Err(Failure::failed(format!("{SUITE} has no test targets")));
    }
    let is_wanted = |target: &TestTarget| wanted.is_empty() || wanted.contains(&target.name);
    Ok(suite.into_iter().filter(is_wanted).collect())
}

/// Builds the programs without running them.
fn build(targets: &[TestTarget]) -> Result<Vec<Program>, Failure> {
    let mut command = run::cargo([
        "test",
        "--no-run",
        "--message-format=json-render-diagnostics",
    ]);
    let mut packages: Vec<&str> = targets.iter().map(|target| &*target.package).collect();
    packages.dedup();
    for package in packages {
        command.args(["-p", package]);
    }
    for target in targets {
        command.args(["--test", &target.name]);
    }
    run::announce(&command);
    let messages = run::output(&mut command)?;
    let built = |target: &TestTarget| {
        program(&messages, target)
            .ok_or_else(|| Failure::failed(format!("cargo names no program for `{}`", target.name)))
    };
    targets.iter().map(built).collect()
}

/// Finds the program of a target in what cargo says, a JSON value a line.
fn program(messages: &str, target: &TestTarget) -> Option<Program> {
    let values = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let is_it = |value: &Value| {
        value["reason"] == "compiler-artifact"
            && value["target"]["name"] == *target.name
            && value["target"]["kind"][0] == "test"
    };
    let value = values.into_iter().find(is_it)?;
    let mut folder = PathBuf::from(value["manifest_path"].as_str()?);
    folder.pop();
    Some(Program {
        target: target.clone(),
        executable: PathBuf::from(value["executable"].as_str()?),
        folder,
        together: Duration::ZERO,
        longest: Duration::ZERO,
    })
}

impl Program {
    fn run(&mut self, workers: u32) -> Outcome {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(&self.folder)
            .env("CARGO_MANIFEST_DIR", &self.folder)
            .env("GAGGLE_WORKERS", workers.to_string());
        let begin = Instant::now();
        let ended = run::captured(command, LIMIT)?;
        let took = begin.elapsed();
        self.together += took;
        self.longest = self.longest.max(took);

        let mut counts = Counts::default();
        ended.output.lines().for_each(|line| counts.read(line));
        let TestTarget { name, package, .. } = &self.target;
        let why = match ended.failure {
            Some(why) => why,
            None if counts.failed > 0 || counts.passed == 0 => "ran no test that passed".to_owned(),
            None => return Ok(counts),
        };
        println!("\n{}", ended.output);
        counts.failed = counts.failed.max(1);
        let again = format!("GAGGLE_WORKERS={workers} cargo test -p {package} --test {name}");
        Err(Failure::Failed(
            format!(
                "`{name}` {why} after {}; to try again: {again}",
                shown(took)
            ),
            counts,
        ))
    }
}

/// The programs that took longest, on average.
fn slowest(programs: &mut [Program], rounds: u32) -> String {
    programs.sort_by_key(|program| std::cmp::Reverse(program.together));
    let lines = programs.iter().take(SLOWEST).map(|program| {
        let mean = program.together / rounds.max(1);
        format!(
            "  {:<24} {:>8} on average, {:>8} at most",
            program.target.name,
            shown(mean),
            shown(program.longest)
        )
    });
    format!(
        "Slowest programs:\n{}",
        lines.collect::<Vec<_>>().join("\n")
    )
}

fn shown(time: Duration) -> String {
    let seconds = time.as_secs();
    if seconds < 120 {
        format!("{:.1} s", time.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::{Options, Program, chosen, options, program, shown};
    use crate::Failure;
    use crate::metadata::TestTarget;
    use std::path::PathBuf;
    use std::time::Duration;

    fn words(line: &str) -> Vec<String> {
        line.split_whitespace().map(str::to_owned).collect()
    }

    fn target(name: &str, folder: &str) -> TestTarget {
        TestTarget {
            name: name.to_owned(),
            package: "gaggle".to_owned(),
            path: PathBuf::from(format!("/a/tests/{folder}/{name}.rs")),
        }
    }

    /// A program of the system, in the place of a test.
    fn stand_in(executable: &str) -> Program {
        Program {
            target: target("close", "conformance-go"),
            executable: PathBuf::from(executable),
            folder: PathBuf::from("/"),
            together: Duration::ZERO,
            longest: Duration::ZERO,
        }
    }

    #[test]
    fn options_are_read_and_have_defaults() {
        let expected = Options {
            times: 3,
            workers: vec![1, 8],
            targets: words("close mutex"),
        };
        let given = words("close --times 3 mutex --workers=1,8");
        assert_eq!(options(&given, None).unwrap(), expected);
        let default = options(&[], None).unwrap();
        assert_eq!((default.times, default.workers), (50, vec![1, 2, 4]));
        assert_eq!(options(&[], Some("2".to_owned())).unwrap().workers, [2]);
        for wrong in ["--times 0", "--times", "--workers 1,,2", "--fast"] {
            assert!(matches!(
                options(&words(wrong), None),
                Err(Failure::Usage(_))
            ));
        }
    }

    #[test]
    fn only_targets_of_the_suite_are_chosen() {
        let all = || {
            vec![
                target("close", "conformance-go"),
                target("mutex", "conformance-go"),
                target("stream", "behaviour"),
            ]
        };
        assert_eq!(chosen(all(), &[]).unwrap().len(), 2);
        assert_eq!(chosen(all(), &words("mutex")).unwrap()[0].name, "mutex");
        let Err(Failure::Usage(message)) = chosen(all(), &words("stream")) else {
            panic!("`stream` is not in the suite");
        };
        assert!(message.contains("close, mutex"), "{message}");
    }

    #[test]
    fn the_program_is_the_one_that_cargo_names() {
        let messages = "not JSON\n\
            {\"reason\":\"compiler-artifact\",\"manifest_path\":\"/a/x/Cargo.toml\",\"target\":{\"name\":\"close\",\"kind\":[\"example\"]},\"executable\":\"/e\"}\n\
            {\"reason\":\"compiler-artifact\",\"manifest_path\":\"/a/b/Cargo.toml\",\"target\":{\"name\":\"close\",\"kind\":[\"test\"]},\"executable\":\"/t/close-1\"}\n\
            {\"reason\":\"build-finished\",\"success\":true}";
        let found = program(messages, &target("close", "conformance-go")).unwrap();
        assert_eq!(found.executable, PathBuf::from("/t/close-1"));
        assert_eq!(found.folder, PathBuf::from("/a/b"));
        assert!(program(messages, &target("mutex", "conformance-go")).is_none());
    }

    #[test]
    fn a_program_that_fails_or_tests_nothing_ends_the_job() {
        for executable in ["false", "true"] {
            let Err(Failure::Failed(message, counts)) = stand_in(executable).run(2) else {
                panic!("`{executable}` holds no test");
            };
            assert!(
                message.contains("GAGGLE_WORKERS=2 cargo test -p gaggle --test close"),
                "{message}"
            );
            assert_eq!(counts.failed, 1);
        }
    }

    #[test]
    fn times_are_shown_for_people() {
        assert_eq!(shown(Duration::from_millis(1234)), "1.2 s");
        assert_eq!(shown(Duration::from_secs(185)), "3 min 5 s");
    }
}
