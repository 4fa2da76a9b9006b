//! `select!`: semantics.md SE-01 to SE-06, SE-09 to SE-13 and SE-15: what it chooses, and that one arm takes effect.
//!
//! What the macro evaluates and how control flows is in `select_forms.rs`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{Ledger, Polled, in_goroutine, in_goroutine_and_sim, random, rounds, sized};
use gaggle::chan::{self, Receiver, RecvError, Sender};
use gaggle::{go, select, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

/// The three ways to send: alone, as the only arm, beside an arm that is never ready.
async fn send_in_form(form: usize, tx: &Sender<u64>, n: u64) {
    let never = chan::never::<u64>();
    match form {
        0 => tx.send(n).await.unwrap(),
        1 => select! { r = tx.send(n) => r.unwrap() },
        _ => select! { _ = never.recv() => unreachable!(), r = tx.send(n) => r.unwrap() },
    }
}

/// The three ways to receive.
async fn recv_in_form(form: usize, rx: &Receiver<u64>) -> Result<u64, RecvError> {
    let never = chan::never::<u64>();
    match form {
        0 => rx.recv().await,
        1 => select! { r = rx.recv() => r },
        _ => select! { r = rx.recv() => r, _ = never.recv() => unreachable!() },
    }
}

#[test]
fn se_01_se_13_every_form_of_send_meets_every_form_of_receive() {
    in_goroutine_and_sim(|| async {
        let n = sized(20, 2);
        for (s, r) in (0..9).map(|n| (n / 3, n % 3)) {
            for capacity in [0, 1, 3] {
                let (tx, rx) = chan::bounded(capacity);
                let sender = go(async move {
                    for i in 0..n {
                        send_in_form(s, &tx, i).await;
                    }
                });
                for i in 0..n {
                    assert_eq!(recv_in_form(r, &rx).await, Ok(i));
                }
                assert_eq!(recv_in_form(r, &rx).await, Err(RecvError));
                sender.await.unwrap();
            }
        }
    });
}

#[test]
fn se_02_default_runs_only_if_no_arm_can_proceed() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(1);
        let look = async || {
            select! {
                r = rx.recv() => Some(r),
                default => None,
            }
        };
        assert_eq!(look().await, None);
        tx.send(5).await.unwrap();
        assert_eq!(look().await, Some(Ok(5)));
        let full = select! { r = tx.send(6) => r.is_err(), default => true };
        assert!(!full);
        let full = select! { r = tx.send(7) => r.is_err(), default => true };
        assert!(full);
        assert_eq!(look().await, Some(Ok(6)));
        drop(tx);
        assert_eq!(look().await, Some(Err(RecvError)));
    });
}

/// At each moment a value is in the first channel, or in the second, or the second is closed.
async fn never_the_default(close: bool) {
    for _ in 0..rounds(3_000) {
        let (tx1, rx1) = chan::bounded(1);
        let (tx2, rx2) = chan::bounded(1);
        tx1.send(1).await.unwrap();
        let (look1, look2) = (rx1.clone(), rx2.clone());
        let looker = go(async move {
            select! {
                _ = look1.recv() => true,
                _ = look2.recv() => true,
                default => false,
            }
        });
        if close {
            tx2.close();
        } else {
            tx2.send(1).await.unwrap();
        }
        select! { _ = rx1.recv() => {}, default => {} }
        assert!(looker.await.unwrap(), "the default was taken");
    }
}

#[test]
fn se_03_readiness_is_judged_at_one_instant() {
    in_goroutine_and_sim(|| async {
        never_the_default(false).await;
        never_the_default(true).await;
    });
}

#[test]
fn se_04_the_choice_between_two_ready_arms_is_even() {
    in_goroutine(|| async {
        const PICKS: u32 = 10_000;
        let never = chan::never::<()>();
        let (tx1, rx1) = chan::bounded(PICKS as usize + 1);
        let (tx2, rx2) = chan::bounded(PICKS as usize + 1);
        for _ in 0..=PICKS {
            tx1.send(()).await.unwrap();
            tx2.send(()).await.unwrap();
        }
        let mut first = 0_u32;
        for _ in 0..PICKS {
            select! {
                _ = never.recv() => unreachable!(),
                _ = never.recv() => unreachable!(),
                _ = rx1.recv() => first += 1,
                _ = rx2.recv() => {}
            }
        }
        let share = f64::from(first) / f64::from(PICKS);
        // Go's bound: 4.89 standard deviations, missed once in a million runs.
        assert!((share - 0.5).abs() < 4.891_676 / 200.0, "share {share}");
    });
}

