//! A goroutine that has a thread of its own: no other thread polls it or drops its future, so the future need not be `Send`.
//!
//! Its allocation is that of any goroutine, with the parker of its thread behind.
//! It is in no run queue: whoever has set `SCHEDULED` gives the right to the future away by a permit of that parker.
//!
//! **Invariant O1**: a goroutine with the flag `LOCKED` was allocated as a [`LockedTask`] for its future.
//! **Invariant O2**: its parker gets a permit only from [`hand_over`], so each permit is the right to the future, once. Its thread has that right from birth to the end of a poll that parks, and again from each permit on.

use super::flags::Flags;
use super::header::{Birth, Header, TaskRef};
use super::raw::{self, Task, Vtable};
use gaggle_base::blocked;
use gaggle_base::park::Parker;
use gaggle_base::wait::Who;
use std::ptr::NonNull;

/// How long the thread looks for its permit before it sleeps: a futex round trip costs more than a hand-over between two CPUs.
const SPINS: u32 = 400;

/// A `Task` comes first, so whatever works on a `Task<F>` works on this.
#[repr(C)]
struct LockedTask<F: Future> {
    task: Task<F>,
    parker: Parker,
}

/// A new goroutine with a thread of its own that is yet to be started; born `SCHEDULED`, and the right to the future is the thread's.
/// It has a reference for the live list, one for the handle, and one that is the [`OwnThread`].
///
/// # Safety
/// What is in `future` before its first poll may be sent to another thread. All polls are on one thread, and once there was one the future is dropped there too.
pub(crate) unsafe fn allocate_locked<F>(future: F, birth: Birth) -> OwnThread
where
    F: Future + 'static,
    F::Output: Send + 'static,
{
    let vtable = const { &Vtable::with_parker::<F>(free_as::<F>, parker_of::<F>) };
    let header = Header::new(vtable, Flags::locked(), birth);
    header.state.acquire();
    let task = Box::new(LockedTask {
        task: Task::new(header, future),
        parker: Parker::new(),
    });
    OwnThread(TaskRef(NonNull::from(Box::leak(task)).cast::<Header>()))
}

unsafe fn free_as<F: Future>(task: TaskRef) {
    // SAFETY: it was allocated as this (O1), the caller gave up the last reference, and the stage is empty; the union in it drops nothing by itself.
    drop(unsafe { Box::from_raw(task.0.as_ptr().cast::<LockedTask<F>>()) });
}

unsafe fn parker_of<F: Future>(task: TaskRef) -> NonNull<Parker> {
    // SAFETY: it was allocated as this (O1), and the caller says that it is alive.
    NonNull::from(unsafe { &task.0.cast::<LockedTask<F>>().as_ref().parker })
}

/// # Safety
/// `task` has the flag `LOCKED`, and its allocation outlives `'a`.
unsafe fn parker<'a>(task: TaskRef) -> &'a Parker {
    // SAFETY: the caller's promise.
    unsafe { (task.header().vtable.parker)(task).as_ref() }
}

/// Gives a goroutine to its own thread, which polls or cancels it.
///
/// # Safety
/// `task` has the flag `LOCKED`, and the caller has just set `SCHEDULED`.
#[cold]
pub(crate) unsafe fn hand_over(task: TaskRef) {
    // SAFETY: it is not done, and nobody else can end it before the permit is there; from then on our own reference keeps the allocation, of which waking the thread still needs the parker.
    unsafe {
        let state = &task.header().state;
        state.acquire();
        parker(task).unpark();
        if state.release() {
            raw::free(task);
        }
    }
}

/// What the thread of a goroutine holds: one of its references.
pub(crate) struct OwnThread(TaskRef);

impl OwnThread {
    pub(crate) fn task(&self) -> TaskRef {
        self.0
    }

    fn header(&self) -> &Header {
        // SAFETY: our reference keeps the allocation alive.
        unsafe { self.0.header() }
    }

    pub(crate) fn is_done(&self) -> bool {
        self.header().state.is_done()
    }

    /// Has the next poll be a cancellation. For the thread while it has the right to the future.
    pub(crate) fn abort(&self) {
        let queue = self.header().state.abort();
        debug_assert!(!queue, "the thread had no right to the future");
    }

    /// Waits until the right to the future is given to this thread again, which has just parked the goroutine `who`.
    pub(crate) fn wait(&self, who: Who) {
        // SAFETY: it was made by `allocate_locked`, and our reference keeps it alive.
        let parker = unsafe { parker(self.0) };
        if !parker.spin(SPINS) {
            blocked::sleep_on(parker, who, self.header().wait.get());
        }
    }
}

impl Drop for OwnThread {
    fn drop(&mut self) {
        // SAFETY: the thread's reference is given up here, once.
        unsafe {
            if self.header().state.release() {
                raw::free(self.0);
            }
        }
    }
}

#[cfg(all(test, loom))]
#[path = "locked_loom.rs"]
mod loom_tests;
