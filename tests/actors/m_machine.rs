//! Rows 102 to 106: actors that are state machines; and rows 91, 92 and 105: what comes before the mailbox.

use crate::common::{both, calm, ms, simulated};
use gaggle::actor::testkit::Trace;
use gaggle::actor::{Actor, Addr, AskError, Ctx, Exit, Reply, spawn};
use gaggle::time::sleep;

#[derive(Clone, Copy, PartialEq)]
enum At {
    Closed,
    Open,
}

/// A door that takes knocks only while it is open.
struct Door {
    at: At,
    trace: Trace,
    held: Vec<Reply<u32>>,
}

enum Knock {
    Open,
    Close,
    /// Does not change the state.
    Stay,
    Say(u32),
    /// Then says these, before anything else.
    Then(Vec<u32>),
    /// Says something after so long in this state.
    StateTimeout(u64, u32),
    /// After so long without a message.
    Idle(u64, u32),
    Timer(&'static str, u64, u32),
    Cancel(&'static str),
    Hold(Reply<u32>),
    Stop,
}

impl Actor for Door {
    type Args = Trace;
    type Msg = Knock;

    async fn init(trace: &Trace, cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        cx.then(Knock::Stay);
        Ok(Self {
            at: At::Closed,
            trace: trace.clone(),
            held: Vec::new(),
        })
    }

    async fn enter(&mut self, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        self.trace.note(match self.at {
            At::Closed => "enter closed",
            At::Open => "enter open",
        });
        Ok(())
    }

    async fn handle(&mut self, knock: Knock, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match knock {
            Knock::Open if self.at == At::Closed => {
                self.at = At::Open;
                cx.state_changed();
            }
            Knock::Close if self.at == At::Open => {
                self.at = At::Closed;
                cx.state_changed();
            }
            Knock::Open | Knock::Close => cx.postpone(knock),
            Knock::Stay => self.trace.note("stay"),
            Knock::Say(_) if self.at == At::Closed => cx.postpone(knock),
            Knock::Say(n) => self.trace.note(n.to_string()),
            Knock::Then(all) => {
                self.trace.note("then");
                for n in all {
                    cx.then(Knock::Say(n));
                }
            }
            Knock::StateTimeout(after, n) => cx.state_timeout(ms(after), Knock::Say(n)),
            Knock::Idle(after, n) => cx.idle_after(ms(after), Knock::Say(n)),
            Knock::Timer(name, after, n) => cx.timer(name, ms(after), Knock::Say(n)),
            Knock::Cancel(name) => {
                let was = cx.cancel_timer(name);
                self.trace.note(format!("cancelled {was}"));
            }
            Knock::Hold(reply) => self.held.push(reply),
            Knock::Stop => return Err(Exit::Normal),
        }
        Ok(())
    }
}

async fn door(trace: &Trace, knocks: impl IntoIterator<Item = Knock>) -> Addr<Knock> {
    let door = spawn::<Door>(trace.clone()).await.unwrap();
    for knock in knocks {
        door.send(knock).await.unwrap();
    }
    door
}

use Knock::{Cancel, Close, Hold, Idle, Open, Say, StateTimeout, Stay, Stop, Then, Timer};

#[test]
fn row_091_a_continuation_runs_after_the_start_or_a_message_before_anything_in_the_mailbox() {
    both(|| async {
        let trace = Trace::new();
        let door = door(&trace, [Open, Then(vec![1, 2]), Say(3)]).await;
        calm().await;
        door.stop().drain().await;
        trace.assert("enter closed; stay; enter open; then; 1; 2; 3");
    });
}

#[test]
fn row_092_any_message_ends_an_idle_timeout_and_one_of_no_time_fires_after_what_is_queued() {
    simulated(|| async {
        let trace = Trace::new();
        let door = door(&trace, [Open, Idle(0, 9), Idle(0, 8), Say(1)]).await;
        calm().await;
        let text = trace.take();
        // Whether the mailbox was empty in between depends on the schedule; that nothing overtakes does not.
        assert!(text.ends_with("; 1"), "{text}");
        door.send(Idle(50, 7)).await.unwrap();
        sleep(ms(40)).await;
        door.send(Say(2)).await.unwrap();
        sleep(ms(60)).await;
        trace.assert("2");
        door.send(Idle(50, 6)).await.unwrap();
        sleep(ms(60)).await;
        trace.assert("6");
        door.stop().await;
    });
    // What is queued when the timeout of no time is set comes first.
    both(|| async {
        let trace = Trace::new();
        let door = spawn::<Door>(trace.clone()).await.unwrap();
        let all = [Open, Say(1), Idle(0, 9)];
        for knock in all {
            door.send(knock).await.unwrap();
        }
        calm().await;
        door.stop().await;
        trace.assert("enter closed; stay; enter open; 1; 9");
    });
}

#[test]
fn row_102_postponed_messages_come_again_in_order_after_a_change_and_before_newer_ones() {
    both(|| async {
        let trace = Trace::new();
        let door = door(&trace, [Say(1), Say(2), Stay, Say(3), Open, Say(4)]).await;
        calm().await;
        // Closing with messages left over: they wait for the next time.
        for knock in [Close, Say(5), Say(6), Open, Say(7)] {
            door.send(knock).await.unwrap();
        }
        calm().await;
        door.stop().drain().await;
        trace.assert(
            "enter closed; stay; stay; enter open; 1; 2; 3; 4; \
             enter closed; enter open; 5; 6; 7",
        );
    });
}

#[test]
fn row_103_a_change_ends_the_state_timeout_and_named_timers_start_anew_and_are_cancelled() {
    simulated(|| async {
        let trace = Trace::new();
        let door = door(&trace, [Open, StateTimeout(50, 1)]).await;
        sleep(ms(60)).await;
        trace.assert("enter closed; stay; enter open; 1");
        for knock in [StateTimeout(50, 2), Timer("t", 70, 3), Stay] {
            door.send(knock).await.unwrap();
        }
        sleep(ms(10)).await;
        door.send(Close).await.unwrap();
        sleep(ms(10)).await;
        door.send(Open).await.unwrap();
        sleep(ms(40)).await;
        // The state timeout went with the first change; the timer lives.
        trace.assert("stay; enter closed; enter open");
        sleep(ms(20)).await;
        trace.assert("3");
        door.send(Timer("t", 30, 4)).await.unwrap();
        sleep(ms(20)).await;
        door.send(Timer("t", 30, 5)).await.unwrap();
        sleep(ms(20)).await;
        trace.assert("");
        sleep(ms(20)).await;
        trace.assert("5");
        for knock in [Timer("t", 30, 6), Cancel("t"), Cancel("t")] {
            door.send(knock).await.unwrap();
        }
        sleep(ms(50)).await;
        trace.assert("cancelled true; cancelled false");
        door.stop().await;
    });
}

#[test]
fn row_104_the_enter_action_runs_on_every_change_and_not_otherwise() {
    both(|| async {
        let trace = Trace::new();
        let door = door(&trace, [Stay, Open, Stay, Close, Open]).await;
        door.stop().drain().await;
        trace.assert("enter closed; stay; stay; enter open; stay; enter closed; enter open");
    });
}

#[test]
fn row_105_messages_to_oneself_run_before_postponed_ones_and_the_mailbox() {
    both(|| async {
        let trace = Trace::new();
        let door = door(
            &trace,
            [
                Then(vec![1]),
                Say(2),
                Open,
                Say(3),
                Then(vec![4, 5]),
                Say(6),
            ],
        )
        .await;
        door.stop().drain().await;
        trace.assert("enter closed; stay; then; enter open; 1; 2; 3; then; 4; 5; 6");
    });
}

#[test]
fn row_106_whoever_waits_is_told_when_the_machine_stops() {
    both(|| async {
        let trace = Trace::new();
        let door = spawn::<Door>(trace.clone()).await.unwrap();
        let mut all = Vec::new();
        for _ in 0..3 {
            let asked = door.clone();
            all.push(gaggle::go(async move { asked.ask(Hold).await }));
        }
        calm().await;
        door.send(Stop).await.unwrap();
        for one in all {
            assert_eq!(one.await.unwrap(), Err(AskError::Died(Exit::Normal)));
        }
        assert_eq!(door.exited().await, Exit::Normal);
    });
}
