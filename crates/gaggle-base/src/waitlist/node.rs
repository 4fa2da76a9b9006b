//! One waiter. The states and who may touch what are in `README.md`.
//!
//! The lock of the list protects everything here while the state is `WAITING`; otherwise the owner does.

use crate::site::Site;
use crate::sync::{AtomicU8, Cell, Ordering};
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::ptr;
use std::task::Waker;

/// Where a node is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Not in a list; nothing was handed over.
    Idle,
    /// In a list.
    Waiting,
    /// Out of the list: the operation was done for the owner.
    Done,
    /// Out of the list: the operation can never be done.
    Closed,
    /// Out of the list: the owner has had its result.
    Finished,
}

impl State {
    fn from_bits(bits: u8) -> State {
        match bits {
            0 => State::Idle,
            1 => State::Waiting,
            2 => State::Done,
            3 => State::Closed,
            _ => State::Finished,
        }
    }
}

pub(super) struct Links<T> {
    pub(super) prev: *const Node<T>,
    pub(super) next: *const Node<T>,
}

/// One waiter: a field of the future that waits.
pub struct Node<T> {
    pub(super) links: Cell<Links<T>>,
    pub(super) waker: Cell<Option<Waker>>,
    slot: Cell<MaybeUninit<T>>,
    state: AtomicU8,
    /// Where the operation was called; kept here because there is room.
    pub site: Site,
    _pinned: PhantomPinned,
}

// SAFETY: links, waker and slot are touched under the rules of `README.md`, which give one thread at a time access.
unsafe impl<T: Send> Send for Node<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Node<T> {}

impl<T> Node<T> {
    /// A node that is not in a list, with an empty slot.
    #[inline]
    pub fn empty(site: Site) -> Self {
        Self::with_slot(MaybeUninit::uninit(), site)
    }

    /// A node that is not in a list, with `value` in its slot.
    #[inline]
    pub fn holding(value: T, site: Site) -> Self {
        Self::with_slot(MaybeUninit::new(value), site)
    }

    #[inline]
    fn with_slot(slot: MaybeUninit<T>, site: Site) -> Self {
        Self {
            links: Cell::new(Links {
                prev: ptr::null(),
                next: ptr::null(),
            }),
            waker: Cell::new(None),
            slot: Cell::new(slot),
            state: AtomicU8::new(State::Idle as u8),
            site,
            _pinned: PhantomPinned,
        }
    }

    /// The state, with everything that the other side did before it set it (invariant W4).
    #[inline(always)]
    pub fn state(&self) -> State {
        State::from_bits(self.state.load(Ordering::Acquire))
    }

    /// Sets the state. `Done` and `Closed` release the node to its owner (invariants W3, W4).
    #[inline]
    pub fn set_state(&self, state: State) {
        self.state.store(state as u8, Ordering::Release);
    }

    /// Owner: the result was taken.
    #[inline(always)]
    pub fn finish(&self) {
        // Relaxed: the node is in no list, so nobody else looks at it.
        self.state.store(State::Finished as u8, Ordering::Relaxed);
    }

    /// Owner: was the result taken?
    #[inline(always)]
    pub fn is_finished(&self) -> bool {
        self.state.load(Ordering::Relaxed) == State::Finished as u8
    }

    /// Owner: was something begun whose result was not taken?
    #[inline(always)]
    pub fn is_pending(&self) -> bool {
        // Acquire: a `Commit`'s loser is made `Idle` by the other side (invariant W3), and its owner may free it on the strength of that.
        let state = self.state.load(Ordering::Acquire);
        // `Closed` too: whoever frees the node must first have acquired what the closer released.
        state != State::Idle as u8 && state != State::Finished as u8
    }

    /// The slot, to be read or written under the rules of `README.md`.
    #[inline]
    pub fn slot(&self) -> *mut T {
        self.slot
            .with_mut(<*mut std::mem::MaybeUninit<T>>::cast::<T>)
    }

    /// Moves the value out of the slot.
    ///
    /// # Safety
    /// The caller has access to the slot by the table in `README.md`, the slot holds a value, and the caller records that it no longer does.
    #[inline]
    pub unsafe fn take_slot(&self) -> T {
        // SAFETY: the caller's promise.
        self.slot.with(|p| unsafe { p.read().assume_init() })
    }

    /// Moves a value into the slot.
    ///
    /// # Safety
    /// The caller has access to the slot by the table in `README.md`, and the slot is empty.
    #[inline]
    pub unsafe fn fill_slot(&self, value: T) {
        // SAFETY: the caller's promise.
        self.slot
            .with_mut(|p| unsafe { p.write(MaybeUninit::new(value)) });
    }

    /// After a hand-over the links are free; they then hold the number of the hand-over (see `chan/core.rs`).
    ///
    /// # Safety
    /// The lock is held and the node has just left the list, or the node is `Done` and the caller is its owner.
    pub unsafe fn set_stamp(&self, stamp: usize) {
        // SAFETY: the caller's promise.
        self.links
            .with_mut(|l| unsafe { (*l).prev = ptr::without_provenance(stamp) });
    }

    /// The number that `set_stamp` left.
    ///
    /// # Safety
    /// As for `set_stamp`.
    pub unsafe fn stamp(&self) -> usize {
        // SAFETY: the caller's promise.
        self.links.with(|l| unsafe { (*l).prev.addr() })
    }
}

/// In a model to free a node is to touch everything in it: whoever did so before must have happened before.
#[cfg(loom)]
impl<T> Drop for Node<T> {
    fn drop(&mut self) {
        self.links.with_mut(|_| ());
        self.waker.with_mut(|_| ());
        self.slot.with_mut(|_| ());
    }
}
