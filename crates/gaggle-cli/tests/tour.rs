//! The command as its users run it: lines for scripts, JSON for programs, text for readers, errors for mistakes.

use std::collections::HashSet;
use std::fs;
use std::io::Read as _;
use std::process::{Command, Output, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::Value;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gaggle"));
    command
        .args(args)
        .stdin(Stdio::null())
        .env_remove("NO_COLOR");
    command
}

fn gaggle(args: &[&str]) -> Output {
    command(args).output().expect("the command starts")
}

/// Standard output of a run that must succeed.
fn good(args: &[&str]) -> String {
    let output = gaggle(args);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{args:?}: {}\n{errors}",
        output.status
    );
    String::from_utf8(output.stdout).expect("output is UTF-8")
}

/// The one program of a `--json` run.
fn json(args: &[&str]) -> Value {
    let mut document: Value = serde_json::from_str(&good(args)).expect("one JSON document");
    assert_eq!(document["schema"], 1);
    document["programs"][0].take()
}

/// Standard error of a run that must be refused.
fn refused(args: &[&str]) -> String {
    let output = gaggle(args);
    assert_eq!(output.status.code(), Some(2), "{args:?}");
    assert!(output.stdout.is_empty(), "{args:?}");
    String::from_utf8(output.stderr).expect("errors are UTF-8")
}

fn results(lines: &[&str]) -> Vec<u64> {
    let numbers = lines
        .iter()
        .filter_map(|l| l.strip_prefix("Result: ")?.parse().ok());
    numbers.collect()
}

#[test]
fn the_quiet_pool_prints_the_lines_of_the_tutorial_and_nothing_else() {
    let text = good(&["tour", "pool", "--quiet"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 10, "{text}");
    let mut results = results(&lines);
    results.sort_unstable();
    assert_eq!(results, [2, 4, 6, 8, 10]);
    let mut jobs: Vec<u64> = lines
        .iter()
        .filter_map(|line| {
            let (worker, job) = line
                .strip_prefix("Worker ")?
                .split_once(" processing job ")?;
            let worker: u64 = worker.parse().ok()?;
            (1..=3).contains(&worker).then_some(job.parse().ok()?)
        })
        .collect();
    jobs.sort_unstable();
    assert_eq!(jobs, [1, 2, 3, 4, 5]);
}

#[test]
fn the_pool_runs_in_more_than_one_order() {
    let text = good(&["tour", "pool", "--quiet", "--threads", "2", "--runs", "200"]);
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2_000);
    let orders: HashSet<&[&str]> = lines.chunks(10).collect();
    assert!(
        orders.len() > 1,
        "always the same order:\n{:?}",
        lines.chunks(10).next()
    );
}

#[test]
fn the_pool_does_what_its_options_say() {
    for workers in ["1", "7"] {
        for capacity in ["0", "2", "100"] {
            for threads in ["1", "3"] {
                let text = good(&[
                    "tour",
                    "pool",
                    "-q",
                    "--workers-in-pool",
                    workers,
                    "--jobs",
                    "40",
                    "--capacity",
                    capacity,
                    "--threads",
                    threads,
                ]);
                let mut results = results(&text.lines().collect::<Vec<_>>());
                results.sort_unstable();
                assert!(results.into_iter().eq((1..=40).map(|j| j * 2)), "{text}");
            }
        }
    }
    assert_eq!(good(&["tour", "pool", "-q", "--jobs", "0"]), "");
}

#[test]
fn ten_goroutines_print_in_more_than_one_order() {
    let order = json(&["tour", "order", "--runs", "200", "--threads", "2", "--json"]);
    assert_eq!(order["workers"], 2);
    let orders = &order["orders"][0];
    assert_eq!(orders["runs"], 200);
    let different = orders["different"].as_u64().expect("a number");
    assert!(different > 1, "{orders}");
    let listed = orders["most_frequent"].as_array().expect("a list");
    assert_eq!(listed.len() as u64, different);
    let sum: u64 = listed.iter().filter_map(|o| o["runs"].as_u64()).sum();
    assert_eq!(sum, 200);

    let text = good(&["tour", "order", "--runs", "200", "--threads", "2"]);
    assert!(text.contains("different orders in 200 runs"), "{text}");
    for word in ["ten", "geese", "order"] {
        let lane = |line: &str| line.trim_start().starts_with(word) && line.contains("....");
        assert!(text.lines().any(lane), "a lane for {word}: {text}");
    }
}

#[test]
fn every_guarantee_holds_on_one_worker_and_on_several() {
    for threads in ["1", "2", "4"] {
        for name in [
            "hello",
            "ownership",
            "buffered",
            "close",
            "pipeline",
            "pool",
            "order",
            "channel",
            "three-readers",
        ] {
            let program = json(&["tour", name, "--runs", "50", "--threads", threads, "--json"]);
            assert_eq!(program["name"], name);
            let checks = program["checks"].as_array().expect("a list");
            let guaranteed: Vec<_> = checks.iter().filter(|c| c["guaranteed"] == true).collect();
            assert!(!guaranteed.is_empty(), "{name}");
            for check in guaranteed {
                assert_eq!(check["held"], check["runs"], "{name} on {threads}: {check}");
            }
        }
    }
}

