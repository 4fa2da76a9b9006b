//! Rows 1 to 11: how a tree is started.

use crate::common::{both, calm, kid, kid_with, ms, slots};
use gaggle::actor::testkit::{Order, Part, Puppet, Trace};
use gaggle::actor::{
    Actor, AddError, AutoShutdown, Child, ChildState, Ctx, Dynamic, Exit, Registry, Restart,
    Shutdown, Slot, StartError, Strategy, Supervisor, spawn,
};
use std::time::Duration;

#[test]
fn row_001_children_start_in_order_each_when_the_one_before_is_ready() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid_with(&a, Part::new("a", &trace).slow_start(ms(30))))
            .child(kid_with(&b, Part::new("b", &trace).slow_start(ms(10))))
            .child(kid(&c, &trace))
            .start()
            .await
            .unwrap();
        trace.assert("start a; start b; start c");
        assert!(a.is_up() && b.is_up() && c.is_up());
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_002_a_child_that_fails_at_boot_takes_back_those_before_it() {
    both(|| async {
        let trace = Trace::new();
        let [a, b, c] = slots(["a", "b", "c"]);
        let boom = Part::new("c", &trace).starts([Some(Exit::error("boom"))]);
        let error = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid(&b, &trace))
            .child(kid_with(&c, boom))
            .start()
            .await
            .unwrap_err();
        let id = "c".to_owned();
        let why = Exit::error("boom");
        assert_eq!(error, StartError::Child { id, why });
        trace.assert("start a; start b; c-fails; stop b(shutdown); stop a(shutdown)");
    });
}

#[test]
fn row_003_a_child_may_decline_to_start_and_is_listed_as_stopped() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid_with(
                &a,
                Part::new("a", &trace).starts([Some(Exit::Ignore)]),
            ))
            .child(kid(&b, &trace))
            .start()
            .await
            .unwrap();
        let children = app.children().await.unwrap();
        assert_eq!(children.len(), 2);
        assert_eq!(
            (children[0].state, children[0].pid),
            (ChildState::Stopped, None)
        );
        assert_eq!(children[1].state, ChildState::Up);
        app.shutdown().await.unwrap();
    });
}

#[test]
fn row_004_a_temporary_child_that_declines_is_not_listed() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let declines = Part::new("a", &trace).starts([Some(Exit::Ignore)]);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid_with(&a, declines).restart(Restart::Temporary))
            .start()
            .await
            .unwrap();
        assert!(app.children().await.unwrap().is_empty());
        let declines = Part::new("a", &trace).starts([Some(Exit::Ignore)]);
        app.add(kid_with(&a, declines).restart(Restart::Temporary))
            .await
            .unwrap();
        assert!(app.children().await.unwrap().is_empty());
        app.shutdown().await.unwrap();
    });
}

/// Starts a tree that cannot start, linked to itself.
struct Starter(Trace);

impl Actor for Starter {
    type Args = Trace;
    type Msg = ();

    async fn init(trace: &Trace, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        cx.trap_exits(true);
        Ok(Self(trace.clone()))
    }

    async fn handle(&mut self, (): (), cx: &mut Ctx<Self>) -> Result<(), Exit> {
        let slot = Slot::<Order>::new("a");
        let boom = Part::new("a", &self.0).starts([Some(Exit::error("boom"))]);
        let tree = Supervisor::new(Strategy::OneForOne).child(kid_with(&slot, boom));
        let failed = tree.start_linked(cx).await;
        self.0.note(format!("{}", failed.unwrap_err()));
        Ok(())
    }

    async fn on_signal(
        &mut self,
        signal: gaggle::actor::Signal,
        _cx: &mut Ctx<Self>,
    ) -> Result<(), Exit> {
        if let gaggle::actor::Signal::Exit { reason, .. } = signal {
            self.0.note(format!("exit: {reason}"));
        }
        Ok(())
    }
}

#[test]
fn row_005_a_tree_that_fails_to_start_says_so_and_a_linked_starter_sees_the_exit() {
    both(|| async {
        let trace = Trace::new();
        let starter = spawn::<Starter>(trace.clone()).await.unwrap();
        starter.send(()).await.unwrap();
        calm().await;
        starter.stop().drain().await;
        let text = "failed to start child `a`: error: boom";
        trace.assert(&format!("a-fails; {text}; exit: shutdown: {text}"));
    });
}

