//! Runtimes: how one is built, entered and ended. Most programs need none of this.

pub use gaggle_rt::runtime::{
    About, Builder, Dump, GoId, GoState, Goroutine, Handle, Histogram, LeakCheck, Leaks, Metrics,
    Object, OnDeadlock, OnPanic, Runtime, RuntimeDump, Stragglers, Thread, Tree, WithLabel, Worker,
    WorkerState, current_id, dump, dump_all, label, leak_check, leaks, num_goroutines, num_workers,
    set_label, set_name, with_label,
};
