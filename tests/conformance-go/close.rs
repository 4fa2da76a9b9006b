//! Closing: semantics.md CL-01 to CL-05, CL-07, CL-08, CL-10, and what takes its place when an end is dropped (T13).
//!
//! CL-06 (closing a nil channel) cannot be written: an end always has a channel.
//! CL-09 and the part of CL-04 about select come with `select!`.

mod common;

use common::{Ledger, Polled, in_goroutine_and_sim, rounds, sized, until_yielding};
use gaggle::chan::{self, RecvError, SendError, TryRecvError, TrySendError};
use gaggle::go;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::task::Poll;

#[test]
fn cl_01_buffered_values_come_out_first_then_the_end_for_ever() {
    for (tx, rx) in [chan::bounded(5), chan::bounded(70), chan::unbounded()] {
        (0..5).for_each(|i| tx.try_send(i).unwrap());
        assert!(tx.close());
        assert!(tx.is_closed() && rx.is_closed());
        for i in 0..5 {
            assert_eq!((tx.len(), rx.len()), (5 - i, 5 - i));
            assert_eq!(rx.try_recv(), Ok(i));
        }
        for _ in 0..3 {
            assert_eq!(Polled::new(rx.recv()).poll(), Poll::Ready(Err(RecvError)));
            assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
            assert_eq!(rx.recv_blocking(), Err(RecvError));
            assert_eq!(rx.iter().next(), None);
        }
        assert_eq!(rx.len(), 0);
    }
}

#[test]
fn cl_02_close_wakes_every_blocked_receiver() {
    for capacity in [0, 1, 10] {
        let (tx, rx) = chan::bounded::<u8>(capacity);
        // More than one batch of wakers.
        let waiting: Vec<_> = (0..100).map(|_| Polled::parked(rx.recv())).collect();
        assert!(tx.close());
        for recv in waiting {
            assert_eq!(recv.wakes(), 1);
            assert_eq!(recv.woken(), Err(RecvError));
        }
    }
}

#[test]
fn cl_02_close_wakes_every_blocked_goroutine() {
    in_goroutine_and_sim(|| async {
        let n = sized(100, 5);
        for _ in 0..rounds(20) {
            let (tx, rx) = chan::bounded::<u8>(0);
            let started = Arc::new(AtomicUsize::new(0));
            let handles: Vec<_> = (0..n)
                .map(|_| {
                    let (rx, started) = (rx.clone(), started.clone());
                    go(async move {
                        started.fetch_add(1, SeqCst);
                        rx.recv().await
                    })
                })
                .collect();
            until_yielding(|| started.load(SeqCst) == n).await;
            tx.close();
            for handle in handles {
                assert_eq!(handle.await.unwrap(), Err(RecvError));
            }
        }
    });
}

#[test]
fn cl_03_close_wakes_every_blocked_sender_and_gives_its_value_back() {
    for capacity in [0, 1, 10] {
        let (tx, rx) = chan::bounded(capacity);
        (0..capacity).for_each(|i| tx.try_send(i).unwrap());
        let waiting: Vec<_> = (0..100)
            .map(|i| Polled::parked(tx.send(1_000 + i)))
            .collect();
        assert!(tx.close());
        for (i, send) in waiting.into_iter().enumerate() {
            assert_eq!(send.wakes(), 1);
            assert_eq!(send.woken(), Err(SendError(1_000 + i)));
        }
        // What was buffered is still there, and nothing else.
        for i in 0..capacity {
            assert_eq!(rx.try_recv(), Ok(i));
        }
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }
}

#[test]
fn cl_03_blocked_goroutines_get_their_values_back() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded(0);
        let handles: Vec<_> = (0..50)
            .map(|i| {
                let tx = tx.clone();
                go(async move { tx.send(i).await.map_err(SendError::into_inner) })
            })
            .collect();
        // One is let through, so that they are known to have begun.
        let first = rx.recv().await.unwrap();
        tx.close();
        for (i, handle) in handles.into_iter().enumerate() {
            let expected = if i == first { Ok(()) } else { Err(i) };
            assert_eq!(handle.await.unwrap(), expected);
        }
    });
}

#[test]
fn cl_04_a_send_on_a_closed_channel_fails_with_its_value_which_is_never_received() {
    for (tx, rx) in [chan::bounded(0), chan::bounded(3), chan::unbounded()] {
        tx.close();
        assert_eq!(
            Polled::new(tx.send(1)).poll(),
            Poll::Ready(Err(SendError(1)))
        );
        assert_eq!(tx.send_blocking(2), Err(SendError(2)));
        assert_eq!(tx.try_send(3), Err(TrySendError::Closed(3)));
        assert_eq!(tx.len(), 0);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    }
    // Closed comes before full.
    let (tx, _rx) = chan::bounded(1);
    tx.try_send(1).unwrap();
    tx.close();
    assert_eq!(tx.try_send(2), Err(TrySendError::Closed(2)));
}

#[test]
fn cl_04_the_value_that_comes_back_is_dropped_once() {
    let ledger = Ledger::default();
    let (tx, _rx) = chan::bounded(0);
    let parked = Polled::parked(tx.send(ledger.value(1)));
    let unpolled = tx.send(ledger.value(2));
    let unread = Polled::parked(tx.send(ledger.value(3)));
    tx.close();
    let SendError(back) = parked.woken().unwrap_err();
    assert_eq!((back.n, ledger.drops(1)), (1, 0));
    drop((back, unpolled, unread));
    assert!(tx.try_send(ledger.value(4)).unwrap_err().is_closed());
    ledger.assert_settled();
}

