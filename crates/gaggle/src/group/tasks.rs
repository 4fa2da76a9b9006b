//! What a group and its goroutines share.
//!
//! One lock protects the [`State`]; nothing of a user's is called or dropped under it, and no other lock is taken. The first error has another.
//! A goroutine counts in `pending` from the call that hands it over until it has ended, so also while it is queued.

use super::error::TaskFailed;
use super::run::{Slot, body};
use crate::context::{CancelCause, Cause};
use crate::panics::{Payload, held_back, raise};
use crate::slab::{Slab, SlabKey};
use crate::{JoinHandle, go};
use gaggle_base::spin::SpinLock;
use gaggle_chan::sync::{Event, WaitGroup};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

type Boxed<E> = Pin<Box<dyn Future<Output = Result<(), E>> + Send>>;

/// How a group ends its context.
pub(super) struct Ending<E> {
    pub(super) cancel: CancelCause,
    pub(super) cause_of: Box<dyn Fn(&E) -> Cause + Send + Sync>,
}

/// What is to become of the goroutines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// Somebody has the group.
    Held,
    /// They run on, and nobody waits.
    Detached,
    /// They were aborted, and no further one may start.
    Aborted,
}

#[expect(
    clippy::struct_excessive_bools,
    reason = "they are facts of their own, and go together in no fewer ways"
)]
pub(super) struct State<E> {
    pub(super) limit: Option<usize>,
    pub(super) active: usize,
    queue: VecDeque<Queued<E>>,
    /// Somebody starts goroutines from the queue: they start in order, and a start that ends at once does not start the next one from inside.
    advancing: bool,
    /// Of those that run; `None` while one is being started.
    handles: Slab<Option<JoinHandle<()>>>,
    mode: Mode,
    /// An error was returned; it is in [`Tasks::error`], or will be at once.
    claimed: bool,
    panic: Option<Payload>,
    /// There was a panic: it is in `panic`, or was raised.
    panicked: bool,
    /// One was dropped in the middle though nobody asked for it.
    lost: bool,
}

struct Queued<E> {
    future: Boxed<E>,
    /// For whoever waits until it has started.
    started: Option<Arc<Event>>,
}

pub(super) struct Tasks<E> {
    pub(super) state: SpinLock<State<E>>,
    /// The first error. It has a lock of its own, under which it is cloned: that is a user's code.
    error: Mutex<Option<E>>,
    pub(super) pending: WaitGroup,
    /// Something went wrong.
    pub(super) failed: Event,
    ending: Option<Ending<E>>,
}

