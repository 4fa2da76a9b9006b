//! A `Receiver` as a `Stream`: by itself, given up, and mixed with the other ways to receive on the same receiver.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, in_goroutine_and_sim, rounds};
use futures::stream::FusedStream as _;
use futures::{FutureExt as _, StreamExt as _};
use gaggle::chan::{self, TryRecvError};
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Polls the stream once, with a waker that counts.
fn poll_next<T>(rx: &mut chan::Receiver<T>, wakes: &Arc<common::Wakes>) -> Poll<Option<T>> {
    let waker = Waker::from(wakes.clone());
    rx.poll_next_unpin(&mut Context::from_waker(&waker))
}

#[test]
fn a_stream_yields_what_is_sent_and_ends_when_closed_and_drained() {
    in_goroutine_and_sim(|| async {
        for capacity in [Some(0), Some(1), Some(8), None] {
            let (tx, rx) = capacity.map_or_else(chan::unbounded, chan::bounded);
            let n = rounds(300);
            drop(go(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            }));
            let evens: Vec<_> = rx
                .filter(|i| std::future::ready(i % 2 == 0))
                .collect()
                .await;
            assert_eq!(evens, (0..n).step_by(2).collect::<Vec<_>>());
        }
    });
}

#[test]
fn a_stream_that_has_ended_stays_at_its_end() {
    let (tx, mut rx) = chan::bounded(2);
    tx.try_send(1).unwrap();
    assert!(!rx.is_terminated());
    drop(tx);
    assert!(!rx.is_terminated(), "one value is left");
    assert_eq!(rx.next().now_or_never(), Some(Some(1)));
    assert!(rx.is_terminated());
    for _ in 0..3 {
        assert_eq!(rx.next().now_or_never(), Some(None));
    }
}

#[test]
fn a_stream_is_not_at_its_end_while_a_value_that_came_back_is_left() {
    for capacity in [0, 1] {
        let (tx, mut rx) = chan::bounded(capacity);
        let recv = Polled::parked(rx.recv());
        tx.try_send(1).unwrap();
        tx.close();
        drop(recv);
        assert!(
            !rx.is_terminated(),
            "capacity {capacity}: one value is left"
        );
        assert_eq!(rx.next().now_or_never(), Some(Some(1)));
        assert!(rx.is_terminated());
    }
}

#[test]
fn a_waiting_stream_is_woken_by_a_value_and_by_the_end() {
    let (tx, mut rx) = chan::bounded(0);
    let wakes = Arc::default();
    assert!(poll_next(&mut rx, &wakes).is_pending());
    assert!(poll_next(&mut rx, &wakes).is_pending());
    tx.try_send(1).unwrap();
    assert!(Arc::strong_count(&wakes) == 1, "its waker was used up");
    assert_eq!(poll_next(&mut rx, &wakes), Poll::Ready(Some(1)));
    assert!(poll_next(&mut rx, &wakes).is_pending());
    tx.close();
    assert_eq!(poll_next(&mut rx, &wakes), Poll::Ready(None));
}

#[test]
fn a_value_in_the_hands_of_a_stream_is_received_by_the_other_ways() {
    for way in 0..4 {
        let (tx, mut rx) = chan::bounded(0);
        assert!(poll_next(&mut rx, &Arc::default()).is_pending());
        tx.try_send(1).unwrap();
        let received = match way {
            0 => rx.try_recv().ok(),
            1 => rx.recv().now_or_never().and_then(Result::ok),
            2 => rx.recv_blocking().ok(),
            _ => rx.next().now_or_never().flatten(),
        };
        assert_eq!(received, Some(1), "way {way}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn a_stream_that_waits_does_not_keep_a_value_from_a_receive_on_the_same_receiver() {
    let (tx, mut rx) = chan::bounded(0);
    assert!(poll_next(&mut rx, &Arc::default()).is_pending());
    let recv = Polled::parked(rx.recv());
    tx.try_send(1).unwrap();
    assert_eq!(recv.woken(), Ok(1));
}

#[test]
fn a_value_in_the_hands_of_a_dropped_stream_goes_on() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(0);
    let mut stream = rx.clone();
    assert!(poll_next(&mut stream, &Arc::default()).is_pending());
    let next = Polled::parked(rx.recv());
    assert!(tx.try_send(ledger.value(1)).is_ok());
    drop(stream);
    assert_eq!(next.woken().unwrap().n, 1);
    // And with nobody left, it is dropped once.
    let mut stream = rx;
    assert!(poll_next(&mut stream, &Arc::default()).is_pending());
    assert!(tx.try_send(ledger.value(2)).is_ok());
    drop(stream);
    ledger.assert_settled();
}

/// Looks at the receiver's state between a `poll_next` that was not ready and the value.
fn a_look_does_not_silence(look: impl Fn(&chan::Receiver<u32>)) {
    let (tx, mut rx) = chan::bounded(0);
    let wakes: Arc<common::Wakes> = Arc::default();
    assert!(poll_next(&mut rx, &wakes).is_pending());
    look(&rx);
    // Either the stream still waits, or it was woken to wait anew. What must not be: it sleeps, and nobody will wake it.
    let woken_by_the_look = wakes.count() > 0;
    let sent = tx.try_send(1).is_ok();
    assert!(
        woken_by_the_look || (sent && wakes.count() > 0),
        "the stream will never be woken"
    );
}

#[test]
fn looking_at_the_length_does_not_silence_a_stream_that_waits() {
    a_look_does_not_silence(|rx| assert_eq!(rx.len(), 0));
    a_look_does_not_silence(|rx| assert!(rx.is_empty()));
    a_look_does_not_silence(|rx| assert!(rx.is_full()));
    a_look_does_not_silence(|rx| assert!(!rx.is_closed()));
    a_look_does_not_silence(|rx| assert!(!rx.is_terminated()));
    a_look_does_not_silence(|rx| assert!(!format!("{rx:?}").is_empty()));
    a_look_does_not_silence(|rx| drop(rx.clone()));
}

#[test]
fn a_receive_that_is_given_up_does_not_silence_a_stream_that_waits() {
    a_look_does_not_silence(|rx| drop(rx.recv()));
    a_look_does_not_silence(|rx| drop(Polled::parked(rx.recv())));
}

#[test]
fn a_try_recv_that_finds_nothing_does_not_silence_a_stream_that_waits() {
    a_look_does_not_silence(|rx| assert!(rx.try_recv().is_err()));
}

#[test]
fn streams_receives_and_tries_mixed_on_one_receiver_lose_nothing_and_keep_order() {
    in_goroutine_and_sim(|| async {
        for capacity in [0, 1, 4] {
            let (tx, mut rx) = chan::bounded(capacity);
            let n = rounds(300);
            drop(go(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            }));
            let mut received = Vec::new();
            for turn in 0.. {
                match turn % 4 {
                    0 => match rx.next().await {
                        Some(i) => received.push(i),
                        None => break,
                    },
                    1 => {
                        // Polled, and then left waiting.
                        if let Some(Some(i)) = rx.next().now_or_never() {
                            received.push(i);
                        }
                        yield_now().await;
                    }
                    2 => received.extend(rx.try_recv().ok()),
                    _ => received.extend(rx.recv().await.ok()),
                }
            }
            assert_eq!(received, (0..n).collect::<Vec<_>>(), "capacity {capacity}");
        }
    });
}
