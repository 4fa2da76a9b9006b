//! Goroutines: semantics.md GO-01 to GO-03. The scheduler's rows (GO-04 and on) are in `scheduler.rs`.
//! GO-12 and GO-13 are in `locked.rs`.

mod common;

use common::{
    child, in_goroutine, in_goroutine_and_sim, is_child, on_workers, said, sized, until_yielding,
};
use futures::StreamExt as _;
use gaggle::runtime::{Runtime, num_goroutines};
use gaggle::time::sleep;
use gaggle::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

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
    in_goroutine_and_sim(|| async {
        let n = sized(10_000, 20);
        let (first, mut right) = chan::bounded::<u64>(0);
        let before = num_goroutines();
        let mut links = Vec::new();
        for _ in 0..n {
            let (tx, rx) = chan::bounded(0);
            let from = std::mem::replace(&mut right, rx);
            links.push(go(async move {
                let value = from.recv().await.unwrap();
                tx.send(value + 1).await.unwrap();
            }));
        }
        let last = go(async move { right.recv().await.unwrap() });
        first.send(0).await.unwrap();
        assert_eq!(last.await.unwrap(), n);
        for link in links {
            link.await.unwrap();
        }
        until_yielding(|| num_goroutines() <= before).await;
    });
}

#[test]
fn go_03_a_prime_sieve_of_pipelines_is_exact() {
    in_goroutine_and_sim(|| async {
        let count = sized(80, 5);
        let (tx, mut numbers) = chan::bounded(0);
        drop(go(async move {
            for n in 2_u32.. {
                if tx.send(n).await.is_err() {
                    return;
                }
            }
        }));
        let mut primes = Vec::new();
        for _ in 0..count {
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
        let expected: Vec<u32> = (2..).filter(is_prime).take(count).collect();
        assert_eq!(primes, expected);
        // The last receiver goes, and with it, one after the other, the whole pipeline.
        drop(numbers);
        until_yielding(|| num_goroutines() == 1).await;
    });
}

#[test]
fn go_03_a_power_series_that_feeds_itself_is_exact() {
    // exp = 1 + the integral of exp: each coefficient comes out of a loop of three goroutines.
    in_goroutine_and_sim(|| async {
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
fn rt_01_the_number_of_goroutines_is_exact_when_all_is_quiet() {
    in_goroutine(|| async {
        assert_eq!(num_goroutines(), 1);
        let (tx, rx) = chan::bounded::<()>(0);
        for _ in 0..100 {
            let rx = rx.clone();
            go(async move { rx.recv().await.is_err() });
        }
        assert_eq!(num_goroutines(), 101);
        drop(tx);
        until_yielding(|| num_goroutines() == 1).await;
    });
}

/// Its destructors run, which are Go's deferred calls; nothing catches it, and whoever started it goes on.
#[test]
fn go_14_an_early_exit_ends_the_goroutine_and_runs_its_destructors() {
    struct Defer(Arc<AtomicUsize>);
    impl Drop for Defer {
        fn drop(&mut self) {
            // Nothing to recover from (PA-04).
            assert!(!std::thread::panicking());
            self.0.fetch_add(1, SeqCst);
        }
    }
    async fn deep(deferred: Arc<AtomicUsize>) {
        let _outer = Defer(deferred.clone());
        let _inner = Defer(deferred);
        gaggle::goexit().await;
        unreachable!("it has left");
    }
    in_goroutine(|| async {
        let deferred = Arc::new(AtomicUsize::new(0));
        let handle = go(deep(deferred.clone()));
        assert!(handle.await.unwrap_err().is_aborted());
        assert_eq!(deferred.load(SeqCst), 2);
        // Also from under somebody else's waker.
        let both = futures::future::join(deep(deferred.clone()), std::future::ready(()));
        let many = go(async {
            let mut many = futures::stream::FuturesUnordered::from_iter([both]);
            many.next().await
        });
        assert!(many.await.unwrap_err().is_aborted());
        assert_eq!(deferred.load(SeqCst), 4);
    });
}
