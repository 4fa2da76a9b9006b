//! Rows 83 to 96: asks, sends, and what is said of a crash. Circles are in `k_circles.rs`, stops in `k_stops.rs`, rows 91 and 92 in `m_machine.rs`.

use crate::common::{both, calm, ms, simulated, stop, took};
use gaggle::actor::{Actor, Addr, AskError, Ctx, Exit, Reply, SendError, Slot, on_death, spawn};
use gaggle::time::{Instant, sleep};
use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Answers in many ways.
struct Server {
    held: Vec<Reply<u32>>,
    handled: u32,
}

enum Call {
    Get(Reply<u32>),
    /// Answers after so long, and does nothing else meanwhile.
    Slow(Duration, Reply<u32>),
    /// Answers when told to.
    Hold(Reply<u32>),
    Release,
    /// Has somebody else answer.
    Delegate(Addr<Call>, Reply<u32>),
    /// Answers from beside the actor.
    Pipe(Duration, Reply<u32>),
    Drop(Reply<u32>),
    Crash(Option<Reply<u32>>),
    Panic(Reply<u32>),
    PipePanic,
    Wait,
}

impl Actor for Server {
    type Args = ();
    type Msg = Call;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self {
            held: Vec::new(),
            handled: 0,
        })
    }

    async fn handle(&mut self, call: Call, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        self.handled += 1;
        match call {
            Call::Get(reply) => reply.send(self.handled),
            Call::Slow(time, reply) => {
                sleep(time).await;
                reply.send(self.handled);
            }
            Call::Hold(reply) => self.held.push(reply),
            Call::Release => {
                for (n, reply) in (0..).zip(self.held.drain(..)) {
                    reply.send(n);
                }
            }
            Call::Delegate(to, reply) => to.send(Call::Get(reply)).await?,
            Call::Pipe(time, reply) => cx.pipe(sleep(time), move |()| reply.send(77)),
            Call::Drop(reply) => drop(reply),
            Call::Crash(reply) => {
                let _reply = reply;
                let number: u32 = "x".parse()?;
                self.handled = number;
            }
            Call::Panic(reply) => {
                let _reply = reply;
                panic!("on purpose");
            }
            Call::PipePanic => cx.pipe(async { panic!("beside") }, |()| ()),
            Call::Wait => pending().await,
        }
        Ok(())
    }

    fn label(call: &Call) -> &'static str {
        match call {
            Call::Get(_) => "Get",
            Call::Crash(_) => "Crash",
            Call::Panic(_) => "Panic",
            _ => "another",
        }
    }
}

async fn server() -> Addr<Call> {
    spawn::<Server>(()).await.unwrap()
}

#[test]
fn row_083_a_deadline_that_passes_is_the_askers_affair_only() {
    both(|| async {
        let server = server().await;
        let begin = Instant::now();
        let asked = server
            .ask(|reply| Call::Slow(ms(60), reply))
            .deadline(ms(20))
            .await;
        assert_eq!(asked, Err(AskError::Timeout));
        took(begin.elapsed(), ms(20));
        assert_eq!(server.ask(Call::Get).await, Ok(2));
        stop(&[&server]).await;
    });
    simulated(|| async {
        let server = server().await;
        let begin = Instant::now();
        assert_eq!(server.ask(Call::Hold).await, Err(AskError::Timeout));
        assert_eq!(begin.elapsed(), Duration::from_secs(5));
        let long = Duration::from_secs(3600);
        let answer = server
            .ask(|reply| Call::Slow(long, reply))
            .no_deadline()
            .await;
        assert_eq!(answer, Ok(2));
        stop(&[&server]).await;
    });
}

#[test]
fn row_084_a_late_answer_goes_nowhere() {
    both(|| async {
        let server = server().await;
        let first = server
            .ask(|reply| Call::Slow(ms(1000), reply))
            .deadline(ms(10))
            .await;
        assert_eq!(first, Err(AskError::Timeout));
        // The next ask gets its own answer, not that of the first.
        assert_eq!(server.ask(Call::Get).await, Ok(2));
        sleep(ms(50)).await;
        assert_eq!(server.ask(Call::Get).await, Ok(3));
        stop(&[&server]).await;
    });
}

