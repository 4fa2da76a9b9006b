//! Rows 94 and 95: stopping an actor, and an actor that fails at its end.

use crate::common::{both, calm, ms, up};
use gaggle::actor::testkit::{Puppet, Trace};
use gaggle::actor::{Actor, Ctx, Exit, dead_letters, spawn};
use gaggle::time::sleep;
use std::future::pending;

#[test]
fn row_094_a_stop_waits_for_the_end_and_of_who_is_dead_says_noproc() {
    both(|| async {
        let trace = Trace::new();
        let a = up("a", &trace).await;
        Puppet::busy(&a, async {
            sleep(ms(20)).await;
            Ok(())
        })
        .await;
        calm().await;
        assert_eq!(a.stop().await, Exit::Normal);
        assert!(!a.is_alive());
        trace.assert("start a; stop a(normal)");
        assert_eq!(a.stop().await, Exit::NoProc);
        // With what it is asked to end with, and killed if that takes too long.
        let b = up("b", &trace).await;
        let reason = Exit::shutdown_because("enough");
        assert_eq!(b.stop().because(reason.clone()).await, reason);
        let c = up("c", &trace).await;
        Puppet::busy(&c, pending()).await;
        calm().await;
        assert_eq!(c.stop().within(ms(20)).await, Exit::Killed);
    });
}

#[test]
fn row_094_a_stop_closes_the_mailbox_first_and_what_is_in_it_is_dropped_or_handled() {
    both(|| async {
        for drains in [false, true] {
            let trace = Trace::new();
            let a = up("a", &trace).await;
            let (gate, held) = gaggle::chan::bounded::<()>(0);
            Puppet::busy(&a, async move {
                let _ = held.recv().await;
                Ok(())
            })
            .await;
            for n in 0..3 {
                let note = gaggle::actor::testkit::Order::Note(n.to_string());
                a.send(note).await.unwrap();
            }
            let stopping = if drains { a.stop().drain() } else { a.stop() };
            let stopped = gaggle::go(std::future::IntoFuture::into_future(stopping));
            calm().await;
            assert!(Puppet::call(&a, |_| ()).await.is_none());
            drop(gate);
            assert_eq!(stopped.await.unwrap(), Exit::Normal);
            trace.assert(if drains {
                "start a; 0; 1; 2; stop a(normal)"
            } else {
                "start a; stop a(normal)"
            });
        }
        assert!(dead_letters() >= 3);
    });
}

/// Fails at its end.
struct BadEnd;

impl Actor for BadEnd {
    type Args = ();
    type Msg = ();

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, (): (), _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Ok(())
    }

    async fn terminate(&mut self, _: &Exit, _cx: &mut Ctx<Self>) {
        panic!("at the end");
    }
}

#[test]
fn row_095_a_crash_while_terminating_is_the_exit() {
    both(|| async {
        let bad = spawn::<BadEnd>(()).await.unwrap();
        assert_eq!(bad.stop().await, Exit::Panic("at the end".into()));
    });
}
