//! Virtual time, and the other things that a run may set or ask for: limits, faults, goals, random numbers (semantics.md ST-02).

#![allow(
    clippy::disallowed_methods,
    reason = "that virtual time takes no real time is what is tested"
)]

use gaggle::sim::{self, Builder, Class, Clock, Report, settle};
use gaggle::time::{Instant, Ticker, after_func, sleep, timeout};
use gaggle::{chan, go, yield_now};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as RealInstant};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[track_caller]
fn class(report: &Report) -> Class {
    let finding = report.finding();
    finding.unwrap_or_else(|| panic!("{report}")).class()
}

#[test]
fn a_year_of_ticks_comes_to_its_end() {
    // The unoptimised build sees a day of it.
    let days = if cfg!(debug_assertions) { 1 } else { 365 };
    let real = RealInstant::now();
    let report = sim::run(1, async move {
        let begin = Instant::now();
        let ticker = Ticker::new(SECOND);
        for tick in 1..=days * 86_400 {
            assert_eq!(ticker.recv().await, begin + tick * SECOND);
        }
        assert_eq!(begin.elapsed(), days * DAY);
    });
    assert!(report.ok(), "{report}");
    println!("{days} days of ticks: {:?}", real.elapsed());
}

#[test]
fn st_02_nested_sleeps_are_exact() {
    fn nest(depth: u32) -> std::pin::Pin<Box<dyn Future<Output = Duration> + Send>> {
        Box::pin(async move {
            let nap = Duration::from_nanos(1_000_000_007) * depth;
            if depth == 0 {
                return nap;
            }
            let begin = Instant::now();
            let inside = go(nest(depth - 1));
            sleep(nap).await;
            assert_eq!(begin.elapsed(), nap);
            let longest = inside.await.unwrap().max(nap);
            assert_eq!(begin.elapsed(), longest);
            let begin = Instant::now();
            let inner = nest(depth - 1).await;
            assert_eq!(begin.elapsed(), inner);
            longest + inner
        })
    }
    let report = Builder::new().schedules(50).run(|| async {
        let begin = Instant::now();
        let all = nest(5).await;
        assert_eq!(begin.elapsed(), all);
    });
    assert!(report.ok(), "{report}");
}

#[test]
fn virtual_time_takes_no_real_time() {
    let real = RealInstant::now();
    let report = Builder::new().schedules(100).run(|| async {
        let begin = Instant::now();
        for _ in 0..10 {
            let slow = timeout(36 * DAY, sleep(40 * DAY)).await;
            assert!(slow.is_err());
        }
        assert_eq!(begin.elapsed(), 360 * DAY);
    });
    assert!(report.ok(), "{report}");
    assert!(real.elapsed() < DAY, "a hundred years");
}

/// A result that is there as soon as somebody works on it, and an owner who takes for granted that it is there in time.
async fn result_in_time() {
    let (tx, rx) = chan::bounded(1);
    go(async move {
        yield_now().await;
        let _ = tx.send(42).await;
    });
    let result = timeout(ms(50), rx.recv()).await;
    assert_eq!(result.ok(), Some(Ok(42)), "no answer");
}

#[test]
fn only_a_racy_clock_finds_that_a_result_can_be_late() {
    let quiet = Builder::new().schedules(1_000).run(result_in_time);
    assert!(quiet.ok(), "{quiet}");
    let racy = Clock::Racy { early_fire: 0.05 };
    let late = Builder::new()
        .schedules(1_000)
        .clock(racy)
        .run(result_in_time);
    assert_eq!(class(&late), Class::Panic);
    assert!(late.to_string().contains("no answer"), "{late}");
    // The schedule alone says that the timer was early.
    let again = sim::replay(late.token().unwrap(), result_in_time);
    assert_eq!(again.finding(), late.finding());
}

#[test]
fn a_run_that_takes_too_many_steps_is_a_livelock() {
    let spins = || async {
        loop {
            yield_now().await;
        }
    };
    let report = Builder::new().max_steps(500).run(spins);
    assert_eq!(class(&report), Class::Livelock);
    assert!(report.steps() <= 502, "{}", report.steps());
    // Also when the clock moves.
    let ticks = || async {
        loop {
            sleep(SECOND).await;
        }
    };
    let report = Builder::new().max_steps(500).run(ticks);
    assert_eq!(class(&report), Class::Livelock);
}

#[test]
fn a_run_has_a_limit_of_time() {
    let lasts = |how_long: Duration| {
        let builder = Builder::new().schedules(10).time_limit(600 * SECOND);
        builder.run(move || sleep(how_long))
    };
    let report = lasts(600 * SECOND);
    assert!(report.ok(), "{report}");
    let report = lasts(601 * SECOND);
    assert_eq!(class(&report), Class::Overtime);
    assert!(report.to_string().contains("601s"), "{report}");
}

