//! Rows 62 to 73: links, exits that are sent, and in which order one hears of them.

use crate::common::{both, calm, stop, up};
use gaggle::actor::process::Event;
use gaggle::actor::testkit::{Order, Puppet, Trace};
use gaggle::actor::{Addr, Exit, Signal};
use std::future::pending;

async fn link(a: &Addr<Order>, b: &Addr<Order>) {
    let b = b.clone();
    Puppet::call(a, move |cx| cx.link(&b)).await.unwrap();
}

async fn unlink(a: &Addr<Order>, b: &Addr<Order>) {
    let b = b.clone();
    Puppet::call(a, move |cx| cx.unlink(&b)).await.unwrap();
}

async fn trap(a: &Addr<Order>) {
    Puppet::call(a, |cx| cx.trap_exits(true)).await.unwrap();
}

#[test]
fn row_062_an_abnormal_end_ends_the_linked_actor_with_the_same_reason() {
    both(|| async {
        let trace = Trace::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        link(&a, &b).await;
        Puppet::crash(&b).await;
        assert_eq!(a.exited().await, Exit::error("crash"));
        trace.assert("start a; start b; stop b(crash); stop a(crash)");
    });
}

#[test]
fn row_063_a_normal_end_does_not() {
    both(|| async {
        let trace = Trace::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        link(&a, &b).await;
        b.stop().await;
        calm().await;
        assert!(a.is_alive());
        stop(&[&a]).await;
    });
}

#[test]
fn row_064_who_traps_exits_hears_all_of_them_normal_ones_too() {
    both(|| async {
        let trace = Trace::new();
        let (a, b, c) = (
            up("a", &trace).await,
            up("b", &trace).await,
            up("c", &trace).await,
        );
        trap(&a).await;
        link(&a, &b).await;
        link(&c, &a).await;
        b.stop().await;
        calm().await;
        Puppet::crash(&c).await;
        c.exited().await;
        calm().await;
        assert!(a.is_alive());
        a.stop().await;
        trace.assert(
            "start a; start b; start c; stop b(normal); a hears exit(normal); \
             stop c(crash); a hears exit(crash); stop a(normal)",
        );
    });
}

#[test]
fn row_065_a_normal_exit_that_is_sent_does_nothing_to_who_does_not_trap() {
    both(|| async {
        let trace = Trace::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        trap(&b).await;
        a.exit(&Exit::Normal);
        b.exit(&Exit::Normal);
        calm().await;
        assert!(a.is_alive());
        a.exit(&Exit::error("bad"));
        assert_eq!(a.exited().await, Exit::error("bad"));
        b.stop().await;
        trace.assert("start a; start b; b hears exit(normal); stop a(bad); stop b(normal)");
    });
}

#[test]
fn row_066_a_normal_exit_that_one_sends_to_oneself_ends_one() {
    both(|| async {
        let trace = Trace::new();
        let a = up("a", &trace).await;
        Puppet::call(&a, |cx| cx.addr().exit(&Exit::Normal)).await;
        assert_eq!(a.exited().await, Exit::Normal);
        trace.assert("start a; stop a(normal)");
    });
}

#[test]
fn row_067_a_kill_cannot_be_trapped_and_is_seen_as_killed_which_can() {
    both(|| async {
        let trace = Trace::new();
        let (a, b, c) = (
            up("a", &trace).await,
            up("b", &trace).await,
            up("c", &trace).await,
        );
        trap(&a).await;
        trap(&b).await;
        link(&b, &a).await;
        link(&c, &a).await;
        // Not even a handler that waits for ever keeps it.
        Puppet::busy(&a, pending()).await;
        calm().await;
        a.exit(&Exit::Killed);
        assert_eq!(a.exited().await, Exit::Killed);
        assert_eq!(c.exited().await, Exit::Killed);
        calm().await;
        assert!(b.is_alive());
        b.stop().await;
        let text = trace.take();
        assert!(
            text.contains("b hears exit(killed)") && text.contains("stop c(killed)"),
            "{text}"
        );
        assert!(!text.contains("stop a"), "{text}");
    });
}

#[test]
fn row_068_the_first_of_two_exits_wins() {
    both(|| async {
        let trace = Trace::new();
        let a = up("a", &trace).await;
        a.exit(&Exit::error("first"));
        a.exit(&Exit::error("second"));
        assert_eq!(a.exited().await, Exit::error("first"));
        let b = up("b", &trace).await;
        Puppet::crash(&b).await;
        assert_eq!(b.exited().await, Exit::error("crash"));
        assert!(!b.kill());
        assert_eq!(b.exited().await, Exit::error("crash"));
    });
}

