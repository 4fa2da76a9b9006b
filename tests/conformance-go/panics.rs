//! What becomes of a panic: semantics.md T20, PA-01 to PA-07 as api.md words them.
//!
//! A panic is never lost. Whoever awaits the handle gets it; if the handle was dropped, it is reported and raised out of `block_on` and `main`.
//! The programs that end by a panic run in a process of their own: this executable again, with one test.
//! PA-06 is in `deadlock.rs`: a deadlock is the fatal error that can happen here; unlocking what is not locked cannot be written.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{
    child, in_goroutine, in_goroutine_and_sim, is_child, rounds, said, until_yielding, watched,
    worker_counts,
};
use gaggle::runtime::{GoState, OnPanic, Runtime, dump};
use gaggle::time::sleep;
use gaggle::{JoinError, chan, go, goexit, yield_now};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn text(payload: &(dyn Any + Send)) -> String {
    let literal = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    literal
        .or_else(|| payload.downcast_ref::<String>().cloned())
        .unwrap_or_default()
}

/// Runs `body` with a runtime of each size that has this policy.
fn with_policy(policy: OnPanic, body: impl Fn(&Runtime) + Send + Sync + Clone + 'static) {
    for workers in worker_counts() {
        let body = body.clone();
        watched(&format!("a panic at {workers} workers"), move || {
            let rt = Runtime::builder().workers(workers).on_panic(policy);
            body(&rt.build().unwrap());
        });
    }
}

/// What `f` panicked with.
#[track_caller]
fn raised<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => text(&*payload),
    }
}

#[test]
fn t20_whoever_awaits_the_handle_gets_the_panic_and_nobody_else() {
    in_goroutine_and_sim(|| async {
        let handle = go(async {
            yield_now().await;
            let n = std::hint::black_box(7);
            assert!(n != 7, "number {n}");
        });
        let id = handle.id();
        let error = handle.await.unwrap_err();
        assert!(error.is_panic() && !error.is_aborted());
        assert_eq!(error.id(), id);
        let said = error.to_string();
        assert!(
            said.contains("number 7") && said.contains("panics.rs"),
            "{said}"
        );
        assert_eq!(text(&*error.into_panic()), "number 7");
    });
}

#[test]
fn t20_the_payload_arrives_whatever_its_type() {
    in_goroutine(|| async {
        let error = go(async { panic_any(vec![1, 2, 3]) }).await.unwrap_err();
        let payload = error.try_into_panic().unwrap();
        assert_eq!(*payload.downcast::<Vec<i32>>().unwrap(), [1, 2, 3]);
        // A plain thread joins as well.
        let handle = go(async { panic_any(5_u8) });
        let error: JoinError = std::thread::spawn(move || handle.join_blocking())
            .join()
            .unwrap()
            .unwrap_err();
        assert_eq!(*error.into_panic().downcast::<u8>().unwrap(), 5);
    });
}

#[test]
fn t20_an_aborted_goroutine_has_no_panic_to_take() {
    in_goroutine(|| async {
        let handle = go(std::future::pending::<()>());
        handle.abort();
        let error = handle.await.unwrap_err();
        assert!(error.is_aborted() && !error.is_panic());
        assert!(error.try_into_panic().unwrap_err().is_aborted());
    });
}

#[test]
fn t20_a_panic_of_a_dropped_handle_is_raised_out_of_block_on_at_once() {
    with_policy(OnPanic::Raise, |rt| {
        let message = raised(|| {
            rt.block_on(async {
                drop(go(async { panic!("nobody listens") }));
                // Without the panic this would never end.
                std::future::pending::<()>().await;
            });
        });
        assert_eq!(message, "nobody listens");
        // The runtime is as good as before.
        assert_eq!(rt.block_on(rt.go(async { 1 })).unwrap(), 1);
    });
}

#[test]
fn t20_it_makes_no_difference_when_the_handle_is_dropped() {
    with_policy(OnPanic::Raise, |rt| {
        let message = raised(|| {
            rt.block_on(async {
                let handle = go(async { panic!("before the drop") });
                until_yielding(|| handle.is_finished()).await;
                drop(handle);
                std::future::pending::<()>().await;
            });
        });
        assert_eq!(message, "before the drop");
        let message = raised(|| {
            rt.block_on(async {
                let (tx, rx) = chan::bounded::<()>(0);
                let handle = go(async move {
                    let _ = rx.recv().await;
                    panic!("after the drop");
                });
                drop::<gaggle::JoinHandle<()>>(handle);
                drop(tx);
                std::future::pending::<()>().await;
            });
        });
        assert_eq!(message, "after the drop");
    });
}

