//! The allocation of one goroutine, and the functions that know its future's type.
//!
//! **Invariant R1**: until `DONE` the stage holds the future; after it the stage holds what `outcome` says.
//! **Invariant R2**: the stage is touched by the runner until `DONE`, and by the owner of the outcome after it (see `README.md`).

use super::flags::Flags;
use super::header::{Birth, Header, Outcome, TaskRef};
use super::joiner::Joiner;
use super::state::{Completion, End, Start};
use super::waker;
use crate::runtime::panics;
use crate::sched::{self, Shared};
use gaggle_base::park::Parker;
use gaggle_base::sync::Cell;
use std::any::Any;
use std::mem::ManuallyDrop;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::ptr::{self, NonNull};
use std::task::Context;

type Payload = Box<dyn Any + Send>;

/// The functions that depend on the type of the future.
pub(super) struct Vtable {
    /// Polls once; `true` when the future is gone and the outcome is stored.
    poll: unsafe fn(TaskRef) -> bool,
    /// Drops the future; the outcome becomes `Aborted`, or `Panic` if the drop panics.
    cancel: unsafe fn(TaskRef),
    /// Moves the value to where the pointer says.
    pub(super) take_value: unsafe fn(TaskRef, *mut ()),
    /// Drops the value in place.
    drop_value: unsafe fn(TaskRef),
    /// Frees the allocation; the stage is empty.
    free: unsafe fn(TaskRef),
    /// Where the stage is: the payload of a panic lies there.
    stage: unsafe fn(TaskRef) -> *mut Payload,
    /// Where its own thread sleeps; only for a goroutine that has one.
    pub(super) parker: unsafe fn(TaskRef) -> NonNull<Parker>,
}

impl Vtable {
    /// Of a goroutine that was allocated as a `Task<F>`.
    pub(super) const fn of<F: Future>() -> Self {
        Self {
            poll: poll::<F>,
            cancel: drop_future::<F>,
            take_value: take_value::<F>,
            drop_value: drop_value_as::<F>,
            free: free_as::<F>,
            stage: stage_of::<F>,
            parker: no_parker,
        }
    }

    /// Of one that was allocated as more than that, with a `Task<F>` as its first part.
    pub(super) const fn with_parker<F: Future>(
        free: unsafe fn(TaskRef),
        parker: unsafe fn(TaskRef) -> NonNull<Parker>,
    ) -> Self {
        Self {
            free,
            parker,
            ..Self::of::<F>()
        }
    }
}

union Stage<F: Future> {
    future: ManuallyDrop<F>,
    value: ManuallyDrop<F::Output>,
    panic: ManuallyDrop<Payload>,
}

/// The whole of one goroutine.
#[repr(C)]
pub(super) struct Task<F: Future> {
    pub(super) header: Header,
    stage: Cell<Stage<F>>,
}

impl<F: Future> Task<F> {
    #[inline]
    pub(super) fn new(header: Header, future: F) -> Self {
        Self {
            header,
            stage: Cell::new(Stage {
                future: ManuallyDrop::new(future),
            }),
        }
    }
}

/// A new goroutine, born `SCHEDULED`, with a reference for the live list and one for the handle.
#[inline]
pub(crate) fn allocate<F>(future: F, birth: Birth) -> TaskRef
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let vtable = const { &Vtable::of::<F>() };
    let header = Header::new(vtable, Flags::none(), birth);
    let task = Box::new(Task::new(header, future));
    TaskRef(NonNull::from(Box::leak(task)).cast::<Header>())
}

/// # Safety
/// `task` was allocated for an `F` and is alive.
#[inline(always)]
unsafe fn stage<F: Future>(task: TaskRef) -> *mut Stage<F> {
    // SAFETY: the caller's promise; `Header` is the first field of the `repr(C)` struct `Task<F>`.
    unsafe { task.0.cast::<Task<F>>().as_ref() }
        .stage
        .with_mut(|p| p)
}

