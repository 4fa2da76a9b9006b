//! Plain threads and blocking calls: semantics.md RX-07.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{in_goroutine, on_workers, rounds, watched};
use gaggle::chan::{self, SendError};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::sleep;
use gaggle::{block_on, go};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

#[test]
fn rx_07_channels_locks_and_groups_work_between_plain_threads() {
    watched("plain threads", || {
        for capacity in [0, 1, 5] {
            let (tx, rx) = chan::bounded(capacity);
            let m = Arc::new(Mutex::new(0_u64));
            let wg = WaitGroup::new();
            let n = rounds(1_000);
            let senders: Vec<_> = (0..3)
                .map(|_| {
                    let (tx, guard) = (tx.clone(), wg.guard());
                    thread::spawn(move || {
                        (1..=n).for_each(|i| tx.send_blocking(i).unwrap());
                        drop(guard);
                    })
                })
                .collect();
            drop(tx);
            let receivers: Vec<_> = (0..3)
                .map(|i| {
                    let (rx, m) = (rx.clone(), m.clone());
                    thread::spawn(move || match i {
                        0 => rx.iter().for_each(|n| *m.lock_blocking() += n),
                        1 => rx.into_iter().for_each(|n| *m.lock_blocking() += n),
                        _ => {
                            while let Ok(n) = rx.recv_blocking() {
                                *m.lock_blocking() += n;
                            }
                        }
                    })
                })
                .collect();
            wg.wait_blocking();
            for thread in senders.into_iter().chain(receivers) {
                thread.join().unwrap();
            }
            assert_eq!(*m.lock_blocking(), 3 * (n * (n + 1) / 2));
            assert!(rx.recv_blocking().is_err());
        }
    });
}

#[test]
fn rx_07_blocking_calls_end_when_the_channel_is_closed() {
    watched("blocked threads", || {
        let (tx, rx) = chan::bounded::<u32>(0);
        let threads: Vec<_> = (0..4)
            .map(|i| {
                let (tx, rx) = (tx.clone(), rx.clone());
                thread::spawn(move || match i % 2 {
                    0 => rx.recv_blocking().is_err(),
                    _ => tx.send_blocking(i).is_err(),
                })
            })
            .collect();
        // Pairs may have met before the end: then they report success.
        tx.close();
        let failed = threads
            .into_iter()
            .filter_map(|t| t.join().ok())
            .filter(|f| *f)
            .count();
        assert!(failed % 2 == 0, "a send and a receive succeed together");
        assert_eq!(tx.send_blocking(9), Err(SendError(9)));
    });
}

#[test]
fn rx_07_a_blocking_call_inside_a_goroutine_hands_the_worker_over() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let (back, answers) = chan::bounded(0);
        let m = Arc::new(Mutex::new(()));
        let wg = WaitGroup::new();
        wg.add(1);
        let guard = m.clone().lock_owned().await;
        let n = 4 * gaggle::runtime::num_workers() as u32;
        for i in 0..n {
            let (rx, back, m, wg) = (rx.clone(), back.clone(), m.clone(), wg.clone());
            drop(go(async move {
                match i % 4 {
                    0 => _ = rx.recv_blocking().unwrap(),
                    1 => drop(m.lock_blocking()),
                    2 => wg.wait_blocking(),
                    _ => block_on(go(sleep(Duration::from_micros(100)))).unwrap(),
                }
                back.send_blocking(i).unwrap();
            }));
        }
        for i in 0..n / 4 {
            tx.send(i).await.unwrap();
        }
        drop(guard);
        wg.done();
        let mut seen = vec![false; n as usize];
        for _ in 0..n {
            seen[answers.recv().await.unwrap() as usize] = true;
        }
        assert!(seen.into_iter().all(|s| s));
    });
}

#[test]
fn rx_07_block_on_nests_and_goroutines_run_meanwhile() {
    on_workers(|rt| {
        let deep =
            rt.block_on(async {
                block_on(async {
                    go(async {
                        block_on(async { go(async { block_on(async { 5 }) }).await.unwrap() })
                    })
                    .await
                })
            });
        assert_eq!(deep.unwrap(), 5);
    });
}

#[test]
fn rx_07_threads_and_goroutines_meet_in_one_channel() {
    on_workers(|rt| {
        let n = rounds(500);
        for capacity in [0, 3] {
            let (tx, rx) = chan::bounded(capacity);
            let thread = thread::spawn({
                let tx = tx.clone();
                move || (0..n).for_each(|i| tx.send_blocking(i).unwrap())
            });
            let goroutine = rt.go(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            });
            let other = thread::spawn({
                let rx = rx.clone();
                move || rx.iter().sum::<u64>()
            });
            let sum = rt.block_on(rt.go(async move {
                let mut sum = 0;
                while let Ok(i) = rx.recv().await {
                    sum += i;
                }
                sum
            }));
            assert_eq!(sum.unwrap() + other.join().unwrap(), n * (n - 1));
            thread.join().unwrap();
            rt.block_on(goroutine).unwrap();
        }
    });
}
