//! What a runtime counts of itself (semantics.md RT-07), and that Prometheus can read it.

#![allow(
    clippy::disallowed_methods,
    reason = "real time and blocked threads are what is measured"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;
mod prometheus;

use common::{on_workers, rounds, until, watched, worker_counts};
use gaggle::runtime::{Metrics, OnPanic, Runtime};
use gaggle::{blocking, chan, go, yield_now};
use prometheus::{Exposition, Sample};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::{Duration, Instant};

fn one_worker() -> Runtime {
    Runtime::builder().workers(1).build().unwrap()
}

/// Polls that are certain to contain one that is timed.
const CERTAIN: u64 = 2 * Metrics::TIMED_ONE_IN;

fn spin(time: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// From inside and from outside, awaited and detached.
#[test]
fn rt_07_started_counts_exactly_those_that_were_started() {
    on_workers(|rt| {
        let n = rounds(1_000);
        let before = rt.metrics().started;
        for _ in 0..n {
            drop(rt.go(async {}));
        }
        let nested = rt.go(async move {
            for _ in 0..n {
                go(async { drop(go(async {})) }).await.unwrap();
            }
        });
        nested.join_blocking().unwrap();
        // A poll is counted a moment after its goroutine has ended.
        let each_was_polled = |m: &Metrics| m.goroutines == 0 && m.polls >= m.started;
        until(|| each_was_polled(&rt.metrics()));
        let metrics = rt.metrics();
        assert_eq!(metrics.started - before, 3 * n + 1);
        assert_eq!(metrics.queued, 0);
    });
}

#[test]
fn rt_07_each_goroutine_is_in_one_state() {
    watched("one goroutine in each state", || {
        let rt = one_worker();
        let (tx, rx) = chan::bounded::<()>(0);
        let waiting: Vec<_> = (0..5)
            .map(|_| {
                let rx = rx.clone();
                rt.go(async move { rx.recv().await.is_ok() })
            })
            .collect();
        until(|| rt.metrics().waiting == 5);
        let (blocked, end_block) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (seen, end) = (blocked.clone(), end_block.clone());
        let blocks = rt.go(async move {
            blocking(|| {
                seen.store(true, SeqCst);
                until(|| end.load(SeqCst));
            });
        });
        until(|| blocked.load(SeqCst));
        let (runs, end_run) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicBool::new(false)),
        );
        let (seen, end) = (runs.clone(), end_run.clone());
        let running = rt.go(async move {
            // In one poll: its children are queued behind it, and where it is stuck they run on another thread.
            let children: Vec<_> = (0..7).map(|_| go(async {})).collect();
            seen.store(true, SeqCst);
            until(|| end.load(SeqCst));
            children
        });
        until(|| runs.load(SeqCst));
        // A child that is on its way to another thread may be seen twice, for one that waits.
        let all_in_place = |m: &Metrics| m.running >= 1 && m.waiting >= 5;
        let m = loop {
            let m = rt.metrics();
            if all_in_place(&m) {
                break m;
            }
        };
        assert_eq!((m.blocking, m.blocking_threads), (1, 1), "{m:?}");
        assert_eq!(
            m.running + m.runnable + m.blocking + m.waiting,
            m.goroutines
        );
        assert_eq!(m.local_queue, m.local_queues.iter().sum::<usize>());
        assert_eq!(m.queued, m.local_queue + m.global_queue);
        assert!(m.threads >= 2 && m.hand_offs >= 1, "{m:?}");
        end_run.store(true, SeqCst);
        end_block.store(true, SeqCst);
        running.join_blocking().unwrap();
        blocks.join_blocking().unwrap();
        drop(tx);
        for handle in waiting {
            assert!(!handle.join_blocking().unwrap());
        }
        until(|| rt.metrics().goroutines == 0);
        let m = rt.metrics();
        assert_eq!(
            (
                m.running,
                m.runnable,
                m.blocking,
                m.waiting,
                m.blocking_threads
            ),
            (0, 0, 0, 0, 0)
        );
    });
}

