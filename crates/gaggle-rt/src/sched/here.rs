//! What the calling thread is: which worker or whose own thread, and which goroutine it polls.
//!
//! The pointer to the worker is set for as long as the worker is on the stack of its thread (see `Worker::main`), and does not leave this file.

use super::shared::Shared;
use super::worker::Worker;
use crate::task::{GoId, TaskRef, run};
use crate::time::wheel::Wheel;
use gaggle_base::context;
use gaggle_base::steps;
use gaggle_base::sync::Ordering;
use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::{self, NonNull};
use std::sync::Arc;

thread_local! {
    static CURRENT: Cell<*const Worker> = const { Cell::new(ptr::null()) };
    /// The runtime of the goroutine whose own thread this is; null: it is nobody's. It is compared and never followed.
    static OWN_OF: Cell<*const Shared> = const { Cell::new(ptr::null()) };
}

/// Says which worker this thread is; null: none.
///
/// # Safety
/// The worker stays where it is until this is called again.
pub(super) unsafe fn set_current(worker: *const Worker) {
    CURRENT.set(worker);
}

/// Polls a goroutine on this thread, whoever drives it. Says whether it is to be queued again.
///
/// # Safety
/// The caller took it from a queue of `shared`, or is its own thread and was given it, and so is its runner.
#[inline]
pub(super) unsafe fn poll_here(task: TaskRef, shared: &Shared) -> bool {
    // SAFETY: it is not done, so its header is alive; the record is uninstalled before anyone but `run` could free it, and `run` does not use it after that.
    unsafe {
        let header = task.header();
        let outer = context::enter_task(&raw const header.wait);
        context::refill();
        let again = run(task, shared);
        context::enter_task(outer);
        again
    }
}

/// As [`poll_here`], on a thread that is driven: each operation asks first.
///
/// # Safety
/// As for `poll_here`.
pub(super) unsafe fn poll_driven(task: TaskRef, shared: &Shared) -> bool {
    // SAFETY: as in `poll_here`.
    unsafe {
        let header = task.header();
        let outer = context::enter_task(&raw const header.wait);
        context::drain();
        let again = run(task, shared);
        context::enter_task(outer);
        again
    }
}

/// The worker that this thread is.
#[inline(always)]
fn current<'a>() -> Option<&'a Worker> {
    // SAFETY: the pointer is set while the worker is on this thread's stack, and the reference does not leave the functions of this file, which run on that thread.
    unsafe { CURRENT.get().as_ref() }
}

/// Queues a goroutine on the worker that this thread is, to run next. `false` if it is no worker of that runtime that could run it soon.
#[inline]
pub(super) fn schedule_here(task: TaskRef, shared: NonNull<Shared>) -> bool {
    match current() {
        Some(w) if w.serves(shared) => {
            w.queue_woken(task);
            true
        }
        _ => false,
    }
}

/// Queues a new goroutine on the worker that this thread is, behind the others.
#[inline]
pub(super) fn queue_here(task: TaskRef, shared: NonNull<Shared>) -> bool {
    match current() {
        Some(w) if w.serves(shared) => {
            w.queue_new(task);
            true
        }
        _ => false,
    }
}

/// A number for a new goroutine, and the shard for it, if this thread is a worker of `shared`.
#[inline]
pub(super) fn identity(shared: &Arc<Shared>) -> Option<(u64, u16)> {
    let w = current().filter(|w| Arc::ptr_eq(&w.shared, shared))?;
    Some((w.next_id(), w.number as u16))
}

/// Lets `link` put a timer into the wheel that this worker keeps; gives `link` back if there is none.
pub(super) fn with_own_wheel<F: FnOnce(&'static Wheel) -> bool>(link: F) -> Option<F> {
    let Some(w) = current() else {
        return Some(link);
    };
    let Some(seat) = w.seat() else {
        return Some(link);
    };
    if w.shared.is_closing() {
        return Some(link);
    }
    let wheel = w.shared.wheels[seat];
    // We look at it before we sleep, and every few turns before that. Whoever takes our seat away looks at it too.
    let early = link(wheel);
    if (early && w.seat() != Some(seat)) || w.shared.is_closing() {
        // The seat went while we linked: whoever took it may have looked at the wheel before.
        w.shared.look_after(seat);
    }
    None
}

/// Calls `f` with the runtime that this thread is a worker of; gives `f` back if it is none.
#[inline]
pub(crate) fn with_current_shared<R, F: FnOnce(&Arc<Shared>) -> R>(f: F) -> Result<R, F> {
    match current() {
        Some(w) => Ok(f(&w.shared)),
        None => Err(f),
    }
}

/// Does this thread run goroutines: as a worker, or as a goroutine's own thread?
pub(crate) fn runs_goroutines() -> bool {
    current().is_some() || !OWN_OF.get().is_null() || steps::is_driven()
}

/// Does this thread run goroutines of that runtime?
pub(crate) fn runs_goroutines_of(shared: &Arc<Shared>) -> bool {
    current().is_some_and(|w| Arc::ptr_eq(&w.shared, shared))
        || ptr::eq(OWN_OF.get(), Arc::as_ptr(shared))
}

/// Says that this thread is a goroutine's own, in that runtime, until the guard is dropped.
pub(super) fn be_own_thread_in(shared: &Arc<Shared>) -> OwnOf {
    OWN_OF.set(Arc::as_ptr(shared));
    OwnOf(PhantomData)
}

/// See [`be_own_thread_in`]. Stays on its thread.
pub(super) struct OwnOf(PhantomData<*const ()>);

impl Drop for OwnOf {
    fn drop(&mut self) {
        OWN_OF.set(ptr::null());
    }
}

/// The goroutine that this thread runs.
pub(crate) fn current_task() -> Option<GoId> {
    let who = context::current();
    (!who.is_nobody()).then(|| GoId(who.id()))
}

/// A panic has begun on this thread.
pub(crate) fn note_panic() {
    with_current(|w| {
        let slot = w.slot();
        let turn = slot.turn.load(Ordering::Relaxed);
        slot.panicking.store(turn, Ordering::SeqCst);
    });
}

/// Calls `f` with the worker that this thread is.
pub(super) fn with_current<R>(f: impl FnOnce(&Worker) -> R) -> Option<R> {
    current().map(f)
}
