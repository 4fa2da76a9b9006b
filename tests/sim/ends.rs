//! How a run ends, well or not: semantics.md ST-08, ST-09, ST-14.

use gaggle::context::Context;
use gaggle::sim::{self, Builder, Class, Report};
use gaggle::time::{Ticker, after_func, sleep};
use gaggle::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

/// Runs `body` under a few schedules.
#[track_caller]
fn simulated<F: Future<Output = ()> + Send + 'static>(
    body: impl Fn() -> F + Send + Sync + 'static,
) {
    let report = Builder::new().schedules(300).run(body);
    assert!(report.ok(), "{report}");
}

#[track_caller]
fn class(report: &Report) -> Class {
    let finding = report.finding();
    finding.unwrap_or_else(|| panic!("{report}")).class()
}

#[test]
fn st_08_if_all_wait_and_no_timer_is_set_it_is_a_deadlock() {
    let root = Builder::new().run(|| async {
        let (_tx, rx) = chan::bounded::<u32>(0);
        let _ = rx.recv().await;
    });
    assert_eq!(class(&root), Class::Deadlock);
    let text = root.to_string();
    assert!(text.contains("all goroutines are asleep"), "{text}");

    let child = Builder::new().run(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let other = go(async move {
            let _ = rx.recv().await;
        });
        other.await.unwrap();
        drop(tx);
    });
    assert_eq!(class(&child), Class::Deadlock);
    assert_eq!(child.finding().unwrap().goroutines(), [1, 2]);
}

#[test]
fn st_08_whoever_is_left_behind_by_the_root_is_a_leak() {
    let child = Builder::new().run(|| async {
        go(async {
            let _ = chan::never::<u32>().recv().await;
        });
    });
    assert_eq!(class(&child), Class::Leak);
    assert_eq!(child.finding().unwrap().goroutines(), [2]);

    // Time has ended with the root: the ticker does not tick any more.
    let ticks = Arc::new(AtomicUsize::new(0));
    let counted = ticks.clone();
    let reader = sim::run(1, async move {
        go(async move {
            let ticker = Ticker::new(SECOND);
            loop {
                ticker.recv().await;
                counted.fetch_add(1, SeqCst);
            }
        });
        sleep(SECOND * 5 / 2).await;
    });
    assert_eq!(class(&reader), Class::Leak);
    assert_eq!(ticks.load(SeqCst), 2);
}

#[test]
fn st_09_the_run_ends_with_its_last_goroutine() {
    simulated(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        go(async move {
            for _ in 0..10 {
                yield_now().await;
            }
            tx.send(1).await.unwrap();
            sim::reach("the last one");
        });
        go(async move { assert_eq!(rx.recv().await, Ok(1)) });
    });
    let report = Builder::new().goal("after the root").run(|| async {
        go(async {
            yield_now().await;
            sim::reach("after the root");
        });
    });
    assert!(report.ok(), "{report}");
}

#[test]
fn st_09_timers_that_are_set_when_the_root_ends_never_fire() {
    let fired = Arc::new(AtomicBool::new(false));
    let seen = fired.clone();
    let report = Builder::new().schedules(300).run(move || {
        let seen = seen.clone();
        async move {
            after_func(SECOND, async move { seen.store(true, SeqCst) });
        }
    });
    assert!(report.ok(), "{report}");
    assert!(!fired.load(SeqCst));
}

/// Says when it was dropped.
struct Dated(Arc<StdMutex<Vec<SystemTime>>>);

impl Drop for Dated {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(sim::date());
    }
}

#[test]
fn st_14_what_a_test_cleans_up_it_cleans_up_inside_of_the_run() {
    let dates = Arc::new(StdMutex::new(Vec::new()));
    let (root, child) = (Dated(dates.clone()), Dated(dates.clone()));
    let report = sim::run(1, async move {
        let _root = root;
        let (ctx, cancel) = Context::background().with_cancel();
        // Dropped when the root returns, and so before the others are waited for.
        let _cancel = cancel.drop_guard();
        go(async move {
            ctx.done().await;
            drop(child);
        });
        sleep(DAY).await;
    });
    assert!(report.ok(), "{report}");
    let end = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800) + DAY;
    assert_eq!(*dates.lock().unwrap(), [end, end]);
}

#[gaggle::test(schedules = 10)]
#[should_panic(expected = "goroutine #2 panicked: it fails")]
async fn st_14_failures_reach_the_test() {
    go(async { panic!("it fails") });
    sleep(SECOND).await;
}

#[gaggle::test(schedules = 10)]
async fn st_14_a_test_may_return_a_result() -> Result<(), chan::RecvError> {
    let (tx, rx) = chan::bounded(1);
    go(async move { tx.send(1).await.unwrap() });
    rx.recv().await.map(drop)
}