#[test]
fn events_say_who_printed_what_and_when() {
    let readers = json(&["tour", "three-readers", "--json", "--runs", "1"]);
    let events = readers["shown"][0]["recording"]["events"]
        .as_array()
        .expect("a list");
    assert_eq!(events.len(), 12);
    let times: Vec<u64> = events.iter().filter_map(|e| e["at_ns"].as_u64()).collect();
    assert!(times.is_sorted() && times.len() == 12, "{times:?}");
    assert!(
        events.iter().all(|e| e["goroutine"].as_u64() > Some(0)),
        "main prints nothing here"
    );
}

#[test]
fn goroutines_are_cut_off_when_main_returns() {
    let program = json(&["tour", "main-exits-first", "--json"]);
    let rows = program["table"]["rows"].as_array().expect("a list");
    assert_eq!((&rows[0][0], &rows[0][2]), (&"hasty".into(), &"0".into()));
    assert_eq!((&rows[1][0], &rows[1][2]), (&"patient".into(), &"3".into()));

    let text = good(&["tour", "main-exits-first", "--quiet"]);
    assert_eq!(text.matches("main returns").count(), 2);
    assert_eq!(text.matches("is done").count(), 3);
}

#[test]
fn many_goroutines_wait_and_all_are_released() {
    let program = json(&["tour", "million", "--count", "20000", "--json"]);
    assert_eq!(program["checks"][0]["held"], 1);
    assert_eq!(program["options"]["count"], 20_000);
    if cfg!(target_os = "linux") {
        let bytes = program["measured"]["bytes_each"]
            .as_f64()
            .expect("a number");
        assert!((50.0..5_000.0).contains(&bytes), "{bytes} bytes each");
    }
}

#[test]
fn parallel_gives_the_same_results_on_one_worker_and_on_many() {
    let program = json(&[
        "tour",
        "parallel",
        "--size",
        "2000",
        "--threads",
        "3",
        "--runs",
        "2",
        "--json",
    ]);
    let check = &program["checks"][0];
    assert_eq!((&check["held"], &check["runs"]), (&4.into(), &4.into()));
    let rows = program["table"]["rows"].as_array().expect("a list");
    assert_eq!((&rows[0][0], &rows[1][0]), (&"1".into(), &"3".into()));
    assert!(
        program["answer"]
            .as_str()
            .is_some_and(|a| a.contains("the same"))
    );
}

#[test]
fn the_list_names_the_programs_and_each_of_them_has_help() {
    let text = good(&["tour", "--list"]);
    let names: Vec<&str> = text
        .lines()
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    for name in [
        "hello",
        "order",
        "channel",
        "pool",
        "three-readers",
        "pipeline",
        "main-exits-first",
        "parallel",
        "million",
        "blocking",
        "deadlock",
        "leak",
        "panic",
        "replay",
        "actors",
    ] {
        assert!(names.contains(&name), "{name}: {text}");
    }
    for name in names {
        assert!(
            good(&["tour", name, "--help"]).contains("--threads"),
            "{name}"
        );
    }
    assert!(good(&["--version"]).starts_with("gaggle "));
    assert!(good(&["--help"]).contains("tour"));
    assert!(good(&["tour", "--help"]).contains("--json"));
}

/// The lines of the simulator's report.
fn simulated(text: &str) -> Vec<&str> {
    let report = text.lines().skip_while(|l| !l.starts_with("gaggle sim:"));
    let lines: Vec<&str> = report.take_while(|l| !l.starts_with("Replayed")).collect();
    assert!(lines.iter().all(|l| l.len() <= 110), "{lines:?}");
    lines
}

#[test]
fn a_schedule_that_goes_wrong_is_found_drawn_and_replayed() {
    let program = json(&["tour", "replay", "--runs", "3", "--json"]);
    for check in program["checks"].as_array().expect("a list") {
        assert_eq!(
            (&check["held"], &check["runs"]),
            (&3.into(), &3.into()),
            "{program}"
        );
    }
    let text = good(&["tour", "replay", "--quiet"]);
    let report = simulated(&text);
    let starts = |prefix: &str| report.iter().filter(|l| l.starts_with(prefix)).count();
    assert_eq!(starts("  replay:  GAGGLE_SIM=replay:g1-"), 1, "{text}");
    assert_eq!(starts("  =>"), 1, "{text}");
    assert!(starts("   *") >= 1, "{text}");
    for lane in ["#1 main", "#2 worker 1", "#3 worker 2"] {
        let head = report.iter().find(|l| l.starts_with("          #1 main"));
        assert!(head.is_some_and(|l| l.contains(lane)), "{text}");
    }
    assert!(text.contains("close c2"), "{text}");
}

