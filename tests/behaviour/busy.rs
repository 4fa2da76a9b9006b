//! A future that is always ready beside one that waits, in one goroutine: the budget ends its turn (semantics.md GO-06, T3), and the other is heard all the same (TI-20).

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{in_goroutine, on_workers};
use gaggle::context::Context;
use gaggle::time::{Timer, sleep, timeout};
use gaggle::{chan, go, select};
use std::time::Duration;

const SOON: Duration = Duration::from_millis(5);

/// Never ends, and never has to wait.
async fn busy() {
    let (tx, rx) = chan::bounded(1);
    loop {
        tx.send(1).await.unwrap();
        rx.recv().await.unwrap();
    }
}

#[test]
fn ti_20_a_time_limit_ends_a_future_that_is_always_ready() {
    in_goroutine(|| async {
        assert!(timeout(SOON, busy()).await.is_err());
    });
}

#[test]
fn ti_20_also_on_a_plain_thread_in_block_on() {
    on_workers(|rt| {
        assert!(rt.block_on(timeout(SOON, busy())).is_err());
    });
}

#[test]
fn ti_20_a_timer_is_heard_behind_a_busy_arm_that_comes_first() {
    in_goroutine(|| async {
        select! { biased; () = busy() => unreachable!(), () = sleep(SOON) => {} }
        let timer = Timer::new(SOON);
        select! { biased; () = busy() => unreachable!(), _ = timer.recv() => {} }
        let (ctx, _cancel) = Context::background().with_timeout(SOON);
        select! { biased; () = busy() => unreachable!(), () = ctx.done() => {} }
        // What is there from the beginning too.
        select! { biased; () = busy() => unreachable!(), () = ctx.done() => {} }
        select! { biased; () = busy() => unreachable!(), () = sleep(Duration::ZERO) => {} }
    });
}

#[test]
fn a_stage_whose_output_is_gone_ends_a_call_that_is_always_ready() {
    in_goroutine(|| async {
        let (input, values) = chan::bounded(1);
        let (started, begun) = chan::bounded(1);
        let out = chan::stage::unordered(values, 1, move |_: u8| {
            let started = started.clone();
            async move {
                started.send(()).await.unwrap();
                busy().await;
            }
        });
        input.send(1).await.unwrap();
        begun.recv().await.unwrap();
        drop(out);
        input.closed().await;
    });
}

#[test]
fn go_06_others_run_beside_a_busy_goroutine() {
    in_goroutine(|| async {
        let hog = go(busy());
        sleep(SOON).await;
        hog.abort();
        assert!(hog.await.unwrap_err().is_aborted());
    });
}
