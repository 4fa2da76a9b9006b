//! Contexts of somebody else's making: semantics.md CX-15, CX-16, and CX-17 for them (T31).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{on_workers, until};
use gaggle::context::{Cause, Context, ContextError, Foreign, Key, Stop};
use gaggle::time::Instant;
use gaggle_chan::sync::Event;
use std::any::Any;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Func = Box<dyn FnOnce() + Send>;

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const HOUR: Duration = Duration::from_secs(3600);

#[derive(PartialEq, Eq)]
struct Name(u8);
impl Key for Name {
    type Value = String;
}

/// The other library's token.
#[derive(Default)]
struct Token {
    done: Event,
    error: Mutex<Option<ContextError>>,
    cause: Option<Cause>,
    deadline: Option<Instant>,
    name: String,
    /// Asks of `done`.
    asked: AtomicUsize,
}

impl Token {
    fn end(&self, error: ContextError) {
        *self.error.lock().unwrap() = Some(error);
        self.done.set();
    }
}

#[derive(Clone, Default)]
struct Waited(Arc<Token>);

impl Foreign for Waited {
    async fn done(&self) {
        self.0.asked.fetch_add(1, SeqCst);
        self.0.done.wait().await;
    }
    fn err(&self) -> Option<ContextError> {
        *self.0.error.lock().unwrap()
    }
    fn deadline(&self) -> Option<Instant> {
        self.0.deadline
    }
    fn value(&self, key: &dyn Any) -> Option<&(dyn Any + Send + Sync)> {
        match key.downcast_ref::<Name>()? {
            Name(0) => Some(&self.0.name),
            // Of a wrong type: no value of this key.
            Name(1) => Some(&1_u8),
            Name(_) => None,
        }
    }
    fn cause(&self) -> Option<Cause> {
        self.0.cause.clone()
    }
}

#[test]
fn cx_15_a_foreign_context_cancels_its_children_and_is_not_touched_by_them() {
    on_workers(|rt| {
        rt.block_on(async {
            let foreign = Waited::default();
            let ctx = Context::from_foreign(foreign.clone());
            let (child, cancel) = ctx.with_cancel();
            let (other, _c1) = ctx.with_timeout(HOUR);
            let (below, _c2) = other.with_cancel();
            cancel.cancel();
            assert_eq!(
                (child.err(), ctx.err(), other.err()),
                (CANCELED, None, None)
            );
            assert_eq!(foreign.err(), None);
            foreign.0.end(ContextError::DeadlineExceeded);
            for ctx in [&below, &other, &ctx] {
                ctx.done().await;
                assert_eq!(ctx.err(), Some(ContextError::DeadlineExceeded));
                let cause = ctx.cause().unwrap();
                assert_eq!(cause.to_string(), "context deadline exceeded");
            }
            assert_eq!(child.err(), CANCELED);
        });
    });
}

#[test]
fn cx_15_the_cause_is_the_error_or_what_the_foreign_context_says() {
    on_workers(|rt| {
        rt.block_on(async {
            let (inner, cancel) = Context::background().with_cancel_cause();
            cancel.cancel("the wrapped one's");
            let foreign = Waited(Arc::new(Token {
                cause: inner.cause(),
                ..Token::default()
            }));
            let ctx = Context::from_foreign(foreign.clone());
            let (child, cancel_child) = ctx.with_cancel_cause();
            let (early, cancel_early) = ctx.with_cancel_cause();
            cancel_early.cancel("its own");
            foreign.0.end(ContextError::Canceled);
            child.done().await;
            cancel_child.cancel("too late");
            assert_eq!(child.cause().unwrap().to_string(), "the wrapped one's");
            assert_eq!(ctx.cause().unwrap().to_string(), "the wrapped one's");
            assert_eq!(early.cause().unwrap().to_string(), "its own");
        });
    });
}

#[test]
fn cx_15_one_that_is_done_already_costs_nothing_and_its_children_are_born_done() {
    on_workers(|rt| {
        rt.block_on(async {
            let foreign = Waited::default();
            foreign.0.end(ContextError::Canceled);
            let ctx = Context::from_foreign(foreign.clone());
            let (child, _c) = ctx.with_timeout(HOUR);
            assert_eq!((ctx.err(), child.err()), (CANCELED, CANCELED));
            assert_eq!(rt.metrics().goroutines, 0);
            assert_eq!(foreign.0.asked.load(SeqCst), 0);
        });
    });
}

#[test]
fn cx_15_an_error_is_seen_at_once_also_before_anybody_was_told() {
    on_workers(|rt| {
        rt.block_on(async {
            let foreign = Waited::default();
            let ctx = Context::from_foreign(foreign.clone());
            // Not `end`: nobody is woken.
            *foreign.0.error.lock().unwrap() = CANCELED;
            let (child, _c) = ctx.with_cancel();
            assert_eq!((child.err(), ctx.err()), (CANCELED, CANCELED));
            child.done().await;
        });
    });
}

#[test]
fn cx_15_values_and_the_deadline_come_from_the_foreign_context() {
    on_workers(|rt| {
        rt.block_on(async {
            let deadline = Instant::now() + HOUR;
            let foreign = Waited(Arc::new(Token {
                name: "foreign".to_owned(),
                deadline: Some(deadline),
                ..Token::default()
            }));
            let ctx = Context::from_foreign(foreign);
            let (below, _c) = ctx
                .with_value(Name(2), "own".to_owned())
                .with_timeout(2 * HOUR);
            assert_eq!(below.deadline(), Some(deadline));
            assert_eq!(below.value(Name(0)).unwrap(), "foreign");
            assert_eq!(below.value(Name(1)), None, "of another type");
            assert_eq!(below.value(Name(2)).unwrap(), "own");
            assert_eq!(ctx.value(Name(2)), None);
            assert_eq!(below.hide_value(Name(0)).value(Name(0)), None);
            assert_eq!(below.without_cancel().value(Name(0)).unwrap(), "foreign");
        });
    });
}

