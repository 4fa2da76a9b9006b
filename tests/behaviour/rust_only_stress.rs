//! Random operations, given up at random moments, by many goroutines at once: semantics.md RX-01 to RX-04.
//!
//! Each value is known to a ledger. What must hold in the end: every value is dropped once; what was reported as sent was received once; what came back was never received.
//! `GAGGLE_SEED` replays the choices, `GAGGLE_STRESS` multiplies the rounds.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Tracked, in_goroutine_and_sim, random, rounds, sized};
use gaggle::chan::{self, RecvError};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::timeout;
use gaggle::{go, yield_now};
use gaggle_base::rng::Rng;
use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

fn brief(rng: &mut Rng) -> Duration {
    Duration::from_micros(u64::from(rng.below(60)))
}

/// Polls `future` up to `n` times, with others running in between, and then gives it up.
async fn a_few_polls<F: Future>(future: F, n: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..n {
        if let Poll::Ready(output) = futures::poll!(future.as_mut()) {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// What one sender has to say of its values. What was given up is in neither list.
#[derive(Default)]
struct Sent {
    sent: Vec<u64>,
    returned: Vec<u64>,
}

async fn sender(
    tx: chan::Sender<Tracked>,
    mut rng: Rng,
    numbers: std::ops::Range<u64>,
    ledger: Ledger,
) -> Sent {
    let mut report = Sent::default();
    for n in numbers {
        let value = ledger.value(n);
        let outcome = match rng.below(5) {
            0 => Some(tx.try_send(value).map_err(|error| error.into_inner().n)),
            1 => {
                let limit = brief(&mut rng);
                let sent = timeout(limit, tx.send(value)).await.ok();
                sent.map(|sent| sent.map_err(|error| error.into_inner().n))
            }
            2 | 3 => {
                let sent = a_few_polls(tx.send(value), rng.below(4)).await;
                sent.map(|sent| sent.map_err(|error| error.into_inner().n))
            }
            _ => Some(tx.send(value).await.map_err(|error| error.into_inner().n)),
        };
        match outcome {
            Some(Ok(())) => report.sent.push(n),
            Some(Err(back)) => {
                assert_eq!(back, n);
                report.returned.push(n);
            }
            None => {}
        }
    }
    report
}

async fn receiver(rx: chan::Receiver<Tracked>, mut rng: Rng) -> Vec<u64> {
    let mut received = Vec::new();
    loop {
        let value = match rng.below(5) {
            0 => rx.try_recv().ok(),
            1 => {
                let limit = brief(&mut rng);
                timeout(limit, rx.recv()).await.ok().and_then(Result::ok)
            }
            2 | 3 => {
                let n = rng.below(4);
                a_few_polls(rx.recv(), n).await.and_then(Result::ok)
            }
            _ => match rx.recv().await {
                Ok(value) => Some(value),
                Err(RecvError) => return received,
            },
        };
        match value {
            Some(value) => received.push(value.n),
            None => yield_now().await,
        }
    }
}

/// One channel, six senders, six receivers. The channel ends by `close` or by the drop of an end.
async fn channel_round(rng: &mut Rng, capacity: Option<usize>, each: u64, end: u32) {
    let (tx, rx) = capacity.map_or_else(chan::unbounded, chan::bounded);
    let ledger = Ledger::default();
    let mut senders = Vec::new();
    let mut receivers = Vec::new();
    for i in 0..6 {
        let own = Rng::from_seed(rng.next_u64());
        let numbers = i * each..(i + 1) * each;
        senders.push(go(sender(tx.clone(), own, numbers, ledger.clone())));
        let own = Rng::from_seed(rng.next_u64());
        receivers.push(go(receiver(rx.clone(), own)));
    }
    let (closer, rest) = (tx.clone(), rx.clone());
    drop((tx, rx));
    if end > 0 {
        // In the middle of it all.
        for _ in 0..rng.below(60) {
            yield_now().await;
        }
    }
    let mut closer = Some(closer);
    match end {
        1 => assert!(closer.as_ref().is_some_and(chan::Sender::close)),
        2 => receivers[..3].iter().for_each(gaggle::JoinHandle::abort),
        _ => closer = None,
    }
    let mut report = Sent::default();
    for handle in senders {
        let one = handle.await.unwrap();
        report.sent.extend(one.sent);
        report.returned.extend(one.returned);
    }
    drop(closer);
    let mut received = Vec::new();
    for handle in receivers {
        match handle.await {
            Ok(numbers) => received.extend(numbers),
            Err(error) => assert!(error.is_aborted()),
        }
    }
    received.extend(std::iter::from_fn(|| rest.try_recv().ok()).map(|value| value.n));
    drop(rest);
    ledger.assert_settled();
    let unique: BTreeSet<u64> = received.iter().copied().collect();
    assert_eq!(unique.len(), received.len(), "a value was received twice");
    assert!(report.returned.iter().all(|n| !unique.contains(n)));
    // What an aborted receiver had received is unknown to us.
    if end != 2 {
        let lost: Vec<_> = report.sent.iter().filter(|n| !unique.contains(n)).collect();
        assert!(lost.is_empty(), "sent and never received: {lost:?}");
    }
}

#[test]
fn rx_stress_sent_is_received_and_all_is_dropped_once_however_many_operations_are_given_up() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("rx_stress_sent_is_received");
        for capacity in [Some(0), Some(2), None, Some(1), Some(5)]
            .into_iter()
            .take(sized(5, 3))
        {
            for end in 0..3 {
                channel_round(&mut rng, capacity, rounds(200), end).await;
            }
        }
    });
}

