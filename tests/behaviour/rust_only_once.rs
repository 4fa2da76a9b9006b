//! `Once` and `OnceCell` where Go has no counterpart: runs and waits that are given up (semantics.md RX-03, RX-04, RX-06), plain threads and foreign executors (RX-07), handles (RX-08).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, in_goroutine, in_goroutine_and_sim, rounds};
use gaggle::sync::singleflight::{Flight, Group};
use gaggle::sync::{Once, OnceCell, OnceFn, OnceValue, Pool, PoolGuard};
use gaggle::{chan, go, yield_now};
use std::cell::Cell;
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;

#[test]
fn rx_03_a_run_given_up_goes_to_the_call_that_waits_longest() {
    let once = Once::new();
    let ran = Cell::new(0);
    let running = Polled::parked(once.call_async(pending));
    let second = Polled::parked(once.call(|| ran.set(2)));
    let third = Polled::parked(once.call(|| ran.set(3)));
    drop(running);
    assert!(!once.is_done());
    third.assert_asleep();
    // The turn was handed over: nobody barges in.
    let late = Polled::parked(once.call(|| ran.set(4)));
    second.woken();
    third.woken();
    late.woken();
    assert_eq!(ran.get(), 2);
}

#[test]
fn rx_03_a_call_given_up_after_it_got_the_turn_hands_it_on() {
    let once = Once::new();
    let running = Polled::parked(once.call_async(pending));
    let mut waiting: Vec<_> = (0..4).map(|_| Polled::parked(once.call(|| ()))).collect();
    drop(running);
    while waiting.len() > 1 {
        assert_eq!(waiting[0].wakes(), 1);
        waiting[1..].iter().for_each(Polled::assert_asleep);
        drop(waiting.remove(0));
    }
    drop(waiting.remove(0));
    assert!(!once.is_done());
    // And with nobody left the next that comes runs.
    let mut ran = false;
    once.call_blocking(|| ran = true);
    assert!(ran && once.is_done());
}

#[test]
fn rx_04_a_wait_given_up_leaves_no_trace() {
    for drop_at in 0..3 {
        let once = Once::new();
        let (tx, rx) = chan::bounded::<()>(0);
        let running = Polled::parked(once.call_async(|| async {
            let _ = rx.recv().await;
        }));
        let mut waiting: Vec<_> = (0..3).map(|_| Polled::parked(once.call(|| ()))).collect();
        drop(waiting.remove(drop_at));
        drop(once.call(|| unreachable!()));
        tx.close();
        running.woken();
        // Given up after the end.
        drop(waiting.remove(0));
        waiting.remove(0).woken();
    }
}

#[test]
fn rx_04_a_run_given_up_with_nobody_waiting_leaves_the_once_as_it_was() {
    let once = Once::new();
    drop(Polled::parked(once.call_async(pending)));
    assert!(!once.is_done());
    let mut again = Polled::new(once.call_async(async || ()));
    assert_eq!(again.poll(), Poll::Ready(()));
    assert!(once.is_done());
}

#[test]
fn rx_06_what_a_run_holds_is_dropped_before_the_next_begins() {
    let once = Once::new();
    let ledger = Ledger::default();
    let held = ledger.value(1);
    let running = Polled::parked(once.call_async(|| async {
        let _held = held;
        pending::<()>().await;
    }));
    let next = Polled::parked(once.call(|| assert_eq!(ledger.drops(1), 1)));
    drop(running);
    next.woken();
}

#[test]
fn rx_06_a_run_that_is_given_up_by_a_panic_elsewhere_is_no_end() {
    let once = Once::new();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _running = Polled::parked(once.call_async(pending));
        panic!("not in the run");
    }));
    assert!(panicked.is_err());
    assert!(!once.is_done(), "the run itself did not panic");
}