#[test]
fn cl_05_closing_again_does_nothing_and_says_so() {
    let (tx, rx) = chan::bounded::<u8>(1);
    let other = tx.clone();
    assert!(tx.close());
    assert!(!tx.close() && !other.close());
    drop(tx);
    assert!(!other.close() && rx.is_closed());
}

#[test]
fn cl_05_of_many_who_close_at_once_exactly_one_has_done_it() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(100) {
            let (tx, _rx) = chan::bounded::<u8>(0);
            let handles: Vec<_> = (0..8)
                .map(|_| {
                    let tx = tx.clone();
                    go(async move { usize::from(tx.close()) })
                })
                .collect();
            let mut closers = 0;
            for handle in handles {
                closers += handle.await.unwrap();
            }
            assert_eq!(closers, 1);
        }
    });
}

#[test]
fn cl_07_the_errors_are_ordinary_values_whatever_the_type_sent() {
    struct NotDebug;
    fn text(error: impl Error + 'static) -> String {
        format!("{error} / {error:?}")
    }
    let (tx, rx) = chan::bounded::<NotDebug>(1);
    assert!(tx.try_send(NotDebug).is_ok());
    assert_eq!(
        text(tx.try_send(NotDebug).unwrap_err()),
        "send on a full channel / Full(..)"
    );
    tx.close();
    assert_eq!(
        text(tx.try_send(NotDebug).unwrap_err()),
        "send on a closed channel / Closed(..)"
    );
    assert_eq!(
        text(tx.send_blocking(NotDebug).unwrap_err()),
        "send on a closed channel / SendError(..)"
    );
    assert!(rx.try_recv().is_ok());
    assert!(!text(rx.try_recv().err().unwrap()).is_empty() && !text(RecvError).is_empty());
    assert!(!text(TryRecvError::Empty).is_empty());
    assert_eq!(TryRecvError::from(RecvError), TryRecvError::Closed);
    assert_eq!(TrySendError::from(SendError(1)), TrySendError::Closed(1));
    assert_eq!(TrySendError::Full(2).into_inner(), 2);
}

#[test]
fn cl_08_a_nonblocking_receive_that_races_with_close_gets_the_value() {
    in_goroutine_and_sim(|| async {
        for i in 0..rounds(2_000) {
            let (tx, rx) = chan::bounded(1);
            let sender = go(async move {
                tx.try_send(i).unwrap();
                tx
            });
            let tx = sender.await.unwrap();
            let closer = go(async move { tx.close() });
            assert_eq!(rx.try_recv(), Ok(i));
            assert!(closer.await.unwrap());
            assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
        }
    });
}

#[test]
fn cl_10_closing_is_a_broadcast_that_carries_what_was_written_before() {
    in_goroutine_and_sim(|| async {
        for round in 1..=rounds(50) {
            let (tx, rx) = chan::bounded::<()>(0);
            let data = Arc::new(AtomicU64::new(0));
            let handles: Vec<_> = (0..20)
                .map(|_| {
                    let (rx, data) = (rx.clone(), data.clone());
                    go(async move {
                        assert_eq!(rx.recv().await, Err(RecvError));
                        data.load(Relaxed)
                    })
                })
                .collect();
            data.store(round, Relaxed);
            tx.close();
            for handle in handles {
                assert_eq!(handle.await.unwrap(), round);
            }
        }
    });
}

#[test]
fn t13_the_drop_of_the_last_sender_closes_the_channel() {
    let (tx, rx) = chan::bounded(2);
    let clone = tx.clone();
    tx.try_send(1).unwrap();
    drop(tx);
    assert!(!rx.is_closed());
    assert_eq!(rx.try_recv(), Ok(1));
    let waiting: Vec<_> = (0..40).map(|_| Polled::parked(rx.recv())).collect();
    drop(clone);
    assert!(rx.is_closed());
    for recv in waiting {
        assert_eq!(recv.woken(), Err(RecvError));
    }
}

#[test]
fn t13_the_drop_of_the_last_receiver_fails_sends_and_drops_what_is_buffered() {
    let ledger = Ledger::default();
    for (round, (tx, rx)) in [chan::bounded(2), chan::unbounded()]
        .into_iter()
        .enumerate()
    {
        let base = 100 * round as u64;
        let other = rx.clone();
        assert!(
            tx.try_send(ledger.value(base)).is_ok() && tx.try_send(ledger.value(base + 1)).is_ok()
        );
        let waiting: Vec<_> = (2..40)
            .filter(|_| round == 0)
            .map(|i| Polled::parked(tx.send(ledger.value(base + i))))
            .collect();
        drop(rx);
        assert!(!tx.is_closed() && waiting.iter().all(|send| send.wakes() == 0));
        drop(other);
        assert!(tx.is_closed());
        assert_eq!(
            (ledger.drops(base), ledger.drops(base + 1), tx.len()),
            (1, 1, 0)
        );
        for (i, send) in (2..).zip(waiting) {
            assert_eq!(send.woken().unwrap_err().into_inner().n, base + i);
        }
        let late = tx.try_send(ledger.value(base + 50)).unwrap_err();
        assert!(late.is_closed());
        drop(late);
        assert!(!tx.close(), "it is closed already");
    }
    ledger.assert_settled();
}

#[test]
fn t13_goroutines_end_when_the_other_end_goes() {
    in_goroutine_and_sim(|| async {
        for capacity in [0, 1, 7] {
            let (tx, rx) = chan::bounded(capacity);
            let producer = go(async move {
                let mut sent = 0_usize;
                while tx.send(sent).await.is_ok() {
                    sent += 1;
                }
                sent
            });
            for i in 0..100 {
                assert_eq!(rx.recv().await, Ok(i));
            }
            drop(rx);
            let sent = producer.await.unwrap();
            assert!((100..=101 + capacity).contains(&sent), "{sent}");
        }
    });
}
