//! The future of one send.

use super::core::{Chan, Offer, wake};
use super::error::SendError;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State};
use gaggle_base::waker::is_goroutine;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The future of [`Sender::send`](super::Sender::send).
#[must_use = "a send happens only when its future is awaited"]
pub struct Send<'a, T> {
    pub(super) chan: &'a Chan<T>,
    /// Its slot holds the value in the states `Idle`, `Waiting` and `Closed`.
    pub(super) node: Node<T>,
}

impl<'a, T> Send<'a, T> {
    #[inline]
    pub(super) fn new(chan: &'a Chan<T>, value: T, site: Site) -> Self {
        Self {
            chan,
            node: Node::holding(value, site),
        }
    }

    fn wait(&self) -> Poll<Result<(), SendError<T>>> {
        note_wait(Reason::ChanSend, self.node.site, self.chan.address());
        Poll::Pending
    }

    /// The send is over, and did not happen.
    fn fail(&self) -> Poll<Result<(), SendError<T>>> {
        self.node.finish();
        // SAFETY: the state was `Idle` or `Closed`, so the slot is ours and holds the value; `Finished` says that it is empty now.
        Poll::Ready(Err(SendError(unsafe { self.node.take_slot() })))
    }
}

impl<T> Future for Send<'_, T> {
    type Output = Result<(), SendError<T>>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref().get_ref();
        let node = &this.node;
        if node.state() != State::Idle {
            return this.poll_again(cx);
        }
        ready!(poll_proceed(
            cx,
            Reason::ChanSend,
            node.site,
            this.chan.address()
        ));
        let mut inner = this.chan.lock();
        // SAFETY: in state `Idle` the slot holds the value; after `Taken` the state says that it is empty.
        match unsafe { inner.offer(node.slot()) } {
            Offer::Taken(waker) => {
                drop(inner);
                node.finish();
                wake(waker);
                Poll::Ready(Ok(()))
            }
            Offer::Closed => {
                drop(inner);
                this.fail()
            }
            Offer::Full if !inner.listed => {
                drop(inner);
                this.chan.list();
                this.enqueue_after(cx.waker().clone())
            }
            Offer::Full if is_goroutine(cx.waker()) => {
                // SAFETY: `offer` said `Full` under this hold of the lock; the node is pinned with this future and in no list (`Idle`), and `Drop` cancels.
                unsafe { inner.enqueue_send(node, cx.waker().clone()) };
                drop(inner);
                this.wait()
            }
            Offer::Full => {
                drop(inner);
                this.enqueue_after(cx.waker().clone())
            }
        }
    }
}

impl<T> Send<'_, T> {
    /// The lock was released, to list the channel or because the waker is one that must not be cloned under it; and now things may have changed.
    #[cold]
    fn enqueue_after(&self, waker: Waker) -> Poll<Result<(), SendError<T>>> {
        let mut inner = self.chan.lock();
        // SAFETY: as in `poll`.
        match unsafe { inner.offer(self.node.slot()) } {
            Offer::Taken(receiver) => {
                drop(inner);
                self.node.finish();
                wake(receiver);
                Poll::Ready(Ok(()))
            }
            Offer::Closed => {
                drop(inner);
                self.fail()
            }
            Offer::Full => {
                // SAFETY: as in `poll`.
                unsafe { inner.enqueue_send(&self.node, waker) };
                drop(inner);
                self.wait()
            }
        }
    }

    /// A poll after one that had to wait.
    #[inline(never)]
    fn poll_again(&self, cx: &mut Context<'_>) -> Poll<Result<(), SendError<T>>> {
        let node = &self.node;
        if node.state() == State::Waiting {
            let waker = cx.waker().clone();
            let mut inner = self.chan.lock();
            if node.state() == State::Waiting {
                // SAFETY: by its state the node waits, and it waits to send.
                let old = unsafe { inner.renew(node, false, waker) };
                drop(inner);
                drop(old);
                return self.wait();
            }
            drop(inner);
            drop(waker);
        }
        match node.state() {
            State::Done => {
                node.finish();
                Poll::Ready(Ok(()))
            }
            State::Closed => self.fail(),
            _ => panic!("a send was polled after it was ready"),
        }
    }
}

impl<T> Drop for Send<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.node.is_finished() {
            return;
        }
        if self.chan.cancel_send(&self.node) {
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
