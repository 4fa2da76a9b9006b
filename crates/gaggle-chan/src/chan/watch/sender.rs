//! The end that sets the value.

use super::super::error::SendError;
use super::Receiver;
use super::state::{For, Shared};
use super::wait::Wait;
use crate::sync::MutexGuard;
use gaggle_base::site::Site;
use gaggle_base::sync::Ordering;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The end of a watch that sets the value. Clones set the same; when the last one is dropped, the watch is closed.
pub struct Sender<T> {
    shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// The right to make a new value. Whoever has it gives it back soon, so a thread may wait for it.
    fn writer(&self) -> MutexGuard<'_, ()> {
        let writer = &self.shared.writer;
        writer.try_lock().unwrap_or_else(|| writer.lock_blocking())
    }

    /// Sets the value and wakes everyone who waits for a change. It waits for no receiver.
    ///
    /// # Errors
    /// The value comes back, and nothing changes, if there is no receiver or the watch is closed.
    ///
    /// # Blocking
    /// Only while another thread is in the closure of [`send_modify`](Self::send_modify); so not to be called in such a closure.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.get(), 2);
    /// drop(rx);
    /// assert_eq!(tx.send(3).unwrap_err().into_inner(), 3);
    /// ```
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        let value = Arc::new(value);
        match self.shared.replace(value, true, self.writer()) {
            Ok(_old) => Ok(()),
            Err(value) => match Arc::try_unwrap(value) {
                Ok(value) => Err(SendError(value)),
                Err(_) => unreachable!("nobody else has seen the value"),
            },
        }
    }

    /// Sets the value whether or not there is a receiver, and returns the one before. After [`close`](Self::close) it sets nothing and returns `value`.
    ///
    /// # Blocking
    /// As for [`send`](Self::send).
    ///
    /// # Examples
    /// ```
    /// let (tx, _) = gaggle_chan::chan::watch(1);
    /// assert_eq!(*tx.send_replace(2), 1);
    /// assert_eq!(*tx.subscribe().get(), 2);
    /// ```
    pub fn send_replace(&self, value: T) -> Arc<T> {
        let value = Arc::new(value);
        let (Ok(value) | Err(value)) = self.shared.replace(value, false, self.writer());
        value
    }

    /// Changes the value in place, as far as others can see: a clone is changed and then set, whether or not there is a receiver.
    /// No other sender's value comes in between. After [`close`](Self::close) the change is lost.
    ///
    /// # Panics
    /// When the closure or `T::clone` does; the value is then as it was.
    ///
    /// # Blocking
    /// As for [`send`](Self::send). The closure must not send to the same watch.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::watch(vec![1]);
    /// let before = rx.get();
    /// tx.send_modify(|list| list.push(2));
    /// assert_eq!(*rx.get(), [1, 2]);
    /// assert_eq!(*before, [1]);
    /// ```
    pub fn send_modify(&self, change: impl FnOnce(&mut T))
    where
        T: Clone,
    {
        let writer = self.writer();
        let mut value = T::clone(&self.get());
        change(&mut value);
        // What it returns is dropped here, when neither lock is held.
        let _ = self.shared.replace(Arc::new(value), false, writer);
    }

    /// The value as it is now.
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.shared.lock().value.clone()
    }

    /// A new receiver, which counts the present value as seen.
    ///
    /// # Examples
    /// ```
    /// let (tx, _) = gaggle_chan::chan::watch(1);
    /// let rx = tx.subscribe();
    /// assert!(!rx.has_changed());
    /// tx.send(2).unwrap();
    /// assert!(rx.has_changed());
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribed(&self.shared)
    }

    /// Ends the watch, and says whether this call did it. What was sent last is still told to each receiver once.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::watch(1);
    /// assert!(tx.close());
    /// assert!(tx.send(2).is_err());
    /// assert!(rx.is_closed());
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Was the watch ended? It is not while there is just no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.lock().receivers
    }

    /// Waits until there is no receiver; at once if there is none. There may be one again later.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = gaggle_chan::chan::watch(1);
    /// drop(rx);
    /// tx.closed().await;
    /// # });
    /// ```
    #[track_caller]
    pub fn closed(&self) -> Closed<'_, T> {
        Closed {
            wait: Wait::new(&self.shared, For::NoReceiver, Site::caller()),
        }
    }

    /// Blocks the calling thread for as long as [`closed`](Self::closed) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn closed_blocking(&self) {
        wait_for(self.closed());
    }

    /// Do both set the same value?
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.shared.senders.fetch_add(1, Ordering::Relaxed);
        Self {
            shared: self.shared.clone(),
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        // Release: what this sender did comes before the end. Acquire: the last one sees it all.
        if self.shared.senders.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.close();
        }
    }
}

/// The future of [`Sender::closed`].
#[must_use = "the wait happens only when the future is awaited"]
pub struct Closed<'a, T> {
    wait: Wait<'a, T>,
}

impl<T> Future for Closed<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: the waiter is pinned with the whole, and nothing moves it out.
        let wait = unsafe { self.map_unchecked_mut(|this| &mut this.wait) };
        wait.poll_until(cx, |state| (state.receivers == 0).then_some(()))
    }
}

impl<T: fmt::Debug> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Sender")
            .field("value", &self.get())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for Closed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Closed")
            .field("site", &self.wait.site())
            .finish_non_exhaustive()
    }
}
