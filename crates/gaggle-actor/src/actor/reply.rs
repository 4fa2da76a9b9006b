//! The answer to an ask: a place for it, and [`Reply`], the right to fill it.

use super::error::AskError;
use crate::process::{AskEnd, Cycle, Exit, Pid, defer_drop};
use gaggle_base::spin::SpinLock;
use gaggle_rt::time::Instant;
use std::fmt;
use std::sync::Arc;
use std::task::Waker;

/// Where the answer goes, and what is known of the ask. Answers and wakers are moved under its lock, but neither cloned nor dropped.
pub(super) struct Place<T> {
    callee: Pid,
    deadline: Option<Instant>,
    inner: SpinLock<Inner<T>>,
}

struct Inner<T> {
    answer: Option<Result<T, AskError>>,
    waker: Option<Waker>,
    /// Answered, or nobody waits any more.
    closed: bool,
    /// The reply may be sent by others than the handler.
    elsewhere: bool,
}

impl<T> Place<T> {
    /// Empty, for an answer of `callee`'s; it wakes that waker.
    pub(super) fn new(callee: Pid, deadline: Option<Instant>, waker: &Waker) -> Self {
        Self {
            callee,
            deadline,
            inner: SpinLock::new(Inner {
                answer: None,
                waker: Some(waker.clone()),
                closed: false,
                elsewhere: false,
            }),
        }
    }

    fn fill(&self, answer: Result<T, AskError>) {
        let mut inner = self.inner.lock();
        if inner.closed {
            drop(inner);
            drop(answer);
            return;
        }
        inner.closed = true;
        inner.answer = Some(answer);
        let waker = inner.waker.take();
        drop(inner);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// The answer, or else a waker for when it comes.
    pub(super) fn take(&self, waker: &Waker) -> Option<Result<T, AskError>> {
        let mut inner = self.inner.lock();
        let answer = inner.answer.take();
        let waits = inner.waker.as_ref().is_some_and(|w| w.will_wake(waker));
        drop(inner);
        if answer.is_some() || waits {
            return answer;
        }
        let waker = waker.clone();
        let mut inner = self.inner.lock();
        let answer = inner.answer.take();
        let old = inner.waker.replace(waker);
        drop(inner);
        drop(old);
        answer
    }

    /// Nobody waits any more.
    pub(super) fn give_up(&self) {
        let mut inner = self.inner.lock();
        inner.closed = true;
        let rest = (inner.answer.take(), inner.waker.take());
        drop(inner);
        drop(rest);
    }
}

impl<T: Send> AskEnd for Place<T> {
    fn died(&self, exit: &Exit) {
        self.fill(Err(AskError::Died(exit.clone())));
    }

    fn dropped(&self) {
        self.fill(Err(AskError::Dropped));
    }

    fn circle(&self, path: &Cycle) {
        self.fill(Err(AskError::Cycle(path.clone())));
    }

    fn is_open(&self) -> bool {
        let inner = self.inner.lock();
        !inner.closed && !inner.elsewhere
    }
}

/// The right to answer an ask, once. It may be moved, kept and sent on; dropping it tells the asker [`AskError::Dropped`].
///
/// # Examples
/// ```
/// use gaggle_actor::Reply;
/// enum Request {
///     Length(String, Reply<usize>),
/// }
/// fn serve(Request::Length(text, reply): Request) {
///     reply.send(text.len()); // it cannot fail: if nobody waits any more, the answer is dropped
/// }
/// ```
#[must_use = "dropping it tells the asker that there will be no answer"]
pub struct Reply<T: Send + 'static> {
    /// Until it is used.
    place: Option<Arc<Place<T>>>,
}

impl<T: Send + 'static> Reply<T> {
    pub(super) fn new(place: Arc<Place<T>>) -> Self {
        Self { place: Some(place) }
    }

    /// Answers. If nobody waits any more, the answer is dropped.
    pub fn send(mut self, answer: T) {
        if let Some(place) = self.place.take() {
            place.fill(Ok(answer));
        }
    }

    /// Does nobody wait any more? Then work for the answer can be left out.
    #[must_use]
    pub fn is_abandoned(&self) -> bool {
        let place = self.place.as_ref();
        place.is_none_or(|place| place.inner.lock().closed)
    }

    /// Until when the asker waits; `None`: for as long as it takes.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.place.as_ref().and_then(|place| place.deadline)
    }

    /// Says that the answer will come from a goroutine that the handler has started: then a handler that asks its asker is not taken for one that waits in a circle.
    ///
    /// [`Ctx::pipe`](crate::Ctx::pipe) and [`Ctx::pipe_to`](crate::Ctx::pipe_to) need no such word.
    pub fn elsewhere(self) -> Self {
        if let Some(place) = &self.place {
            place.inner.lock().elsewhere = true;
        }
        self
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(place) = self.place.take() {
            defer_drop(place.callee, place);
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("abandoned", &self.is_abandoned())
            .field("deadline", &self.deadline())
            .finish_non_exhaustive()
    }
}
