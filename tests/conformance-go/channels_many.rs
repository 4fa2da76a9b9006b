//! Channels under many goroutines at once: semantics.md CH-04, CH-13, CH-15, CH-17, CH-18.

#![allow(clippy::disallowed_methods, reason = "real time is what is tested")]

mod common;

use common::{Polled, child, in_goroutine_and_sim, is_child, rounds, said, sized};
use futures::FutureExt as _;
use gaggle::sync::WaitGroup;
use gaggle::time::timeout;
use gaggle::{chan, go, select};
use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[test]
fn ch_04_four_senders_and_four_receivers_lose_and_invent_nothing() {
    in_goroutine_and_sim(|| async {
        let values = sized(1_000, 5);
        for capacity in [
            None,
            Some(0),
            Some(1),
            Some(2),
            Some(3),
            Some(10),
            Some(100),
            Some(199),
        ]
        .into_iter()
        .take(sized(8, 3))
        {
            let (tx, rx) = capacity.map_or_else(chan::unbounded, chan::bounded);
            for _ in 0..4 {
                let tx = tx.clone();
                drop(go(async move {
                    for i in 0..values {
                        tx.send(i).await.unwrap();
                    }
                }));
            }
            drop(tx);
            let receivers: Vec<_> = (0..4)
                .map(|_| {
                    let rx = rx.clone();
                    go(async move {
                        let mut seen = vec![0_u8; values];
                        while let Ok(i) = rx.recv().await {
                            seen[i] += 1;
                        }
                        seen
                    })
                })
                .collect();
            let mut total = vec![0; values];
            for receiver in receivers {
                let seen = receiver.await.unwrap();
                total.iter_mut().zip(seen).for_each(|(t, s)| *t += s);
            }
            assert!(total.iter().all(|n| *n == 4), "capacity {capacity:?}");
        }
    });
}

#[test]
fn ch_13_range_over_a_channel_yields_until_it_is_closed_and_drained() {
    in_goroutine_and_sim(|| async {
        let workers = sized(23, 4);
        // A tenth of Go's number, times GAGGLE_STRESS.
        let items = rounds(27_182);
        let (queue, jobs) = chan::bounded(0);
        let (results, sums) = chan::bounded(workers);
        let wg = WaitGroup::new();
        for _ in 0..workers {
            let (jobs, results) = (jobs.clone(), results.clone());
            drop(wg.go(async move {
                let mut sum = 0;
                while let Ok(n) = jobs.recv().await {
                    sum += n;
                }
                results.send(sum).await.unwrap();
            }));
        }
        for n in 1..=items {
            queue.send(n).await.unwrap();
        }
        assert!(queue.close());
        wg.wait().await;
        assert!(results.close());
        let mut sum = 0_u64;
        while let Ok(n) = sums.recv().await {
            sum += n;
        }
        assert_eq!(sum, items * (items + 1) / 2);
    });
}

#[test]
fn ch_15_any_number_of_goroutines_use_both_ends_with_length_and_capacity() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded(3);
        let stop = Arc::new(AtomicBool::new(false));
        let watchers: Vec<_> = (0..2)
            .map(|_| {
                let (tx, rx, stop) = (tx.clone(), rx.clone(), stop.clone());
                go(async move {
                    while !stop.load(SeqCst) {
                        assert!(tx.len() <= 3 && rx.len() <= 3);
                        assert_eq!((tx.capacity(), rx.capacity()), (Some(3), Some(3)));
                        assert!(!tx.is_closed());
                        gaggle::yield_now().await;
                    }
                })
            })
            .collect();
        let n = sized(10, 3);
        let sent = rounds(400);
        let senders: Vec<_> = (0..n)
            .map(|_| {
                let tx = tx.clone();
                go(async move {
                    for i in 0..sent {
                        // The ends are cloned and dropped meanwhile.
                        tx.clone().send(i).await.unwrap();
                    }
                })
            })
            .collect();
        let sum = Arc::new(AtomicU64::new(0));
        let receivers: Vec<_> = (0..n)
            .map(|_| {
                let (rx, sum) = (rx.clone(), sum.clone());
                go(async move {
                    for _ in 0..sent {
                        sum.fetch_add(rx.clone().recv().await.unwrap(), SeqCst);
                    }
                })
            })
            .collect();
        for handle in senders.into_iter().chain(receivers) {
            handle.await.unwrap();
        }
        stop.store(true, SeqCst);
        for watcher in watchers {
            watcher.await.unwrap();
        }
        assert_eq!(sum.load(SeqCst), n * (sent * (sent - 1) / 2));
    });
}

