//! The future of one send.

use super::core::{Offer, wake};
use super::error::SendError;
use super::handle::Handle;
use crate::wait::{Node, State, prepare_waker};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// The future of [`Sender::send`](super::Sender::send).
#[must_use = "a send happens only when its future is awaited"]
pub struct Send<'a, T> {
    handle: &'a Handle<T>,
    /// Its slot holds the value in the states `Idle`, `Waiting` and `Closed`.
    node: Node<T>,
}

impl<'a, T> Send<'a, T> {
    #[inline]
    pub(super) fn new(handle: &'a Handle<T>, value: T, site: Site) -> Self {
        Self {
            handle,
            node: Node::holding(value, site),
        }
    }

    fn wait(&self) -> Poll<Result<(), SendError<T>>> {
        note_wait(Reason::ChanSend, self.node.site, self.handle.address());
        Poll::Pending
    }

    /// The send is over, and did not happen.
    fn fail(&self) -> Poll<Result<(), SendError<T>>> {
        self.node.set_state(State::Finished);
        // SAFETY: the state was `Idle` or `Closed`, so the slot is ours and holds the value; `Finished` says that it is empty now.
        Poll::Ready(Err(SendError(unsafe { self.node.take_slot() })))
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref().get_ref();
        let node = &this.node;
        match node.state() {
            State::Idle => {
                ready!(poll_proceed(cx));
                let prepared = prepare_waker(cx.waker());
                let mut inner = this.handle.lock();
                // SAFETY: in state `Idle` the slot holds the value; after `Taken` the state says that it is empty.
                match unsafe { inner.offer(node.slot()) } {
                    Offer::Taken(waker) => {
                        drop(inner);
                        node.set_state(State::Finished);
                        wake(waker);
                        Poll::Ready(Ok(()))
                    }
                    Offer::Closed => {
                        drop(inner);
                        this.fail()
                    }
                    Offer::Full => {
                        let waker = prepared.unwrap_or_else(|| cx.waker().clone());
                        // SAFETY: `offer` said `Full` under this hold of the lock; the node is pinned with this future and in no list (`Idle`), and `Drop` cancels.
                        unsafe { inner.enqueue_send(node, waker) };
                        drop(inner);
                        this.wait()
                    }
                }
            }
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut inner = this.handle.lock();
                let state = node.state();
                if state == State::Waiting {
                    // SAFETY: by its state the node waits, and it waits to send.
                    let old = unsafe { inner.renew(node, false, waker) };
                    drop(inner);
                    drop(old);
                    return this.wait();
                }
                drop(inner);
                drop(waker);
                if state == State::Closed {
                    return this.fail();
                }
                node.set_state(State::Finished);
                Poll::Ready(Ok(()))
            }
            State::Done => {
                node.set_state(State::Finished);
                Poll::Ready(Ok(()))
            }
            State::Closed => this.fail(),
            State::Finished => panic!("a send was polled after it was ready"),
        }
    }
}

impl<T> Drop for Send<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.node.state() == State::Finished {
            return;
        }
        if self.handle.cancel_send(&self.node) {
            // SAFETY: the node is in no list and the value was not taken, so the slot is ours and holds it.
            drop(unsafe { self.node.take_slot() });
        }
    }
}

impl<T> fmt::Debug for Send<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Send")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}
