//! Rows 74 to 82: monitors. Row 82, the loss of a node, has no meaning in one process; row 81 is in the crate's own tests, too.

use crate::common::{both, calm, stop, up};
use gaggle::actor::testkit::{Order, Puppet, Trace};
use gaggle::actor::{Actor, Addr, Ctx, Exit, MonitorRef, Registry, Signal, spawn};
use gaggle::chan::{Receiver, Sender, unbounded};
use std::sync::Arc;

/// Passes on what it hears.
struct Ear(Sender<Signal>);

type Deed = Box<dyn FnOnce(&mut Ctx<Ear>) + Send>;

impl Actor for Ear {
    type Args = Sender<Signal>;
    type Msg = Deed;

    async fn init(to: &Sender<Signal>, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self(to.clone()))
    }

    async fn handle(&mut self, deed: Deed, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        deed(cx);
        Ok(())
    }

    async fn on_signal(&mut self, signal: Signal, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        self.0.try_send(signal).unwrap();
        Ok(())
    }
}

async fn ear() -> (Addr<Deed>, Receiver<Signal>) {
    let (tx, rx) = unbounded();
    (spawn::<Ear>(tx).await.unwrap(), rx)
}

/// Runs `f` in the ear.
async fn within<T: Send + 'static>(
    ear: &Addr<Deed>,
    f: impl FnOnce(&mut Ctx<Ear>) -> T + Send + 'static,
) -> T {
    let asked = ear.ask(|reply| Box::new(move |cx: &mut Ctx<Ear>| reply.send(f(cx))) as Deed);
    asked.no_deadline().await.unwrap()
}

async fn monitor(ear: &Addr<Deed>, target: &Addr<Order>) -> MonitorRef {
    let target = target.clone();
    within(ear, move |cx| cx.monitor(&target)).await
}

#[test]
fn row_074_a_down_says_which_monitor_who_and_why() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let a = up("a", &trace).await;
        let reference = monitor(&ear, &a).await;
        Puppet::crash(&a).await;
        let expected = Signal::Down {
            monitor: reference.id(),
            pid: Some(a.pid()),
            name: None,
            reason: Exit::error("crash"),
        };
        assert_eq!(heard.recv().await.unwrap(), expected);
        stop(&[&ear]).await;
    });
}

#[test]
fn row_075_who_is_dead_or_nobody_is_down_at_once_with_noproc() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let a = up("a", &trace).await;
        a.stop().await;
        let _dead = monitor(&ear, &a).await;
        let names = Registry::new();
        let _nobody = within(&ear, move |cx| cx.monitor_name(&names, "x")).await;
        for pid in [Some(a.pid()), None] {
            let Signal::Down {
                pid: who, reason, ..
            } = heard.recv().await.unwrap()
            else {
                panic!("it is a down");
            };
            assert_eq!((who, reason), (pid, Exit::NoProc));
        }
        stop(&[&ear]).await;
    });
}

#[test]
fn row_076_several_monitors_of_one_are_independent() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let a = up("a", &trace).await;
        let all = [
            monitor(&ear, &a).await,
            monitor(&ear, &a).await,
            monitor(&ear, &a).await,
        ];
        assert!(all[1].cancel());
        a.stop().await;
        let mut ids = Vec::new();
        for _ in 0..2 {
            if let Signal::Down { monitor, .. } = heard.recv().await.unwrap() {
                ids.push(monitor);
            }
        }
        calm().await;
        assert!(heard.is_empty());
        assert_eq!(ids, [all[0].id(), all[2].id()]);
        stop(&[&ear]).await;
    });
}

