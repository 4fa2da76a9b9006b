//! Channels: typed pipes between goroutines (semantics.md CH, CL, RX).
//!
//! * Capacity 0 is a rendezvous: a send completes when a receiver has the value. Otherwise a send completes when the value is in the buffer.
//! * Waiting senders and waiting receivers are served first come, first served.
//! * A channel is closed by [`Sender::close`] or by the drop of its last sender; what is buffered is still received.
//!   When its last receiver is dropped, sends fail and give the value back.
//! * All futures are cancel-safe: dropping one loses no value and no wake-up.
//! * Channels need no runtime: they also work between plain threads (`*_blocking`) and under other executors.

pub use gaggle_chan::chan::{
    IntoIter, Iter, Receiver, Recv, RecvError, Send, SendError, Sender, TryRecvError, TrySendError,
    bounded, never, unbounded,
};
