//! Channel operations that are given up: semantics.md RX-01 to RX-03 (Go has no dropped futures, so it has no test for this).
//!
//! Futures are polled by hand, so each case is one certain interleaving; `rust_only_stress.rs` looks for the others.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, random, rounds};
use gaggle::chan::{self, RecvError, SendError, TryRecvError};
use gaggle_base::rng::Rng;
use std::sync::Arc;
use std::task::Poll;

const CAPACITIES: [Option<usize>; 5] = [Some(0), Some(1), Some(2), Some(5), None];

fn channel<T>(capacity: Option<usize>) -> (chan::Sender<T>, chan::Receiver<T>) {
    capacity.map_or_else(chan::unbounded, chan::bounded)
}

#[test]
fn rx_01_a_receive_dropped_while_it_waits_leaves_no_trace() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let first = Polled::parked(rx.recv());
        let second = Polled::parked(rx.recv());
        let third = Polled::parked(rx.recv());
        drop(second);
        tx.try_send(1).unwrap();
        tx.try_send(2).unwrap();
        assert_eq!((first.woken(), third.woken()), (Ok(1), Ok(2)));
        // From the front, from the back, and the only one.
        for keep in [0, 1] {
            let mut two = vec![Polled::parked(rx.recv()), Polled::parked(rx.recv())];
            drop(two.remove(1 - keep));
            tx.try_send(3).unwrap();
            assert_eq!(two.remove(0).woken(), Ok(3));
        }
        drop(Polled::parked(rx.recv()));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
        assert_eq!(tx.try_send(4).is_err(), capacity == Some(0));
    }
}

#[test]
fn rx_01_a_value_assigned_to_a_dropped_receive_goes_to_the_next_who_waits() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let first = Polled::parked(rx.recv());
        let second = Polled::parked(rx.recv());
        tx.try_send(1).unwrap();
        assert_eq!(first.wakes(), 1);
        second.assert_asleep();
        drop(first);
        assert_eq!(second.woken(), Ok(1));
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn rx_01_a_value_assigned_to_a_dropped_receive_comes_back_to_the_front() {
    for capacity in CAPACITIES {
        let (tx, rx) = channel(capacity);
        let recv = Polled::parked(rx.recv());
        tx.try_send(1).unwrap();
        // What is sent after it stays behind it.
        let sent = tx.try_send(2).is_ok();
        assert_eq!(sent, capacity != Some(0));
        drop(recv);
        assert_eq!(rx.try_recv(), Ok(1), "capacity {capacity:?}");
        assert_eq!(rx.try_recv().is_ok(), sent);
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

#[test]
fn rx_01_a_value_that_came_back_meets_each_way_to_receive() {
    for way in 0..5 {
        let (tx, rx) = chan::bounded(0);
        let recv = Polled::parked(rx.recv());
        tx.try_send(1).unwrap();
        drop(recv);
        let received = match way {
            0 => rx.try_recv().ok(),
            1 => rx.recv_blocking().ok(),
            2 => rx.iter().next(),
            3 => match Polled::new(rx.recv()).poll() {
                Poll::Ready(received) => received.ok(),
                Poll::Pending => None,
            },
            _ => futures::executor::block_on(futures::StreamExt::next(&mut { rx.clone() })),
        };
        assert_eq!(received, Some(1), "way {way}");
        assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    }
}

/// A random order of 0 to n - 1.
fn shuffled(rng: &mut Rng, n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, rng.below(i as u32 + 1) as usize);
    }
    order
}

#[test]
fn rx_01_values_of_several_dropped_receives_come_back_in_order_whatever_the_order_of_drops() {
    let mut rng = random("rx_01_values_of_several_dropped_receives");
    for _ in 0..rounds(200) {
        for capacity in CAPACITIES {
            let n = 1 + rng.below(8) as usize;
            let (tx, rx) = channel(capacity);
            let mut waiting: Vec<_> = (0..n).map(|_| Some(Polled::parked(rx.recv()))).collect();
            (0..n).for_each(|i| tx.try_send(i).unwrap());
            let behind = (n..n + 5).take_while(|i| tx.try_send(*i).is_ok()).count();
            let close = rng.below(2) == 0;
            if close {
                tx.close();
            }
            for i in shuffled(&mut rng, n) {
                waiting[i] = None;
            }
            for i in 0..n + behind {
                assert_eq!(rx.try_recv(), Ok(i), "{n} dropped, capacity {capacity:?}");
            }
            let end = if close {
                TryRecvError::Closed
            } else {
                TryRecvError::Empty
            };
            assert_eq!(rx.try_recv(), Err(end));
        }
    }
}

