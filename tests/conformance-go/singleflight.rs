//! `singleflight::Group`: semantics.md XS-13 to XS-18.
//!
//! XS-16 is translated: a join handle is the one-slot channel that nobody has to read.
//! XS-17 is translated (T28): the call that ran gets the panic itself, the others a shared copy of its message.
//! In place of Goexit (XS-18) the call that runs is aborted or dropped: then another takes over (T28).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are a part of what is tested"
)]

mod common;

use common::{
    Ledger, Polled, in_goroutine, in_goroutine_and_sim, rounds, until_yielding, watched,
    worker_counts,
};
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::WaitGroup;
use gaggle::sync::singleflight::{Flight, Group};
use gaggle::{chan, go, yield_now};
use std::any::Any;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

const ALONE: bool = false;
const SHARED: bool = true;

fn flight<V>(value: V, shared: bool) -> Flight<V> {
    Flight { value, shared }
}

fn text(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned())
        .expect("a panic with a text")
}

/// What `f` panics with, as text.
fn panic_of<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it did not panic"),
        Err(payload) => text(&*payload),
    }
}

#[test]
fn xs_13_one_call_gets_its_value_and_its_error() {
    in_goroutine_and_sim(|| async {
        let group = Group::new();
        assert_eq!(
            group.call("key", async || "bar").await,
            flight("bar", ALONE)
        );
        let failing = Group::<_, Result<(), &str>>::new();
        let got = failing.call("key", async || Err("some error")).await;
        assert_eq!(got, flight(Err("some error"), ALONE));
    });
}

#[test]
fn xs_13_ten_calls_at_the_same_time_share_one_run_and_its_error() {
    let group = Group::<_, Result<u32, Arc<str>>>::new();
    let (tx, rx) = chan::bounded::<()>(0);
    let error: Arc<str> = "shared".into();
    let mut running = Polled::parked(group.call(1, || async {
        let _ = rx.recv().await;
        Err(error.clone())
    }));
    let others: Vec<_> = (0..9)
        .map(|_| Polled::parked(group.call(1, async || panic!("a second run"))))
        .collect();
    // Another key is another run.
    assert_eq!(group.call_blocking(2, || Ok(2)), flight(Ok(2), ALONE));
    others.iter().for_each(Polled::assert_asleep);
    assert!(running.poll().is_pending());
    tx.close();
    let mine = running.woken();
    assert!(mine.shared && Arc::ptr_eq(&mine.value.unwrap_err(), &error));
    for other in others {
        let got = other.woken();
        assert!(got.shared && Arc::ptr_eq(&got.value.unwrap_err(), &error));
    }
}

