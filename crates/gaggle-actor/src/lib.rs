//! gaggle's actors: OTP's processes and supervision, with Rust's types.
//!
//! Three small layers, each of which can be used without the next:
//!
//! | folder | what it holds | in OTP |
//! |---|---|---|
//! | [`process`] | a goroutine with a mailbox, a control lane, links, monitors and an exit reason | `proc_lib` |
//! | [`actor`] | the trait [`Actor`], addresses, asks, timers, state machines | `gen_server`, `gen_statem` |
//! | [`supervisor`] | what is started, stopped and restarted when, and who drives it | `supervisor` |
//! | [`names`], [`groups`] | who is called what, and who belongs together | `register`, `pg` |
//! | [`testkit`] | probes, crashers, traces | |
//! | `roster.rs` | a table by growing keys | |
//!
//! # Locks
//! All are plain locks of a few dozen instructions, and none is held across an `await`.
//! Where two are taken, the order is: the life of a process (`process/core.rs`), then its mailbox (`process/mailbox.rs`). Wakers are called outside of both.
//!
//! This crate must not know what a worker or a schedule is.
//! It is an implementation detail: depend on the crate `gaggle` instead, where this is `gaggle::actor`.

#![forbid(unsafe_code)]

pub mod actor;
pub mod groups;
pub mod names;
pub mod process;
mod roster;
pub mod supervisor;
pub mod testkit;

pub use actor::{
    Actor, Addr, AskError, Asking, Ctx, Reply, SendError, Sending, Slot, Spawn, Stopping, spawn,
    spawn_fn,
};
pub use groups::{GroupEvent, Groups, NotJoined, Watch};
pub use names::{NameTaken, Registry};
pub use process::{
    Dead, Exit, MonitorId, MonitorRef, Obituary, Overflow, Pid, Signal, dead_letters, on_death,
};
pub use supervisor::{
    ActorChild, AddError, AutoShutdown, Backoff, Child, ChildState, Control, Counts, Dynamic, Info,
    Restart, Running, Shutdown, StartError, Strategy, Supervisor,
};
