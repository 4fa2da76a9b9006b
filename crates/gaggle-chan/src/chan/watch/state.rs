//! The value, its version and who waits, under one short lock.
//!
//! Values are behind an `Arc`: under the lock only pointers are moved, so no code of a user runs there.
//! A waiter's slot holds the round in which it came. Whoever wakes all begins a new round, so who comes during the wake-up is not woken by it, and waking ends.

use crate::sync::{Mutex, MutexGuard};
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::sync::AtomicUsize;
use gaggle_base::waitlist::{State, WaitList, Wakes};
use std::mem::replace;
use std::sync::Arc;

pub(super) struct Shared<T> {
    state: SpinLock<Watched<T>>,
    /// Held by whoever makes a new value, so that none is lost between a look and a change.
    pub(super) writer: Mutex<()>,
    pub(super) senders: AtomicUsize,
}

/// What the lock protects.
pub(super) struct Watched<T> {
    pub(super) value: Arc<T>,
    /// How often the value was replaced.
    pub(super) version: u64,
    pub(super) closed: bool,
    pub(super) receivers: usize,
    /// Who waits for a new value, and who waits until there is no receiver.
    pub(super) bells: [Bell; 2],
}

/// What one may wait for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum For {
    Change = 0,
    NoReceiver = 1,
}

/// One list of waiters.
pub(super) struct Bell {
    pub(super) waiters: WaitList<u64>,
    pub(super) round: u64,
}

impl Bell {
    const fn new() -> Self {
        Self {
            waiters: WaitList::new(),
            round: 0,
        }
    }
}

impl<T> Shared<T> {
    pub(super) fn new(initial: T) -> Arc<Self> {
        Arc::new(Self {
            state: SpinLock::new(Watched {
                value: Arc::new(initial),
                version: 0,
                closed: false,
                receivers: 0,
                bells: [Bell::new(), Bell::new()],
            }),
            writer: Mutex::new(()),
            senders: AtomicUsize::new(1),
        })
    }

    #[inline]
    pub(super) fn lock(&self) -> SpinGuard<'_, Watched<T>> {
        self.state.lock()
    }

    /// The address, for wait records.
    pub(super) fn address(&self) -> u64 {
        std::ptr::from_ref(self).addr() as u64
    }

    /// Replaces the value; then gives up `writer`, then wakes who waits. The value comes back if the watch is closed, or if nobody looks and `needed` says that somebody must.
    pub(super) fn replace(
        &self,
        value: Arc<T>,
        needed: bool,
        writer: MutexGuard<'_, ()>,
    ) -> Result<Arc<T>, Arc<T>> {
        let mut state = self.lock();
        if state.closed || (needed && state.receivers == 0) {
            return Err(value);
        }
        state.version += 1;
        let old = replace(&mut state.value, value);
        let round = state.end_round(For::Change);
        drop(state);
        drop(writer);
        self.wake(For::Change, round);
        Ok(old)
    }

    /// No further value. Says whether this call did it.
    pub(super) fn close(&self) -> bool {
        let mut state = self.lock();
        let first = !replace(&mut state.closed, true);
        let round = state.end_round(For::Change);
        drop(state);
        self.wake(For::Change, round);
        first
    }

    /// Wakes everyone who came in `round` or before: a batch under the lock, then their wakers outside it.
    pub(super) fn wake(&self, what: For, round: u64) {
        let mut wakes = Wakes::new();
        loop {
            let mut state = self.lock();
            let waiters = &mut state.bells[what as usize].waiters;
            while !wakes.is_full()
                // SAFETY: the node waits and the lock is held, so its slot may be read; it holds the round.
                && waiters.front().is_some_and(|n| unsafe { n.slot().read() } <= round)
            {
                let (node, waker) = waiters.pop_front().expect("there is a front");
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(state);
            wakes.wake_all();
            if !more {
                return;
            }
        }
    }
}

impl<T> Watched<T> {
    /// Whoever comes from now on is not woken with those who wait now. Returns the round that has ended.
    pub(super) fn end_round(&mut self, what: For) -> u64 {
        let bell = &mut self.bells[what as usize];
        bell.round += 1;
        bell.round - 1
    }
}
