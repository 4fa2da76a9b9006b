//! The sending end.

use super::super::error::{SendError, TrySendError};
use super::shared::{After, Shared, Subscriber, deliver};
use super::{Lag, Receiver};
use crate::sync::MutexGuard;
use gaggle_base::site::Site;
use gaggle_base::sync::Ordering;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::sync::Arc;

/// The sending end of a broadcast. Clones send into the same; when the last one is dropped, the broadcast is closed.
pub struct Sender<T> {
    pub(super) shared: Arc<Shared<T>>,
}

impl<T> Sender<T> {
    pub(super) fn first(shared: Arc<Shared<T>>) -> Self {
        Self { shared }
    }

    /// A receiver that gets each value that is sent from now on. After the end it is closed from the beginning.
    ///
    /// # Examples
    /// ```
    /// let (tx, _rx) = gaggle_chan::chan::broadcast(2);
    /// tx.try_send(1).unwrap();
    /// let mut late = tx.subscribe();
    /// tx.try_send(2).unwrap();
    /// assert_eq!(late.try_recv(), Ok(2));
    /// ```
    #[must_use]
    pub fn subscribe(&self) -> Receiver<T> {
        Receiver::subscribed(&self.shared)
    }

    /// Ends the broadcast, and says whether this call did it. Receivers still get what waits for them; sends that wait get their value back.
    /// A send of another thread that is just being delivered is still delivered.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = gaggle_chan::chan::broadcast(1);
    /// tx.try_send(1).unwrap();
    /// assert!(tx.close());
    /// assert!(!tx.close());
    /// assert!(tx.try_send(2).unwrap_err().is_closed());
    /// assert_eq!(rx.recv_blocking(), Ok(1));
    /// assert!(rx.recv_blocking().is_err());
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close()
    }

    /// Was it ended? It is not while there is just no receiver.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.is_closed()
    }

    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        self.shared.receivers.load(Ordering::Relaxed)
    }

    /// How many values may wait for each receiver.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.shared.capacity
    }

    /// Do both send into the same broadcast?
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T: Clone> Sender<T> {
    /// Sends `value` to every receiver. With [`Lag::Wait`] it waits until each has room.
    ///
    /// Sends are served first come, first served: those behind one that waits for room wait too.
    ///
    /// # Errors
    /// The value comes back if there is no receiver, or the broadcast is closed before the value was delivered.
    ///
    /// # Panics
    /// When `T::clone` does; some receivers may then have the value and others not.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has sent nothing to anybody (RX-02).
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = gaggle_chan::chan::broadcast(1);
    /// tx.send(1).await.unwrap();
    /// assert_eq!(rx.recv().await, Ok(1));
    /// drop(rx);
    /// assert_eq!(tx.send(2).await.unwrap_err().into_inner(), 2);
    /// # });
    /// ```
    #[track_caller]
    pub fn send(&self, value: T) -> impl Future<Output = Result<(), SendError<T>>> {
        let shared = &*self.shared;
        let site = Site::caller();
        let turn = shared.order.lock();
        async move {
            // In this order: they are dropped in the opposite one, also if the future is.
            let _leave = Leave(shared);
            let mut after = After::new();
            let mut order = turn.await;
            if !shared.let_in(&mut order) {
                return Err(SendError(value));
            }
            if shared.lag == Lag::Wait
                && shared.full(&mut order, 0).is_some()
                && !wait_for_room(shared, &mut order, site).await
            {
                return Err(SendError(value));
            }
            deliver(&mut order, value, &mut after)
        }
    }

    /// Sends `value` if that can be done at this instant.
    ///
    /// With [`Lag::Drop`] it can unless there is no receiver; the thread may have to wait for the short time in which another one delivers.
    ///
    /// # Errors
    /// The value comes back as `Closed` if there is no receiver or the broadcast is closed.
    /// With [`Lag::Wait`] it comes back as `Full` if a receiver has no room, or another send is under way.
    ///
    /// # Panics
    /// As for [`send`](Self::send).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::broadcast(1);
    /// tx.try_send(1).unwrap();
    /// assert!(tx.try_send(2).unwrap_err().is_full());
    /// drop(rx);
    /// assert!(tx.try_send(2).unwrap_err().is_closed());
    /// ```
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        let shared = &*self.shared;
        let _leave = Leave(shared);
        let mut after = After::new();
        let mut order = match (shared.order.try_lock(), shared.lag) {
            (Some(order), _) => order,
            (None, Lag::Drop) => shared.order.lock_blocking(),
            (None, Lag::Wait) => return Err(TrySendError::Full(value)),
        };
        if !shared.let_in(&mut order) {
            return Err(TrySendError::Closed(value));
        }
        if shared.lag == Lag::Wait && shared.full(&mut order, 0).is_some() {
            return Err(TrySendError::Full(value));
        }
        Ok(deliver(&mut order, value, &mut after)?)
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
}

/// Waits until every subscriber has room. `false`: the broadcast was closed.
async fn wait_for_room<T>(
    shared: &Shared<T>,
    order: &mut MutexGuard<'_, Vec<Subscriber<T>>>,
    site: Site,
) -> bool {
    /// Takes the announcement back, also when the send is given up.
    struct Announced<'a, T>(&'a Shared<T>);
    impl<T> Drop for Announced<'_, T> {
        fn drop(&mut self) {
            self.0.announce(None);
        }
    }

    let announced = Announced(shared);
    // Each is waited for once, because room stays: a send costs as many looks as there are subscribers, not the square.
    let mut from = 0;
    while let Some(full) = shared.full(order, from) {
        from = full;
        shared.announce(Some(&order[full]));
        if !order[full].has_room(shared.capacity) {
            // The sending end is part of `shared`, so this does not fail.
            let _ = shared.room_made.recv_at(site).await;
        }
        if shared.is_closed() {
            return false;
        }
    }
    drop(announced);
    // Who has come meanwhile has room.
    shared.let_in(order)
}

/// A send is over, or given up, and `order` free again (D1).
struct Leave<'a, T>(&'a Shared<T>);

impl<T> Drop for Leave<'_, T> {
    fn drop(&mut self) {
        self.0.sweep();
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

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("broadcast::Sender")
            .field("capacity", &self.shared.capacity)
            .field("lag", &self.shared.lag)
            .field("receivers", &self.receiver_count())
            .field("closed", &self.is_closed())
            .finish()
    }
}