#[test]
fn rx_01_order_holds_when_some_are_dropped_and_some_are_read() {
    // One receiver handle, one sender: whoever reads in the order of the calls sees a subsequence in order, and the rest in order.
    let mut rng = random("rx_01_order_holds_when_some_are_dropped");
    for _ in 0..rounds(500) {
        let n = 2 + rng.below(7) as usize;
        let (tx, rx) = chan::bounded(3);
        let mut waiting: Vec<_> = (0..n).map(|_| Some(Polled::parked(rx.recv()))).collect();
        (0..n).for_each(|i| tx.try_send(i).unwrap());
        let (mut read, mut left) = (Vec::new(), Vec::new());
        for (i, place) in waiting.iter_mut().enumerate() {
            let recv = place.take().unwrap();
            if rng.below(2) == 0 {
                read.push(recv.woken().unwrap());
            } else {
                drop(recv);
                left.push(i);
            }
        }
        let rest: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok()).collect();
        assert!(read.is_sorted());
        assert_eq!(rest, left);
    }
}

#[test]
fn rx_01_a_value_that_moved_on_to_a_later_receive_keeps_its_place_when_that_is_dropped_too() {
    let (tx, rx) = chan::bounded(2);
    let first = Polled::parked(rx.recv());
    let second = Polled::parked(rx.recv());
    let third = Polled::parked(rx.recv());
    tx.try_send(1).unwrap();
    tx.try_send(2).unwrap();
    drop(first); // 1 goes on to the third
    drop(second); // 2 comes back
    drop(third); // 1 comes back, in front of 2
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(2)));
}

#[test]
fn rx_01_a_dropped_receive_after_the_channel_was_closed_loses_nothing() {
    let ledger = Ledger::default();
    for last_sender_dropped in [false, true] {
        let base = u64::from(last_sender_dropped) * 10;
        let (tx, rx) = chan::bounded(0);
        let assigned = Polled::parked(rx.recv());
        let waiting = Polled::parked(rx.recv());
        assert!(tx.try_send(ledger.value(base)).is_ok());
        if last_sender_dropped {
            drop(tx);
        } else {
            tx.close();
        }
        assert_eq!(waiting.woken().err(), Some(RecvError));
        drop(assigned);
        assert_eq!(ledger.drops(base), 0);
        assert_eq!(rx.try_recv().unwrap().n, base);
        assert_eq!(rx.try_recv().err(), Some(TryRecvError::Closed));
    }
    ledger.assert_settled();
}

#[test]
fn rx_01_a_value_that_came_back_is_dropped_once_with_the_last_receiver() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(0);
    let other = rx.clone();
    let recvs = [Polled::parked(rx.recv()), Polled::parked(other.recv())];
    assert!(tx.try_send(ledger.value(1)).is_ok() && tx.try_send(ledger.value(2)).is_ok());
    drop(recvs);
    drop(rx);
    assert_eq!((ledger.drops(1), ledger.drops(2)), (0, 0));
    drop(other);
    assert!(tx.try_send(ledger.value(3)).unwrap_err().is_closed());
    ledger.assert_settled();
}

#[test]
fn rx_01_a_received_value_that_was_not_read_is_dropped_once_with_sender_gone() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(1);
    let mut recv = Box::pin(async move { rx.recv().await.map(|value: common::Tracked| value.n) });
    assert!(common::poll_once(recv.as_mut()).is_pending());
    assert!(tx.try_send(ledger.value(1)).is_ok());
    drop(tx);
    // The future owns the last receiver: it gives the value back, and then drops the channel with it.
    drop(recv);
    ledger.assert_settled();
}

