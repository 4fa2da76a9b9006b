//! One timer: a node that lives inside the future that waits.
//!
//! **Invariant E1**: while the state is `LINKED` the entry is in a slot of `wheel`, and the wheel's lock protects everything but `state` itself; otherwise the owner does.
//! **Invariant E2**: the state enters and leaves `LINKED` under the wheel's lock only; leaving it is the last thing the wheel does with an entry.
//! **Invariant E3**: a linked entry is pinned, and its owner unlinks it before it is freed.

use super::wheel::Wheel;
use gaggle_base::clock::Nanos;
use gaggle_base::sync::{AtomicU8, Cell, Ordering};
use std::marker::PhantomPinned;
use std::ptr;
use std::task::Waker;

/// Where an entry is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum State {
    /// In no wheel.
    Idle,
    /// In a wheel.
    Linked,
    /// The deadline has passed.
    Fired,
    /// Its runtime ended before the deadline: link it elsewhere.
    Orphaned,
}

pub(super) struct Body {
    pub(super) prev: *const Entry,
    pub(super) next: *const Entry,
    pub(super) waker: Option<Waker>,
    pub(super) level: u8,
    pub(super) slot: u8,
}

/// One timer.
pub(super) struct Entry {
    pub(super) body: Cell<Body>,
    /// Written by the owner, while it is not linked.
    deadline: Cell<Nanos>,
    state: AtomicU8,
    wheel: Cell<Option<&'static Wheel>>,
    _pinned: PhantomPinned,
}

// SAFETY: by E1 one side at a time writes body and deadline; `wheel` is the owner's.
unsafe impl Send for Entry {}
// SAFETY: as above; the owner's methods are called with the entry pinned in one future.
unsafe impl Sync for Entry {}

impl Entry {
    pub(super) fn new(deadline: Nanos) -> Self {
        let body = Body {
            prev: ptr::null(),
            next: ptr::null(),
            waker: None,
            level: 0,
            slot: 0,
        };
        Self {
            body: Cell::new(body),
            deadline: Cell::new(deadline),
            state: AtomicU8::new(State::Idle as u8),
            wheel: Cell::new(None),
            _pinned: PhantomPinned,
        }
    }

    #[inline(always)]
    pub(super) fn deadline(&self) -> Nanos {
        // SAFETY: it is written by the owner while the entry is not linked; whoever else reads it reads that of a linked one.
        self.deadline.with(|d| unsafe { *d })
    }

    /// Owner: a new deadline.
    ///
    /// # Safety
    /// The entry is not linked.
    pub(super) unsafe fn set_deadline(&self, deadline: Nanos) {
        // SAFETY: it is not linked, so only the owner, our caller, looks at it.
        self.deadline.with_mut(|d| unsafe { *d = deadline });
    }

    pub(super) fn state(&self) -> State {
        match self.state.load(Ordering::Acquire) {
            0 => State::Idle,
            1 => State::Linked,
            2 => State::Fired,
            _ => State::Orphaned,
        }
    }

    pub(super) fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Owner: links the entry into `wheel`. Says whether it is the wheel's earliest now.
    ///
    /// # Safety
    /// The entry is not linked; it is pinned, and unlinked before it is freed (E3).
    pub(super) unsafe fn link(&self, wheel: &'static Wheel, waker: Waker) -> bool {
        // SAFETY: not linked, so `wheel` and the body are the owner's; the rest is the caller's promise.
        unsafe {
            self.wheel.with_mut(|w| *w = Some(wheel));
            wheel.insert(self, waker)
        }
    }

    fn wheel(&self) -> Option<&'static Wheel> {
        // SAFETY: only the owner, which calls this, ever writes it.
        self.wheel.with(|w| unsafe { *w })
    }

    /// Owner: gives a linked entry the waker of the newest poll. `false`: it is no longer linked.
    pub(super) fn renew(&self, waker: Waker) -> bool {
        self.wheel().is_some_and(|wheel| wheel.renew(self, waker))
    }

    /// Owner: takes the entry out of its wheel, if it is in one.
    pub(super) fn unlink(&self) {
        if self.state() == State::Linked
            && let Some(wheel) = self.wheel()
        {
            wheel.remove(self);
        }
    }
}
