//! Contexts that are dropped, that are cancelled from threads, that are deep and wide: what Go has no tests for, because its collector looks after it.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Polled, in_goroutine_and_sim, on_workers, random, rounds, until, watched};
use gaggle::context::{
    AfterFunc, Cancel, CancelCause, CancelGuard, Context, ContextError, Done, Key,
};
use gaggle::runtime::Runtime;
use gaggle::time::Instant;
use gaggle::{chan, go, yield_now};
use gaggle_base::peek::Peek;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

const CANCELED: Option<ContextError> = Some(ContextError::Canceled);
const HOUR: Duration = Duration::from_secs(3600);

/// How many contexts hang directly on this one, and how many functions wait for its end.
fn counts(ctx: &Context) -> (usize, usize) {
    let text = format!("{ctx:?}");
    let number = |name: &str| -> usize {
        let (_, rest) = text.split_once(name).unwrap();
        rest.split(',').next().unwrap().parse().unwrap()
    };
    (number("children: "), number("after_funcs: "))
}

/// A cause that counts those who hold it.
#[derive(Debug, Clone)]
struct Held(Arc<()>);
impl fmt::Display for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "held by {}", Arc::strong_count(&self.0))
    }
}
impl Error for Held {}

#[test]
fn a_context_that_is_let_go_of_leaves_its_parent_and_stops_its_timer() {
    let (parent, _cancel) = Context::background().with_cancel();
    let held = Arc::new(());
    let (child, cancel) = parent.with_timeout_cause(HOUR, Held(held.clone()));
    let (below, cancel_below) = child.with_cancel();
    assert_eq!((counts(&parent), counts(&child)), ((1, 0), (1, 0)));
    drop(child);
    drop(cancel);
    // What is below holds it.
    assert_eq!((counts(&parent), Arc::strong_count(&held)), ((1, 0), 2));
    drop(cancel_below);
    drop(below);
    assert_eq!((counts(&parent), Arc::strong_count(&held)), ((0, 0), 1));
}

#[test]
fn the_right_to_cancel_holds_no_more_than_its_own_context() {
    let (parent, cancel_parent) = Context::background().with_cancel();
    let (child, cancel_child) = parent.with_cancel();
    let below: Vec<_> = (0..100).map(|_| child.with_timeout(HOUR)).collect();
    assert_eq!(counts(&child), (100, 0));
    drop(below);
    assert_eq!(counts(&child), (0, 0));
    drop(child);
    assert_eq!(counts(&parent), (1, 0));
    drop(cancel_child);
    assert_eq!(counts(&parent), (0, 0));
    // Nor does it cancel when it is dropped.
    drop(cancel_parent);
    assert_eq!(parent.err(), None);
}

#[test]
fn the_end_gives_back_what_a_context_had_though_it_is_held_on() {
    let held = Arc::new(());
    let (parent, _c) = Context::background().with_cancel();
    let (ctx, cancel) = parent.with_timeout_cause(HOUR, Held(held.clone()));
    let inner = held.clone();
    drop(ctx.after_func(async move { drop(inner) }));
    assert_eq!(Arc::strong_count(&held), 3);
    cancel.cancel();
    until(|| Arc::strong_count(&held) == 1);
    assert_eq!((counts(&parent), counts(&ctx)), ((0, 0), (0, 0)));
}

