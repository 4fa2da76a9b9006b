//! What happens at the end of a context: semantics.md CX-13, CX-14, CX-17 and CX-18.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{
    Polled, in_goroutine, in_goroutine_and_sim, on_workers, random, rounds, until_yielding,
};
use gaggle::context::{Cancel, Context, ContextError, Key};
use gaggle::sim::is_simulated;
use gaggle::time::Instant;
use gaggle::{chan, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);
const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(3);

/// As [`assert_done`], in a goroutine, where a poll may be put off by the budget.
async fn assert_ended(ctx: &Context, error: Option<ContextError>) {
    assert_eq!(ctx.err(), error);
    assert!(ctx.cause().is_some());
    ctx.done().await;
}

/// How many contexts hang directly on this one.
fn children(ctx: &Context) -> usize {
    let text = format!("{ctx:?}");
    let (_, rest) = text.split_once("children: ").unwrap();
    rest.split(',').next().unwrap().parse().unwrap()
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Letter(char);
impl Key for Letter {
    type Value = u32;
}

#[test]
fn cx_13_the_function_runs_once_in_its_own_goroutine_after_the_end() {
    in_goroutine(|| async {
        for way in 0..3 {
            let (ctx, cancel) = match way {
                0 => Context::background().with_cancel(),
                1 => Context::background().with_timeout(SOON),
                _ => Context::background().with_timeout(Duration::ZERO),
            };
            let (tx, rx) = chan::bounded(2);
            let inner = ctx.clone();
            let after = ctx.after_func(async move { tx.send(inner.err()).await.unwrap() });
            if way == 0 {
                assert!(rx.try_recv().unwrap_err().is_empty());
                cancel.cancel();
            }
            let error = rx.recv().await.unwrap();
            assert_eq!(error, if way == 0 { CANCELED } else { EXCEEDED });
            assert!(rx.recv().await.is_err(), "it ran twice");
            assert!(!after.stop());
        }
    });
}

#[test]
fn cx_13_a_context_with_a_deadline_holds_itself_for_its_functions() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(1);
        let (ctx, cancel) = Context::background().with_timeout(SOON);
        let after = ctx.after_func(async move { tx.send(()).await.unwrap() });
        drop((ctx, cancel, after));
        assert_eq!(rx.recv().await, Ok(()));
        // Not for one that was taken back.
        let held = Arc::new(());
        let inside = held.clone();
        let (ctx, cancel) = Context::background().with_timeout(HOUR);
        let after = ctx.after_func(async move { drop(inside) });
        drop((ctx, cancel));
        assert!(after.stop());
        assert_eq!(Arc::strong_count(&held), 1);
    });
}

#[test]
fn cx_13_cancel_does_not_wait_for_the_function() {
    in_goroutine_and_sim(|| async {
        let (ctx, cancel) = Context::background().with_cancel();
        let (gate, wait) = chan::bounded::<()>(0);
        let (tx, ended) = chan::bounded(1);
        let _after = ctx.after_func(async move {
            let _ = wait.recv().await;
            tx.send(1).await.unwrap();
        });
        cancel.cancel();
        assert_ended(&ctx, CANCELED).await;
        assert!(ended.try_recv().unwrap_err().is_empty());
        gate.close();
        assert_eq!(ended.recv().await, Ok(1));
    });
}

#[test]
fn cx_14_stop_says_whether_it_prevented_the_run() {
    in_goroutine_and_sim(|| async {
        let (ctx, cancel) = Context::background().with_cancel();
        let (tx, rx) = chan::bounded(4);
        let start = |n: u32| {
            let tx = tx.clone();
            ctx.after_func(async move { tx.send(n).await.unwrap() })
        };
        let (first, second) = (start(1), start(2));
        drop(start(3));
        assert!(first.stop());
        assert!(!first.stop(), "the second time");
        cancel.cancel();
        assert!(!second.stop(), "it runs");
        let late = start(4);
        assert!(!late.stop(), "it ran at once");
        let mut ran = [rx.recv().await, rx.recv().await, rx.recv().await].map(Result::unwrap);
        ran.sort_unstable();
        assert_eq!(ran, [2, 3, 4]);
        assert!(rx.try_recv().is_err());
        // Never done.
        let never = Context::background().after_func(async { unreachable!() });
        assert!(never.stop());
        assert!(!never.stop());
    });
}

