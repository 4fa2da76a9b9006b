//! The scheduler: semantics.md GO-04 to GO-09, GO-11, GO-15.
//!
//! GO-10 (run queues) is held by the unit tests and models of `gaggle-rt/src/sched/ring.rs`.
//! GO-06 is held for goroutines that call gaggle (TI-20 in `timers.rs` too).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{
    child, in_goroutine, in_goroutine_and_sim, is_child, on_workers, rounds, said, sized, until,
    until_yielding,
};
use gaggle::runtime::{Runtime, num_workers};
use gaggle::time::sleep;
use gaggle::{blocking, chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[test]
fn go_04_a_loop_of_try_recv_and_yield_lets_a_blocking_send_through() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(100) {
            let (tx, rx) = chan::bounded(0);
            let sender = go(async move { tx.send(7).await });
            let received = loop {
                match rx.try_recv() {
                    Ok(n) => break n,
                    Err(error) => assert!(error.is_empty()),
                }
                yield_now().await;
            };
            assert_eq!(received, 7);
            sender.await.unwrap().unwrap();
        }
    });
}

/// A token goes round `n` goroutines, none of which ever gives way: they all have to run at the same moment.
async fn spin_round(n: usize, laps: usize, nested: bool) {
    let token = Arc::new(AtomicUsize::new(0));
    let mut handles = Vec::new();
    for me in 0..n {
        let token = token.clone();
        let member = async move {
            for lap in 0..laps {
                while token.load(SeqCst) != lap * n + me {
                    std::thread::yield_now();
                }
                token.fetch_add(1, SeqCst);
            }
        };
        handles.push(if nested {
            go(async move { go(member).await.unwrap() })
        } else {
            go(member)
        });
    }
    for handle in handles {
        handle.await.unwrap();
    }
    assert_eq!(token.load(SeqCst), n * laps);
}

#[test]
fn go_05_as_many_goroutines_as_workers_run_at_the_same_moment() {
    on_workers(|rt| {
        for round in 0..10 {
            let n = rt.metrics().workers;
            // From a plain thread, so that all workers are free for the members.
            rt.block_on(spin_round(n, 20, round % 2 == 1));
        }
    });
}

#[test]
fn go_05_also_after_the_workers_have_slept() {
    on_workers(|rt| {
        for _ in 0..5 {
            let (parks, n) = (rt.metrics().parks, rt.metrics().workers);
            rt.block_on(async { go(async {}).await.unwrap() });
            until(|| rt.metrics().parks > parks);
            rt.block_on(spin_round(n, 20, false));
        }
    });
}

#[test]
fn go_06_a_goroutine_that_always_finds_its_channel_ready_shares_the_worker() {
    in_goroutine_and_sim(|| async {
        let stop = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> = (0..sized(8, 2))
            .map(|_| {
                let stop = stop.clone();
                go(async move {
                    let (tx, rx) = chan::bounded(1);
                    while !stop.load(SeqCst) {
                        tx.send(()).await.unwrap();
                        rx.recv().await.unwrap();
                    }
                })
            })
            .collect();
        for _ in 0..sized(20, 3) {
            yield_now().await;
        }
        stop.store(true, SeqCst);
        for hog in hogs {
            hog.await.unwrap();
        }
    });
}

/// Two goroutines that hand a token to and fro and do `work` units each time. Counts the units.
fn pair(work: u64, units: &Arc<AtomicU64>, stop: &Arc<AtomicBool>) {
    let (a, from_a) = chan::bounded::<()>(0);
    let (b, from_b) = chan::bounded::<()>(0);
    for (tx, rx, first) in [(a, from_b, true), (b, from_a, false)] {
        let (units, stop) = (units.clone(), stop.clone());
        drop(go(async move {
            if first {
                tx.send(()).await.unwrap();
            }
            while rx.recv().await.is_ok() && !stop.load(SeqCst) {
                for i in 0..work {
                    std::hint::black_box(i);
                }
                units.fetch_add(work, SeqCst);
                if tx.send(()).await.is_err() {
                    return;
                }
            }
        }));
    }
}

#[test]
fn go_07_a_pair_that_works_much_and_a_pair_that_works_little_share_one_worker() {
    common::watched("the ping-pong of a hog", || {
        let rt = Runtime::builder().workers(1).build().unwrap();
        let hog = Arc::new(AtomicU64::new(0));
        let light = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        rt.block_on(async {
            pair(1_000_000, &hog, &stop);
            pair(1_000, &light, &stop);
        });
        // Some forty slices each, so that a slice that the system's other work has cut short does not decide.
        // In small steps: when everything stands still, one of them is all that is lost.
        for _ in 0..150 {
            std::thread::sleep(Duration::from_millis(10));
        }
        stop.store(true, SeqCst);
        let (hog, light) = (hog.load(SeqCst), light.load(SeqCst));
        eprintln!("units of work: hog {hog}, light {light}");
        assert!(
            hog <= 5 * light && light <= 5 * hog,
            "more than 5 times apart: hog {hog}, light {light}"
        );
    });
}

