//! The one wait that all futures of a watch are made of: look, and if what is waited for is not so, enqueue under the same hold of the lock.

use super::state::{For, Shared, Watched};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, prepare_waker};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A waiter. After it was ready it may serve again.
pub(super) struct Wait<'a, T> {
    shared: &'a Shared<T>,
    what: For,
    /// Its slot holds the round in which it came.
    node: Node<u64>,
}

impl<'a, T> Wait<'a, T> {
    pub(super) fn new(shared: &'a Shared<T>, what: For, site: Site) -> Self {
        Self {
            shared,
            what,
            node: Node::empty(site),
        }
    }

    pub(super) fn site(&self) -> Site {
        self.node.site
    }

    /// Ready with what `look` finds. It is called under the lock and must only read and copy.
    pub(super) fn poll_until<R>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        look: impl Fn(&Watched<T>) -> Option<R>,
    ) -> Poll<R> {
        let this = self.into_ref().get_ref();
        let (shared, node) = (this.shared, &this.node);
        if node.state() == State::Idle {
            ready!(poll_proceed(cx, Reason::Watch, node.site, shared.address()));
        }
        let prepared = prepare_waker(cx.waker());
        let mut state = shared.lock();
        let waits = node.state() == State::Waiting;
        if let Some(found) = look(&state) {
            let old = if waits {
                let waiters = &mut state.bells[this.what as usize].waiters;
                // SAFETY: by its state the node is in this list.
                unsafe { waiters.remove(node) }
            } else {
                None
            };
            drop(state);
            drop((old, prepared));
            node.set_state(State::Idle);
            return Poll::Ready(found);
        }
        let waker = prepared.unwrap_or_else(|| cx.waker().clone());
        let bell = &mut state.bells[this.what as usize];
        let old = if waits {
            // SAFETY: by its state the node is in this list.
            unsafe { bell.waiters.renew_waker(node, waker) }
        } else {
            // SAFETY: the node is in no list, so its slot is ours (a number, which needs no dropping); it is pinned with this future, and `Drop` unlinks it under the same lock.
            unsafe {
                node.fill_slot(bell.round);
                bell.waiters.push_back(node, waker);
            }
            None
        };
        drop(state);
        drop(old);
        note_wait(Reason::Watch, node.site, shared.address());
        Poll::Pending
    }
}

impl<T> Drop for Wait<'_, T> {
    fn drop(&mut self) {
        if self.node.state() != State::Waiting {
            return;
        }
        let mut state = self.shared.lock();
        if self.node.state() == State::Waiting {
            let waiters = &mut state.bells[self.what as usize].waiters;
            // SAFETY: by its state the node is in this list.
            let waker = unsafe { waiters.remove(&self.node) };
            drop(state);
            drop(waker);
        }
    }
}