#[test]
fn functions_are_dropped_with_a_context_that_nobody_can_cancel_any_more() {
    let held = Arc::new(());
    let (ctx, cancel) = Context::background().with_cancel();
    let inner = held.clone();
    let after = ctx.after_func(async move {
        drop(inner);
        unreachable!("nobody has cancelled it");
    });
    drop((ctx, cancel));
    assert_eq!(Arc::strong_count(&held), 2, "the handle holds the context");
    drop(after);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_guard_cancels_when_it_is_dropped_unless_it_is_disarmed() {
    let (ctx, cancel) = Context::background().with_cancel();
    let cancel = cancel.drop_guard().disarm();
    assert_eq!(ctx.err(), None);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = cancel.drop_guard();
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    assert_eq!(ctx.err(), CANCELED);
    let (ctx, cancel) = Context::background().with_cancel_cause();
    drop(cancel.drop_guard());
    assert_eq!(ctx.cause().unwrap().to_string(), "context canceled");
}

#[test]
fn a_chain_of_100_000_is_cancelled_and_dropped_without_recursion() {
    watched("a deep chain", || {
        let (root, cancel) = Context::background().with_cancel();
        for cancelled in [false, true] {
            let mut ctx = root.clone();
            for _ in 0..100_000 {
                ctx = ctx.with_cancel().0;
            }
            assert_eq!(ctx.err(), None);
            if cancelled {
                cancel.cancel();
                assert_eq!(ctx.err(), CANCELED);
            }
            drop(ctx);
            assert_eq!(counts(&root), (0, 0));
        }
    });
}

#[derive(Clone, PartialEq, Eq)]
struct Number(u32);
impl Key for Number {
    type Value = Arc<()>;
}

#[test]
fn a_list_of_100_000_values_is_dropped_without_recursion() {
    let held = Arc::new(());
    let mut ctx = Context::background();
    for n in 0..100_000 {
        ctx = ctx.with_value(Number(n), held.clone());
    }
    assert!(ctx.value(Number(3)).is_some());
    assert!(ctx.value(Number(100_000)).is_none());
    drop(ctx);
    assert_eq!(Arc::strong_count(&held), 1);
}

#[test]
fn a_wide_tree_is_cancelled_in_linear_time() {
    let took = |n: usize| {
        let (root, cancel) = Context::background().with_cancel();
        let middle: Vec<_> = (0..n / 100).map(|_| root.with_cancel()).collect();
        let leaves: Vec<_> = (0..n)
            .map(|i| middle[i % middle.len()].0.with_cancel())
            .collect();
        let waiting = Polled::parked(leaves[n - 1].0.done());
        let start = Instant::now();
        cancel.cancel();
        let took = start.elapsed();
        waiting.woken();
        assert!(leaves.iter().all(|(ctx, _)| ctx.err() == CANCELED));
        took
    };
    // Were it quadratic, the last would take minutes.
    let last = took(100_000);
    assert!(last < Duration::from_secs(30), "100 000 took {last:?}");
}

#[test]
fn many_children_come_and_go_and_nothing_stays() {
    let (root, _cancel) = Context::background().with_cancel();
    let mut rng = random("children that come and go");
    let mut held = Vec::new();
    for _ in 0..rounds(5_000) {
        if !rng.next_u64().is_multiple_of(3) {
            held.push(root.with_cancel());
        } else if !held.is_empty() {
            let at = usize::try_from(rng.next_u64()).unwrap() % held.len();
            let (ctx, cancel) = held.swap_remove(at);
            if rng.next_u64().is_multiple_of(2) {
                cancel.cancel();
                assert_eq!(ctx.err(), CANCELED);
            }
        }
        assert_eq!(counts(&root), (held.len(), 0));
    }
    drop(held);
    assert_eq!(counts(&root), (0, 0));
}

#[test]
fn rx_04_a_wait_given_up_leaves_no_trace() {
    let (ctx, cancel) = Context::background().with_cancel();
    drop(ctx.done());
    for drop_at in 0..3 {
        let mut waiting: Vec<_> = (0..3).map(|_| Polled::parked(ctx.done())).collect();
        drop(waiting.remove(drop_at));
        waiting.iter().for_each(Polled::assert_asleep);
    }
    let (first, second) = (Polled::parked(ctx.done()), Polled::parked(ctx.done()));
    assert!(!ctx.done().may_be_ready());
    cancel.cancel();
    assert!(ctx.done().may_be_ready());
    drop(first);
    second.woken();
    assert!(!Context::background().done().may_be_ready());
}

#[test]
fn a_context_is_waited_for_from_threads_and_other_executors() {
    let (ctx, cancel) = Context::background().with_cancel();
    let threads: Vec<_> = (0..4)
        .map(|i| {
            let ctx = ctx.clone();
            thread::spawn(move || {
                if i % 2 == 0 {
                    ctx.done_blocking();
                } else {
                    futures::executor::block_on(ctx.done());
                }
                ctx.err()
            })
        })
        .collect();
    cancel.cancel();
    for thread in threads {
        assert_eq!(thread.join().unwrap(), CANCELED);
    }
}

/// Whoever drops one looks at the context: under a lock that would never end.
struct Nosy(Context, Arc<Mutex<u32>>);
impl Drop for Nosy {
    fn drop(&mut self) {
        *self.1.lock().unwrap() += 1;
        drop(self.0.with_timeout(HOUR));
        drop(self.0.after_func(async {}));
        let _ = format!("{:?} {:?}", self.0, self.0.cause());
    }
}
impl fmt::Debug for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nosy")
    }
}
impl fmt::Display for Nosy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nosy")
    }
}
impl Error for Nosy {}
impl Wake for Nosy {
    fn wake(self: Arc<Self>) {
        let _ = format!("{:?}", self.0.err());
    }
}

