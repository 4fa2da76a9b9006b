//! The schedulers: what each of them reaches, and that what they find is the same again.

use gaggle::chan;
use gaggle::sim::{self, Builder, Class, Minimise, Preempt, Sched};
use gaggle::sync::Mutex;
use gaggle::{go, yield_now};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The orders in which two goroutines with two steps each have written, over all schedules of a search.
fn orders(builder: Builder) -> (BTreeSet<String>, sim::Report) {
    let seen = Arc::new(StdMutex::new(BTreeSet::new()));
    let all = seen.clone();
    let report = builder.run(move || {
        let all = all.clone();
        async move {
            let log = Arc::new(StdMutex::new(String::new()));
            let writers: Vec<_> = ["a", "b"]
                .into_iter()
                .map(|name| {
                    let log = log.clone();
                    go(async move {
                        for _ in 0..2 {
                            sim::point().await;
                            log.lock().unwrap().push_str(name);
                        }
                    })
                })
                .collect();
            for writer in writers {
                writer.await.unwrap();
            }
            let log = log.lock().unwrap().clone();
            all.lock().unwrap().insert(log);
        }
    });
    let seen = seen.lock().unwrap().clone();
    (seen, report)
}

/// Two goroutines with two steps each: six orders.
const ALL: [&str; 6] = ["aabb", "abab", "abba", "baab", "baba", "bbaa"];

#[test]
fn depth_first_search_is_complete_and_says_so() {
    let (seen, report) = orders(
        Builder::new()
            .schedulers([Sched::bounded(9)])
            .schedules(50_000),
    );
    assert!(report.ok(), "{report}");
    assert_eq!(seen.iter().collect::<Vec<_>>(), ALL);
    assert!(report.notes()[0].starts_with("dfs: complete: "), "{report}");
    assert!(report.schedules() < 5_000, "{report}");
}

#[test]
fn a_bound_on_preemptions_leaves_orders_out_and_the_report_says_so() {
    let (seen, report) = orders(
        Builder::new()
            .schedulers([Sched::bounded(0)])
            .schedules(50_000),
    );
    assert!(seen.contains("aabb") && !seen.contains("abab"), "{seen:?}");
    let note = &report.notes()[0];
    assert!(note.contains("with at most 0 preemptions"), "{note}");
}

#[test]
fn depth_first_search_that_is_cut_short_says_so() {
    let (_, report) = orders(Builder::new().schedulers([Sched::bounded(9)]).schedules(3));
    assert_eq!(report.notes(), ["dfs: not complete after 3 schedules"]);
}

#[test]
fn each_random_scheduler_reaches_all_orders() {
    for sched in [Sched::random(), Sched::sticky(0.5), Sched::pct(3)] {
        let (seen, report) = orders(Builder::new().schedulers([sched]).schedules(2_000).seed(11));
        assert!(report.ok(), "{report}");
        assert_eq!(seen.len(), ALL.len(), "{sched}: {seen:?}");
    }
}

#[test]
fn fifo_is_one_schedule() {
    let (seen, report) = orders(Builder::new().schedulers([Sched::fifo()]));
    assert_eq!((seen.len(), report.schedules()), (1, 1));
}

#[test]
fn one_that_spins_does_not_hold_up_whom_it_waits_for() {
    for sched in [
        Sched::fifo(),
        Sched::random(),
        Sched::sticky(0.9),
        Sched::pct(4),
    ] {
        let builder = Builder::new().schedulers([sched]).schedules(300);
        let report = builder.max_steps(20_000).run(|| async {
            let done = Arc::new(AtomicBool::new(false));
            let tell = done.clone();
            let other = go(async move { tell.store(true, Ordering::SeqCst) });
            while !done.load(Ordering::SeqCst) {
                yield_now().await;
            }
            other.await.unwrap();
        });
        assert!(report.ok(), "{sched}: {report}");
    }
}

