//! What OTP does not have, and is off if nothing is said: putting restarts off, budgets of single children, mailboxes that are kept.

use crate::common::{both, calm, crash, kid, kid_with, ms, simulated, slots};
use gaggle::actor::testkit::{Order, Part, Puppet, Trace};
use gaggle::actor::{
    Actor, AskError, ChildState, Ctx, Exit, SendError, Strategy, Supervisor, spawn,
};
use gaggle::time::{Instant, sleep};

#[test]
fn backoff_doubles_up_to_its_limit_and_begins_anew_after_a_good_time() {
    simulated(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .intensity(100, ms(1000))
            .child(kid(&a, &trace).backoff(ms(10), ms(35)))
            .start()
            .await
            .unwrap();
        for expected in [10, 20, 35, 35] {
            let begin = Instant::now();
            crash(&a).await;
            let state = app.children().await.unwrap()[0].state;
            assert_eq!(state, ChildState::Restarting);
            a.up().await;
            assert_eq!(begin.elapsed(), ms(expected));
        }
        sleep(ms(35)).await;
        let begin = Instant::now();
        crash(&a).await;
        a.up().await;
        assert_eq!(begin.elapsed(), ms(10));
        app.shutdown().await.unwrap();
    });
}

#[test]
fn a_child_with_a_budget_of_its_own_costs_its_supervisor_nothing_until_it_is_used_up() {
    both(|| async {
        let trace = Trace::new();
        let [a, b] = slots(["a", "b"]);
        let app = Supervisor::new(Strategy::OneForOne)
            .intensity(1, ms(10_000))
            .child(kid(&a, &trace).budget(3, ms(10_000)))
            .child(kid(&b, &trace))
            .start()
            .await
            .unwrap();
        for _ in 0..3 {
            crash(&a).await;
        }
        crash(&b).await;
        assert!(app.is_alive());
        crash(&a).await;
        assert_eq!(app.exited().await, Exit::shutdown());
    });
}

#[test]
fn a_mailbox_that_is_kept_is_handled_by_the_next_one_but_for_the_message_that_failed() {
    both(|| async {
        for keeps in [false, true] {
            let trace = Trace::new();
            let [a] = slots(["a"]);
            let child = kid(&a, &trace);
            let child = if keeps { child.keep_mailbox() } else { child };
            let tree = Supervisor::new(Strategy::OneForOne).child(child);
            let app = tree.start().await.unwrap();
            let first = a.addr().unwrap();
            let (gate, held) = gaggle::chan::bounded::<()>(0);
            Puppet::busy(&first, async move {
                let _ = held.recv().await;
                Err(Exit::error("crash"))
            })
            .await;
            first.send(Order::Note("1".into())).await.unwrap();
            let asks = first.clone();
            let asked = gaggle::go(async move {
                asks.ask(|reply| {
                    Order::Do(Box::new(move |_| {
                        reply.send(());
                        Ok(())
                    }))
                })
                .await
            });
            calm().await;
            let second = first.try_send(Order::Note("2".into()));
            drop(gate);
            let answer = asked.await.unwrap();
            assert_eq!(answer, Err(AskError::Died(Exit::error("crash"))));
            first.exited().await;
            calm().await;
            assert!(matches!(
                first.try_send(Order::Note("3".into())),
                Err(SendError::Closed(_))
            ));
            let expected = match (keeps, second.is_ok()) {
                (false, _) => "start a; stop a(crash); start a",
                (true, true) => "start a; stop a(crash); start a; 1; 2",
                (true, false) => "start a; stop a(crash); start a; 1",
            };
            trace.assert(expected);
            app.shutdown().await.unwrap();
        }
    });
}

#[test]
fn a_slot_follows_the_restarts_and_fails_fast_in_between() {
    simulated(|| async {
        let trace = Trace::new();
        let [a] = slots(["a"]);
        let part = Part::new("a", &trace);
        let app = Supervisor::new(Strategy::OneForOne)
            .child(kid_with(&a, part).backoff(ms(50), ms(50)))
            .start()
            .await
            .unwrap();
        let first = a.addr().unwrap();
        crash(&a).await;
        let note = || Order::Note("n".into());
        assert!(matches!(
            a.send(note()).await,
            Err(SendError::Restarting(_))
        ));
        let begin = Instant::now();
        a.send(note()).wait_up(ms(100)).await.unwrap();
        assert_eq!(begin.elapsed(), ms(50));
        assert_ne!(a.addr().unwrap(), first);
        app.shutdown().await.unwrap();
    });
}

/// Starts others.
struct Parent(Trace);

impl Actor for Parent {
    type Args = Trace;
    type Msg = ();

    async fn init(trace: &Trace, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        cx.spawn::<Puppet>(Part::new("owned", trace)).await?;
        cx.spawn_link::<Puppet>(Part::new("linked", trace)).await?;
        Ok(Self(trace.clone()))
    }

    async fn handle(&mut self, (): (), cx: &mut Ctx<Self>) -> Result<(), Exit> {
        let child = cx.spawn::<Puppet>(Part::new("more", &self.0)).await?;
        Puppet::crash(&child).await;
        child.exited().await;
        self.0.note("alive");
        Ok(())
    }
}

#[test]
fn what_an_actor_has_started_ends_with_it_and_not_the_other_way_round() {
    both(|| async {
        let trace = Trace::new();
        let parent = spawn::<Parent>(trace.clone()).await.unwrap();
        parent.send(()).await.unwrap();
        parent.stop().drain().await;
        calm().await;
        let text = trace.take();
        let start = "start owned; start linked; start more; stop more(crash); alive; ";
        assert!(text.starts_with(start), "{text}");
        assert!(
            text.contains("stop owned(shutdown)") && text.contains("stop linked(shutdown)"),
            "{text}"
        );
    });
}
