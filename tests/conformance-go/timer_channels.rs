//! Timers that are received from: semantics.md TI-04 to TI-10, TI-12, TI-16, TI-17, TI-18, TI-19.
//!
//! Where the moment matters, time is virtual: it stands still while anything is ready, then jumps to the next deadline.

mod common;

use common::{in_goroutine, in_goroutine_and_sim, in_virtual_time, random, rounds, sized};
use futures::future::{Either, select};
use gaggle::runtime::Handle;
use gaggle::time::{Instant, Ticker, Timer, after, sleep, timeout};
use gaggle::{chan, go, yield_now};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const FAR: Duration = Duration::from_secs(3600);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What can be received at this instant.
async fn try_recv(timer: &Timer) -> Option<Instant> {
    timeout(Duration::ZERO, timer.recv()).await.ok()
}

fn timers() -> usize {
    Handle::current().metrics().timers
}

#[test]
fn ti_04_the_value_is_the_time_of_the_firing_and_not_of_the_reading() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let (timer, other) = (after(ms(10)), Timer::at(start + ms(20)));
        sleep(ms(500)).await;
        assert_eq!(timer.recv().await, start + ms(10));
        assert_eq!(other.recv().await, start + ms(20));
        timer.reset(ms(7));
        assert_eq!(timer.recv().await, start + ms(507), "awaited from before");
        assert_eq!(Instant::now(), start + ms(507));
    });
}

#[test]
fn ti_05_a_timer_holds_one_firing_at_most() {
    in_virtual_time(|| async {
        let timer = after(ms(1));
        assert_eq!(try_recv(&timer).await, None);
        for _ in 0..3 {
            sleep(ms(2)).await;
            timer.reset(ms(1));
        }
        sleep(ms(2)).await;
        assert!(try_recv(&timer).await.is_some());
        assert_eq!(try_recv(&timer).await, None);
    });
}

#[test]
fn ti_06_a_timer_stopped_in_time_gives_nothing() {
    in_virtual_time(|| async {
        let timer = after(ms(10));
        sleep(ms(9)).await;
        assert!(timer.stop());
        assert!(!timer.stop());
        sleep(ms(100)).await;
        assert_eq!(try_recv(&timer).await, None);
        assert!(!timer.stop());
        let never = after(Duration::MAX);
        assert!(never.stop(), "it was pending, though it would never fire");
    });
}

#[test]
fn ti_07_a_firing_that_was_not_received_goes_with_the_stop() {
    in_virtual_time(|| async {
        let timer = after(ms(10));
        sleep(ms(20)).await;
        assert!(timer.stop(), "nobody has received it");
        assert_eq!(try_recv(&timer).await, None);
        assert!(!timer.stop());
        timer.reset(Duration::ZERO);
        assert!(try_recv(&timer).await.is_some());
        assert!(!timer.stop(), "it was received");
    });
}

#[test]
fn ti_08_after_a_reset_nothing_from_before_is_received() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let timer = after(ms(10));
        sleep(ms(20)).await;
        timer.reset(ms(10));
        assert_eq!(try_recv(&timer).await, None);
        assert_eq!(timer.recv().await, start + ms(30));
        timer.stop();
        timer.reset(ms(5));
        assert_eq!(timer.recv().await, start + ms(35));
    });
}

#[test]
fn ti_09_reset_says_whether_the_timer_was_pending() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let timer = after(ms(10));
        assert!(timer.reset(ms(20)), "pending");
        sleep(ms(15)).await;
        assert_eq!(try_recv(&timer).await, None, "the old deadline is void");
        assert!(timer.reset(ms(10)), "pending");
        sleep(ms(15)).await;
        assert!(timer.reset(ms(10)), "fired, not received");
        assert_eq!(timer.recv().await, start + ms(40), "counted from the call");
        assert!(!timer.reset(ms(1)), "received");
        assert!(timer.stop());
        assert!(!timer.reset(ms(1)), "stopped");
    });
}

