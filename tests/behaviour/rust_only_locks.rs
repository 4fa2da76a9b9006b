//! Waits for locks, groups and goroutines that are given up: semantics.md RX-03, RX-04, and RX-08 for all handles.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{
    Polled, in_goroutine, in_goroutine_and_sim, in_virtual_time, on_workers, rounds, sized,
    until_yielding,
};
use gaggle::runtime::{Handle, Runtime};
use gaggle::sync::{Mutex, MutexGuard, OwnedMutexGuard, WaitGroup, WaitGroupGuard};
use gaggle::time::Sleep;
use gaggle::{JoinError, JoinHandle, chan, go, yield_now};
use std::cell::Cell;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Longer than a waiter is left to lose against others (LK-04): from then on the lock is handed over.
const STARVED: Duration = Duration::from_millis(3);

#[test]
fn rx_04_a_lock_given_up_while_it_waits_leaves_no_trace() {
    for drop_at in 0..3 {
        let m = Mutex::new(());
        let guard = m.try_lock().unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Polled::parked(m.lock())).collect();
        drop(waiting.remove(drop_at));
        drop(guard);
        for lock in waiting {
            drop(lock.woken());
        }
        assert!(m.try_lock().is_some());
    }
    // The only one.
    let m = Mutex::new(());
    let guard = m.try_lock().unwrap();
    drop(Polled::parked(m.lock()));
    drop(guard);
    assert!(m.try_lock().is_some());
}

#[test]
fn rx_04_a_lock_that_was_never_polled_is_nothing() {
    let m = Mutex::new(());
    drop(m.lock());
    let guard = m.try_lock().unwrap();
    drop(m.lock());
    drop(guard);
    assert!(m.try_lock().is_some());
}

#[test]
fn rx_03_a_lock_given_up_after_it_was_called_calls_the_next() {
    let m = Mutex::new(());
    let guard = m.try_lock().unwrap();
    let mut waiting: Vec<_> = (0..5).map(|_| Polled::parked(m.lock())).collect();
    drop(guard);
    while waiting.len() > 1 {
        let called = waiting.remove(0);
        assert_eq!(called.wakes(), 1);
        waiting.iter().for_each(Polled::assert_asleep);
        drop(called);
    }
    drop(waiting.remove(0).woken());
    assert!(m.try_lock().is_some());
}

#[test]
fn rx_03_a_lock_given_up_after_it_was_called_while_somebody_else_is_in() {
    // Where time stands still: after a millisecond the lock would be handed over.
    in_virtual_time(|| async {
        let m = Mutex::new(());
        let guard = m.try_lock().unwrap();
        let first = Polled::parked(m.lock());
        let second = Polled::parked(m.lock());
        drop(guard);
        let barger = m.try_lock().expect("called, not handed over");
        drop(first);
        second.assert_asleep();
        drop(barger);
        drop(second.woken());
        assert!(m.try_lock().is_some());
    });
}

#[test]
fn rx_03_a_lock_given_up_after_it_was_handed_over_goes_on_to_the_next() {
    let m = Mutex::new(());
    let guard = m.try_lock().unwrap();
    let mut waiting: Vec<_> = (0..4).map(|_| Polled::parked(m.lock())).collect();
    std::thread::sleep(STARVED);
    drop(guard);
    while waiting.len() > 1 {
        assert!(m.try_lock().is_none());
        drop(waiting.remove(0));
    }
    assert!(m.try_lock().is_none());
    let last = waiting.remove(0);
    assert_eq!(last.wakes(), 1);
    drop(last);
    assert!(m.try_lock().is_some(), "handed over to nobody any more");
}

#[test]
fn rx_04_an_owned_lock_given_up_frees_its_share_of_the_mutex() {
    let m = Arc::new(Mutex::new(()));
    let guard = m.lock_blocking();
    let waiting = Polled::parked(m.clone().lock_owned());
    assert_eq!(Arc::strong_count(&m), 2);
    drop(waiting);
    assert_eq!(Arc::strong_count(&m), 1);
    drop(guard);
    let owned = m.clone().lock_owned();
    let Poll::Ready(owned) = Polled::new(owned).poll() else {
        panic!("it is free");
    };
    assert!(m.try_lock().is_none());
    drop(owned);
    assert!(m.try_lock().is_some());
}

#[test]
fn rx_04_a_wait_for_a_group_given_up_leaves_no_trace() {
    let wg = WaitGroup::new();
    wg.add(1);
    for drop_at in 0..3 {
        let mut waiting: Vec<_> = (0..3).map(|_| Polled::parked(wg.wait())).collect();
        drop(waiting.remove(drop_at));
        assert_eq!(wg.count(), 1);
        wg.done();
        waiting.into_iter().for_each(Polled::woken);
        wg.add(1);
    }
    drop(Polled::parked(wg.wait()));
    drop(wg.wait());
    wg.done();
    wg.wait_blocking();
    // Given up after the release.
    wg.add(1);
    let (first, second) = (Polled::parked(wg.wait()), Polled::parked(wg.wait()));
    wg.done();
    drop(first);
    second.woken();
    assert_eq!(wg.count(), 0);
}

#[test]
fn rx_05_a_dropped_handle_detaches_and_never_cancels() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(50) {
            let (tx, rx) = chan::bounded(0);
            let (gate, wait) = chan::bounded::<()>(0);
            let handle = go(async move {
                let _ = wait.recv().await;
                tx.send("still here").await.unwrap();
            });
            drop(handle);
            gate.close();
            assert_eq!(rx.recv().await, Ok("still here"));
        }
    });
}

