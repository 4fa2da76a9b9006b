//! The future of one receive.

use super::core::{Chan, Take, wake};
use super::error::RecvError;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State};
use gaggle_base::waker::is_goroutine;
use std::fmt;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// The future of [`Receiver::recv`](super::Receiver::recv).
#[must_use = "a receive happens only when its future is awaited"]
pub struct Recv<'a, T> {
    pub(super) chan: &'a Chan<T>,
    pub(super) node: Node<T>,
}

impl<'a, T> Recv<'a, T> {
    #[inline]
    pub(super) fn new(chan: &'a Chan<T>, site: Site) -> Self {
        Self {
            chan,
            node: Node::empty(site),
        }
    }
}

impl<T> Future for Recv<'_, T> {
    type Output = Result<T, RecvError>;

    #[inline(always)]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref().get_ref();
        // SAFETY: the node is a field of a pinned future, and nothing moves it out.
        poll_recv(this.chan, unsafe { Pin::new_unchecked(&this.node) }, cx)
    }
}

impl<T> Drop for Recv<'_, T> {
    #[inline]
    fn drop(&mut self) {
        if self.node.is_pending() {
            drop(self.chan.cancel_recv(&self.node));
        }
    }
}

impl<T> fmt::Debug for Recv<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recv")
            .field("site", &self.node.site)
            .finish_non_exhaustive()
    }
}

/// One poll of a receive whose waiter is `node`. The owner of the node calls `cancel_recv` before it frees it.
#[inline(always)]
pub(super) fn poll_recv<T>(
    chan: &Chan<T>,
    node: Pin<&Node<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, RecvError>> {
    if node.state() != State::Idle {
        return poll_again(chan, node, cx);
    }
    ready!(poll_proceed(
        cx,
        Reason::ChanRecv,
        node.site,
        chan.address()
    ));
    let mut value = MaybeUninit::uninit();
    let mut inner = chan.lock();
    // SAFETY: `value` is valid for writing, and read only after `Taken`.
    match unsafe { inner.take(value.as_mut_ptr()) } {
        Take::Taken(waker) => {
            drop(inner);
            node.finish();
            // SAFETY: `take` said `Taken`. Before the wake, which may panic: the value is then dropped and not leaked.
            let value = unsafe { value.assume_init() };
            wake(waker);
            Poll::Ready(Ok(value))
        }
        Take::Closed => {
            drop(inner);
            node.finish();
            Poll::Ready(Err(RecvError))
        }
        Take::Empty if !inner.listed => {
            drop(inner);
            if chan.is_never() {
                // In no list: so it is known that nobody can wake it.
                note_wait(Reason::ChanRecvNil, node.site, 0);
                return Poll::Pending;
            }
            chan.list();
            enqueue_after(chan, node, cx.waker().clone())
        }
        Take::Empty if is_goroutine(cx.waker()) => {
            // SAFETY: `take` said `Empty` under this hold of the lock; the node is pinned and in no list (`Idle`), and its owner cancels before it frees.
            unsafe { inner.enqueue_recv(&node, cx.waker().clone()) };
            drop(inner);
            wait(chan, node)
        }
        Take::Empty => {
            drop(inner);
            enqueue_after(chan, node, cx.waker().clone())
        }
    }
}

fn wait<T>(chan: &Chan<T>, node: Pin<&Node<T>>) -> Poll<Result<T, RecvError>> {
    note_wait(Reason::ChanRecv, node.site, chan.address());
    Poll::Pending
}

/// The lock was released, to list the channel or because the waker is one that must not be cloned under it; and now things may have changed.
#[cold]
fn enqueue_after<T>(
    chan: &Chan<T>,
    node: Pin<&Node<T>>,
    waker: Waker,
) -> Poll<Result<T, RecvError>> {
    let mut value = MaybeUninit::uninit();
    let mut inner = chan.lock();
    // SAFETY: `value` is valid for writing, and read only after `Taken`.
    match unsafe { inner.take(value.as_mut_ptr()) } {
        Take::Taken(sender) => {
            drop(inner);
            node.finish();
            // SAFETY: `take` said `Taken`. Before the wake, which may panic: the value is then dropped and not leaked.
            let value = unsafe { value.assume_init() };
            wake(sender);
            Poll::Ready(Ok(value))
        }
        Take::Closed => {
            drop(inner);
            node.finish();
            Poll::Ready(Err(RecvError))
        }
        Take::Empty => {
            // SAFETY: as in `poll_recv`.
            unsafe { inner.enqueue_recv(&node, waker) };
            drop(inner);
            wait(chan, node)
        }
    }
}

/// A poll after one that had to wait.
#[inline(never)]
fn poll_again<T>(
    chan: &Chan<T>,
    node: Pin<&Node<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<T, RecvError>> {
    if node.state() == State::Waiting {
        let waker = cx.waker().clone();
        let mut inner = chan.lock();
        if node.state() == State::Waiting {
            // SAFETY: by its state the node waits, and it waits to receive.
            let old = unsafe { inner.renew(&node, true, waker) };
            drop(inner);
            drop(old);
            return wait(chan, node);
        }
        drop(inner);
        drop(waker);
    }
    match node.state() {
        State::Done => {
            node.finish();
            // SAFETY: the state was `Done`, so the slot holds a value and is ours; `Finished` says that it is empty now.
            Poll::Ready(Ok(unsafe { node.take_slot() }))
        }
        State::Closed => {
            node.finish();
            Poll::Ready(Err(RecvError))
        }
        _ => panic!("a receive was polled after it was ready"),
    }
}
