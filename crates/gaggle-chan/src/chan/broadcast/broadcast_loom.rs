//! Models of the broadcast. What they look for is a send that waits for room and is not told of it (D2), and an end that nobody carries out (D1).

use super::*;
use crate::loom_support::{block_on, model, poll_once};
use loom::thread;

/// Two values through room for one: the second send waits until the receiver has taken the first.
/// It catches a receiver that makes room and does not see that somebody waits for it.
#[test]
fn loom_broadcast_room() {
    model(2, || {
        let (tx, mut rx) = broadcast(1);
        tx.try_send(1).unwrap();
        let t = thread::spawn(move || block_on(tx.send(2)).is_ok());
        for expected in [Ok(1), Ok(2), Err(RecvError::Closed)] {
            assert_eq!(block_on(rx.recv()), expected);
        }
        assert!(t.join().unwrap());
    });
}

/// A send waits for the room of a receiver that goes.
#[test]
fn loom_broadcast_receiver_goes() {
    model(2, || {
        let (tx, rx) = broadcast(1);
        tx.try_send(1).unwrap();
        let t = thread::spawn(move || block_on(tx.send(2)).is_err());
        drop(rx);
        assert!(t.join().unwrap());
    });
}

/// The end comes while a send has its turn, or is given up in it.
/// It catches an end that finds the list of subscribers taken and is then carried out by nobody: the receiver would sleep for ever.
#[test]
fn loom_broadcast_close_against_send() {
    model(2, || {
        let (tx, mut rx) = broadcast(1);
        tx.try_send(1).unwrap();
        let other = tx.clone();
        let t = thread::spawn(move || {
            let mut given_up = Box::pin(other.send(2));
            let _ = poll_once(given_up.as_mut());
            drop(given_up);
            other
        });
        assert!(tx.close());
        assert_eq!(block_on(rx.recv()), Ok(1));
        // A send that had its turn when the end came may still be delivered.
        let mut last = block_on(rx.recv());
        if last == Ok(2) {
            last = block_on(rx.recv());
        }
        assert_eq!(last, Err(RecvError::Closed));
        drop((t.join().unwrap(), tx));
    });
}
