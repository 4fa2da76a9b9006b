//! Models of the watch. A change or an end that is not told is a deadlock.

use super::*;
use crate::loom_support::{block_on, model, poll_once};
use loom::thread;

/// A value and then the end, while a receiver begins to wait.
/// It catches a change that falls between the look and the wait, and a last value that the end hides.
#[test]
fn loom_watch_last_value_then_end() {
    model(3, || {
        let (tx, mut rx) = watch(0);
        let t = thread::spawn(move || tx.send(1).unwrap());
        assert!(block_on(rx.changed()).is_ok());
        assert_eq!(*rx.get(), 1);
        assert!(block_on(rx.changed()).is_err());
        t.join().unwrap();
    });
}

/// A wait that is given up while a value is sent, with another one behind it.
/// It catches a node that is freed while the sender uses it, and a waiter behind it that is forgotten.
#[test]
fn loom_watch_drop_against_send() {
    model(2, || {
        let (tx, mut rx) = watch(0);
        let mut other = rx.clone();
        let mut given_up = Box::pin(rx.changed());
        assert!(poll_once(given_up.as_mut()).is_pending());
        let waiter = thread::spawn(move || block_on(other.changed()).is_ok());
        let t = thread::spawn(move || tx.send(1).unwrap());
        drop(given_up);
        assert!(waiter.join().unwrap());
        t.join().unwrap();
        assert!(rx.has_changed());
    });
}

/// The last receiver goes while a sender begins to wait for that.
#[test]
fn loom_watch_closed_against_drop() {
    model(3, || {
        let (tx, rx) = watch(0);
        let t = thread::spawn(move || block_on(tx.closed()));
        drop(rx);
        t.join().unwrap();
    });
}
