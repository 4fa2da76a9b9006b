//! Channels: typed pipes between goroutines (semantics.md CH, CL, RX).
//!
//! * Capacity 0 is a rendezvous: a send completes when a receiver has the value. Otherwise a send completes when the value is in the buffer.
//! * Waiting senders and waiting receivers are served first come, first served.
//! * A channel is closed by [`Sender::close`] or by the drop of its last sender; what is buffered is still received.
//!   When its last receiver is dropped, sends fail and give the value back.
//! * All futures are cancel-safe: dropping one loses no value and no wake-up.
//! * Channels need no runtime: they also work between plain threads (`*_blocking`) and under other executors.

//!
//! # More than a pipe
//!
//! | what | from |
//! |---|---|
//! | one value, once | [`oneshot()`] |
//! | each value to every receiver; who is slow is waited for or loses values | [`broadcast()`], [`broadcast::with_lag`] |
//! | the latest value | [`watch()`] |
//! | many channels into one | [`merge`] |
//! | each value to one of several workers | clones of the [`Receiver`]: that is all there is to a fan-out |
//! | each value to one of several receivers, by a key | [`partition`] |
//! | each value to several plain receivers | [`tee`] |
//! | work on each value, several at a time | [`stage::ordered`], [`stage::unordered`] |

mod merge;
mod split;
pub mod stage;

pub use merge::merge;
pub use split::{partition, tee};

pub use gaggle_chan::chan::{broadcast, oneshot, watch};

pub use gaggle_chan::chan::{
    Closed, IntoIter, Iter, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError,
    TrySendError, bounded, never, unbounded,
};
