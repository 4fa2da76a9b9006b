//! Rows 52 to 57: supervisors that end by themselves. Row 58 is in `a_starting.rs`.

use crate::common::{both, crash, end, kid, ms, slots};
use gaggle::actor::testkit::Trace;
use gaggle::actor::{AutoShutdown, Child, Exit, Restart, Strategy, Supervisor};

#[test]
fn row_052_any_significant_child_that_ends_for_good_ends_the_supervisor() {
    both(|| async {
        for (restart, exit, ends) in [
            (Restart::Transient, Exit::Normal, true),
            (Restart::Transient, Exit::shutdown(), true),
            (Restart::Transient, Exit::error("crash"), false),
            (Restart::Temporary, Exit::Normal, true),
            (Restart::Temporary, Exit::error("crash"), true),
        ] {
            let trace = Trace::new();
            let [a, b] = slots(["a", "b"]);
            let app = Supervisor::new(Strategy::OneForOne)
                .auto_shutdown(AutoShutdown::AnySignificant)
                .child(kid(&a, &trace))
                .child(kid(&b, &trace).restart(restart).significant())
                .start()
                .await
                .unwrap();
            end(&b, exit).await;
            assert_eq!(!app.is_alive(), ends);
            if ends {
                assert_eq!(app.exited().await, Exit::shutdown());
            } else {
                app.shutdown().await.unwrap();
            }
        }
    });
}

#[test]
fn row_053_all_significant_waits_for_the_last_of_them() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AllSignificant)
            .child(kid(&a, &trace).restart(Restart::Temporary).significant())
            .child(kid(&b, &trace).restart(Restart::Transient).significant())
            .child(kid(&c, &trace).restart(Restart::Transient))
            .start()
            .await
            .unwrap();
        end(&c, Exit::Normal).await;
        crash(&a).await;
        assert!(app.is_alive());
        end(&b, Exit::Normal).await;
        assert_eq!(app.exited().await, Exit::shutdown());
    });
}

#[test]
fn row_054_a_significant_transient_child_that_crashes_is_restarted() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&a, &trace).restart(Restart::Transient).significant())
            .start()
            .await
            .unwrap();
        crash(&a).await;
        trace.assert("start a; stop a(crash); start a");
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_055_stopping_a_significant_child_by_hand_ends_nothing() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&a, &trace).restart(Restart::Transient).significant())
            .start()
            .await
            .unwrap();
        app.stop_child("a").await.unwrap();
        assert!(app.is_alive());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_056_being_stopped_with_a_sibling_ends_nothing() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let app = Supervisor::new(Strategy::OneForAll)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace).restart(Restart::Temporary).significant())
            .start()
            .await
            .unwrap();
        crash(&a).await;
        trace.assert("start a; start b; stop a(crash); stop b(shutdown); start a");
        assert!(app.is_alive());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_057_the_end_climbs_if_the_supervisor_is_significant_itself() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let (slot, inner_trace) = (b.clone(), trace.clone());
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
            .intensity(1, ms(1000))
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&a, &trace))
            .child(inner.restart(Restart::Transient).significant())
            .start()
            .await
            .unwrap();
        trace.take();
        end(&b, Exit::Normal).await;
        assert_eq!(app.exited().await, Exit::shutdown());
        trace.assert("stop b(normal); stop a(shutdown)");
    });
}