#[test]
fn row_006_defaults_are_those_of_otp() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let child = Child::from(kid(&a, &trace));
        let five = Shutdown::After(Duration::from_secs(5));
        assert!(format!("{child:?}").contains(&format!("{five:?}")));
        assert!(format!("{child:?}").contains("Permanent"));
        let nested = Child::supervisor("s", || Supervisor::new(Strategy::OneForOne));
        assert!(format!("{nested:?}").contains("Wait"));
        assert!(format!("{nested:?}").contains("Permanent"));
    });
}

#[test]
fn row_007_a_window_of_no_time_is_refused_and_no_restarts_at_all_are_fine() {
    both(|| async {
        let zero = Supervisor::new(Strategy::OneForOne).intensity(1, Duration::ZERO);
        assert_eq!(zero.start().await.unwrap_err(), StartError::ZeroWindow);
        let none = Supervisor::new(Strategy::OneForOne).intensity(0, ms(1000));
        none.start().await.unwrap().shutdown().await.unwrap();
    });
}

#[test]
fn row_008_two_children_with_one_id_are_refused() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let twice = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid(&a, &trace));
        let error = twice.start().await.unwrap_err();
        assert_eq!(error, StartError::DuplicateId("a".to_owned()));
        trace.assert("");
    });
}

#[test]
fn row_009_a_name_that_is_taken_fails_the_start_and_says_who_has_it() {
    both(|| async {
        let trace = Trace::new();
        let names = Registry::new();
        let first = spawn::<Puppet>(Part::new("a", &trace))
            .name(&names, "a")
            .await
            .unwrap();
        let second = spawn::<Puppet>(Part::new("b", &trace))
            .name(&names, "a")
            .await;
        assert_eq!(second.unwrap_err(), Exit::NameTaken(first.pid()));
        let child = Child::of::<Puppet>("c", Part::new("c", &trace)).name(&names, "a");
        let tree = Supervisor::new(Strategy::OneForOne)
            .child(child)
            .start()
            .await;
        let (id, why) = ("c".to_owned(), Exit::NameTaken(first.pid()));
        assert_eq!(tree.unwrap_err(), StartError::Child { id, why });
        trace.assert("start a");
        first.stop().await;
    });
}

#[test]
fn row_010_a_failed_or_declined_start_leaves_no_name_behind() {
    both(|| async {
        let trace = Trace::new();
        let names = Registry::new();
        for outcome in [Exit::error("boom"), Exit::Ignore] {
            let part = Part::new("a", &trace).starts([Some(outcome.clone())]);
            let failed = spawn::<Puppet>(part).name(&names, "a").await;
            assert_eq!(failed.unwrap_err(), outcome);
            assert!(names.names().is_empty());
        }
        let fine = spawn::<Puppet>(Part::new("a", &trace))
            .name(&names, "a")
            .await
            .unwrap();
        fine.stop().await;
        assert!(names.names().is_empty());
    });
}

#[test]
fn row_011_an_initialisation_that_takes_too_long_is_ended() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let slow = Part::new("b", &trace).slow_start(Duration::from_secs(3600));
        let error = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace))
            .child(kid_with(&b, slow).init_timeout(ms(20)))
            .start()
            .await
            .unwrap_err();
        let (id, why) = ("b".to_owned(), Exit::Timeout);
        assert_eq!(error, StartError::Child { id, why });
        trace.assert("start a; stop a(shutdown)");
    });
}

#[test]
fn row_058_significant_children_are_refused_where_they_make_no_sense() {
    both(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let significant = StartError::Significant("a".to_owned());
        let permanent = Supervisor::new(Strategy::OneForOne)
            .auto_shutdown(AutoShutdown::AnySignificant)
            .child(kid(&a, &trace).significant());
        assert_eq!(permanent.start().await.unwrap_err(), significant);
        let never = Supervisor::new(Strategy::OneForOne)
            .child(kid(&a, &trace).restart(Restart::Transient).significant());
        assert_eq!(never.start().await.unwrap_err(), significant);
        // A dynamic supervisor has no such setting: its type does not offer it. What is added later is looked at too.
        let app = Supervisor::new(Strategy::OneForOne).start().await.unwrap();
        let added = app
            .add(kid(&a, &trace).restart(Restart::Transient).significant())
            .await;
        assert_eq!(added.unwrap_err(), AddError::Invalid(significant));
        app.shutdown().await.unwrap();
        let pool = Dynamic::<Puppet>::new();
        pool.run().await.unwrap().shutdown().await.unwrap();
        trace.assert("");
    });
}
