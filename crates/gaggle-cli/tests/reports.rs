//! The stops where something goes wrong: the report that a user would see, and the status with which the process ended.

use std::process::{Command, Output, Stdio};

use serde_json::Value;

fn gaggle(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gaggle"));
    command.args(args).stdin(Stdio::null());
    command.output().expect("the command starts")
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
    document["programs"][0].take()
}

/// What the process of a shown run wrote to standard error, and its exit status.
fn ended(shown: &Value) -> (&str, Option<i64>) {
    let process = &shown["process"];
    let text = process["stderr"].as_str().expect("a text");
    (text, process["status"].as_i64())
}

#[test]
fn what_is_shown_when_something_is_wrong_holds_on_one_worker_and_on_several() {
    for threads in ["1", "2", "4"] {
        for (name, guarantees) in [("blocking", 2), ("deadlock", 2), ("leak", 3), ("panic", 2)] {
            let program = json(&["tour", name, "--runs", "2", "--threads", threads, "--json"]);
            assert_eq!(program["name"], name);
            assert_eq!(program["workers"].to_string(), threads, "{name}");
            let checks = program["checks"].as_array().expect("a list");
            let held = |c: &&Value| c["guaranteed"] == true && c["held"] == 2 && c["runs"] == 2;
            let count = checks.iter().filter(held).count();
            assert_eq!(count, guarantees, "{name} on {threads}: {program}");
        }
    }
}

#[test]
fn a_deadlock_is_shown_with_the_report_and_the_status() {
    let program = json(&["tour", "deadlock", "--json"]);
    let (pool, status) = ended(&program["shown"][0]);
    assert_eq!(status, Some(2));
    assert!(pool.contains("all goroutines are asleep"), "{pool}");
    assert!(pool.contains("at examples/deadlock.rs:"), "{pool}");
    let (locks, status) = ended(&program["shown"][1]);
    assert_eq!(status, Some(2));
    assert!(locks.contains("lock cycle"), "{locks}");

    let text = good(&["tour", "deadlock"]);
    assert!(text.contains("\nfatal error: all goroutines"), "{text}");
    assert_eq!(text.matches("The process ended with status 2.").count(), 2);
}

#[test]
fn quiet_programs_report_to_standard_error() {
    let output = gaggle(&["tour", "panic", "--quiet"]);
    assert!(output.status.success(), "the tour has seen what it expects");
    let lines = String::from_utf8(output.stdout).expect("output is UTF-8");
    assert_eq!(lines.matches("Main goes on").count(), 2, "{lines}");
    assert!(!lines.contains("panicked at"), "{lines}");
    let errors = String::from_utf8(output.stderr).expect("errors are UTF-8");
    assert!(
        errors.contains("nobody holds its handle: 7 is odd"),
        "{errors}"
    );
}
