//! One goroutine: a header and a future in one allocation.
//!
//! | file | what it holds |
//! |---|---|
//! | `state.rs` | the state word: its bits, who sets each, one function per transition |
//! | `header.rs` | what every goroutine carries, whatever its future is |
//! | `flags.rs` | what kind of goroutine it is: bits that are set at birth |
//! | `raw.rs` | the allocation, and the functions that know the future's type |
//! | `locked.rs` | the allocation of one that has a thread of its own, and how that thread is given it |
//! | `waker.rs` | a goroutine as a `std::task::Waker` |
//! | `joiner.rs` | the waker of whoever awaits the handle, in one word |
//! | `join.rs` | [`JoinHandle`] and [`JoinError`] |
//!
//! The protocol and its argument are in `README.md`.
//! This module must not know how goroutines are queued: it calls `sched::schedule` with one that has become runnable, and is called with one to run.

mod flags;
mod header;
mod join;
mod joiner;
mod locked;
mod raw;
mod state;
mod waker;

pub use header::GoId;
pub(crate) use header::{Birth, Header, TaskRef};
pub use join::{JoinError, JoinHandle};
pub(crate) use locked::{OwnThread, allocate_locked, hand_over};
pub(crate) use raw::{allocate, cancel, run};
pub(crate) use state::Look;
#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) use waker::has_ended;
pub(crate) use waker::{abort_current, declare, hold};
