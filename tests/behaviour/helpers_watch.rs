//! `chan::watch`: the newest value, each version once, the last one also after the end; and giving up.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are a part of what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, in_goroutine, random, rounds};
use gaggle::chan::{self, RecvError, SendError};
use gaggle::go;
use std::task::Poll;
use std::thread;

#[test]
fn each_version_is_told_once_to_each_receiver() {
    let (tx, mut a) = chan::watch(0);
    let mut b = a.clone();
    let waiting = Polled::parked(a.changed());
    tx.send(1).unwrap();
    tx.send(2).unwrap();
    assert_eq!(waiting.woken(), Ok(()));
    assert_eq!(*a.get(), 2);
    Polled::parked(a.changed()).assert_asleep();
    // Told also to who was not waiting, and to a clone what its original had not seen.
    let mut c = b.clone();
    assert_eq!(b.changed_blocking(), Ok(()));
    assert_eq!(c.changed_blocking(), Ok(()));
    drop(Polled::parked(b.changed()));
    let mut late = tx.subscribe();
    drop(Polled::parked(late.changed()));
    assert_eq!(*late.get(), 2);
}

#[test]
fn a_look_does_not_count_as_seen_unless_it_says_so() {
    let (tx, mut rx) = chan::watch(0);
    tx.send(1).unwrap();
    assert_eq!(*rx.get(), 1);
    assert!(rx.has_changed());
    assert_eq!(*rx.get_seen(), 1);
    assert!(!rx.has_changed());
    drop(Polled::parked(rx.changed()));
}

#[test]
fn the_last_value_is_told_before_the_end() {
    for explicitly in [false, true] {
        let (tx, mut rx) = chan::watch(0);
        let mut asleep = rx.clone();
        tx.send(1).unwrap();
        assert_eq!(asleep.changed_blocking(), Ok(()));
        let waiting = Polled::parked(asleep.changed());
        if explicitly {
            assert!(tx.close());
            assert!(!tx.close());
            assert_eq!(tx.send(2), Err(SendError(2)));
            assert_eq!(*tx.send_replace(3), 3);
            tx.send_modify(|n| *n = 4);
        } else {
            drop(tx.clone());
            waiting.assert_asleep();
            drop(tx);
        }
        assert_eq!(waiting.woken(), Err(RecvError));
        assert!(rx.is_closed());
        assert_eq!(rx.changed_blocking(), Ok(()));
        assert_eq!(*rx.get(), 1);
        assert_eq!(rx.changed_blocking(), Err(RecvError));
        assert_eq!(rx.changed_blocking(), Err(RecvError));
    }
}

#[test]
fn without_a_receiver_a_send_gives_the_value_back() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::watch(ledger.value(0));
    drop(rx);
    let back = tx.send(ledger.value(1)).unwrap_err().into_inner();
    assert_eq!((back.n, tx.get().n), (1, 0));
    let rx = tx.subscribe();
    tx.send(back).unwrap();
    assert_eq!((rx.get().n, ledger.drops(0)), (1, 1));
    drop(rx);
    assert_eq!(tx.send_replace(ledger.value(2)).n, 1);
    drop(tx);
    ledger.assert_settled();
}

#[test]
fn rx_01_a_wait_that_is_given_up_has_seen_nothing() {
    let (tx, mut rx) = chan::watch(0);
    let waiting = Polled::parked(rx.changed());
    tx.send(1).unwrap();
    assert_eq!(waiting.wakes(), 1);
    drop(waiting);
    assert!(rx.has_changed());
    assert_eq!(rx.changed_blocking(), Ok(()));
}

#[test]
fn rx_04_waits_that_are_given_up_leave_the_others_alone() {
    let mut rng = random("rx_04_waits_that_are_given_up");
    for _ in 0..rounds(50) {
        let (tx, rx) = chan::watch(0);
        let mut receivers = vec![rx; 1 + rng.below(80) as usize];
        let mut waiting: Vec<_> = receivers
            .iter_mut()
            .map(|rx| Polled::parked(rx.changed()))
            .collect();
        waiting.retain(|_| rng.below(3) > 0);
        tx.send(1).unwrap();
        for changed in waiting {
            assert_eq!(changed.wakes(), 1);
            assert_eq!(changed.woken(), Ok(()));
        }
    }
}

#[test]
fn wait_for_looks_at_the_present_value_and_then_at_new_ones() {
    let (tx, mut rx) = chan::watch(5);
    assert_eq!(*rx.wait_for_blocking(|n| *n == 5).unwrap(), 5);
    let mut waiting = Polled::parked(rx.wait_for(|n| *n > 6));
    tx.send(6).unwrap();
    assert!(waiting.poll().is_pending());
    tx.send(7).unwrap();
    let Poll::Ready(Ok(seven)) = waiting.poll() else {
        panic!("7 is more than 6");
    };
    assert_eq!(*seven, 7);
    drop(waiting);
    assert!(!rx.has_changed());
    // The end: what is accepted is still found, what is not fails.
    tx.send(8).unwrap();
    drop(tx);
    assert_eq!(*rx.wait_for_blocking(|n| *n == 8).unwrap(), 8);
    assert!(rx.wait_for_blocking(|n| *n == 9).is_err());
}

#[test]
fn a_change_in_place_is_whole_and_a_panic_in_it_changes_nothing() {
    let (tx, rx) = chan::watch(vec![1]);
    let before = rx.get();
    tx.send_modify(|list| list.push(2));
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        tx.send_modify(|list| {
            list.clear();
            panic!("on purpose");
        });
    }));
    assert!(panicked.is_err());
    assert_eq!((&*before, &*rx.get()), (&vec![1], &vec![1, 2]));
    tx.send_modify(|list| list.push(3));
    assert_eq!(*rx.get(), [1, 2, 3]);
}

#[test]
fn closed_waits_until_nobody_looks() {
    let (tx, rx) = chan::watch(0);
    let other = rx.clone();
    let closed = Polled::parked(tx.closed());
    drop(Polled::parked(tx.closed()));
    drop(rx);
    closed.assert_asleep();
    assert_eq!(tx.receiver_count(), 1);
    drop(other);
    closed.woken();
    tx.closed_blocking();
}

#[test]
fn changes_of_several_senders_are_all_counted_and_every_receiver_sees_the_last() {
    in_goroutine(|| async {
        let each = rounds(100);
        let (tx, rx) = chan::watch(0);
        let receivers: Vec<_> = (0..40)
            .map(|_| {
                let mut rx = rx.clone();
                go(async move {
                    let mut last = 0;
                    while rx.changed().await.is_ok() {
                        let now = *rx.get();
                        assert!(now >= last, "backwards");
                        last = now;
                    }
                    last
                })
            })
            .collect();
        let waiter = {
            let mut rx = rx.clone();
            go(async move { rx.wait_for(|n| *n >= 3 * each).await.map(|n| *n) })
        };
        let thread = {
            let tx = tx.clone();
            thread::spawn(move || (0..each).for_each(|_| tx.send_modify(|n| *n += 1)))
        };
        let senders: Vec<_> = (0..2)
            .map(|_| {
                let tx = tx.clone();
                go(async move {
                    for _ in 0..each {
                        tx.send_modify(|n| *n += 1);
                        gaggle::yield_now().await;
                    }
                })
            })
            .collect();
        for sender in senders {
            sender.await.unwrap();
        }
        gaggle::blocking(|| thread.join().unwrap());
        drop(tx);
        assert_eq!(waiter.await.unwrap(), Ok(3 * each));
        for receiver in receivers {
            assert_eq!(receiver.await.unwrap(), 3 * each);
        }
    });
}
