//! `WaitGroup`: semantics.md WG-01 to WG-08 (WG-08 is `mm_10` in `memory_model.rs` too).
//!
//! WG-05 is a translation (T19): what is misuse in Go is safe here, because each wait belongs to a round.
//! Dropping waits is in `rust_only_locks.rs`.

mod common;

use common::{Polled, in_goroutine_and_sim, rounds, until_yielding};
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::WaitGroup;
use gaggle::{chan, go, yield_now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::Poll;

#[test]
fn wg_01_a_new_group_counts_zero_and_wait_returns_at_once() {
    let wg = WaitGroup::new();
    assert_eq!(wg.count(), 0);
    assert_eq!(Polled::new(wg.wait()).poll(), Poll::Ready(()));
    assert_eq!(
        Polled::new(WaitGroup::default().wait()).poll(),
        Poll::Ready(())
    );
    wg.wait_blocking();
    wg.add(0);
    assert_eq!(Polled::new(wg.wait()).poll(), Poll::Ready(()));
}

#[test]
fn wg_01_all_waiters_are_released_together_and_none_early() {
    let wg = WaitGroup::new();
    wg.add(3);
    // More than one batch of wakers.
    let waiting: Vec<_> = (0..100).map(|_| Polled::parked(wg.wait())).collect();
    for left in [2, 1] {
        wg.done();
        assert_eq!(wg.count(), left);
        waiting.iter().for_each(Polled::assert_asleep);
    }
    wg.done();
    for wait in waiting {
        assert_eq!(wait.wakes(), 1);
        wait.woken();
    }
}

#[test]
fn wg_01_sixteen_goroutines_wait_for_sixteen() {
    in_goroutine_and_sim(|| async {
        let work = WaitGroup::new();
        let waiters = WaitGroup::new();
        let (go_on, gate) = chan::bounded::<()>(0);
        work.add(16);
        let released = Arc::new(AtomicUsize::new(0));
        for _ in 0..16 {
            let (work_, released, gate) = (work.clone(), released.clone(), gate.clone());
            drop(waiters.go(async move {
                work_.wait().await;
                released.fetch_add(1, SeqCst);
            }));
            let work = work.clone();
            drop(go(async move {
                let _ = gate.recv().await;
                work.done();
            }));
        }
        for _ in 0..15 {
            go_on.send(()).await.unwrap();
        }
        until_yielding(|| work.count() == 1).await;
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!(released.load(SeqCst), 0);
        go_on.send(()).await.unwrap();
        waiters.wait().await;
        assert_eq!(released.load(SeqCst), 16);
    });
}

#[test]
fn wg_02_a_group_is_used_again_for_eight_rounds() {
    in_goroutine_and_sim(|| async {
        let (first, second) = (WaitGroup::new(), WaitGroup::new());
        for round in 0..8 {
            first.add(16);
            second.add(16);
            let done = Arc::new(AtomicUsize::new(0));
            for _ in 0..16 {
                let (first, second, done) = (first.clone(), second.clone(), done.clone());
                drop(go(async move {
                    first.done();
                    second.wait().await;
                    done.fetch_add(1, SeqCst);
                }));
            }
            first.wait().await;
            assert_eq!(done.load(SeqCst), 0, "round {round}");
            for _ in 0..16 {
                second.done();
            }
            second.wait().await;
            until_yielding(|| done.load(SeqCst) == 16).await;
        }
    });
}

#[test]
fn wg_02_a_waiter_of_the_next_round_is_not_released_by_this_one() {
    let wg = WaitGroup::new();
    wg.add(1);
    let this_round = Polled::parked(wg.wait());
    wg.done();
    wg.add(1);
    let next_round = Polled::parked(wg.wait());
    this_round.woken();
    next_round.assert_asleep();
    wg.done();
    next_round.woken();
}

#[test]
fn wg_03_wait_never_returns_while_a_task_is_outstanding() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(1_000) {
            let wg = WaitGroup::new();
            let done = Arc::new(AtomicUsize::new(0));
            for _ in 0..2 {
                let done = done.clone();
                drop(wg.go(async move { done.fetch_add(1, Relaxed) }));
            }
            wg.wait().await;
            assert_eq!(done.load(Relaxed), 2);
        }
    });
}

#[test]
fn wg_04_going_below_zero_panics_and_leaves_the_group_as_it_was() {
    let wg = WaitGroup::new();
    wg.add(1);
    wg.done();
    let panic = catch_unwind(AssertUnwindSafe(|| wg.done())).unwrap_err();
    let text = panic.downcast_ref::<&str>().copied().map(str::to_owned);
    let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
    assert_eq!(text.as_deref(), Some("sync: negative WaitGroup counter"));
    assert_eq!(wg.count(), 0);
    wg.wait_blocking();
}

