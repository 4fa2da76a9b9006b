//! Rows 59 to 61: children that are added, stopped, started and forgotten by hand.

use crate::common::{both, kid, kid_with, ms, slots};
use gaggle::actor::testkit::{Part, Trace};
use gaggle::actor::{AddError, ChildState, Exit, Strategy, Supervisor};

#[test]
fn row_059_an_id_that_is_there_is_refused_and_how_depends_on_whether_it_runs() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let tree = Supervisor::new(Strategy::OneForOne).child(kid(&a, &trace));
        let app = tree.start().await.unwrap();
        assert_eq!(
            app.add(kid(&a, &trace)).await,
            Err(AddError::AlreadyStarted)
        );
        app.stop_child("a").await.unwrap();
        assert_eq!(
            app.add(kid(&a, &trace)).await,
            Err(AddError::AlreadyPresent)
        );
        let boom = Part::new("b", &trace).starts([Some(Exit::error("boom"))]);
        let failed = app.add(kid_with(&b, boom)).await;
        assert_eq!(failed, Err(AddError::Failed(Exit::error("boom"))));
        app.add(kid(&b, &trace)).await.unwrap();
        assert!(b.is_up());
        app.shutdown().await.unwrap();
        assert!(!b.is_up());
    });
}

#[test]
fn row_060_a_running_child_is_neither_forgotten_nor_started_and_an_unknown_one_is_not_found() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let tree =
            Supervisor::new(Strategy::OneForOne).child(kid(&a, &trace).backoff(ms(200), ms(1000)));
        let app = tree.start().await.unwrap();
        assert_eq!(app.delete_child("a").await, Err(AddError::AlreadyStarted));
        assert_eq!(app.restart_child("a").await, Err(AddError::AlreadyStarted));
        for unknown in [
            app.delete_child("x").await,
            app.restart_child("x").await,
            app.stop_child("x").await,
        ] {
            assert_eq!(unknown, Err(AddError::NotFound));
        }
        crate::common::crash(&a).await;
        assert_eq!(app.delete_child("a").await, Err(AddError::Restarting));
        assert_eq!(app.restart_child("a").await, Err(AddError::Restarting));
        app.stop_child("a").await.unwrap();
        app.stop_child("a").await.unwrap();
        app.restart_child("a").await.unwrap();
        app.stop_child("a").await.unwrap();
        app.delete_child("a").await.unwrap();
        assert_eq!(app.restart_child("a").await, Err(AddError::NotFound));
        assert!(app.children().await.unwrap().is_empty());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_061_children_are_listed_in_the_order_of_their_start() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid(&b, &trace))
            .child(kid(&a, &trace))
            .start()
            .await
            .unwrap();
        app.add(kid(&c, &trace)).await.unwrap();
        let children = app.children().await.unwrap();
        let ids: Vec<_> = children
            .iter()
            .map(|info| info.id.as_deref().unwrap())
            .collect();
        assert_eq!(ids, ["b", "a", "c"]);
        assert!(children.iter().all(|info| info.state == ChildState::Up));
        app.shutdown().await.unwrap();
    });
}