#[test]
fn row_077_after_a_monitor_is_dropped_nothing_comes_of_it_not_even_what_was_queued() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let a = up("a", &trace).await;
        let reference = monitor(&ear, &a).await;
        // It ends while the ear is busy with giving the monitor up: the notice is queued, or on its way, or not sent yet.
        Puppet::crash(&a).await;
        let (notes, listened) = (trace.clone(), heard.clone());
        within(&ear, move |_| {
            drop(reference);
            notes.note(format!("heard {}", listened.len()));
        })
        .await;
        a.exited().await;
        calm().await;
        stop(&[&ear]).await;
        let text = trace.take();
        assert!(
            text.contains(&format!("heard {}", heard.len())),
            "{text}, {}",
            heard.len()
        );
    });
}

#[test]
fn row_078_giving_a_monitor_up_twice_or_too_late_is_harmless_and_says_so() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let a = up("a", &trace).await;
        let (first, second) = (monitor(&ear, &a).await, monitor(&ear, &a).await);
        assert!(first.cancel());
        assert!(!first.cancel());
        a.stop().await;
        heard.recv().await.unwrap();
        assert!(!second.cancel());
        stop(&[&ear]).await;
    });
}

#[test]
fn row_078_a_monitor_of_oneself_is_never_active() {
    both(|| async {
        let (ear, heard) = ear().await;
        let own = within(&ear, |cx| cx.monitor(&cx.addr())).await;
        assert!(!own.cancel());
        stop(&[&ear]).await;
        assert!(heard.try_recv().is_err());
    });
}

#[test]
fn row_079_a_monitor_belongs_to_who_holds_it() {
    both(|| async {
        // There is no other way to end a monitor than by its reference, which cannot be cloned: nobody else can.
        let trace = Trace::new();
        let (first, heard) = ear().await;
        let (second, other) = ear().await;
        let a = up("a", &trace).await;
        let (mine, theirs) = (monitor(&first, &a).await, monitor(&second, &a).await);
        assert_ne!(mine.id(), theirs.id());
        drop(theirs);
        a.stop().await;
        heard.recv().await.unwrap();
        calm().await;
        assert!(other.is_empty());
        stop(&[&first, &second]).await;
    });
}

#[test]
fn row_080_a_monitor_by_name_reports_the_name() {
    both(|| async {
        let trace = Trace::new();
        let (ear, heard) = ear().await;
        let names = Registry::new();
        let a = up("a", &trace).await;
        names.register("svc", &a).unwrap();
        let table = names.clone();
        let _reference = within(&ear, move |cx| cx.monitor_name(&table, "svc")).await;
        a.stop().await;
        let Signal::Down { name, reason, .. } = heard.recv().await.unwrap() else {
            panic!("it is a down");
        };
        assert_eq!((name.as_deref(), reason), (Some("svc"), Exit::Normal));
        stop(&[&ear]).await;
    });
}

/// Its state is counted.
struct Counted {
    _token: Arc<()>,
}

impl Actor for Counted {
    type Args = Arc<()>;
    type Msg = Arc<()>;

    async fn init(token: &Arc<()>, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self {
            _token: token.clone(),
        })
    }

    async fn handle(&mut self, _: Arc<()>, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        std::future::pending().await
    }
}

#[test]
fn row_081_nothing_is_left_of_who_is_gone_though_it_was_watched() {
    both(|| async {
        let token = Arc::new(());
        let (ear, _heard) = ear().await;
        let mut all = Vec::new();
        for _ in 0..5 {
            let actor = spawn::<Counted>(token.clone()).await.unwrap();
            let target = actor.clone();
            let reference = within(&ear, move |cx| {
                cx.link(&target);
                cx.monitor(&target)
            })
            .await;
            for _ in 0..3 {
                actor.send(token.clone()).await.unwrap();
            }
            all.push((reference, actor));
        }
        for (_, actor) in &all {
            actor.stop().within(std::time::Duration::ZERO).await;
        }
        // The addresses and monitors are still held; the state and the messages are not. The ear has ended with the first of them.
        calm().await;
        assert_eq!(Arc::strong_count(&token), 1);
        assert_eq!(ear.exited().await, Exit::Killed);
    });
}
