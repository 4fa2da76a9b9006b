//! Causes of contexts: semantics.md CX-10, CX-11 (T30).

mod common;

use common::{in_goroutine_and_sim, rounds, until_yielding};
use gaggle::context::{Context, ContextError};
use gaggle::go;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

const HOUR: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(1);

/// What a context should say: `err` and `cause`.
type Expected = Option<(&'static str, &'static str)>;
/// What is done, and the contexts that come of it with what they should say.
type Case = (&'static str, fn() -> Vec<(Context, Expected)>);

const PLAIN: Expected = Some(("context canceled", "context canceled"));
const TIME: Expected = Some(("context deadline exceeded", "context deadline exceeded"));

#[expect(clippy::unnecessary_wraps, reason = "beside `None`")]
const fn canceled(cause: &'static str) -> Expected {
    Some(("context canceled", cause))
}

#[expect(clippy::unnecessary_wraps, reason = "beside `None`")]
const fn late(cause: &'static str) -> Expected {
    Some(("context deadline exceeded", cause))
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("background", || vec![(Context::background(), None)]),
    ("todo", || vec![(Context::todo(), None)]),
    ("cancel", || {
        let (ctx, cancel) = Context::background().with_cancel();
        cancel.cancel();
        vec![(ctx, PLAIN)]
    }),
    ("cause", || {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        cancel.cancel("a");
        vec![(ctx, canceled("a"))]
    }),
    ("no cause", || {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        cancel.plain().cancel();
        vec![(ctx, PLAIN)]
    }),
    ("the first of two causes", || {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        cancel.cancel("a");
        cancel.cancel("b");
        vec![(ctx, canceled("a"))]
    }),
    ("no cause before a cause", || {
        let (ctx, cancel) = Context::background().with_cancel_cause();
        cancel.plain().cancel();
        cancel.cancel("b");
        vec![(ctx, PLAIN)]
    }),
    ("the parent before the child", || {
        let (parent, cancel_parent) = Context::background().with_cancel_cause();
        let (child, cancel_child) = parent.with_cancel_cause();
        cancel_parent.cancel("parent");
        cancel_child.cancel("child");
        vec![(parent, canceled("parent")), (child, canceled("parent"))]
    }),
    ("the child before the parent", || {
        let (parent, cancel_parent) = Context::background().with_cancel_cause();
        let (child, cancel_child) = parent.with_cancel_cause();
        cancel_child.cancel("child");
        cancel_parent.cancel("parent");
        vec![(parent, canceled("parent")), (child, canceled("child"))]
    }),
    ("only the child", || {
        let (parent, _c) = Context::background().with_cancel_cause();
        let (child, cancel_child) = parent.with_cancel_cause();
        cancel_child.cancel("child");
        vec![(parent, None), (child, canceled("child"))]
    }),
    ("a parent without a cause", || {
        let (parent, cancel) = Context::background().with_cancel();
        let (child, cancel_child) = parent.with_cancel_cause();
        cancel.cancel();
        cancel_child.cancel("child");
        vec![(parent, PLAIN), (child, PLAIN)]
    }),
    ("a grandparent through a parent without a cause", || {
        let (top, cancel) = Context::background().with_cancel_cause();
        let (middle, _c1) = top.with_cancel();
        let (below, _c2) = middle.with_timeout(HOUR);
        cancel.cancel("top");
        vec![(middle, canceled("top")), (below, canceled("top"))]
    }),
    ("the middle of three", || {
        let (top, cancel_top) = Context::background().with_cancel_cause();
        let (middle, cancel) = top.with_cancel_cause();
        let (below, _c) = middle.with_cancel();
        cancel.cancel("middle");
        cancel_top.cancel("top");
        vec![(top, canceled("top")), (middle, canceled("middle")), (below, canceled("middle"))]
    }),
    ("time", || {
        let (ctx, _c) = Context::background().with_timeout(Duration::ZERO);
        vec![(ctx, TIME)]
    }),
    ("cancelled before the time", || {
        let (ctx, cancel) = Context::background().with_timeout(HOUR);
        cancel.cancel();
        vec![(ctx, PLAIN)]
    }),
    ("the parent before the time", || {
        let (parent, cancel) = Context::background().with_cancel_cause();
        let (ctx, _c) = parent.with_timeout(HOUR);
        cancel.cancel("parent");
        vec![(ctx, canceled("parent"))]
    }),
    ("time with a cause", || {
        let (ctx, _c) = Context::background().with_timeout_cause(SOON, "slow");
        vec![(ctx, late("slow"))]
    }),
    ("time with a cause, at once", || {
        let (ctx, _c) = Context::background().with_timeout_cause(Duration::ZERO, "slow");
        vec![(ctx, late("slow"))]
    }),
    ("cancelled before the time with a cause", || {
        let (ctx, cancel) = Context::background().with_timeout_cause(HOUR, "slow");
        cancel.cancel();
        vec![(ctx, PLAIN)]
    }),
    ("a cause from above before the time with a cause", || {
        let (parent, cancel) = Context::background().with_cancel_cause();
        let (ctx, _c) = parent.with_timeout_cause(HOUR, "slow");
        cancel.cancel("parent");
        vec![(ctx, canceled("parent"))]
    }),
    ("the parent's time is earlier", || {
        let (parent, _c1) = Context::background().with_timeout_cause(SOON, "parent");
        let (ctx, _c2) = parent.with_timeout_cause(HOUR, "child");
        vec![(parent, late("parent")), (ctx, late("parent"))]
    }),
    ("the child's time is earlier", || {
        let (parent, _c1) = Context::background().with_timeout_cause(HOUR, "parent");
        let (ctx, _c2) = parent.with_timeout_cause(SOON, "child");
        ctx.done_blocking();
        vec![(parent, None), (ctx, late("child"))]
    }),
    ("without cancel", || vec![(Context::background().without_cancel(), None)]),
    ("without cancel below what is cancelled", || {
        let (parent, cancel) = Context::background().with_cancel_cause();
        let free = parent.without_cancel();
        cancel.cancel("parent");
        vec![(parent, canceled("parent")), (free, None)]
    }),
    ("without cancel below what is late", || {
        let (parent, _c) = Context::background().with_timeout_cause(Duration::ZERO, "slow");
        vec![(parent.without_cancel(), None)]
    }),
];

#[test]
fn cx_10_the_first_cancellation_decides_what_the_cause_is() {
    for (name, make) in CASES {
        for (ctx, expected) in make() {
            if expected.is_some() {
                ctx.done_blocking();
            }
            let said = ctx.err().zip(ctx.cause());
            let said = said.map(|(err, cause)| (err.to_string(), cause.to_string()));
            let expected = expected.map(|(err, cause)| (err.to_owned(), cause.to_owned()));
            assert_eq!(said, expected, "{name}");
        }
    }
}

#[derive(Debug, PartialEq)]
struct DiskFull(u32);
impl fmt::Display for DiskFull {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "disk {} is full", self.0)
    }
}
impl Error for DiskFull {}

