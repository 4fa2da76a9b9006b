//! `chan::oneshot`, and waiting for the end of a channel: close rules, giving up, and that nothing is lost.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are a part of what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, Tracked, in_goroutine, random, rounds};
use gaggle::chan::{self, RecvError, TryRecvError};
use gaggle::go;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::thread;

#[test]
fn the_value_is_received_whichever_comes_first() {
    let (tx, rx) = chan::oneshot();
    tx.send(1).unwrap();
    assert!(matches!(Polled::new(rx).poll(), Poll::Ready(Ok(1))));
    let (tx, rx) = chan::oneshot();
    let rx = Polled::parked(rx);
    tx.send(2).unwrap();
    assert_eq!(rx.woken(), Ok(2));
}

#[test]
fn a_sender_that_goes_without_a_value_ends_the_wait() {
    let (tx, rx) = chan::oneshot::<u8>();
    let rx = Polled::parked(rx);
    drop(tx);
    assert_eq!(rx.woken(), Err(RecvError));
    let (tx, rx) = chan::oneshot::<u8>();
    drop(tx);
    assert!(rx.is_closed());
    assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    assert_eq!(rx.recv_blocking(), Err(RecvError));
}

#[test]
fn the_value_comes_back_if_nobody_is_there_for_it() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::oneshot();
    drop(rx);
    assert!(tx.is_closed());
    let back = tx.send(ledger.value(1)).unwrap_err().into_inner();
    assert_eq!((back.n, ledger.drops(1)), (1, 0));
    drop(back);
    let (tx, rx) = chan::oneshot();
    assert!(rx.close());
    assert!(!rx.close());
    drop(tx.send(ledger.value(2)).unwrap_err());
    assert!(rx.try_recv().unwrap_err().is_closed());
    // Sent, and then nobody takes it.
    let (tx, rx) = chan::oneshot();
    tx.send(ledger.value(3)).unwrap();
    drop(rx);
    ledger.assert_settled();
}

#[test]
fn what_was_sent_before_the_receiver_closed_is_received() {
    let (tx, rx) = chan::oneshot();
    tx.send(1).unwrap();
    rx.close();
    assert_eq!(rx.recv_blocking(), Ok(1));
}

/// Borrows the receiver for one future, polled once.
fn poll_borrowed<T>(rx: &mut chan::oneshot::Receiver<T>) -> Poll<Result<T, RecvError>> {
    Pin::new(rx).poll(&mut Context::from_waker(Waker::noop()))
}

#[test]
fn rx_01_a_wait_may_be_given_up_and_taken_up_again() {
    for sent_while_given_up in [false, true] {
        let (tx, mut rx) = chan::oneshot();
        assert!(poll_borrowed(&mut rx).is_pending());
        if sent_while_given_up {
            tx.send(1).unwrap();
            assert!(matches!(poll_borrowed(&mut rx), Poll::Ready(Ok(1))));
        } else {
            let rx = Polled::parked(rx);
            tx.send(1).unwrap();
            assert_eq!(rx.woken(), Ok(1));
        }
    }
    // Given up with a value, and asked otherwise.
    let (tx, mut rx) = chan::oneshot();
    assert!(poll_borrowed(&mut rx).is_pending());
    tx.send(1).unwrap();
    assert_eq!(rx.try_recv(), Ok(1));
    assert!(matches!(
        poll_borrowed(&mut rx),
        Poll::Ready(Err(RecvError))
    ));
}

#[test]
fn rx_01_a_value_given_to_a_receiver_that_goes_is_dropped_once() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::oneshot();
    let rx = Polled::parked(rx);
    tx.send(ledger.value(1)).unwrap();
    drop(rx);
    ledger.assert_settled();
}

#[test]
fn rx_04_closed_wakes_when_the_receiver_goes_and_may_be_given_up() {
    let (tx, rx) = chan::oneshot::<u8>();
    let first = Polled::parked(tx.closed());
    let given_up = Polled::parked(tx.closed());
    let last = Polled::parked(tx.closed());
    drop(given_up);
    first.assert_asleep();
    drop(rx);
    first.woken();
    last.woken();
    assert!(Polled::new(tx.closed()).poll().is_ready());
    let (tx, rx) = chan::oneshot::<u8>();
    let closed = Polled::parked(tx.closed());
    rx.close();
    closed.woken();
}

#[test]
fn closed_of_a_channel_ends_by_close_and_by_the_last_receiver() {
    for capacity in [0, 1, 3] {
        let (tx, rx) = chan::bounded::<u8>(capacity);
        let other = rx.clone();
        let closed = Polled::parked(tx.closed());
        drop(rx);
        closed.assert_asleep();
        drop(other);
        closed.woken();
        let (tx, _rx) = chan::bounded::<u8>(capacity);
        // More than one batch of wakers.
        let waiting: Vec<_> = (0..100).map(|_| Polled::parked(tx.closed())).collect();
        tx.close();
        waiting.into_iter().for_each(Polled::woken);
        tx.closed_blocking();
    }
}

#[test]
fn a_oneshot_works_between_goroutines_and_threads() {
    in_goroutine(|| async {
        let mut rng = random("a_oneshot_works_between_goroutines_and_threads");
        let ledger = Ledger::default();
        for n in 0..rounds(300) {
            let (tx, rx) = chan::oneshot();
            let value = ledger.value(n);
            let receiver = go(async move { rx.await.map(|value: Tracked| value.n) });
            if rng.below(2) == 0 {
                gaggle::yield_now().await;
            }
            match rng.below(8) {
                0 => {
                    thread::spawn(move || tx.send(value).unwrap());
                    assert_eq!(receiver.await.unwrap(), Ok(n));
                }
                1 => {
                    receiver.abort();
                    tx.closed().await;
                    drop(tx.send(value).unwrap_err());
                }
                2 => {
                    drop((tx, value));
                    assert_eq!(receiver.await.unwrap(), Err(RecvError));
                }
                _ => {
                    tx.send(value).unwrap();
                    assert_eq!(receiver.await.unwrap(), Ok(n));
                }
            }
        }
        ledger.assert_settled();
    });
}
