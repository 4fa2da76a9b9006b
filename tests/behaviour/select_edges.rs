//! `select!` at its edges: panics in the middle, refused outcomes, places in queues, budgets, conditions, patterns (semantics.md SE-02, SE-05, SE-09, SE-10, RX-01 to RX-03).

#![allow(
    clippy::disallowed_methods,
    reason = "locks of threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, in_goroutine};
use gaggle::context::Context as Ctx;
use gaggle::sync::Mutex;
use gaggle::{Select, chan, go, select, yield_now};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

/// A waker that panics once.
struct Bad(AtomicBool);
impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        assert!(self.0.swap(true, SeqCst), "a waker that panics");
    }
}

/// A future that has to wait, with a waker that panics once.
fn waits_badly<F: Future>(future: F) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(Bad(AtomicBool::new(false))));
    assert!(poll(future.as_mut(), &waker).is_pending());
    future
}

fn poll<F: Future>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// The value was sent when the waker panicked: a later poll says so and sends nothing again (SE-09).
#[test]
fn se_09_a_send_is_done_once_also_when_the_receivers_waker_panics() {
    let ledger = Ledger::default();
    let (tx, rx) = chan::bounded(1);
    let receiver = waits_badly(rx.recv());
    let mut select = Select::new();
    select.send(&tx, ledger.value(0), |r| r.is_ok());
    let mut sending = Box::pin(select.wait());
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(sending.as_mut(), Waker::noop())));
    assert!(panicked.is_err());
    assert_eq!(
        poll(sending.as_mut(), Waker::noop()),
        Poll::Ready((0, true))
    );
    drop(receiver);
    assert_eq!(rx.try_recv().unwrap().n, 0);
    assert!(rx.try_recv().is_err(), "the value was sent twice");
    ledger.assert_settled();
}

#[test]
fn rx_01_a_value_stays_received_when_the_senders_waker_panics() {
    let (tx, rx) = chan::bounded(0);
    let first = waits_badly(tx.send(1));
    let mut select = Select::new();
    select.recv(&rx, |r| r.unwrap());
    let mut receiving = Box::pin(select.wait());
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(receiving.as_mut(), Waker::noop())));
    assert!(panicked.is_err());
    let second = Polled::parked(tx.send(2));
    assert_eq!(poll(receiving.as_mut(), Waker::noop()), Poll::Ready((0, 1)));
    drop((first, second));
}

/// The value was taken out of the buffer before one that was handed to a waiting receiver: it goes back in front of it (CH-03).
#[test]
fn rx_01_a_value_that_was_received_in_a_look_goes_back_to_its_place() {
    let (tx, rx) = chan::bounded(1);
    tx.try_send(1).unwrap();
    let sender = waits_badly(tx.send(2));
    let mut select = Select::new();
    select.recv(&rx, |r| r.unwrap());
    let mut receiving = Box::pin(select.wait());
    let panicked = catch_unwind(AssertUnwindSafe(|| poll(receiving.as_mut(), Waker::noop())));
    assert!(panicked.is_err());
    assert_eq!(rx.try_recv(), Ok(2));
    let waiting = Polled::parked(rx.recv());
    tx.try_send(3).unwrap();
    drop(waiting);
    drop(receiving);
    assert_eq!((rx.try_recv(), rx.try_recv()), (Ok(1), Ok(3)));
    drop(sender);
}

#[test]
fn a_select_that_is_over_is_not_polled_again() {
    let mut select = Select::new();
    select.future(std::future::ready(1), |n| n);
    let mut over = Box::pin(select.wait());
    assert!(poll(over.as_mut(), Waker::noop()).is_ready());
    let again = catch_unwind(AssertUnwindSafe(|| poll(over.as_mut(), Waker::noop())));
    assert!(again.is_err());
}

#[test]
fn se_05_two_arms_on_one_channel_that_wait_win_by_both() {
    let (tx, rx) = chan::bounded(0);
    let (mut sent, mut received) = (0, 0);
    for _ in 0..1_000 {
        let mut waiting = Polled::parked(async {
            select! { _ = tx.send(0) => 0, _ = tx.send(1) => 1 }
        });
        sent += rx.try_recv().unwrap();
        assert!(waiting.poll().is_ready());
        let mut waiting = Polled::parked(async {
            select! { _ = rx.recv() => 0, _ = rx.recv() => 1 }
        });
        tx.try_send(0).unwrap();
        let Poll::Ready(which) = waiting.poll() else {
            panic!("it was given a value")
        };
        received += which;
    }
    // Ten standard deviations.
    assert!(
        (342..658).contains(&sent) && (342..658).contains(&received),
        "{sent} {received}"
    );
}

/// As Go's test does it: the receiver gives way before each receive, so the select waits.
#[test]
fn se_05_also_when_the_receiver_is_always_late() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(0);
        let receiver = go(async move {
            let mut zeros = 0;
            for _ in 0..100 {
                yield_now().await;
                zeros += u32::from(rx.recv().await.unwrap() == 0);
            }
            zeros
        });
        for _ in 0..100 {
            select! { r = tx.send(1) => r.unwrap(), r = tx.send(0) => r.unwrap() }
        }
        let zeros = receiver.await.unwrap();
        assert!((11..90).contains(&zeros), "{zeros} of 100");
    });
}

