//! Channels: typed pipes between goroutines (semantics.md CH, CL, RX).
//!
//! | file | what it holds |
//! |---|---|
//! | `describe.rs` | what a channel says about itself to dumps |
//! | `core.rs` | what one channel is: a buffer, two lists of waiters, the rules; all under one short lock |
//! | `buffer.rs` | the buffer: a ring for a bounded channel, segments for an unbounded one |
//! | `handle.rs` | the counts of senders and receivers, and who frees the channel |
//! | `sender.rs`, `receiver.rs` | the two ends |
//! | `recv_end.rs` | a receiver in one word, also when it serves as a `Stream` |
//! | `send.rs`, `recv.rs` | the futures of the two operations |
//! | `closed.rs` | the future of [`Sender::closed`] |
//! | `oneshot.rs` | [`oneshot()`]: one value, by a channel for one |
//! | `broadcast/` | [`broadcast()`]: every receiver gets each value, by a channel for each receiver |
//! | `watch/` | [`watch()`]: the latest value |
//! | `relay.rs` | what goroutines need that receive from one channel and send into others; not for users |
//! | `error.rs` | what can go wrong, with the value back |
//!
//! # Rules
//!
//! * Capacity 0 is a rendezvous: a send completes when a receiver has the value. Otherwise a send completes when the value is in the buffer.
//! * Waiting senders and waiting receivers are served first come, first served.
//! * A channel is closed by [`Sender::close`] or by the drop of its last sender; what is buffered is still received.
//!   When its last receiver is dropped, sends fail and give the value back.
//! * All futures are cancel-safe: dropping one loses no value and no wake-up.

mod arms;
pub mod broadcast;
mod buffer;
mod closed;
mod core;
mod describe;
mod error;
mod handle;
pub mod oneshot;
mod receiver;
mod recv;
mod recv_end;
pub mod relay;
mod send;
mod sender;
pub mod watch;

pub use broadcast::broadcast;
pub use closed::Closed;
pub use oneshot::oneshot;
pub use watch::watch;

pub use arms::{RecvArm, SendArm};
pub use error::{RecvError, SendError, TryRecvError, TrySendError};
pub use receiver::{IntoIter, Iter, Receiver};
pub use recv::Recv;
pub use send::Send;
pub use sender::Sender;

use self::core::UNBOUNDED;

/// A channel with room for `capacity` values; 0 makes a rendezvous.
///
/// The buffer is allocated now, as in Go (CH-01).
///
/// # Panics
/// When a buffer of that many values would not fit into the address space.
///
/// # Examples
/// ```
/// use gaggle_chan::chan;
/// let (tx, rx) = chan::bounded(2);
/// tx.send_blocking(1).unwrap();
/// tx.try_send(2).unwrap();
/// assert!(tx.try_send(3).unwrap_err().is_full());
/// drop(tx);
/// assert_eq!(rx.into_iter().collect::<Vec<_>>(), [1, 2]);
/// ```
#[must_use]
pub fn bounded<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    assert!(
        capacity != UNBOUNDED,
        "a bounded channel of capacity usize::MAX: use unbounded()"
    );
    handle::channel(capacity)
}

/// A channel whose sends never wait. Memory is the only limit: prefer [`bounded`] where a producer can outrun its consumer.
///
/// # Examples
/// ```
/// let (tx, rx) = gaggle_chan::chan::unbounded();
/// for i in 0..1_000 {
///     tx.try_send(i).unwrap();
/// }
/// assert_eq!(rx.len(), 1_000);
/// ```
#[must_use]
pub fn unbounded<T>() -> (Sender<T>, Receiver<T>) {
    handle::channel(UNBOUNDED)
}

/// A receiver that never receives and is never closed: Go's receive from a nil channel (CH-10, T8).
///
/// # Examples
/// ```
/// let rx = gaggle_chan::chan::never::<u8>();
/// assert!(rx.try_recv().unwrap_err().is_empty());
/// assert!(!rx.is_closed());
/// ```
#[must_use]
pub fn never<T>() -> Receiver<T> {
    handle::never()
}

#[cfg(all(test, loom))]
#[path = "chan_loom.rs"]
mod loom_tests;
