//! Virtual time and quiet, as Go's `testing/synctest` has them: semantics.md ST-01 to ST-04, ST-10 to ST-12, and MM-11.
//!
//! What Go calls a bubble is a run of the simulation here. How a run ends is in `ends.rs`, what crosses its edge in `edges.rs`.

use gaggle::sim::{self, Builder, settle};
use gaggle::sync::{Barrier, Cond, Event, Mutex, RwLock, WaitGroup};
use gaggle::time::{Instant, after, after_func, sleep, sleep_until};
use gaggle::{chan, go, select, yield_now};
use std::sync::Arc;
use std::sync::Mutex as StdMutex;
use std::sync::atomic::{
    AtomicBool, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::time::{Duration, SystemTime};

const SECOND: Duration = Duration::from_secs(1);
const DAY: Duration = Duration::from_secs(86_400);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Runs `body` under a few schedules.
#[track_caller]
fn simulated<F: Future<Output = ()> + Send + 'static>(
    body: impl Fn() -> F + Send + Sync + 'static,
) {
    let report = Builder::new().schedules(300).run(body);
    assert!(report.ok(), "{report}");
}

#[test]
fn st_01_a_run_begins_in_2000_and_has_one_clock() {
    let begins = Arc::new(StdMutex::new(Vec::new()));
    let seen = begins.clone();
    // Two jobs: two runs at a time, and neither moves the other's clock.
    let report = Builder::new().schedules(200).jobs(2).run(move || {
        let seen = seen.clone();
        async move {
            let y2k = SystemTime::UNIX_EPOCH + Duration::from_secs(946_684_800);
            assert_eq!(sim::date(), y2k);
            seen.lock().unwrap().push(sim::now());
            let look = || go(async { (sim::date(), Instant::now()) });
            assert_eq!(look().await.unwrap(), (y2k, sim::now()));
            sleep(DAY).await;
            assert_eq!(look().await.unwrap(), (y2k + DAY, sim::now()));
        }
    });
    assert!(report.ok(), "{report}");
    let begins = begins.lock().unwrap();
    assert!(begins.len() >= 200);
    assert!(begins.iter().all(|begin| *begin == begins[0]));
}

#[test]
fn st_02_time_moves_when_nobody_can_run_and_to_the_nanosecond() {
    simulated(|| async {
        let begin = Instant::now();
        let nap = go(sleep(Duration::from_nanos(1)));
        for _ in 0..50 {
            yield_now().await;
            assert_eq!(begin.elapsed(), Duration::ZERO, "somebody runs");
        }
        assert!(!nap.is_finished());
        nap.await.unwrap();
        assert_eq!(begin.elapsed(), Duration::from_nanos(1));

        // A timer that is moved while it runs comes when it was moved to, and is read when it was due.
        let timer = after(ms(10));
        sleep(ms(9)).await;
        assert!(timer.reset(ms(10)));
        let due = Instant::now() + ms(10);
        assert_eq!(timer.recv().await, due);
        assert_eq!(Instant::now(), due);
        let deadline = due + Duration::from_nanos(987_654_321);
        sleep_until(deadline).await;
        assert_eq!(Instant::now(), deadline);
    });
}

#[test]
fn st_03_settle_returns_when_all_others_wait_or_are_gone() {
    fn chain(left: usize, length: Arc<AtomicUsize>) {
        go(async move {
            length.fetch_add(1, SeqCst);
            if left > 1 {
                chain(left - 1, length);
            }
        });
    }
    simulated(|| async {
        settle().await;
        let length = Arc::new(AtomicUsize::new(0));
        chain(100, length.clone());
        settle().await;
        assert_eq!(length.load(SeqCst), 100);
        settle().await;
    });
}

#[test]
fn mm_11_settling_and_the_end_of_a_run_publish_what_was_done_before() {
    let done = Arc::new(AtomicUsize::new(0));
    let inside = done.clone();
    let report = sim::run(1, async move {
        for _ in 0..10 {
            let done = inside.clone();
            // Relaxed: what orders it is the wait for quiet alone.
            go(async move { done.fetch_add(1, Relaxed) });
        }
        settle().await;
        assert_eq!(inside.load(Relaxed), 10);
        go(async move { inside.store(20, Relaxed) });
    });
    assert!(report.ok(), "{report}");
    assert_eq!(done.load(Relaxed), 20);
}

#[test]
fn st_03_a_helper_sleeps_and_then_settles() {
    simulated(|| async {
        let done = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let done = done.clone();
            go(async move {
                sleep(SECOND).await;
                yield_now().await;
                done.fetch_add(1, SeqCst);
            });
        }
        let begin = Instant::now();
        // Asleep until the same instant as the others, and behind them after that.
        sleep(SECOND).await;
        settle().await;
        assert_eq!(done.load(SeqCst), 5);
        assert_eq!(begin.elapsed(), SECOND);
        // It does not take the sleeper for somebody who can run.
        let late = go(sleep(SECOND));
        settle().await;
        assert!(!late.is_finished());
        late.await.unwrap();
    });
}

