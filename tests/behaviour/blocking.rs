//! Blocking inside goroutines: whoever blocks, the others go on (semantics.md GO-08, RX-07, T4).

#![allow(clippy::disallowed_methods, reason = "tests block threads on purpose")]

use gaggle::runtime::Runtime;
use gaggle::{block_on, blocking, chan, go, yield_now};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::Duration;

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().unwrap()
}

/// Fails instead of hanging.
fn within(seconds: u64, f: impl FnOnce() + Send + 'static) {
    let (done, ended) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        f();
        let _ = done.send(());
    });
    match ended.recv_timeout(Duration::from_secs(seconds)) {
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("hangs: {seconds} s have passed"),
        _ => thread.join().unwrap(),
    }
}

/// A worker that was woken to search, found work at home and then blocked, still counted as searching: nobody was woken for what it had queued.
#[test]
fn a_worker_that_blocks_right_after_it_woke_up_leaves_its_queue_to_others() {
    within(120, || {
        for workers in [1, 2, 4] {
            let rt = runtime(workers);
            for i in 0..2_000_u32 {
                let h = rt.go(async move { go(async move { i }).join_blocking().unwrap() });
                assert_eq!(h.join_blocking().unwrap(), i);
            }
        }
    });
}

/// What a blocked worker had queued was stolen by those alone that had nothing to do: under goroutines that are always ready nobody ever came for it (GO-08).
#[test]
fn what_a_blocked_worker_has_queued_runs_although_the_others_are_never_idle() {
    within(60, || {
        for workers in [1, 2, 4] {
            let rt = runtime(workers);
            let over = Arc::new(AtomicBool::new(false));
            let never_idle: Vec<_> = (0..4 * workers)
                .map(|_| {
                    let over = over.clone();
                    rt.go(async move {
                        while !over.load(Ordering::Relaxed) {
                            yield_now().await;
                        }
                    })
                })
                .collect();
            let waits = rt.go(async move {
                let queued: Vec<_> = (0..50_u32).map(|i| go(async move { i })).collect();
                // Each of them is in the queue of the worker that blocks for it.
                queued
                    .into_iter()
                    .map(|h| h.join_blocking().unwrap())
                    .sum::<u32>()
            });
            assert_eq!(waits.join_blocking().unwrap(), 49 * 50 / 2);
            over.store(true, Ordering::Relaxed);
            for handle in never_idle {
                handle.join_blocking().unwrap();
            }
        }
    });
}

#[test]
fn more_goroutines_than_workers_may_block_at_once() {
    within(60, || {
        let rt = runtime(2);
        let (tx, rx) = chan::bounded::<u32>(0);
        let blocked: Vec<_> = (0..10)
            .map(|_| {
                let rx = rx.clone();
                rt.go(async move { rx.recv_blocking().unwrap() })
            })
            .collect();
        // Before anything is sent, so that none of them finds a value there.
        while rt.metrics().blocking_threads < 10 {
            std::thread::yield_now();
        }
        let sender = rt.go(async move {
            for i in 0..10 {
                tx.send(i).await.unwrap();
            }
        });
        let mut got: Vec<_> = blocked
            .into_iter()
            .map(|h| h.join_blocking().unwrap())
            .collect();
        got.sort_unstable();
        assert_eq!(got, (0..10).collect::<Vec<_>>());
        sender.join_blocking().unwrap();
        assert!(rt.metrics().hand_offs >= 1);
    });
}

#[test]
fn block_on_nests() {
    within(60, || {
        let rt = runtime(1);
        let h = rt.go(async {
            block_on(async { 1 + block_on(async { go(async { 2 }).await.unwrap() }) })
        });
        assert_eq!(h.join_blocking().unwrap(), 3);
    });
}

/// The worker says that it blocks: its queue and its timers move at once.
#[test]
fn go_08_marked_blocking_stalls_nobody() {
    within(60, || {
        let rt = runtime(1);
        let release = Arc::new(AtomicBool::new(false));
        let seen = release.clone();
        let blocker = rt.go(async move {
            let h = go(async move {
                gaggle::time::sleep(Duration::from_millis(1)).await;
                seen.store(true, Ordering::SeqCst);
            });
            yield_now().await;
            blocking(|| {
                while !release.load(Ordering::SeqCst) {
                    std::thread::sleep(Duration::from_micros(100));
                }
            });
            h.await.unwrap();
        });
        blocker.join_blocking().unwrap();
    });
}

/// Nobody says anything: the monitor notices.
#[test]
fn go_06_a_spinning_goroutine_stalls_nobody_for_long() {
    within(60, || {
        let rt = runtime(1);
        let stop = Arc::new(AtomicBool::new(false));
        let seen = stop.clone();
        let spinner = rt.go(async move {
            // It is made ready by us and sits in our `next`, or behind us in the ring.
            drop(go(async move { stop.store(true, Ordering::SeqCst) }));
            while !seen.load(Ordering::SeqCst) {
                std::hint::spin_loop();
            }
        });
        spinner.join_blocking().unwrap();
    });
}

/// Ten thousand blocking calls that have nothing to wait for need no second thread for each.
#[test]
fn short_blocking_calls_reuse_threads() {
    within(60, || {
        let rt = runtime(2);
        let calls: Vec<_> = (0..4)
            .map(|_| {
                rt.go(async {
                    for _ in 0..2_500 {
                        blocking(|| ());
                        yield_now().await;
                    }
                })
            })
            .collect();
        for c in calls {
            c.join_blocking().unwrap();
        }
        assert!(rt.metrics().threads < 20, "{:?}", rt.metrics());
    });
}
