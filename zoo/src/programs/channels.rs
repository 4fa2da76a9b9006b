//! Channels that are full, closed, or waited for by those who were to serve them.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::sim::{Class, Preempt};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::sleep;
use gaggle::{go, select};
use std::sync::Arc;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G14",
        about: "a start-up sends into a buffer that is full already, before the receiver is started",
        source: "cockroach#24808",
        classes: &[Class::Deadlock],
        buggy: || boxed(start_up(true)),
        fixed: || boxed(start_up(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G16",
        about: "a cancellation tells the inputs one by one, and gets stuck at the first that is full",
        source: "cockroach#35931",
        classes: &[Class::Deadlock],
        buggy: || boxed(cancel_all(true)),
        fixed: || boxed(cancel_all(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G21",
        about: "a circuit breaker: the second request overtakes the first, whose end the root waits for before it lets the second go",
        source: "serving#2137",
        classes: &[Class::Deadlock],
        level: Preempt::EveryOp,
        limit: 20_000,
        preemptions: 4,
        flaky: true,
        buggy: || boxed(breaker(true)),
        fixed: || boxed(breaker(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G25",
        about: "who writes the status closes the channel of the work, and another write is under way",
        source: "grpc#1687",
        classes: &[Class::Panic],
        buggy: || boxed(write_status(true)),
        fixed: || boxed(write_status(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G24p",
        about: "two goroutines look whether a channel is closed, and then close it (with a point between the two)",
        source: "docker#24007",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(close_twice(true)),
        fixed: || boxed(close_twice(false)),
        ..Entry::BASE
    },
    Entry {
        id: "C1",
        about: "two relays pass on to each other, and there are more messages than places for them",
        source: "made up: a ring of bounded channels",
        classes: &[Class::Deadlock],
        buggy: || boxed(ring(5)),
        fixed: || boxed(ring(4)),
        ..Entry::BASE
    },
];

async fn start_up(waits: bool) {
    let wanted = Both::new(1);
    let suggests = wanted.clone();
    let suggester = go(async move {
        let _ = suggests.tx.try_send("from a suggestion");
    });
    sleep(ms(1)).await;
    if waits {
        wanted.tx.send("from the start").await.unwrap();
    } else {
        let _ = wanted.tx.try_send("from the start");
    }
    let compactions = wanted.clone();
    let compactor = go(async move { compactions.rx.recv().await.is_ok() });
    assert!(compactor.await.unwrap());
    suggester.await.unwrap();
}

async fn cancel_all(waits: bool) {
    let inputs = [Both::new(1), Both::new(1)];
    for input in &inputs {
        let input = input.clone();
        // The rows that were on their way.
        go(async move { input.tx.try_send("row").is_ok() });
    }
    sleep(ms(1)).await;
    for input in &inputs {
        if waits {
            input.tx.send("the end").await.unwrap();
        } else {
            input.tx.close();
        }
    }
    for input in &inputs {
        while input.rx.recv().await == Ok("row") {}
    }
}

async fn breaker(in_order: bool) {
    let (admitted, active, seen) = (Both::new(2), Both::new(1), Both::new(2));
    let mut requests = Vec::new();
    for _ in 0..2 {
        let lock = Arc::new(Mutex::new(()));
        let held = lock.clone().lock_owned().await;
        let (admitted, active, seen_there) = (admitted.clone(), active.clone(), seen.clone());
        let made = go(async move {
            admitted.tx.send(()).await.unwrap();
            seen_there.tx.send(()).await.unwrap();
            active.tx.send(()).await.unwrap();
            drop(lock.lock().await);
            active.rx.recv().await.unwrap();
            admitted.rx.recv().await.unwrap();
        });
        // The next one is made when this one has been admitted.
        seen.rx.recv().await.unwrap();
        requests.push((held, made));
    }
    if in_order {
        for (held, made) in requests {
            drop(held);
            made.await.unwrap();
        }
        return;
    }
    let made: Vec<_> = requests.into_iter().map(|(_, made)| made).collect();
    for made in made {
        made.await.unwrap();
    }
}

async fn write_status(closes: bool) {
    let work = Both::new(4);
    let written = work.clone();
    let ended = Both::<()>::new(0);
    let end = ended.clone();
    let writer = go(async move {
        for n in 0..2 {
            sleep(ms(1)).await;
            if closes {
                written.tx.send(n).await.expect("the stream is open");
                continue;
            }
            select! {
                sent = written.tx.send(n) => sent.unwrap(),
                _ = end.rx.recv() => break,
            }
        }
    });
    sleep(ms(2)).await;
    if closes {
        work.tx.close();
    } else {
        ended.tx.close();
    }
    writer.await.unwrap();
}

async fn close_twice(looks: bool) {
    let ended = Both::<()>::new(0);
    let group = WaitGroup::new();
    for _ in 0..2 {
        let ended = ended.clone();
        group.go(async move {
            if !looks {
                ended.tx.close();
                return;
            }
            if !ended.tx.is_closed() {
                gaggle::sim::point().await;
                assert!(ended.tx.close(), "close of a closed channel");
            }
        });
    }
    group.wait().await;
}

async fn ring(tokens: usize) {
    let ring = [Both::new(1), Both::new(1)];
    let under_way = WaitGroup::new();
    for (from, to) in [(0, 1), (1, 0)] {
        let (from, to, under_way) = (ring[from].clone(), ring[to].clone(), under_way.clone());
        go(async move {
            while let Ok(hops) = from.rx.recv().await {
                if hops == 0 {
                    under_way.done();
                } else {
                    to.tx.send(hops - 1).await.unwrap();
                }
            }
        });
    }
    for _ in 0..tokens {
        under_way.add(1);
        ring[0].tx.send(2).await.unwrap();
        if tokens < 5 {
            under_way.wait().await;
        }
    }
    under_way.wait().await;
    ring.iter().for_each(|both| assert!(both.tx.close()));
}
