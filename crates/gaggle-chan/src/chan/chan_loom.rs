//! Models of channels: the real futures, polled on loom threads.
//!
//! A lost wake-up is a deadlock, a lost or doubled value a wrong count of tokens, and a touch of a node that is the other side's a data race; loom reports all three.

use super::*;
use crate::loom_support::{Mint, Token, block_on, block_on_pinned, model, poll_once};
use futures_core::Stream;
use loom::thread;
use std::pin::{Pin, pin};
use std::task::{Context, Waker};

/// A sender and a receiver meet at a channel without a buffer; either may come first.
/// It catches a hand-over whose waker is lost, and a value that is read before it is written.
#[test]
fn loom_chan_rendezvous() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let token = mint.token(1);
        let t = thread::spawn(move || block_on(tx.send(token)).is_ok());
        assert_eq!(block_on(rx.recv()).map(|token| token.0), Ok(1));
        assert!(t.join().unwrap());
        drop(rx);
        mint.assert_even();
    });
}

/// Two values through a buffer for one: the sender waits for room, the receiver for values.
/// It catches a sender that is not woken when room is made (CH-07), and an order that is not the sender's (CH-03).
#[test]
fn loom_chan_buffer_full_and_empty() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded(1);
        let (one, two) = (mint.token(1), mint.token(2));
        let t = thread::spawn(move || {
            block_on(tx.send(one)).unwrap();
            block_on(tx.send(two)).unwrap();
        });
        for expected in [Ok(1), Ok(2), Err(RecvError)] {
            assert_eq!(block_on(rx.recv()).map(|token| token.0), expected);
        }
        t.join().unwrap();
        drop(rx);
        mint.assert_even();
    });
}

/// Two senders, one receiver, no buffer: the receiver gets both values.
/// It catches a list of waiting senders whose links are broken by the second.
#[test]
fn loom_chan_two_senders() {
    model(2, || {
        let (tx, rx) = bounded(0);
        let threads: Vec<_> = (1..3)
            .map(|n| {
                let tx = tx.clone();
                thread::spawn(move || block_on(tx.send(n)).unwrap())
            })
            .collect();
        drop(tx);
        let sum: usize = (0..2).map(|_| block_on(rx.recv()).unwrap()).sum();
        assert_eq!(sum, 3);
        assert_eq!(block_on(rx.recv()), Err(RecvError));
        for t in threads {
            t.join().unwrap();
        }
    });
}

/// `close` against a receive that begins, waits or has begun to wait.
/// It catches a receiver that enqueues after `close` has emptied the list: it would sleep for ever.
#[test]
fn loom_chan_close_against_recv() {
    model(4, || {
        let (tx, rx) = bounded::<()>(0);
        let t = thread::spawn(move || block_on(rx.recv()));
        assert!(tx.close());
        assert_eq!(t.join().unwrap(), Err(RecvError));
    });
}

/// The drop of the last receiver against a send: the value comes back, once (CL-03).
/// It catches a sender that sleeps at a channel that nobody can receive from, and a channel that is freed twice or under somebody's hands.
#[test]
fn loom_chan_abandon_against_send() {
    model(4, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let token = mint.token(1);
        let t = thread::spawn(move || drop(rx));
        match block_on(tx.send(token)) {
            Err(SendError(token)) => assert_eq!(token.0, 1),
            Ok(()) => panic!("sent to nobody"),
        }
        t.join().unwrap();
        drop(tx);
        mint.assert_even();
    });
}

/// `close` against a send into a full buffer: the send fails and gives its value back, or came before; nothing is lost.
#[test]
fn loom_chan_close_against_send() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded(1);
        let token = mint.token(1);
        let closer = tx.clone();
        let t = thread::spawn(move || closer.close());
        let sent = block_on(tx.send(token)).is_ok();
        assert!(t.join().unwrap());
        drop(tx);
        assert_eq!(block_on(rx.recv()).is_ok(), sent);
        drop(rx);
        mint.assert_even();
    });
}

/// A receive that waits is dropped while a value is handed to it: the value goes on to the other receiver that waits, or back into the channel (RX-01).
/// It catches a value that is dropped with the future, a receiver that is not woken for it, and a node that is freed while the sender uses it.
#[test]
fn loom_chan_drop_of_recv_against_hand_over() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let other = rx.clone();
        let token = mint.token(1);
        let sender = thread::spawn(move || block_on(tx.send(token)).is_ok());
        {
            let mut given_up = pin!(other.recv());
            if poll_once(given_up.as_mut()).is_ready() {
                drop(rx);
                assert!(sender.join().unwrap());
                return mint.assert_even();
            }
        }
        assert_eq!(block_on(rx.recv()).map(|token| token.0), Ok(1));
        assert!(sender.join().unwrap());
        drop((rx, other));
        mint.assert_even();
    });
}