#[test]
fn row_069_linking_twice_is_linking_once() {
    both(|| async {
        let trace = Trace::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        link(&a, &b).await;
        link(&a, &b).await;
        link(&b, &a).await;
        unlink(&b, &a).await;
        Puppet::crash(&b).await;
        b.exited().await;
        calm().await;
        assert!(a.is_alive());
        trap(&a).await;
        let c = up("c", &trace).await;
        link(&a, &c).await;
        link(&a, &c).await;
        Puppet::crash(&c).await;
        c.exited().await;
        calm().await;
        a.stop().await;
        assert_eq!(trace.take().matches("a hears exit(crash)").count(), 1);
    });
}

#[test]
fn row_070_after_an_unlink_no_exit_arrives() {
    both(|| async {
        let trace = Trace::new();
        let (a, b) = (up("a", &trace).await, up("b", &trace).await);
        trap(&a).await;
        link(&a, &b).await;
        // It ends while a is busy, so its exit waits in the control lane, or is on its way.
        Puppet::crash(&b).await;
        let (peer, notes) = (b.clone(), trace.clone());
        Puppet::call(&a, move |cx| {
            cx.unlink(&peer);
            notes.note("unlinked");
        })
        .await
        .unwrap();
        b.exited().await;
        calm().await;
        a.stop().await;
        let text = trace.take();
        let after = text.split("unlinked").nth(1).unwrap();
        assert!(!after.contains("hears"), "{text}");
    });
}

#[test]
fn row_071_linking_with_who_is_dead_is_an_exit_of_noproc() {
    both(|| async {
        let trace = Trace::new();
        let (a, b, c) = (
            up("a", &trace).await,
            up("b", &trace).await,
            up("c", &trace).await,
        );
        trap(&a).await;
        c.stop().await;
        link(&a, &c).await;
        let dead = c.clone();
        let names = gaggle::actor::Registry::new();
        Puppet::call(&b, move |cx| {
            cx.link(&dead);
            cx.link_name(&names, "nobody");
        })
        .await;
        assert_eq!(b.exited().await, Exit::NoProc);
        calm().await;
        a.stop().await;
        let text = trace.take();
        assert!(
            text.contains("a hears exit(noproc)") && text.contains("stop b(noproc)"),
            "{text}"
        );
    });
}

#[test]
fn row_072_a_link_with_oneself_is_nothing() {
    both(|| async {
        let trace = Trace::new();
        let a = up("a", &trace).await;
        link(&a, &a).await;
        Puppet::crash(&a).await;
        assert_eq!(a.exited().await, Exit::error("crash"));
        trace.assert("start a; stop a(crash)");
    });
}

#[test]
fn row_073_what_was_sent_before_the_end_comes_before_the_notice_of_it() {
    both(|| async {
        let trace = Trace::new();
        let (a, b, c) = (
            up("a", &trace).await,
            up("b", &trace).await,
            up("c", &trace).await,
        );
        trap(&a).await;
        link(&a, &b).await;
        let target = b.clone();
        let monitor = Puppet::call(&a, move |cx| cx.monitor(&target))
            .await
            .unwrap();
        let to = a.clone();
        Puppet::busy(&b, async move {
            for n in 1..=3 {
                to.send(Order::Note(n.to_string())).await.unwrap();
            }
            Err(Exit::error("crash"))
        })
        .await;
        b.exited().await;
        calm().await;
        drop(monitor);
        stop(&[&a, &c]).await;
        let text = trace.take();
        let three = text.find("3;").unwrap();
        for notice in ["a hears exit(crash)", "a hears down(crash)"] {
            assert!(text.find(notice).unwrap() > three, "{text}");
        }
    });
}

#[test]
fn row_062_a_process_with_a_body_of_its_own_is_dropped_where_it_waits() {
    both(|| async {
        let trace = Trace::new();
        let a = up("a", &trace).await;
        let deaf = gaggle::actor::spawn_fn::<u8, _, _>("deaf", |process| async move {
            drop(process);
            pending().await
        });
        let traps = gaggle::actor::spawn_fn::<u8, _, _>("traps", |process| async move {
            process.trap_exits(true);
            process.ready();
            match process.recv().await {
                Event::Signal(Signal::Exit { reason, .. }) => reason,
                _ => Exit::NoProc,
            }
        });
        calm().await;
        let (first, second) = (deaf.clone(), traps.clone());
        Puppet::call(&a, move |cx| {
            cx.link(&first);
            cx.link(&second);
        })
        .await
        .unwrap();
        Puppet::crash(&a).await;
        assert_eq!(deaf.exited().await, Exit::error("crash"));
        assert_eq!(traps.exited().await, Exit::error("crash"));
    });
}