#[test]
fn a_crash_is_told_to_who_asked_and_repaired_in_order() {
    for threads in ["1", "2", "4"] {
        let args = [
            "tour",
            "actors",
            "--runs",
            "20",
            "--threads",
            threads,
            "--json",
        ];
        let program = json(&args);
        let checks = program["checks"].as_array().expect("a list");
        assert_eq!(checks.len(), 4);
        for check in checks {
            assert_eq!(check["held"], 20, "{program}");
        }
    }
    let text = good(&["tour", "actors", "--quiet"]);
    let restarted = |name: &str| {
        let end = ", restarts 1";
        let mut lines = text.lines();
        lines.any(|l| l.contains(&format!("- {name} (actor ")) && l.ends_with(end))
    };
    assert!(
        restarted("till") && restarted("clerk") && !restarted("stock"),
        "{text}"
    );
    assert_eq!(text.matches("`- front (supervisor ").count(), 2, "{text}");
}

#[test]
fn the_whole_tour_shows_every_program_in_plain_ascii() {
    let names = good(&["tour", "--list"]);
    let text = good(&["tour", "--runs", "2"]);
    for (at, line) in names.lines().enumerate() {
        let name = line.split_whitespace().next().expect("a name");
        assert!(text.contains(&format!("{}/18  {name}: ", at + 1)), "{name}");
    }
    assert!(
        text.is_ascii() && !text.contains('\x1b'),
        "plain text where there is no terminal"
    );
    let ours = text.lines().filter(|l| l.starts_with([' ', '=']));
    let reported = |line: &str| line.starts_with("    ") && line.contains("examples/");
    let drawn = simulated(&text);
    assert!(
        ours.filter(|l| !reported(l) && !drawn.contains(l))
            .all(|l| l.len() <= 80),
        "80 columns, but for what programs print"
    );
    assert_eq!(text.matches("Answer of this run").count(), 18);
}

#[test]
fn mistakes_are_named_with_what_would_be_right() {
    for (args, argument, allowed) in [
        (
            ["tour", "pool", "--threads", "0"],
            "--threads",
            "from 1 to 1024",
        ),
        (
            ["tour", "pool", "--threads", "1025"],
            "--threads",
            "from 1 to 1024",
        ),
        (
            ["tour", "pool", "--workers-in-pool", "0"],
            "--workers-in-pool",
            "from 1 to 10000",
        ),
        (
            ["tour", "pool", "--jobs", "10000001"],
            "--jobs",
            "from 0 to 10000000",
        ),
        (
            ["tour", "pool", "--capacity", "1000001"],
            "--capacity",
            "from 0 to 1000000",
        ),
        (
            ["tour", "order", "--runs", "0"],
            "--runs",
            "from 1 to 100000",
        ),
        (
            ["tour", "order", "--runs", "100001"],
            "--runs",
            "from 1 to 100000",
        ),
        (
            ["tour", "million", "--count", "0"],
            "--count",
            "from 1 to 100000000",
        ),
    ] {
        let error = refused(&args);
        assert!(
            error.contains(argument) && error.contains(allowed),
            "{args:?}: {error}"
        );
    }
    let error = refused(&["tour", "pool", "--jobs", "five"]);
    assert!(
        error.contains("--jobs") && error.contains("five") && error.contains("from 0 to 10000000"),
        "{error}"
    );
    let error = refused(&["tour", "pond"]);
    assert!(
        error.contains("pond") && error.contains("three-readers"),
        "{error}"
    );
    let error = refused(&["tuor"]);
    assert!(error.contains("tuor") && error.contains("tour"), "{error}");
    let error = refused(&["tour", "order", "--capacity", "3"]);
    assert!(error.contains("--capacity"), "{error}");
    refused(&["tour", "pool", "--json", "--quiet"]);
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let mut child = command(&["tour", "order", "--runs", "50"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the command ends");
    assert!(output.status.success(), "{}", output.status);
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// What the command writes to a terminal.
fn on_terminal(args: &[&str], no_color: bool) -> String {
    let ours = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
    grantpt(&ours).expect("access to it");
    unlockpt(&ours).expect("it can be opened");
    let name = ptsname(&ours, Vec::new()).expect("it has a name");
    let theirs = fs::File::options()
        .read(true)
        .write(true)
        .open(name.to_str().expect("a path"))
        .expect("the other side opens");
    let mut command = command(args);
    command
        .env("TERM", "xterm-256color")
        .env("LC_ALL", "C.UTF-8")
        .stdout(theirs);
    if no_color {
        command.env("NO_COLOR", "1");
    }
    let mut child = command.spawn().expect("the command starts");
    drop(command); // our copy of their side, so that the reading ends with the child
    let mut text = Vec::new();
    let mut part = [0; 4096];
    let mut ours = fs::File::from(ours);
    while let Ok(read @ 1..) = ours.read(&mut part) {
        text.extend_from_slice(&part[..read]);
    }
    assert!(child.wait().expect("the command ends").success());
    String::from_utf8(text).expect("output is UTF-8")
}

#[test]
fn colours_appear_on_a_terminal_only_and_not_with_no_color() {
    assert!(on_terminal(&["tour", "order", "--runs", "3"], false).contains("\x1b["));
    let plain = on_terminal(&["tour", "order", "--runs", "3"], true);
    assert!(!plain.contains('\x1b'), "{plain:?}");
    assert!(plain.contains("Answer of this run"));
}
