//! The receiving end, also as a `Stream` and as an iterator for plain threads.

use super::core::{Chan, Take, UNBOUNDED, try_take, wake};
use super::error::{RecvError, TryRecvError};
use super::handle::{End, Handle};
use super::recv::{Recv, poll_recv};
use super::recv_end::RecvEnd;
use futures_core::stream::{FusedStream, Stream};
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use gaggle_base::waitlist::State;
use std::fmt;
use std::iter::FusedIterator;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The receiving end of a channel. Each value goes to exactly one receiver; when the last one is dropped, sends fail.
///
/// It is a [`Stream`] too, which ends when the channel is closed and drained.
pub struct Receiver<T> {
    end: RecvEnd<T>,
}

impl<T> Receiver<T> {
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self {
            end: RecvEnd::new(handle),
        }
    }

    pub(super) fn handle(&self) -> &Handle<T> {
        self.end.handle()
    }

    /// The channel, for a receive other than by `poll_next`.
    /// If an unfinished `poll_next` left a waiter, it is taken back, so that no value goes to it meanwhile; its task is woken, to poll again.
    #[inline(always)]
    fn withdrawn(&self) -> &Chan<T> {
        let handle = self.end.handle();
        if let Some(node) = self.end.waiter() {
            wake(handle.cancel_recv(node));
        }
        handle
    }

    /// The channel, to be looked at.
    /// A value that was assigned to an unfinished `poll_next` goes back to the front; its task was woken and finds it there.
    #[inline(always)]
    fn looked_at(&self) -> &Chan<T> {
        let handle = self.end.handle();
        if let Some(node) = self.end.waiter()
            && node.state() == State::Done
        {
            wake(handle.cancel_recv(node));
        }
        handle
    }

    /// Receives a value, and waits for as long as there is none (CH-02).
    ///
    /// # Errors
    /// [`RecvError`] once the channel is closed and drained (CL-01, T11).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has received nothing.
    /// If a value had already been assigned to it, the value goes to the receiver that waits longest, or back to the front of the channel (RX-01).
    ///
    /// # Examples
    /// ```
    /// # use gaggle_chan::chan;
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = chan::bounded(2);
    /// tx.send(1).await.unwrap();
    /// tx.send(2).await.unwrap();
    /// drop(tx);
    /// let mut sum = 0;
    /// while let Ok(n) = rx.recv().await {
    ///     sum += n;
    /// }
    /// assert_eq!(sum, 3);
    /// # });
    /// ```
    #[track_caller]
    #[inline]
    pub fn recv(&self) -> Recv<'_, T> {
        self.recv_at(Site::caller())
    }

    /// As `recv`, on behalf of the caller at `site`.
    #[inline]
    pub(super) fn recv_at(&self, site: Site) -> Recv<'_, T> {
        Recv::new(self.withdrawn(), site)
    }

    /// Receives a value if there is one at this instant (CH-08).
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] if there is none, [`TryRecvError::Closed`] once the channel is closed and drained.
    ///
    /// # Examples
    /// ```
    /// use gaggle_chan::chan::{self, TryRecvError};
    /// let (tx, rx) = chan::bounded(1);
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Empty));
    /// tx.try_send(1).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert_eq!(rx.try_recv(), Err(TryRecvError::Closed));
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        let chan = self.end.handle();
        if let Some(node) = self.end.waiter()
            && node.state() == State::Done
            && let Some(value) = chan.take_assigned(node)
        {
            return Ok(value);
        }
        // A waiter of `poll_next` that still waits means that there is nothing; it stays where it is.
        try_take(chan).map_err(|reason| match reason {
            Take::Closed => TryRecvError::Closed,
            _ => TryRecvError::Empty,
        })
    }

    /// Receives a value, and blocks the calling thread for as long as [`recv`](Self::recv) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    ///
    /// # Errors
    /// [`RecvError`] once the channel is closed and drained.
    #[track_caller]
    pub fn recv_blocking(&self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(value) => Ok(value),
            Err(TryRecvError::Closed) => Err(RecvError),
            Err(TryRecvError::Empty) => wait_for(self.recv()),
        }
    }

    /// An iterator that blocks the calling thread for each value and ends when the channel is closed and drained (CH-13, T9).
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { receiver: self }
    }

    /// How many values are buffered; always 0 for a rendezvous (CH-01).
    #[must_use]
    pub fn len(&self) -> usize {
        self.looked_at().len()
    }

    /// Is nothing buffered?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Is the buffer full? Always so for a rendezvous, never for an unbounded channel.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.capacity() == Some(self.len())
    }

    /// The capacity, or `None` for an unbounded channel.
    #[must_use]
    pub fn capacity(&self) -> Option<usize> {
        let capacity = self.handle().capacity;
        (capacity != UNBOUNDED).then_some(capacity)
    }

    /// Is the channel closed? Values may still be buffered.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle().is_closed()
    }

    /// Gives the channel a name, which dumps show. A later name takes the place of an earlier one.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::bounded::<u8>(64);
    /// tx.set_name("jobs");
    /// assert_eq!(rx.name().as_deref(), Some("jobs"));
    /// ```
    pub fn set_name(&self, name: &str) {
        self.handle().set_name(name);
    }

    /// What the channel was named.
    #[must_use]
    pub fn name(&self) -> Option<std::sync::Arc<str>> {
        self.handle().name()
    }

    /// Do both receive from the same channel (CH-16)?
    #[must_use]
    pub fn same_channel(&self, other: &Receiver<T>) -> bool {
        self.handle().same(other.handle())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(self.handle().acquire(End::Recv))
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        drop(
            self.end
                .waiter()
                .and_then(|node| self.handle().cancel_recv(node)),
        );
        self.handle().release(End::Recv);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        describe(
            f,
            "Receiver",
            self.capacity(),
            self.handle().len(),
            self.is_closed(),
        )
    }
}

/// What both ends say of themselves.
pub(super) fn describe(
    f: &mut fmt::Formatter<'_>,
    name: &str,
    capacity: Option<usize>,
    len: usize,
    closed: bool,
) -> fmt::Result {
    f.debug_struct(name)
        .field("capacity", &capacity)
        .field("len", &len)
        .field("closed", &closed)
        .finish()
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    /// # Cancel safety
    /// A stream that is not polled again keeps its place in the queue until this receiver is used otherwise or dropped; then a value that was assigned to it goes on (RX-01).
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let (chan, node) = self.end.for_stream();
        let polled = poll_recv(chan, node, cx);
        if polled.is_ready() {
            // The node is out of the list and its slot is empty: it may serve again.
            node.set_state(State::Idle);
        }
        polled.map(Result::ok)
    }
}

impl<T> FusedStream for Receiver<T> {
    fn is_terminated(&self) -> bool {
        self.looked_at().is_drained()
    }
}

/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    receiver: &'a Receiver<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.receiver.recv_blocking().ok()
    }
}

impl<T> FusedIterator for Iter<'_, T> {}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;
    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

/// See [`Receiver::iter`].
#[derive(Debug)]
pub struct IntoIter<T> {
    receiver: Receiver<T>,
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;
    fn next(&mut self) -> Option<T> {
        self.receiver.recv_blocking().ok()
    }
}

impl<T> FusedIterator for IntoIter<T> {}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;
    fn into_iter(self) -> IntoIter<T> {
        IntoIter { receiver: self }
    }
}