#[test]
fn wg_05_adding_while_above_zero_is_allowed_and_extends_the_wait() {
    let wg = WaitGroup::new();
    wg.add(1);
    let wait = Polled::parked(wg.wait());
    wg.add(2);
    wg.done();
    wg.done();
    wait.assert_asleep();
    wg.done();
    wait.woken();
}

#[test]
fn wg_05_adding_from_zero_while_others_wait_is_safe() {
    in_goroutine_and_sim(|| async {
        let wg = WaitGroup::new();
        let stop = Arc::new(AtomicBool::new(false));
        let waiters: Vec<_> = (0..4)
            .map(|_| {
                let (wg, stop) = (wg.clone(), stop.clone());
                go(async move {
                    while !stop.load(SeqCst) {
                        wg.wait().await;
                        yield_now().await;
                    }
                })
            })
            .collect();
        let adders: Vec<_> = (0..4)
            .map(|_| {
                let wg = wg.clone();
                go(async move {
                    for _ in 0..rounds(200) {
                        wg.add(1);
                        yield_now().await;
                        wg.done();
                    }
                })
            })
            .collect();
        for adder in adders {
            adder.await.unwrap();
        }
        assert_eq!(wg.count(), 0);
        stop.store(true, SeqCst);
        for waiter in waiters {
            waiter.await.unwrap();
        }
    });
}

#[test]
fn wg_06_go_counts_starts_and_counts_down_at_the_end() {
    in_goroutine_and_sim(|| async {
        let wg = WaitGroup::new();
        let (release, gate) = chan::bounded::<()>(0);
        let handle = wg.go(async move {
            let _ = gate.recv().await;
            "the result"
        });
        assert_eq!(wg.count(), 1);
        release.close();
        wg.wait().await;
        assert_eq!(wg.count(), 0);
        assert_eq!(handle.await.unwrap(), "the result");
    });
}

#[test]
fn wg_06_a_goroutine_of_the_group_may_start_others_of_it() {
    fn tree(wg: &WaitGroup, depth: u32, leaves: Arc<AtomicUsize>) {
        let inner = wg.clone();
        drop(wg.go(async move {
            if depth == 0 {
                leaves.fetch_add(1, SeqCst);
                return;
            }
            for _ in 0..3 {
                tree(&inner, depth - 1, leaves.clone());
            }
        }));
    }
    in_goroutine_and_sim(|| async {
        let (wg, leaves) = (WaitGroup::new(), Arc::new(AtomicUsize::new(0)));
        tree(&wg, 5, leaves.clone());
        wg.wait().await;
        assert_eq!(leaves.load(SeqCst), 3_usize.pow(5));
    });
}

#[test]
fn wg_07_a_panic_does_not_release_the_waiters() {
    common::watched("a group with a panic", || {
        for workers in common::worker_counts() {
            let builder = Runtime::builder()
                .workers(workers)
                .on_panic(OnPanic::Report);
            let rt = builder.build().unwrap();
            let wg = WaitGroup::new();
            let handle = rt.go({
                let wg = wg.clone();
                async move { wg.go(async { panic!("on purpose") }).await }
            });
            let error: Result<(), _> = rt.block_on(handle).unwrap();
            assert!(error.unwrap_err().is_panic());
            assert_eq!(wg.count(), 1);
            let wait = Polled::parked(wg.wait());
            wait.assert_asleep();
            drop(wait);
            wg.done();
        }
    });
}

#[test]
fn wg_07_a_goroutine_that_is_aborted_does_count_down() {
    in_goroutine_and_sim(|| async {
        let wg = WaitGroup::new();
        let parked = wg.go(std::future::pending::<()>());
        yield_now().await;
        let perhaps_not_begun = wg.go(std::future::pending::<()>());
        parked.abort();
        perhaps_not_begun.abort();
        wg.wait().await;
        assert!(parked.await.unwrap_err().is_aborted());
        assert!(perhaps_not_begun.await.unwrap_err().is_aborted());
    });
}

#[test]
fn wg_07_a_guard_counts_down_by_a_panic_too() {
    let wg = WaitGroup::new();
    let guard = wg.guard();
    let wait = Polled::parked(wg.wait());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = guard;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    wait.woken();
}

#[test]
fn wg_08_done_comes_before_the_wait_that_it_releases() {
    in_goroutine_and_sim(|| async {
        for round in 1..=rounds(200) {
            let wg = WaitGroup::new();
            let sum = Arc::new(AtomicUsize::new(0));
            for i in 0..4 {
                let sum = sum.clone();
                let guard = wg.guard();
                drop(go(async move {
                    sum.fetch_add(i, Relaxed);
                    drop(guard);
                }));
            }
            let seen = sum.clone();
            let other = {
                let wg = wg.clone();
                go(async move {
                    wg.wait().await;
                    seen.load(Relaxed)
                })
            };
            wg.wait().await;
            assert_eq!(
                (sum.load(Relaxed), other.await.unwrap()),
                (6, 6),
                "round {round}"
            );
        }
    });
}
