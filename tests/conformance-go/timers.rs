//! Sleeping and time-outs: semantics.md TI-01 to TI-03, TI-12, TI-17, TI-20, as far as `sleep` and `timeout` go.
//!
//! The others are in `timer_channels.rs`, `tickers.rs` and `after_func.rs`.
//! The wheel itself is held by the unit tests of `gaggle-rt/src/time/wheel.rs`.

#![allow(clippy::disallowed_methods, reason = "real time is what is tested")]

mod common;

use common::{Polled, in_goroutine, in_goroutine_and_sim, on_workers, random, rounds, until};
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use gaggle::time::{Elapsed, Instant, sleep, sleep_until, timeout, timeout_at};
use gaggle::{chan, go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::time::{Duration, Instant as RealInstant};

const FAR: Duration = Duration::from_secs(3600);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn ti_01_sleep_lasts_at_least_as_long_as_asked_for() {
    in_goroutine(|| async {
        for micros in [1, 10, 100, 1_000, 5_000, 20_000] {
            let (asked, start) = (Duration::from_micros(micros), RealInstant::now());
            sleep(asked).await;
            assert!(start.elapsed() >= asked);
        }
        let start = RealInstant::now();
        let handles: Vec<_> = (0..100)
            .map(|i| {
                go(async move {
                    let (asked, start) = (Duration::from_micros(137 * i), RealInstant::now());
                    sleep(asked).await;
                    assert!(start.elapsed() >= asked);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert!(start.elapsed() < Duration::from_secs(20));
    });
}

#[test]
fn ti_01_sleep_counts_from_the_call_and_not_from_the_first_poll() {
    on_workers(|rt| {
        rt.block_on(async {
            let nap = sleep(ms(5));
            std::thread::sleep(ms(6));
            assert_eq!(Polled::new(nap).poll(), Poll::Ready(()));
        });
    });
}

#[test]
fn ti_01_sleep_of_zero_is_over_at_once_and_never_hangs_in_a_loop() {
    in_goroutine_and_sim(|| async {
        let other = go(async {
            for _ in 0..rounds(10_000) {
                sleep(Duration::ZERO).await;
            }
        });
        for _ in 0..rounds(10_000) {
            sleep(Duration::ZERO).await;
        }
        other.await.unwrap();
        sleep_until(Instant::now() - ms(50)).await;
    });
}

#[test]
fn ti_02_the_longest_sleep_never_ends_and_disturbs_no_other() {
    in_goroutine(|| async {
        let over = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = [
            Duration::MAX,
            Duration::from_nanos(u64::MAX),
            FAR * 24 * 365 * 100,
            FAR,
        ]
        .map(|long| {
            let over = over.clone();
            go(async move {
                sleep(long).await;
                over.fetch_add(1, SeqCst);
            })
        })
        .into();
        for i in 0..20 {
            sleep(Duration::from_micros(300 * i)).await;
        }
        assert_eq!(over.load(SeqCst), 0);
        for handle in handles {
            handle.abort();
            assert!(handle.await.unwrap_err().is_aborted());
        }
    });
}

#[test]
fn ti_03_sleeps_end_in_the_order_of_their_deadlines() {
    in_goroutine_and_sim(|| async {
        // One goroutine polls them all, so they are in one wheel; equal ones and zero are among them.
        let mut sleeps = FuturesUnordered::new();
        let start = Instant::now() + ms(5);
        for i in [5, 0, 3, 6, 2, 1, 9, 8, 7, 3, 0, 5, 4, 9, 2, 5] {
            let deadline = start + ms(3 * i);
            sleeps.push(async move {
                sleep_until(deadline).await;
                i
            });
        }
        let mut order = Vec::new();
        let mut next = futures::poll!(sleeps.next());
        // On a machine so busy that they were not all polled in time, there is nothing to say about order.
        let late = Instant::now() >= start;
        loop {
            let over = match next {
                Poll::Ready(over) => over,
                Poll::Pending => sleeps.next().await,
            };
            let Some(i) = over else { break };
            assert!(Instant::now() >= start + ms(3 * i));
            order.push(i);
            next = Poll::Pending;
        }
        assert!(late || order.is_sorted(), "{order:?}");
    });
}

#[test]
fn ti_03_what_expires_in_one_go_wakes_in_the_order_of_deadlines() {
    common::watched("one worker, many timers", || {
        let rt = gaggle::runtime::Runtime::builder()
            .workers(1)
            .build()
            .unwrap();
        let log = Arc::new(std::sync::Mutex::new(Vec::new()));
        let start = Instant::now() + ms(200);
        let handles: Vec<_> = (0..200_u64)
            .map(|i| {
                let log = log.clone();
                // A permutation: 200 and 77 have no common divisor.
                let nth = i * 77 % 200;
                rt.go(async move {
                    sleep_until(start + Duration::from_micros(nth)).await;
                    log.lock().unwrap().push(nth);
                })
            })
            .collect();
        // On a machine so busy that they were not even started in time, or that another thread had to stand in for the worker, there is nothing to say about order.
        until(|| rt.metrics().timers == 200 || Instant::now() >= start);
        let all_wait = Instant::now() < start;
        handles.into_iter().for_each(|h| h.join_blocking().unwrap());
        let log = log.lock().unwrap();
        let one_thread = rt.metrics().threads == 1;
        assert!(!(all_wait && one_thread) || log.is_sorted(), "{log:?}");
    });
}

#[test]
fn ti_12_a_sleep_that_is_given_up_is_gone() {
    in_goroutine(|| async {
        let alive = Arc::new(());
        let handles: Vec<_> = (0..10_000)
            .map(|i| {
                let held = alive.clone();
                go(async move {
                    sleep(FAR + Duration::from_micros(i)).await;
                    drop(held);
                })
            })
            .collect();
        yield_now().await;
        for handle in handles {
            handle.abort();
            assert!(handle.await.unwrap_err().is_aborted());
        }
        assert_eq!(Arc::strong_count(&alive), 1);
        // The wheel is clean: what follows is neither late nor early.
        let start = RealInstant::now();
        sleep(ms(2)).await;
        assert!(start.elapsed() >= ms(2) && start.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn ti_12_a_sleep_dropped_on_another_thread_or_after_its_time_is_harmless() {
    on_workers(|rt| {
        let sleeps: Vec<_> = (0..100)
            .map(|i| rt.block_on(async { Polled::parked_for(ms(20 + i % 5), sleep) }))
            .collect();
        let (early, late) = sleeps
            .into_iter()
            .enumerate()
            .partition::<Vec<_>, _>(|(i, _)| i % 2 == 0);
        std::thread::spawn(move || drop(early)).join().unwrap();
        until(|| late.iter().all(|(_, s)| s.wakes() == 1));
        drop(late);
    });
}

#[test]
fn ti_17_timers_moved_earlier_and_later_at_speed_are_not_lost() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("ti_17_timers_moved");
        let handles: Vec<_> = (0..rounds(200))
            .map(|_| {
                let moves: Vec<u64> = (0..10).map(|_| u64::from(rng.below(3_000))).collect();
                go(async move {
                    for micros in moves {
                        // A new deadline takes the place of one that may be near, due or past.
                        let (tx, rx) = chan::bounded::<()>(0);
                        let given_up = timeout(Duration::from_micros(micros), rx.recv());
                        let _ = timeout(Duration::from_micros(3_000 - micros), given_up).await;
                        drop(tx);
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

#[test]
fn ti_17_many_thousand_short_timers_all_fire() {
    in_goroutine_and_sim(|| async {
        let start = RealInstant::now();
        let n = usize::try_from(rounds(20_000)).unwrap();
        let fired = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..n)
            .map(|i| {
                let fired = fired.clone();
                go(async move {
                    sleep(Duration::from_nanos(i as u64 % 5_000)).await;
                    fired.fetch_add(1, SeqCst);
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(fired.load(SeqCst), n);
        assert!(start.elapsed() < Duration::from_secs(30));
    });
}

#[test]
fn ti_20_a_timer_ends_two_endless_senders() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded::<()>(0);
        let stop = Arc::new(AtomicBool::new(false));
        for _ in 0..2 {
            let tx = tx.clone();
            drop(go(async move { while tx.send(()).await.is_ok() {} }));
        }
        let timer = {
            let stop = stop.clone();
            go(async move {
                sleep(ms(20)).await;
                stop.store(true, SeqCst);
            })
        };
        while !stop.load(SeqCst) {
            rx.recv().await.unwrap();
        }
        timer.await.unwrap();
    });
}

#[test]
fn ti_20_a_short_timer_ends_an_endless_ping_pong() {
    in_goroutine(|| async {
        for capacity in [0, 1] {
            let (there, from) = chan::bounded(capacity);
            let (to, back) = chan::bounded(capacity);
            let echo = go(async move {
                while let Ok(n) = from.recv().await {
                    if to.send(n).await.is_err() {
                        return;
                    }
                }
            });
            let stop = Arc::new(AtomicBool::new(false));
            let timer = {
                let stop = stop.clone();
                go(async move {
                    sleep(Duration::from_micros(1)).await;
                    stop.store(true, SeqCst);
                })
            };
            let mut n = 0_u64;
            while !stop.load(SeqCst) {
                there.send(n).await.unwrap();
                assert_eq!(back.recv().await, Ok(n));
                n += 1;
            }
            timer.await.unwrap();
            drop(there);
            echo.await.unwrap();
        }
    });
}

#[test]
fn timeout_gives_the_output_or_says_that_the_time_is_over() {
    in_goroutine(|| async {
        assert_eq!(timeout(FAR, async { 1 }).await, Ok(1));
        assert_eq!(
            timeout(Duration::ZERO, async { 2 }).await,
            Ok(2),
            "the future comes first"
        );
        let over: Result<(), Elapsed> = timeout(ms(1), std::future::pending()).await;
        assert!(!over.unwrap_err().to_string().is_empty());
        assert!(
            timeout_at(Instant::now(), std::future::pending::<()>())
                .await
                .is_err()
        );
        let (tx, rx) = chan::bounded(0);
        assert!(timeout(ms(1), rx.recv()).await.is_err());
        drop(go(async move { tx.send(3).await }));
        assert_eq!(
            timeout(FAR, rx.recv()).await,
            Ok(Ok(3)),
            "the one given up took nothing"
        );
    });
}
