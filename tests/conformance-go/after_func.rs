//! Functions that run later: semantics.md TI-11 and TI-20; and TI-03 for timers in the wheels of several workers.

#![allow(clippy::disallowed_methods, reason = "workers are held up on purpose")]

mod common;

use common::{in_goroutine, in_goroutine_and_sim, in_virtual_time, on_workers, rounds, sized};
use gaggle::runtime::{Handle, Runtime};
use gaggle::time::{Instant, Timer, after_func, after_func_with, alarm, sleep, timeout};
use gaggle::{chan, go, yield_now};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

const FAR: Duration = Duration::from_secs(3600);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn timers() -> usize {
    Handle::current().metrics().timers
}

#[test]
fn ti_11_the_function_runs_in_a_goroutine_of_its_own() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let (tx, rx) = chan::bounded(0);
        let here = gaggle::runtime::current_id();
        // Dropping the timer does not stop it.
        drop(after_func(ms(10), async move {
            let id = gaggle::runtime::current_id();
            tx.send((Instant::now(), id)).await.unwrap();
        }));
        let (at, id) = rx.recv().await.unwrap();
        assert_eq!(at, start + ms(10));
        assert!(id.is_some() && id != here);
        assert_eq!(timers(), 0);
    });
}

#[test]
fn ti_11_stop_says_whether_it_was_started_and_does_not_wait() {
    in_virtual_time(|| async {
        let (tx, rx) = chan::bounded::<()>(0);
        let timer = after_func(ms(10), async move { rx.recv().await.unwrap() });
        sleep(ms(20)).await;
        assert!(!timer.stop(), "it was started, and still runs");
        assert!(!timer.reset(ms(1)), "a future runs once");
        tx.send(()).await.unwrap();
        assert_eq!(timers(), 0, "nothing was scheduled");

        let timer = after_func(ms(10), async { unreachable!() });
        sleep(ms(9)).await;
        assert!(timer.stop());
        assert!(!timer.stop());
        sleep(ms(100)).await;
    });
}

#[test]
fn ti_11_reset_before_the_start_moves_it() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let (tx, rx) = chan::bounded(1);
        let timer = after_func(ms(10), async move {
            tx.send(Instant::now()).await.unwrap();
        });
        assert!(timer.reset(ms(50)), "later");
        sleep(ms(20)).await;
        assert!(timer.stop());
        assert!(!timer.reset(FAR), "stopped, and set again");
        assert!(timer.reset(ms(5)), "earlier");
        assert_eq!(rx.recv().await, Ok(start + ms(25)));
        assert!(!timer.reset(ms(5)));
        assert!(rx.recv().await.is_err(), "it ran once");
    });
}

#[test]
fn ti_11_what_can_be_made_again_runs_after_each_reset() {
    in_virtual_time(|| async {
        let runs = Arc::new(AtomicUsize::new(0));
        let timer = {
            let runs = runs.clone();
            after_func_with(ms(1), move || {
                let runs = runs.clone();
                async move {
                    runs.fetch_add(1, SeqCst);
                    sleep(ms(100)).await;
                }
            })
        };
        for n in 1..=10 {
            sleep(ms(2)).await;
            assert_eq!(runs.load(SeqCst), n, "the one before need not have ended");
            assert!(!timer.reset(ms(1)));
        }
        assert!(timer.stop());
        sleep(ms(500)).await;
        assert_eq!(runs.load(SeqCst), 10);
    });
}

#[test]
fn ti_11_nothing_is_received_from_a_functions_timer() {
    in_virtual_time(|| async {
        let timer = after_func(ms(1), async {});
        assert!(timeout(FAR, timer.recv()).await.is_err());
    });
}

/// Functions that set each other's timers with no delay, round and round.
#[test]
fn ti_11_ten_functions_that_set_each_other_all_run() {
    in_goroutine_and_sim(|| async {
        type Ring = Arc<[OnceLock<Timer>; 10]>;
        let ring: Ring = Arc::new([const { OnceLock::new() }; 10]);
        let goal = usize::try_from(rounds(100)).unwrap();
        let runs = Arc::new(AtomicUsize::new(0));
        let (tx, rx) = chan::bounded::<()>(1);
        for i in 0..10 {
            let (others, runs, tx) = (Arc::downgrade(&ring), runs.clone(), tx.clone());
            let timer = after_func_with(FAR, move || {
                let (others, runs, tx) = (others.clone(), runs.clone(), tx.clone());
                async move {
                    if runs.fetch_add(1, SeqCst) + 1 == goal {
                        tx.send(()).await.unwrap();
                    } else if let Some(ring) = others.upgrade() {
                        ring[(i + 1) % 10].get().unwrap().reset(Duration::ZERO);
                    }
                }
            });
            assert!(ring[i].set(timer).is_ok());
        }
        assert!(ring[0].get().unwrap().reset(Duration::ZERO));
        rx.recv().await.unwrap();
        assert_eq!(runs.load(SeqCst), goal);
        for timer in ring.iter() {
            timer.get().unwrap().stop();
        }
        assert_eq!(timers(), 0);
    });
}

