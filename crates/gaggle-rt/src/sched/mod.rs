//! The scheduler: M goroutines on N workers (semantics.md GO).
//!
//! | file | what it holds |
//! |---|---|
//! | `ring.rs` | a worker's run queue, which others may steal from |
//! | `inject.rs` | the queue for what no worker has |
//! | `live.rs` | the list of live goroutines |
//! | `idle.rs` | who sleeps, who searches, whom to wake |
//! | `slot.rs` | what others may see of a worker |
//! | `worker.rs` | a worker: take a goroutine, run it, again |
//! | `samples.rs` | which goroutines are timed |
//! | `metrics.rs` | what all of them have counted |
//! | `here.rs` | what the calling thread is: which worker, which goroutine |
//! | `locked.rs` | goroutines that have a thread of their own |
//! | `search.rs` | a worker without work: steal, spin, sleep |
//! | `seats.rs` | how many workers are active: blocking hand-off, spare threads |
//! | `monitor.rs` | the thread that notices workers that are stuck in one poll |
//! | `descriptors.rs` | who asks the system about file descriptors, and when |
//! | `balance.rs` | spread the work over the workers, or gather it on one? |
//! | `shared.rs` | what all of them share: one runtime |
//! | `stepped/` | the other way to drive a runtime: one thread, virtual time, every choice asked for |
//! | `shutdown.rs` | the end of a runtime |
//!
//! This module runs goroutines and does not know what they wait for.
//! The protocols are in `README.md`.

mod balance;
mod descriptors;
mod here;
mod idle;
mod inject;
mod live;
mod locked;
mod metrics;
mod monitor;
mod ring;
mod samples;
mod search;
mod seats;
mod shared;
mod shutdown;
mod slot;
pub mod stepped;
mod worker;

pub(crate) use here::{
    current_task, note_panic, runs_goroutines, runs_goroutines_of, with_current_shared,
};
pub(crate) use shared::{Config, Shared};
pub use shutdown::Stragglers;
pub(crate) use slot::Slot;

pub(crate) use worker::wake;

use crate::runtime;
use crate::task::{TaskRef, hand_over};
use crate::time::wheel::Wheel;
use std::sync::Arc;

/// Calls `f` with the runtime of the goroutine that this thread polls.
pub(crate) fn with_own_runtime<R>(f: impl FnOnce(&Arc<Shared>) -> R) -> R {
    match with_current_shared(f) {
        Ok(r) => r,
        // A goroutine on a thread of its own.
        Err(f) => runtime::with_runtime(f),
    }
}

/// Queues a goroutine that has just become runnable, or gives it to its own thread.
///
/// # Safety
/// The caller has just set `SCHEDULED` (or holds the right from a queue), so the goroutine is alive, its runtime is, and nobody else queues it.
#[inline]
pub(crate) unsafe fn schedule(task: TaskRef) {
    // SAFETY: the caller's promise: it is not done, so header and runtime are alive.
    let header = unsafe { task.header() };
    if header.flags.is_locked() {
        // SAFETY: the caller's promise, and it has the flag.
        unsafe { hand_over(task) };
        return;
    }
    let shared = header.shared;
    if !here::schedule_here(task, shared) {
        // SAFETY: the runtime cannot end before this goroutine has been taken from a queue, so its count is not zero;
        // the count that we add keeps it alive after the push.
        let shared = unsafe {
            Arc::increment_strong_count(shared.as_ptr());
            Arc::from_raw(shared.as_ptr().cast_const())
        };
        if let Some(stepping) = &shared.config.stepping {
            stepping.woken(&shared);
            shared.injector.push(task);
            return;
        }
        // SAFETY: as above; nobody can take it before the push.
        shared.time_from_outside(unsafe { task.header() });
        shared.injector.push(task);
        shared.notify();
    }
}

/// A goroutine is about to be done.
///
/// # Safety
/// The caller is its runner, and it is in the live list of `shared`.
pub(crate) unsafe fn leave_live_list(task: TaskRef, shared: &Shared) {
    // SAFETY: the caller's promise.
    unsafe {
        shared.live.remove(task);
        shared.names.forget(task.header().id().as_u64());
    }
}

/// Lets `link` put a timer into a wheel of that runtime. One that has ended makes it an orphan at once.
pub(crate) fn with_wheel_of(shared: &Arc<Shared>, link: impl FnOnce(&'static Wheel) -> bool) {
    let ours = with_current_shared(|own| Arc::ptr_eq(own, shared)).unwrap_or(false);
    if !ours {
        return shared.with_any_wheel(link);
    }
    if let Some(link) = here::with_own_wheel(link) {
        shared.with_any_wheel(link);
    }
}

/// Lets `link` put a timer into the wheel of this worker, or of the runtime that this thread belongs to.
pub(crate) fn with_wheel(link: impl FnOnce(&'static Wheel) -> bool) {
    let Some(link) = here::with_own_wheel(link) else {
        return;
    };
    runtime::with_runtime(|shared| {
        if shared.is_closing() {
            // Nobody looks after its wheels any more.
            runtime::default_runtime().with_any_wheel(link);
        } else {
            shared.with_any_wheel(link);
        }
    });
}
