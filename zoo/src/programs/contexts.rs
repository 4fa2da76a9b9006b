//! Cancellation, timeouts and timers that come between two steps.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::context::Context;
use gaggle::sim::Class;
use gaggle::sync::Mutex;
use gaggle::time::{Timer, sleep, timeout};
use gaggle::{go, select};
use std::sync::Arc;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "X1",
        about: "is the context still alive? then send: it ends between the two, and with it the receiver",
        source: "made up: check, then act with a context",
        classes: &[Class::Leak],
        buggy: || boxed(check_then_send(true)),
        fixed: || boxed(check_then_send(false)),
        ..Entry::BASE
    },
    Entry {
        id: "X2",
        about: "a timer is drained after its tick was received already",
        source: "made up: `if !t.Stop() { <-t.C }`",
        classes: &[Class::Deadlock],
        buggy: || boxed(drain(true)),
        fixed: || boxed(drain(false)),
        ..Entry::BASE
    },
    Entry {
        id: "X3",
        about: "an operation is given up after its first half, and leaves the other half undone",
        source: "made up: a timeout around two writes that belong together",
        classes: &[Class::Panic],
        buggy: || boxed(half_done(true)),
        fixed: || boxed(half_done(false)),
        ..Entry::BASE
    },
    Entry {
        id: "X4",
        about: "a value is received, and lost when the step after it is given up",
        source: "made up: a future that is not safe to cancel, in a loop of selects",
        classes: &[Class::Panic],
        buggy: || boxed(lost_value(true)),
        fixed: || boxed(lost_value(false)),
        ..Entry::BASE
    },
];

async fn check_then_send(checks: bool) {
    let (ctx, cancel) = Context::background().with_cancel();
    let results = Both::new(0);
    let out = results.clone();
    go(async move {
        if checks {
            if ctx.err().is_none() {
                let _ = out.tx.send(1).await;
            }
        } else {
            select! {
                _ = out.tx.send(1) => {}
                _ = ctx.done() => {}
            }
        }
    });
    let quits = Both::new(1);
    let quit = quits.clone();
    go(async move { quit.tx.send(()).await });
    select! {
        _ = results.rx.recv() => {}
        _ = quits.rx.recv() => cancel.cancel(),
    }
    cancel.cancel();
}

async fn drain(blindly: bool) {
    let (timer, replies) = (Timer::new(ms(5)), Both::new(1));
    let theirs = replies.clone();
    go(async move {
        sleep(ms(5)).await;
        theirs.tx.send(()).await
    });
    let received = select! {
        _ = timer.recv() => true,
        _ = replies.rx.recv() => false,
    };
    // For the next round.
    if !timer.stop() && blindly {
        timer.recv().await;
    }
    if received {
        replies.rx.recv().await.unwrap();
    }
}

async fn half_done(in_place: bool) {
    let accounts = Arc::new(Mutex::new((100, 0)));
    let theirs = accounts.clone();
    let transfer = async move {
        let mut both = theirs.lock().await;
        if in_place {
            both.0 -= 10;
            sleep(ms(2)).await;
            both.1 += 10;
        } else {
            sleep(ms(2)).await;
            *both = (both.0 - 10, both.1 + 10);
        }
    };
    let transferred = go(timeout(ms(3), transfer));
    // There is time enough, unless this comes first.
    let theirs = accounts.clone();
    let audit = go(async move {
        let both = theirs.lock().await;
        sleep(ms(2)).await;
        both.0 + both.1
    });
    let _ = transferred.await.unwrap();
    audit.await.unwrap();
    let both = accounts.lock().await;
    assert_eq!(both.0 + both.1, 100, "no money is lost");
}

async fn lost_value(in_one: bool) {
    let jobs = Both::new(4);
    let theirs = jobs.clone();
    let sender = go(async move {
        for n in 1..=3 {
            theirs.tx.send(n).await.unwrap();
            sleep(ms(4)).await;
        }
        theirs.tx.close();
    });
    let (mut sum, mut job) = (0, None);
    loop {
        // Every three milliseconds there is something else to do.
        let step = async {
            if in_one || job.is_none() {
                job = Some(jobs.rx.recv().await);
            }
            if !in_one {
                return;
            }
            sleep(ms(2)).await;
        };
        if timeout(ms(3), step).await.is_err() {
            continue;
        }
        match job.take() {
            Some(Ok(n)) => sum += n,
            Some(Err(_)) => break,
            None => {}
        }
    }
    sender.await.unwrap();
    assert_eq!(sum, 6, "every job was done");
}
