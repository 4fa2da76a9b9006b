//! Broadcast: every receiver gets each value.
//!
//! | file | what it holds |
//! |---|---|
//! | `shared.rs` | the order of the values, the list of subscribers, one delivery |
//! | `sender.rs` | [`Sender`] |
//! | `receiver.rs` | [`Receiver`] |
//! | `error.rs` | what a receive can fail with |
//!
//! # Built on channels
//!
//! Each receiver has a bounded channel of its own, and a send puts a clone of the value into each.
//! So waiting, waking, closing and giving up are those of channels, a receive takes no lock that other receivers use, and a value goes straight to a receiver that waits.
//! The price is memory: a buffer of `capacity` values for each receiver.
//! A common ring was considered: a send is then one step, but all receivers meet at its lock, and each has to come back for its value.
//!
//! # Rules
//!
//! * Values are delivered one after the other, in the same order to all.
//! * A receiver gets each value that is sent after it was made, by [`Sender::subscribe`] or as a clone.
//! * With [`Lag::Wait`] a send waits until every receiver has room and then delivers to all in one step: to all, or, if it is given up, to none.
//! * With [`Lag::Drop`] a send waits for no receiver. A receiver without room loses its oldest value, and its next receive says how many it has lost.
//! * When the last sender is gone, or after [`Sender::close`], receivers get what they have room for and then [`RecvError::Closed`].
//! * While there is no receiver, a send fails and gives the value back. A later subscriber makes sends possible again.

mod error;
mod receiver;
mod sender;
mod shared;

pub use error::{RecvError, TryRecvError};
pub use receiver::Receiver;
pub use sender::Sender;

/// What happens to a receiver that does not keep up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lag {
    /// Senders wait for it: nothing is lost.
    #[default]
    Wait,
    /// It loses its oldest values, and learns how many.
    Drop,
}

/// A broadcast channel that loses nothing: senders wait for the slowest receiver. `capacity` values may wait for each receiver.
///
/// # Panics
/// When `capacity` is 0 or a buffer of that many values would not fit into the address space.
///
/// # Examples
/// ```
/// # use gaggle_chan::chan;
/// # futures::executor::block_on(async {
/// let (tx, mut a) = chan::broadcast(4);
/// let mut b = tx.subscribe();
/// tx.send("news").await.unwrap();
/// assert_eq!(a.recv().await, Ok("news"));
/// assert_eq!(b.recv().await, Ok("news"));
/// # });
/// ```
#[must_use]
pub fn broadcast<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    with_lag(capacity, Lag::Wait)
}

/// As [`broadcast()`], with a choice of what happens to slow receivers.
///
/// # Panics
/// When `capacity` is 0 or a buffer of that many values would not fit into the address space.
///
/// # Examples
/// ```
/// use gaggle_chan::chan::broadcast::{self, Lag, RecvError};
/// let (tx, mut rx) = broadcast::with_lag(2, Lag::Drop);
/// for n in 0..5 {
///     tx.try_send(n).unwrap();
/// }
/// assert_eq!(rx.recv_blocking(), Err(RecvError::Lagged(3)));
/// assert_eq!(rx.recv_blocking(), Ok(3));
/// assert_eq!(rx.recv_blocking(), Ok(4));
/// ```
#[must_use]
pub fn with_lag<T: Clone>(capacity: usize, lag: Lag) -> (Sender<T>, Receiver<T>) {
    assert!(capacity > 0, "a broadcast of capacity 0");
    let shared = shared::Shared::new(capacity, lag);
    let receiver = Receiver::subscribed(&shared);
    (Sender::first(shared), receiver)
}

#[cfg(all(test, loom))]
#[path = "broadcast_loom.rs"]
mod loom_tests;
