//! Timers in virtual time, and orders that replay.

use super::*;
use crate::time::{Instant, sleep, timeout};
use crate::{go, yield_now};
use std::time::Duration;

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn ti_01_nested_sleeps_are_exact_and_take_no_real_time() {
    let begin = gaggle_base::clock::system_now();
    let took = Stepped::new(Order::Fifo).block_on(async {
        let start = Instant::now();
        let outer = go(async {
            sleep(Duration::from_secs(3600)).await;
            let inner = go(sleep(Duration::new(86_400, 1)));
            inner.await.unwrap();
        });
        outer.await.unwrap();
        start.elapsed()
    });
    assert_eq!(took, Ok(Duration::new(90_000, 1)));
    assert!(gaggle_base::clock::system_now() - begin < 5_000_000_000);
}

#[test]
fn ti_03_timers_fire_in_the_order_of_their_deadlines() {
    let order = Stepped::new(Order::Fifo).block_on(async {
        let log = Arc::new(Mutex::new(Vec::new()));
        let delays = [500, 3, 70_000, 3, 0, 1, 64, 4_096, 2, 65];
        let sleepers: Vec<_> = delays
            .iter()
            .map(|d| {
                let (log, d) = (log.clone(), *d);
                go(async move {
                    sleep(Duration::from_micros(d)).await;
                    log.lock().unwrap().push(d);
                })
            })
            .collect();
        for s in sleepers {
            s.await.unwrap();
        }
        let log = log.lock().unwrap().clone();
        (delays, log)
    });
    let (mut delays, log) = order.unwrap();
    delays.sort_unstable();
    assert_eq!(log, delays);
}

#[test]
fn ti_02_the_longest_sleep_disturbs_nobody() {
    let result = Stepped::new(Order::Fifo).block_on(async {
        let for_ever = go(sleep(Duration::MAX));
        sleep(millis(5)).await;
        assert!(!for_ever.is_finished());
        timeout(Duration::from_secs(1_000_000_000), for_ever)
            .await
            .is_err()
    });
    assert_eq!(result, Ok(true));
}

/// What two chatty goroutines print, in the order that a seed gives.
fn story(order: Order) -> String {
    Stepped::new(order)
        .block_on(async {
            let log = Arc::new(Mutex::new(String::new()));
            let talkers: Vec<_> = ["a", "b", "c"]
                .into_iter()
                .map(|name| {
                    let log = log.clone();
                    go(async move {
                        for _ in 0..5 {
                            log.lock().unwrap().push_str(name);
                            yield_now().await;
                        }
                    })
                })
                .collect();
            for t in talkers {
                t.await.unwrap();
            }
            let log = log.lock().unwrap();
            log.clone()
        })
        .unwrap()
}

#[test]
fn equal_seeds_replay_and_different_seeds_differ() {
    assert_eq!(story(Order::Fifo), "abcabcabcabcabc");
    let stories: std::collections::HashSet<String> =
        (0..50).map(|seed| story(Order::Random(seed))).collect();
    assert!(stories.len() > 25, "{} different orders", stories.len());
    for seed in 0..50 {
        assert_eq!(story(Order::Random(seed)), story(Order::Random(seed)));
    }
}

#[test]
fn waiting_for_nothing_is_found_out() {
    let stuck = Stepped::new(Order::Fifo).block_on(async {
        drop(go(std::future::pending::<()>()));
        std::future::pending::<()>().await;
    });
    assert_eq!(stuck, Err(Stuck { goroutines: 1 }));
}
