//! Groups: semantics.md XS-01 to XS-06 (T20, T26).

mod common;

use common::{in_goroutine, in_goroutine_and_sim, rounds, until_yielding};
use gaggle::context::{Context, ContextError};
use gaggle::group::{Group, TaskFailed};
use gaggle::{chan, go, yield_now};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

type Res = Result<(), &'static str>;

#[test]
fn xs_01_wait_gives_the_first_error_and_gives_it_again() {
    in_goroutine(|| async {
        let cases: [&[Res]; 6] = [
            &[],
            &[Ok(())],
            &[Err("one")],
            &[Ok(()), Err("one")],
            &[Err("one"), Ok(())],
            &[Err("one"), Err("two"), Ok(())],
        ];
        for case in cases {
            let g = Group::new();
            let mut first = Ok(());
            for result in case.iter().copied() {
                g.go(async move { result });
                first = first.and(result);
                assert_eq!(g.wait().await, first);
            }
            assert_eq!(g.wait().await, first);
        }
    });
}

#[test]
fn xs_01_the_first_error_is_the_first_in_time_and_all_are_waited_for() {
    in_goroutine_and_sim(|| async {
        let g = Group::<u32>::new();
        let ended = Arc::new(AtomicUsize::new(0));
        let gates: Vec<_> = (0..4)
            .map(|n| {
                let (gate, wait) = chan::bounded::<()>(0);
                let ended = ended.clone();
                g.go(async move {
                    let _ = wait.recv().await;
                    ended.fetch_add(1, SeqCst);
                    if n % 2 == 0 { Err(n) } else { Ok(()) }
                });
                gate
            })
            .collect();
        for (i, at) in [1, 2, 0, 3].into_iter().enumerate() {
            gates[at].close();
            until_yielding(|| g.active() == 3 - i).await;
        }
        assert_eq!(g.wait().await, Err(2));
        assert_eq!(ended.load(SeqCst), 4);
    });
}

#[test]
fn xs_01_an_error_that_cannot_be_cloned_is_handed_over_once() {
    in_goroutine(|| async {
        let g = Group::new();
        g.go(async { Err(std::io::Error::other("first")) });
        assert_eq!(g.wait().await.unwrap_err().to_string(), "first");
        assert!(g.wait().await.is_ok());
        g.go(async { Err(std::io::Error::other("next")) });
        assert_eq!(g.wait().await.unwrap_err().to_string(), "next");
    });
}

#[test]
fn xs_02_the_context_is_cancelled_at_the_first_error_and_it_is_the_cause() {
    in_goroutine_and_sim(|| async {
        let root = Context::background();
        let (g, ctx) = Group::with_context_cause(&root, |e: &String| e.clone());
        let (gate, wait) = chan::bounded::<()>(0);
        let inner = ctx.clone();
        g.go(async move {
            inner.done().await;
            assert_eq!(inner.cause().unwrap().to_string(), "broken");
            // An error that comes later changes nothing.
            Err("later".to_owned())
        });
        g.go(async move {
            let _ = wait.recv().await;
            Err("broken".to_owned())
        });
        assert_eq!(ctx.err(), None);
        gate.close();
        assert_eq!(g.wait().await, Err("broken".to_owned()));
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
        assert_eq!(ctx.cause().unwrap().to_string(), "broken");
        // Without a function for the cause, it says what happened.
        let (g, ctx) = Group::with_context(&root);
        g.go(async { Err("broken") });
        assert!(g.wait().await.is_err());
        let cause = ctx.cause().unwrap();
        assert!(!cause.downcast_ref::<TaskFailed>().unwrap().is_panic());
    });
}

#[test]
fn xs_02_or_when_wait_returns_and_then_without_a_cause() {
    in_goroutine(|| async {
        for tasks in 0..3 {
            let (g, ctx) = Group::<String>::with_context(&Context::background());
            for _ in 0..tasks {
                g.go(async { Ok(()) });
            }
            until_yielding(|| g.active() == 0).await;
            assert_eq!(ctx.err(), None);
            assert_eq!(g.wait().await, Ok(()));
            let cause = ctx.cause().unwrap();
            assert_eq!(cause.downcast_ref(), Some(&ContextError::Canceled));
        }
        // The cause from above stays.
        let (root, cancel) = Context::background().with_cancel_cause();
        let (g, ctx) = Group::<String>::with_context(&root);
        cancel.cancel("from above");
        assert_eq!(g.wait().await, Ok(()));
        assert_eq!(ctx.cause().unwrap().to_string(), "from above");
    });
}