#[test]
fn ti_11_a_hundred_stopped_functions_never_run() {
    in_virtual_time(|| async {
        let handles: Vec<_> = (0..100)
            .map(|i| {
                go(async move {
                    let timer = after_func(ms(2_000), async { unreachable!() });
                    sleep(ms(1_000 + 10 * i)).await;
                    assert!(i == 0 || timer.stop());
                    assert!(i > 0 || timer.reset(FAR) && timer.stop());
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
        sleep(2 * FAR).await;
        assert_eq!(timers(), 0);
    });
}

/// Stop, reset and expiry at the same time: as many runs as were not stopped.
#[test]
fn ti_10_stop_and_reset_of_a_function_agree_with_its_runs() {
    in_goroutine_and_sim(|| async {
        let handles: Vec<_> = (0..sized(50_u64, 4))
            .map(|n| {
                go(async move {
                    for i in 0..rounds(20) {
                        let ran = Arc::new(AtomicUsize::new(0));
                        let timer = {
                            let ran = ran.clone();
                            let soon = Duration::from_micros((n * 3 + i) % 40);
                            Arc::new(after_func_with(soon, move || {
                                let ran = ran.clone();
                                async move {
                                    ran.fetch_add(1, SeqCst);
                                }
                            }))
                        };
                        let other = {
                            let timer = timer.clone();
                            go(async move { timer.reset(Duration::from_micros(i % 9)) })
                        };
                        for _ in 0..i % 5 {
                            yield_now().await;
                        }
                        let stopped = timer.stop();
                        let moved = other.await.unwrap();
                        // Two settings. Each one ran, was stopped or was moved; after this none is pending.
                        let last = timer.stop();
                        let gone = [stopped, moved, last].iter().filter(|b| **b).count();
                        let expected = 2 - gone;
                        let limit = Instant::now() + Duration::from_secs(30);
                        while ran.load(SeqCst) < expected && Instant::now() < limit {
                            yield_now().await;
                        }
                        assert_eq!(ran.load(SeqCst), expected, "{stopped} {moved} {last}");
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
fn ti_20_a_short_function_timer_ends_an_endless_ping_pong() {
    in_goroutine(|| async {
        let (there, from) = chan::bounded(0);
        let (to, back) = chan::bounded(0);
        let echo = go(async move {
            while let Ok(n) = from.recv().await {
                if to.send(n).await.is_err() {
                    return;
                }
            }
        });
        let stop = Arc::new(AtomicUsize::new(0));
        let flag = stop.clone();
        after_func(Duration::from_micros(1), async move {
            flag.store(1, SeqCst);
        });
        while stop.load(SeqCst) == 0 {
            there.send(1).await.unwrap();
            back.recv().await.unwrap();
        }
        drop(there);
        echo.await.unwrap();
    });
}

/// Sets timers from as many workers as there are, at times that alternate between them, and says in which order they went off.
fn order_across_wheels(rt: &Runtime, workers: usize, gap: Duration) -> Vec<usize> {
    let inside = Arc::new(AtomicUsize::new(0));
    let (tx, rx) = channel();
    let start = Instant::now() + gap * 2;
    let handles: Vec<_> = (0..workers)
        .map(|worker| {
            let (inside, tx) = (inside.clone(), tx.clone());
            rt.go(async move {
                inside.fetch_add(1, SeqCst);
                // None goes on until all are polled: so each is on a worker of its own, and its timers are in that one's wheel.
                while inside.load(SeqCst) < workers {
                    std::thread::yield_now();
                }
                for i in (0..6).rev() {
                    let nth = i * workers + worker;
                    let tx = tx.clone();
                    let due = start + gap * u32::try_from(nth).unwrap();
                    alarm(due, move || tx.send(nth).unwrap());
                }
            })
        })
        .collect();
    drop(tx);
    handles.into_iter().for_each(|h| h.join_blocking().unwrap());
    rx.iter().collect()
}

#[test]
fn ti_03_timers_of_several_workers_fire_in_the_order_of_their_deadlines() {
    on_workers(|rt| {
        let workers = rt.metrics().workers;
        // Between two wheels it is their threads that have to be in time: a busy machine gets more of it.
        let mut orders = [1, 4, 20, 60, 250, 250].map(ms).into_iter();
        let order = loop {
            let gap = orders.next().expect("out of order with every gap");
            let order = order_across_wheels(rt, workers, gap);
            if order.is_sorted() {
                break order;
            }
        };
        assert_eq!(order.len(), 6 * workers);
    });
}

#[test]
fn a_functions_future_is_dropped_with_its_runtime() {
    on_workers(|_| {
        let rt = Runtime::builder().workers(1).build().unwrap();
        let held = Arc::new(Mutex::new(()));
        let inside = held.clone();
        let timer = rt.block_on(async {
            after_func(FAR, async move {
                drop(inside);
                unreachable!();
            })
        });
        drop(rt);
        assert!(!timer.stop(), "it went with the runtime");
        assert!(!timer.reset(Duration::ZERO));
        drop(timer);
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

/// It cannot run twice, so nothing is pending after it has run, however often it is reset (TI-09).
#[test]
fn ti_11_stop_and_reset_after_the_run_say_that_nothing_was_pending() {
    let (tx, rx) = chan::bounded(1);
    let timer = after_func(Duration::ZERO, async move { tx.send(()).await.unwrap() });
    rx.recv_blocking().unwrap();
    for _ in 0..2 {
        assert!(!timer.reset(Duration::from_secs(10)));
        assert!(!timer.stop());
    }
    // One that was stopped can be set again.
    let (tx, rx) = chan::bounded(1);
    let timer = after_func(Duration::from_secs(10), async move {
        tx.send(()).await.unwrap();
    });
    assert!(timer.stop() && !timer.stop());
    assert!(!timer.reset(Duration::from_secs(10)));
    assert!(timer.reset(Duration::ZERO));
    rx.recv_blocking().unwrap();
    assert!(!timer.stop());
}