#[test]
fn st_04_whoever_waits_for_something_of_gaggles_counts_as_quiet() {
    simulated(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let (full, _rx) = chan::bounded::<u32>(0);
        let mutex = Arc::new(Mutex::new(()));
        let lock = Arc::new(RwLock::new(()));
        let (cond, event) = (Arc::new(Cond::new()), Arc::new(Event::new()));
        let (group, barrier) = (WaitGroup::new(), Arc::new(Barrier::new(2)));
        let free = Arc::new(Mutex::new(()));
        group.add(1);
        let held = (
            mutex.clone().lock_owned().await,
            lock.clone().write_owned().await,
        );
        let mut waiters = vec![go(async move {
            let _ = rx.recv().await;
        })];
        waiters.push(go(async move {
            let _ = full.send(1).await;
        }));
        waiters.push(go(async {
            let _ = chan::never::<u32>().recv().await;
        }));
        waiters.push(go(async {
            let (_tx, rx) = chan::bounded::<u32>(0);
            select! { _ = rx.recv() => {}, () = sleep(DAY) => {} }
        }));
        waiters.push(go(sleep(DAY)));
        let (signal, under) = (cond.clone(), free.clone());
        waiters.push(go(async move {
            drop(signal.wait(under.lock().await).await);
        }));
        let (all, once, meet) = (group.clone(), event.clone(), barrier.clone());
        waiters.push(go(async move { all.wait().await }));
        waiters.push(go(async move { once.wait().await }));
        waiters.push(go(async move {
            let _ = meet.wait().await;
        }));
        // Go's locks do not count, as somebody outside of the bubble may have them; ours are all seen.
        let (taken, written) = (mutex.clone(), lock.clone());
        waiters.push(go(async move { drop(taken.lock().await) }));
        waiters.push(go(async move { drop(written.read().await) }));
        let begin = Instant::now();
        settle().await;
        assert_eq!(begin.elapsed(), Duration::ZERO);
        assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
        drop((tx, held));
        cond.broadcast();
        event.set();
        group.done();
        barrier.wait().await;
        settle().await;
        let left = waiters.iter().filter(|waiter| !waiter.is_finished());
        assert_eq!(left.count(), 4, "a send, a never, and two that sleep");
        for waiter in &waiters {
            waiter.abort();
        }
    });
}

#[test]
fn st_10_functions_of_timers_and_what_they_start_belong_to_the_run() {
    simulated(|| async {
        let begin = (Instant::now(), sim::date());
        let (tx, rx) = chan::bounded(1);
        after_func(SECOND, async move {
            go(async move {
                assert!(sim::is_simulated());
                sleep(SECOND).await;
                tx.send(sim::date()).await.unwrap();
            });
        });
        sleep(SECOND).await;
        settle().await;
        assert!(rx.is_empty());
        assert_eq!(rx.recv().await, Ok(begin.1 + 2 * SECOND));
        assert_eq!(begin.0.elapsed(), 2 * SECOND);
    });
}

#[test]
fn st_11_a_timer_of_zero_is_ready_at_once() {
    simulated(|| async {
        let timer = after(Duration::ZERO);
        let now = Instant::now();
        let got = select! { at = timer.recv() => Some(at), default => None };
        assert_eq!(got, Some(now));
        // Nobody has to wait for the function of one to run.
        let ran = Arc::new(AtomicBool::new(false));
        let inside = ran.clone();
        after_func(Duration::ZERO, async move { inside.store(true, SeqCst) });
        while !ran.load(SeqCst) {
            yield_now().await;
        }
        assert_eq!(Instant::now(), now);
    });
}

#[test]
fn st_11_a_timer_whose_time_has_passed_says_its_own_time() {
    simulated(|| async {
        let begin = Instant::now();
        let timer = after(SECOND);
        sleep(DAY).await;
        let got = select! { at = timer.recv() => Some(at), default => None };
        assert_eq!(got, Some(begin + SECOND));
    });
}

/// Runs `body` up to 1,000 times, until both orders of two things were seen.
#[track_caller]
fn both_orders<F: Future<Output = u32> + Send + 'static>(body: fn() -> F) {
    let seen: Arc<[AtomicBool; 2]> = Arc::default();
    for seed in 0..1_000 {
        let inside = seen.clone();
        let report = sim::run(seed, async move {
            inside[body().await as usize].store(true, SeqCst);
        });
        assert!(report.ok(), "{report}");
        if seen.iter().all(|seen| seen.load(SeqCst)) {
            return;
        }
    }
    panic!("always the same one");
}

#[test]
fn st_12_what_is_due_together_happens_in_an_order_that_varies() {
    both_orders(|| async {
        let (tx, rx) = chan::bounded(2);
        for n in 0..2 {
            let tx = tx.clone();
            go(async move {
                sleep(SECOND).await;
                let _ = tx.send(n).await;
            });
        }
        rx.recv().await.unwrap()
    });
    both_orders(|| async {
        let (tx, rx) = chan::bounded(2);
        for n in 0..2 {
            let tx = tx.clone();
            after_func(SECOND, async move {
                let _ = tx.send(n).await;
            });
        }
        rx.recv().await.unwrap()
    });
    both_orders(|| async {
        let (a, b) = (after(SECOND), after(SECOND));
        sleep(SECOND).await;
        select! { _ = a.recv() => 0, _ = b.recv() => 1 }
    });
}
