//! The counts of senders and receivers, and who frees the channel.
//!
//! One allocation holds the channel and three counts.
//! When the last handle of one kind goes, that end is gone: the channel is closed or abandoned.
//! Whichever end goes second frees the allocation.
//!
//! **Invariant H1**: the allocation lives while `ends_gone < 2`, so every handle may use it.

use super::core::{Chan, UNBOUNDED};
use super::receiver::Receiver;
use super::sender::Sender;
use gaggle_base::sync::{AtomicUsize, Ordering};
use std::ops::Deref;
use std::ptr::NonNull;

/// Above this many handles of one kind the process is stopped: the count would overflow.
const MAX_HANDLES: usize = isize::MAX as usize;

/// Which end a handle belongs to.
#[derive(Clone, Copy)]
pub(super) enum End {
    Send,
    Recv,
}

/// A counted pointer to a channel. Transparent, for `recv_end.rs`.
#[repr(transparent)]
pub(super) struct Handle<T>(NonNull<Chan<T>>);

// SAFETY: a handle gives shared access to a `Chan`, whose parts are atomics and a lock around values of `T`.
unsafe impl<T: Send> Send for Handle<T> {}
// SAFETY: as above.
unsafe impl<T: Send> Sync for Handle<T> {}

impl<T> Deref for Handle<T> {
    type Target = Chan<T>;
    #[inline(always)]
    fn deref(&self) -> &Chan<T> {
        // SAFETY: invariant H1.
        unsafe { self.0.as_ref() }
    }
}

impl<T> Handle<T> {
    fn count(&self, end: End) -> &AtomicUsize {
        match end {
            End::Send => &self.senders,
            End::Recv => &self.receivers,
        }
    }

    /// One more handle of the same end.
    #[inline]
    pub(super) fn acquire(&self, end: End) -> Self {
        if self.count(end).fetch_add(1, Ordering::Relaxed) > MAX_HANDLES {
            std::process::abort();
        }
        Self(self.0)
    }

    /// One handle less. Not to be called twice for one handle; it is what `Drop` of the ends does.
    #[inline]
    pub(super) fn release(&self, end: End) {
        // Release: what this handle's user did comes before the end of the channel. Acquire: the last one sees it all.
        if self.count(end).fetch_sub(1, Ordering::AcqRel) == 1 {
            self.end_gone(end);
        }
    }

    #[cold]
    fn end_gone(&self, end: End) {
        match end {
            End::Send => {
                self.close();
            }
            End::Recv => self.abandon(),
        }
        if self.ends_gone.fetch_add(1, Ordering::AcqRel) == 1 {
            self.listing.leave();
            // SAFETY: both ends are gone, so no handle is left but this one, which is not used again (H1).
            drop(unsafe { Box::from_raw(self.0.as_ptr()) });
        }
    }

    pub(super) fn same(&self, other: &Self) -> bool {
        self.0 == other.0
    }

    /// The bare pointer; its count goes with it.
    pub(super) fn into_raw(self) -> NonNull<Chan<T>> {
        self.0
    }

    /// The inverse of `into_raw`.
    ///
    /// # Safety
    /// The pointer came from `into_raw` and stands for one count.
    pub(super) unsafe fn from_raw(chan: NonNull<Chan<T>>) -> Self {
        Self(chan)
    }
}

fn allocate<T>(capacity: usize) -> NonNull<Chan<T>> {
    NonNull::from(Box::leak(Box::new(Chan::new(capacity))))
}

/// The two ends of a new channel.
pub(super) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let chan = allocate(capacity);
    (Sender::new(Handle(chan)), Receiver::new(Handle(chan)))
}

/// A receiver whose sending end is never gone, and yet does not keep the channel in memory.
pub(super) fn never<T>() -> Receiver<T> {
    let chan = allocate(UNBOUNDED);
    let handle = Handle(chan);
    // The sending end counts as gone for the question who frees, but nobody ever closes.
    handle.ends_gone.store(1, Ordering::Relaxed);
    Receiver::new(handle)
}