#[test]
fn rx_04_a_join_that_is_given_up_can_be_taken_up_again() {
    on_workers(|rt| {
        let (gate, wait) = chan::bounded::<()>(0);
        let mut handle = rt.go(async move {
            let _ = wait.recv().await;
            5
        });
        drop(Polled::parked(&mut handle));
        let mut join = Polled::parked(&mut handle);
        assert!(join.poll().is_pending());
        gate.close();
        common::until(|| join.wakes() > 0);
        assert_eq!(join.woken().unwrap(), 5);
    });
}

#[test]
fn rx_05_a_handle_is_dropped_while_somebody_is_registered_to_be_woken() {
    on_workers(|rt| {
        let (gate, wait) = chan::bounded::<()>(0);
        let handle = rt.go(async move {
            let _ = wait.recv().await;
            Arc::new(1)
        });
        let parked = Polled::parked(handle);
        drop(parked);
        gate.close();
        common::until(|| rt.metrics().goroutines == 0);
    });
}

#[test]
fn abort_ends_a_goroutine_wherever_it_waits_and_drops_what_it_holds() {
    in_goroutine(|| async {
        let held = Arc::new(());
        let m = Arc::new(Mutex::new(()));
        let wg = WaitGroup::new();
        wg.add(1);
        let guard = m.clone().lock_owned().await;
        let (tx, rx) = chan::bounded::<Arc<()>>(0);
        let (never_tx, never_rx) = chan::bounded::<Arc<()>>(0);
        let handles: Vec<JoinHandle<()>> = (0..7)
            .map(|way| {
                let (m, wg, held) = (m.clone(), wg.clone(), held.clone());
                let (rx, tx, other) = (rx.clone(), never_tx.clone(), never_rx.clone());
                go(async move {
                    let kept = held.clone();
                    match way {
                        0 => drop(rx.recv().await),
                        1 => drop(tx.send(held).await),
                        2 => drop(m.lock().await),
                        3 => wg.wait().await,
                        4 => gaggle::time::sleep(Duration::from_secs(3600)).await,
                        5 => drop(go(std::future::pending::<()>()).await),
                        _ => std::future::pending().await,
                    }
                    drop((kept, other));
                })
            })
            .collect();
        for _ in 0..20 {
            yield_now().await;
        }
        for handle in &handles {
            handle.abort();
            handle.abort();
        }
        for handle in handles {
            assert!(handle.await.unwrap_err().is_aborted());
        }
        assert_eq!(Arc::strong_count(&held), 1);
        drop(guard);
        assert!(m.try_lock().is_some());
        assert!(tx.try_send(held.clone()).unwrap_err().is_full());
        assert!(never_rx.try_recv().unwrap_err().is_empty());
        wg.done();
        wg.wait().await;
    });
}

#[test]
fn abort_of_what_has_ended_does_nothing_and_races_are_decided_once() {
    in_goroutine_and_sim(|| async {
        let handle = go(async { 1 });
        until_yielding(|| handle.is_finished()).await;
        handle.abort();
        assert_eq!(handle.await.unwrap(), 1);
        for _ in 0..rounds(300) {
            let value = Arc::new(());
            let inner = value.clone();
            let handle = go(async move {
                yield_now().await;
                inner
            });
            yield_now().await;
            handle.abort();
            match handle.await {
                Ok(inner) => assert_eq!((Arc::strong_count(&value), *inner), (2, ())),
                Err(error) => assert!(error.is_aborted()),
            }
            assert_eq!(Arc::strong_count(&value), 1);
        }
    });
}

#[test]
fn rx_08_handles_are_send_and_sync_whenever_their_values_are_send() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: &T) {}
    // `Cell` is `Send` and not `Sync`: enough for everything that hands values over.
    type T = Cell<u8>;
    send_and_sync::<chan::Sender<T>>();
    send_and_sync::<chan::Receiver<T>>();
    send_and_sync::<chan::Recv<'static, T>>();
    send_and_sync::<chan::Send<'static, T>>();
    send_and_sync::<Mutex<T>>();
    send_and_sync::<MutexGuard<'static, u8>>();
    send_and_sync::<OwnedMutexGuard<u8>>();
    send_and_sync::<WaitGroup>();
    send_and_sync::<WaitGroupGuard>();
    send_and_sync::<JoinHandle<T>>();
    send_and_sync::<JoinError>();
    send_and_sync::<Sleep>();
    send_and_sync::<Runtime>();
    send_and_sync::<Handle>();
    let m = Mutex::new(Cell::new(1));
    send(&m.try_lock().unwrap());
    send(&m.lock());
}

#[test]
fn rx_08_a_guard_is_held_across_an_await_and_moves_between_workers() {
    in_goroutine_and_sim(|| async {
        let (n, each) = (sized(8, 3), sized(20, 4));
        let m = Arc::new(Mutex::new(Vec::new()));
        let handles: Vec<_> = (0..n)
            .map(|i| {
                let m = m.clone();
                go(async move {
                    for k in 0..each {
                        let mut guard = m.lock().await;
                        guard.push((i, k));
                        yield_now().await;
                        assert_eq!(guard.last(), Some(&(i, k)));
                        // And to another goroutine.
                        if k == each - 1 {
                            drop(guard);
                            let owned = m.clone().lock_owned().await;
                            go(async move { drop(owned) }).await.unwrap();
                        }
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(m.lock().await.len(), n * each);
    });
}
