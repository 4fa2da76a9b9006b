//! Rows 12 to 22: how a tree is stopped.

use crate::common::{both, calm, kid, kid_with, ms, slots, took};
use gaggle::actor::testkit::{Part, Puppet, Trace};
use gaggle::actor::{AutoShutdown, Child, Dynamic, Exit, Restart, Shutdown, Strategy, Supervisor};
use gaggle::time::{Instant, sleep};
use std::future::pending;

#[test]
fn row_012_children_are_stopped_in_reverse_one_after_the_other() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .child(kid(&c, &trace))
            .start()
            .await
            .unwrap();
        trace.take();
        // It comes through before the next one is told.
        Puppet::busy(&c.addr().unwrap(), async {
            sleep(ms(20)).await;
            Ok(())
        })
        .await;
        calm().await;
        app.shutdown().await.unwrap();
        trace.assert("stop c(shutdown); stop b(shutdown); stop a(shutdown)");
    });
}

#[test]
fn row_013_a_child_that_does_not_stop_is_killed_at_its_deadline() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace).shutdown(ms(100)))
            .child(kid(&c, &trace))
            .start()
            .await
            .unwrap();
        trace.take();
        let stuck = b.addr().unwrap();
        Puppet::busy(&stuck, pending()).await;
        calm().await;
        let begin = Instant::now();
        app.shutdown().await.unwrap();
        took(begin.elapsed(), ms(100));
        assert_eq!(stuck.exited().await, Exit::Killed);
        trace.assert("stop c(shutdown); stop a(shutdown)");
    });
}

#[test]
fn row_014_a_child_that_is_to_be_killed_does_not_terminate() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace).shutdown(Shutdown::Kill))
            .start()
            .await
            .unwrap();
        let child = a.addr().unwrap();
        app.shutdown().await.unwrap();
        assert_eq!(child.exited().await, Exit::Killed);
        trace.assert("start a");
    });
}

#[test]
fn row_015_a_child_may_be_given_all_the_time_it_wants() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace).shutdown(Shutdown::Wait))
            .start()
            .await
            .unwrap();
        let long = if gaggle::sim::is_simulated() {
            ms(3_600_000)
        } else {
            ms(50)
        };
        let begin = Instant::now();
        Puppet::busy(&a.addr().unwrap(), async move {
            sleep(long).await;
            Ok(())
        })
        .await;
        calm().await;
        app.shutdown().await.unwrap();
        took(begin.elapsed(), long);
        trace.assert("start a; stop a(shutdown)");
    });
}

#[test]
fn row_016_a_child_that_ends_by_itself_during_the_stop_is_not_restarted() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForAll)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace).restart(Restart::Transient))
            .child(kid(&c, &trace))
            .start()
            .await
            .unwrap();
        trace.take();
        // c is busy while a and b crash.
        let (gate, held) = gaggle::chan::bounded::<()>(0);
        Puppet::busy(&c.addr().unwrap(), async move {
            let _ = held.recv().await;
            Ok(())
        })
        .await;
        calm().await;
        let (first, second) = (a.addr().unwrap(), b.addr().unwrap());
        let end = gaggle::go(async move { app.shutdown().await });
        calm().await;
        Puppet::crash(&first).await;
        Puppet::end(&second, Exit::Normal).await;
        calm().await;
        drop(gate);
        end.await.unwrap().unwrap();
        let text = trace.take();
        assert!(!text.contains("start"), "{text}");
        assert!(
            text.contains("stop c(shutdown)") && text.contains("stop a(crash)"),
            "{text}"
        );
    });
}

#[test]
fn row_017_dynamic_children_are_stopped_at_once_under_one_deadline() {
    both(|| async {
        let trace = Trace::new();
        let pool = Dynamic::<Puppet>::new().stop_within(ms(1000));
        let app = pool.run().await.unwrap();
        for (name, time) in [("a", 40), ("b", 40), ("c", 40), ("stuck", 10_000)] {
            let child = pool.start(Part::new(name, &trace)).await.unwrap();
            Puppet::busy(&child, async move {
                sleep(ms(time)).await;
                Ok(())
            })
            .await;
        }
        calm().await;
        trace.take();
        let begin = Instant::now();
        app.shutdown().await.unwrap();
        took(begin.elapsed(), ms(1000));
        assert_eq!(trace.take().matches("(shutdown)").count(), 3);
    });
}

#[test]
fn row_018_a_child_that_cuts_all_ties_does_not_hang_its_supervisor() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .start()
            .await
            .unwrap();
        trace.take();
        let other = b.addr().unwrap();
        Puppet::call(&a.addr().unwrap(), move |cx| {
            cx.link(&other);
            cx.unlink(&other);
            cx.trap_exits(true);
        })
        .await
        .unwrap();
        app.shutdown().await.unwrap();
        trace.assert("stop b(shutdown); stop a(shutdown)");
    });
}