#[test]
fn rx_03_an_initialiser_that_fails_panics_or_is_dropped_lets_the_next_one_try() {
    let cell = OnceCell::new();
    let (tx, rx) = chan::bounded::<u32>(0);
    let mut failing = Polled::parked(cell.get_or_try_init(|| async { rx.recv().await }));
    let mut panicking = Polled::parked(cell.get_or_init(async || panic!("on purpose")));
    let dropped = Polled::parked(cell.get_or_init(pending));
    let last = Polled::parked(cell.get_or_init(|| ready(4)));
    let watching = Polled::parked(cell.wait());
    tx.close();
    assert!(matches!(failing.poll(), Poll::Ready(Err(_))));
    assert_eq!(panicking.wakes(), 1);
    assert!(catch_unwind(AssertUnwindSafe(|| panicking.poll())).is_err());
    assert_eq!(dropped.wakes(), 1);
    let mut dropped = dropped;
    assert!(dropped.poll().is_pending());
    assert_eq!(cell.set(9), Err(9), "somebody is at it");
    drop(dropped);
    watching.assert_asleep();
    assert_eq!(last.woken(), &4);
    assert_eq!(watching.woken(), &4);
    assert_eq!((cell.get(), cell.set(5)), (Some(&4), Err(5)));
}

#[test]
fn rx_04_a_watcher_waits_without_making_and_may_give_up() {
    let cell = OnceCell::new();
    let mut watching: Vec<_> = (0..3).map(|_| Polled::parked(cell.wait())).collect();
    // A turn that is given up is not for them.
    drop(Polled::parked(cell.get_or_init(pending)));
    watching.iter().for_each(Polled::assert_asleep);
    drop(watching.remove(1));
    let renewed = &mut watching[0];
    assert!(renewed.poll().is_pending());
    cell.set("value").unwrap();
    for watcher in watching {
        assert_eq!((watcher.wakes(), *watcher.woken()), (1, "value"));
    }
}

#[test]
fn more_waiters_than_a_batch_of_wakes_are_all_released() {
    let cell = OnceCell::new();
    let (tx, rx) = chan::bounded::<u32>(1);
    let making = Polled::parked(cell.get_or_init(|| async { rx.recv().await.unwrap() }));
    let watching: Vec<_> = (0..50).map(|_| Polled::parked(cell.wait())).collect();
    let others: Vec<_> = (0..50)
        .map(|_| Polled::parked(cell.get_or_init(|| ready(2))))
        .collect();
    tx.try_send(1).unwrap();
    making.woken();
    assert!(watching.into_iter().all(|w| *w.woken() == 1));
    assert!(others.into_iter().all(|o| *o.woken() == 1));
}

#[test]
fn a_cell_is_a_container_too() {
    let ledger = Ledger::default();
    let mut cell = OnceCell::from(ledger.value(1));
    assert_eq!(format!("{cell:?}"), "OnceCell(Tracked(1))");
    cell.get_mut().unwrap().n += 0;
    assert_eq!(cell.take().unwrap().n, 1);
    assert!(cell.get().is_none() && cell.take().is_none());
    assert_eq!(format!("{cell:?}"), "OnceCell(<empty>)");
    assert!(cell.set(ledger.value(2)).is_ok());
    assert!(cell.set(ledger.value(3)).unwrap_err().n == 3);
    assert_eq!(cell.get_or_init_blocking(|| ledger.value(4)).n, 2);
    assert_eq!(cell.into_inner().unwrap().n, 2);
    drop(OnceCell::from(ledger.value(5)));
    ledger.assert_settled();

    let original = OnceCell::from(vec![1]);
    assert_eq!(original.clone().into_inner(), Some(vec![1]));
    assert_eq!(OnceCell::<u8>::default().clone().into_inner(), None);
    let failed = original.clone().into_inner().ok_or(0);
    assert_eq!(
        OnceCell::new().get_or_try_init_blocking(|| failed),
        Ok(&vec![1])
    );
}

#[test]
fn rx_07_plain_threads_wait_for_a_goroutine_and_the_other_way_round() {
    in_goroutine(|| async {
        for _ in 0..rounds(10) {
            let cell = Arc::new(OnceCell::new());
            let (tx, rx) = chan::bounded::<u32>(0);
            let making = go({
                let cell = cell.clone();
                async move {
                    *cell
                        .get_or_init(|| async { rx.recv().await.unwrap() })
                        .await
                }
            });
            let threads: Vec<_> = (0..2)
                .map(|_| {
                    let cell = cell.clone();
                    std::thread::spawn(move || *cell.wait_blocking())
                })
                .collect();
            tx.send(7).await.unwrap();
            assert_eq!(making.await.unwrap(), 7);
            for thread in threads {
                assert_eq!(gaggle::blocking(|| thread.join().unwrap()), 7);
            }

            let add = |n: &AtomicUsize| {
                n.fetch_add(1, SeqCst);
            };
            let once = Arc::new(Once::new());
            let ran = Arc::new(AtomicUsize::new(0));
            let thread = std::thread::spawn({
                let (once, ran) = (once.clone(), ran.clone());
                move || once.call_blocking(|| add(&ran))
            });
            once.call(|| add(&ran)).await;
            assert_eq!(ran.load(SeqCst), 1);
            gaggle::blocking(|| thread.join().unwrap());
        }
    });
}

