//! Waiting for file descriptors: a goroutine parks until its descriptor may be read or written.
//!
//! | file | what it holds |
//! |---|---|
//! | `poller.rs` | the system's side: one epoll, a timer and an event to interrupt it |
//! | `source.rs` | one descriptor: is it ready, and who waits for it |
//! | `reactor.rs` | all descriptors of a runtime, and who asks the system about them |
//! | `registered.rs` | [`Registered`]: a descriptor and its operations |
//!
//! Which worker asks, and why no event is lost, is in `README.md`.
//! This module must not know what a socket is.

mod poller;
mod reactor;
mod registered;
mod source;

pub(crate) use reactor::{Reactor, Turn};
pub use registered::Registered;
pub use source::Direction;
