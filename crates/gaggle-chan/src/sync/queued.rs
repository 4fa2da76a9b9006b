//! What the waits of this folder have in common: a poll of a node that is in a queue already.
//!
//! The queue's lock protects the node while it waits.

use gaggle_base::spin::SpinLock;
use gaggle_base::waitlist::{Node, State, WaitList};
use std::task::Context;

/// A poll of a waiter that was enqueued before. If it still waits, it gets the waker of this poll and the answer is `true`.
pub(super) fn still_waits<Q, T>(
    queue: &SpinLock<Q>,
    list: impl FnOnce(&mut Q) -> &mut WaitList<T>,
    node: &Node<T>,
    cx: &Context<'_>,
) -> bool {
    if node.state() != State::Waiting {
        return false;
    }
    let waker = cx.waker().clone();
    let mut guard = queue.lock();
    if node.state() != State::Waiting {
        drop(guard);
        return false;
    }
    // SAFETY: by its state the node is in the list.
    let old = unsafe { list(&mut guard).renew_waker(node, waker) };
    drop(guard);
    drop(old);
    true
}