#[test]
fn xs_03_never_more_than_the_limit_run() {
    in_goroutine_and_sim(|| async {
        const LIMIT: usize = 10;
        for waits in [false, true] {
            let g = Group::<()>::new();
            g.limit(LIMIT);
            let (active, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
            let n = rounds(1_025);
            for _ in 0..n {
                let (active, most) = (active.clone(), most.clone());
                let task = async move {
                    most.fetch_max(active.fetch_add(1, SeqCst) + 1, SeqCst);
                    yield_now().await;
                    active.fetch_sub(1, SeqCst);
                    Ok(())
                };
                if waits {
                    g.go_wait(task).await;
                } else {
                    g.go(task);
                }
                assert!(g.active() <= LIMIT);
            }
            assert_eq!(g.wait().await, Ok(()));
            let most = most.load(SeqCst);
            assert!((1..=LIMIT).contains(&most), "{most} at a time");
        }
    });
}

#[test]
fn xs_03_what_queues_starts_in_order_and_go_wait_waits_for_its_turn() {
    in_goroutine_and_sim(|| async {
        let g = Group::<()>::new();
        g.limit(1);
        let (tx, rx) = chan::unbounded();
        let (gate, wait) = chan::bounded::<()>(0);
        g.go(async move {
            let _ = wait.recv().await;
            Ok(())
        });
        for n in 0..20 {
            let tx = tx.clone();
            g.go(async move {
                tx.send(n).await.unwrap();
                Ok(())
            });
        }
        assert_eq!(g.active(), 1);
        gate.close();
        g.go_wait(async move {
            tx.send(20).await.unwrap();
            Ok(())
        })
        .await;
        // All before it have ended, for there is one place.
        for n in 0..20 {
            assert_eq!(rx.try_recv(), Ok(n));
        }
        assert_eq!(g.wait().await, Ok(()));
        assert_eq!(rx.try_recv(), Ok(20));
    });
}

#[test]
fn xs_03_a_limit_of_zero_lets_nothing_start_until_it_is_lifted() {
    in_goroutine_and_sim(|| async {
        let g = Group::<()>::new();
        g.limit(0);
        let ran = Arc::new(AtomicUsize::new(0));
        for _ in 0..3 {
            let ran = ran.clone();
            g.go(async move {
                ran.fetch_add(1, SeqCst);
                Ok(())
            });
        }
        assert!(!g.try_go(async { Ok(()) }));
        for _ in 0..10 {
            yield_now().await;
        }
        assert_eq!((ran.load(SeqCst), g.active()), (0, 0));
        g.unlimited();
        assert_eq!(g.wait().await, Ok(()));
        assert_eq!(ran.load(SeqCst), 3);
    });
}

#[test]
fn xs_04_try_go_starts_only_if_a_place_is_free() {
    in_goroutine_and_sim(|| async {
        let g = Group::<()>::new();
        for limit in [42, 1] {
            g.limit(limit);
            let (gate, wait) = chan::bounded::<()>(0);
            let task = || {
                let wait = wait.clone();
                async move {
                    let _ = wait.recv().await;
                    Ok(())
                }
            };
            for _ in 0..limit {
                assert!(g.try_go(task()));
            }
            assert!(!g.try_go(task()));
            gate.close();
            assert_eq!(g.wait().await, Ok(()));
            assert!(g.try_go(task()));
            assert_eq!(g.wait().await, Ok(()));
        }
        g.unlimited();
        assert!((0..100).all(|_| g.try_go(async { Ok(()) })));
        assert_eq!(g.wait().await, Ok(()));
    });
}

#[test]
fn xs_05_to_change_the_limit_while_some_run_panics() {
    in_goroutine(|| async {
        let g = Group::<()>::new();
        g.limit(3);
        let (gate, wait) = chan::bounded::<()>(0);
        g.go(async move {
            let _ = wait.recv().await;
            Ok(())
        });
        for change in [|g: &Group<()>| g.limit(3), |g: &Group<()>| g.unlimited()] {
            let panic = catch_unwind(AssertUnwindSafe(|| change(&g))).unwrap_err();
            let text = panic.downcast::<String>().unwrap();
            assert!(
                text.contains("1 goroutines of the group are active"),
                "{text}"
            );
        }
        gate.close();
        assert_eq!(g.wait().await, Ok(()));
        g.limit(1);
    });
}

#[test]
fn xs_06_a_panic_is_not_lost_it_is_raised_where_the_group_is_waited_for() {
    in_goroutine_and_sim(|| async {
        let (g, ctx) = Group::<&str>::with_context(&Context::background());
        g.go(async { panic!("on purpose") });
        ctx.done().await;
        let cause = ctx.cause().unwrap();
        assert!(cause.downcast_ref::<TaskFailed>().unwrap().is_panic());
        g.go(async { Err("an error as well") });
        let g = Arc::new(g);
        let waiter = go({
            let g = g.clone();
            async move { g.wait().await }
        });
        let panic = waiter.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref(), Some(&"on purpose"));
        // A failure stays one: who waits again is told so.
        let again = go(async move { g.wait().await });
        let panic = again.await.unwrap_err().into_panic();
        assert!(panic.downcast::<&str>().unwrap().contains("raised before"));
    });
}