/// The same with the second receiver asleep already: the value that comes back must wake it.
#[test]
fn loom_chan_drop_of_recv_passes_the_value_on() {
    model(2, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let other = rx.clone();
        let token = mint.token(1);
        let mut given_up = Box::pin(other.recv());
        assert!(poll_once(given_up.as_mut()).is_pending());
        let receiver = thread::spawn(move || block_on(rx.recv()).map(|token| token.0));
        // The sender stays: if it closed the channel, the receiver could be told so before the value comes back.
        let sender = thread::spawn(move || (block_on(tx.send(token)).is_ok(), tx));
        drop(given_up);
        assert_eq!(receiver.join().unwrap(), Ok(1));
        assert!(sender.join().unwrap().0);
        drop(other);
        mint.assert_even();
    });
}

/// A receive that waits is dropped while the channel is closed.
/// It catches a node that is freed before the closer has let go of it: the drop must have acquired what the closer released.
#[test]
fn loom_chan_drop_of_recv_against_close() {
    model(4, || {
        let (tx, rx) = bounded::<()>(0);
        let mut given_up = Box::pin(rx.recv());
        assert!(poll_once(given_up.as_mut()).is_pending());
        let t = thread::spawn(move || drop(tx));
        drop(given_up);
        t.join().unwrap();
    });
}

/// A send that waits is dropped while a receiver comes: the value was received, or was dropped once with the future (RX-02).
#[test]
fn loom_chan_drop_of_send_against_recv() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let token = mint.token(1);
        let receiver = thread::spawn(move || block_on(rx.recv()).map(|token| token.0));
        let sent = {
            let mut given_up = pin!(tx.send(token));
            poll_once(given_up.as_mut()).is_ready()
        };
        drop(tx);
        let received = receiver.join().unwrap();
        assert!(received == Ok(1) || (received == Err(RecvError) && !sent));
        mint.assert_even();
    });
}

/// `poll_next` leaves a waiter behind; then a value comes while the receiver is used otherwise.
/// It catches a value that is stuck in the waiter that nobody polls any more.
#[test]
fn loom_chan_stream_waiter_is_settled() {
    model(3, || {
        let mint = Mint::default();
        let (tx, mut rx) = bounded(1);
        let token = mint.token(1);
        let first = Pin::new(&mut rx).poll_next(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        let t = thread::spawn(move || block_on(tx.send(token)).is_ok());
        assert_eq!(block_on(rx.recv()).map(|token| token.0), Ok(1));
        assert!(t.join().unwrap());
        drop(rx);
        mint.assert_even();
    });
}

/// Two threads use the same receiver, each of which settles the stream's waiter, while a value is handed to it: one of them gets it, once.
#[test]
fn loom_chan_stream_waiter_is_settled_once() {
    model(2, || {
        let mint = Mint::default();
        let (tx, mut rx) = bounded(1);
        let first = Pin::new(&mut rx).poll_next(&mut Context::from_waker(Waker::noop()));
        assert!(first.is_pending());
        assert!(tx.try_send(mint.token(1)).is_ok());
        let rx = loom::sync::Arc::new(rx);
        let other = rx.clone();
        let t = thread::spawn(move || usize::from(other.try_recv().is_ok()));
        let mine = usize::from(rx.try_recv().is_ok());
        assert_eq!(mine + t.join().unwrap(), 1);
        drop((tx, rx));
        mint.assert_even();
    });
}

/// A send that waits is polled again with another waker while a receiver comes: the newest waker is the one that counts.
#[test]
fn loom_chan_renewed_waker() {
    model(3, || {
        let (tx, rx) = bounded(0);
        let t = thread::spawn(move || block_on(rx.recv()));
        let mut send = pin!(tx.send(7));
        if poll_once(send.as_mut()).is_pending() {
            block_on_pinned(send).unwrap();
        }
        assert_eq!(t.join().unwrap(), Ok(7));
    });
}

/// Both ends are dropped at once, with a value in the buffer: it is dropped once and the channel freed once.
#[test]
fn loom_chan_both_ends_go() {
    model(4, || {
        let mint = Mint::default();
        let (tx, rx) = bounded(1);
        assert!(tx.try_send(mint.token(1)).is_ok());
        let t = thread::spawn(move || drop(rx));
        drop(tx);
        t.join().unwrap();
        mint.assert_even();
    });
}
