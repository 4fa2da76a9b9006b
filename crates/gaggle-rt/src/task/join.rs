//! [`JoinHandle`]: a goroutine's result, and [`JoinError`]: why there is none.

use super::header::{GoId, Outcome, TaskRef};
use super::joiner::Joiner;
use super::raw;
use super::state::HandleDrop;
use crate::runtime::panics;
use crate::sched;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::payload::message_of;
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// A goroutine's result, for whoever wants it.
///
/// Awaiting it gives the value, or says why there is none.
/// It may be ignored, as in Go: dropping it detaches the goroutine and never cancels it (semantics.md RX-05, T1).
/// A panic that nobody takes from the handle is raised out of `block_on` and `main`.
///
/// # Cancel safety
/// Awaiting `&mut handle` may be given up and taken up again: the result stays.
pub struct JoinHandle<T> {
    task: TaskRef,
    _output: PhantomData<fn() -> T>,
}

// SAFETY: the handle takes a `T` out on whichever thread it is, and everything else goes through the state word.
unsafe impl<T: Send> Send for JoinHandle<T> {}
// SAFETY: `&JoinHandle` gives no access to the value.
unsafe impl<T: Send> Sync for JoinHandle<T> {}

impl<T> JoinHandle<T> {
    /// # Safety
    /// `task` has a handle reference that nobody else uses, and its output is a `T`.
    pub(crate) unsafe fn new(task: TaskRef) -> Self {
        Self {
            task,
            _output: PhantomData,
        }
    }

    fn header(&self) -> &super::Header {
        // SAFETY: the handle's reference keeps the allocation alive.
        unsafe { self.task.header() }
    }

    /// The goroutine's number.
    #[must_use]
    pub fn id(&self) -> GoId {
        self.header().id()
    }

    /// Asks the goroutine to end. It ends where it waits next, or before its first step: its future is dropped, and the handle then says [`is_aborted`](JoinError::is_aborted).
    /// Nothing happens if it has ended already.
    pub fn abort(&self) {
        if self.header().state.abort() {
            // SAFETY: `true` gives us the right to queue it, and it is not done.
            unsafe { sched::schedule(self.task) };
        }
    }

    /// Has the goroutine ended, and its future been dropped?
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.header().state.is_done()
    }

    /// Blocks the calling thread until the goroutine has ended.
    ///
    /// # Errors
    /// As for awaiting the handle.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first.
    pub fn join_blocking(self) -> Result<T, JoinError> {
        wait_for(self)
    }

    /// The result of a goroutine that is done.
    fn take(&mut self) -> Result<T, JoinError> {
        let header = self.header();
        let (id, site) = (header.id(), header.spawned_at);
        // SAFETY: it is done and this is its handle, so the outcome is ours, and its value is a `T`.
        unsafe {
            match raw::take_outcome(self.task) {
                Outcome::Value => {
                    let mut value = MaybeUninit::<T>::uninit();
                    (header.vtable.take_value)(self.task, value.as_mut_ptr().cast());
                    Ok(value.assume_init())
                }
                Outcome::Panic => Err(JoinError::panicked(id, site, raw::take_panic(self.task))),
                Outcome::Aborted => Err(JoinError {
                    id,
                    site,
                    cause: Cause::Aborted,
                }),
                Outcome::None => panic!("a JoinHandle was polled after it was ready"),
            }
        }
    }

    /// Leaves `waker` to be called at the end. `false`: the end has come.
    fn leave_waker(&mut self, waker: &Waker) -> bool {
        let state = &self.header().state;
        if state.has_joiner() && !state.unset_joiner() {
            return false;
        }
        // SAFETY: `JOINER` is clear, so the slot is the handle's.
        let slot = unsafe { self.slot() };
        if !slot.holds(waker) {
            *slot = Joiner::clone_of(waker);
        }
        if state.set_joiner() {
            return true;
        }
        // SAFETY: it is done, and `JOINER` was clear when it ended, so the slot is still the handle's.
        *unsafe { self.slot() } = Joiner::NONE;
        false
    }

    /// The joiner slot.
    ///
    /// # Safety
    /// The state word has said that the slot is the handle's at this moment.
    #[expect(
        clippy::mut_from_ref,
        reason = "the slot is a cell; the state word decides who may use it"
    )]
    unsafe fn slot(&self) -> &mut Joiner {
        // SAFETY: the caller's promise.
        self.header().joiner.with_mut(|j| unsafe { &mut *j })
    }
}

