//! The end that looks.

use super::super::error::RecvError;
use super::state::{For, Shared, Watched};
use super::wait::Wait;
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};

/// The end of a watch that looks. Each has its own notion of what it has seen; a clone begins with that of the original.
pub struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that was told last.
    seen: u64,
}

/// The version that is to be told to who has seen `seen`, or that there is none to come.
fn news<T>(state: &Watched<T>, seen: u64) -> Option<Result<u64, RecvError>> {
    if state.version != seen {
        return Some(Ok(state.version));
    }
    state.closed.then_some(Err(RecvError))
}

impl<T> Receiver<T> {
    pub(super) fn subscribed(shared: &Arc<Shared<T>>) -> Self {
        let mut state = shared.lock();
        state.receivers += 1;
        let seen = state.version;
        drop(state);
        Self {
            shared: shared.clone(),
            seen,
        }
    }

    /// The value as it is now. It stays as it is for as long as it is kept, whatever is sent meanwhile.
    /// A change that was not told yet is still told by [`changed`](Self::changed).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::watch(1);
    /// let one = rx.get();
    /// tx.send(2).unwrap();
    /// assert_eq!((*one, *rx.get()), (1, 2));
    /// ```
    #[must_use]
    pub fn get(&self) -> Arc<T> {
        self.shared.lock().value.clone()
    }

    /// The value as it is now, which counts as seen: [`changed`](Self::changed) waits for a newer one.
    ///
    /// # Examples
    /// ```
    /// let (tx, mut rx) = gaggle_chan::chan::watch(1);
    /// tx.send(2).unwrap();
    /// assert_eq!(*rx.get_seen(), 2);
    /// assert!(!rx.has_changed());
    /// ```
    pub fn get_seen(&mut self) -> Arc<T> {
        let state = self.shared.lock();
        self.seen = state.version;
        state.value.clone()
    }

    /// Is there a value that was not seen?
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = gaggle_chan::chan::watch(1);
    /// assert!(!rx.has_changed());
    /// tx.send(2).unwrap();
    /// assert!(rx.has_changed());
    /// ```
    #[must_use]
    pub fn has_changed(&self) -> bool {
        self.shared.lock().version != self.seen
    }

    /// Waits for a value that was not seen, and counts it as seen; at once if there is one.
    ///
    /// # Errors
    /// [`RecvError`] once the watch is closed and its last value was seen.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has seen nothing: the change is told to the next one.
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = gaggle_chan::chan::watch(1);
    /// tx.send(2).unwrap();
    /// drop(tx);
    /// assert!(rx.changed().await.is_ok());
    /// assert_eq!(*rx.get(), 2);
    /// assert!(rx.changed().await.is_err());
    /// # });
    /// ```
    #[track_caller]
    pub fn changed(&mut self) -> Changed<'_, T> {
        Changed {
            wait: Wait::new(&self.shared, For::Change, Site::caller()),
            seen: &mut self.seen,
        }
    }

    /// Waits until the value is one that `wanted` accepts, and returns it; it counts as seen. The present value is looked at first.
    /// Not every value is looked at: only the newest at the time.
    ///
    /// # Errors
    /// [`RecvError`] if the watch is closed and its last value is not accepted.
    ///
    /// # Panics
    /// When `wanted` does.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace, but that values which were not accepted count as seen.
    ///
    /// # Examples
    /// ```
    /// # futures::executor::block_on(async {
    /// let (tx, mut rx) = gaggle_chan::chan::watch(1);
    /// tx.send(10).unwrap();
    /// assert_eq!(*rx.wait_for(|n| *n > 5).await.unwrap(), 10);
    /// drop(tx);
    /// assert!(rx.wait_for(|n| *n > 50).await.is_err());
    /// # });
    /// ```
    #[track_caller]
    pub fn wait_for(
        &mut self,
        mut wanted: impl FnMut(&T) -> bool,
    ) -> impl Future<Output = Result<Arc<T>, RecvError>> {
        let site = Site::caller();
        async move {
            let mut value = self.get_seen();
            let mut wait = pin!(Wait::new(&self.shared, For::Change, site));
            loop {
                // Outside the lock: it is the user's code.
                if wanted(&value) {
                    return Ok(value);
                }
                let seen = self.seen;
                (self.seen, value) = poll_fn(|cx| {
                    wait.as_mut().poll_until(cx, |state| {
                        let news = news(state, seen)?;
                        Some(news.map(|version| (version, state.value.clone())))
                    })
                })
                .await?;
            }
        }
    }

    /// Blocks the calling thread for as long as [`changed`](Self::changed) would wait.
    ///
    /// # Errors
    /// As for [`changed`](Self::changed).
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn changed_blocking(&mut self) -> Result<(), RecvError> {
        wait_for(self.changed())
    }

    /// Blocks the calling thread for as long as [`wait_for`](Self::wait_for) would wait.
    ///
    /// # Errors
    /// As for [`wait_for`](Self::wait_for).
    ///
    /// # Blocking
    /// As for [`changed_blocking`](Self::changed_blocking).
    #[track_caller]
    pub fn wait_for_blocking(
        &mut self,
        wanted: impl FnMut(&T) -> bool,
    ) -> Result<Arc<T>, RecvError> {
        wait_for(self.wait_for(wanted))
    }

    /// Was the watch ended? The last value may still be unseen.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// Do both look at the same value?
    #[must_use]
    pub fn same_channel(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        self.shared.lock().receivers += 1;
        Self {
            shared: self.shared.clone(),
            seen: self.seen,
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.receivers -= 1;
        if state.receivers == 0 {
            let round = state.end_round(For::NoReceiver);
            drop(state);
            self.shared.wake(For::NoReceiver, round);
        }
    }
}

/// The future of [`Receiver::changed`].
#[must_use = "the wait happens only when the future is awaited"]
pub struct Changed<'a, T> {
    wait: Wait<'a, T>,
    seen: &'a mut u64,
}

impl<T> Future for Changed<'_, T> {
    type Output = Result<(), RecvError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: the waiter is pinned with the whole and nothing moves it out; the other field is not pinned.
        let (wait, seen) = unsafe {
            let this = self.get_unchecked_mut();
            (Pin::new_unchecked(&mut this.wait), &mut *this.seen)
        };
        wait.poll_until(cx, |state| news(state, *seen))
            .map(|news| news.map(|version| *seen = version))
    }
}

impl<T: fmt::Debug> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("watch::Receiver")
            .field("value", &self.get())
            .field("changed", &self.has_changed())
            .field("closed", &self.is_closed())
            .finish()
    }
}

impl<T> fmt::Debug for Changed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changed")
            .field("site", &self.wait.site())
            .finish_non_exhaustive()
    }
}
