//! Channels, locks, timers and goroutines in tokio's tasks.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{rounds, watched};
use futures::StreamExt as _;
use gaggle::chan::{self, RecvError};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::{Instant, sleep};
use std::sync::Arc;
use std::time::Duration;

/// Runs `body` under tokio, with its scheduler of several threads and with that of one.
fn under_tokio<B, F>(body: B)
where
    B: Fn() -> F + Send + 'static,
    F: Future<Output = ()>,
{
    watched("tokio", move || {
        for threads in [1, 2, 4] {
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            builder.worker_threads(threads).enable_time();
            builder.build().unwrap().block_on(body());
        }
        let mut builder = tokio::runtime::Builder::new_current_thread();
        builder.enable_time().build().unwrap().block_on(body());
    });
}

#[test]
fn channels_carry_values_between_tokio_tasks() {
    under_tokio(|| async {
        let n = rounds(300);
        for (tx, rx) in [chan::bounded(0), chan::bounded(3), chan::unbounded()] {
            for _ in 0..4 {
                let tx = tx.clone();
                tokio::spawn(async move {
                    for i in 0..n {
                        tx.send(i).await.unwrap();
                    }
                });
            }
            drop(tx);
            let receivers: Vec<_> = (0..4)
                .map(|_| {
                    let rx = rx.clone();
                    tokio::spawn(async move { rx.fold(0, async |sum, i| sum + i).await })
                })
                .collect();
            let mut total = 0;
            for receiver in receivers {
                total += receiver.await.unwrap();
            }
            assert_eq!(total, 4 * (n * (n - 1) / 2));
        }
    });
}

#[test]
fn tokio_select_gives_receives_up_and_loses_nothing() {
    under_tokio(|| async {
        let n = rounds(500);
        let (a, from_a) = chan::bounded(0);
        let (b, from_b) = chan::bounded(2);
        for tx in [a, b] {
            tokio::spawn(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            });
        }
        let (mut a, mut b) = (0, 0);
        while a < n || b < n {
            tokio::select! {
                Ok(i) = from_a.recv() => { assert_eq!(i, a); a += 1; }
                Ok(i) = from_b.recv() => { assert_eq!(i, b); b += 1; }
                () = tokio::time::sleep(Duration::from_micros(50)) => {}
            }
        }
        assert_eq!(from_a.recv().await, Err(RecvError));
    });
}

#[test]
fn tokio_timeouts_and_aborts_leave_no_trace_in_a_channel() {
    under_tokio(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        assert!(
            tokio::time::timeout(Duration::from_millis(1), rx.recv())
                .await
                .is_err()
        );
        assert!(
            tokio::time::timeout(Duration::from_millis(1), tx.send(1))
                .await
                .is_err()
        );
        let parked = {
            let rx = rx.clone();
            tokio::spawn(async move { rx.recv().await })
        };
        tokio::task::yield_now().await;
        parked.abort();
        let _ = parked.await;
        assert!(tx.try_send(2).unwrap_err().is_full());
        let receiver = tokio::spawn(async move { rx.recv().await });
        tx.send(3).await.unwrap();
        assert_eq!(receiver.await.unwrap(), Ok(3));
    });
}

#[test]
fn locks_and_groups_work_in_tokio_tasks() {
    under_tokio(|| async {
        let m = Arc::new(Mutex::new(0));
        let wg = WaitGroup::new();
        for _ in 0..8 {
            let (m, guard) = (m.clone(), wg.guard());
            tokio::spawn(async move {
                for i in 0..rounds(100) {
                    let mut value = m.lock().await;
                    *value += 1;
                    if i % 10 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                drop(guard);
            });
        }
        wg.wait().await;
        assert_eq!(*m.lock().await, 8 * rounds(100));
    });
}

#[test]
fn gaggle_keeps_the_time_for_tokio_tasks() {
    under_tokio(|| async {
        let tasks: Vec<_> = (0..20)
            .map(|i| {
                tokio::spawn(async move {
                    let (asked, start) = (Duration::from_micros(200 * i), Instant::now());
                    sleep(asked).await;
                    assert!(start.elapsed() >= asked);
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
    });
}

#[test]
fn goroutines_and_tokio_tasks_talk_to_each_other() {
    under_tokio(|| async {
        let n = rounds(200);
        let (there, from) = chan::bounded(0);
        let (to, back) = chan::bounded(0);
        let goroutine = gaggle::go(async move {
            while let Ok(i) = from.recv().await {
                to.send(i + 1).await.unwrap();
            }
            "done"
        });
        for i in 0..n {
            there.send(i).await.unwrap();
            assert_eq!(back.recv().await, Ok(i + 1));
        }
        drop(there);
        assert_eq!(goroutine.await.unwrap(), "done");
        let panicking: gaggle::JoinHandle<()> = gaggle::go(async { panic!("told to tokio") });
        assert!(panicking.await.unwrap_err().is_panic());
    });
}

#[test]
fn tokio_inside_a_goroutine() {
    watched("tokio inside a goroutine", || {
        let handle = gaggle::go(async {
            let (tx, rx) = chan::bounded(0);
            let rt = tokio::runtime::Builder::new_current_thread()
                .build()
                .unwrap();
            let thread = gaggle::go(async move { tx.send(5).await });
            let received = gaggle::blocking(|| rt.block_on(rx.recv()));
            thread.await.unwrap().unwrap();
            received
        });
        assert_eq!(handle.join_blocking().unwrap(), Ok(5));
    });
}