#[test]
fn row_085_an_asker_hears_at_once_why_the_actor_has_ended() {
    both(|| async {
        type Make = fn(Reply<u32>) -> Call;
        let parse = Exit::error("invalid digit found in string");
        let crash: [(Make, Exit); 2] = [
            (|reply| Call::Crash(Some(reply)), parse.clone()),
            (Call::Panic, Exit::Panic("on purpose".into())),
        ];
        for (make, exit) in crash {
            let server = server().await;
            let begin = Instant::now();
            assert_eq!(server.ask(make).await, Err(AskError::Died(exit.clone())));
            // On real workers it says enough that it was no timeout.
            if gaggle::sim::is_simulated() {
                assert!(begin.elapsed() < ms(1000));
            }
            assert_eq!(server.exited().await, exit);
        }
        // One whose reply is held, one that is queued, one that waits for room: killed.
        let server = spawn::<Server>(()).mailbox(1).await.unwrap();
        let ask = |make: Make| {
            let server = server.clone();
            gaggle::go(async move { server.ask(make).await })
        };
        let held = ask(Call::Hold);
        calm().await;
        server.send(Call::Wait).await.unwrap();
        calm().await;
        let (queued, parked) = (ask(Call::Get), ask(Call::Get));
        calm().await;
        server.kill();
        for asked in [held, queued, parked] {
            assert_eq!(asked.await.unwrap(), Err(AskError::Died(Exit::Killed)));
        }
    });
}

#[test]
fn row_086_asking_who_is_dead_fails_at_once() {
    both(|| async {
        let server = server().await;
        stop(&[&server]).await;
        assert_eq!(server.ask(Call::Get).await, Err(AskError::NoProc));
        let slot = Slot::<Call>::new("nobody");
        assert_eq!(slot.ask(Call::Get).await, Err(AskError::Restarting));
        let begin = Instant::now();
        let waited = slot.ask(Call::Get).wait_up(ms(30)).await;
        assert_eq!(waited, Err(AskError::Restarting));
        took(begin.elapsed(), ms(30));
        let (filled, later) = (slot.clone(), slot.clone());
        let asked = gaggle::go(async move { filled.ask(Call::Get).wait_up(ms(10_000)).await });
        sleep(ms(10)).await;
        let server = spawn::<Server>(()).slot(&later).await.unwrap();
        assert_eq!(asked.await.unwrap(), Ok(1));
        stop(&[&server]).await;
    });
}

#[test]
fn row_088_an_answer_may_come_later_from_elsewhere_or_from_somebody_else() {
    both(|| async {
        let (server, other) = (server().await, server().await);
        let asked = server.clone();
        let held = gaggle::go(async move { asked.ask(Call::Hold).await });
        calm().await;
        server.send(Call::Release).await.unwrap();
        assert_eq!(held.await.unwrap(), Ok(0));
        let to = other.clone();
        let delegated = server.ask(move |reply| Call::Delegate(to, reply)).await;
        assert_eq!(delegated, Ok(1));
        // While it is answered from beside, the actor handles the next one.
        let asked = server.clone();
        let piped = gaggle::go(async move { asked.ask(|r| Call::Pipe(ms(30), r)).await });
        calm().await;
        assert_eq!(server.ask(Call::Get).await, Ok(5));
        assert_eq!(piped.await.unwrap(), Ok(77));
        assert_eq!(server.ask(Call::Drop).await, Err(AskError::Dropped));
        stop(&[&server, &other]).await;
    });
}

#[test]
fn row_088_work_beside_an_actor_ends_with_it_and_its_panic_ends_the_actor() {
    both(|| async {
        let first = server().await;
        let asked = first.clone();
        let long = Duration::from_secs(3600);
        let piped = gaggle::go(async move { asked.ask(|r| Call::Pipe(long, r)).await });
        calm().await;
        stop(&[&first]).await;
        assert_eq!(piped.await.unwrap(), Err(AskError::Died(Exit::Normal)));
        let second = server().await;
        second.send(Call::PipePanic).await.unwrap();
        assert_eq!(second.exited().await, Exit::Panic("beside".into()));
    });
}

