//! `Mutex`: semantics.md LK-01 and LK-03 to LK-06 (MM-06 and MM-07 are in `memory_model.rs`).
//!
//! LK-02 (unlocking what is not locked) cannot be written: only a guard unlocks (T21).
//! LK-06 is a translation (T23): a guard that is dropped by a panic does unlock.
//! Dropping lock futures is in `rust_only_locks.rs`. `RwLock` and `Cond` are in `rw_lock.rs` and `cond.rs`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{Polled, in_goroutine_and_sim, on_workers, rounds, until, until_yielding};
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::sleep;
use gaggle::{chan, go, yield_now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::{Duration, Instant};

#[test]
fn lk_01_try_lock_fails_while_held_and_succeeds_when_free() {
    let m = Mutex::new(1);
    let guard = m.try_lock().unwrap();
    assert!(m.try_lock().is_none());
    drop(guard);
    let mut guard = m.try_lock().unwrap();
    *guard = 2;
    drop(guard);
    assert_eq!(*m.lock_blocking(), 2);
    assert_eq!(m.into_inner(), 2);
}

#[test]
fn lk_01_ten_goroutines_that_lock_and_try_lock_all_finish() {
    in_goroutine_and_sim(|| async {
        let m = Arc::new(Mutex::new(0_u64));
        let each = rounds(1_000);
        let handles: Vec<_> = (0..10)
            .map(|_| {
                let m = m.clone();
                go(async move {
                    let mut counted = 0;
                    for i in 0..each {
                        if i % 3 == 0 {
                            if let Some(mut guard) = m.try_lock() {
                                *guard += 1;
                                counted += 1;
                            }
                            continue;
                        }
                        *m.lock().await += 1;
                        counted += 1;
                    }
                    counted
                })
            })
            .collect();
        let mut total = 0;
        for handle in handles {
            total += handle.await.unwrap();
        }
        assert_eq!(*m.lock().await, total);
    });
}

#[test]
fn lk_01_exclusion_holds_across_awaits() {
    in_goroutine_and_sim(|| async {
        let m = Arc::new(Mutex::new(()));
        let inside = Arc::new(AtomicUsize::new(0));
        let wg = WaitGroup::new();
        for i in 0..16 {
            let (m, inside) = (m.clone(), inside.clone());
            drop(wg.go(async move {
                for k in 0..rounds(50) {
                    let guard = m.lock().await;
                    assert_eq!(inside.fetch_add(1, SeqCst), 0);
                    if (i + k) % 3 == 0 {
                        yield_now().await;
                    }
                    assert_eq!(inside.fetch_sub(1, SeqCst), 1);
                    drop(guard);
                }
            }));
        }
        wg.wait().await;
    });
}

#[test]
fn lk_03_one_goroutine_locks_and_another_unlocks() {
    in_goroutine_and_sim(|| async {
        let m = Arc::new(Mutex::new(5));
        let guard = m.clone().lock_owned().await;
        let unlocker = go(async move { *guard });
        let waiter = {
            let m = m.clone();
            go(async move { *m.lock().await })
        };
        assert_eq!(unlocker.await.unwrap(), 5);
        assert_eq!(waiter.await.unwrap(), 5);
    });
}

#[test]
fn lk_03_a_guard_is_dropped_on_another_thread() {
    let m = Mutex::new(());
    std::thread::scope(|s| {
        let guard = m.lock_blocking();
        let wait = Polled::parked(m.lock());
        s.spawn(move || drop(guard)).join().unwrap();
        drop(wait.woken());
    });
    assert!(m.try_lock().is_some());
}

#[test]
fn lk_03_locking_again_in_the_holder_waits_for_ever() {
    let m = Mutex::new(());
    let guard = m.try_lock().unwrap();
    let mut again = Polled::parked(m.lock());
    assert!(again.poll().is_pending());
    again.assert_asleep();
    drop(again);
    drop(guard);
    assert!(m.try_lock().is_some());
}

#[test]
fn lk_04_a_waiter_is_not_starved_by_one_who_locks_again_at_once() {
    on_workers(|rt| {
        let m = Arc::new(Mutex::new(()));
        let stop = Arc::new(AtomicBool::new(false));
        let hog = rt.go({
            let (m, stop) = (m.clone(), stop.clone());
            async move {
                while !stop.load(SeqCst) {
                    let _guard = m.lock().await;
                    let start = Instant::now();
                    while start.elapsed() < Duration::from_micros(100) {
                        std::hint::spin_loop();
                    }
                }
            }
        });
        let start = Instant::now();
        let other = rt.go(async move {
            for _ in 0..10 {
                sleep(Duration::from_micros(100)).await;
                drop(m.lock().await);
            }
        });
        rt.block_on(other).unwrap();
        let took = start.elapsed();
        stop.store(true, SeqCst);
        rt.block_on(hog).unwrap();
        assert!(took < Duration::from_secs(30), "{took:?}");
    });
}

#[test]
fn lk_04_after_a_millisecond_the_lock_is_handed_over_and_cannot_be_taken_away() {
    let m = Mutex::new(0);
    let guard = m.try_lock().unwrap();
    let first = Polled::parked(m.lock());
    let second = Polled::parked(m.lock());
    std::thread::sleep(Duration::from_millis(3));
    drop(guard);
    assert!(
        m.try_lock().is_none(),
        "it was handed over: nobody barges in"
    );
    second.assert_asleep();
    let guard = first.woken();
    assert!(m.try_lock().is_none());
    drop(guard);
    assert!(m.try_lock().is_none());
    drop(second.woken());
    assert!(m.try_lock().is_some());
}

#[test]
fn lk_04_one_who_lost_keeps_the_first_place() {
    let m = Mutex::new(0);
    let guard = m.try_lock().unwrap();
    let mut first = Polled::parked(m.lock());
    let second = Polled::parked(m.lock());
    drop(guard);
    // Called, but somebody was faster.
    if let Some(barger) = m.try_lock() {
        assert!(first.poll().is_pending());
        std::thread::sleep(Duration::from_millis(3));
        drop(barger);
        second.assert_asleep();
    }
    let Poll::Ready(guard) = first.poll() else {
        panic!("the first who waited has waited over a millisecond");
    };
    drop(guard);
    drop(second.woken());
}

#[test]
fn lk_05_a_lock_is_held_across_channel_operations_and_sleeps() {
    in_goroutine_and_sim(|| async {
        let m = Arc::new(Mutex::new(Vec::new()));
        let (tx, rx) = chan::bounded(0);
        let holder = {
            let m = m.clone();
            go(async move {
                let mut list = m.lock().await;
                list.push(rx.recv().await.unwrap());
                sleep(Duration::from_millis(2)).await;
                list.push(rx.recv().await.unwrap());
            })
        };
        until_yielding(|| m.try_lock().is_none()).await;
        // Many wait for the lock, more than there are workers; who does not want it goes on.
        let waiters: Vec<_> = (0..20)
            .map(|_| {
                let m = m.clone();
                go(async move { m.lock().await.len() })
            })
            .collect();
        tx.send(1).await.unwrap();
        tx.send(2).await.unwrap();
        holder.await.unwrap();
        for waiter in waiters {
            assert_eq!(waiter.await.unwrap(), 2);
        }
    });
}

#[test]
fn lk_05_plain_threads_and_goroutines_share_a_lock() {
    on_workers(|rt| {
        let m = Arc::new(Mutex::new(0_u64));
        let each = rounds(300);
        let threads: Vec<_> = (0..2)
            .map(|_| {
                let m = m.clone();
                std::thread::spawn(move || (0..each).for_each(|_| *m.lock_blocking() += 1))
            })
            .collect();
        let handles: Vec<_> = (0..4)
            .map(|_| {
                let m = m.clone();
                rt.go(async move {
                    for _ in 0..each {
                        *m.lock().await += 1;
                    }
                })
            })
            .collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        handles.into_iter().for_each(|h| h.join_blocking().unwrap());
        assert_eq!(*m.lock_blocking(), 6 * each);
    });
}

#[test]
fn lk_06_a_panic_while_holding_a_lock_unlocks_it_and_poisons_nothing() {
    let m = Mutex::new(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let mut guard = m.try_lock().unwrap();
        *guard = 2;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(*m.try_lock().unwrap(), 2);
}

#[test]
fn lk_06_a_goroutine_that_panics_lets_the_next_one_in() {
    common::watched("a lock whose holder panics", || {
        for workers in common::worker_counts() {
            let builder = Runtime::builder()
                .workers(workers)
                .on_panic(OnPanic::Report);
            let rt = builder.build().unwrap();
            let m = Arc::new(Mutex::new(0));
            let holder = rt.go({
                let m = m.clone();
                async move {
                    let mut guard = m.lock().await;
                    *guard = 1;
                    yield_now().await;
                    panic!("on purpose");
                }
            });
            until(|| m.try_lock().is_none() || holder.is_finished());
            let next = rt.go(async move { *m.lock().await });
            let ended: Result<(), _> = rt.block_on(holder);
            assert!(ended.unwrap_err().is_panic());
            assert_eq!(rt.block_on(next).unwrap(), 1);
        }
    });
}
