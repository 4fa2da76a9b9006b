//! The list of waiters: first come, first served, with removal from anywhere in O(1).
//!
//! A list is always a field of what some lock protects, so `&mut WaitList` is the proof that the lock is held.

use super::commit;
use super::node::{Node, State};
use std::ptr;
use std::task::Waker;

/// A doubly linked list of nodes that live elsewhere.
pub struct WaitList<T> {
    head: *const Node<T>,
    tail: *const Node<T>,
}

// SAFETY: the nodes are reached only through `&mut` of the list, that is under its lock (invariant W1).
unsafe impl<T: Send> Send for WaitList<T> {}

impl<T> Default for WaitList<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> WaitList<T> {
    /// A list in which nobody waits.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            head: ptr::null(),
            tail: ptr::null(),
        }
    }

    /// Does nobody wait?
    #[inline(always)]
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.head.is_null()
    }

    /// Puts `node` behind all others.
    ///
    /// # Safety
    /// The node is in no list, it is pinned, and before it is freed it leaves this list under the same lock (invariant W2).
    #[inline(always)]
    pub unsafe fn push_back(&mut self, node: &Node<T>, waker: Waker) {
        let this = ptr::from_ref(node);
        // SAFETY: the node is in no list, so its links and waker are its owner's, the caller; the tail is in this list, so the lock protects its links.
        unsafe {
            node.waker.with_mut(|w| *w = Some(waker));
            node.links.with_mut(|l| {
                (*l).prev = self.tail;
                (*l).next = ptr::null();
            });
            match self.tail.as_ref() {
                Some(tail) => tail.links.with_mut(|l| (*l).next = this),
                None => self.head = this,
            }
        }
        self.tail = this;
        node.set_state(State::Waiting);
    }

    /// Puts `node` before all others: for a waiter that was woken and has to wait on.
    ///
    /// # Safety
    /// As for `push_back`.
    pub unsafe fn push_front(&mut self, node: &Node<T>, waker: Waker) {
        let this = ptr::from_ref(node);
        // SAFETY: as in `push_back`, with the head in the place of the tail.
        unsafe {
            node.waker.with_mut(|w| *w = Some(waker));
            node.links.with_mut(|l| {
                (*l).prev = ptr::null();
                (*l).next = self.head;
            });
            match self.head.as_ref() {
                Some(head) => head.links.with_mut(|l| (*l).prev = this),
                None => self.tail = this,
            }
        }
        self.head = this;
        node.set_state(State::Waiting);
    }

    /// The node that waits longest.
    #[inline(always)]
    #[must_use]
    pub fn front(&self) -> Option<&Node<T>> {
        // SAFETY: a node in the list is alive (invariant W2) for as long as the list is borrowed, that is while the lock is held.
        unsafe { self.head.as_ref() }
    }

    /// Unlinks the node that waits longest and returns it with its waker.
    ///
    /// A node that stands for an arm of a select comes out only if the select is won by that (see `commit.rs`); one of a select that is decided otherwise is dropped from the list.
    ///
    /// The node is still alive, but its state is still `Waiting`: the caller sets the next state as its last access (invariant W3).
    ///
    /// # Panics
    /// Never, unless a node was put in by other means than this list's.
    #[inline(always)]
    pub fn pop_front(&mut self) -> Option<(&Node<T>, Waker)> {
        loop {
            // SAFETY: a node in the list is alive (invariant W2).
            let node = unsafe { self.head.as_ref() }?;
            // SAFETY: the node is in this list and the lock is held.
            unsafe { self.unlink(node) };
            // SAFETY: the state is still `Waiting`, so the lock protects the waker.
            let waker = node.waker.with_mut(|w| unsafe { (*w).take() });
            let waker = waker.expect("a waiting node has a waker");
            if !commit::is_arm(&waker) {
                return Some((node, waker));
            }
            // SAFETY: the waker is an arm's; the node is still `Waiting`, so its select has not freed the commit (invariant S2).
            if let Some(waker) = unsafe { commit::win(&waker) } {
                return Some((node, waker));
            }
            node.set_state(State::Idle);
        }
    }

    /// Takes `node` out and returns its waker, to be dropped after the lock. The state becomes `Idle`.
    ///
    /// # Safety
    /// The node is in this list.
    pub unsafe fn remove(&mut self, node: &Node<T>) -> Option<Waker> {
        // SAFETY: the caller's promise.
        unsafe { self.unlink(node) };
        // SAFETY: the state is still `Waiting`, so the lock protects the waker.
        let waker = node.waker.with_mut(|w| unsafe { (*w).take() });
        node.set_state(State::Idle);
        waker
    }

    /// # Safety
    /// The node is in this list.
    #[inline(always)]
    unsafe fn unlink(&mut self, node: &Node<T>) {
        // SAFETY: the node and its neighbours are in the list, so the lock protects their links and they are alive (invariant W2).
        unsafe {
            let (prev, next) = node.links.with(|l| ((*l).prev, (*l).next));
            match prev.as_ref() {
                Some(prev) => prev.links.with_mut(|l| (*l).next = next),
                None => self.head = next,
            }
            match next.as_ref() {
                Some(next) => next.links.with_mut(|l| (*l).prev = prev),
                None => self.tail = prev,
            }
        }
    }

    /// Gives a node that waits the waker of its newest poll; returns the one to drop after the lock.
    ///
    /// # Safety
    /// The node is in this list.
    pub unsafe fn renew_waker(&mut self, node: &Node<T>, waker: Waker) -> Option<Waker> {
        // SAFETY: the node is in this list, so the lock protects the waker.
        node.waker.with_mut(|w| unsafe { (*w).replace(waker) })
    }
}
