//! The receiving end: a channel of one's own, and the number of the value that comes next.

use super::super::receiver;
use super::shared::{Numbered, Shared};
use super::{RecvError, TryRecvError};
use futures_core::stream::Stream;
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A receiving end of a broadcast. It gets each value from the time that it was made.
///
/// A clone is a new receiver: it gets what is sent from now on, and not what still waits for the original.
/// It is a [`Stream`] too, of values and of [`RecvError::Lagged`].
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    number: u64,
    rx: receiver::Receiver<Numbered<T>>,
    /// The number of the value that comes next if none was lost.
    next: u64,
    /// A value that came after a gap: the gap is told first.
    kept: Option<T>,
}

impl<T> Receiver<T> {
    pub(super) fn subscribed(shared: &Arc<Shared<T>>) -> Self {
        let (number, rx) = shared.subscribe();
        Self {
            shared: shared.clone(),
            number,
            rx,
            next: 0,
            kept: None,
        }
    }

    /// Receives the next value, and waits for as long as there is none.
    ///
    /// # Errors
    /// [`RecvError::Lagged`] if values were lost before the next one, [`RecvError::Closed`] at the end.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has received nothing (RX-01).
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// use gaggle_chan::chan::broadcast::RecvError;
    /// let (tx, mut rx) = gaggle_chan::chan::broadcast(1);
    /// tx.send(1).await.unwrap();
    /// drop(tx);
    /// assert_eq!(rx.recv().await, Ok(1));
    /// assert_eq!(rx.recv().await, Err(RecvError::Closed));
    /// # });
    /// ```
    #[track_caller]
    pub fn recv(&mut self) -> impl Future<Output = Result<T, RecvError>> {
        let site = Site::caller();
        async move {
            if let Some(value) = self.kept.take() {
                return Ok(value);
            }
            match self.rx.recv_at(site).await {
                Ok(numbered) => self.settle(numbered),
                Err(_) => Err(RecvError::Closed),
            }
        }
    }

    /// Receives the next value if it is there at this instant.
    ///
    /// # Errors
    /// As for [`recv`](Self::recv), and [`TryRecvError::Empty`] if there is none.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = gaggle_chan::chan::broadcast(1);
    /// assert!(rx.try_recv().unwrap_err().is_empty());
    /// tx.try_send(1).unwrap();
    /// assert_eq!(rx.try_recv(), Ok(1));
    /// ```
    pub fn try_recv(&mut self) -> Result<T, TryRecvError> {
        if let Some(value) = self.kept.take() {
            return Ok(value);
        }
        match self.rx.try_recv() {
            Ok(numbered) => Ok(self.settle(numbered)?),
            Err(error) if error.is_closed() => Err(TryRecvError::Closed),
            Err(_) => Err(TryRecvError::Empty),
        }
    }

    /// Receives the next value, and blocks the calling thread for as long as [`recv`](Self::recv) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    ///
    /// # Errors
    /// As for [`recv`](Self::recv).
    #[track_caller]
    pub fn recv_blocking(&mut self) -> Result<T, RecvError> {
        match self.try_recv() {
            Ok(value) => Ok(value),
            Err(TryRecvError::Closed) => Err(RecvError::Closed),
            Err(TryRecvError::Lagged(n)) => Err(RecvError::Lagged(n)),
            Err(TryRecvError::Empty) => wait_for(self.recv()),
        }
    }

    /// A value was taken out of the channel.
    #[inline]
    fn settle(&mut self, (number, value): Numbered<T>) -> Result<T, RecvError> {
        self.shared.made_room(self.number);
        let lost = number - self.next;
        self.next = number + 1;
        if lost == 0 {
            return Ok(value);
        }
        self.kept = Some(value);
        Err(RecvError::Lagged(lost))
    }

    /// How many values wait for this receiver.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rx.len() + usize::from(self.kept.is_some())
    }

    /// Does no value wait for this receiver?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Was the broadcast ended? Values may still wait for this receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.rx.is_closed()
    }
}

impl<T> Stream for Receiver<T> {
    type Item = Result<T, RecvError>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(value) = self.kept.take() {
            return Poll::Ready(Some(Ok(value)));
        }
        Pin::new(&mut self.rx)
            .poll_next(cx)
            .map(|numbered| numbered.map(|numbered| self.settle(numbered)))
    }
}

// The channel's receiver is, and a value that is kept is never pinned.
impl<T> Unpin for Receiver<T> {}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::subscribed(&self.shared)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // Nobody can receive from it any more; a send that waits for this receiver's room has to know.
        self.rx.handle().abandon();
        self.shared.receiver_gone(self.number);
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Receiver")
            .field("waiting", &self.len())
            .field("closed", &self.is_closed())
            .finish()
    }
}
