//! What is written when processes end: nothing about those that end with their runtime, a line about one that nobody has noticed.

use crate::common::up;
use gaggle::actor::testkit::{Part, Puppet, Trace};
use gaggle::actor::{Child, Strategy, Supervisor};
use gaggle::runtime::Runtime;
use std::env;
use std::process::Command;
use std::time::Duration;

const CHILD: &str = "GAGGLE_TEST_OF_ENDINGS";

/// What the test of that name writes on its standard error output, in a process of its own.
fn said(name: &str) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command
        .args([name, "--exact", "--nocapture"])
        .env(CHILD, "1");
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

/// Runs `program`, and ends its runtime while what it has started still runs: what it gives is kept until then.
fn ended_around<T>(program: impl Future<Output = T>) {
    let runtime = Runtime::builder().workers(2).build().unwrap();
    let kept = runtime.block_on(program);
    runtime.shutdown(Duration::from_secs(10)).unwrap();
    drop(kept);
}

#[test]
fn those_that_end_with_their_runtime_are_no_news() {
    if env::var_os(CHILD).is_none() {
        let said = said("endings::those_that_end_with_their_runtime_are_no_news");
        assert!(!said.contains("ended"), "{said}");
        return;
    }
    ended_around(async {
        let trace = Trace::new();
        let alone = up("alone", &trace).await;
        let child = Child::of::<Puppet>("child", Part::new("child", &trace));
        let app = Supervisor::new(Strategy::OneForOne).child(child).start();
        (app.await.unwrap(), alone)
    });
}

#[test]
fn one_that_is_killed_while_its_runtime_goes_on_is_news() {
    if env::var_os(CHILD).is_none() {
        let said = said("endings::one_that_is_killed_while_its_runtime_goes_on_is_news");
        assert_eq!(said.matches("ended: killed").count(), 1, "{said}");
        return;
    }
    ended_around(async {
        let alone = up("alone", &Trace::new()).await;
        alone.kill();
        while alone.is_alive() {
            gaggle::yield_now().await;
        }
        // It is said once it is over.
        while gaggle::runtime::num_goroutines() > 0 {
            gaggle::yield_now().await;
        }
    });
}
