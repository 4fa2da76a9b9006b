//! The memory model: semantics.md MM-01 to MM-06 and MM-10 (`WaitGroup`).
//!
//! Data is written with relaxed atomics, so that the only order there is comes from gaggle.
//! On x86 hardware the processor adds order of its own; the models in `cargo xtask loom` are the stronger proof.
//! MM-08 and the rest of MM-10 are with what they are about (`once.rs`, `cond.rs`, `pool.rs`); MM-09 is for `std`, MM-11 for simulation.

mod common;

use common::{in_goroutine_and_sim, rounds, until_yielding};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};

/// Memory that orders nothing by itself.
fn memory(n: usize) -> Arc<Vec<AtomicU64>> {
    Arc::new((0..n).map(|_| AtomicU64::new(0)).collect())
}

#[test]
fn mm_01_what_came_before_go_is_visible_to_the_goroutine() {
    in_goroutine_and_sim(|| async {
        let data = memory(1);
        for i in 1..=rounds(500) {
            data[0].store(i, Relaxed);
            let seen = data.clone();
            let inner = go(async move {
                let first = seen[0].load(Relaxed);
                // Also through a second generation.
                (
                    first,
                    go(async move { seen[0].load(Relaxed) }).await.unwrap(),
                )
            });
            assert_eq!(inner.await.unwrap(), (i, i));
        }
    });
}

#[test]
fn mm_01_what_a_goroutine_did_is_visible_to_whoever_joined_it() {
    in_goroutine_and_sim(|| async {
        let data = memory(1);
        for i in 1..=rounds(500) {
            let written = data.clone();
            go(async move { written[0].store(i, Relaxed) })
                .await
                .unwrap();
            assert_eq!(data[0].load(Relaxed), i);
        }
    });
}

#[test]
fn mm_02_what_came_before_a_send_is_visible_after_its_receive() {
    in_goroutine_and_sim(|| async {
        let n = usize::try_from(rounds(500)).unwrap();
        for capacity in [Some(0), Some(1), Some(2), Some(16), None] {
            let (tx, rx) = capacity.map_or_else(chan::unbounded, chan::bounded);
            let data = memory(n);
            let written = data.clone();
            let sender = go(async move {
                for k in 0..n {
                    written[k].store(k as u64 + 1, Relaxed);
                    tx.send(()).await.unwrap();
                }
            });
            for k in 0..n {
                rx.recv().await.unwrap();
                assert_eq!(data[k].load(Relaxed), k as u64 + 1, "capacity {capacity:?}");
            }
            sender.await.unwrap();
        }
    });
}

#[test]
fn mm_03_what_came_before_an_unbuffered_receive_is_visible_after_the_send() {
    in_goroutine_and_sim(|| async {
        let n = usize::try_from(rounds(1_000)).unwrap();
        let (tx, rx) = chan::bounded(0);
        let data = memory(n);
        let written = data.clone();
        let receiver = go(async move {
            for k in 0..n {
                written[k].store(k as u64 + 1, Relaxed);
                rx.recv().await.unwrap();
            }
        });
        for k in 0..n {
            tx.send(()).await.unwrap();
            assert_eq!(data[k].load(Relaxed), k as u64 + 1);
        }
        receiver.await.unwrap();
    });
}

#[test]
fn mm_04_receive_k_comes_before_send_k_plus_capacity_completes() {
    in_goroutine_and_sim(|| async {
        let n = usize::try_from(rounds(500)).unwrap();
        for capacity in [1, 2, 5, 16] {
            let (tx, rx) = chan::bounded(capacity);
            let data = memory(n);
            let written = data.clone();
            let receiver = go(async move {
                for k in 0..n {
                    written[k].store(k as u64 + 1, Relaxed);
                    rx.recv().await.unwrap();
                }
            });
            for k in 0..n {
                tx.send(()).await.unwrap();
                if let Some(before) = k.checked_sub(capacity) {
                    assert_eq!(
                        data[before].load(Relaxed),
                        before as u64 + 1,
                        "capacity {capacity}"
                    );
                }
            }
            receiver.await.unwrap();
        }
    });
}