#[test]
fn one_that_never_waits_gives_way_all_the_same() {
    let report = Builder::new().schedules(200).run(|| async {
        let (tx, rx) = chan::unbounded::<u32>();
        let (stop, stopped) = chan::bounded::<()>(1);
        let busy = go(async move {
            while stopped.try_recv().is_err() {
                tx.send(1).await.unwrap();
            }
        });
        go(async move { stop.send(()).await.unwrap() })
            .await
            .unwrap();
        busy.await.unwrap();
        drop(rx);
    });
    assert!(report.ok(), "{report}");
}

/// A search that no machine is too slow for: neither what is found nor how short it becomes is cut off by the time.
fn search() -> Builder {
    let patient = Minimise::UpTo(Duration::from_secs(60));
    Builder::new().schedules(2_000).minimise(patient)
}

/// A withdrawal that looks first and takes then.
async fn overdraws() {
    let balance = Arc::new(Mutex::new(100));
    let takers: Vec<_> = (0..2)
        .map(|_| {
            let balance = balance.clone();
            go(async move {
                if *balance.lock().await >= 100 {
                    *balance.lock().await -= 100;
                }
            })
        })
        .collect();
    for taker in takers {
        taker.await.unwrap();
    }
    assert!(*balance.lock().await >= 0, "overdrawn");
}

#[test]
fn what_was_found_is_found_again_from_its_string_a_hundred_times() {
    let report = search().run(overdraws);
    let token = report.token().unwrap();
    for _ in 0..100 {
        let again = sim::replay(token, overdraws);
        assert_eq!(again.finding().unwrap().class(), Class::Panic);
        assert_eq!(
            again.token(),
            Some(token),
            "the same schedule, and nothing else"
        );
        assert!(again.notes().is_empty(), "{:?}", again.notes());
    }
}

#[test]
fn the_shortest_schedule_has_the_switches_that_are_needed() {
    for seed in 0..20 {
        let report = search().seed(seed).run(overdraws);
        assert_eq!(report.preemptions(), Some(1), "{report}");
    }
}

#[test]
fn without_shortening_the_schedule_is_the_one_that_was_found() {
    let report = search().minimise(Minimise::Off).run(overdraws);
    let token = report.token().unwrap();
    assert!(!sim::replay(token, overdraws).ok(), "{report}");
}

#[test]
fn where_only_waits_are_switches_it_is_not_found() {
    let builder = Builder::new().preempt(Preempt::Await).schedules(2_000);
    assert!(builder.run(overdraws).ok());
}

#[test]
fn equal_seeds_are_equal_searches() {
    let one = || search().seed(3).run(overdraws);
    let (a, b) = (one(), one());
    assert_eq!((a.schedules(), a.token()), (b.schedules(), b.token()));
    assert_eq!(a.finding(), b.finding());
}

#[test]
fn several_jobs_find_it_too_and_share_the_work() {
    let report = Builder::new().jobs(3).schedules(3_000).run(overdraws);
    assert!(!report.ok());
    let report = Builder::new().jobs(3).schedules(900).run(|| async {
        go(yield_now()).await.unwrap();
    });
    assert!(report.ok() && report.schedules() == 900, "{report}");
}

#[test]
fn a_limit_of_time_ends_the_search() {
    // Without the limit it would take hours.
    let schedules = 10_000_000_000;
    let limit = Duration::from_millis(30);
    let builder = Builder::new().schedules(schedules).wall_limit(limit);
    let report = builder.run(|| async { go(yield_now()).await.unwrap() });
    assert!(report.ok(), "{report}");
    assert!((1..schedules).contains(&report.schedules()), "{report}");
    assert!(report.elapsed() >= limit, "{report}");
}

#[test]
fn a_future_can_be_run_once() {
    let (tx, rx) = chan::bounded::<u8>(1);
    let report = sim::run(5, async move {
        tx.send(3).await.unwrap();
        assert_eq!(rx.recv().await, Ok(3));
    });
    assert!(report.ok(), "{report}");
    let report = sim::run(5, async { panic!("on purpose") });
    assert_eq!(report.finding().unwrap().class(), Class::Panic);
}

#[test]
#[should_panic(expected = "cannot be replayed: this is no schedule that can be replayed")]
fn a_damaged_string_is_refused() {
    let _ = sim::replay("g1-!", async {});
}
