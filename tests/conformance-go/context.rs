//! Contexts: semantics.md CX-01 to CX-07, CX-09 and CX-12. What happens at the end is in `context_ends.rs`.
//!
//! CX-08 cannot be written: there is no nil, and a key that is not `Eq` does not compile.
//! Causes (CX-10) are in `context_causes.rs`, foreign contexts (CX-15, CX-16) in `context_foreign.rs`, the allocation budget (CX-19) in `context_allocations.rs`, signals (CX-20) in `context_signals.rs`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{Polled, in_goroutine, in_goroutine_and_sim, random, rounds, until, until_yielding};
use gaggle::context::{Context, ContextError, Key};
use gaggle::go;
use gaggle::time::Instant;
use std::sync::Arc;
use std::time::Duration;

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const EXCEEDED: Option<ContextError> = Some(ContextError::DeadlineExceeded);
const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(3);

#[track_caller]
fn assert_not_done(ctx: &Context) {
    assert_eq!(ctx.err(), None);
    assert!(ctx.cause().is_none());
    drop(Polled::parked(ctx.done()));
}

#[track_caller]
fn assert_done(ctx: &Context, error: Option<ContextError>) {
    assert_eq!(ctx.err(), error);
    assert!(ctx.cause().is_some());
    assert!(Polled::new(ctx.done()).poll().is_ready());
    ctx.done_blocking();
}

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

#[test]
fn cx_01_the_roots_are_never_done_and_have_nothing() {
    for (ctx, name) in [
        (Context::background(), "context.Background"),
        (Context::todo(), "context.TODO"),
        (Context::default(), "context.Background"),
    ] {
        assert_not_done(&ctx);
        assert_eq!(ctx.deadline(), None);
        assert_eq!(ctx.value(Letter('a')), None);
        assert_eq!(ctx.to_string(), name);
        let (child, _cancel) = ctx.with_cancel();
        assert_eq!(child.to_string(), format!("{name}.WithCancel"));
    }
}

#[test]
fn cx_02_the_first_cancel_counts_and_it_may_be_called_often() {
    let (ctx, cancel) = Context::background().with_cancel();
    assert_not_done(&ctx);
    let waiting: Vec<_> = (0..3).map(|_| Polled::parked(ctx.done())).collect();
    cancel.cancel();
    waiting.into_iter().for_each(Polled::woken);
    assert_done(&ctx, CANCELED);
    cancel.clone().cancel();
    cancel.cancel();
    assert_done(&ctx, CANCELED);
}

#[test]
fn cx_02_cancel_from_many_goroutines_at_once_waits_for_nobody() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(20) {
            let (ctx, cancel) = Context::background().with_cancel();
            let waiter = go({
                let ctx = ctx.clone();
                async move { ctx.done().await }
            });
            let handles: Vec<_> = (0..4)
                .map(|_| {
                    let (ctx, cancel) = (ctx.clone(), cancel.clone());
                    go(async move {
                        cancel.cancel();
                        ctx.err()
                    })
                })
                .collect();
            for handle in handles {
                assert_eq!(handle.await.unwrap(), CANCELED);
            }
            waiter.await.unwrap();
        }
    });
}

#[test]
fn cx_03_when_cancel_returns_everything_below_is_done() {
    let (root, cancel) = Context::background().with_cancel();
    let (child, _c1) = root.with_cancel();
    let value = child.with_value(Letter('a'), 1);
    let (timer, _c2) = value.with_timeout(HOUR);
    let (leaf, _c3) = timer.with_value(Letter('b'), 2).with_cancel();
    let all = [&root, &child, &value, &timer, &leaf];
    all.into_iter().for_each(assert_not_done);
    cancel.cancel();
    all.into_iter().for_each(|ctx| assert_done(ctx, CANCELED));
    let (late, _c4) = timer.with_timeout(HOUR);
    assert_done(&late, CANCELED);
}

#[test]
fn cx_03_also_for_the_second_of_two_that_cancel_at_once() {
    in_goroutine_and_sim(|| async {
        for round in 0..rounds(40) {
            let (root, cancel) = Context::background().with_cancel();
            let mut leaves = vec![root];
            let mut cancels = vec![cancel];
            for i in 0..40 {
                let (ctx, cancel) = leaves[i / 2].with_cancel();
                leaves.push(ctx);
                cancels.push(cancel);
            }
            let leaves = Arc::new(leaves);
            let handles: Vec<_> = (0..3)
                .map(|i| {
                    // The root twice, and something in between.
                    let cancel = cancels[if i == 2 { 1 + round as usize % 3 } else { 0 }].clone();
                    let leaves = leaves.clone();
                    go(async move {
                        cancel.cancel();
                        i == 2 || leaves.iter().all(|ctx| ctx.err() == CANCELED)
                    })
                })
                .collect();
            for handle in handles {
                assert!(handle.await.unwrap(), "cancel returned too early");
            }
        }
    });
}