#[test]
fn se_04_three_ready_arms_among_seven_are_chosen_evenly() {
    in_goroutine(|| async {
        let never = chan::never::<()>();
        let (_tx, rx) = chan::bounded::<()>(1);
        rx_closed_three(&never, &rx).await;
    });
}

/// The ready arms are not evenly spread in the list: a choice by a random starting point would prefer the one behind the gap.
async fn rx_closed_three(never: &Receiver<()>, empty: &Receiver<()>) {
    let closed = || chan::bounded::<()>(0).1;
    let (a, b, c) = (closed(), closed(), closed());
    let mut hits = [0_u32; 3];
    for _ in 0..9_000 {
        let won = select! {
            _ = a.recv() => 0,
            _ = never.recv() => unreachable!(),
            _ = empty.recv() => unreachable!(),
            _ = never.recv() => unreachable!(),
            _ = never.recv() => unreachable!(),
            _ = b.recv() => 1,
            _ = c.recv() => 2,
        };
        hits[won] += 1;
    }
    // A binomial of 9,000 with p = 1/3 has a standard deviation of 44.7.
    assert!(hits.iter().all(|h| h.abs_diff(3_000) < 230), "{hits:?}");
}

#[test]
fn se_05_the_same_channel_in_two_sends_wins_by_both() {
    in_goroutine(|| async {
        for capacity in [0, 100] {
            let (tx, rx) = chan::bounded(capacity);
            let receiver = go(async move {
                let mut zeros = 0;
                for _ in 0..100 {
                    zeros += u32::from(rx.recv().await.unwrap() == 0);
                }
                zeros
            });
            for _ in 0..100 {
                select! {
                    r = tx.send(0) => r.unwrap(),
                    r = tx.send(1) => r.unwrap(),
                }
            }
            let zeros = receiver.await.unwrap();
            assert!((11..90).contains(&zeros), "{zeros} of 100");
        }
    });
}

#[test]
fn se_06_a_select_that_can_never_be_ready_waits_and_a_default_runs() {
    let never = chan::never::<()>();
    let none = None::<Receiver<()>>;
    let mut waiting = Polled::parked(async {
        select! {
            _ = never.recv() => {}
            _ = none.as_ref().map(Receiver::recv) => {}
        }
    });
    assert!(waiting.poll().is_pending());
    waiting.assert_asleep();
    let mut empty = Polled::parked(async {
        select! {}
    });
    assert!(empty.poll().is_pending());
    let mut defaulted = Polled::new(async {
        select! { _ = none.as_ref().map(Receiver::recv) => 1, default => 2 }
    });
    assert_eq!(defaulted.poll(), std::task::Poll::Ready(2));
    let mut only = Polled::new(async {
        select! { default => 3 }
    });
    assert_eq!(only.poll(), std::task::Poll::Ready(3));
}

#[test]
fn se_09_a_four_way_send_delivers_each_value_once() {
    in_goroutine_and_sim(|| async {
        let n = rounds(20_000);
        let (txs, rxs): (Vec<_>, Vec<_>) = (0..4).map(|_| chan::bounded(0)).unzip();
        let sender = go(async move {
            for i in 0..n {
                select! {
                    r = txs[0].send(i) => r.unwrap(),
                    r = txs[1].send(i) => r.unwrap(),
                    r = txs[2].send(i) => r.unwrap(),
                    r = txs[3].send(i) => r.unwrap(),
                }
            }
        });
        let mut seed = random("se_09");
        let receivers: Vec<_> = rxs
            .into_iter()
            .map(|rx| {
                let mut rng = gaggle_base::rng::Rng::from_seed(seed.next_u64());
                go(async move {
                    let (mut got, mut cancelled) = (Vec::new(), 0_u64);
                    loop {
                        // One receive in three is given up after it has waited.
                        if rng.below(3) == 0 {
                            let mut given_up = Box::pin(rx.recv());
                            let first = futures::poll!(given_up.as_mut());
                            if first.is_pending() {
                                yield_now().await;
                                cancelled += 1;
                                drop(given_up);
                                continue;
                            }
                            match first {
                                std::task::Poll::Ready(Ok(v)) => got.push(v),
                                _ => break,
                            }
                        } else {
                            match rx.recv().await {
                                Ok(v) => got.push(v),
                                Err(_) => break,
                            }
                        }
                    }
                    (got, cancelled)
                })
            })
            .collect();
        sender.await.unwrap();
        let (mut all, mut cancelled) = (Vec::new(), 0);
        for receiver in receivers {
            let (got, c) = receiver.await.unwrap();
            all.extend(got);
            cancelled += c;
        }
        all.sort_unstable();
        assert!(all.iter().copied().eq(0..n), "{} values of {n}", all.len());
        // So few rounds may do without.
        assert!(cancelled > 0 || n < 10, "no receive was given up");
    });
}

