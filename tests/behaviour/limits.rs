//! At the limits: no descriptors, rubbish in variables, all threads blocked. Each is a clear error, or said once, and what can go on goes on.
//!
//! A system without threads is simulated in `gaggle-rt`'s `sched/shared_tests.rs`: a limit of memory that keeps threads away also keeps the C library from going on.
//! Worker counts that cannot be are in `scheduler.rs` (GO-15), nested `block_on` and use after a shutdown in `rust_only_threads.rs` and `rust_only_runtime.rs`.

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and the real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{is_child, said};
use gaggle::go;
use gaggle::runtime::{OnDeadlock, Runtime};
use gaggle::sync::WaitGroup;
use rustix::time::{ClockId, clock_gettime};
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// Runs one test of this executable in a process of its own, after a command of the shell.
fn under(shell: &str, test: &str, variables: &[(&str, &str)]) -> Output {
    let executable = std::env::current_exe().unwrap();
    let mut command = Command::new("bash");
    command.arg("-c");
    command.arg(format!(
        "{shell}; exec \"$0\" {test} --exact --nocapture --test-threads=1"
    ));
    command.arg(executable);
    command
        .env("GAGGLE_TEST_CHILD", "1")
        .envs(variables.iter().copied());
    command.stdin(Stdio::null()).output().unwrap()
}

/// The bound on threads that stand in for blocked ones: beyond it goroutines wait, which is said once, and go on when one returns.
#[test]
fn more_blocked_goroutines_than_there_may_be_threads() {
    let test = "more_blocked_goroutines_than_there_may_be_threads";
    if !is_child() {
        let output = under(":", test, &[]);
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        let line = "gaggle: no thread to stand in for a blocked worker";
        assert_eq!(said.matches(line).count(), 1, "{said}");
        assert!(said.contains("already has its 514 threads"), "{said}");
        return;
    }
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let inside = Arc::new(AtomicUsize::new(0));
    let wg = WaitGroup::new();
    runtime.block_on(async {
        for _ in 0..600 {
            let (gate, inside) = (gate.clone(), inside.clone());
            wg.go(async move {
                gaggle::blocking(|| {
                    // Here it is too late to stand in for: whoever found no thread for that has said so, or is about to.
                    inside.fetch_add(1, SeqCst);
                    let mut open = gate.0.lock().unwrap();
                    while !*open {
                        open = gate.1.wait(open).unwrap();
                    }
                });
            });
        }
        // All that there may be; the others wait.
        common::until(|| inside.load(SeqCst) >= 513);
        std::thread::sleep(Duration::from_millis(100));
        assert!(inside.load(SeqCst) <= 514);
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
        wg.wait().await;
    });
    assert_eq!(inside.load(SeqCst), 600);
}

#[gaggle::main]
async fn counts() {
    println!(
        "goroutines: {}",
        go(async { gaggle::runtime::num_goroutines() })
            .await
            .unwrap()
    );
}

/// Without a descriptor there is no dump by signal, which is said, and the program runs.
#[test]
fn a_program_without_descriptors() {
    let test = "a_program_without_descriptors";
    if is_child() {
        let mut all = Vec::new();
        while let Ok(file) = std::fs::File::open("/dev/null") {
            all.push(file);
        }
        return counts();
    }
    let output = under("ulimit -n 64", test, &[]);
    let said = said(&output);
    assert!(output.status.success(), "{said}");
    assert!(
        said.contains("SIGQUIT and SIGUSR1 will not print the goroutines: "),
        "{said}"
    );
    assert!(said.contains("goroutines: 2"), "{said}");
}

#[test]
fn rubbish_in_a_variable_is_named_with_what_it_must_be() {
    let test = "rubbish_in_a_variable_is_named_with_what_it_must_be";
    if is_child() {
        return counts();
    }
    let cases = [
        (
            "GAGGLE_WORKERS",
            "many",
            "GAGGLE_WORKERS is `many`; it must be a number from 1 to 1024",
        ),
        (
            "GAGGLE_WORKERS",
            "0",
            "GAGGLE_WORKERS: 0 workers were asked for; allowed are 1 to 1024",
        ),
        (
            "GAGGLE_DEADLOCK",
            "never",
            "GAGGLE_DEADLOCK is `never`; it must be `exit`, `report` or `off`",
        ),
        (
            "GAGGLE_DUMP",
            "yaml",
            "GAGGLE_DUMP is `yaml`; it must be `text` or `json`",
        ),
        (
            "GAGGLE_STUCK",
            "yes",
            "GAGGLE_STUCK is `yes`; it must be `off` or `print`",
        ),
        (
            "GAGGLE_TRACEBACK",
            "full",
            "GAGGLE_TRACEBACK is `full`; it must be `single` or `all`",
        ),
    ];
    for (variable, value, message) in cases {
        let output = under(":", test, &[(variable, value)]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains(message) && !said.contains("panicked"),
            "{said}"
        );
    }
    let output = under(
        ":",
        test,
        &[("GAGGLE_WORKERS", " 3 "), ("GAGGLE_DEADLOCK", "")],
    );
    assert!(output.status.success(), "{}", said(&output));
}

#[gaggle::main]
async fn spins_and_blocks_for_a_while() {
    let spins = || {
        go(async {
            // Of its own time: how much it gets of the machine is not what is tested.
            let begin = time_of_thread();
            while time_of_thread() < begin + Duration::from_millis(60) {
                std::hint::spin_loop();
            }
        })
    };
    for _ in 0..3 {
        spins().await.unwrap();
    }
    // The monitor may be without a CPU for as long, so once is not enough.
    let sleeps = || go(async { std::thread::sleep(Duration::from_millis(200)) });
    for _ in 0..3 {
        sleeps().await.unwrap();
    }
    go(async { gaggle::blocking(|| std::thread::sleep(Duration::from_millis(200))) })
        .await
        .unwrap();
}

/// How long this thread has run.
fn time_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// T3: whoever blocks or spins without a word is named if that is asked for, once a place.
#[test]
fn whoever_blocks_or_spins_is_named_if_that_is_asked_for() {
    let test = "whoever_blocks_or_spins_is_named_if_that_is_asked_for";
    if is_child() {
        return spins_and_blocks_for_a_while();
    }
    for (value, times) in [("print", 2), ("", 0)] {
        let output = under(":", test, &[("GAGGLE_STUCK", value)]);
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("blocks or spins").count(), times, "{said}");
    }
}

/// A runtime that is told so lets its goroutines wait for what it cannot know.
#[test]
fn who_waits_for_something_outside_can_say_so() {
    let runtime = Runtime::builder()
        .workers(1)
        .on_deadlock(OnDeadlock::Ignore)
        .build()
        .unwrap();
    let (tx, rx) = gaggle::chan::bounded::<u8>(0);
    let waits = runtime.go(async move { rx.recv().await });
    std::thread::sleep(Duration::from_millis(150));
    tx.send_blocking(3).unwrap();
    assert_eq!(waits.join_blocking().unwrap(), Ok(3));
}