#[test]
fn rx_07_a_goroutine_that_blocks_for_a_cell_lets_the_maker_run() {
    // At one worker the maker needs the seat of the one that blocks.
    in_goroutine_and_sim(|| async {
        let cell = Arc::new(OnceCell::new());
        let maker = go({
            let cell = cell.clone();
            async move {
                let make = async || {
                    for _ in 0..10 {
                        yield_now().await;
                    }
                    3
                };
                *cell.get_or_init(make).await
            }
        });
        assert_eq!(*cell.wait_blocking(), 3);
        assert_eq!(maker.await.unwrap(), 3);
    });
}

#[test]
fn rx_07_foreign_executors_wait_as_well() {
    let cell = Arc::new(OnceCell::new());
    let threads: Vec<_> = (0..4)
        .map(|n| {
            let cell = cell.clone();
            std::thread::spawn(move || {
                futures::executor::block_on(async {
                    *cell
                        .get_or_init(|| async { gaggle::go(async move { n }).await.unwrap() })
                        .await
                })
            })
        })
        .collect();
    let seen = *cell.wait_blocking();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), seen);
    }
}

#[test]
fn runs_given_up_at_random_leave_one_that_ends() {
    in_goroutine_and_sim(|| async {
        let mut random = common::random("once");
        for _ in 0..rounds(100) {
            let once = Arc::new(Once::new());
            let ended = Arc::new(AtomicUsize::new(0));
            let handles: Vec<_> = (0..6)
                .map(|_| {
                    let (once, ended) = (once.clone(), ended.clone());
                    go(async move {
                        let run = async || {
                            yield_now().await;
                            ended.fetch_add(1, SeqCst);
                        };
                        once.call_async(run).await;
                        assert_eq!(ended.load(SeqCst), 1);
                    })
                })
                .collect();
            for handle in &handles[1..] {
                if random.next_u64().is_multiple_of(2) {
                    handle.abort();
                }
                if random.next_u64().is_multiple_of(3) {
                    yield_now().await;
                }
            }
            for handle in handles {
                if let Err(error) = handle.await {
                    assert!(error.is_aborted());
                }
            }
            assert!(once.is_done());
            assert_eq!(ended.load(SeqCst), 1);
        }
    });
}

#[test]
fn rx_08_handles_are_send_and_sync_whenever_their_values_allow_it() {
    fn send_and_sync<T: Send + Sync>(_: &T) {}
    fn send<T: Send>(_: &T) {}
    send_and_sync(&Once::new());
    send_and_sync(&OnceCell::from(1));
    // A `Cell` is `Send` and not `Sync`: such a value may move, and a pool only moves.
    send(&OnceCell::from(Cell::new(1)));
    let pool = Pool::with(|| Cell::new(1));
    send_and_sync(&pool);
    let guard: PoolGuard<'_, _, _> = pool.get_guard();
    send(&guard);
    let (function, value): (OnceFn, OnceValue<u8>) = (OnceFn::new(|| ()), OnceValue::new(|| 1));
    send_and_sync(&function);
    send_and_sync(&value);
    let group = Group::<u8, u8>::new();
    send_and_sync(&group);
    let (once, cell) = (Once::new(), OnceCell::from(1));
    send(&once.call(|| ()));
    send(&once.call_async(|| ready(())));
    send(&cell.get_or_init(|| ready(1)));
    send(&cell.wait());
    let call = group.call(1, || ready(1));
    send(&call);
    assert!(matches!(
        futures::executor::block_on(call),
        Flight {
            value: 1,
            shared: false
        }
    ));
}
