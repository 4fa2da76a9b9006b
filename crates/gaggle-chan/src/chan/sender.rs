//! The sending end.

use super::closed::Closed;
use super::core::{Offer, wake};
use super::error::{SendError, TrySendError};
use super::handle::{End, Handle};
use super::receiver::Receiver;
use super::send::Send;
use crate::chan::core::UNBOUNDED;
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::mem::ManuallyDrop;
use std::task::Waker;

/// The sending end of a channel. Clones send into the same channel; when the last one is dropped, the channel is closed.
pub struct Sender<T> {
    pub(super) handle: Handle<T>,
}

impl<T> Sender<T> {
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self { handle }
    }

    /// Sends `value`, and waits for as long as there is neither a waiting receiver nor room in the buffer (CH-02, CH-09).
    ///
    /// # Errors
    /// The value comes back if the channel is closed before it was taken (CL-03, CL-04, T12).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has sent nothing; its value is dropped once (RX-02).
    ///
    /// # Examples
    /// ```
    /// # use gaggle_chan::chan;
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = chan::bounded(1);
    /// tx.send("hello").await.unwrap();
    /// assert_eq!(rx.recv().await, Ok("hello"));
    /// # });
    /// ```
    #[track_caller]
    #[inline]
    pub fn send(&self, value: T) -> Send<'_, T> {
        Send::new(&self.handle, value, Site::caller())
    }

    /// Sends `value` if that can be done at this instant (CH-08).
    ///
    /// # Errors
    /// The value comes back if there is no room and no waiting receiver, or if the channel is closed.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = gaggle_chan::chan::bounded(1);
    /// assert!(tx.try_send(1).is_ok());
    /// assert_eq!(tx.try_send(2).unwrap_err().into_inner(), 2);
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.hand_in(value).map(wake)
    }

    /// As `try_send`, and the caller calls the waker of who received the value.
    #[inline(always)]
    pub(super) fn hand_in(&self, value: T) -> Result<Option<Waker>, TrySendError<T>> {
        let value = ManuallyDrop::new(value);
        let mut inner = self.handle.lock();
        // SAFETY: `value` is a value, and `ManuallyDrop` lets us count it as moved out.
        let offer = unsafe { inner.offer(&raw const *value) };
        drop(inner);
        match offer {
            Offer::Taken(waker) => Ok(waker),
            Offer::Full => Err(TrySendError::Full(ManuallyDrop::into_inner(value))),
            Offer::Closed => Err(TrySendError::Closed(ManuallyDrop::into_inner(value))),
        }
    }

    /// Sends `value`, and blocks the calling thread for as long as [`send`](Self::send) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    #[track_caller]
    pub fn send_blocking(&self, value: T) -> Result<(), SendError<T>> {
        match self.try_send(value) {
            Ok(()) => Ok(()),
            Err(TrySendError::Closed(value)) => Err(SendError(value)),
            Err(TrySendError::Full(value)) => wait_for(self.send(value)),
        }
    }

    /// Closes the channel, and says whether this call did it (CL-05, T13).
    /// What is buffered is still received; then receives fail. Senders that wait get their value back.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::bounded(1);
    /// tx.try_send(1).unwrap();
    /// assert!(tx.close());
    /// assert!(!tx.close());
    /// assert!(tx.try_send(2).unwrap_err().is_closed());
    /// assert_eq!(rx.recv_blocking(), Ok(1));
    /// assert!(rx.recv_blocking().is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.handle.close()
    }

    /// Waits until the channel is closed or its last receiver is gone; at once if it is.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = gaggle_chan::chan::bounded::<u8>(1);
    /// drop(rx);
    /// tx.closed().await;
    /// assert!(tx.is_closed());
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed::new(&self.handle, Site::caller())
    }

    /// Blocks the calling thread for as long as [`closed`](Self::closed) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn closed_blocking(&self) {
        wait_for(self.closed());
    }

    /// How many values are buffered; always 0 for a rendezvous (CH-01).
    #[must_use]
    pub fn len(&self) -> usize {
        self.handle.len()
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
        (self.handle.capacity != UNBOUNDED).then_some(self.handle.capacity)
    }

    /// Is the channel closed, or its last receiver gone?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.handle.is_closed()
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
        self.handle.set_name(name);
    }

    /// What the channel was named.
    #[must_use]
    pub fn name(&self) -> Option<std::sync::Arc<str>> {
        self.handle.name()
    }

    /// Do both send into the same channel (CH-16)?
    #[must_use]
    pub fn same_channel(&self, other: &Sender<T>) -> bool {
        self.handle.same(&other.handle)
    }

    /// Is `receiver` the other end of this channel?
    #[must_use]
    pub fn is_sender_of(&self, receiver: &Receiver<T>) -> bool {
        self.handle.same(receiver.handle())
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.acquire(End::Send),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.handle.release(End::Send);
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        super::receiver::describe(f, "Sender", self.capacity(), self.len(), self.is_closed())
    }
}
