//! Goroutines and scheduling: semantics.md GO-01 to GO-05, GO-07, GO-09, GO-11, GO-15.
//!
//! GO-10 (run queues) is held by the unit tests and models of `gaggle-rt/src/sched/ring.rs`.
//! GO-06 is held here as far as goroutines that call gaggle go (TI-20 in `timers.rs` too); GO-08 by `blocking` below.
//! Not here: GO-12 and GO-13 (locked threads), GO-14 (goexit): not built yet.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{child, in_goroutine, is_child, on_workers, rounds, said, until, until_yielding};
use gaggle::runtime::{Runtime, num_goroutines, num_workers};
use gaggle::time::sleep;
use gaggle::{blocking, chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

#[test]
fn go_01_function_and_arguments_are_evaluated_by_the_caller() {
    fn start(log: &mut Vec<&'static str>) -> impl Future<Output = usize> + Send + use<> {
        log.push("evaluated");
        let before = log.len();
        async move { before }
    }
    in_goroutine(|| async {
        let mut log = Vec::new();
        let handle = go(start(&mut log));
        assert_eq!(log, ["evaluated"]);
        assert_eq!(handle.await.unwrap(), 1);
    });
}

#[test]
fn go_01_a_result_may_be_ignored_and_the_goroutine_runs_all_the_same() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(0);
        drop(go(async move {
            tx.send("ran").await.unwrap();
            String::from("a result that nobody wants")
        }));
        assert_eq!(rx.recv().await, Ok("ran"));
    });
}

#[gaggle::main]
async fn main_that_waits_for_nobody() {
    let (tx, rx) = chan::bounded::<()>(0);
    let counter = Arc::new(AtomicU64::new(0));
    for _ in 0..3 {
        let counter = counter.clone();
        drop(go(async move {
            loop {
                counter.fetch_add(1, SeqCst);
                yield_now().await;
            }
        }));
        let rx = rx.clone();
        drop(go(async move { rx.recv().await }));
        drop(go(async { sleep(Duration::from_secs(3600)).await }));
    }
    until_yielding(|| counter.load(SeqCst) > 10).await;
    println!("main returns");
    drop(tx);
}

#[test]
fn go_02_when_main_returns_the_program_ends_and_waits_for_nobody() {
    if is_child() {
        return main_that_waits_for_nobody();
    }
    let output = child(
        "go_02_when_main_returns_the_program_ends_and_waits_for_nobody",
        &[],
    );
    assert!(output.status.success(), "{}", said(&output));
    assert!(said(&output).contains("main returns"));
}

#[test]
fn go_02_a_runtime_that_ends_drops_goroutines_and_does_not_wait() {
    on_workers(|_| {
        struct Flag(Arc<AtomicUsize>);
        impl Drop for Flag {
            fn drop(&mut self) {
                self.0.fetch_add(1, SeqCst);
            }
        }
        let dropped = Arc::new(AtomicUsize::new(0));
        let rt = Runtime::builder().workers(2).build().unwrap();
        for i in 0..100_u64 {
            let flag = Flag(dropped.clone());
            drop(rt.go(async move {
                let _flag = flag;
                sleep(Duration::from_secs(3600 + i)).await;
            }));
        }
        drop(rt);
        assert_eq!(dropped.load(SeqCst), 100);
    });
}

#[test]
fn go_03_a_daisy_chain_of_10_000_goroutines_passes_a_value_and_ends() {
    in_goroutine(|| async {
        const N: u64 = 10_000;
        let (first, mut right) = chan::bounded::<u64>(0);
        let before = num_goroutines();
        let mut links = Vec::new();
        for _ in 0..N {
            let (tx, rx) = chan::bounded(0);
            let from = std::mem::replace(&mut right, rx);
            links.push(go(async move {
                let n = from.recv().await.unwrap();
                tx.send(n + 1).await.unwrap();
            }));
        }
        let last = go(async move { right.recv().await.unwrap() });
        first.send(0).await.unwrap();
        assert_eq!(last.await.unwrap(), N);
        for link in links {
            link.await.unwrap();
        }
        until_yielding(|| num_goroutines() <= before).await;
    });
}