#[test]
fn row_089_an_ask_is_a_promise_that_can_be_awaited_polled_collected_and_given_up() {
    both(|| async {
        let server = server().await;
        let mut all = Vec::new();
        for _ in 0..3 {
            all.push(gaggle::go({
                let server = server.clone();
                async move { server.ask(Call::Hold).await.unwrap() }
            }));
        }
        calm().await;
        server.send(Call::Release).await.unwrap();
        let mut got = Vec::new();
        for one in all {
            got.push(one.await.unwrap());
        }
        got.sort_unstable();
        assert_eq!(got, [0, 1, 2]);
        // As an arm; the one that loses has given up, and the server can see that.
        let hold = server.ask(Call::Hold);
        let won = gaggle::select! {
            _ = hold => "an answer",
            () = sleep(ms(10)) => "the time",
        };
        assert_eq!(won, "the time");
        server.send(Call::Release).await.unwrap();
        let won = gaggle::select! {
            got = server.ask(Call::Get) => got.is_ok(),
            () = sleep(ms(5000)) => false,
        };
        assert!(won);
        stop(&[&server]).await;
    });
}

#[test]
fn row_090_a_send_does_not_wait_for_the_handler_and_gives_the_message_back_if_nobody_is_there() {
    both(|| async {
        let server = server().await;
        server.send(Call::Wait).await.unwrap();
        server.send(Call::Release).await.unwrap();
        server.try_send(Call::Release).unwrap();
        server.kill();
        server.exited().await;
        assert!(matches!(
            server.send(Call::Wait).await,
            Err(SendError::Closed(Call::Wait))
        ));
        assert!(matches!(
            server.try_send(Call::Wait),
            Err(SendError::Closed(Call::Wait))
        ));
    });
}

/// Asks another while its own mailbox is full of other things.
struct Loaded;

enum Load {
    Nothing,
    Ask(Addr<Call>, Reply<Result<u32, AskError>>),
}

impl Actor for Loaded {
    type Args = ();
    type Msg = Load;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, load: Load, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        if let Load::Ask(server, reply) = load {
            for _ in 0..10 {
                server.ask(Call::Get).await?;
            }
            reply.send(server.ask(Call::Get).await);
        }
        Ok(())
    }
}

#[test]
fn row_093_an_answer_does_not_pass_through_the_mailbox_however_much_is_in_it() {
    async fn run(backlog: usize) {
        let server = server().await;
        let loaded = spawn::<Loaded>(()).mailbox(backlog + 1).start().unwrap();
        let to = server.clone();
        let asks = loaded.clone();
        let asked = gaggle::go(async move { asks.ask(|reply| Load::Ask(to, reply)).await });
        for _ in 0..backlog {
            loaded.try_send(Load::Nothing).unwrap();
        }
        assert_eq!(asked.await.unwrap(), Ok(Ok(11)));
        loaded.stop().await;
        stop(&[&server]).await;
    }
    simulated(|| run(100));
    gaggle::block_on(run(500_000));
}

#[test]
fn row_096_a_crash_is_reported_once_with_the_last_message_and_a_shutdown_is_not() {
    both(|| async {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let into = seen.clone();
        let observer = on_death(move |obituary| into.lock().unwrap().push(obituary.clone()));
        let crashes = spawn::<Server>(()).title("crashes").await.unwrap();
        crashes.send(Call::Crash(None)).await.unwrap();
        // Nobody waits for its end.
        calm().await;
        let mut clean = Vec::new();
        for reason in [Exit::Normal, Exit::shutdown(), Exit::shutdown_because("x")] {
            let server = server().await;
            clean.push(server.pid());
            server.stop().because(reason).await;
        }
        let asked = spawn::<Server>(()).title("asked").await.unwrap();
        asked.ask(Call::Panic).await.unwrap_err();
        asked.exited().await;
        drop(observer);
        let all = seen.lock().unwrap();
        let of = |pid| all.iter().filter(move |obituary| obituary.pid == pid);
        let [report] = of(crashes.pid()).collect::<Vec<_>>()[..] else {
            panic!("one report");
        };
        assert_eq!(report.reason, Exit::error("invalid digit found in string"));
        assert_eq!(
            (report.last, report.title.as_str()),
            (Some("Crash"), "crashes")
        );
        assert!(!report.noticed);
        assert!(report.to_string().contains("k_calls.rs"), "{report}");
        assert!(of(asked.pid()).all(|report| report.noticed && report.last == Some("Panic")));
        assert!(clean.into_iter().all(|pid| of(pid).next().is_none()));
    });
}
