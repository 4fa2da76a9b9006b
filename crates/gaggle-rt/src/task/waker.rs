//! A goroutine as a `std::task::Waker`: a pointer to its header, counted in the state word.

use super::header::{Header, TaskRef};
use super::raw;
use super::state::WakeOutcome;
use crate::sched;
use std::mem::ManuallyDrop;
use std::ptr::NonNull;
use std::task::{RawWaker, RawWakerVTable, Waker};

/// The functions neither block nor panic nor call foreign code, as `gaggle_base::waker` asks.
static VTABLE: RawWakerVTable = RawWakerVTable::new(clone, wake, wake_by_ref, drop_waker);

/// Tells wait lists that this kind of waker may be cloned under a lock.
pub(crate) fn declare() {
    gaggle_base::waker::declare_goroutine_vtable(&VTABLE);
}

/// The waker for one poll: it borrows the runner's right to the goroutine and counts nothing.
///
/// # Safety
/// The goroutine outlives the use of the waker; clones count for themselves.
#[inline(always)]
pub(super) unsafe fn borrowed(task: TaskRef) -> ManuallyDrop<Waker> {
    // SAFETY: the vtable's functions expect a pointer to a live header; `ManuallyDrop` keeps the uncounted reference from being released.
    ManuallyDrop::new(unsafe { Waker::new(task.as_ptr().cast_const().cast(), &VTABLE) })
}

/// The goroutine behind `waker`, if it is one.
pub(super) fn goroutine(waker: &Waker) -> Option<TaskRef> {
    let header = waker.data().cast_mut().cast::<Header>();
    std::ptr::eq(waker.vtable(), &raw const VTABLE)
        .then(|| TaskRef::from_ptr(header))
        .flatten()
}

/// Is it the waker of a goroutine that has ended? Then it is of no use to anybody.
#[cfg(all(target_os = "linux", not(loom)))]
pub(crate) fn has_ended(waker: &Waker) -> bool {
    // SAFETY: a waker's goroutine is alive as long as the waker.
    goroutine(waker).is_some_and(|task| unsafe { task.header() }.is_done())
}

/// Asks the goroutine that this thread polls to end. `false`: there is none.
pub(crate) fn abort_current(waker: &Waker) -> bool {
    let who = gaggle_base::context::current();
    if who.is_nobody() {
        return false;
    }
    if let Some(task) = goroutine(waker) {
        // SAFETY: a waker's goroutine is alive as long as the waker.
        let header = unsafe { task.header() };
        if header.id().as_u64() == who.id() {
            // It is being polled, so it need not be queued.
            let _ = header.state.abort();
            return true;
        }
    }
    // Somebody has put a waker of their own in the place of ours.
    let mut found = false;
    sched::with_own_runtime(|shared| {
        shared.live.for_each(|header, _| {
            if header.id().as_u64() == who.id() {
                let _ = header.state.abort();
                found = true;
            }
        });
    });
    found
}

/// Keeps a goroutine's allocation alive for as long as it lives.
///
/// # Safety
/// The goroutine is not done.
pub(crate) unsafe fn hold(task: TaskRef) -> Waker {
    // SAFETY: the caller's promise; the clone counts for itself.
    Waker::clone(&*unsafe { borrowed(task) })
}

/// The waker that stands for one counted reference to `task`.
///
/// # Safety
/// The reference goes over to the waker.
pub(super) unsafe fn owning(task: TaskRef) -> Waker {
    // SAFETY: the caller's promise.
    unsafe { Waker::new(task.as_ptr().cast_const().cast(), &VTABLE) }
}

/// # Safety
/// `data` is a header that a counted or borrowed waker points to.
#[inline(always)]
unsafe fn task(data: *const ()) -> TaskRef {
    // SAFETY: the caller's promise: it is not null.
    TaskRef(unsafe { NonNull::new_unchecked(data.cast_mut().cast::<Header>()) })
}

unsafe fn clone(data: *const ()) -> RawWaker {
    // SAFETY: a waker's data is a live header.
    unsafe { task(data).header() }.state.acquire();
    RawWaker::new(data, &VTABLE)
}

unsafe fn wake(data: *const ()) {
    // SAFETY: a waker's data is a live header, and this waker's reference is given up in the same step.
    unsafe {
        let task = task(data);
        match task.header().state.wake_by_val() {
            WakeOutcome::Schedule => sched::schedule(task),
            WakeOutcome::Nothing => {}
            WakeOutcome::Free => raw::free(task),
        }
    }
}

unsafe fn wake_by_ref(data: *const ()) {
    // SAFETY: a waker's data is a live header; `true` gives us the right to queue it.
    unsafe {
        let task = task(data);
        if task.header().state.wake_by_ref() {
            sched::schedule(task);
        }
    }
}

unsafe fn drop_waker(data: *const ()) {
    // SAFETY: a waker's data is a live header, and this waker's reference is given up here.
    unsafe {
        let task = task(data);
        if task.header().state.release() {
            raw::free(task);
        }
    }
}
