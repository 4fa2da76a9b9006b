//! A value that is watched: receivers see the latest one, and wait for the next.
//!
//! | file | what it holds |
//! |---|---|
//! | `state.rs` | the value, its version and who waits, under one short lock |
//! | `wait.rs` | the one wait that all futures here are made of |
//! | `sender.rs` | [`Sender`] |
//! | `receiver.rs` | [`Receiver`], [`Changed`] |
//!
//! # Why it is not made of channels
//!
//! A value here is not handed over: it stays, and any number of receivers look at it. So there is nothing for a buffer to do.
//! What it shares with channels is the wait list, and the rules:
//!
//! * A receiver sees the newest value; what came between two looks is lost on purpose. Each version is told to each receiver at most once.
//! * When the last sender is gone, or after [`Sender::close`], what was sent last is still told once, and then [`RecvError`](super::RecvError).
//! * While there is no receiver, [`Sender::send`] fails and gives the value back.
//! * A look is a shared pointer, not a guard: it may be kept for as long as one likes, also across an `await`, and holds up nobody.

mod receiver;
mod sender;
mod state;
mod wait;

pub use receiver::{Changed, Receiver};
pub use sender::{Closed, Sender};

/// A watched value that begins as `initial`. The receiver counts it as seen.
///
/// # Examples
/// ```
/// # use gaggle_chan::chan;
/// # futures::executor::block_on(async {
/// let (tx, mut rx) = chan::watch("starting");
/// assert_eq!(*rx.get(), "starting");
/// tx.send("loading").unwrap();
/// tx.send("ready").unwrap();
/// rx.changed().await.unwrap();
/// assert_eq!(*rx.get(), "ready");
/// drop(tx);
/// assert!(rx.changed().await.is_err());
/// # });
/// ```
#[must_use]
pub fn watch<T>(initial: T) -> (Sender<T>, Receiver<T>) {
    let shared = state::Shared::new(initial);
    let receiver = Receiver::subscribed(&shared);
    (Sender::first(shared), receiver)
}

#[cfg(all(test, loom))]
#[path = "watch_loom.rs"]
mod loom_tests;