#[test]
fn xs_13_of_ten_goroutines_between_one_and_nine_run() {
    in_goroutine_and_sim(|| async {
        let group = Group::new();
        let runs = Arc::new(AtomicUsize::new(0));
        let begun = Arc::new(AtomicUsize::new(0));
        let wg = WaitGroup::new();
        for n in 0..10 {
            let (group, runs, begun) = (group.clone(), runs.clone(), begun.clone());
            drop(wg.go(async move {
                begun.fetch_add(1, SeqCst);
                let run = async || {
                    runs.fetch_add(1, SeqCst);
                    // Long enough for some of the others to come.
                    until_yielding(|| begun.load(SeqCst) == 10).await;
                    for _ in 0..20 {
                        yield_now().await;
                    }
                    "value"
                };
                assert_eq!(group.call("key", run).await.value, "value", "{n}");
            }));
        }
        wg.wait().await;
        let runs = runs.load(SeqCst);
        assert!((1..10).contains(&runs), "{runs} runs");
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn xs_14_a_result_is_not_kept() {
    in_goroutine(|| async {
        let group = Group::new();
        for n in 0..5 {
            assert_eq!(group.call("key", async || n).await, flight(n, ALONE));
            assert_eq!(group.in_flight(), 0);
        }
    });
}

#[test]
fn xs_14_who_comes_after_the_end_begins_a_new_run_though_others_have_not_been_served() {
    let group = Group::new();
    let (tx, rx) = chan::bounded::<()>(0);
    let running = Polled::parked(group.call("key", || async {
        let _ = rx.recv().await;
        1
    }));
    let waiting = Polled::parked(group.call("key", || ready(2)));
    tx.close();
    assert_eq!(running.woken(), flight(1, SHARED));
    assert_eq!(group.call_blocking("key", || 3), flight(3, ALONE));
    assert_eq!(waiting.woken(), flight(1, SHARED));
}

#[test]
fn xs_15_after_forget_the_next_call_begins_anew_and_the_older_end_does_not_disturb_it() {
    let group = Group::new();
    let (first_tx, first_rx) = chan::bounded::<()>(0);
    let (second_tx, second_rx) = chan::bounded::<()>(0);
    let first = Polled::parked(group.call("key".to_owned(), || async {
        let _ = first_rx.recv().await;
        1
    }));
    group.forget("key");
    assert_eq!(group.in_flight(), 0);
    let second = Polled::parked(group.call("key".to_owned(), || async {
        let _ = second_rx.recv().await;
        2
    }));
    first_tx.close();
    assert_eq!(first.woken(), flight(1, ALONE));
    // The second run is still the one to join.
    assert_eq!(group.in_flight(), 1);
    let third = Polled::parked(group.call("key".to_owned(), || ready(3)));
    second_tx.close();
    assert_eq!(second.woken(), flight(2, SHARED));
    assert_eq!(third.woken(), flight(2, SHARED));
    group.forget("another");
}

#[test]
fn xs_15_a_forgotten_run_that_is_given_up_does_not_disturb_the_newer_one() {
    let group = Group::new();
    let old = Polled::parked(group.call("key", pending::<u32>));
    group.forget("key");
    let new = Polled::parked(group.call("key", pending::<u32>));
    drop(old);
    assert_eq!(group.in_flight(), 1);
    drop(new);
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn xs_16_a_spawned_call_joins_at_once_and_its_handle_gets_the_result() {
    in_goroutine_and_sim(|| async {
        let group = Group::new();
        let (tx, rx) = chan::bounded::<()>(0);
        let first = group.call_spawned("key", async move || {
            let _ = rx.recv().await;
            1
        });
        // No goroutine has had to run for this one to be the second.
        let second = group.call_spawned("key", async || 2);
        assert_eq!(group.in_flight(), 1);
        tx.close();
        let (first, second) = (first.await.unwrap(), second.await.unwrap());
        assert_eq!(first, second);
        assert!(first.shared);
    });
}

#[test]
fn xs_16_nobody_has_to_take_the_result() {
    in_goroutine_and_sim(|| async {
        let ledger = Ledger::default();
        let group = Group::new();
        for n in 0..rounds(20) {
            let value = Arc::new(ledger.value(n));
            drop(group.call_spawned(n, async move || value));
        }
        until_yielding(|| group.in_flight() == 0).await;
        until_yielding(|| (0..rounds(20)).all(|n| ledger.drops(n) == 1)).await;
    });
}

#[test]
fn xs_17_a_panic_panics_every_call_that_waits() {
    let group = Group::<_, ()>::new();
    let (tx, rx) = chan::bounded::<()>(0);
    let mut running = Polled::parked(group.call("key", || async {
        let _ = rx.recv().await;
        panic!("the {} panic", "shared");
    }));
    let others: Vec<_> = (0..4)
        .map(|_| Polled::parked(group.call("key", async || unreachable!())))
        .collect();
    tx.close();
    assert_eq!(panic_of(|| running.poll()), "the shared panic");
    assert_eq!(group.in_flight(), 0);
    for mut other in others {
        assert_eq!(other.wakes(), 1);
        assert_eq!(panic_of(|| other.poll()), "the shared panic");
    }
    group.call_blocking("key", || ());
}

#[test]
fn xs_17_five_of_five_goroutines_panic() {
    in_goroutine_and_sim(|| async {
        let group = Group::<_, ()>::new();
        let (tx, rx) = chan::bounded::<()>(0);
        let handles: Vec<_> = (0..5)
            .map(|_| {
                let rx = rx.clone();
                group.call_spawned("key", async move || {
                    let _ = rx.recv().await;
                    panic!("invalid memory address");
                })
            })
            .collect();
        tx.close();
        for handle in handles {
            let error = handle.await.unwrap_err();
            assert_eq!(text(&*error.into_panic()), "invalid memory address");
        }
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn xs_17_the_call_that_ran_gets_the_panic_itself() {
    let group = Group::<_, ()>::new();
    let call = || group.call_blocking("key", || panic_any(5_u8));
    let payload = catch_unwind(AssertUnwindSafe(call)).unwrap_err();
    assert_eq!(*payload.downcast::<u8>().unwrap(), 5);
    // Also if there never was a future.
    let no_future = || -> std::future::Ready<()> { panic!("no future") };
    let mut call = Polled::new(group.call("key", no_future));
    assert_eq!(panic_of(|| call.poll()), "no future");
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn xs_17_with_a_detached_call_the_panic_is_raised_out_of_block_on() {
    watched("a detached panic", || {
        for workers in worker_counts() {
            let builder = Runtime::builder().workers(workers).on_panic(OnPanic::Raise);
            let rt = builder.build().unwrap();
            let body = || {
                rt.block_on(async {
                    let group = Group::<_, ()>::new();
                    drop(group.call_spawned("key", async || panic!("nobody listens")));
                    pending::<()>().await;
                });
            };
            assert_eq!(panic_of(body), "nobody listens");
        }
    });
}

#[test]
fn xs_18_if_the_call_that_runs_is_aborted_another_takes_over() {
    in_goroutine_and_sim(|| async {
        let group = Group::new();
        let running = group.call_spawned("key", pending::<u32>);
        yield_now().await;
        let others: Vec<_> = (0..5)
            .map(|n| {
                group.call_spawned("key", async move || {
                    yield_now().await;
                    n
                })
            })
            .collect();
        running.abort();
        assert!(running.await.unwrap_err().is_aborted());
        let mut values = Vec::new();
        for other in others {
            values.push(other.await.unwrap());
        }
        assert!(values.iter().all(|v| *v == values[0] && v.shared));
        assert_eq!(group.in_flight(), 0);
    });
}

#[test]
fn xs_18_the_run_is_passed_on_until_one_ends() {
    let group = Group::new();
    let running = Polled::parked(group.call("key", pending::<u32>));
    let second = Polled::parked(group.call("key", pending));
    let third = Polled::parked(group.call("key", pending));
    let fourth = Polled::parked(group.call("key", || ready(4)));
    drop(running);
    assert_eq!(second.wakes(), 1);
    // Dropped before it has begun to run.
    drop(second);
    let mut third = third;
    assert!(third.poll().is_pending());
    fourth.assert_asleep();
    // Dropped while it runs.
    drop(third);
    assert_eq!(fourth.woken(), flight(4, ALONE));
    assert_eq!(group.in_flight(), 0);
}

#[test]
fn xs_18_nobody_hangs_when_calls_are_aborted_at_random() {
    in_goroutine_and_sim(|| async {
        let mut random = common::random("singleflight");
        for _ in 0..rounds(100) {
            let group = Group::new();
            let handles: Vec<_> = (0..8)
                .map(|n| {
                    group.call_spawned(n % 2, async move || {
                        yield_now().await;
                        n
                    })
                })
                .collect();
            for handle in &handles {
                if random.next_u64().is_multiple_of(3) {
                    handle.abort();
                }
                if random.next_u64().is_multiple_of(3) {
                    yield_now().await;
                }
            }
            for (n, handle) in handles.into_iter().enumerate() {
                match handle.await {
                    Ok(flight) => assert_eq!(flight.value % 2, n % 2),
                    Err(error) => assert!(error.is_aborted()),
                }
            }
            assert_eq!(group.in_flight(), 0);
        }
    });
}

#[test]
fn xs_13_plain_threads_and_goroutines_share_a_run() {
    in_goroutine(|| async {
        let group = Group::new();
        let (tx, rx) = chan::bounded::<()>(0);
        let (begun, has_begun) = chan::bounded::<()>(0);
        let running = group.call_spawned("key", async move || {
            drop(begun);
            let _ = rx.recv().await;
            1
        });
        // Or the thread's function might be the one that runs.
        let _ = has_begun.recv().await;
        let (joined, is_joined) = chan::bounded::<()>(0);
        let thread = std::thread::spawn({
            let group = group.clone();
            move || {
                drop(joined);
                group.call_blocking("key", || 2)
            }
        });
        let _ = is_joined.recv().await;
        go(async move { tx.close() }).await.unwrap();
        // The thread has joined the run, or come after it.
        assert_eq!(running.await.unwrap().value, 1);
        let late = gaggle::blocking(|| thread.join().unwrap());
        assert!(
            late == flight(1, SHARED) || late == flight(2, ALONE),
            "{late:?}"
        );
    });
}
