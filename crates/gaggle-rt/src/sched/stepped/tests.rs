//! Timers in virtual time, orders that replay, and ends that are told apart.

use super::*;
use crate::time::{Instant, sleep, timeout};
use crate::{go, yield_now};
use gaggle_base::steps::Kind;
use std::time::Duration;

/// Takes the dull choice, or any by a seed.
struct Dice(Option<Rng>);

impl Guide for Dice {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        match &mut self.0 {
            // Timers that fire early would not be exact.
            Some(rng) if choice.kind != Kind::Early => rng.below(choice.options as u32) as usize,
            _ => 0,
        }
    }
    fn random(&mut self) -> u64 {
        4
    }
    fn yielded(&mut self, _goroutine: u64) {}
}

/// One run.
#[track_caller]
fn played<F>(seed: Option<u64>, root: F) -> Run<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let mut guide = Dice(seed.map(Rng::from_seed));
    let plan = Plan {
        level: Level::Await,
        ..Plan::default()
    };
    Stepped::new().run(&plan, &mut guide, root, Site::caller())
}

/// What the root gives if nobody interferes.
#[track_caller]
pub(crate) fn in_virtual_time<F>(root: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let run = played(None, root);
    assert_eq!(run.halt, Halt::Returned);
    run.output.unwrap().unwrap()
}

fn millis(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn ti_01_nested_sleeps_are_exact_and_take_no_real_time() {
    let begin = gaggle_base::clock::system_now();
    let took = in_virtual_time(async {
        let start = Instant::now();
        let outer = go(async {
            sleep(Duration::from_secs(3600)).await;
            let inner = go(sleep(Duration::new(86_400, 1)));
            inner.await.unwrap();
        });
        outer.await.unwrap();
        start.elapsed()
    });
    assert_eq!(took, Duration::new(90_000, 1));
    assert!(gaggle_base::clock::system_now() - begin < 5_000_000_000);
}

#[test]
fn ti_03_timers_fire_in_the_order_of_their_deadlines() {
    let order = in_virtual_time(async {
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
    let (mut delays, log) = order;
    delays.sort_unstable();
    assert_eq!(log, delays);
}

#[test]
fn ti_02_the_longest_sleep_disturbs_nobody() {
    let result = in_virtual_time(async {
        let for_ever = go(sleep(Duration::MAX));
        sleep(millis(5)).await;
        assert!(!for_ever.is_finished());
        timeout(Duration::from_secs(1_000_000_000), for_ever)
            .await
            .is_err()
    });
    assert!(result);
}

/// What three chatty goroutines print, in the order that a seed gives.
fn story(seed: Option<u64>) -> String {
    let log = Arc::new(Mutex::new(String::new()));
    let out = log.clone();
    let run = played(seed, async move {
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
    });
    assert_eq!(run.halt, Halt::Returned);
    out.lock().unwrap().clone()
}

#[test]
fn equal_seeds_replay_and_different_seeds_differ() {
    assert_eq!(story(None), "abcabcabcabcabc");
    let stories: std::collections::HashSet<String> =
        (0..50).map(|seed| story(Some(seed))).collect();
    assert!(stories.len() > 25, "{} different orders", stories.len());
    for seed in 0..50 {
        assert_eq!(story(Some(seed)), story(Some(seed)));
    }
}

#[test]
fn waiting_for_nothing_is_found_out() {
    let run = played(None, async {
        drop(go(std::future::pending::<()>()));
        std::future::pending::<()>().await;
    });
    assert_eq!(run.halt, Halt::Stuck);
    assert_eq!(run.left.unwrap().goroutines().count(), 2);
}

#[test]
fn a_runtime_begins_anew_with_each_run() {
    let stepped = Stepped::new();
    let mut prints = Vec::new();
    for _ in 0..3 {
        let root = async {
            assert_eq!(Instant::now().elapsed(), Duration::ZERO);
            let id = go(sleep(millis(3))).id();
            assert_eq!(id.as_u64(), 2);
            sleep(millis(5)).await;
        };
        let plan = Plan::default();
        let run = stepped.run(&plan, &mut Dice(None), root, Site::UNKNOWN);
        assert_eq!((run.halt, run.now), (Halt::Returned, 5_000_000));
        prints.push(run.fingerprint);
    }
    assert!(prints.windows(2).all(|two| two[0] == two[1]));
}

#[test]
fn what_blocks_its_thread_lets_the_others_run() {
    let sum = in_virtual_time(async {
        let inner = go(async {
            sleep(millis(1)).await;
            2
        });
        let blocking = inner.join_blocking().unwrap();
        blocking + crate::block_on(async { go(async { 3 }).await.unwrap() })
    });
    assert_eq!(sum, 5);
}

#[test]
fn what_blocks_for_ever_is_given_up() {
    let run = played(None, async {
        go(std::future::pending::<()>()).join_blocking().unwrap();
    });
    assert_eq!(run.halt, Halt::Stuck);
    assert!(run.output.is_none() && run.fallen.is_empty());
}

#[test]
fn without_an_end_the_run_is_stopped() {
    let plan = Plan {
        max_steps_at_once: 1_000,
        ..Plan::default()
    };
    let root = async {
        loop {
            yield_now().await;
        }
    };
    let run = Stepped::new().run(&plan, &mut Dice(None), root, Site::UNKNOWN);
    assert_eq!(run.halt, Halt::StepsAtOnce);
}
