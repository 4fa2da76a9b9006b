//! `Once`, `OnceCell` and once values: semantics.md LK-12 to LK-16 and MM-08.
//!
//! LK-15 is a translation (T24): the first caller gets the panic itself, later ones a shared copy of its message.
//! "Without allocating" (LK-14) is held by the type: a call returns a reference to the one value.
//! Goexit in the function (LK-16) has no counterpart: the function of a once value is not interrupted. What dropping the future of a `Once` does is in `rust_only_once.rs`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are a part of what is tested"
)]

mod common;

use common::{Ledger, Polled, Tracked, in_goroutine, in_goroutine_and_sim, rounds, until_yielding};
use gaggle::sync::{Once, OnceCell, OnceFn, OnceValue, WaitGroup, once_fn, once_value};
use gaggle::{chan, go, yield_now};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// What `f` panics with, as text.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    let Err(payload) = catch_unwind(AssertUnwindSafe(f)) else {
        panic!("it did not panic");
    };
    text(&*payload)
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .expect("a panic with a text")
}

#[test]
fn lk_12_of_ten_concurrent_calls_one_runs_and_none_returns_before_its_end() {
    in_goroutine_and_sim(|| async {
        for round in 0..rounds(50) {
            let once = Arc::new(Once::new());
            let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let wg = WaitGroup::new();
            for _ in 0..10 {
                let (once, begun, ended) = (once.clone(), begun.clone(), ended.clone());
                drop(wg.go(async move {
                    let (b, e) = (begun.clone(), ended.clone());
                    let run = async move || {
                        b.fetch_add(1, SeqCst);
                        for _ in 0..round % 4 {
                            yield_now().await;
                        }
                        e.fetch_add(1, SeqCst);
                    };
                    once.call_async(run).await;
                    assert_eq!((begun.load(SeqCst), ended.load(SeqCst)), (1, 1));
                }));
            }
            wg.wait().await;
        }
    });
}

#[test]
fn lk_12_the_nine_others_sleep_until_the_end() {
    let once = Once::new();
    let (tx, rx) = chan::bounded::<()>(0);
    let runs = AtomicUsize::new(0);
    let mut running = Polled::parked(once.call_async(async || {
        runs.fetch_add(1, SeqCst);
        let _ = rx.recv().await;
        assert!(!once.is_done());
    }));
    let others: Vec<_> = (0..9)
        .map(|_| Polled::parked(once.call(|| panic!("a second run"))))
        .collect();
    others.iter().for_each(Polled::assert_asleep);
    assert!(running.poll().is_pending());
    tx.close();
    running.woken();
    others.into_iter().for_each(Polled::woken);
    assert!(once.is_done());
    assert_eq!(runs.load(SeqCst), 1);
}

#[test]
fn lk_12_a_call_inside_the_call_waits_for_ever() {
    let once = Once::new();
    let mut outer = Polled::parked(once.call_async(async || once.call(|| ()).await));
    assert!(outer.poll().is_pending());
    outer.assert_asleep();
    drop(outer);
    // Whoever comes later is not locked out.
    let mut ran = false;
    once.call_blocking(|| ran = true);
    assert!(ran);
}

#[test]
fn lk_13_a_panic_counts_as_done() {
    let sync = Once::new();
    let mut call = Polled::new(sync.call(|| panic!("in f")));
    assert_eq!(panic_of(|| call.poll()), "in f");

    let waiting = Once::new();
    let (tx, rx) = chan::bounded::<()>(0);
    let mut call = Polled::parked(waiting.call_async(async || {
        let _ = rx.recv().await;
        panic!("in f's future");
    }));
    let other = Polled::parked(waiting.call(|| panic!("a second run")));
    tx.close();
    assert_eq!(panic_of(|| call.poll()), "in f's future");
    other.woken();

    // Before there is a future of `f`.
    let early = Once::new();
    let no_future = || -> std::future::Ready<()> { panic!("no future") };
    let mut call = Polled::new(early.call_async(no_future));
    assert_eq!(panic_of(|| call.poll()), "no future");

    let blocking = Once::new();
    let said = panic_of(|| blocking.call_blocking(|| panic!("blocking")));
    assert_eq!(said, "blocking");

    for once in [&sync, &waiting, &early, &blocking] {
        assert!(once.is_done());
        once.call_blocking(|| panic!("a second run"));
        assert!(
            Polled::new(once.call(|| panic!("a second run")))
                .poll()
                .is_ready()
        );
    }
}

#[test]
fn lk_13_a_panic_in_a_goroutine_releases_the_others() {
    in_goroutine_and_sim(|| async {
        let once = Arc::new(Once::new());
        let failing = go({
            let once = once.clone();
            async move {
                once.call_async(async || {
                    yield_now().await;
                    panic!("on purpose");
                })
                .await;
            }
        });
        // Until the other has begun this one may be the first.
        until_yielding(|| once.is_done()).await;
        assert!(failing.await.unwrap_err().is_panic());
        once.call(|| panic!("a second run")).await;
    });
}

#[test]
fn lk_14_a_once_function_runs_once() {
    static RUNS: AtomicUsize = AtomicUsize::new(0);
    static FUNCTION: OnceFn = once_fn(|| {
        RUNS.fetch_add(1, SeqCst);
    });
    in_goroutine(|| async {
        let handles: Vec<_> = (0..10).map(|_| go(FUNCTION.call())).collect();
        for handle in handles {
            handle.await.unwrap();
            assert_eq!(RUNS.load(SeqCst), 1);
        }
        FUNCTION.call_blocking();
        assert!(FUNCTION.is_done());
    });
    assert_eq!(RUNS.load(SeqCst), 1);
}