#[test]
fn rx_02_a_send_dropped_while_it_waits_drops_its_value_once_and_never_delivers_it() {
    let ledger = Ledger::default();
    for capacity in 0..3 {
        let n = |i| 10 * capacity as u64 + i;
        let (tx, rx) = chan::bounded(capacity);
        (0..capacity as u64).for_each(|i| assert!(tx.try_send(ledger.value(n(i))).is_ok()));
        let first = Polled::parked(tx.send(ledger.value(n(5))));
        let second = Polled::parked(tx.send(ledger.value(n(6))));
        let third = Polled::parked(tx.send(ledger.value(n(7))));
        drop(second);
        assert_eq!(ledger.drops(n(6)), 1);
        drop(tx.send(ledger.value(n(8))));
        assert_eq!(ledger.drops(n(8)), 1, "never polled");
        let received: Vec<_> = std::iter::from_fn(|| rx.try_recv().ok())
            .map(|v| v.n)
            .collect();
        let expected: Vec<_> = (0..capacity as u64).chain([5, 7]).map(n).collect();
        assert_eq!(received, expected);
        assert!(first.woken().is_ok() && third.woken().is_ok());
    }
    ledger.assert_settled();
}

#[test]
fn rx_02_a_send_whose_value_was_taken_is_not_undone_by_its_drop() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(0);
    let send = Polled::parked(tx.send(ledger.value(1)));
    let value = rx.try_recv().unwrap();
    drop(send);
    assert_eq!(ledger.drops(1), 0);
    drop(value);
    ledger.assert_settled();
}

#[test]
fn rx_02_a_send_refused_by_close_and_not_read_drops_its_value_once() {
    let ledger = Ledger::default();
    for way in 0..3 {
        let (tx, rx) = chan::bounded(0);
        let read = Polled::parked(tx.send(ledger.value(10 * way)));
        let unread = Polled::parked(tx.send(ledger.value(10 * way + 1)));
        if way == 0 {
            tx.close();
        } else {
            drop(rx);
        }
        let SendError(value) = read.woken().unwrap_err();
        assert_eq!(value.n, 10 * way);
        drop(unread);
    }
    ledger.assert_settled();
}

#[test]
fn rx_03_the_wake_up_of_a_dropped_receive_goes_on() {
    // Many receivers wait, many values come, and those who were woken are dropped one after the other.
    let (tx, rx) = chan::bounded(0);
    let mut waiting: Vec<_> = (0..10).map(|_| Polled::parked(rx.recv())).collect();
    tx.try_send(1).unwrap();
    for _ in 0..9 {
        let woken = waiting.remove(0);
        assert_eq!(woken.wakes(), 1);
        waiting.iter().for_each(Polled::assert_asleep);
        drop(woken);
    }
    assert_eq!(waiting.remove(0).woken(), Ok(1));
}

#[test]
fn rx_03_room_made_by_a_receive_reaches_the_next_sender_when_the_first_was_dropped() {
    let (tx, rx) = chan::bounded(1);
    tx.try_send(0).unwrap();
    let first = Polled::parked(tx.send(1));
    let second = Polled::parked(tx.send(2));
    drop(first);
    assert_eq!(rx.try_recv(), Ok(0));
    assert_eq!(second.woken(), Ok(()));
    assert_eq!(rx.try_recv(), Ok(2));
}

#[test]
fn rx_03_a_waker_that_panics_takes_no_value_and_no_other_waiter_with_it() {
    struct Bad;
    impl std::task::Wake for Bad {
        fn wake(self: Arc<Self>) {
            panic!("a waker that panics");
        }
    }
    let (tx, rx) = chan::bounded(0);
    let mut bad = Box::pin(rx.recv());
    let waker = std::task::Waker::from(Arc::new(Bad));
    assert!(
        bad.as_mut()
            .poll(&mut std::task::Context::from_waker(&waker))
            .is_pending()
    );
    let good = Polled::parked(rx.recv());
    let sent = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| tx.try_send(1)));
    assert!(sent.is_err());
    tx.try_send(2).unwrap();
    assert_eq!(good.woken(), Ok(2));
    drop(bad);
    assert_eq!(rx.try_recv(), Ok(1));
}