/// A waiter races with a stop or a reset, and the firing with both: "false" means that the waiter has it.
#[test]
fn ti_10_stop_and_reset_agree_with_what_is_received() {
    in_goroutine_and_sim(|| async {
        let handles: Vec<_> = (0..sized(100, 4))
            .map(|n| {
                go(async move {
                    for i in 0..rounds(10) {
                        let timer = Arc::new(after(Duration::from_micros((n * 7 + i) % 50)));
                        let (cancel, cancelled) = chan::bounded::<()>(0);
                        let waiter = {
                            let timer = timer.clone();
                            go(async move {
                                let (recv, end) = (pin!(timer.recv()), pin!(cancelled.recv()));
                                matches!(select(recv, end).await, Either::Left(_))
                            })
                        };
                        for _ in 0..i % 4 {
                            yield_now().await;
                        }
                        let in_time = if n % 2 == 0 {
                            timer.stop()
                        } else {
                            timer.reset(FAR)
                        };
                        drop(cancel);
                        assert_eq!(waiter.await.unwrap(), !in_time);
                        assert_eq!(try_recv(&timer).await, None);
                    }
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

/// Two timers race for one receiver: what was received cannot be stopped, the other can.
#[test]
fn ti_10_of_two_timers_the_one_not_received_can_be_stopped() {
    in_goroutine_and_sim(|| async {
        let handles: Vec<_> = (0..sized(200, 4))
            .map(|n| {
                go(async move {
                    for i in 0..rounds(10) {
                        let micros = Duration::from_micros((n + i) % 30);
                        let timers = [after(micros), after(micros)];
                        let first = {
                            let (a, b) = (pin!(timers[0].recv()), pin!(timers[1].recv()));
                            match select(a, b).await {
                                Either::Left(_) => 0,
                                Either::Right(_) => 1,
                            }
                        };
                        assert!(!timers[first].stop());
                        assert!(timers[1 - first].reset(FAR));
                        assert_eq!(try_recv(&timers[1 - first]).await, None);
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
fn ti_12_forgotten_timers_hold_nothing() {
    in_virtual_time(|| async {
        let timers_made: Vec<_> = (0..200).map(|_| (after(FAR), Ticker::new(FAR))).collect();
        assert_eq!(timers(), 0, "nobody waits");
        for (timer, ticker) in &timers_made {
            assert!(timeout(Duration::ZERO, timer.recv()).await.is_err());
            assert!(timeout(Duration::ZERO, ticker.recv()).await.is_err());
        }
        assert_eq!(timers(), 0, "who waited has given up");
        let waiting = go(async move { timers_made[7].0.recv().await });
        sleep(ms(1)).await;
        assert_eq!(timers(), 1);
        waiting.abort();
        assert!(waiting.await.is_err());
        assert_eq!(timers(), 0);
    });
}

#[test]
fn ti_12_ten_thousand_timers_of_an_hour_vanish() {
    in_goroutine(|| async {
        for _ in 0..10_000 {
            let timer = after(FAR);
            let mut recv = Box::pin(timer.recv());
            assert!(timeout(Duration::ZERO, &mut recv).await.is_err());
            assert_eq!(timers(), 1, "it is in a wheel while somebody waits");
        }
        assert_eq!(timers(), 0);
    });
}

#[test]
fn ti_16_who_waits_follows_stop_and_reset() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let timer = Arc::new(after(ms(100)));
        let waiter = {
            let timer = timer.clone();
            go(async move { (timer.recv().await, Instant::now()) })
        };
        sleep(ms(50)).await;
        assert!(timer.stop());
        sleep(ms(100)).await;
        assert!(!waiter.is_finished(), "it stays blocked after a stop");
        assert!(!timer.reset(FAR));
        sleep(ms(50)).await;
        assert!(timer.reset(2 * FAR), "further away");
        sleep(FAR).await;
        assert!(!waiter.is_finished(), "it follows a reset to later");
        let near = Instant::now();
        assert!(timer.reset(ms(10)), "nearer");
        let woken = waiter.await.unwrap();
        assert_eq!(woken, (near + ms(10), near + ms(10)));
        assert!(near > start);
    });
}

#[test]
fn ti_16_of_two_waiters_one_gets_the_firing() {
    in_virtual_time(|| async {
        let timer = Arc::new(after(ms(10)));
        let got = Arc::new(AtomicUsize::new(0));
        let waiters: Vec<_> = (0..40)
            .map(|_| {
                let (timer, got) = (timer.clone(), got.clone());
                go(async move {
                    timer.recv().await;
                    got.fetch_add(1, SeqCst);
                })
            })
            .collect();
        for n in 1..=waiters.len() {
            sleep(ms(20)).await;
            assert_eq!(got.load(SeqCst), n);
            assert!(!timer.reset(ms(10)), "it was received");
        }
        for waiter in waiters {
            waiter.await.unwrap();
        }
        assert!(timer.stop());
        assert_eq!(timers(), 0);
    });
}

#[test]
fn ti_17_timers_moved_earlier_at_speed_are_not_lost() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("ti_17_timers_moved_earlier");
        let handles: Vec<_> = (0..rounds(300))
            .map(|_| {
                let moves: Vec<u64> = (0..10).map(|_| u64::from(rng.below(500))).collect();
                go(async move {
                    let timer = Arc::new(after(FAR));
                    let waiter = {
                        let timer = timer.clone();
                        go(async move { timer.recv().await })
                    };
                    for micros in moves {
                        timer.reset(Duration::from_micros(micros));
                        yield_now().await;
                    }
                    waiter.await.unwrap();
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

/// Many wait for one timer, again and again, while others move it: each firing goes to one, and none is lost.
#[test]
fn ti_18_many_goroutines_at_one_timer_stay_sound() {
    in_goroutine(|| async {
        let timer = Arc::new(after(Duration::ZERO));
        let left = Arc::new(AtomicUsize::new(100));
        let waiters: Vec<_> = (0..100)
            .map(|i| {
                let (timer, left) = (timer.clone(), left.clone());
                go(async move {
                    timer.recv().await;
                    left.fetch_sub(1, SeqCst);
                    timer.reset(Duration::from_micros(i % 7));
                })
            })
            .collect();
        let movers: Vec<_> = (0..4_u64)
            .map(|i| {
                let (timer, left) = (timer.clone(), left.clone());
                go(async move {
                    while left.load(SeqCst) > 0 {
                        // It may only move what is pending: each firing that was received sets it anew.
                        if timer.stop() {
                            timer.reset(Duration::from_micros(i * 5));
                        }
                        yield_now().await;
                    }
                })
            })
            .collect();
        for handle in waiters.into_iter().chain(movers) {
            handle.await.unwrap();
        }
        timer.stop();
        assert_eq!(timers(), 0);
    });
}

/// A hundred thousand timers are waited for and given up, while five thousand sleepers expire around them.
#[test]
fn ti_19_abandoned_timers_cost_next_to_nothing() {
    in_goroutine(|| async {
        let start = Instant::now();
        let sleepers: Vec<_> = (0..5_000)
            .map(|i| go(sleep(Duration::from_micros(i))))
            .collect();
        let workers: Vec<_> = (0..4)
            .map(|_| {
                go(async {
                    let (tx, rx) = chan::bounded(1);
                    for i in 0..rounds(10_000) {
                        tx.send(i).await.unwrap();
                        let timer = after(Duration::from_secs(50));
                        let (late, soon) = (pin!(timer.recv()), pin!(rx.recv()));
                        match select(late, soon).await {
                            Either::Left(_) => panic!("fifty seconds are over"),
                            Either::Right((value, _)) => assert_eq!(value, Ok(i)),
                        }
                    }
                })
            })
            .collect();
        for worker in workers {
            worker.await.unwrap();
        }
        for sleeper in sleepers {
            sleeper.await.unwrap();
        }
        assert_eq!(timers(), 0);
        let limit = u32::try_from(rounds(1)).unwrap() * Duration::from_secs(30);
        assert!(start.elapsed() < limit);
    });
}
