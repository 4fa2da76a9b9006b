//! Actors: a type with a handler, run as a process.
//!
//! | file | what it holds |
//! |---|---|
//! | `behaviour.rs` | the trait [`Actor`] |
//! | `spawn.rs` | [`spawn`]: starting one |
//! | `run.rs` | the loop: initialisation, messages, signals, the end |
//! | `ctx.rs` | [`Ctx`]: what a handler can ask for |
//! | `timers.rs` | timers, idle and state timeouts, the queues in front of the mailbox |
//! | `addr.rs` | [`Addr`]: where to send to |
//! | `send.rs` | [`Sending`]: a send that waits for room |
//! | `ask.rs`, `reply.rs` | [`Asking`] and [`Reply`]: the two ends of an ask |
//! | `stop.rs` | [`Stopping`]: asking an actor to stop |
//! | `slot.rs` | [`Slot`]: an address that outlives restarts |
//! | `error.rs` | [`SendError`], [`AskError`] |
//!
//! This layer must not know what a supervisor is.

mod addr;
mod ask;
mod behaviour;
mod ctx;
mod error;
mod reply;
mod run;
mod send;
mod slot;
mod spawn;
mod stop;
mod timers;

pub use addr::Addr;
pub use ask::Asking;
pub use behaviour::Actor;
pub use ctx::Ctx;
pub use error::{AskError, SendError};
pub use reply::Reply;
pub use send::Sending;
pub use slot::Slot;
pub use spawn::{Spawn, spawn, spawn_fn};
pub use stop::Stopping;

pub(crate) use spawn::{Options, start};
