//! gaggle's goroutines, scheduler and timers.
//!
//! | folder | what it holds |
//! |---|---|
//! | `task` | one goroutine: its state, its memory, its handle |
//! | `inspect` | seeing inside: dumps, deadlocks, leaks |
//! | `sched` | workers, queues, sleeping and waking, blocking hand-off |
//! | [`io`] | waiting for file descriptors |
//! | [`time`] | sleeping and time-outs |
//! | [`runtime`] | runtimes: building, entering, ending |
//!
//! This crate must not know what a channel is.
//! It is an implementation detail: depend on the crate `gaggle` instead.

mod go;
mod inspect;
#[cfg(all(target_os = "linux", not(loom)))]
pub mod io;
pub mod runtime;
mod sched;
mod task;
pub mod time;

pub use go::{GoExit, YieldNow, blocking, go, go_locked, goexit, yield_now};
pub use inspect::names::{Named, named};
pub use runtime::block_on;
#[doc(hidden)]
pub use sched::stepped;
pub use task::{JoinError, JoinHandle};