#[test]
fn cx_10_a_cause_is_found_again_as_what_it_was() {
    let (ctx, cancel) = Context::background().with_cancel_cause();
    cancel.cancel(DiskFull(3));
    let cause = ctx.cause().unwrap();
    assert_eq!(cause.downcast_ref::<DiskFull>(), Some(&DiskFull(3)));
    // Handed on to another tree, it is still the same.
    let (other, cancel) = Context::background().with_cancel_cause();
    cancel.cancel(cause.clone());
    assert!(Arc::ptr_eq(&other.cause().unwrap(), &cause));
    let (plain, cancel) = Context::background().with_cancel();
    cancel.cancel();
    let cause = plain.cause().unwrap();
    assert_eq!(cause.downcast_ref(), Some(&ContextError::Canceled));
}

#[test]
fn cx_11_who_polls_the_cause_sees_nothing_or_the_final_one() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(50) {
            let (top, cancel) = Context::background().with_cancel_cause();
            let (ctx, _c) = top.with_cancel();
            let lookers: Vec<_> = (0..2)
                .map(|_| {
                    let ctx = ctx.clone();
                    go(async move {
                        until_yielding(|| ctx.cause().is_some()).await;
                        ctx.cause().unwrap().to_string()
                    })
                })
                .collect();
            let canceller = go(async move {
                cancel.cancel("why");
                cancel.cancel("not why");
            });
            for looker in lookers {
                assert_eq!(looker.await.unwrap(), "why");
            }
            canceller.await.unwrap();
        }
    });
}
