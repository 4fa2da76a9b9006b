//! `chan::broadcast`: everybody gets each value in one order; slow receivers are waited for or lose values by count; a send is whole or not at all.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, Tracked, in_goroutine_and_sim, random, rounds, sized};
use futures::StreamExt;
use gaggle::chan::broadcast::{Lag, Receiver, RecvError, TryRecvError, with_lag};
use gaggle::chan::{self, SendError};
use gaggle::go;
use std::sync::Arc;

fn drain<T>(rx: &mut Receiver<T>) -> (Vec<T>, TryRecvError) {
    let mut values = Vec::new();
    loop {
        match rx.try_recv() {
            Ok(value) => values.push(value),
            Err(error) => return (values, error),
        }
    }
}

#[test]
fn each_receiver_gets_each_value_from_the_time_it_subscribed() {
    for lag in [Lag::Wait, Lag::Drop] {
        let (tx, mut a) = with_lag(8, lag);
        tx.try_send(1).unwrap();
        let mut b = tx.subscribe();
        tx.try_send(2).unwrap();
        let mut c = b.clone();
        tx.try_send(3).unwrap();
        assert_eq!(tx.receiver_count(), 3);
        assert_eq!((a.len(), b.len(), c.len()), (3, 2, 1));
        drop(tx);
        assert_eq!(drain(&mut a), (vec![1, 2, 3], TryRecvError::Closed));
        assert_eq!(drain(&mut b), (vec![2, 3], TryRecvError::Closed));
        assert_eq!(drain(&mut c), (vec![3], TryRecvError::Closed));
        assert_eq!(drain(&mut a.clone()), (vec![], TryRecvError::Closed));
    }
}

#[test]
fn the_value_comes_back_while_there_is_no_receiver() {
    for lag in [Lag::Wait, Lag::Drop] {
        let (tx, rx) = with_lag(1, lag);
        drop(rx);
        assert_eq!(tx.try_send(1).unwrap_err().into_inner(), 1);
        assert_eq!(tx.send_blocking(1), Err(SendError(1)));
        assert!(!tx.is_closed());
        let mut late = tx.subscribe();
        tx.try_send(2).unwrap();
        assert_eq!(late.try_recv(), Ok(2));
    }
}

#[test]
fn a_send_waits_for_the_slowest_and_delivers_to_all_at_once() {
    let (tx, mut a) = chan::broadcast(1);
    let mut b = tx.subscribe();
    let mut c = tx.subscribe();
    tx.try_send(1).unwrap();
    assert_eq!(c.try_recv(), Ok(1));
    assert!(tx.try_send(2).unwrap_err().is_full());
    let mut send = Polled::parked(tx.send(2));
    // Whoever is not waited for at this moment does not wake it.
    assert_eq!(b.try_recv(), Ok(1));
    send.assert_asleep();
    assert!(
        c.try_recv().unwrap_err().is_empty(),
        "delivered to one alone"
    );
    assert_eq!(a.try_recv(), Ok(1));
    assert!(send.wakes() > 0);
    assert!(send.poll().is_ready());
    for rx in [&mut a, &mut b, &mut c] {
        assert_eq!(rx.try_recv(), Ok(2));
    }
}

#[test]
fn rx_02_a_send_that_is_given_up_has_reached_nobody() {
    let ledger = Ledger::default();
    let (tx, mut a) = chan::broadcast(1);
    let mut b = tx.subscribe();
    tx.try_send(Arc::new(ledger.value(1))).unwrap();
    a.try_recv().unwrap();
    // Waits for b's room; the second for its turn.
    let first = Polled::parked(tx.send(Arc::new(ledger.value(2))));
    let mut second = Polled::parked(tx.send(Arc::new(ledger.value(3))));
    drop(first);
    assert_eq!(ledger.drops(2), 1);
    assert!(a.try_recv().unwrap_err().is_empty());
    assert!(second.poll().is_pending());
    assert_eq!(b.try_recv().unwrap().n, 1);
    assert!(second.poll().is_ready());
    assert_eq!((a.try_recv().unwrap().n, b.try_recv().unwrap().n), (3, 3));
    // Told that there is room, and then given up: the next finds it.
    tx.try_send(Arc::new(ledger.value(4))).unwrap();
    let told = Polled::parked(tx.send(Arc::new(ledger.value(5))));
    assert_eq!((a.try_recv().unwrap().n, b.try_recv().unwrap().n), (4, 4));
    drop(told);
    tx.try_send(Arc::new(ledger.value(6))).unwrap();
    assert_eq!((a.try_recv().unwrap().n, b.try_recv().unwrap().n), (6, 6));
    drop(second);
    drop((tx, a, b));
    ledger.assert_settled();
}