#[test]
fn t20_a_panic_that_happens_while_nobody_blocks_is_raised_by_the_next_block_on() {
    with_policy(OnPanic::Raise, |rt| {
        let handle = rt.go(async { panic!("kept") });
        let (tx, rx) = chan::bounded::<()>(0);
        let gone = rt.go(async move { drop(tx) });
        let _ = rx.recv_blocking();
        drop(gone);
        common::until(|| handle.is_finished());
        drop::<gaggle::JoinHandle<()>>(handle);
        // Dropped on a plain thread: reported there, or raised here; it must not take anything else down.
        let _ = catch_unwind(AssertUnwindSafe(|| rt.block_on(async {})));
        assert_eq!(rt.block_on(rt.go(async { 2 })).unwrap(), 2);
    });
}

#[test]
fn t20_with_report_the_program_goes_on() {
    with_policy(OnPanic::Report, |rt| {
        rt.block_on(async {
            for _ in 0..50 {
                drop(go(async { panic!("reported only") }));
            }
            until_yielding(|| gaggle::runtime::num_goroutines() == 0).await;
        });
    });
}

#[test]
fn pa_03_destructors_of_the_panicking_goroutine_run_in_order_and_may_catch() {
    struct Note(&'static str, Arc<std::sync::Mutex<Vec<&'static str>>>);
    impl Drop for Note {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
        }
    }
    in_goroutine_and_sim(|| async {
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let inner = log.clone();
        let error = go(async move {
            let _first = Note("first", inner.clone());
            let _second = Note("second", inner.clone());
            assert!(catch_unwind(|| panic!("caught inside")).is_err());
            yield_now().await;
            panic!("on purpose");
        })
        .await;
        let error: Result<(), _> = error;
        assert!(error.unwrap_err().is_panic());
        assert_eq!(*log.lock().unwrap(), ["second", "first"]);
    });
}

#[test]
fn pa_05_a_panic_in_a_destructor_is_kept_like_any_other() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "the destructor panics");
        }
    }
    in_goroutine(|| async {
        // At the end of the goroutine, at its abort, and of a value that was given out.
        let ended: Result<(), _> = go(async { drop(Bomb) }).await;
        assert!(ended.unwrap_err().is_panic());
        let handle = go(async {
            let _bomb = Bomb;
            std::future::pending::<()>().await;
        });
        yield_now().await;
        handle.abort();
        let ended = handle.await.unwrap_err();
        assert!(ended.is_panic() || ended.is_aborted());
        // Others do not suffer.
        assert_eq!(go(async { 3 }).await.unwrap(), 3);
    });
}

#[test]
fn t20_many_panics_at_once_neither_hang_nor_lose_the_runtime() {
    with_policy(OnPanic::Raise, |rt| {
        let begun = Arc::new(AtomicUsize::new(0));
        let message = raised(|| {
            rt.block_on(async {
                for _ in 0..100 {
                    let begun = begun.clone();
                    drop(go(async move {
                        begun.fetch_add(1, SeqCst);
                        panic!("one of many");
                    }));
                }
                std::future::pending::<()>().await;
            });
        });
        assert_eq!(message, "one of many");
        common::until(|| begun.load(SeqCst) == 100 && rt.metrics().goroutines == 0);
        // The others are raised too, one for each call, up to a bound.
        while catch_unwind(AssertUnwindSafe(|| rt.block_on(async {}))).is_err() {}
    });
}

fn main_sleeps() -> bool {
    let dump = dump();
    let mut all = dump.goroutines();
    all.any(|g| g.id == 1 && g.state == GoState::Waiting)
}

#[gaggle::main]
async fn main_whose_goroutine_panics() {
    drop(go(async {
        // What it is shown to do in the report.
        until_yielding(main_sleeps).await;
        panic!("the fatal message")
    }));
    sleep(Duration::from_secs(3600)).await;
}

#[gaggle::main]
async fn main_that_panics() {
    drop(go(async { sleep(Duration::from_secs(3600)).await }));
    yield_now().await;
    panic!("main has had it");
}

#[gaggle::main]
async fn main_that_ends_in_an_error() -> Result<(), std::num::ParseIntError> {
    yield_now().await;
    "no number".parse::<u32>().map(drop)
}

#[gaggle::main]
async fn main_that_joins_a_panic() {
    let error: Result<(), _> = go(async { panic!("looked at") }).await;
    assert!(error.unwrap_err().is_panic());
    println!("main goes on");
}

/// A panic has begun. What only leads to one may take a thread's time as long as the machine likes.
static BEGUN: AtomicBool = AtomicBool::new(false);