unsafe fn poll<F: Future>(task: TaskRef) -> bool {
    // SAFETY: the caller is the runner, so the stage holds the future (R1) and is ours (R2); the future is pinned because the allocation never moves and drops it in place.
    let polled = unsafe {
        let stage = stage::<F>(task);
        let waker = waker::borrowed(task);
        catch_unwind(AssertUnwindSafe(|| {
            Pin::new_unchecked(&mut *(*stage).future).poll(&mut Context::from_waker(&waker))
        }))
    };
    let result = match polled {
        Ok(std::task::Poll::Pending) => return false,
        Ok(std::task::Poll::Ready(value)) => Ok(value),
        Err(payload) => Err(payload),
    };
    // SAFETY: we are the runner, and the future has had its last poll.
    unsafe { finish::<F>(task, result) };
    true
}

/// Drops the future, then stores the result; a panic in the drop takes the place of a value.
///
/// # Safety
/// The caller is the runner, the stage holds the future, and it is not polled again.
unsafe fn finish<F: Future>(task: TaskRef, result: Result<F::Output, Payload>) {
    // SAFETY: the caller's promise; after `drop` the stage is empty and may be overwritten.
    unsafe {
        let stage = stage::<F>(task);
        let dropped = catch_unwind(AssertUnwindSafe(|| {
            ManuallyDrop::drop(&mut (*stage).future);
        }));
        let result = match (result, dropped) {
            (Ok(value), Err(payload)) => {
                // The value's own drop may panic as well; one report is enough.
                let _ = catch_unwind(AssertUnwindSafe(|| drop(value)));
                Err(payload)
            }
            (result, _) => result,
        };
        let outcome = match result {
            Ok(value) => {
                (*stage).value = ManuallyDrop::new(value);
                Outcome::Value
            }
            Err(payload) => {
                stage_of::<F>(task).write(payload);
                Outcome::Panic
            }
        };
        set_outcome(task, outcome);
    }
}

unsafe fn drop_future<F: Future>(task: TaskRef) {
    // SAFETY: the caller is the runner, so the stage holds the future and is ours (R1, R2).
    unsafe {
        let stage = stage::<F>(task);
        match catch_unwind(AssertUnwindSafe(|| {
            ManuallyDrop::drop(&mut (*stage).future);
        })) {
            Ok(()) => set_outcome(task, Outcome::Aborted),
            Err(payload) => {
                stage_of::<F>(task).write(payload);
                set_outcome(task, Outcome::Panic);
            }
        }
    }
}

unsafe fn take_value<F: Future>(task: TaskRef, into: *mut ()) {
    // SAFETY: the caller owns the outcome, which is a value (R1, R2), and `into` points to room for an `F::Output`.
    unsafe {
        into.cast::<F::Output>()
            .write(ManuallyDrop::take(&mut (*stage::<F>(task)).value));
    };
}

unsafe fn drop_value_as<F: Future>(task: TaskRef) {
    // SAFETY: the caller owns the outcome, which is a value (R1, R2).
    unsafe { ManuallyDrop::drop(&mut (*stage::<F>(task)).value) };
}

unsafe fn free_as<F: Future>(task: TaskRef) {
    // SAFETY: the caller gave up the last reference, and the stage is empty; the union drops nothing by itself.
    drop(unsafe { Box::from_raw(task.0.as_ptr().cast::<Task<F>>()) });
}

unsafe fn no_parker(_task: TaskRef) -> NonNull<Parker> {
    unreachable!("only a goroutine with the flag `LOCKED` is asked for its parker");
}

unsafe fn stage_of<F: Future>(task: TaskRef) -> *mut Payload {
    // SAFETY: the caller's promise that the task is alive.
    unsafe { (&raw mut (*stage::<F>(task)).panic).cast::<Payload>() }
}