#[test]
fn go_08_a_blocking_call_takes_no_run_queue_with_it() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded::<()>(0);
        let workers = num_workers();
        let blocked: Vec<_> = (0..2 * workers)
            .map(|_| {
                let rx = rx.clone();
                go(async move { blocking(|| rx.recv_blocking()) })
            })
            .collect();
        // All of them block at once, more than there are workers, and we still run.
        for _ in 0..blocked.len() {
            tx.send(()).await.unwrap();
        }
        for handle in blocked {
            handle.await.unwrap().unwrap();
        }
    });
}

#[test]
fn go_08_goroutines_in_back_to_back_blocking_calls_notice_a_stop_flag() {
    in_goroutine(|| async {
        let stop = Arc::new(AtomicBool::new(false));
        let handles: Vec<_> = (0..8)
            .map(|i| {
                let stop = stop.clone();
                go(async move {
                    let nap = Duration::from_micros([10, 100, 1000][i % 3]);
                    while !stop.load(SeqCst) {
                        blocking(|| std::thread::sleep(nap));
                        yield_now().await;
                    }
                })
            })
            .collect();
        sleep(Duration::from_millis(20)).await;
        stop.store(true, SeqCst);
        let start = Instant::now();
        for handle in handles {
            handle.await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn go_09_a_goroutine_that_starts_itself_anew_for_ever_stalls_nobody() {
    fn again(count: Arc<AtomicU64>) {
        drop(go(async move {
            count.fetch_add(1, SeqCst);
            again(count);
        }));
    }
    in_goroutine(|| async {
        let count = Arc::new(AtomicU64::new(0));
        again(count.clone());
        let (tx, rx) = chan::bounded(0);
        let echo = go(async move {
            for i in 0..1_000 {
                assert_eq!(rx.recv().await, Ok(i));
            }
        });
        for i in 0..1_000 {
            tx.send(i).await.unwrap();
        }
        echo.await.unwrap();
        until_yielding(|| count.load(SeqCst) > 1_000).await;
        // The runtime ends while it goes on: nothing stops the world for ever.
    });
}

#[test]
fn go_11_a_sleeping_worker_is_woken_promptly_and_not_by_its_next_timer() {
    on_workers(|rt| {
        // With a timer far away, so that a worker that sleeps has a time at which it would wake up.
        drop(rt.go(sleep(Duration::from_secs(3600))));
        let mut best = Duration::MAX;
        for _ in 0..20 {
            let parks = rt.metrics().parks;
            rt.block_on(rt.go(async {})).unwrap();
            until(|| rt.metrics().parks > parks);
            let start = Instant::now();
            rt.block_on(rt.go(async {})).unwrap();
            let took = start.elapsed();
            assert!(took < Duration::from_secs(10), "{took:?}");
            best = best.min(took);
        }
        assert!(best < Duration::from_millis(50), "at best {best:?}");
    });
}

#[test]
fn go_15_the_number_of_workers_can_be_read_and_1024_is_accepted() {
    on_workers(|rt| {
        assert_eq!(rt.block_on(async { num_workers() }), rt.metrics().workers);
    });
    let rt = Runtime::builder().workers(1024).build().unwrap();
    let handle = rt.go(async { num_workers() });
    assert_eq!(handle.join_blocking().unwrap(), 1024);
}

#[test]
fn go_15_a_number_of_workers_that_cannot_be_is_refused() {
    for workers in [0, 1025, usize::MAX] {
        let error = Runtime::builder().workers(workers).build().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput);
    }
}

#[gaggle::main]
async fn main_that_counts_its_workers() {
    println!("workers: {}.", num_workers());
}

#[test]
fn go_15_the_default_comes_from_the_environment() {
    const NAME: &str = "go_15_the_default_comes_from_the_environment";
    if is_child() {
        return main_that_counts_its_workers();
    }
    let three = child(NAME, &[("GAGGLE_WORKERS", "3")]);
    assert!(three.status.success(), "{}", said(&three));
    assert!(said(&three).contains("workers: 3."), "{}", said(&three));
    let cpus = std::thread::available_parallelism().unwrap();
    let default = child(NAME, &[("GAGGLE_WORKERS", "")]);
    assert!(
        said(&default).contains(&format!("workers: {cpus}.")),
        "{}",
        said(&default)
    );
    let rubbish = child(NAME, &[("GAGGLE_WORKERS", "many")]);
    assert!(!rubbish.status.success());
    assert!(
        said(&rubbish).contains("GAGGLE_WORKERS"),
        "{}",
        said(&rubbish)
    );
}