#[test]
fn what_is_dropped_or_woken_may_use_the_context() {
    watched("values that use the context", || {
        let drops = Arc::new(Mutex::new(0));
        let (root, _c) = Context::background().with_cancel();
        let nosy = || Nosy(root.clone(), drops.clone());
        let (ctx, cancel) = root.with_cancel_cause();
        // A function that is stopped, one that is forgotten, one that runs.
        let inner = nosy();
        assert!(ctx.after_func(async move { drop(inner) }).stop());
        let (forgotten, inner) = (root.with_cancel().0, nosy());
        drop(forgotten.after_func(async move { drop(inner) }));
        drop(forgotten);
        let inner = nosy();
        drop(ctx.after_func(async move { drop(inner) }));
        // The cause of a timer, of a second cancellation, of the first.
        drop(ctx.with_timeout_cause(HOUR, nosy()));
        let waker = Waker::from(Arc::new(nosy()));
        let mut done = Box::pin(ctx.done());
        let mut cx = std::task::Context::from_waker(&waker);
        assert!(done.as_mut().poll(&mut cx).is_pending());
        cancel.cancel(nosy());
        cancel.cancel(nosy());
        drop(done);
        drop(waker);
        drop((ctx, cancel));
        until(|| *drops.lock().unwrap() == 7);
    });
}

struct Bad;
impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

#[test]
fn a_waker_that_panics_keeps_nobody_from_being_done() {
    let (root, cancel) = Context::background().with_cancel();
    let children: Vec<_> = (0..10).map(|_| root.with_cancel()).collect();
    let mut waiting: Vec<_> = children
        .iter()
        .map(|(ctx, _)| Polled::parked(ctx.done()))
        .collect();
    let bad = Waker::from(Arc::new(Bad));
    let mut done = Box::pin(children[3].0.done());
    let mut cx = std::task::Context::from_waker(&bad);
    assert!(done.as_mut().poll(&mut cx).is_pending());
    let panicked = catch_unwind(AssertUnwindSafe(|| cancel.cancel()));
    assert!(panicked.is_err());
    waiting.drain(..).for_each(Polled::woken);
    assert_eq!(counts(&root), (0, 0));
    assert!(done.as_mut().poll(&mut cx).is_ready());
}

#[test]
fn run_ends_with_the_context_and_drops_what_it_ran() {
    in_goroutine_and_sim(|| async {
        let (ctx, cancel) = Context::background().with_cancel();
        assert_eq!(ctx.run(async { 1 }).await, Ok(1));
        assert_eq!(Context::background().run(async { 2 }).await, Ok(2));
        let held = Arc::new(());
        let inner = held.clone();
        let runner = go({
            let ctx = ctx.clone();
            async move {
                ctx.run(async move {
                    std::future::pending::<()>().await;
                    drop(inner);
                })
                .await
            }
        });
        yield_now().await;
        cancel.cancel();
        assert_eq!(runner.await.unwrap(), Err(ContextError::Canceled));
        assert_eq!(Arc::strong_count(&held), 1);
        let never_polled = ctx.run(async { unreachable!("it was done before") });
        assert_eq!(never_polled.await, Err(ContextError::Canceled));
    });
}