#[test]
fn rx_01_a_receive_that_is_given_up_loses_nothing() {
    let (tx, mut rx) = chan::broadcast(2);
    let recv = Polled::parked(rx.recv());
    tx.try_send(1).unwrap();
    drop(recv);
    tx.try_send(2).unwrap();
    let sent = tx.try_send(3).is_ok();
    assert_eq!(rx.try_recv(), Ok(1));
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(rx.try_recv().is_ok(), sent);
    let recv = Polled::parked(rx.recv());
    tx.try_send(4).unwrap();
    assert_eq!(recv.woken(), Ok(4));
}

#[test]
fn as_a_stream_it_tells_the_same_also_after_a_poll_that_was_given_up() {
    let (tx, mut rx) = with_lag(2, Lag::Drop);
    drop(Polled::parked(rx.next()));
    // The stream still has its place in the queue, and gives it up.
    let recv = Polled::parked(rx.recv());
    tx.try_send(0).unwrap();
    assert_eq!(recv.woken(), Ok(0));
    drop(Polled::parked(rx.next()));
    (1..6).for_each(|n| tx.try_send(n).unwrap());
    drop(tx);
    let mut seen = Vec::new();
    while let Some(item) = futures::executor::block_on(rx.next()) {
        seen.push(item);
    }
    // 1 had gone to the poll that was given up.
    assert_eq!(seen, [Ok(1), Err(RecvError::Lagged(2)), Ok(4), Ok(5)]);
}

#[test]
fn a_receiver_that_goes_is_not_waited_for() {
    let (tx, slow) = chan::broadcast(1);
    let mut rx = tx.subscribe();
    tx.try_send(1).unwrap();
    rx.try_recv().unwrap();
    let send = Polled::parked(tx.send(2));
    drop(slow);
    assert_eq!(send.woken(), Ok(()));
    // The last one goes: nobody is left.
    let send = Polled::parked(tx.send(3));
    assert_eq!(rx.try_recv(), Ok(2));
    drop(rx);
    assert_eq!(send.woken(), Err(SendError(3)));
}

#[test]
fn who_comes_while_a_send_waits_gets_its_value() {
    let (tx, mut a) = chan::broadcast(1);
    tx.try_send(1).unwrap();
    let send = Polled::parked(tx.send(2));
    let mut late = a.clone();
    a.try_recv().unwrap();
    assert_eq!(send.woken(), Ok(()));
    assert_eq!((a.try_recv(), late.try_recv()), (Ok(2), Ok(2)));
}

#[test]
fn lost_values_are_counted_and_told_where_they_are_missing() {
    let mut rng = random("lost_values_are_counted");
    for _ in 0..rounds(50) {
        let capacity = 1 + rng.below(5) as usize;
        let (tx, mut rx) = with_lag(capacity, Lag::Drop);
        let (mut sent, mut next) = (0, 0);
        for _ in 0..200 {
            if rng.below(3) > 0 {
                tx.try_send(sent).unwrap();
                sent += 1;
                continue;
            }
            // What must be there: the newest `capacity`.
            let oldest = next.max(sent - (capacity as u64).min(sent));
            match rx.try_recv() {
                Ok(value) => {
                    assert_eq!(value, next);
                    next += 1;
                }
                Err(TryRecvError::Lagged(n)) => {
                    assert_eq!(next + n, oldest);
                    next += n;
                }
                Err(error) => {
                    assert_eq!((error, next), (TryRecvError::Empty, sent));
                }
            }
            if rx.len() > capacity {
                // A value that was held back while the gap was told; it is read before more is lost.
                assert_eq!(rx.try_recv(), Ok(next));
                next += 1;
            }
        }
        drop(tx);
        loop {
            match rx.recv_blocking() {
                Ok(value) => {
                    assert_eq!(value, next);
                    next += 1;
                }
                Err(RecvError::Lagged(n)) => next += n,
                Err(RecvError::Closed) => break,
            }
        }
        assert_eq!(next, sent);
    }
}

#[test]
fn one_slow_receiver_costs_the_others_nothing() {
    let ledger = Ledger::default();
    let (tx, mut fast) = with_lag(2, Lag::Drop);
    let mut slow = tx.subscribe();
    for n in 0..10 {
        tx.try_send(Arc::new(ledger.value(n))).unwrap();
        assert_eq!(fast.try_recv().unwrap().n, n);
    }
    assert_eq!(slow.try_recv().unwrap_err(), TryRecvError::Lagged(8));
    assert_eq!(slow.len(), 2);
    assert_eq!(slow.try_recv().unwrap().n, 8);
    drop((tx, slow));
    ledger.assert_settled();
}