#[test]
fn row_019_when_a_supervisor_is_killed_its_children_end_with_killed() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, stuck] = slots(["a", "b", "stuck"]);
        let inner = [b.clone(), stuck.clone()];
        let inner_trace = trace.clone();
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(Child::supervisor("inner", move || {
                Supervisor::new(Strategy::OneForOne)
                    .child(kid(&inner[0], &inner_trace))
                    .child(kid(&inner[1], &inner_trace).shutdown(ms(50)))
            }))
            .start()
            .await
            .unwrap();
        trace.take();
        let all = [&a, &b, &stuck].map(|slot| slot.addr().unwrap());
        Puppet::busy(&all[2], pending()).await;
        calm().await;
        assert!(app.kill());
        assert_eq!(app.exited().await, Exit::Killed);
        assert_eq!(all[0].exited().await, Exit::Killed);
        // The inner supervisor stops its own in good order, as it would for any exit of its parent.
        all[1].exited().await;
        assert_eq!(all[2].exited().await, Exit::Killed);
        calm().await;
        let text = trace.take();
        assert!(
            text.contains("stop a(killed)") && text.contains("stop b("),
            "{text}"
        );
    });
}

#[test]
fn row_019_who_is_stopped_by_being_killed_cleans_up_all_the_same_when_its_supervisor_is_gone() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace).shutdown(Shutdown::Kill))
            .start()
            .await
            .unwrap();
        let child = a.addr().unwrap();
        assert!(app.kill());
        assert_eq!(child.exited().await, Exit::Killed);
        trace.assert("start a; stop a(killed)");
    });
}

#[test]
fn row_019_a_tree_that_is_dropped_is_killed() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let tree = Supervisor::new(Strategy::OneForOne).child(kid(&a, &trace));
        let app = tree.start().await.unwrap();
        let child = a.addr().unwrap();
        drop(app);
        assert_eq!(child.exited().await, Exit::Killed);
        trace.assert("start a; stop a(killed)");
    });
}

#[test]
fn row_020_terminate_runs_on_stop_and_shutdown_and_failure_but_not_on_kill() {
    both(|| async {
        let trace = Trace::new();
        let a = crate::common::up("a", &trace).await;
        assert_eq!(a.stop().await, Exit::Normal);
        let b = crate::common::up("b", &trace).await;
        assert_eq!(b.stop().because(Exit::shutdown()).await, Exit::shutdown());
        let c = crate::common::up("c", &trace).await;
        Puppet::busy(&c, async { panic!("on purpose") }).await;
        assert_eq!(c.exited().await, Exit::Panic("on purpose".into()));
        let d = crate::common::up("d", &trace).await;
        assert!(d.kill());
        assert_eq!(d.exited().await, Exit::Killed);
        trace.assert(
            "start a; stop a(normal); start b; stop b(shutdown); start c; stop c(on purpose); start d",
        );
    });
}

#[test]
fn row_021_a_supervisor_that_ends_by_itself_ends_with_shutdown_so_a_transient_entry_stays_down() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let (slot, inner_trace) = (a.clone(), trace.clone());
        let inner = Child::supervisor("inner", move || {
            Supervisor::new(Strategy::OneForOne)
                .auto_shutdown(AutoShutdown::AnySignificant)
                .child(
                    kid(&slot, &inner_trace)
                        .restart(Restart::Transient)
                        .significant(),
                )
        });
        let app = Supervisor::new(Strategy::OneForOne)
            .child(inner.restart(Restart::Transient))
            .start()
            .await
            .unwrap();
        crate::common::end(&a, Exit::Normal).await;
        trace.assert("start a; stop a(normal)");
        assert_eq!(app.count().await.unwrap().active, 0);
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_022_a_shutdown_is_served_while_a_child_cannot_come_back() {
    both(|| async {
        for strategy in [
            Strategy::OneForOne,
            Strategy::OneForAll,
            Strategy::RestForOne,
        ] {
            let trace = Trace::new();
            let [a, b] = slots(["a", "b"]);
            let fails = std::iter::repeat_n(Some(Exit::error("no")), 300);
            let part = Part::new("b", &trace).starts(std::iter::once(None).chain(fails));
            let app = Supervisor::new(strategy)
                .intensity(1_000_000, ms(1000))
                .child(kid(&a, &trace))
                .child(kid_with(&b, part))
                .start()
                .await
                .unwrap();
            Puppet::crash(&b.addr().unwrap()).await;
            app.shutdown().await.unwrap();
            assert!(!a.is_up());
        }
    });
}