#[test]
fn functions_run_on_the_runtime_of_who_asked_for_them() {
    on_workers(|rt| {
        let (ctx, cancel) = Context::background().with_cancel();
        let (tx, rx) = chan::bounded(1);
        let after = rt.block_on(async {
            ctx.after_func(
                async move { tx.send(thread::current().name().map(str::to_owned)).await },
            )
        });
        let other = Runtime::builder().workers(1).name("other").build().unwrap();
        other.block_on(async { cancel.cancel() });
        let name = rx.recv_blocking().unwrap();
        assert!(!name.unwrap_or_default().contains("other"));
        assert!(!after.stop());
    });
}

#[test]
fn contexts_are_made_cancelled_and_dropped_by_many_threads_at_once() {
    watched("contexts under stress", || {
        let mut rng = random("contexts under stress");
        for _ in 0..rounds(30) {
            let (root, cancel_root) = Context::background().with_cancel_cause();
            let pool = Arc::new(Mutex::new(vec![root.clone()]));
            let threads: Vec<_> = (0..4)
                .map(|_| {
                    let pool = pool.clone();
                    let seed = rng.next_u64();
                    thread::spawn(move || work(&pool, seed))
                })
                .collect();
            let pause = rng.next_u64() % 200;
            (0..pause).for_each(|_| std::hint::spin_loop());
            cancel_root.cancel("root");
            for ctx in pool.lock().unwrap().iter() {
                assert!(ctx.err().is_some(), "the root is cancelled");
            }
            threads.into_iter().for_each(|t| t.join().unwrap());
            pool.lock().unwrap().clear();
            assert_eq!(counts(&root), (0, 0));
            assert_eq!(root.cause().unwrap().to_string(), "root");
        }
    });
}

/// Derives, cancels and drops at random among the contexts of `pool`.
fn work(pool: &Mutex<Vec<Context>>, seed: u64) {
    let mut rng = gaggle_base::rng::Rng::from_seed(seed);
    let mut cancels: Vec<(Context, Cancel)> = Vec::new();
    for _ in 0..100 {
        let parent = {
            let pool = pool.lock().unwrap();
            pool.get(rng.next_u64() as usize % pool.len().max(1))
                .cloned()
        };
        let Some(parent) = parent else { return };
        let (ctx, cancel) = match rng.next_u64() % 4 {
            0 => parent.with_timeout(HOUR),
            1 => parent.with_timeout(Duration::from_micros(rng.next_u64() % 500)),
            _ => parent.with_cancel(),
        };
        match rng.next_u64() % 4 {
            0 => pool.lock().unwrap().push(ctx.clone()),
            1 => {
                let taken = cancels.pop();
                if let Some((ctx, cancel)) = taken {
                    cancel.cancel();
                    assert!(ctx.err().is_some());
                }
            }
            2 => drop(ctx.after_func(async {})),
            _ => {
                let mut done = Polled::new(ctx.done());
                assert!(done.poll() == Poll::Pending || ctx.err().is_some());
            }
        }
        cancels.push((ctx, cancel));
    }
    for (ctx, cancel) in &cancels {
        cancel.cancel();
        assert!(ctx.err().is_some());
    }
}

#[test]
fn rx_08_everything_is_send_and_sync() {
    fn send_and_sync<T: Send + Sync>() {}
    send_and_sync::<Context>();
    send_and_sync::<Cancel>();
    send_and_sync::<CancelCause>();
    send_and_sync::<CancelGuard>();
    send_and_sync::<AfterFunc>();
    send_and_sync::<Done<'static>>();
}
