//! Wakers that were taken out under a lock and are called after it.

use crate::waker::is_goroutine;
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

/// How many wakers are collected before the lock is released to call them.
const BATCH: usize = 32;

/// A bounded batch of wakers. Dropping it calls them (invariant W5).
///
/// A foreign waker may panic. The others are called all the same, in this batch and in later ones; the first panic goes on when the batch is dropped.
#[must_use = "the waiters sleep until `wake_all` is called or the batch is dropped"]
pub struct Wakes {
    wakers: Vec<Waker>,
    panic: Option<Box<dyn Any + Send>>,
}

impl Default for Wakes {
    fn default() -> Self {
        Self::new()
    }
}

impl Wakes {
    /// An empty batch.
    pub fn new() -> Self {
        Self {
            wakers: Vec::new(),
            panic: None,
        }
    }

    /// One more to call.
    pub fn push(&mut self, waker: Waker) {
        if self.wakers.capacity() == 0 {
            self.wakers.reserve_exact(BATCH);
        }
        self.wakers.push(waker);
    }

    /// Is it time to release the lock and call these, before more are taken out?
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.wakers.len() >= BATCH
    }

    /// Calls all of them, oldest first. Not to be used under a lock.
    pub fn wake_all(&mut self) {
        for waker in self.wakers.drain(..) {
            if is_goroutine(&waker) {
                waker.wake();
            } else if let Err(panic) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
                self.panic.get_or_insert(panic);
            }
        }
    }
}

impl Drop for Wakes {
    fn drop(&mut self) {
        self.wake_all();
        if let Some(panic) = self.panic.take()
            && !std::thread::panicking()
        {
            resume_unwind(panic);
        }
    }
}

/// A clone of `waker` that was made outside the lock, if it is one that must not be cloned inside.
#[inline(always)]
pub fn prepare_waker(waker: &Waker) -> Option<Waker> {
    if is_goroutine(waker) {
        None
    } else {
        Some(waker.clone())
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::task::Wake;

    struct Count(AtomicU32, bool);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
            assert!(!self.1, "a waker that panics");
        }
    }

    #[test]
    fn a_waker_that_panics_does_not_silence_the_others() {
        let good = Arc::new(Count(AtomicU32::new(0), false));
        let bad = Arc::new(Count(AtomicU32::new(0), true));
        let mut wakes = Wakes::new();
        for w in [&good, &bad, &good, &good] {
            wakes.push(Waker::from(w.clone()));
        }
        let panicked =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(move || wakes.wake_all()));
        assert!(panicked.is_err());
        assert_eq!(good.0.load(Ordering::Relaxed), 3);
    }
}
