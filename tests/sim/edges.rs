//! What crosses the edge of a run: semantics.md ST-05 to ST-07, ST-13.
//!
//! A channel, a timer or a wait group belongs to nobody. What is noticed is a wake-up that comes from outside, because a replay could not repeat it: the finding is `ForeignThread`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is outside of a run"
)]

use gaggle::sim::{self, Builder, Class, Report, settle};
use gaggle::sync::WaitGroup;
use gaggle::time::{Instant, after, sleep};
use gaggle::{chan, go};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

#[track_caller]
fn assert_foreign(report: &Report) {
    let finding = report.finding().unwrap_or_else(|| panic!("{report}"));
    assert_eq!(finding.class(), Class::ForeignThread, "{report}");
}

/// What the outside does while somebody inside waits, and how that ends.
fn while_waiting(outside: impl FnOnce(chan::Sender<u32>) + Send + 'static) -> Report {
    sim::run(1, async move {
        let (tx, rx) = chan::bounded(0);
        let waiter = go(async move { rx.recv().await });
        settle().await;
        thread::spawn(move || outside(tx)).join().unwrap();
        assert_eq!(waiter.await.unwrap(), Ok(7));
        sleep(SECOND).await;
    })
}

#[test]
fn st_05_a_wake_up_from_outside_is_told_and_is_no_deadlock() {
    // Go waits for the outside. A run that did could not be repeated.
    assert_foreign(&while_waiting(|tx| tx.try_send(7).unwrap()));
}

#[test]
fn st_06_a_channel_of_one_run_that_wakes_another_is_a_finding_of_the_other() {
    let inner = Arc::new(Mutex::new(None));
    let place = inner.clone();
    let outer = while_waiting(move |tx| {
        let report = sim::run(2, async move { tx.send(7).await.unwrap() });
        *place.lock().unwrap() = Some(report.ok());
    });
    assert_foreign(&outer);
    assert_eq!(*inner.lock().unwrap(), Some(true));
}

#[test]
fn st_06_what_nobody_waits_on_may_go_from_run_to_run() {
    let (tx, rx) = chan::bounded(1);
    let first = sim::run(1, async move {
        sleep(SECOND).await;
        let timer = after(SECOND);
        tx.send(timer).await.unwrap();
    });
    assert!(first.ok(), "{first}");
    let second = sim::run(2, async move {
        let begin = Instant::now();
        let timer = rx.recv().await.unwrap();
        // It was set for two seconds from the beginning of a run.
        assert_eq!(timer.recv().await, begin + 2 * SECOND);
        assert_eq!(begin.elapsed(), 2 * SECOND);
        assert_eq!(rx.recv().await.map(drop), Err(chan::RecvError));
    });
    assert!(second.ok(), "{second}");
}

#[test]
fn st_07_a_wait_group_that_is_waited_for_belongs_to_one_run() {
    let report = sim::run(1, async {
        let group = WaitGroup::new();
        group.add(1);
        let (inside, outside) = (group.clone(), group);
        let waiter = go(async move { inside.wait().await });
        settle().await;
        thread::spawn(move || outside.done()).join().unwrap();
        waiter.await.unwrap();
    });
    assert_foreign(&report);
}

#[test]
fn st_07_at_zero_it_may_move() {
    let group = WaitGroup::new();
    for seed in 0..3 {
        let group = group.clone();
        let report = sim::run(seed, async move {
            for _ in 0..3 {
                group.go(sleep(SECOND));
            }
            group.wait().await;
        });
        assert!(report.ok(), "{report}");
    }
    group.add(1);
    group.done();
    group.wait_blocking();
}

#[test]
fn st_13_runs_do_not_nest() {
    let report = Builder::new().run(|| async {
        let _ = sim::run(1, async {});
    });
    let finding = report.finding().expect("an error");
    assert_eq!(finding.class(), Class::Panic, "{report}");
    let summary = finding.summary();
    assert!(summary.contains("inside of a simulation"), "{summary}");
}

#[test]
fn st_13_settling_twice_at_once_is_an_error() {
    let report = Builder::new().run(|| async {
        let other = go(settle());
        settle().await;
        other.await.unwrap();
    });
    let finding = report.finding().expect("an error");
    assert_eq!(finding.class(), Class::Misuse, "{report}");
    let text = report.to_string();
    assert!(
        text.contains("another goroutine waits for this already"),
        "{text}"
    );
}

#[test]
fn st_13_settling_outside_is_an_error() {
    let panic = catch_unwind(|| gaggle::block_on(settle())).unwrap_err();
    let message = panic.downcast_ref::<&str>().copied().unwrap_or_default();
    assert!(message.contains("there is no simulation here"), "{message}");
    let moved = catch_unwind(|| sim::advance(SECOND)).unwrap_err();
    let message = moved.downcast_ref::<&str>().copied().unwrap_or_default();
    assert!(message.contains("there is no simulation here"), "{message}");
}
