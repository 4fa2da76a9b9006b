//! Channels, one step at a time: semantics.md CH-01 to CH-03, CH-05 to CH-07, CH-09. CH-08, CH-10, CH-11 and CH-16 are in `channels_kinds.rs`.
//!
//! Most futures here are polled by hand, so that who waits where is certain. The rows about many goroutines at once are in `channels_many.rs`.
//! CH-12 (a negative capacity) cannot be written: a capacity is a `usize`.
//! CH-14 (direction of the ends) is held by the compile-fail cases in `tests/ui`.
//! Rows that need `select!` come with it.

mod common;

use common::{Ledger, Polled, in_goroutine_and_sim, sized, until_yielding};
use gaggle::chan::{self, RecvError, TryRecvError};
use gaggle::{go, yield_now};
use std::task::Poll;

#[test]
fn ch_01_capacity_is_what_was_asked_for_and_length_counts_buffered_values() {
    for capacity in 0..200 {
        let (tx, rx) = chan::bounded(capacity);
        assert_eq!(
            (tx.capacity(), rx.capacity()),
            (Some(capacity), Some(capacity))
        );
        for i in 0..capacity {
            assert_eq!((tx.len(), rx.len()), (i, i));
            assert!(!tx.is_full() && !rx.is_full());
            tx.try_send(i).unwrap();
            assert!(!tx.is_empty() && !rx.is_empty());
        }
        assert!(tx.is_full() && rx.is_full());
        assert_eq!((tx.len(), rx.len()), (capacity, capacity));
        for i in 0..capacity {
            assert_eq!(rx.try_recv(), Ok(i));
            assert_eq!(rx.len(), capacity - i - 1);
        }
        assert!(tx.is_empty() && rx.is_empty());
    }
}

#[test]
fn ch_01_an_unbuffered_channel_has_length_zero_whoever_waits() {
    let (tx, rx) = chan::bounded(0);
    let send = Polled::parked(tx.send(1));
    assert_eq!(
        (tx.len(), rx.len(), tx.is_empty(), tx.is_full()),
        (0, 0, true, true)
    );
    drop(send);
    let recv = Polled::parked(rx.recv());
    assert_eq!((tx.len(), rx.len()), (0, 0));
    drop(recv);
}

#[test]
fn ch_01_an_unbounded_channel_has_no_capacity_and_is_never_full() {
    let (tx, rx) = chan::unbounded();
    assert_eq!((tx.capacity(), rx.capacity()), (None, None));
    for i in 0..1_000 {
        assert_eq!(tx.len(), i);
        tx.try_send(i).unwrap();
        assert!(!tx.is_full() && !rx.is_full());
    }
}

#[test]
fn ch_02_receive_on_empty_and_send_on_full_block_for_every_capacity() {
    for capacity in 0..200 {
        let (tx, rx) = chan::bounded(capacity);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        let recv = Polled::parked(rx.recv());
        recv.assert_asleep();
        drop(recv);
        for i in 0..capacity {
            assert_eq!(Polled::new(tx.send(i)).poll(), Poll::Ready(Ok(())));
        }
        assert!(tx.try_send(capacity).unwrap_err().is_full());
        let send = Polled::parked(tx.send(capacity));
        send.assert_asleep();
        assert_eq!(rx.try_recv(), Ok(0));
        assert_eq!(send.woken(), Ok(()), "capacity {capacity}");
    }
}

#[test]
fn ch_02_a_goroutine_blocks_and_goes_on_for_every_capacity() {
    in_goroutine_and_sim(|| async {
        for capacity in 0..sized(200, 4) {
            let (tx, rx) = chan::bounded(capacity);
            let sender = go(async move {
                for i in 0..=capacity {
                    tx.send(i).await.unwrap();
                }
            });
            until_yielding(|| rx.is_full()).await;
            yield_now().await;
            assert!(!sender.is_finished(), "it holds one more than the channel");
            assert_eq!(rx.recv().await, Ok(0));
            sender.await.unwrap();
        }
    });
}

#[test]
fn ch_03_the_values_of_one_sender_arrive_in_order_for_every_capacity() {
    in_goroutine_and_sim(|| async {
        let n = sized(100, 8);
        for capacity in (0..sized(200, 3)).map(Some).chain([None]) {
            let (tx, rx) = capacity.map_or_else(chan::unbounded, chan::bounded);
            let sender = go(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            });
            for i in 0..n {
                if i % 2 == 0 {
                    assert_eq!(rx.recv().await, Ok(i), "capacity {capacity:?}");
                } else {
                    let value = loop {
                        match rx.try_recv() {
                            Ok(value) => break value,
                            Err(error) => assert!(error.is_empty() || i == n - 1, "{error}"),
                        }
                        yield_now().await;
                    };
                    assert_eq!(value, i, "capacity {capacity:?}");
                }
            }
            assert_eq!(rx.recv().await, Err(RecvError));
            sender.await.unwrap();
        }
    });
}

#[test]
fn ch_05_a_buffered_channel_is_first_in_first_out() {
    for (tx, rx) in [chan::bounded(10), chan::bounded(64), chan::unbounded()] {
        let mut next = 0;
        for i in 0..1_000 {
            if tx.is_full() || i % 7 == 0 {
                while let Ok(n) = rx.try_recv() {
                    assert_eq!(n, next);
                    next += 1;
                }
            }
            tx.try_send(i).unwrap();
        }
    }
}