#[test]
fn rx_stress_no_wake_up_of_a_mutex_is_lost_however_many_locks_are_given_up() {
    async fn user(m: Arc<Mutex<u64>>, mut rng: Rng, turns: u64) -> u64 {
        let mut counted = 0;
        for _ in 0..turns {
            match rng.below(4) {
                0 => {
                    if let Ok(mut guard) = timeout(brief(&mut rng), m.lock()).await {
                        *guard += 1;
                        counted += 1;
                    }
                }
                1 => {
                    if let Some(mut guard) = a_few_polls(m.lock(), rng.below(3)).await {
                        *guard += 1;
                        counted += 1;
                    }
                }
                choice => {
                    let mut guard = m.lock().await;
                    *guard += 1;
                    counted += 1;
                    if choice == 3 {
                        yield_now().await;
                    }
                }
            }
        }
        counted
    }
    in_goroutine_and_sim(|| async {
        let mut rng = random("rx_stress_no_wake_up_of_a_mutex_is_lost");
        let m = Arc::new(Mutex::new(0));
        let users: Vec<_> = (0..12)
            .map(|_| {
                go(user(
                    m.clone(),
                    Rng::from_seed(rng.next_u64()),
                    rounds(1_000),
                ))
            })
            .collect();
        let mut total = 0;
        for user in users {
            total += user.await.unwrap();
        }
        assert_eq!(*m.try_lock().expect("all are gone"), total);
    });
}

#[test]
fn rx_stress_waits_for_a_group_are_released_however_many_are_given_up() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("rx_stress_waits_for_a_group");
        for _ in 0..rounds(300) {
            let wg = WaitGroup::new();
            let guards: Vec<_> = (0..3).map(|_| wg.guard()).collect();
            let waiters: Vec<_> = (0..6)
                .map(|i| {
                    let (wg, mut rng) = (wg.clone(), Rng::from_seed(rng.next_u64()));
                    go(async move {
                        match i % 3 {
                            0 => _ = timeout(brief(&mut rng), wg.wait()).await,
                            1 => _ = a_few_polls(wg.wait(), rng.below(4)).await,
                            _ => {}
                        }
                        wg.wait().await;
                    })
                })
                .collect();
            for guard in guards {
                drop(go(async move { drop(guard) }));
            }
            for waiter in waiters {
                waiter.await.unwrap();
            }
        }
    });
}
