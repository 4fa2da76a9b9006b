//! Models of waiting for the end of a channel. A waiter that is forgotten is a deadlock.

use crate::chan::bounded;
use crate::loom_support::{block_on, model, poll_once};
use loom::thread;

/// The last receiver goes while a sender begins to wait for that, or waits.
/// It catches a waiter that enqueues after the list was emptied, and a channel that is freed under its hands.
#[test]
fn loom_closed_against_abandon() {
    model(4, || {
        let (tx, rx) = bounded::<()>(0);
        let t = thread::spawn(move || block_on(tx.closed()));
        drop(rx);
        t.join().unwrap();
    });
}

/// A wait that is given up while the receiver goes.
/// It catches a node that is freed before the closer has let go of it.
#[test]
fn loom_closed_drop_against_abandon() {
    model(4, || {
        let (tx, rx) = bounded::<()>(0);
        let mut given_up = Box::pin(tx.closed());
        assert!(poll_once(given_up.as_mut()).is_pending());
        let t = thread::spawn(move || drop(rx));
        drop(given_up);
        t.join().unwrap();
        block_on(tx.closed());
    });
}