/// One that calls back.
#[derive(Clone, Default)]
struct Calling {
    token: Arc<Token>,
    funcs: Arc<Mutex<Vec<Func>>>,
    stopped: Arc<AtomicUsize>,
}

impl Foreign for Calling {
    async fn done(&self) {
        unreachable!("it offers after_func");
    }
    fn err(&self) -> Option<ContextError> {
        *self.token.error.lock().unwrap()
    }
    fn after_func(&self, f: Func) -> Result<Stop, Func> {
        self.funcs.lock().unwrap().push(f);
        let (funcs, stopped) = (self.funcs.clone(), self.stopped.clone());
        Ok(Box::new(move || {
            stopped.fetch_add(1, SeqCst);
            let funcs = std::mem::take(&mut *funcs.lock().unwrap());
            drop(funcs);
        }))
    }
}

#[test]
fn cx_16_after_func_is_used_where_it_is_offered_and_costs_no_goroutine() {
    on_workers(|rt| {
        rt.block_on(async {
            let foreign = Calling::default();
            let ctx = Context::from_foreign(foreign.clone());
            let (child, _c1) = ctx.with_cancel();
            let (below, _c2) = child.with_timeout(HOUR);
            assert_eq!(rt.metrics().goroutines, 0);
            assert_eq!(foreign.funcs.lock().unwrap().len(), 1);
            foreign.token.end(ContextError::Canceled);
            let funcs = std::mem::take(&mut *foreign.funcs.lock().unwrap());
            funcs.into_iter().for_each(|f| f());
            for ctx in [&ctx, &child, &below] {
                assert_eq!(ctx.err(), CANCELED);
            }
            assert_eq!(foreign.stopped.load(SeqCst), 1);
            drop((ctx, child, below));
            assert_eq!(foreign.stopped.load(SeqCst), 1, "once is enough");
        });
    });
}

#[test]
#[expect(
    clippy::items_after_statements,
    reason = "it belongs to the second half"
)]
fn cx_16_the_registration_is_taken_back_when_nobody_needs_it_any_more() {
    let foreign = Calling::default();
    let ctx = Context::from_foreign(foreign.clone());
    let (child, cancel) = ctx.with_cancel();
    drop(ctx);
    assert_eq!(foreign.stopped.load(SeqCst), 0);
    cancel.cancel();
    drop((child, cancel));
    assert_eq!(foreign.stopped.load(SeqCst), 1);
    assert!(foreign.funcs.lock().unwrap().is_empty());
    // One that calls back at once.
    struct AtOnce;
    impl Foreign for AtOnce {
        async fn done(&self) {}
        fn err(&self) -> Option<ContextError> {
            None
        }
        fn after_func(&self, f: Func) -> Result<Stop, Func> {
            f();
            Ok(Box::new(|| ()))
        }
    }
    assert_eq!(Context::from_foreign(AtOnce).err(), CANCELED);
}

#[test]
fn cx_17_a_foreign_context_costs_exactly_one_goroutine() {
    on_workers(|rt| {
        rt.block_on(async {
            let foreign = Waited::default();
            let ctx = Context::from_foreign(foreign.clone());
            let children: Vec<_> = (0..5).map(|_| ctx.with_cancel()).collect();
            let (below, _c) = children[0].0.with_timeout(HOUR);
            assert_eq!(rt.metrics().goroutines, 1);
            foreign.0.end(ContextError::Canceled);
            below.done().await;
            until(|| rt.metrics().goroutines == 0);
            assert_eq!(foreign.0.asked.load(SeqCst), 1);
            // And none as soon as nobody holds it.
            let foreign = Waited::default();
            let ctx = Context::from_foreign(foreign.clone());
            let (child, cancel) = ctx.with_cancel();
            drop(ctx);
            until(|| foreign.0.asked.load(SeqCst) == 1);
            assert_eq!(rt.metrics().goroutines, 1);
            drop((child, cancel));
            until(|| rt.metrics().goroutines == 0);
            assert_eq!(Arc::strong_count(&foreign.0), 1);
        });
    });
}

/// Adds a value and is otherwise the context inside.
struct Named(Context, String);

impl Foreign for Named {
    async fn done(&self) {
        unreachable!("it is a context of gaggle's");
    }
    fn err(&self) -> Option<ContextError> {
        self.0.err()
    }
    fn value(&self, key: &dyn Any) -> Option<&(dyn Any + Send + Sync)> {
        if key.downcast_ref() == Some(&Name(0)) {
            return Some(&self.1);
        }
        self.0.value_dyn(key)
    }
    fn builtin(&self) -> Option<&Context> {
        Some(&self.0)
    }
}

#[test]
fn cx_17_one_that_only_wraps_a_context_costs_nothing() {
    on_workers(|rt| {
        rt.block_on(async {
            let (inner, cancel) = Context::background()
                .with_value(Name(3), "inner".to_owned())
                .with_cancel_cause();
            let ctx = Context::from_foreign(Named(inner, "outer".to_owned()));
            let (child, _c) = ctx.with_timeout(HOUR);
            assert_eq!(child.value(Name(0)).unwrap(), "outer");
            assert_eq!(child.value(Name(3)).unwrap(), "inner");
            assert_eq!(rt.metrics().goroutines, 0);
            cancel.cancel("inside");
            assert_eq!((ctx.err(), child.err()), (CANCELED, CANCELED));
            assert_eq!(child.cause().unwrap().to_string(), "inside");
        });
    });
}
