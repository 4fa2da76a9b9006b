//! The future that waits for the end of a channel: for senders that have nothing to send and yet want to know that nobody listens.
//!
//! Its waiters are in a list of their own under the channel's lock. They are told by whoever closes or abandons the channel, with all others who wait then (C3).

use super::core::Chan;
use gaggle_base::context::note_wait;
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The future of [`Sender::closed`](super::Sender::closed).
#[must_use = "the wait happens only when the future is awaited"]
pub struct Closed<'a, T> {
    chan: &'a Chan<T>,
    node: Node<()>,
}

impl<'a, T> Closed<'a, T> {
    pub(super) fn new(chan: &'a Chan<T>, site: Site) -> Self {
        Self {
            chan,
            node: Node::empty(site),
        }
    }

    /// A poll that does not say why the goroutine waits: this is not the only thing that it waits for.
    pub(super) fn poll_quietly(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let node = &this.node;
        match node.state() {
            State::Idle => {
                let prepared = prepare_waker(cx.waker());
                let mut inner = this.chan.lock();
                if inner.closed {
                    drop(inner);
                    node.finish();
                    return Poll::Ready(());
                }
                let waker = prepared.unwrap_or_else(|| cx.waker().clone());
                // SAFETY: the node is in no list (`Idle`) and pinned with this future, and `Drop` unlinks it under the same lock.
                unsafe { inner.closers.push_back(node, waker) };
                Poll::Pending
            }
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut inner = this.chan.lock();
                if node.state() == State::Waiting {
                    // SAFETY: by its state the node is in the list.
                    let old = unsafe { inner.closers.renew_waker(node, waker) };
                    drop(inner);
                    drop(old);
                    return Poll::Pending;
                }
                drop(inner);
                drop(waker);
                node.finish();
                Poll::Ready(())
            }
            // A closed channel stays closed, so this may be asked again.
            State::Done | State::Closed | State::Finished => {
                node.finish();
                Poll::Ready(())
            }
        }
    }
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let polled = self.as_mut().poll_quietly(cx);
        if polled.is_pending() {
            note_wait(Reason::ChanSend, self.node.site, self.chan.address());
        }
        polled
    }
}

impl<T> Drop for Closed<'_, T> {
    fn drop(&mut self) {
        if self.node.state() != State::Waiting {
            return;
        }
        let mut inner = self.chan.lock();
        if self.node.state() == State::Waiting {
            // SAFETY: by its state the node is in the list.
            let waker = unsafe { inner.closers.remove(&self.node) };
            drop(inner);
            drop(waker);
        }
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, loom))]
#[path = "closed_loom.rs"]
mod loom_tests;
