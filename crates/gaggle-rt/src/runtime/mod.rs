//! Runtimes: how one is built, entered and ended.
//!
//! | file | what it holds |
//! |---|---|
//! | `builder.rs` | [`Builder`], [`OnPanic`], how many workers |
//! | `handle.rs` | [`Runtime`], [`Handle`] |
//! | `guard.rs` | what each thread holds while it polls |
//! | `metrics.rs` | [`Metrics`]: what a runtime has counted |
//! | `histogram.rs` | [`Histogram`], and how a worker fills one |
//! | `prometheus.rs` | metrics as text |
//! | `block_on.rs` | waiting for a future on a thread |
//! | `enter.rs` | which runtime a thread belongs to; the default one |
//! | `ending.rs` | the end of `main` |
//! | `panics.rs` | panics that nobody took from a handle |

mod block_on;
mod builder;
mod ending;
mod enter;
pub(crate) mod guard;
mod handle;
mod histogram;
mod metrics;
pub(crate) mod panics;
mod prometheus;

pub use block_on::block_on;
pub use builder::{Builder, OnDeadlock, OnPanic};
#[doc(hidden)]
pub use ending::{end_of_main, main_left, note_panics};
pub(crate) use enter::{default_runtime, enter, is_inside, with_runtime};
pub use handle::{Handle, Runtime};
pub use histogram::Histogram;
pub(crate) use histogram::Recorder;
pub use metrics::Metrics;

pub use crate::inspect::names::{WithLabel, label, set_label, set_name, with_label};
pub use crate::inspect::{
    About, Dump, GoState, Goroutine, LeakCheck, Leaks, Object, RuntimeDump, Source, Thread, Tree,
    Worker, WorkerState, dump, dump_all, explain, leak_check, leaks,
};
pub use crate::sched::Stragglers;
pub use crate::task::GoId;

use crate::sched;

/// How many goroutines of the current runtime are alive (semantics.md RT-01).
///
/// The current runtime is the one that the calling goroutine runs on, or that the thread is inside of with `block_on`, or else the default one.
#[must_use]
pub fn num_goroutines() -> usize {
    with_runtime(|shared| shared.live.count())
}

/// How many workers the current runtime has (semantics.md GO-15).
#[must_use]
pub fn num_workers() -> usize {
    with_runtime(|shared| shared.config.workers)
}

/// The number of the goroutine that calls this; `None` outside.
///
/// # Examples
/// ```
/// assert_eq!(gaggle_rt::runtime::current_id(), None);
/// let id = gaggle_rt::go(async { gaggle_rt::runtime::current_id() });
/// let expected = id.id();
/// assert_eq!(id.join_blocking().unwrap(), Some(expected));
/// ```
#[must_use]
pub fn current_id() -> Option<GoId> {
    sched::current_task()
}
