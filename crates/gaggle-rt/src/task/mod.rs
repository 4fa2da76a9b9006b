//! One goroutine: a header and a future in one allocation.
//!
//! | file | what it holds |
//! |---|---|
//! | `state.rs` | the state word: its bits, who sets each, one function per transition |
//! | `header.rs` | what every goroutine carries, whatever its future is |
//! | `raw.rs` | the allocation, and the functions that know the future's type |
//! | `waker.rs` | a goroutine as a `std::task::Waker` |
//! | `joiner.rs` | the waker of whoever awaits the handle, in one word |
//! | `join.rs` | [`JoinHandle`] and [`JoinError`] |
//!
//! The protocol and its argument are in `README.md`.
//! This module must not know how goroutines are queued: it calls `sched::schedule` with one that has become runnable, and is called with one to run.

mod header;
mod join;
mod joiner;
mod raw;
mod state;
mod waker;

pub use header::GoId;
pub(crate) use header::{Header, TaskRef};
pub use join::{JoinError, JoinHandle};
pub(crate) use raw::{allocate, cancel, run};
pub(crate) use state::Look;
pub(crate) use waker::declare;