fn note_that_a_panic_has_begun() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        BEGUN.store(true, SeqCst);
        before(info);
    }));
}

#[gaggle::main]
async fn main_that_ends_while_a_goroutine_panics() {
    drop(go(async { panic!("racing with the end") }));
    while !BEGUN.load(SeqCst) {
        yield_now().await;
    }
}

fn at_each_count(name: &str, check: impl Fn(std::process::Output)) {
    for workers in worker_counts() {
        check(child(name, &[("GAGGLE_WORKERS", &workers.to_string())]));
    }
}

/// The report and the end of the process (PA-01); the exit status is 101, not Go's 2.
#[test]
fn t20_a_program_whose_goroutine_panics_ends_at_once_with_a_report() {
    if is_child() {
        return main_whose_goroutine_panics();
    }
    let name = "t20_a_program_whose_goroutine_panics_ends_at_once_with_a_report";
    at_each_count(name, |output| {
        let said = said(&output);
        assert!(!output.status.success(), "{said}");
        // Which goroutine, where it was started, and the message.
        assert!(said.contains("gaggle: goroutine "), "{said}");
        assert!(said.contains("panics.rs:"), "{said}");
        assert!(said.contains("the fatal message"), "{said}");
    });
}

#[test]
fn t20_a_panic_in_main_ends_the_program() {
    if is_child() {
        return main_that_panics();
    }
    at_each_count("t20_a_panic_in_main_ends_the_program", |output| {
        assert!(!output.status.success(), "{}", said(&output));
        assert!(
            said(&output).contains("main has had it"),
            "{}",
            said(&output)
        );
    });
}

#[test]
fn t20_an_error_from_main_is_an_exit_status() {
    if is_child() {
        return main_that_ends_in_an_error().unwrap();
    }
    at_each_count("t20_an_error_from_main_is_an_exit_status", |output| {
        assert!(!output.status.success(), "{}", said(&output));
        assert!(said(&output).contains("InvalidDigit"), "{}", said(&output));
    });
}

#[test]
fn t20_a_panic_that_is_joined_does_not_end_the_program() {
    if is_child() {
        return main_that_joins_a_panic();
    }
    at_each_count(
        "t20_a_panic_that_is_joined_does_not_end_the_program",
        |output| {
            assert!(output.status.success(), "{}", said(&output));
            assert!(said(&output).contains("main goes on"));
        },
    );
}

/// A panic that has begun before main ends is never lost: a status that is not zero, and the whole report.
#[test]
fn pa_02_a_panic_while_main_ends_is_reported_in_full() {
    if is_child() {
        note_that_a_panic_has_begun();
        return main_that_ends_while_a_goroutine_panics();
    }
    let name = "pa_02_a_panic_while_main_ends_is_reported_in_full";
    for _ in 0..rounds(10) {
        at_each_count(name, |output| {
            let said = said(&output);
            assert!(!output.status.success(), "{said}");
            let report = said.split_once("gaggle: goroutine ").unwrap().1;
            let report = report.split_once('\n').expect("a whole line").0;
            assert!(report.contains("panics.rs:"), "{said}");
            let end = "nobody holds its handle: racing with the end";
            assert!(report.ends_with(end), "{said}");
        });
    }
}

/// A destructor that panics while its goroutine exits early: what it catches itself is gone, and the exit completes; what it does not catch is in the handle.
#[test]
fn pa_04_a_panic_in_a_destructor_during_an_early_exit() {
    struct Panics(bool);
    impl Drop for Panics {
        fn drop(&mut self) {
            let panics = || panic!("in the destructor");
            if self.0 {
                assert!(catch_unwind(panics).is_err());
            } else {
                panics();
            }
        }
    }
    in_goroutine(|| async {
        for caught in [true, false] {
            let handle = go(async move {
                let _panics = Panics(caught);
                goexit().await;
            });
            let error = handle.await.unwrap_err();
            assert_eq!((error.is_aborted(), error.is_panic()), (caught, !caught));
        }
    });
}

/// PA-07: the report shows the one goroutine; a variable widens it to all.
#[test]
fn pa_07_a_setting_adds_all_goroutines_to_a_report() {
    if is_child() {
        return main_whose_goroutine_panics();
    }
    let name = "pa_07_a_setting_adds_all_goroutines_to_a_report";
    for (value, all) in [("single", false), ("all", true)] {
        let said = said(&child(name, &[("GAGGLE_TRACEBACK", value)]));
        assert_eq!(said.contains("goroutine 1 [sleep"), all, "{said}");
    }
}