#[test]
fn se_10_a_loser_that_waited_leaves_no_trace() {
    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded::<u8>(0);
    let mut first = Polled::parked(rx2.recv());
    let lost = Polled::parked(async {
        select! { v = rx1.recv() => v, v = rx2.recv() => v }
    });
    let mut last = Polled::parked(rx2.recv());
    tx1.try_send(1).unwrap();
    assert_eq!(lost.woken(), Ok(1));
    // Those before and behind it are served.
    tx2.try_send(2).unwrap();
    assert_eq!(first.poll(), std::task::Poll::Ready(Ok(2)));
    tx2.try_send(3).unwrap();
    assert_eq!(last.poll(), std::task::Poll::Ready(Ok(3)));
    assert!(tx2.try_send(4).is_err(), "somebody still waits");
}

#[test]
fn se_10_a_decided_select_is_passed_over_before_it_has_left() {
    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded::<u8>(0);
    let won = Polled::parked(async {
        select! { v = rx1.recv() => v, v = rx2.recv() => v }
    });
    tx1.try_send(1).unwrap();
    // It has won but was not polled since: its node is still in the list of the second channel.
    assert!(tx2.try_send(2).is_err(), "a decided select took a value");
    let mut behind = Polled::parked(rx2.recv());
    tx2.try_send(3).unwrap();
    assert_eq!(behind.poll(), std::task::Poll::Ready(Ok(3)));
    assert_eq!(won.woken(), Ok(1));
}

#[test]
fn se_11_the_same_channel_in_several_arms_leaves_with_all_of_them() {
    let (tx, rx) = chan::bounded::<u8>(0);
    let (stop, stopped) = chan::bounded::<u8>(0);
    let waiting = Polled::parked(async {
        select! {
            v = rx.recv() => v,
            v = rx.recv() => v,
            v = stopped.recv() => v,
            v = rx.recv() => v,
        }
    });
    let mut behind = Polled::parked(rx.recv());
    stop.try_send(9).unwrap();
    assert_eq!(waiting.woken(), Ok(9));
    tx.try_send(1).unwrap();
    assert_eq!(behind.poll(), std::task::Poll::Ready(Ok(1)));
    assert!(tx.try_send(2).is_err());
}

#[test]
fn se_12_a_select_never_meets_itself() {
    let (tx, rx) = chan::bounded(0);
    let both = async |n: u8| {
        select! { r = tx.send(n) => { r.unwrap(); None }, v = rx.recv() => Some(v.unwrap()) }
    };
    let mut alone = Polled::parked(both(1));
    assert!(alone.poll().is_pending());
    alone.assert_asleep();
    // Two of them exchange with each other: one sends what the other receives.
    let mut second = Polled::new(both(2));
    let std::task::Poll::Ready(theirs) = second.poll() else {
        panic!("two selects did not meet");
    };
    let ours = alone.woken();
    assert!(matches!((ours, theirs), (None, Some(1)) | (Some(2), None)));
}

#[test]
fn se_12_goroutines_that_offer_both_only_exchange_with_each_other() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded(0);
        let exchange = |me: u8| {
            let (tx, rx) = (tx.clone(), rx.clone());
            go(async move {
                for _ in 0..rounds(2_000) {
                    select! {
                        r = tx.send(me) => r.unwrap(),
                        v = rx.recv() => assert_ne!(v.unwrap(), me, "met itself"),
                    }
                }
            })
        };
        let (a, b) = (exchange(1), exchange(2));
        a.await.unwrap();
        b.await.unwrap();
    });
}

