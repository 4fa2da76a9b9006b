//! Groups: panics, groups that are dropped or detached, values in order. Go has none of it.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{
    Ledger, Polled, in_goroutine_and_sim, on_workers, rounds, until, until_yielding, watched,
};
use gaggle::context::{Context, ContextError};
use gaggle::group::{Group, Results, try_join_all};
use gaggle::runtime::Runtime;
use gaggle::{chan, go, yield_now};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::thread;

#[test]
fn a_panic_is_raised_in_wait_after_all_have_ended() {
    in_goroutine_and_sim(|| async {
        let (g, ctx) = Group::<String>::with_context(&Context::background());
        let g = Arc::new(g);
        let ended = Arc::new(AtomicUsize::new(0));
        for n in 0..5 {
            let (ctx, ended) = (ctx.clone(), ended.clone());
            g.go(async move {
                assert!(n != 2, "number {n}");
                ctx.done().await;
                yield_now().await;
                ended.fetch_add(1, SeqCst);
                Ok(())
            });
        }
        let waiter = go({
            let g = g.clone();
            async move { g.wait().await }
        });
        let panic = waiter.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<String>().unwrap(), "number 2");
        assert_eq!(ended.load(SeqCst), 4);
    });
}

/// Panics when it is dropped.
struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("on drop");
    }
}

#[test]
fn a_panic_of_a_destructor_counts_too() {
    in_goroutine_and_sim(|| async {
        let g = Arc::new(Group::<()>::new());
        g.go(async {
            let _bomb = Bomb;
            Ok(())
        });
        let waiter = go({
            let g = g.clone();
            async move { g.wait().await }
        });
        let panic = waiter.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"on drop"));
    });
}

#[test]
fn a_panic_that_nobody_waits_for_is_raised_as_any_other() {
    watched("panics in dropped groups", || {
        for workers in common::worker_counts() {
            let rt = Runtime::builder().workers(workers).build().unwrap();
            for detach in [false, true] {
                let raised = catch_unwind(AssertUnwindSafe(|| {
                    rt.block_on(async {
                        let g = Group::<()>::new();
                        let (gate, wait) = chan::bounded::<()>(0);
                        g.go(async move {
                            let _ = wait.recv().await;
                            panic!("on purpose");
                        });
                        if detach {
                            g.detach();
                            gate.close();
                        } else {
                            gate.close();
                            until_yielding(|| g.active() == 0).await;
                            drop(g);
                        }
                        std::future::pending::<()>().await;
                    });
                }));
                assert_eq!(raised.unwrap_err().downcast_ref(), Some(&"on purpose"));
            }
        }
    });
}

#[test]
fn dropping_a_group_aborts_what_runs_and_forgets_what_queues() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(20) {
            let ledger = Ledger::default();
            let (g, ctx) = Group::<()>::with_context(&Context::background());
            g.limit(3);
            for n in 0..10 {
                let value = ledger.value(n);
                g.go(async move {
                    let _value = value;
                    std::future::pending().await
                });
            }
            yield_now().await;
            assert_eq!(g.active(), 3);
            assert_eq!(ctx.err(), None);
            drop(g);
            assert_eq!(ctx.err(), Some(ContextError::Canceled));
            until_yielding(|| (0..10).all(|n| ledger.drops(n) == 1)).await;
        }
    });
}

#[test]
fn what_has_ended_was_dropped_before_wait_returns() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(20) {
            let held = Arc::new(());
            let g = Group::<()>::new();
            g.limit(2);
            for _ in 0..10 {
                let held = held.clone();
                g.go(async move {
                    yield_now().await;
                    drop(held);
                    Ok(())
                });
            }
            assert_eq!(g.wait().await, Ok(()));
            assert_eq!(Arc::strong_count(&held), 1);
        }
    });
}

#[test]
fn a_detached_group_runs_on_and_its_context_ends_with_the_last() {
    in_goroutine_and_sim(|| async {
        let (g, ctx) = Group::<&str>::with_context(&Context::background());
        g.limit(1);
        let (gate, wait) = chan::bounded::<()>(0);
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..5 {
            let (wait, ran) = (wait.clone(), ran.clone());
            g.go(async move {
                let _ = wait.recv().await;
                ran.fetch_add(1, SeqCst);
                Ok(())
            });
        }
        g.detach();
        assert_eq!(ctx.err(), None);
        gate.close();
        ctx.done().await;
        assert_eq!(ran.load(SeqCst), 5);
        // One that has nothing to do ends at once.
        let (g, ctx) = Group::<&str>::with_context(&Context::background());
        g.detach();
        assert!(ctx.err().is_some());
    });
}

#[test]
#[expect(
    clippy::items_after_statements,
    reason = "it belongs to what comes before"
)]
fn a_goroutine_may_start_others_of_its_group() {
    in_goroutine_and_sim(|| async {
        let g = Arc::new(Group::<()>::new());
        let ran = Arc::new(AtomicUsize::new(0));
        fn grow(g: &Arc<Group<()>>, ran: &Arc<AtomicUsize>, depth: u32) {
            let (inner, ran) = (g.clone(), ran.clone());
            g.go(async move {
                ran.fetch_add(1, SeqCst);
                if depth > 0 {
                    grow(&inner, &ran, depth - 1);
                    grow(&inner, &ran, depth - 1);
                }
                Ok(())
            });
        }
        grow(&g, &ran, 6);
        assert_eq!(g.wait().await, Ok(()));
        assert_eq!(ran.load(SeqCst), 127);
    });
}