/// # Safety
/// The caller may write the outcome (R2).
unsafe fn set_outcome(task: TaskRef, outcome: Outcome) {
    // SAFETY: the caller's promise.
    unsafe { task.header().outcome.with_mut(|o| *o = outcome) };
}

/// # Safety
/// The caller owns the outcome (R2). Afterwards the stage holds nothing that the caller has not moved out.
pub(super) unsafe fn take_outcome(task: TaskRef) -> Outcome {
    // SAFETY: the caller's promise.
    unsafe {
        task.header()
            .outcome
            .with_mut(|o| ptr::replace(o, Outcome::None))
    }
}

/// # Safety
/// The caller owns the outcome, and `take_outcome` has just said `Panic`.
pub(super) unsafe fn take_panic(task: TaskRef) -> Payload {
    // SAFETY: the caller's promise.
    unsafe { (task.header().vtable.stage)(task).read() }
}

/// Drops a value in place.
///
/// # Safety
/// The caller owns the outcome, and `take_outcome` has just said `Value`.
pub(super) unsafe fn drop_value(task: TaskRef) {
    // SAFETY: the caller's promise.
    unsafe { (task.header().vtable.drop_value)(task) };
}

/// Drops an outcome that nobody will look at; a panic is raised out of `block_on`.
///
/// # Safety
/// The caller owns the outcome.
pub(super) unsafe fn drop_outcome(task: TaskRef, shared: &Shared) {
    // SAFETY: the caller's promise.
    unsafe {
        let header = task.header();
        match take_outcome(task) {
            Outcome::None | Outcome::Aborted => {}
            Outcome::Value => {
                let dropped = catch_unwind(AssertUnwindSafe(|| drop_value(task)));
                if let Err(payload) = dropped {
                    panics::raise(shared, header.id(), header.spawned_at, payload);
                }
            }
            Outcome::Panic => {
                panics::raise(shared, header.id(), header.spawned_at, take_panic(task));
            }
        }
    }
}

/// # Safety
/// The last reference was given up.
pub(super) unsafe fn free(task: TaskRef) {
    // SAFETY: the caller's promise.
    unsafe { (task.header().vtable.free)(task) };
}

/// Polls a goroutine that was taken from a run queue. Says whether it is to be queued again.
///
/// # Safety
/// The caller took it from a queue of `shared`, and so is its runner.
#[inline]
pub(crate) unsafe fn run(task: TaskRef, shared: &Shared) -> bool {
    // SAFETY: the caller is the runner: the header is alive until `complete`, and the future is ours.
    unsafe {
        let header = task.header();
        match header.state.start_poll() {
            Start::Poll => {
                if !(header.vtable.poll)(task) {
                    return header.state.end_poll() == End::Again;
                }
            }
            Start::Cancel => (header.vtable.cancel)(task),
        }
        complete(task, shared);
    }
    false
}

/// Cancels a goroutine instead of polling it.
///
/// # Safety
/// As for `run`.
pub(crate) unsafe fn cancel(task: TaskRef, shared: &Shared) {
    // SAFETY: the caller is the runner.
    unsafe {
        (task.header().vtable.cancel)(task);
        complete(task, shared);
    }
}

/// # Safety
/// The caller is the runner, and the outcome is stored.
unsafe fn complete(task: TaskRef, shared: &Shared) {
    // SAFETY: we are the runner; the live list's reference keeps the header until `release`, and is ours to give up once the goroutine has left the list.
    unsafe {
        let header = task.header();
        sched::leave_live_list(task, shared);
        let free = if header.state.has_handle() {
            let Completion { handle, joiner } = header.state.complete();
            if joiner {
                header
                    .joiner
                    .with_mut(|j| ptr::replace(j, Joiner::NONE))
                    .wake();
            }
            if !handle {
                drop_outcome(task, shared);
            }
            header.state.release()
        } else {
            drop_outcome(task, shared);
            header.state.complete_detached()
        };
        if free {
            self::free(task);
        }
    }
}
