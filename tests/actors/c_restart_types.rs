//! Rows 23 to 29: which end is final for which child.

use crate::common::{both, calm, crash, end, kid, ms, slots};
use gaggle::actor::testkit::{Order, Trace};
use gaggle::actor::{
    Actor, AddError, Child, ChildState, Ctx, Exit, Restart, Running, Slot, Strategy, Supervisor,
};
use std::sync::Arc;

async fn one(restart: Restart, trace: &Trace) -> (Running, Slot<Order>) {
    let [a] = slots(["a"]);
    let app = Supervisor::new(Strategy::OneForOne)
        .intensity(10, ms(1000))
        .child(kid(&a, trace).restart(restart))
        .start()
        .await
        .unwrap();
    trace.take();
    (app, a)
}

#[test]
fn row_023_permanent_children_are_always_restarted() {
    both(|| async {
        let trace = Trace::new();
        let (app, a) = one(Restart::Permanent, &trace).await;
        end(&a, Exit::Normal).await;
        end(&a, Exit::shutdown()).await;
        end(&a, Exit::shutdown_because("done")).await;
        crash(&a).await;
        trace.assert(
            "stop a(normal); start a; stop a(shutdown); start a; \
             stop a(shutdown: done); start a; stop a(crash); start a",
        );
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_024_transient_children_are_restarted_after_an_abnormal_end_only() {
    both(|| async {
        let trace = Trace::new();
        for clean in [
            Exit::Normal,
            Exit::shutdown(),
            Exit::shutdown_because("done"),
        ] {
            let (app, a) = one(Restart::Transient, &trace).await;
            crash(&a).await;
            trace.assert("stop a(crash); start a");
            end(&a, clean).await;
            assert!(!a.is_up());
            let children = app.children().await.unwrap();
            assert_eq!(children[0].state, ChildState::Stopped);
            app.shutdown().await.unwrap();
        }
    });
}

#[test]
fn row_025_temporary_children_are_never_restarted_and_are_forgotten() {
    both(|| async {
        let trace = Trace::new();
        for exit in [Exit::Normal, Exit::shutdown(), Exit::error("crash")] {
            let (app, a) = one(Restart::Temporary, &trace).await;
            end(&a, exit).await;
            assert!(app.children().await.unwrap().is_empty());
            app.shutdown().await.unwrap();
        }
    });
}

#[test]
fn row_026_a_temporary_sibling_that_goes_with_the_group_does_not_come_back() {
    both(|| async {
        for strategy in [Strategy::OneForAll, Strategy::RestForOne] {
            let trace = Trace::new();
            let [a, t] = slots(["a", "t"]);
            let app = Supervisor::new(strategy)
                .child(kid(&a, &trace))
                .child(kid(&t, &trace).restart(Restart::Temporary))
                .start()
                .await
                .unwrap();
            crash(&a).await;
            trace.assert("start a; start t; stop a(crash); stop t(shutdown); start a");
            assert_eq!(app.count().await.unwrap().specs, 1);
            app.shutdown().await.unwrap();
        }
    });
}

/// Its argument is counted.
struct Holder;

impl Actor for Holder {
    type Args = Arc<()>;
    type Msg = ();

    async fn init(_: &Arc<()>, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Ok(())
    }
}

#[test]
fn row_027_the_arguments_of_a_temporary_child_are_not_kept() {
    both(|| async {
        let (kept, dropped) = (Arc::new(()), Arc::new(()));
        let app = Supervisor::new(Strategy::OneForOne)
            .child(Child::of::<Holder>("p", kept.clone()))
            .child(Child::of::<Holder>("t", dropped.clone()).restart(Restart::Temporary))
            .start()
            .await
            .unwrap();
        calm().await;
        assert_eq!(Arc::strong_count(&kept), 2);
        assert_eq!(Arc::strong_count(&dropped), 1);
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_028_a_stopped_child_stays_declared_unless_it_is_temporary() {
    both(|| async {
        let trace = Trace::new();
        let (app, a) = one(Restart::Permanent, &trace).await;
        app.stop_child("a").await.unwrap();
        assert_eq!(
            app.add(kid(&a, &trace)).await,
            Err(AddError::AlreadyPresent)
        );
        app.shutdown().await.unwrap();
        let (app, a) = one(Restart::Temporary, &trace).await;
        app.stop_child("a").await.unwrap();
        assert_eq!(app.add(kid(&a, &trace)).await, Ok(()));
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_029_a_child_that_is_killed_from_outside_has_ended_abnormally() {
    both(|| async {
        let trace = Trace::new();
        let (app, a) = one(Restart::Transient, &trace).await;
        a.addr().unwrap().kill();
        calm().await;
        trace.assert("start a");
        assert!(a.is_up());
        app.shutdown().await.unwrap();
    });
}