#[test]
fn advance_moves_the_clock_at_once_and_fires_what_is_due_in_its_order() {
    let report = Builder::new().schedules(300).run(|| async {
        let begin = Instant::now();
        let (tx, rx) = chan::bounded(10);
        for n in [3_u32, 1, 2, 5] {
            let tx = tx.clone();
            go(async move {
                sleep(n * SECOND).await;
                tx.send((n, Instant::now())).await.unwrap();
            });
        }
        settle().await;
        let advance = sim::advance(4 * SECOND);
        assert_eq!(begin.elapsed(), 4 * SECOND);
        advance.await;
        let mut woken = Vec::new();
        while let Ok((n, at)) = rx.try_recv() {
            // All of them got to run after the whole of it.
            assert_eq!(at, begin + 4 * SECOND);
            woken.push(n);
        }
        woken.sort_unstable();
        assert_eq!(woken, [1, 2, 3]);
        assert_eq!(begin.elapsed(), 4 * SECOND);
        assert_eq!(rx.recv().await, Ok((5, begin + 5 * SECOND)));
    });
    assert!(report.ok(), "{report}");
}

#[test]
fn advance_helps_code_that_never_waits() {
    let report = sim::run(1, async {
        let (tx, rx) = chan::bounded(1);
        after_func(60 * SECOND, async move { tx.send(()).await.unwrap() });
        let mut turns = 0;
        while rx.try_recv().is_err() {
            turns += 1;
            sim::advance(SECOND).await;
        }
        assert_eq!(turns, 60);
    });
    assert!(report.ok(), "{report}");
}

/// What three questions for a random number gave, in a run with this seed.
fn three(seed: u64) -> [u64; 3] {
    let place = Arc::new(Mutex::new([0; 3]));
    let inside = place.clone();
    let report = sim::run(seed, async move {
        yield_now().await;
        *inside.lock().unwrap() = [sim::rand(), sim::rand(), sim::rand()];
    });
    assert!(report.ok(), "{report}");
    *place.lock().unwrap()
}

#[test]
fn random_numbers_are_the_same_in_each_repetition() {
    assert_eq!(three(5), three(5));
    assert_ne!(three(5), three(6));
    assert_ne!(three(5)[0], three(5)[1]);
    // And also in a replay.
    let odd = || async { assert_eq!(sim::rand() % 8, 0, "odd") };
    let report = Builder::new().schedules(100).run(odd);
    assert_eq!(class(&report), Class::Panic);
    let again = sim::replay(report.token().unwrap(), odd);
    assert_eq!(again.finding(), report.finding());
}

#[test]
fn faults_happen_as_often_as_was_said_and_never_outside() {
    assert!(!sim::fault("the disk is full", 1.0));
    let (faults, never) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let seen = (faults.clone(), never.clone());
    let report = Builder::new().schedules(1_000).run(move || {
        let (faults, never) = seen.clone();
        async move {
            faults.fetch_add(u64::from(sim::fault("the disk is full", 0.25)), SeqCst);
            never.fetch_add(u64::from(sim::fault("the sky falls", 0.0)), SeqCst);
        }
    });
    assert!(report.ok(), "{report}");
    let faults = faults.load(SeqCst);
    assert!((100..500).contains(&faults), "{faults} of 1,000");
    assert_eq!(never.load(SeqCst), 0);
}

#[test]
fn a_fault_that_matters_is_found_and_is_part_of_the_schedule() {
    let program = || async {
        let first = sim::fault("the first try fails", 0.1);
        let second = sim::fault("and so does the second", 0.1);
        assert!(!(first && second), "given up");
    };
    let report = Builder::new().schedules(5_000).run(program);
    assert_eq!(class(&report), Class::Panic);
    let again = sim::replay(report.token().unwrap(), program);
    assert_eq!(again.finding(), report.finding());
}

#[test]
fn a_goal_that_no_run_reaches_is_a_finding() {
    let program = || async {
        let (tx, rx) = chan::bounded(2);
        for n in 0..2 {
            let tx = tx.clone();
            // The root may have ended by then.
            go(async move { tx.send(n).await.is_ok() });
        }
        match rx.recv().await.unwrap() {
            0 => sim::reached!("zero is first"),
            _ => sim::reached!("one is first"),
        }
    };
    let builder = || Builder::new().schedules(200).goal("one is first");
    let report = builder().run(program);
    assert!(report.ok(), "{report}");
    let both = report.reached("zero is first") + report.reached("one is first");
    assert!(report.reached("zero is first") > 0);
    // Each run comes by once, and so do those that repeat one of them; those are not counted.
    assert_eq!(both, 200);
    let report = builder().goal("both are first").run(program);
    assert_eq!(class(&report), Class::Unreached);
    assert!(report.to_string().contains("both are first"), "{report}");
}

#[test]
fn what_is_observed_has_to_be_the_same_in_each_repetition() {
    let runs = Arc::new(AtomicU64::new(0));
    let program = move |what: fn(u64) -> u64| {
        let runs = runs.clone();
        Builder::new().schedules(100).run(move || {
            let n = runs.fetch_add(1, SeqCst);
            async move { sim::observe(&what(n)) }
        })
    };
    let report = program(|_| 7);
    assert!(report.ok(), "{report}");
    let report = program(|n| n);
    assert_eq!(class(&report), Class::Nondeterminism);
}
