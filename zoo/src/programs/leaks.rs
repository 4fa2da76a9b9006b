//! Goroutines that are left behind.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::context::Context;
use gaggle::sim::Class;
use gaggle::time::{Ticker, sleep, timeout};
use gaggle::{go, select, yield_now};

const LEAK: &[Class] = &[Class::Leak];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G1",
        about: "a worker sends its result without a buffer, and the requester has taken the timeout",
        source: "kubernetes#5316",
        classes: LEAK,
        buggy: || boxed(request(0)),
        fixed: || boxed(request(1)),
        ..Entry::BASE
    },
    Entry {
        id: "G11",
        about: "a reader waits for a message or the end of the stream, and the side that fails forgets to say so",
        source: "grpc#1275, cockroach#35073",
        classes: LEAK,
        buggy: || boxed(stream(false)),
        fixed: || boxed(stream(true)),
        ..Entry::BASE
    },
    Entry {
        id: "G13",
        about: "a goroutine waits for the end of a context that nobody cancels",
        source: "cockroach#13197, cockroach#13755, grpc#862",
        classes: LEAK,
        buggy: || boxed(watcher(false)),
        fixed: || boxed(watcher(true)),
        ..Entry::BASE
    },
    Entry {
        id: "P1",
        about: "consumers range over a channel that is never closed",
        source: "Saioc et al., CGO 2024: a pattern of leaks in industry",
        classes: LEAK,
        buggy: || boxed(range(false)),
        fixed: || boxed(range(true)),
        ..Entry::BASE
    },
    Entry {
        id: "P2",
        about: "a worker is started with the object, and stopped on one of two paths only",
        source: "Saioc et al., CGO 2024: a pattern of leaks in industry",
        classes: LEAK,
        buggy: || boxed(worker(false)),
        fixed: || boxed(worker(true)),
        ..Entry::BASE
    },
    Entry {
        id: "P3",
        about: "after the error was sent a return is missing: a second send that nobody receives",
        source: "Saioc et al., CGO 2024: a pattern of leaks in industry",
        classes: LEAK,
        buggy: || boxed(double_send(false)),
        fixed: || boxed(double_send(true)),
        ..Entry::BASE
    },
    Entry {
        id: "L1",
        about: "whoever goes round with a ticker is not told that the ticker was stopped",
        source: "made up: stopping a ticker does not end a receive from it",
        classes: LEAK,
        buggy: || boxed(heartbeat(false)),
        fixed: || boxed(heartbeat(true)),
        ..Entry::BASE
    },
    Entry {
        id: "L2",
        about: "the fastest of three replicas wins, and the other two have nobody to answer",
        source: "made up: first answer wins",
        classes: LEAK,
        buggy: || boxed(replicas(0)),
        fixed: || boxed(replicas(2)),
        ..Entry::BASE
    },
];

async fn request(buffer: usize) {
    let answer = Both::new(buffer);
    let there = answer.clone();
    go(async move {
        sleep(ms(30)).await;
        let _ = there.tx.send(42).await;
    });
    // The answer comes just as the patience ends.
    let _ = timeout(ms(30), answer.rx.recv()).await;
}

async fn stream(tells: bool) {
    let (messages, faults) = (Both::new(0), Both::new(1));
    let input = messages.clone();
    let reader = go(async move { while let Ok(1..) = input.rx.recv().await {} });
    let wire = faults.clone();
    go(async move {
        yield_now().await;
        let _ = wire.tx.send(()).await;
    });
    for n in [3, 2, 1, 0] {
        select! {
            _ = messages.tx.send(n) => {}
            _ = faults.rx.recv() => {
                if tells {
                    messages.tx.close();
                }
                return;
            }
        }
    }
    let _ = reader.await;
}

async fn watcher(cancels: bool) {
    let (ctx, cancel) = Context::background().with_cancel();
    go(async move { ctx.done().await });
    sleep(ms(1)).await;
    if cancels {
        cancel.cancel();
    }
}

async fn range(closes: bool) {
    let jobs = Both::new(2);
    for _ in 0..2 {
        let jobs = jobs.clone();
        go(async move { while jobs.rx.recv().await.is_ok() {} });
    }
    for n in 0..5 {
        let _ = jobs.tx.send(n).await;
    }
    if closes {
        jobs.tx.close();
    }
}

async fn worker(always_stops: bool) {
    let (work, stop, result) = (Both::new(0), Both::<()>::new(0), Both::new(1));
    let (my_work, my_stop, my_result) = (work.clone(), stop.clone(), result.clone());
    go(async move {
        loop {
            select! {
                n = my_work.rx.recv() => {
                    sleep(ms(5)).await;
                    let _ = my_result.tx.send(n).await;
                }
                _ = my_stop.rx.recv() => break,
            }
        }
    });
    let _ = work.tx.send(1).await;
    let answer = timeout(ms(5), result.rx.recv()).await;
    if answer.is_ok() || always_stops {
        stop.tx.close();
    }
}

async fn double_send(returns: bool) {
    let reply = Both::new(0);
    let out = reply.clone();
    let denied = Both::new(1);
    let verdict = denied.clone();
    go(async move {
        if verdict.rx.try_recv().is_ok() {
            let _ = out.tx.send(Err("denied")).await;
            if returns {
                return;
            }
        }
        let _ = out.tx.send(Ok(1)).await;
    });
    let guard = denied.clone();
    go(async move { guard.tx.send(()).await });
    let _ = reply.rx.recv().await;
}

async fn heartbeat(says_so: bool) {
    let stop = Both::<()>::new(0);
    let end = stop.clone();
    let ticker = std::sync::Arc::new(Ticker::new(ms(10)));
    let ticks = ticker.clone();
    go(async move {
        loop {
            select! {
                _ = ticks.recv() => {}
                _ = end.rx.recv() => break,
            }
        }
    });
    sleep(ms(35)).await;
    ticker.stop();
    if says_so {
        stop.tx.close();
    }
}

async fn replicas(buffer: usize) {
    let answers = Both::new(buffer);
    for n in 0..3 {
        let answers = answers.clone();
        go(async move {
            sleep(ms(5)).await;
            let _ = answers.tx.send(n).await;
        });
    }
    let _ = answers.rx.recv().await;
    sleep(ms(10)).await;
}