#[test]
fn lk_14_a_once_value_is_made_once_and_all_get_the_same_one() {
    in_goroutine_and_sim(|| async {
        let runs = Arc::new(AtomicUsize::new(0));
        let counter = runs.clone();
        let value = Arc::new(once_value(move || {
            counter.fetch_add(1, SeqCst);
            ("one", String::from("another"))
        }));
        assert_eq!((value.get(), value.is_done()), (None, false));
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let value = value.clone();
                go(async move { std::ptr::from_ref(value.call().await).addr() })
            })
            .collect();
        let here = value.call().await;
        assert_eq!((here.0, &*here.1), ("one", "another"));
        for handle in handles {
            assert_eq!(handle.await.unwrap(), std::ptr::from_ref(here).addr());
        }
        assert!(std::ptr::eq(here, value.call_blocking()));
        assert_eq!(value.get(), Some(here));
        assert_eq!(runs.load(SeqCst), 1);
    });
}

#[test]
fn lk_15_every_later_call_panics_with_the_same_message() {
    let runs = AtomicUsize::new(0);
    let value: OnceValue<u32, _> = once_value(|| {
        runs.fetch_add(1, SeqCst);
        panic!("number {}", 7);
    });
    for _ in 0..3 {
        assert_eq!(panic_of(|| Polled::new(value.call()).poll()), "number 7");
        assert_eq!(panic_of(|| value.call_blocking()), "number 7");
    }
    assert_eq!((runs.load(SeqCst), value.get()), (1, None));
    assert!(value.is_done());
}

#[test]
fn lk_15_the_first_caller_gets_the_panic_itself() {
    let function = once_fn(|| panic_any(vec![1, 2]));
    let first = catch_unwind(AssertUnwindSafe(|| function.call_blocking())).unwrap_err();
    assert_eq!(*first.downcast::<Vec<i32>>().unwrap(), [1, 2]);
    assert_eq!(
        panic_of(|| function.call_blocking()),
        "(a value that is no text)"
    );
}

#[test]
fn lk_15_a_call_that_waits_meanwhile_panics_too() {
    let (begun_tx, begun) = std::sync::mpsc::channel();
    let (go_on, gate) = std::sync::mpsc::channel::<()>();
    let function = once_fn(move || {
        begun_tx.send(()).unwrap();
        gate.recv().unwrap();
        panic!("on purpose");
    });
    std::thread::scope(|s| {
        let runner = s.spawn(|| panic_of(|| function.call_blocking()));
        begun.recv().unwrap();
        let mut waiting = Polled::parked(function.call());
        go_on.send(()).unwrap();
        assert_eq!(runner.join().unwrap(), "on purpose");
        assert_eq!(waiting.wakes(), 1);
        assert_eq!(panic_of(|| waiting.poll()), "on purpose");
    });
}

#[test]
fn lk_16_what_the_function_has_captured_goes_with_its_run() {
    let ledger = Ledger::default();
    // `number` takes all of it, or the closure would capture the number alone.
    let number = |kept: &Tracked| kept.n;
    let kept = ledger.value(1);
    let value = once_value(move || number(&kept));
    assert_eq!(ledger.drops(1), 0);
    assert_eq!(*value.call_blocking(), 1);
    assert_eq!(ledger.drops(1), 1);

    let kept = ledger.value(2);
    let function = once_fn(move || panic!("with {}", number(&kept)));
    panic_of(|| function.call_blocking());
    assert_eq!(ledger.drops(2), 1);

    // The wrappers live to here. One that is never called drops it with itself.
    let kept = ledger.value(3);
    drop(once_value(move || number(&kept)));
    drop((value, function));
    ledger.assert_settled();
}

#[test]
fn mm_08_the_run_happens_before_every_return() {
    in_goroutine_and_sim(|| async {
        for round in 0..rounds(300) {
            // Relaxed: only the once orders what is written and what is read.
            let places: Arc<[AtomicUsize; 8]> = Arc::default();
            let once = Arc::new(Once::new());
            let cell = Arc::new(OnceCell::new());
            let handles: Vec<_> = (0..4)
                .map(|n| {
                    let (places, once, cell) = (places.clone(), once.clone(), cell.clone());
                    go(async move {
                        let run = || places[..4].iter().for_each(|p| p.store(1, Relaxed));
                        once.call(run).await;
                        let sum: usize = places[..4].iter().map(|p| p.load(Relaxed)).sum();
                        let make = async || {
                            places[4..].iter().for_each(|p| p.store(1, Relaxed));
                            vec![n; 3]
                        };
                        let value = cell.get_or_init(make).await.clone();
                        let more: usize = places[4..].iter().map(|p| p.load(Relaxed)).sum();
                        assert_eq!((sum, more), (4, 4), "round {round}");
                        value
                    })
                })
                .collect();
            let mut values = Vec::new();
            for handle in handles {
                values.push(handle.await.unwrap());
            }
            assert!(values.iter().all(|v| *v == values[0] && v.len() == 3));
        }
    });
}

#[test]
fn mm_08_on_plain_threads() {
    for _ in 0..rounds(20) {
        let (once, place) = (Once::new(), AtomicUsize::new(0));
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| {
                    once.call_blocking(|| place.store(place.load(Relaxed) + 1, Relaxed));
                    assert_eq!(place.load(Relaxed), 1);
                });
            }
        });
    }
}