#[test]
fn ch_05_receivers_chained_to_act_in_turn_get_the_values_in_turn() {
    in_goroutine_and_sim(|| async {
        let n = sized(100, 10);
        let (tx, rx) = chan::bounded::<usize>(0);
        let (start, mut turn) = chan::bounded::<()>(0);
        let mut chain = Vec::new();
        for i in 0..n {
            let (done, next) = chan::bounded(0);
            let my_turn = std::mem::replace(&mut turn, next);
            let rx = rx.clone();
            chain.push(go(async move {
                my_turn.recv().await.unwrap();
                assert_eq!(rx.recv().await, Ok(i));
                done.send(()).await.unwrap();
            }));
        }
        let sender = go(async move {
            for i in 0..n {
                tx.send(i).await.unwrap();
            }
        });
        start.send(()).await.unwrap();
        turn.recv().await.unwrap();
        sender.await.unwrap();
        for link in chain {
            link.await.unwrap();
        }
    });
}

#[test]
fn ch_06_blocked_receivers_are_served_first_come_first_served() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = chan::bounded(capacity);
        let waiting: Vec<_> = (0..50).map(|_| Polled::parked(rx.recv())).collect();
        for i in 0..50 {
            tx.try_send(i).unwrap();
        }
        for (i, recv) in waiting.into_iter().enumerate() {
            assert_eq!(recv.wakes(), 1);
            assert_eq!(recv.woken(), Ok(i));
        }
    }
}

#[test]
fn ch_06_blocked_senders_are_served_first_come_first_served() {
    for capacity in [0, 1, 5] {
        let (tx, rx) = chan::bounded(capacity);
        for i in 0..capacity {
            tx.try_send(i).unwrap();
        }
        let mut waiting: Vec<_> = (capacity..50).map(|i| Polled::parked(tx.send(i))).collect();
        for i in 0..50 {
            assert_eq!(rx.try_recv(), Ok(i));
            let woken = waiting.iter().filter(|send| send.wakes() > 0).count();
            assert_eq!(woken, usize::from(!waiting.is_empty()));
            if woken == 1 {
                assert_eq!(waiting.remove(0).woken(), Ok(()), "it is the first of them");
            }
        }
    }
}

#[test]
fn ch_06_one_who_is_polled_again_keeps_the_place_in_the_queue() {
    let (tx, rx) = chan::bounded(0);
    let mut first = Polled::parked(rx.recv());
    let mut second = Polled::parked(rx.recv());
    assert!(first.poll().is_pending() && second.poll().is_pending() && first.poll().is_pending());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    assert_eq!((first.woken(), second.woken()), (Ok(1), Ok(2)));
}

#[test]
fn ch_06_the_waker_of_the_newest_poll_is_the_one_that_is_called() {
    let (tx, rx) = chan::bounded(0);
    let mut recv = Box::pin(rx.recv());
    assert!(common::poll_once(recv.as_mut()).is_pending());
    let recv = Polled::parked(recv);
    tx.try_send(1).unwrap();
    assert_eq!(recv.woken(), Ok(1));
    let mut send = Box::pin(tx.send(2));
    assert!(common::poll_once(send.as_mut()).is_pending());
    let send = Polled::parked(send);
    assert_eq!(rx.try_recv(), Ok(2));
    assert_eq!(send.woken(), Ok(()));
}

#[test]
fn ch_07_receive_from_a_full_buffer_completes_the_parked_send() {
    for capacity in 1..20 {
        let (tx, rx) = chan::bounded(capacity);
        for i in 0..capacity {
            tx.try_send(i).unwrap();
        }
        let first = Polled::parked(tx.send(capacity));
        let second = Polled::parked(tx.send(capacity + 1));
        assert_eq!(rx.try_recv(), Ok(0), "the oldest buffered value");
        assert!(rx.is_full(), "the parked value has moved into the buffer");
        second.assert_asleep();
        assert_eq!(first.woken(), Ok(()));
        for i in 1..=capacity + 1 {
            assert_eq!(rx.try_recv(), Ok(i));
        }
        assert_eq!(second.woken(), Ok(()));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn ch_07_the_value_of_a_completed_send_stays_when_its_future_is_dropped_unpolled() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(1);
    assert!(tx.try_send(ledger.value(0)).is_ok());
    let parked = Polled::parked(tx.send(ledger.value(1)));
    assert_eq!(rx.try_recv().unwrap().n, 0);
    drop(parked);
    assert_eq!(ledger.drops(1), 0);
    assert_eq!(rx.try_recv().unwrap().n, 1);
    ledger.assert_settled();
}

#[test]
fn ch_09_an_unbuffered_send_completes_only_when_a_receiver_has_the_value() {
    let (tx, rx) = chan::bounded(0);
    assert!(tx.try_send(0).unwrap_err().is_full());
    let mut send = Polled::parked(tx.send(1));
    assert!(send.poll().is_pending());
    let unpolled = rx.recv();
    assert!(
        send.poll().is_pending(),
        "a receive that was never polled takes nothing"
    );
    drop(unpolled);
    assert_eq!(Polled::new(rx.recv()).poll(), Poll::Ready(Ok(1)));
    assert_eq!(send.woken(), Ok(()));
}

#[test]
fn ch_09_an_unbuffered_send_to_a_parked_receiver_completes_at_once() {
    let (tx, rx) = chan::bounded(0);
    let recv = Polled::parked(rx.recv());
    assert_eq!(Polled::new(tx.send(1)).poll(), Poll::Ready(Ok(())));
    assert_eq!(recv.woken(), Ok(1));
}