#[test]
fn cx_04_a_childs_end_leaves_the_parent_alone_and_takes_the_child_from_it() {
    let (parent, _cancel) = Context::background().with_cancel();
    let (child, cancel) = parent.with_cancel();
    let (timed, cancel_timed) = parent.with_timeout(HOUR);
    assert_eq!(children(&parent), 2);
    cancel.cancel();
    assert_done(&child, CANCELED);
    assert_eq!(children(&parent), 1);
    cancel_timed.cancel();
    assert_done(&timed, CANCELED);
    assert_eq!(children(&parent), 0);
    // Its time may be over before anybody looks.
    let (short, _cancel) = parent.with_timeout(SOON);
    short.done_blocking();
    assert_done(&short, EXCEEDED);
    until(|| children(&parent) == 0);
    assert_not_done(&parent);
}

#[test]
fn cx_05_a_child_of_a_done_parent_is_born_done_with_its_cause() {
    let (parent, cancel) = Context::background().with_cancel_cause();
    cancel.cancel("first");
    let (child, cancel_child) = parent.with_cancel_cause();
    assert_done(&child, CANCELED);
    cancel_child.cancel("second");
    assert_eq!(child.cause().unwrap().to_string(), "first");
    let (timed, _c) = child
        .with_value(Letter('a'), 1)
        .with_timeout(Duration::ZERO);
    assert_done(&timed, CANCELED);
    assert_eq!(timed.cause().unwrap().to_string(), "first");
    assert_eq!(children(&parent), 0);
}

#[test]
fn cx_05_creation_that_races_with_cancel_ends_done_with_the_right_cause() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(100) {
            let (parent, cancel) = Context::background().with_cancel_cause();
            let canceller = go(async move { cancel.cancel("the parent's") });
            let (child, _c1) = parent.with_cancel();
            let (grandchild, _c2) = child.with_timeout(HOUR);
            grandchild.done().await;
            canceller.await.unwrap();
            for ctx in [&parent, &child, &grandchild] {
                assert_eq!(ctx.err(), CANCELED);
                assert_eq!(ctx.cause().unwrap().to_string(), "the parent's");
            }
        }
    });
}

#[test]
fn cx_06_at_the_deadline_it_is_done_and_says_that_it_was_time() {
    in_goroutine(|| async {
        let deadline = Instant::now() + SOON;
        let (ctx, _c1) = Context::background().with_deadline(deadline);
        let (below, _c2) = ctx.with_cancel();
        let (value, _c3) = below.with_value(Letter('a'), 1).with_timeout(HOUR);
        assert_eq!(value.deadline(), Some(deadline));
        value.done().await;
        assert!(Instant::now() >= deadline);
        for ctx in [&ctx, &below, &value] {
            assert_ended(ctx, EXCEEDED).await;
            assert!(ctx.err().unwrap().is_timeout());
            assert_eq!(ctx.deadline(), Some(deadline));
        }
        assert!(!ContextError::Canceled.is_timeout());
        assert_eq!(
            (
                ContextError::Canceled.to_string(),
                ContextError::DeadlineExceeded.to_string()
            ),
            (
                "context canceled".to_owned(),
                "context deadline exceeded".to_owned()
            )
        );
    });
}

