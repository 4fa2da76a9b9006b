//! Rows 30 to 36, and the golden traces: who is restarted with whom, and in which order.

use crate::common::{both, crash, end, kid, kid_with, ms, slots};
use gaggle::actor::testkit::{Order, Part, Puppet, Trace};
use gaggle::actor::{
    AutoShutdown, Child, ChildState, Control, Exit, Restart, Running, Slot, StartError, Strategy,
    Supervisor,
};

/// a and b permanent, t temporary, c transient.
async fn four(strategy: Strategy, trace: &Trace) -> (Running, [Slot<Order>; 4]) {
    let all = slots(["a", "b", "t", "c"]);
    let app = Supervisor::new(strategy)
        .intensity(5, ms(1000))
        .child(kid(&all[0], trace))
        .child(kid(&all[1], trace))
        .child(kid(&all[2], trace).restart(Restart::Temporary))
        .child(kid(&all[3], trace).restart(Restart::Transient))
        .start()
        .await
        .unwrap();
    trace.assert("start a; start b; start t; start c");
    (app, all)
}

#[test]
fn row_030_one_for_one_touches_nobody_else() {
    both(|| async {
        let trace = Trace::new();
        let (app, [_, b, _, _]) = four(Strategy::OneForOne, &trace).await;
        crash(&b).await;
        trace.assert("stop b(crash); start b");
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_031_one_for_all_stops_the_rest_in_reverse_and_starts_all_in_order() {
    both(|| async {
        let trace = Trace::new();
        let (app, [_, b, _, _]) = four(Strategy::OneForAll, &trace).await;
        crash(&b).await;
        trace.assert(
            "stop b(crash); stop c(shutdown); stop t(shutdown); stop a(shutdown); \
             start a; start b; start c",
        );
        app.shutdown().await.unwrap();
        trace.assert("stop c(shutdown); stop b(shutdown); stop a(shutdown)");
    });
}

#[test]
fn row_032_rest_for_one_restarts_what_comes_after() {
    both(|| async {
        let trace = Trace::new();
        let (app, [_, b, _, _]) = four(Strategy::RestForOne, &trace).await;
        crash(&b).await;
        trace.assert("stop b(crash); stop c(shutdown); stop t(shutdown); start b; start c");
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_033_one_for_all_begins_again_when_another_child_does_not_come_back() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let once = Part::new("c", &trace).starts([None, Some(Exit::error("no"))]);
        let app = Supervisor::new(Strategy::OneForAll)
            .intensity(5, ms(1000))
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .child(kid_with(&c, once))
            .start()
            .await
            .unwrap();
        trace.take();
        crash(&a).await;
        trace.assert(
            "stop a(crash); stop c(shutdown); stop b(shutdown); start a; start b; c-fails; \
             stop b(shutdown); stop a(shutdown); start a; start b; start c",
        );
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_034_rest_for_one_goes_on_at_the_child_that_does_not_come_back() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c, e] = slots(["a", "b", "c", "e"]);
        let once = Part::new("c", &trace).starts([None, Some(Exit::error("no"))]);
        let app = Supervisor::new(Strategy::RestForOne)
            .intensity(5, ms(1000))
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .child(kid_with(&c, once))
            .child(kid(&e, &trace))
            .start()
            .await
            .unwrap();
        trace.take();
        crash(&b).await;
        trace.assert(
            "stop b(crash); stop e(shutdown); stop c(shutdown); start b; c-fails; start c; start e",
        );
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_035_a_child_that_waits_for_its_retry_is_restarting_and_later_ones_are_stopped() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let part = Part::new("b", &trace).starts([None, Some(Exit::error("no"))]);
        let app = Supervisor::new(Strategy::RestForOne)
            .child(kid(&a, &trace))
            .child(kid_with(&b, part).backoff(ms(1000), ms(8000)))
            .child(kid(&c, &trace))
            .start()
            .await
            .unwrap();
        crash(&b).await;
        // The first retry fails after 1 s, the second is due 2 s later.
        gaggle::time::sleep(ms(1100)).await;
        let states = app
            .children()
            .await
            .unwrap()
            .into_iter()
            .map(|info| info.state);
        let expected = [ChildState::Up, ChildState::Restarting, ChildState::Stopped];
        assert_eq!(states.collect::<Vec<_>>(), expected);
        b.up().await;
        c.up().await;
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_036_a_restarted_supervisor_has_its_declared_children_only() {
    both(|| async {
        let trace = Trace::new();
        let [w, extra] = slots(["w", "dyn"]);
        let control = Control::new("inner");
        let (slot, inner_trace, inner_control) = (w.clone(), trace.clone(), control.clone());
        let app = Supervisor::new(Strategy::OneForOne)
            .child(Child::supervisor("inner", move || {
                Supervisor::new(Strategy::OneForOne)
                    .intensity(1, ms(5000))
                    .control(&inner_control)
                    .child(kid(&slot, &inner_trace))
            }))
            .start()
            .await
            .unwrap();
        control.add(kid(&extra, &trace)).await.unwrap();
        trace.assert("start w; start dyn");
        crash(&w).await;
        crash(&w).await;
        trace.assert("stop w(crash); start w; stop w(crash); stop dyn(shutdown); start w");
        let children = control.children().await.unwrap();
        assert_eq!(children.len(), 1);
        assert!(app.is_alive() && !extra.is_up());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn golden_boot_the_third_fails() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let boom = Part::new("c", &trace).starts([Some(Exit::error("boom"))]);
        let failed = Supervisor::new(Strategy::RestForOne)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .child(kid_with(&c, boom))
            .start()
            .await;
        let (id, why) = ("c".to_owned(), Exit::error("boom"));
        assert_eq!(failed.unwrap_err(), StartError::Child { id, why });
        trace.assert("start a; start b; c-fails; stop b(shutdown); stop a(shutdown)");
    });
}

#[test]
fn golden_three_quick_crashes_are_one_too_many_for_two() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .intensity(2, ms(1000))
            .child(kid(&a, &trace))
            .start()
            .await
            .unwrap();
        for _ in 0..3 {
            crash(&a).await;
        }
        assert_eq!(app.exited().await, Exit::shutdown());
        trace.assert("start a; stop a(crash); start a; stop a(crash); start a; stop a(crash)");
    });
}

#[test]
fn golden_any_significant() {
    both(|| async {
        let trace = Trace::new();
        let [b, a] = slots(["b", "a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&b, &trace))
            .child(kid(&a, &trace).restart(Restart::Transient).significant())
            .start()
            .await
            .unwrap();
        trace.take();
        end(&a, Exit::Normal).await;
        assert_eq!(app.exited().await, Exit::shutdown());
        trace.assert("stop a(normal); stop b(shutdown)");
    });
}

#[test]
fn golden_the_supervisor_is_killed() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let tree = Supervisor::new(Strategy::OneForOne).child(kid(&a, &trace));
        let app = tree.start().await.unwrap();
        let child = a.addr().unwrap();
        app.kill();
        assert_eq!(child.exited().await, Exit::Killed);
        trace.assert("start a; stop a(killed)");
        assert!(Puppet::call(&child, |_| ()).await.is_none());
    });
}
