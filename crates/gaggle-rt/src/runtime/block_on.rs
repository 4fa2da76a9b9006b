//! Waiting for a future on a thread.

use super::enter::{current_or_default, enter};
use super::panics;
use crate::sched::{self, Shared};
use gaggle_base::thread::{wait_for, wait_for_or};
use std::sync::Arc;

/// Waits for `future` on the calling thread, and gives its output.
///
/// The future is polled on this thread, so it need not be `Send` and may borrow. What it starts with [`go`](crate::go) runs on workers.
/// A program's inner loops belong into goroutines: handing a value from a worker to this thread and back costs a switch between threads.
///
/// Outside a goroutine the default runtime is used, or the one that the thread is inside of already.
///
/// # Blocking
/// It may be called in a goroutine too: the worker's other goroutines move to another thread first.
///
/// # Panics
/// When `future` panics; and when a goroutine panicked whose handle was dropped, with that panic, at once (semantics.md T20).
/// A `block_on` inside a goroutine leaves such a panic to the outermost one.
///
/// # Examples
/// ```
/// let text = String::from("borrowed");
/// let len = gaggle_rt::block_on(async { text.len() });
/// assert_eq!(len, 8);
/// ```
pub fn block_on<F: Future>(future: F) -> F::Output {
    if sched::runs_goroutines() {
        return wait_for(future);
    }
    block_on_in(&current_or_default(), future)
}

/// See [`block_on`].
pub(super) fn block_on_in<F: Future>(shared: &Arc<Shared>, future: F) -> F::Output {
    let _entered = enter(shared.clone());
    let _guard = shared.thread_guard();
    if sched::runs_goroutines() {
        return wait_for(future);
    }
    let mut registration = None;
    let result = wait_for_or(future, Ok, |waker| {
        // First become one of those who are woken by a panic, then look whether there has been one.
        registration.get_or_insert_with(|| panics::Registration::new(shared, waker.clone()));
        shared.panics.take().map(Err)
    });
    drop(registration);
    let result = match (result, shared.panics.take()) {
        (Ok(_), Some(raise @ panics::Raise::Panic(_))) => Err(raise),
        (result, _) => result,
    };
    result.unwrap_or_else(|raise| raise.raise())
}