impl<T> Future for JoinHandle<T> {
    type Output = Result<T, JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(poll_proceed(cx, Reason::Join, Site::UNKNOWN, self.id().0));
        if self.header().state.is_done() || !self.leave_waker(cx.waker()) {
            return Poll::Ready(self.take());
        }
        note_wait(Reason::Join, Site::UNKNOWN, self.id().0);
        Poll::Pending
    }
}

impl<T> Drop for JoinHandle<T> {
    #[inline]
    fn drop(&mut self) {
        let header = self.header();
        match header.state.drop_handle() {
            HandleDrop::Running { joiner: false } => {}
            // SAFETY: the state word has just given the slot to the handle.
            HandleDrop::Running { joiner: true } => *unsafe { self.slot() } = Joiner::NONE,
            // SAFETY: it is done and this is its handle, so the outcome is ours.
            HandleDrop::Done => unsafe { drop_outcome_of(self.task) },
        }
        // SAFETY: the handle's reference is given up here, once.
        unsafe {
            if self.header().state.release() {
                raw::free(self.task);
            }
        }
    }
}

/// # Safety
/// The caller owns the outcome of a goroutine that is done. Its runtime may be gone.
#[cold]
unsafe fn drop_outcome_of(task: TaskRef) {
    // SAFETY: the caller's promise.
    unsafe {
        let header = task.header();
        match raw::take_outcome(task) {
            Outcome::None | Outcome::Aborted => {}
            Outcome::Value => raw::drop_value(task),
            Outcome::Panic => {
                panics::raise_late(header.id(), header.spawned_at, raw::take_panic(task));
            }
        }
    }
}

/// Why a goroutine has no result.
pub struct JoinError {
    id: GoId,
    site: Site,
    cause: Cause,
}

enum Cause {
    Aborted,
    Panic {
        message: String,
        payload: Exclusive<Box<dyn Any + Send>>,
    },
}

/// Something that is only ever moved or dropped, never shared, and so may be in a type that is `Sync`.
struct Exclusive<T>(T);

// SAFETY: no method gives out a reference to the inside.
unsafe impl<T> Sync for Exclusive<T> {}

impl JoinError {
    pub(crate) fn panicked(id: GoId, site: Site, payload: Box<dyn Any + Send>) -> Self {
        let message = message_of(&*payload);
        Self {
            id,
            site,
            cause: Cause::Panic {
                message,
                payload: Exclusive(payload),
            },
        }
    }

    /// Did the goroutine panic?
    #[must_use]
    pub fn is_panic(&self) -> bool {
        matches!(self.cause, Cause::Panic { .. })
    }

    /// Was the goroutine aborted, or its runtime shut down?
    #[must_use]
    pub fn is_aborted(&self) -> bool {
        matches!(self.cause, Cause::Aborted)
    }

    /// The goroutine's number.
    #[must_use]
    pub fn id(&self) -> GoId {
        self.id
    }

    /// What the panic was raised with, for `std::panic::resume_unwind`.
    ///
    /// # Panics
    /// When the goroutine did not panic: see [`try_into_panic`](Self::try_into_panic).
    #[must_use]
    pub fn into_panic(self) -> Box<dyn Any + Send> {
        match self.try_into_panic() {
            Ok(payload) => payload,
            Err(error) => panic!("JoinError::into_panic on an error that is no panic: {error}"),
        }
    }

    /// What the panic was raised with, or the error itself if there was none.
    ///
    /// # Errors
    /// The error itself when the goroutine did not panic.
    pub fn try_into_panic(self) -> Result<Box<dyn Any + Send>, JoinError> {
        match self.cause {
            Cause::Panic { payload, .. } => Ok(payload.0),
            Cause::Aborted => Err(self),
        }
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.cause {
            Cause::Aborted => write!(
                f,
                "goroutine {} (started at {}) was aborted",
                self.id, self.site
            ),
            Cause::Panic { message, .. } => {
                write!(
                    f,
                    "goroutine {} (started at {}) panicked: {message}",
                    self.id, self.site
                )
            }
        }
    }
}

impl fmt::Debug for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JoinError({self})")
    }
}

impl Error for JoinError {}

/// [`io::ErrorKind::Other`], so that `go(..).await??` fits a function that returns an [`io::Result`].
impl From<JoinError> for io::Error {
    fn from(error: JoinError) -> Self {
        Self::other(error)
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JoinHandle")
            .field("id", &self.id())
            .field("started_at", &self.header().spawned_at)
            .field("finished", &self.is_finished())
            .finish()
    }
}