#[test]
fn a_wait_given_up_loses_nothing() {
    on_workers(|rt| {
        let g = Group::new();
        let (gate, wait) = chan::bounded::<()>(0);
        rt.block_on(async {
            g.go(async move {
                let _ = wait.recv().await;
                Err("kept")
            });
        });
        drop(Polled::parked(g.wait()));
        gate.close();
        assert_eq!(rt.block_on(g.wait()), Err("kept"));
    });
}

#[test]
fn values_come_in_the_order_of_the_starts() {
    in_goroutine_and_sim(|| async {
        let results = Results::<u32, ()>::new();
        results.limit(4);
        for n in 0..50 {
            results.go(async move {
                for _ in 0..(50 - n) % 7 {
                    yield_now().await;
                }
                Ok(n)
            });
        }
        let values = results.collect().await.unwrap();
        assert!(values.into_iter().eq(0..50));
        assert!(
            Results::<u32, ()>::new()
                .collect()
                .await
                .unwrap()
                .is_empty()
        );
    });
}

#[test]
fn the_first_error_aborts_the_rest_and_waits_for_its_end() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(20) {
            let ledger = Ledger::default();
            let results = Results::new();
            for n in 0..10 {
                let value = ledger.value(n);
                results.go(async move {
                    if n == 4 {
                        yield_now().await;
                        return Err("the fourth");
                    }
                    std::future::pending::<()>().await;
                    Ok(value)
                });
            }
            assert_eq!(results.collect().await.unwrap_err(), "the fourth");
            ledger.assert_settled();
        }
    });
}

#[test]
fn a_panic_among_values_aborts_the_rest_and_goes_on() {
    in_goroutine_and_sim(|| async {
        let joined = go(async {
            let tasks = (0..4).map(|n| async move {
                assert!(n != 1, "on purpose");
                std::future::pending::<Result<(), ()>>().await
            });
            try_join_all(tasks, None).await
        });
        let panic = joined.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
    });
}

#[test]
fn join_all_asks_for_the_next_only_when_there_is_a_place() {
    in_goroutine_and_sim(|| async {
        let (started, asked) = (Arc::new(AtomicUsize::new(0)), AtomicUsize::new(0));
        let tasks = (0..20).map(|n| {
            let ahead = asked.fetch_add(1, SeqCst) - started.load(SeqCst);
            assert!(ahead <= 3, "{ahead} ahead of those that have started");
            let started = started.clone();
            async move {
                started.fetch_add(1, SeqCst);
                yield_now().await;
                match n {
                    ..15 => Ok(n),
                    15 => Err(n),
                    _ => std::future::pending().await,
                }
            }
        });
        assert_eq!(try_join_all(tasks, Some(3)).await, Err(15));
        assert!(asked.load(SeqCst) <= 19);
    });
}

#[test]
fn joining_that_is_given_up_aborts_all() {
    on_workers(|rt| {
        let held = Arc::new(());
        let tasks: Vec<_> = (0..10)
            .map(|_| {
                let held = held.clone();
                async move {
                    std::future::pending::<()>().await;
                    drop(held);
                    Ok::<(), ()>(())
                }
            })
            .collect();
        rt.block_on(async {
            let mut join = Polled::new(try_join_all(tasks, Some(4)));
            assert!(join.poll().is_pending());
        });
        until(|| Arc::strong_count(&held) == 1);
    });
}

#[test]
fn the_end_of_the_runtime_is_no_success_and_a_long_queue_no_deep_stack() {
    watched("a group whose runtime ends", || {
        for workers in common::worker_counts() {
            let rt = Runtime::builder().workers(workers).build().unwrap();
            let g = Arc::new(Group::<()>::new());
            g.limit(1);
            let ran = Arc::new(AtomicUsize::new(0));
            rt.block_on(async {
                g.go(std::future::pending());
                for _ in 0..10_000 {
                    let ran = ran.clone();
                    g.go(async move {
                        ran.fetch_add(1, SeqCst);
                        Ok(())
                    });
                }
            });
            let waiter = thread::spawn({
                let g = g.clone();
                move || futures::executor::block_on(g.wait())
            });
            // What queues goes on, on the default runtime or to be dropped; the first was lost.
            drop(rt);
            let panic = waiter.join().unwrap_err();
            let text = panic.downcast_ref::<&str>().unwrap();
            assert!(text.contains("its runtime has ended"), "{text}");
            assert_eq!(g.active(), 0);
        }
    });
}

#[test]
fn groups_are_send_and_sync_whenever_their_errors_are_send() {
    fn send_and_sync<T: Send + Sync>() {}
    fn send<T: Send>(_: &T) {}
    send_and_sync::<Group<Cell<u8>>>();
    send_and_sync::<Results<Cell<u8>, Cell<u8>>>();
    let g = Group::<Cell<u8>>::new();
    send(&g.wait());
    send(&g.go_wait(async { Ok(()) }));
    send(&try_join_all([async { Ok::<_, ()>(1) }], Some(1)));
}
