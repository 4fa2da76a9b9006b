//! One value, once: a channel with room for one whose ends are used up.
//!
//! There is nothing here but ownership: the sender goes with its value, the receiver with its result, neither can be cloned.
//! So a send never finds the channel full and never waits, and everything else is as for channels.

use super::closed::Closed;
use super::error::{RecvError, SendError, TryRecvError};
use super::{bounded, receiver, sender};
use futures_core::stream::Stream;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A channel for one value.
///
/// # Examples
/// ```
/// # use gaggle_chan::chan;
/// # futures::executor::block_on(async {
/// let (tx, rx) = chan::oneshot();
/// tx.send("answer").unwrap();
/// assert_eq!(rx.await, Ok("answer"));
/// # });
/// ```
pub fn oneshot<T>() -> (Sender<T>, Receiver<T>) {
    let (tx, rx) = bounded(1);
    (Sender { tx }, Receiver { rx })
}

/// The right to send one value. Dropping it unused tells the receiver that there will be none.
pub struct Sender<T> {
    tx: sender::Sender<T>,
}

/// The right to receive one value, by awaiting it.
///
/// # Errors
/// [`RecvError`] if the sender is dropped without a value, or the value was received already.
///
/// # Cancel safety
/// Awaiting `&mut rx` may be given up and taken up again: the value stays.
#[must_use = "the value is received only when the receiver is awaited"]
pub struct Receiver<T> {
    rx: receiver::Receiver<T>,
}

impl<T> Sender<T> {
    /// Sends the value. It never waits.
    ///
    /// # Errors
    /// The value comes back if the receiver is gone or has closed (CL-03, T12).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::oneshot();
    /// drop(rx);
    /// assert_eq!(tx.send(1).unwrap_err().into_inner(), 1);
    /// ```
    pub fn send(self, value: T) -> Result<(), SendError<T>> {
        self.tx
            .try_send(value)
            .map_err(|error| SendError(error.into_inner()))
    }

    /// Waits until the receiver is gone or has closed: then nobody wants the value any more.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = gaggle_chan::chan::oneshot::<u8>();
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        self.tx.closed()
    }

    /// Is the receiver gone, or has it closed?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.tx.is_closed()
    }
}

impl<T> Receiver<T> {
    /// Receives the value if it is there at this instant.
    ///
    /// # Errors
    /// [`TryRecvError::Empty`] if it may still come, [`TryRecvError::Closed`] if it cannot.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::oneshot();
    /// assert!(rx.try_recv().unwrap_err().is_empty());
    /// tx.send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// assert!(rx.try_recv().unwrap_err().is_closed());
    /// ```
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.rx.try_recv()
    }

    /// Blocks the calling thread until the value is there.
    ///
    /// # Errors
    /// As for awaiting the receiver.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::oneshot();
    /// let t = std::thread::spawn(move || rx.recv_blocking());
    /// tx.send(1).unwrap();
    /// assert_eq!(t.join().unwrap(), Ok(1));
    /// ```
    #[track_caller]
    pub fn recv_blocking(self) -> Result<T, RecvError> {
        self.rx.recv_blocking()
    }

    /// Lets the sender's send fail from now on. A value that was sent before can still be received.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::oneshot();
    /// rx.close();
    /// assert!(tx.send(1).is_err());
    /// assert!(rx.try_recv().unwrap_err().is_closed());
    /// ```
    pub fn close(&self) -> bool {
        self.rx.handle().close()
    }

    /// Is the sender gone, or has this receiver closed? The value may still be here.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.rx.is_closed()
    }
}

impl<T> Future for Receiver<T> {
    type Output = Result<T, RecvError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // A look first: a value that is there needs no waiter.
        match self.rx.try_recv() {
            Ok(value) => Poll::Ready(Ok(value)),
            Err(TryRecvError::Closed) => Poll::Ready(Err(RecvError)),
            Err(TryRecvError::Empty) => Pin::new(&mut self.rx)
                .poll_next(cx)
                .map(|value| value.ok_or(RecvError)),
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Sender")
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("oneshot::Receiver")
            .field("closed", &self.is_closed())
            .finish()
    }
}