/// The time for `n` turns of "wake the first of `n` waiters, who enqueues again, and one from the middle gives up and comes back".
fn time_of_turns(n: usize) -> Duration {
    let (tx, rx) = chan::bounded(0);
    let mut waiting: VecDeque<_> = (0..n).map(|_| Polled::parked(rx.recv())).collect();
    let start = Instant::now();
    for i in 0..n {
        tx.try_send(i).unwrap();
        assert_eq!(waiting.pop_front().unwrap().woken(), Ok(i));
        waiting.push_back(Polled::parked(rx.recv()));
        drop(waiting.swap_remove_back(n / 2));
        waiting.push_back(Polled::parked(rx.recv()));
    }
    start.elapsed()
}

#[test]
fn ch_17_waking_one_of_many_waiters_costs_the_same_whatever_their_number() {
    // Quadratic cost would be a factor of four. The machine may be busy: one good try of ten is proof enough.
    let ratios: Vec<f64> = (0..10)
        .map(|_| time_of_turns(4_000).as_secs_f64() / time_of_turns(2_000).as_secs_f64())
        .collect();
    assert!(ratios.iter().any(|ratio| *ratio < 3.0), "{ratios:?}");
}

/// Counts the bytes that are in use. The process's resident memory would count stacks too, of threads that stand in for a worker which the system has put aside.
struct Counting;

static IN_USE: AtomicUsize = AtomicUsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size(), SeqCst);
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size(), SeqCst);
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[gaggle::main(workers = 1)]
async fn abandon_100_000_receives() {
    let (tx, rx) = chan::bounded::<u64>(0);
    let abandon = async |n: u32| {
        for _ in 0..n {
            assert!(timeout(Duration::ZERO, rx.recv()).await.is_err());
            assert!(timeout(Duration::ZERO, tx.send(1)).await.is_err());
            // One that waits on both sides of a channel never meets itself (SE-12).
            let both = async {
                select! { v = rx.recv() => v.is_ok(), s = tx.send(1) => s.is_ok() }
            };
            assert!(both.now_or_never().is_none());
        }
    };
    abandon(10_000).await;
    let before = IN_USE.load(SeqCst);
    abandon(100_000).await;
    let after = IN_USE.load(SeqCst);
    // Go's own allowance.
    assert!(after < before + 110_000, "from {before} to {after} bytes");
}

#[test]
fn ch_17_operations_given_up_on_a_channel_that_lives_on_leave_no_memory_behind() {
    const NAME: &str =
        "ch_17_operations_given_up_on_a_channel_that_lives_on_leave_no_memory_behind";
    if is_child() {
        return abandon_100_000_receives();
    }
    let output = child(NAME, &[]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn ch_18_values_arrive_intact_under_memory_churn() {
    in_goroutine_and_sim(|| async {
        let trips = rounds(100);
        let handles: Vec<_> = (0..sized(100_u64, 4))
            .map(|me| {
                go(async move {
                    let (there, from) = chan::bounded::<Vec<u64>>(0);
                    let (to, back) = chan::bounded::<Vec<u64>>(0);
                    let echo = go(async move {
                        while let Ok(values) = from.recv().await {
                            // A copy elsewhere; the original is freed here.
                            to.send(values.iter().rev().copied().collect())
                                .await
                                .unwrap();
                        }
                    });
                    for trip in 0..trips {
                        let values: Vec<u64> =
                            (0..=(me + trip) % 40).map(|i| (i * me) ^ trip).collect();
                        there.send(values.clone()).await.unwrap();
                        let churn = vec![trip; 100];
                        let mut received = back.recv().await.unwrap();
                        received.reverse();
                        assert_eq!(received, values);
                        drop(churn);
                    }
                    drop(there);
                    echo.await.unwrap();
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}