#[test]
fn go_03_a_prime_sieve_of_pipelines_is_exact() {
    in_goroutine(|| async {
        let (tx, mut numbers) = chan::bounded(0);
        drop(go(async move {
            for n in 2_u32.. {
                if tx.send(n).await.is_err() {
                    return;
                }
            }
        }));
        let mut primes = Vec::new();
        for _ in 0..80 {
            let prime = numbers.recv().await.unwrap();
            primes.push(prime);
            let (tx, rest) = chan::bounded(0);
            let from = std::mem::replace(&mut numbers, rest);
            drop(go(async move {
                while let Ok(n) = from.recv().await {
                    if n % prime != 0 && tx.send(n).await.is_err() {
                        return;
                    }
                }
            }));
        }
        let is_prime = |n: &u32| (2..*n).all(|d| !n.is_multiple_of(d));
        let expected: Vec<u32> = (2..).filter(is_prime).take(80).collect();
        assert_eq!(primes, expected);
        // The last receiver goes, and with it, one after the other, the whole pipeline.
        drop(numbers);
        until_yielding(|| num_goroutines() == 1).await;
    });
}

#[test]
fn go_03_a_power_series_that_feeds_itself_is_exact() {
    // exp = 1 + the integral of exp: each coefficient comes out of a loop of three goroutines.
    in_goroutine(|| async {
        let (terms, series) = chan::bounded::<u64>(0);
        let (copy, feedback) = chan::bounded::<u64>(0);
        let (out, result) = chan::bounded::<u64>(0);
        drop(go(async move {
            let mut divisor = 1;
            terms.send(1).await?;
            while let Ok(factorial) = feedback.recv().await {
                terms.send(factorial * divisor).await?;
                divisor += 1;
            }
            Ok::<_, chan::SendError<u64>>(())
        }));
        drop(go(async move {
            while let Ok(term) = series.recv().await {
                if out.send(term).await.is_err() || copy.send(term).await.is_err() {
                    return;
                }
            }
        }));
        let mut factorial = 1;
        for n in 0..=19 {
            factorial *= n.max(1);
            assert_eq!(
                result.recv().await,
                Ok(factorial),
                "the coefficient of x^{n}"
            );
        }
    });
}

#[test]
fn go_04_a_loop_of_try_recv_and_yield_lets_a_blocking_send_through() {
    in_goroutine(|| async {
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
    fn member(
        me: usize,
        n: usize,
        laps: usize,
        token: Arc<AtomicUsize>,
    ) -> impl Future<Output = ()> {
        async move {
            for lap in 0..laps {
                while token.load(SeqCst) != lap * n + me {
                    std::thread::yield_now();
                }
                token.fetch_add(1, SeqCst);
            }
        }
    }
    let token = Arc::new(AtomicUsize::new(0));
    let mut handles = Vec::new();
    for me in 0..n {
        let token = token.clone();
        handles.push(if nested {
            go(async move { go(member(me, n, laps, token)).await.unwrap() })
        } else {
            go(member(me, n, laps, token))
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
    in_goroutine(|| async {
        let stop = Arc::new(AtomicBool::new(false));
        let hogs: Vec<_> = (0..8)
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
        for _ in 0..20 {
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
        // The work of one turn is scaled to the build, so that a time slice holds several turns of the hog as well.
        let big = if cfg!(debug_assertions) {
            100_000
        } else {
            1_000_000
        };
        let rt = Runtime::builder().workers(1).build().unwrap();
        let hog = Arc::new(AtomicU64::new(0));
        let light = Arc::new(AtomicU64::new(0));
        let stop = Arc::new(AtomicBool::new(false));
        rt.block_on(async {
            pair(big, &hog, &stop);
            pair(big / 1_000, &light, &stop);
            sleep(Duration::from_millis(400)).await;
            stop.store(true, SeqCst);
        });
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
    in_goroutine(|| async {
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
        assert!(start.elapsed() < Duration::from_secs(5));
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