#[test]
fn se_15_plain_and_four_way_operations_mixed_all_finish() {
    in_goroutine_and_sim(|| async {
        let each = rounds(2_000);
        let chans: Arc<Vec<_>> = Arc::new([0, 0, 2, 3].map(chan::bounded::<u64>).into());
        let (sent, received) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
        let mut handles = Vec::new();
        for i in 0..4 {
            let (c, sum) = (chans.clone(), sent.clone());
            handles.push(go(async move {
                for n in 0..each {
                    c[i].0.send(n).await.unwrap();
                    sum.fetch_add(n, SeqCst);
                }
            }));
            let (c, sum) = (chans.clone(), received.clone());
            handles.push(go(async move {
                for _ in 0..each {
                    sum.fetch_add(c[i].1.recv().await.unwrap(), SeqCst);
                }
            }));
        }
        let (c, sum) = (chans.clone(), sent.clone());
        handles.push(go(async move {
            let mut left = [each; 4];
            while left.iter().any(|n| *n > 0) {
                let n = left.iter().sum();
                let i = select! {
                    r = c[0].0.send(n), if left[0] > 0 => { r.unwrap(); 0 }
                    r = c[1].0.send(n), if left[1] > 0 => { r.unwrap(); 1 }
                    r = c[2].0.send(n), if left[2] > 0 => { r.unwrap(); 2 }
                    r = c[3].0.send(n), if left[3] > 0 => { r.unwrap(); 3 }
                };
                left[i] -= 1;
                sum.fetch_add(n, SeqCst);
            }
        }));
        let (c, sum) = (chans.clone(), received.clone());
        handles.push(go(async move {
            let mut left = [each; 4];
            while left.iter().any(|n| *n > 0) {
                let (i, v) = select! {
                    v = c[0].1.recv(), if left[0] > 0 => (0, v),
                    v = c[1].1.recv(), if left[1] > 0 => (1, v),
                    v = c[2].1.recv(), if left[2] > 0 => (2, v),
                    v = c[3].1.recv(), if left[3] > 0 => (3, v),
                };
                left[i] -= 1;
                sum.fetch_add(v.unwrap(), SeqCst);
            }
        }));
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(sent.load(SeqCst), received.load(SeqCst));
    });
}

#[test]
fn cl_04_cl_09_a_closed_channel_is_ready_like_any_other() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded::<u8>(0);
        let (full, other) = chan::bounded(2_000);
        tx.close();
        let (mut sends, mut recvs, mut others) = (0, 0, 0);
        for _ in 0..1_500 {
            select! {
                r = tx.send(1) => { assert!(r.is_err()); sends += 1; }
                r = rx.recv() => { assert!(r.is_err()); recvs += 1; }
                r = full.send(()) => { r.unwrap(); others += 1; }
                default => unreachable!("a closed channel is ready"),
            }
        }
        drop(other);
        assert!(
            [sends, recvs, others].iter().all(|n| *n > 350),
            "{sends} {recvs} {others}"
        );
    });
}

#[test]
fn rx_01_rx_02_a_dropped_select_loses_no_value_and_drops_what_it_did_not_send_once() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded::<common::Tracked>(0);
    let (tx2, _rx2) = chan::bounded::<common::Tracked>(0);
    let (_tx3, rx3) = chan::bounded::<common::Tracked>(0);
    // A receive that was assigned a value.
    let waiting = Polled::parked(async {
        select! { v = rx.recv() => v.unwrap().n, v = rx3.recv() => v.unwrap().n }
    });
    assert!(tx.try_send(ledger.value(1)).is_ok());
    drop(waiting);
    assert_eq!(rx.try_recv().unwrap().n, 1);
    // Sends that nobody took.
    let waiting = Polled::parked(async {
        select! { r = tx.send(ledger.value(2)) => r.is_ok(), r = tx2.send(ledger.value(3)) => r.is_ok() }
    });
    drop(waiting);
    assert!(rx.try_recv().is_err());
    ledger.assert_settled();
}

#[test]
fn rx_03_a_value_goes_past_a_select_that_is_dropped_after_it_was_chosen() {
    let (tx, rx) = chan::bounded(0);
    let (_tx2, rx2) = chan::bounded::<u8>(0);
    let chosen = Polled::parked(async {
        select! { v = rx.recv() => v, v = rx2.recv() => v }
    });
    let behind = Polled::parked(rx.recv());
    tx.try_send(4).unwrap();
    drop(chosen);
    assert_eq!(behind.woken(), Ok(4));
}
