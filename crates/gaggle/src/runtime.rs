//! Runtimes: how one is built, entered and ended. Most programs need none of this.

pub use gaggle_rt::runtime::{
    Builder, GoId, Handle, Histogram, Metrics, OnPanic, Runtime, Stragglers, current_id,
    num_goroutines, num_workers,
};