#[test]
fn cx_06_the_earlier_deadline_rules_and_cancel_comes_first_if_it_comes_first() {
    let now = Instant::now();
    let (outer, _c1) = Context::background().with_deadline(now + HOUR);
    let (inner, cancel) = outer.with_deadline(now + 2 * HOUR);
    assert_eq!(inner.deadline(), Some(now + HOUR));
    let (earlier, _c2) = inner.with_deadline(now + HOUR / 2);
    assert_eq!(earlier.deadline(), Some(now + HOUR / 2));
    cancel.cancel();
    assert_done(&inner, CANCELED);
    assert_done(&earlier, CANCELED);
    assert_not_done(&outer);
    // In the past: at once.
    let (past, _c3) = outer.with_deadline(now);
    assert_done(&past, EXCEEDED);
    let (zero, _c4) = Context::background().with_timeout(Duration::ZERO);
    assert_done(&zero, EXCEEDED);
    // Never.
    let (never, cancel) = Context::background().with_timeout(Duration::MAX);
    assert_not_done(&never);
    cancel.cancel();
    assert_done(&never, CANCELED);
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Letter(char);
impl Key for Letter {
    type Value = u32;
}

#[derive(PartialEq, Eq)]
struct Other(char);
impl Key for Other {
    type Value = &'static str;
}

#[test]
fn cx_07_the_nearest_value_counts_and_keys_differ_by_type_and_value() {
    let c1 = Context::background().with_value(Letter('a'), 1);
    let c2 = c1.with_value(Letter('b'), 2);
    let c3 = c2.with_value(Other('a'), "other");
    let c4 = c3.with_value(Letter('a'), 4);
    assert_eq!(
        (c1.value(Letter('a')), c1.value(Letter('b'))),
        (Some(&1), None)
    );
    assert_eq!(
        (c2.value(Letter('a')), c2.value(Letter('b'))),
        (Some(&1), Some(&2))
    );
    assert_eq!(
        (c3.value(Other('a')), c3.value(Other('b'))),
        (Some(&"other"), None)
    );
    assert_eq!(
        (c4.value(Letter('a')), c4.value(Letter('b'))),
        (Some(&4), Some(&2))
    );
    let hidden = c4.hide_value(Letter('a'));
    assert_eq!(
        (hidden.value(Letter('a')), hidden.value(Other('a'))),
        (None, Some(&"other"))
    );
    let again = hidden.with_value(Letter('a'), 5);
    assert_eq!(again.value(Letter('a')), Some(&5));
}

#[test]
fn cx_07_values_stay_readable_after_the_end_through_many_layers() {
    let mut rng = random("layers of contexts");
    for _ in 0..rounds(20) {
        let (mut ctx, root) = Context::background().with_cancel();
        let (mut cancels, mut newest) = (vec![root], None);
        for layer in 0..50 {
            ctx = match rng.next_u64() % 3 {
                0 => {
                    newest = Some(layer);
                    ctx.with_value(Letter('a'), layer)
                }
                1 => {
                    let (ctx, cancel) = ctx.with_cancel();
                    cancels.push(cancel);
                    ctx
                }
                _ => ctx.with_timeout(HOUR).0,
            };
            assert_eq!(ctx.value(Letter('a')).copied(), newest);
        }
        assert_not_done(&ctx);
        let which = usize::try_from(rng.next_u64()).unwrap() % cancels.len();
        cancels[which].cancel();
        assert_done(&ctx, CANCELED);
        assert_eq!(ctx.value(Letter('a')).copied(), newest);
    }
}

#[test]
fn cx_09_what_is_asked_again_is_answered_again() {
    let deadline = Instant::now() + HOUR;
    let (ctx, cancel) = Context::background().with_deadline(deadline);
    let first = Polled::parked(ctx.done());
    let copy = ctx.clone();
    assert_eq!(
        (ctx.deadline(), copy.deadline()),
        (Some(deadline), Some(deadline))
    );
    cancel.cancel();
    first.woken();
    for _ in 0..3 {
        assert_done(&ctx, CANCELED);
        assert_done(&copy, CANCELED);
        assert_eq!(ctx.deadline(), Some(deadline));
    }
}

#[test]
fn cx_09_an_error_means_that_done_is_ready() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(50) {
            let (root, cancel) = Context::background().with_cancel();
            let (ctx, _c) = root.with_cancel();
            let looker = go(async move {
                until_yielding(|| ctx.err().is_some()).await;
                let cause = ctx.cause();
                ctx.done().await;
                cause.is_some()
            });
            cancel.cancel();
            assert!(looker.await.unwrap());
        }
    });
}

#[test]
fn cx_12_without_cancel_keeps_the_values_and_nothing_else() {
    let (parent, cancel) = Context::background().with_cancel_cause();
    let (timed, _c) = parent.with_value(Letter('a'), 1).with_timeout(HOUR);
    let free = timed.without_cancel();
    assert_eq!((free.deadline(), free.value(Letter('a'))), (None, Some(&1)));
    let (below, cancel_below) = free.with_cancel();
    cancel.cancel("the parent ends");
    assert_done(&timed, CANCELED);
    assert_not_done(&free);
    assert_not_done(&below);
    assert_not_done(&timed.without_cancel());
    cancel_below.cancel();
    assert_done(&below, CANCELED);
    assert_not_done(&free);
}