/// Also while everything is in motion.
#[test]
fn rt_07_the_states_always_add_up_and_counters_only_grow() {
    on_workers(|rt| {
        let stop = Arc::new(AtomicBool::new(false));
        let busy: Vec<_> = (0..20)
            .map(|_| {
                let stop = stop.clone();
                rt.go(async move {
                    while !stop.load(SeqCst) {
                        go(async {}).await.unwrap();
                        yield_now().await;
                    }
                })
            })
            .collect();
        let mut last = rt.metrics();
        for _ in 0..rounds(2_000) {
            let m = rt.metrics();
            let states = m.running + m.runnable + m.blocking + m.waiting;
            assert_eq!(states, m.goroutines, "{m:?}");
            let counters = |m: &Metrics| {
                [
                    m.started,
                    m.polls,
                    m.steals,
                    m.parks,
                    m.hand_offs,
                    m.stuck,
                    m.panics,
                    m.poll_time.count(),
                    m.sched_delay.count(),
                ]
            };
            let pairs = counters(&m).into_iter().zip(counters(&last));
            assert!(pairs.into_iter().all(|(new, old)| new >= old), "{m:?}");
            last = m;
        }
        stop.store(true, SeqCst);
        busy.into_iter().for_each(|h| h.join_blocking().unwrap());
    });
}

/// Timed polls of one thread do not overlap, so together they take no longer than all threads had.
#[test]
fn rt_07_histograms_grow_with_the_work_and_their_sums_are_plausible() {
    on_workers(|rt| {
        let begun = Instant::now();
        let before = rt.metrics();
        let yields = rounds(25) * CERTAIN;
        let busy: Vec<_> = (0..4)
            .map(|_| {
                rt.go(async move {
                    for _ in 0..yields {
                        yield_now().await;
                    }
                })
            })
            .collect();
        busy.into_iter().for_each(|h| h.join_blocking().unwrap());
        let m = rt.metrics();
        let polls = m.polls - before.polls;
        let timed = m.poll_time.count() - before.poll_time.count();
        assert!(polls >= 4 * yields);
        let expected = polls / Metrics::TIMED_ONE_IN;
        assert!(
            timed >= expected / 2 && timed <= expected * 2,
            "{timed} of {polls}"
        );
        let threads = u32::try_from(m.threads).unwrap();
        let apart = m.sched_delay.count().abs_diff(m.poll_time.count());
        assert!(apart <= threads.into(), "{m:?}");
        assert!(m.poll_time.sum() > Duration::ZERO);
        assert!(m.poll_time.sum() <= begun.elapsed() * threads, "{m:?}");
        assert!(m.sched_delay.max() <= begun.elapsed());
        assert!(m.poll_time.quantile(0.5) <= m.poll_time.quantile(0.99));
        assert!(m.poll_time.quantile(1.0) <= m.poll_time.max());
    });
}

/// Whoever is queued behind a long poll waits for it, also when others take it over.
#[test]
fn rt_07_the_delay_of_those_behind_a_long_poll_is_seen() {
    watched("a long poll", || {
        let rt = one_worker();
        let long = Duration::from_millis(5);
        let parent = rt.go(async move {
            // Few at a time: a poll of more than 10 ms lets another thread in.
            for _ in 0..20 {
                let children: Vec<_> = (0..CERTAIN / 4).map(|_| go(async {})).collect();
                spin(long);
                for child in children {
                    child.await.unwrap();
                }
            }
        });
        parent.join_blocking().unwrap();
        let m = rt.metrics();
        assert!(m.sched_delay.count() >= 5, "{m:?}");
        assert!(m.sched_delay.max() >= long, "{m:?}");
    });
}

#[test]
fn rt_07_a_poll_of_30_ms_is_one_stuck_episode() {
    watched("a spinning goroutine", || {
        for workers in worker_counts() {
            let rt = Runtime::builder().workers(workers).build().unwrap();
            let handle = rt.handle();
            let spinner = rt.go(async move {
                spin(Duration::from_millis(30));
                // The monitor's thread may have to wait for a CPU.
                until(|| handle.metrics().stuck > 0);
                spin(Duration::from_millis(30));
            });
            spinner.join_blocking().unwrap();
            assert_eq!(rt.metrics().stuck, 1);
        }
    });
}