#[test]
fn close_ends_it_for_all_also_for_a_send_that_waits() {
    let (tx, mut rx) = chan::broadcast(1);
    tx.try_send(1).unwrap();
    let other = tx.clone();
    let first = Polled::parked(other.send(2));
    let second = Polled::parked(other.send(3));
    assert!(tx.close());
    assert_eq!(first.woken(), Err(SendError(2)));
    assert_eq!(second.woken(), Err(SendError(3)));
    assert_eq!(drain(&mut rx), (vec![1], TryRecvError::Closed));
    assert_eq!(drain(&mut tx.subscribe()), (vec![], TryRecvError::Closed));
    assert_eq!(tx.send_blocking(4), Err(SendError(4)));
    // While a send holds the turn the end waits for it, also if it is given up.
    let (tx, mut rx) = chan::broadcast(1);
    tx.try_send(1).unwrap();
    let send = Polled::parked(tx.send(2));
    tx.close();
    drop(send);
    assert_eq!(drain(&mut rx), (vec![1], TryRecvError::Closed));
}

#[test]
fn the_last_sender_wakes_every_receiver() {
    let (tx, rx) = chan::broadcast::<u8>(1);
    let mut receivers: Vec<_> = (0..70).map(|_| rx.clone()).collect();
    let waiting: Vec<_> = receivers
        .iter_mut()
        .map(|rx| Polled::parked(rx.recv()))
        .collect();
    drop(tx.clone());
    waiting.iter().for_each(Polled::assert_asleep);
    drop(tx);
    for recv in waiting {
        assert_eq!(recv.woken(), Err(RecvError::Closed));
    }
}

#[test]
fn receivers_that_come_and_go_between_sends_leave_nothing_behind() {
    let ledger = Ledger::default();
    let (tx, mut rx) = chan::broadcast(4);
    for _ in 0..1_000 {
        drop(tx.subscribe());
    }
    assert_eq!(tx.receiver_count(), 1);
    tx.try_send(Arc::new(ledger.value(1))).unwrap();
    assert_eq!(rx.try_recv().unwrap().n, 1);
    ledger.assert_settled();
}

#[test]
fn a_clone_that_panics_leaves_the_broadcast_usable() {
    struct Fragile(bool);
    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(!self.0, "on purpose");
            Self(false)
        }
    }
    let (tx, _a) = chan::broadcast(4);
    let mut b = tx.subscribe();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tx.try_send(Fragile(true)).is_ok()
    }));
    assert!(panicked.is_err());
    tx.try_send(Fragile(false)).ok().unwrap();
    assert!(b.try_recv().is_ok());
}

#[test]
fn all_receivers_see_all_values_of_all_senders_in_one_order() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("all_receivers_see_all_values");
        let each = sized(50, 4);
        for _ in 0..rounds(4) {
            let capacity = 1 + rng.below(4) as usize;
            let (tx, rx) = chan::broadcast(capacity);
            let receivers: Vec<_> = (0..sized(8, 3))
                .map(|_| {
                    let mut rx = rx.clone();
                    go(async move {
                        let mut seen = Vec::new();
                        while let Ok(value) = rx.recv().await {
                            seen.push(value);
                        }
                        seen
                    })
                })
                .collect();
            drop(rx);
            for sender in 0..3_u64 {
                let tx = tx.clone();
                drop(go(async move {
                    for n in 0..each {
                        tx.send((sender, n)).await.unwrap();
                    }
                }));
            }
            drop(tx);
            let mut all = Vec::new();
            for receiver in receivers {
                all.push(receiver.await.unwrap());
            }
            assert!(all.iter().all(|seen| *seen == all[0]), "one order for all");
            assert_eq!(all[0].len() as u64, 3 * each);
            for sender in 0..3 {
                let mine = all[0].iter().filter(|v| v.0 == sender).map(|v| v.1);
                assert!(mine.eq(0..each), "each sender's order");
            }
        }
    });
}

#[test]
fn under_aborts_a_value_reaches_all_or_none_and_is_dropped_once() {
    in_goroutine_and_sim(|| async {
        let mut rng = random("under_aborts");
        let ledger = Ledger::default();
        let (tx, rx) = chan::broadcast::<Arc<Tracked>>(1);
        let readers: Vec<_> = (0..3)
            .map(|_| {
                let mut rx = rx.clone();
                go(async move {
                    let mut seen = Vec::new();
                    while let Ok(value) = rx.recv().await {
                        seen.push(value.n);
                    }
                    seen
                })
            })
            .collect();
        drop(rx);
        for n in 0..rounds(300) {
            let (tx, value) = (tx.clone(), Arc::new(ledger.value(n)));
            let send = go(async move { tx.send(value).await.is_ok() });
            match rng.below(3) {
                0 => send.abort(),
                1 => {
                    gaggle::yield_now().await;
                    send.abort();
                }
                _ => {}
            }
            if let Ok(sent) = send.await {
                assert!(sent);
            }
        }
        drop(tx);
        let mut all = Vec::new();
        for reader in readers {
            all.push(reader.await.unwrap());
        }
        assert!(
            all.iter().all(|seen| *seen == all[0]),
            "a value reached some and not others"
        );
        ledger.assert_settled();
    });
}
