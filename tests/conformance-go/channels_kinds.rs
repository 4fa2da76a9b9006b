//! Channels of all kinds of values: semantics.md CH-08, CH-10, CH-11, CH-16.

mod common;

use common::{Polled, in_goroutine, until_yielding};
use gaggle::chan::{self, TryRecvError};
use gaggle::{go, yield_now};
use std::fmt::Debug;

fn nonblocking_meets_parked<T: Clone + Debug + PartialEq>(value: &T) {
    for capacity in [0, 1] {
        let (tx, rx) = chan::bounded(capacity);
        let recv = Polled::parked(rx.recv());
        tx.try_send(value.clone()).unwrap();
        assert_eq!(tx.len(), 0, "handed over, not buffered");
        assert_eq!(recv.woken().as_ref(), Ok(value));
        for _ in 0..capacity {
            tx.try_send(value.clone()).unwrap();
        }
        let send = Polled::parked(tx.send(value.clone()));
        for _ in 0..=capacity {
            assert_eq!(rx.try_recv().as_ref(), Ok(value));
        }
        assert_eq!(send.woken(), Ok(()));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn ch_08_a_nonblocking_operation_meets_a_parked_one_for_several_types() {
    nonblocking_meets_parked(&7_u8);
    nonblocking_meets_parked(&-1_i64);
    nonblocking_meets_parked(&true);
    nonblocking_meets_parked(&"text".to_owned());
    nonblocking_meets_parked(&Box::new(1.5_f64));
    nonblocking_meets_parked(&[3_u64; 40]);
    nonblocking_meets_parked(&Some(vec![1, 2, 3]));
    nonblocking_meets_parked(&());
}

#[test]
fn ch_08_a_nonblocking_operation_meets_a_parked_goroutine() {
    in_goroutine(|| async {
        for capacity in [0, 1] {
            let (tx, rx) = chan::bounded(capacity);
            let (back, echo) = chan::bounded(0);
            let receiver = go(async move {
                while let Ok(n) = rx.recv().await {
                    back.send(n).await.unwrap();
                }
            });
            for i in 0..100 {
                until_yielding(|| tx.try_send(i).is_ok()).await;
                let mut received = Err(TryRecvError::Empty);
                until_yielding(|| {
                    received = echo.try_recv();
                    received.is_ok()
                })
                .await;
                assert_eq!(received, Ok(i));
            }
            drop(tx);
            receiver.await.unwrap();
        }
    });
}

#[test]
fn ch_10_a_receive_that_can_never_be_blocks_for_ever() {
    let rx = chan::never::<u8>();
    let clone = rx.clone();
    let mut recvs = [Polled::parked(rx.recv()), Polled::parked(clone.recv())];
    for recv in &mut recvs {
        assert!(recv.poll().is_pending());
        recv.assert_asleep();
    }
    assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    assert!(!rx.is_closed() && rx.is_empty() && rx.same_channel(&clone));
    drop(recvs);
    drop(rx);
    assert!(!clone.is_closed());
    Polled::parked(clone.recv()).assert_asleep();
    // Go's send to a nil channel.
    Polled::parked(std::future::pending::<()>()).assert_asleep();
}

#[test]
fn ch_10_a_goroutine_that_waits_for_nothing_is_dropped_with_its_runtime() {
    in_goroutine(|| async {
        for _ in 0..10 {
            drop(go(async { chan::never::<String>().recv().await }));
            drop(go(std::future::pending::<()>()));
        }
        yield_now().await;
    });
}

#[test]
fn ch_11_values_of_size_zero_are_counted_and_wait_like_others() {
    let (tx, rx) = chan::bounded(1);
    tx.try_send(()).unwrap();
    assert!(tx.try_send(()).unwrap_err().is_full());
    let send = Polled::parked(tx.send(()));
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(()), Ok(())));
    assert_eq!(
        (send.woken(), rx.try_recv()),
        (Ok(()), Err(TryRecvError::Empty))
    );

    let (tx, rx) = chan::bounded::<[u64; 0]>(0);
    let recv = Polled::parked(rx.recv());
    tx.try_send([]).unwrap();
    assert_eq!(recv.woken(), Ok([]));
    assert!(tx.try_send([]).unwrap_err().is_full());

    let (tx, rx) = chan::unbounded();
    (0..1_000).for_each(|_| tx.try_send(()).unwrap());
    assert_eq!(rx.len(), 1_000);
    drop(tx);
    assert_eq!(rx.into_iter().count(), 1_000);
}

#[test]
fn ch_16_channels_travel_through_channels_and_equal_only_themselves() {
    in_goroutine(|| async {
        let (requests, served) = chan::bounded::<(u32, chan::Sender<u32>)>(0);
        let server = go(async move {
            while let Ok((n, reply)) = served.recv().await {
                reply.send(n * n).await.unwrap();
            }
        });
        for n in 0..100 {
            let (reply, answer) = chan::bounded(0);
            requests.send((n, reply)).await.unwrap();
            assert_eq!(answer.recv().await, Ok(n * n));
        }
        drop(requests);
        server.await.unwrap();
    });
    let ((tx, rx), (other_tx, other_rx)) = (chan::bounded::<u8>(1), chan::bounded(1));
    assert!(tx.same_channel(&tx.clone()) && rx.same_channel(&rx.clone()));
    assert!(!tx.same_channel(&other_tx) && !rx.same_channel(&other_rx));
    assert!(tx.is_sender_of(&rx) && !tx.is_sender_of(&other_rx));
    // An end that travels is the same end.
    let (outer, inner) = chan::bounded(1);
    outer.try_send(tx.clone()).unwrap();
    assert!(inner.try_recv().unwrap().same_channel(&tx));
}