impl<E: Send + 'static> Tasks<E> {
    pub(super) fn new(ending: Option<Ending<E>>) -> Arc<Self> {
        Arc::new(Self {
            state: SpinLock::new(State {
                limit: None,
                active: 0,
                queue: VecDeque::new(),
                advancing: false,
                handles: Slab::new(),
                mode: Mode::Held,
                claimed: false,
                panic: None,
                panicked: false,
                lost: false,
            }),
            error: Mutex::new(None),
            pending: WaitGroup::new(),
            failed: Event::new(),
            ending,
        })
    }

    /// Starts `future` if a place is free and nobody queues for it; gives it back otherwise.
    #[track_caller]
    pub(super) fn try_start<F>(self: &Arc<Self>, future: F) -> Result<(), F>
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let mut state = self.state.lock();
        if !state.has_room() || !state.queue.is_empty() {
            return Err(future);
        }
        state.active += 1;
        drop(state);
        self.pending.add(1);
        self.start(future);
        Ok(())
    }

    /// Starts `future` when its turn comes.
    pub(super) fn enqueue(self: &Arc<Self>, future: Boxed<E>, started: Option<Arc<Event>>) {
        self.pending.add(1);
        let queued = Queued { future, started };
        self.state.lock().queue.push_back(queued);
        raise(self.advance());
    }

    /// Starts as many from the queue as there are free places. The panic of a waker that was called is for the caller to [`raise`].
    #[must_use]
    pub(super) fn advance(self: &Arc<Self>) -> Option<Payload> {
        let mut panic = None;
        let mut state = self.state.lock();
        if state.advancing {
            // Whoever advances looks again, under the lock, before it stops.
            return None;
        }
        state.advancing = true;
        while state.has_room()
            && let Some(next) = state.queue.pop_front()
        {
            state.active += 1;
            drop(state);
            self.start(next.future);
            if let Some(started) = next.started {
                panic = panic.or(held_back(|| {
                    started.set();
                }));
            }
            state = self.state.lock();
        }
        state.advancing = false;
        drop(state);
        panic
    }

    /// Starts `future`, which is counted already.
    #[track_caller]
    fn start<F>(self: &Arc<Self>, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        let key = self.state.lock().handles.insert(None);
        let handle = go(body(future, Slot::new(self.clone(), key)));
        let mut state = self.state.lock();
        let aborted = state.mode == Mode::Aborted;
        if !aborted && let Some(place) = state.handles.get_mut(key) {
            *place = Some(handle);
            return;
        }
        drop(state);
        if aborted {
            handle.abort();
        }
    }

    /// A goroutine has run to its end. Gives a panic back that nobody will wait for.
    pub(super) fn report(&self, outcome: Result<Result<(), E>, Payload>) -> Option<Payload> {
        let mut unwanted = None;
        match outcome {
            Ok(Ok(())) => return None,
            Ok(Err(error)) => {
                // The first in time has the place from here on; the context is told before others can know.
                let first = !std::mem::replace(&mut self.state.lock().claimed, true);
                if first {
                    // What makes a cause of the error is the user's, and may panic: the error is kept all the same.
                    unwanted = held_back(|| self.end_context(Some(Ok(&error))));
                    *self.lock_error() = Some(error);
                    if unwanted.is_some() {
                        self.end_context(Some(Err(TaskFailed { panicked: true })));
                    }
                }
            }
            Err(panic) => {
                self.end_context(Some(Err(TaskFailed { panicked: true })));
                let mut state = self.state.lock();
                if state.mode != Mode::Held {
                    unwanted = Some(panic);
                } else if !state.panicked {
                    state.panicked = true;
                    state.panic = Some(panic);
                } else {
                    drop(state);
                    drop(panic);
                }
            }
        }
        self.failed.set();
        unwanted
    }

    /// Cancels the context of the group, if it has one: for an error, for a panic, or because all is done.
    pub(super) fn end_context(&self, why: Option<Result<&E, TaskFailed>>) {
        let Some(ending) = &self.ending else { return };
        match why {
            Some(Ok(error)) => ending.cancel.cancel((ending.cause_of)(error)),
            Some(Err(failed)) => ending.cancel.cancel(failed),
            None => ending.cancel.plain().cancel(),
        }
    }

    /// A goroutine is gone.
    pub(super) fn release(self: &Arc<Self>, key: SlabKey, reported: bool) {
        let mut state = self.state.lock();
        state.active -= 1;
        let handle = state.handles.remove(key);
        state.lost |= !reported && state.mode != Mode::Aborted;
        drop(state);
        drop(handle);
        let panic = self.advance();
        self.pending.done();
        self.end_if_detached();
        raise(panic);
    }

    /// Nobody will wait, so the last goroutine ends the context.
    fn end_if_detached(&self) {
        let state = self.state.lock();
        let over = state.mode == Mode::Detached && state.active == 0 && state.queue.is_empty();
        drop(state);
        if over {
            self.end_context(None);
        }
    }

    /// Aborts those that run and drops those that queue.
    pub(super) fn abort(&self) {
        let mut state = self.state.lock();
        state.mode = Mode::Aborted;
        let queue = std::mem::take(&mut state.queue);
        let handles = state.handles.take();
        drop(state);
        let handles: Vec<_> = handles.into_values().flatten().collect();
        handles.iter().for_each(JoinHandle::abort);
        for queued in queue {
            drop(queued);
            self.pending.done();
        }
    }

    pub(super) fn detach(&self) {
        self.state.lock().mode = Mode::Detached;
        self.end_if_detached();
        self.raise_elsewhere();
    }

    /// Nobody will wait: a panic is raised as that of a goroutine without a handle.
    pub(super) fn raise_elsewhere(&self) {
        let panic = self.state.lock().panic.take();
        if let Some(panic) = panic {
            drop(go(async move { resume_unwind(panic) }));
        }
    }

    pub(super) fn is_held(&self) -> bool {
        self.state.lock().mode == Mode::Held
    }

    /// All have ended: raises the first panic there was, and says so to whoever comes later.
    pub(super) fn raise(&self) {
        let mut state = self.state.lock();
        let (panic, panicked, lost) = (state.panic.take(), state.panicked, state.lost);
        drop(state);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
        assert!(
            !panicked,
            "a goroutine of the group panicked; the panic was raised before"
        );
        assert!(
            !lost,
            "a goroutine of the group was dropped in the middle: its runtime has ended"
        );
    }

    fn lock_error(&self) -> MutexGuard<'_, Option<E>> {
        self.error.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first error, for one of many who ask.
    pub(super) fn error(&self) -> Option<E>
    where
        E: Clone,
    {
        self.lock_error().clone()
    }

    /// The first error, for whoever asks first. The place is free for another then.
    pub(super) fn take_error(&self) -> Option<E> {
        let error = self.lock_error().take()?;
        self.state.lock().claimed = false;
        Some(error)
    }

    /// How many queue.
    pub(super) fn queued(&self) -> usize {
        self.state.lock().queue.len()
    }
}

impl<E> State<E> {
    fn has_room(&self) -> bool {
        self.mode != Mode::Aborted && self.limit.is_none_or(|limit| self.active < limit)
    }
}