#[test]
fn cx_14_stop_and_cancel_agree() {
    in_goroutine_and_sim(|| async {
        let ran = Arc::new(AtomicUsize::new(0));
        let mut stopped = 0;
        let n = rounds(200);
        for _ in 0..n {
            let (ctx, cancel) = Context::background().with_cancel();
            let inner = ran.clone();
            let after = ctx.after_func(async move {
                let _ = inner.fetch_add(1, SeqCst);
            });
            let canceller = go(async move { cancel.cancel() });
            stopped += usize::from(after.stop());
            canceller.await.unwrap();
        }
        let total = usize::try_from(n).unwrap();
        until_yielding(|| ran.load(SeqCst) + stopped >= total).await;
        assert_eq!(ran.load(SeqCst) + stopped, total);
    });
}

#[test]
fn cx_17_chains_of_contexts_start_no_goroutine() {
    on_workers(|rt| {
        rt.block_on(async {
            let (mut ctx, cancel) = Context::background().with_cancel();
            let mut held = Vec::new();
            for _ in 0..10 {
                let (child, _c) = ctx.with_value(Letter('a'), 1).with_timeout(HOUR);
                let (child, c) = child.with_cancel_cause();
                held.push((c, child.after_func(async {})));
                ctx = child;
            }
            assert_eq!(rt.metrics().goroutines, 0);
            let waiting = Polled::parked(ctx.done());
            assert_eq!(rt.metrics().goroutines, 0);
            held.iter().for_each(|(_, after)| assert!(after.stop()));
            cancel.cancel();
            waiting.woken();
            assert_eq!(rt.metrics().goroutines, 0);
        });
    });
}

#[test]
fn cx_17_done_as_an_arm_of_a_select_costs_no_goroutine() {
    on_workers(|rt| {
        rt.block_on(async {
            let (ctx, cancel) = Context::background().with_timeout(HOUR);
            let (tx, rx) = chan::bounded(1);
            let never = Context::background();
            for round in 0..3 {
                match round {
                    1 => tx.try_send(1).unwrap(),
                    2 => cancel.cancel(),
                    _ => {}
                }
                let which = gaggle::select! {
                    _ = ctx.done() => 2,
                    _ = never.done() => 3,
                    n = rx.recv() => n.unwrap(),
                    default => 0,
                };
                assert_eq!((which, rt.metrics().goroutines), (round, 0));
            }
            // And one that has to wait.
            let (ctx, _c) = never.with_timeout(SOON);
            let which = gaggle::select! {
                _ = ctx.done() => 4,
                _ = rx.recv() => 5,
            };
            assert_eq!((which, rt.metrics().goroutines), (4, 0));
        });
    });
}

/// A tree of 100: each new context hangs on one of those before.
fn tree() -> (Vec<Context>, Vec<Cancel>) {
    let mut rng = random("a tree of contexts");
    let (mut all, mut cancels) = (vec![Context::background()], Vec::new());
    for i in 0..100 {
        let parent = usize::try_from(rng.next_u64()).unwrap() % all.len();
        let (ctx, cancel) = match i % 3 {
            0 => all[parent].with_timeout(HOUR),
            _ => all[parent].with_cancel(),
        };
        all.push(ctx);
        cancels.push(cancel);
    }
    for at in 0..cancels.len() {
        cancels.swap(at, usize::try_from(rng.next_u64()).unwrap() % 100);
    }
    all.remove(0);
    (all, cancels)
}

#[test]
fn cx_18_a_tree_cancelled_at_once_in_random_order_ends_within_a_second() {
    in_goroutine_and_sim(|| async {
        let (all, cancels) = tree();
        let start = Instant::now();
        let handles: Vec<_> = cancels
            .into_iter()
            .map(|cancel| go(async move { cancel.cancel() }))
            .collect();
        for ctx in &all {
            ctx.done().await;
        }
        for handle in handles {
            handle.await.unwrap();
        }
        let took = start.elapsed();
        // A second in a simulation, whose time stands still; a real machine may stand still itself.
        let limit = if is_simulated() { 1 } else { 30 };
        assert!(took < Duration::from_secs(limit), "it took {took:?}");
        all.iter().for_each(|ctx| assert_eq!(ctx.err(), CANCELED));
        assert!(all.iter().all(|ctx| children(ctx) == 0));
    });
}

#[test]
fn cx_18_a_child_cancelled_because_of_its_parent_does_not_deadlock() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(50) {
            let (parent, cancel_parent) = Context::background().with_cancel();
            let (child, cancel_child) = parent.with_cancel();
            let relay = go(async move {
                parent.done().await;
                cancel_child.cancel();
            });
            cancel_parent.cancel();
            child.done().await;
            relay.await.unwrap();
        }
    });
}