#[test]
fn se_10_a_busy_select_that_was_passed_over_keeps_its_place() {
    let (tx, rx) = chan::bounded(0);
    let sender = tx.clone();
    let mut polls = 0;
    let sends_at_second_poll = std::future::poll_fn(move |_| {
        polls += 1;
        if polls == 2 {
            sender.try_send(0).unwrap();
        }
        Poll::<u8>::Pending
    });
    let mut select = Polled::parked(async {
        select! { v = rx.recv() => v.unwrap(), v = sends_at_second_poll => v }
    });
    let (mut a, b) = (Polled::parked(rx.recv()), Polled::parked(rx.recv()));
    assert!(select.poll().is_pending());
    assert_eq!(
        a.poll(),
        Poll::Ready(Ok(0)),
        "over the busy select, to the next"
    );
    tx.try_send(1).unwrap();
    assert_eq!(select.poll(), Poll::Ready(1), "it waits longer than `b`");
    drop(b);
}

#[test]
fn t14_whoever_passed_by_while_an_outcome_was_refused_is_found() {
    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded(0);
    let mut waiting = Polled::parked(async {
        select! { Ok(1) = rx1.recv() => 1, Ok(n) = rx2.recv() => n }
    });
    tx1.try_send(9).unwrap();
    let mut sender = Polled::parked(tx2.send(2));
    assert_eq!(waiting.poll(), Poll::Ready(2));
    assert!(sender.poll().is_ready());
}

#[test]
fn se_02_the_budget_of_a_goroutine_is_not_taken_for_an_arm_that_waits() {
    in_goroutine(|| async {
        let free = Mutex::new(0);
        let (ctx, cancel) = Ctx::background().with_cancel();
        cancel.cancel();
        for i in 0..2_000 {
            if i % 7 == 0 {
                select! { default => {} }
            }
            select! {
                mut guard = free.lock() => *guard += 1,
                default => unreachable!("the mutex is free"),
            }
            select! {
                () = ctx.done() => {}
                default => unreachable!("the context is done"),
            }
        }
    });
}

#[test]
fn se_07_what_a_condition_borrows_is_given_back_before_the_wait() {
    let (_tx, rx) = chan::bounded::<u8>(0);
    let lock = std::sync::Mutex::new(true);
    let list = RefCell::new(vec![1, 2]);
    let waiting = Polled::parked(async {
        select! {
            v = rx.recv(), if *lock.lock().unwrap() => v,
            v = rx.recv(), if *lock.lock().unwrap() && list.borrow_mut().pop().is_some() => v,
            v = rx.recv(), if list.borrow_mut().pop().is_some() => v,
        }
    });
    assert!(lock.try_lock().is_ok());
    drop(waiting);
    // And the future is `Send`, which no guard of a thread's lock is.
    is_send(&async {
        select! { v = rx.recv(), if *lock.lock().unwrap() => v.map_or((), drop), else => {} }
    });
}

fn is_send<T: Send>(_: &T) {}

const _LIMIT: u32 = 5;

#[test]
fn t14_patterns_ask_what_they_ask_in_a_match() {
    gaggle::block_on(async {
        let (tx, rx) = chan::bounded(1);
        for (n, expected) in [(5, 1), (6, 2)] {
            tx.try_send(n).unwrap();
            let got = select! { Ok(_LIMIT) = rx.recv() => 1, else => 2 };
            assert_eq!(got, expected);
        }
        let (tx, rx) = chan::bounded(1);
        for (n, text, expected) in [(&5, "a", 1), (&5, "b", 2), (&6, "b", 1)] {
            tx.try_send((n, text)).unwrap();
            let got = select! { Ok((&_LIMIT, "b")) = rx.recv() => 2, else => 1 };
            assert_eq!(got, expected, "{n} {text}");
        }
        let (tx, rx) = chan::bounded(1);
        tx.try_send(vec![1, 2, 3]).unwrap();
        let list = select! {
            Ok(ref mut list) = rx.recv() => { list.push(4); list.clone() }
            else => unreachable!(),
        };
        assert_eq!(list, [1, 2, 3, 4]);
        tx.try_send(list).unwrap();
        let rest = select! {
            Ok(ref list) = rx.recv() => match &list[..] { [_, rest @ ..] => rest.len(), [] => 0 },
            else => unreachable!(),
        };
        assert_eq!(rest, 3);
    });
}

#[test]
fn se_17_there_may_be_more_arms_than_sixteen_bits_can_count() {
    let never = chan::never::<u8>();
    let (tx, rx) = chan::bounded(1);
    let mut select = Select::new();
    for _ in 0..=u32::from(u16::MAX) {
        select.recv(&never, |r| r.unwrap());
    }
    select.recv(&rx, |r| r.unwrap());
    let mut waiting = Polled::parked(select.wait());
    tx.try_send(7).unwrap();
    assert_eq!(waiting.poll(), Poll::Ready((65_536, 7)));
}
