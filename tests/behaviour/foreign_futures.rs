//! Channels, locks and timers under `futures::executor`, which knows nothing of gaggle.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{rounds, watched};
use futures::executor::{LocalPool, block_on};
use futures::future::{Either, join_all, join3, select};
use futures::stream::FuturesUnordered;
use futures::task::LocalSpawnExt as _;
use futures::{FutureExt as _, StreamExt as _, select_biased};
use gaggle::chan::{self, RecvError};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::{Instant, sleep, timeout};
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

#[test]
fn block_on_drives_channels_of_every_kind() {
    watched("futures::executor::block_on", || {
        for (tx, rx) in [chan::bounded(0), chan::bounded(3), chan::unbounded()] {
            let n = rounds(500);
            let (sent, sum, other) = block_on(join3(
                async {
                    for i in 0..n {
                        tx.send(i).await.unwrap();
                    }
                    tx.close()
                },
                async {
                    let mut sum = 0;
                    while let Ok(i) = rx.recv().await {
                        sum += i;
                    }
                    sum
                },
                async {
                    let mut sum = 0;
                    while let Ok(i) = rx.recv().await {
                        sum += i;
                    }
                    sum
                },
            ));
            assert!(sent);
            assert_eq!(sum + other, n * (n - 1) / 2);
        }
    });
}

#[test]
fn two_foreign_threads_meet_in_a_channel() {
    watched("two executors", || {
        let n = rounds(2_000);
        for capacity in [0, 2] {
            let (tx, rx) = chan::bounded(capacity);
            let thread = thread::spawn(move || {
                block_on(async move {
                    for i in 0..n {
                        tx.send(i).await.unwrap();
                    }
                });
            });
            block_on(async {
                for i in 0..n {
                    assert_eq!(rx.recv().await, Ok(i));
                }
                assert_eq!(rx.recv().await, Err(RecvError));
            });
            thread.join().unwrap();
        }
    });
}

#[test]
fn a_local_pool_runs_tasks_that_are_not_send() {
    watched("LocalPool", || {
        let mut pool = LocalPool::new();
        let spawner = pool.spawner();
        let (tx, rx) = chan::bounded(1);
        let total = Rc::new(std::cell::Cell::new(0));
        for i in 0..10_u32 {
            let tx = tx.clone();
            spawner
                .spawn_local(async move {
                    for k in 0..10 {
                        tx.send(i * k).await.unwrap();
                    }
                })
                .unwrap();
        }
        drop(tx);
        let sum = total.clone();
        spawner
            .spawn_local(async move {
                while let Ok(n) = rx.recv().await {
                    sum.set(sum.get() + n);
                }
            })
            .unwrap();
        pool.run();
        assert_eq!(total.get(), 45 * 45);
    });
}

#[test]
fn futures_unordered_holds_many_operations_at_once() {
    watched("FuturesUnordered", || {
        block_on(async {
            let (tx, rx) = chan::bounded(0);
            let mut recvs: FuturesUnordered<_> = (0..100).map(|_| rx.recv()).collect();
            // Polled once, all of them wait.
            assert!(recvs.next().now_or_never().is_none());
            let sends = join_all((0..100).map(|i| tx.send(i)));
            let (sent, received) = futures::join!(sends, async {
                let mut received = Vec::new();
                while let Some(value) = recvs.next().await {
                    received.push(value.unwrap());
                }
                received
            });
            assert!(sent.into_iter().all(|s| s.is_ok()));
            let mut sorted = received.clone();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..100).collect::<Vec<_>>());
        });
    });
}

#[test]
fn a_select_of_two_receives_loses_nothing() {
    watched("select of two receives", || {
        let n = rounds(1_000);
        let (a, from_a) = chan::bounded(0);
        let (b, from_b) = chan::bounded(1);
        let threads = [(a, 0), (b, 1_000_000)].map(|(tx, base)| {
            thread::spawn(move || {
                block_on(async move {
                    for i in 0..n {
                        tx.send(base + i).await.unwrap();
                    }
                });
            })
        });
        block_on(async {
            let (mut next_a, mut next_b) = (0, 1_000_000);
            while next_a < n || next_b < 1_000_000 + n {
                // The loser is dropped, in each round, perhaps with a value already in its hands.
                let first = {
                    match select(pin!(from_a.recv()), pin!(from_b.recv())).await {
                        Either::Left((received, _)) => received.map_err(|RecvError| 'a'),
                        Either::Right((received, _)) => received.map_err(|RecvError| 'b'),
                    }
                };
                let value = match first {
                    Ok(value) => value,
                    Err('a') => from_b.recv().await.unwrap(),
                    Err(_) => from_a.recv().await.unwrap(),
                };
                let next = if value < 1_000_000 {
                    &mut next_a
                } else {
                    &mut next_b
                };
                assert_eq!(value, *next);
                *next += 1;
            }
        });
        threads.into_iter().for_each(|t| t.join().unwrap());
    });
}

#[test]
fn the_macros_of_futures_take_receivers_as_streams() {
    watched("select_biased!", || {
        block_on(async {
            let (a, mut from_a) = chan::bounded(10);
            let (b, mut from_b) = chan::bounded(10);
            for i in 0..10 {
                a.send(i).await.unwrap();
                b.send(100 + i).await.unwrap();
            }
            drop((a, b));
            let mut received = Vec::new();
            loop {
                select_biased! {
                    n = from_a.select_next_some() => received.push(n),
                    n = from_b.select_next_some() => received.push(n),
                    complete => break,
                }
            }
            assert_eq!(received, (0..10).chain(100..110).collect::<Vec<_>>());
        });
    });
}

#[test]
fn locks_and_groups_work_between_foreign_executors() {
    watched("locks under a foreign executor", || {
        let m = Arc::new(Mutex::new(0_u64));
        let wg = WaitGroup::new();
        let n = rounds(500);
        for _ in 0..3 {
            let (m, guard) = (m.clone(), wg.guard());
            thread::spawn(move || {
                block_on(async move {
                    for _ in 0..n {
                        *m.lock().await += 1;
                    }
                    drop(guard);
                });
            });
        }
        block_on(wg.wait());
        assert_eq!(*block_on(m.lock()), 3 * n);
    });
}

#[test]
fn timers_and_goroutines_serve_a_foreign_executor() {
    watched("timers under a foreign executor", || {
        let start = Instant::now();
        block_on(async {
            sleep(Duration::from_millis(3)).await;
            assert!(start.elapsed() >= Duration::from_millis(3));
            let (tx, rx) = chan::bounded::<u32>(0);
            assert!(timeout(Duration::from_millis(1), rx.recv()).await.is_err());
            let handle = gaggle::go(async move { tx.send(4).await });
            assert_eq!(rx.recv().await, Ok(4));
            handle.await.unwrap().unwrap();
            join_all((0..50).map(|i| sleep(Duration::from_micros(100 * i)))).await;
        });
    });
}