/// It said so, and nobody is held up. The monitor looks a few times before it sleeps.
#[test]
fn rt_07_a_call_that_blocks_is_no_stuck_episode() {
    watched("a blocking goroutine", || {
        let rt = one_worker();
        let handle = rt.handle();
        let stuck = move || handle.metrics().stuck;
        let blocks = rt.go(async move {
            blocking(|| {
                let looks = || std::thread::sleep(Duration::from_millis(60));
                // Its thread may have lost the CPU before it could say that it blocks.
                looks();
                let before = stuck();
                looks();
                assert_eq!(stuck(), before);
            });
        });
        blocks.join_blocking().unwrap();
        assert_eq!(rt.metrics().blocking_threads, 0);
    });
}

#[test]
fn rt_07_panics_that_nobody_took_are_counted() {
    watched("panics", || {
        let rt = Runtime::builder()
            .workers(1)
            .on_panic(OnPanic::Report)
            .build()
            .unwrap();
        for _ in 0..3 {
            drop(rt.go(async { panic!("on purpose") }));
        }
        until(|| rt.metrics().panics == 3);
        let taken = rt.go(async { panic!("on purpose, and taken") });
        taken.join_blocking().unwrap_err();
        assert_eq!(rt.metrics().panics, 3);
    });
}

#[test]
fn rt_07_the_text_for_prometheus_is_well_formed_and_complete() {
    on_workers(|rt| {
        let (tx, rx) = chan::bounded::<()>(0);
        let waiting = rt.go(async move { rx.recv().await.is_err() });
        rt.block_on(async {
            for _ in 0..CERTAIN {
                go(async {}).await.unwrap();
            }
        });
        until(|| rt.metrics().waiting == 1);
        let m = rt.metrics();
        let text = Exposition::parse(&m.to_prometheus()).unwrap();
        let states = ["running", "runnable", "blocking", "waiting"];
        let state = |s: &&str| text.value("gaggle_goroutines", &[("state", s)]);
        let sum: f64 = states.iter().map(state).sum();
        assert_same(sum, m.goroutines as u64);
        assert_same(state(&"waiting"), m.waiting as u64);
        for (name, value) in [
            ("gaggle_goroutines_created_total", m.started),
            ("gaggle_polls_total", m.polls),
            ("gaggle_worker_parks_total", m.parks),
            ("gaggle_steals_total", m.steals),
            ("gaggle_hand_offs_total", m.hand_offs),
            ("gaggle_stuck_total", m.stuck),
            ("gaggle_panics_total", m.panics),
            ("gaggle_workers", m.workers as u64),
            ("gaggle_threads", m.threads as u64),
            ("gaggle_spare_threads", m.spare_threads as u64),
            ("gaggle_blocking_threads", m.blocking_threads as u64),
            ("gaggle_global_queue", m.global_queue as u64),
            ("gaggle_timers", m.timers as u64),
            ("gaggle_poll_seconds_count", m.poll_time.count()),
            ("gaggle_sched_delay_seconds_count", m.sched_delay.count()),
        ] {
            assert_same(text.value(name, &[]), value);
        }
        let queues = text
            .samples
            .iter()
            .filter(|s| s.name == "gaggle_local_queue");
        assert_eq!(queues.count(), m.local_queues.len());
        let sum = text.value("gaggle_poll_seconds_sum", &[]);
        assert!((sum - m.poll_time.sum().as_secs_f64()).abs() < 1e-9);
        drop(tx);
        assert!(waiting.join_blocking().unwrap());
    });
}

#[expect(clippy::cast_precision_loss, reason = "counts of a test are small")]
#[track_caller]
fn assert_same(written: f64, counted: u64) {
    assert!(
        (written - counted as f64).abs() < 0.5,
        "{written}, {counted}"
    );
}

#[test]
fn rt_07_the_name_of_a_runtime_is_escaped() {
    let name = "a \"quoted\" C:\\n\nand {more}, é";
    let rt = Runtime::builder().workers(1).name(name).build().unwrap();
    let text = Exposition::parse(&rt.metrics().to_prometheus()).unwrap();
    let named = |s: &Sample| s.labels.contains(&("runtime".to_owned(), name.to_owned()));
    assert!(text.samples.iter().all(named));
}