#[test]
fn mm_04_a_buffered_channel_is_a_counting_semaphore() {
    in_goroutine_and_sim(|| async {
        for permits in [1, 3, 8] {
            let (acquire, release) = chan::bounded(permits);
            let active = Arc::new(AtomicUsize::new(0));
            let most = Arc::new(AtomicUsize::new(0));
            let handles: Vec<_> = (0..20)
                .map(|_| {
                    let (acquire, release) = (acquire.clone(), release.clone());
                    let (active, most) = (active.clone(), most.clone());
                    go(async move {
                        for _ in 0..rounds(10) {
                            acquire.send(()).await.unwrap();
                            most.fetch_max(active.fetch_add(1, SeqCst) + 1, SeqCst);
                            yield_now().await;
                            active.fetch_sub(1, SeqCst);
                            release.recv().await.unwrap();
                        }
                    })
                })
                .collect();
            for handle in handles {
                handle.await.unwrap();
            }
            assert!(most.load(SeqCst) <= permits);
            assert_eq!(active.load(SeqCst), 0);
        }
    });
}

#[test]
fn mm_05_what_came_before_close_is_visible_after_the_receive_that_it_ends() {
    in_goroutine_and_sim(|| async {
        for i in 1..=rounds(200) {
            let (tx, rx) = chan::bounded::<()>(0);
            let data = memory(1);
            let written = data.clone();
            // Explicitly closed, or closed by the drop of the sender.
            let closer = go(async move {
                written[0].store(i, Relaxed);
                if i % 2 == 0 {
                    tx.close();
                }
            });
            assert!(rx.recv().await.is_err());
            assert_eq!(data[0].load(Relaxed), i);
            closer.await.unwrap();
        }
    });
}

#[test]
fn mm_06_mm_07_what_was_done_under_a_mutex_is_visible_to_the_next_who_locks() {
    in_goroutine_and_sim(|| async {
        let data = memory(1);
        let mutex = Arc::new(Mutex::new(()));
        let each = rounds(300);
        let handles: Vec<_> = (0..8)
            .map(|i| {
                let (data, mutex) = (data.clone(), mutex.clone());
                go(async move {
                    for k in 0..each {
                        let tried = if (i + k) % 2 == 0 {
                            mutex.try_lock()
                        } else {
                            None
                        };
                        // MM-07: a try that succeeds counts as a lock.
                        let guard = match tried {
                            Some(guard) => guard,
                            None => mutex.lock().await,
                        };
                        // Not atomic as a whole: only the mutex makes it so.
                        let n = data[0].load(Relaxed);
                        if k % 50 == 0 {
                            yield_now().await;
                        }
                        data[0].store(n + 1, Relaxed);
                        drop(guard);
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(data[0].load(Relaxed), 8 * each);
    });
}

#[test]
fn mm_10_what_came_before_done_is_visible_after_the_wait_that_it_releases() {
    in_goroutine_and_sim(|| async {
        for round in 1..=rounds(100) {
            let wg = WaitGroup::new();
            let data = memory(10);
            for k in 0..10 {
                let data = data.clone();
                if k % 2 == 0 {
                    drop(wg.go(async move { data[k].store(round, Relaxed) }));
                } else {
                    wg.add(1);
                    let wg = wg.clone();
                    drop(go(async move {
                        data[k].store(round, Relaxed);
                        wg.done();
                    }));
                }
            }
            wg.wait().await;
            assert!(data.iter().all(|d| d.load(Relaxed) == round));
        }
    });
}

#[test]
fn mm_10_also_for_a_wait_that_finds_the_count_at_zero() {
    in_goroutine_and_sim(|| async {
        for round in 1..=rounds(200) {
            let wg = WaitGroup::new();
            let data = memory(1);
            let written = data.clone();
            drop(wg.go(async move { written[0].store(round, Relaxed) }));
            until_yielding(|| wg.count() == 0).await;
            wg.wait().await;
            assert_eq!(data[0].load(Relaxed), round);
        }
    });
}
