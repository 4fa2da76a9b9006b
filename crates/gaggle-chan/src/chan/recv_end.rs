//! A receiver in one word.
//!
//! A million goroutines may each hold a receiver, so it is as small as it can be: a counted pointer to the channel.
//! A receiver that is used as a `Stream` also needs a waiter that outlives each call of `poll_next`; it points to a box with both, and the lowest bit says so.
//!
//! **Invariant T1**: with the bit clear the word is a `Handle`'s pointer; with the bit set the rest is a `Box<Streaming>` that this word owns.
//! Both are aligned to more than one byte, so the bit is free.

use super::core::Chan;
use super::handle::Handle;
use gaggle_base::site::Site;
use gaggle_base::waitlist::Node;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::ptr::NonNull;

const STREAMING: usize = 1;

/// See the header of this file. Dropping it frees the box, and does not give up the count of the handle: that is for the receiver to do.
pub(super) struct RecvEnd<T> {
    word: NonNull<Chan<T>>,
    _streaming: PhantomData<Streaming<T>>,
}

struct Streaming<T> {
    handle: ManuallyDrop<Handle<T>>,
    node: Node<T>,
}

// SAFETY: what the word stands for, a handle and a node, may be sent if `T` may.
unsafe impl<T: Send> Send for RecvEnd<T> {}
// SAFETY: shared use is that of a handle, and of a node under the channel's lock.
unsafe impl<T: Send> Sync for RecvEnd<T> {}
// A node in the box stays where it is when the word moves.
impl<T> Unpin for RecvEnd<T> {}

impl<T> RecvEnd<T> {
    pub(super) fn new(handle: Handle<T>) -> Self {
        Self {
            word: handle.into_raw(),
            _streaming: PhantomData,
        }
    }

    #[inline(always)]
    fn is_streaming(&self) -> bool {
        self.word.addr().get() & STREAMING != 0
    }

    fn box_ptr(&self) -> *mut Streaming<T> {
        self.word.as_ptr().map_addr(|a| a & !STREAMING).cast()
    }

    #[inline(always)]
    pub(super) fn handle(&self) -> &Handle<T> {
        if self.is_streaming() {
            // SAFETY: T1: the box is owned by this word, which is borrowed.
            return unsafe { &(*self.box_ptr()).handle };
        }
        // SAFETY: T1: the word is the pointer of a `Handle`, which is a transparent wrapper of it.
        unsafe { &*(&raw const self.word).cast::<Handle<T>>() }
    }

    /// The waiter of `poll_next`, if there ever was one.
    #[inline(always)]
    pub(super) fn waiter(&self) -> Option<&Node<T>> {
        // SAFETY: T1.
        self.is_streaming()
            .then(|| unsafe { &(*self.box_ptr()).node })
    }

    /// The channel and the waiter, made on first use.
    pub(super) fn for_stream(&mut self) -> (&Handle<T>, Pin<&Node<T>>) {
        if !self.is_streaming() {
            // SAFETY: T1: the word is a handle's; it moves into the box, and the word becomes the box's.
            let handle = ManuallyDrop::new(unsafe { Handle::from_raw(self.word) });
            let boxed = Box::new(Streaming {
                handle,
                node: Node::empty(Site::UNKNOWN),
            });
            self.word = NonNull::from(Box::leak(boxed))
                .cast::<Chan<T>>()
                .map_addr(|a| a | STREAMING);
        }
        // SAFETY: T1; the node stays in its box until the word is dropped, so it is pinned.
        unsafe {
            let streaming = &*self.box_ptr();
            (&streaming.handle, Pin::new_unchecked(&streaming.node))
        }
    }
}

impl<T> Drop for RecvEnd<T> {
    fn drop(&mut self) {
        if self.is_streaming() {
            // SAFETY: T1: the box is ours, and the receiver has taken the node out of every list before.
            drop(unsafe { Box::from_raw(self.box_ptr()) });
        }
    }
}
