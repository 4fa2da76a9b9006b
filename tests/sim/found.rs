//! What the simulator has found in gaggle and in itself while gaggle's own tests ran under it: each with the schedule that showed it.
//!
//! A schedule that goes wrong is kept as the string that its report printed. On what is mended it has to come to a good end.

use gaggle::sim::{self, Builder, Class, Sched, replay};
use gaggle::time::{after_func, sleep};
use gaggle::{blocking, chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// Those who block their thread for a channel, and one who serves them.
async fn blocked_receivers() {
    let (tx, rx) = chan::bounded::<()>(0);
    let blocked: Vec<_> = (0..2)
        .map(|_| {
            let rx = rx.clone();
            go(async move { blocking(|| rx.recv_blocking()) })
        })
        .collect();
    for _ in 0..blocked.len() {
        tx.send(()).await.unwrap();
    }
    for handle in blocked {
        handle.await.unwrap().unwrap();
    }
}

/// A call that blocks asked whether to give way before its operation, was told to, let nobody run, and asked again: for ever, if the answer was always the same.
#[test]
fn a_blocking_call_that_gives_way_lets_the_other_run_and_then_goes_on() {
    let report = Builder::new()
        .schedulers([Sched::pct(3)])
        .max_steps(60)
        .schedules(1_000)
        .run(blocked_receivers);
    assert!(report.ok(), "{report}");
    // It took 50 preemptions to 61 steps, which were none.
    let schedule = "g1-BRHmxQL9qMygxtGh8pEBAAECAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQABAAEAAQ";
    let report = replay(schedule, blocked_receivers);
    assert!(report.ok(), "{report}");
    assert!(report.steps() < 60, "{} steps", report.steps());
}

/// A goroutine that always finds its channel ready gives way after 128 operations. A scheduler that goes by priorities did not take notice, and let nobody else run.
#[test]
fn a_goroutine_that_always_goes_on_does_not_starve_the_others() {
    let report = Builder::new()
        .schedulers([Sched::pct(1), Sched::pct(2), Sched::pct(3)])
        .max_steps(20_000)
        .schedules(300)
        .run(|| async {
            let stop = Arc::new(AtomicBool::new(false));
            for _ in 0..4 {
                let stop = stop.clone();
                go(async move {
                    let (tx, rx) = chan::bounded(1);
                    while !stop.load(SeqCst) {
                        tx.send(1).await.unwrap();
                        rx.recv().await.unwrap();
                    }
                });
            }
            for _ in 0..4 {
                yield_now().await;
            }
            stop.store(true, SeqCst);
        });
    assert!(report.ok(), "{report}");
}

/// A timer that was due already waited until nobody could run (semantics.md ST-11).
#[test]
fn what_is_due_at_once_does_not_wait_until_all_are_quiet() {
    let program = || async {
        let ran = Arc::new(AtomicBool::new(false));
        let inside = ran.clone();
        after_func(Duration::ZERO, async move { inside.store(true, SeqCst) });
        while !ran.load(SeqCst) {
            yield_now().await;
        }
    };
    let report = Builder::new().max_steps(500).schedules(500).run(program);
    assert!(report.ok(), "{report}");
    // The schedule in which nobody interferes.
    let report = replay("g1-Baj6LS3dg5yzgpXVw6wB", program);
    assert!(report.ok(), "{report}");
}

/// The clock went to where the timing wheel had to look again, although nothing was due there.
#[test]
fn the_clock_goes_straight_to_what_is_due() {
    let report = Builder::new().time_limit(600 * SECOND).run(|| async {
        // After it has fired, the wheel knows only about when the next one is.
        go(sleep(SECOND));
        sleep(601 * SECOND).await;
    });
    let finding = report.finding().expect("it takes too long");
    assert_eq!(finding.class(), Class::Overtime);
    assert!(finding.summary().contains("at 601s"), "{report}");
}

/// What the root's function did before it gave its future saw the real clock.
#[test]
fn the_function_of_the_root_is_part_of_the_run() {
    let report = Builder::new().schedules(100).run(|| {
        let (began, drawn) = (sim::date(), sim::rand());
        let nap = sleep(SECOND);
        assert!(sim::is_simulated());
        async move {
            nap.await;
            assert_eq!(sim::date(), began + SECOND);
            drawn
        }
    });
    assert!(report.ok(), "{report}");
}
