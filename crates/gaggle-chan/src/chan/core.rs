//! What one channel is: a buffer, two lists of waiters, and the rules, under one short lock.
//!
//! The lock protects [`Inner`]; the counts of handles beside it are atomics (see `handle.rs`).
//! No code of a user runs under the lock: values are moved bit by bit, dropped outside, and wakers are called outside.
//!
//! # Invariants (all under the lock)
//!
//! * **C1** If a receiver waits, then the buffer and the returned values are empty and no sender waits.
//! * **C2** If a sender waits, then the buffer is full and the channel is not closed.
//! * **C3** If the channel is closed, nobody who came before is left in a list once `close` has returned.
//!
//! A node of a select "waits" in the sense of C1 and C2 while its commit says so (`WAITING`, see `commit.rs` of the wait lists).
//! The exception is a select that both sends to and receives from this channel: its two nodes wait side by side, and never meet (SE-12).
//!
//! # Values that come back
//!
//! A receive that is dropped after a value was assigned to it gives the value back (RX-01).
//! Each hand-over to a waiting receiver has a number, and values that come back are kept in the order of those numbers, in front of the buffer.
//! So with one receiver the order of one sender's values holds (CH-03) also when receives are cancelled.

use super::buffer::Buffer;
use gaggle_base::listing::Listing;
use gaggle_base::spin::{SpinGuard, SpinLock, SpinWord};
use gaggle_base::steps;
use gaggle_base::sync::AtomicUsize;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes};
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::task::Waker;

/// The capacity of an unbounded channel.
pub(super) const UNBOUNDED: usize = usize::MAX;

/// One channel.
pub(super) struct Chan<T> {
    inner: SpinLock<Inner<T>>,
    pub(super) capacity: usize,
    /// How many `Sender`s there are (see `handle.rs`).
    pub(super) senders: AtomicUsize,
    /// How many `Receiver`s there are.
    pub(super) receivers: AtomicUsize,
    /// How many of the two kinds of ends are gone.
    pub(super) ends_gone: AtomicUsize,
    /// From the first wait on, so that dumps can ask what is waited for. It leaves before the channel is freed (see `handle.rs`).
    pub(super) listing: Listing,
}

/// What the lock protects.
pub(super) struct Inner<T> {
    buffer: Buffer<T>,
    receivers: WaitList<T>,
    senders: WaitList<T>,
    /// Those who wait for the end of the channel itself (see `closed.rs`).
    pub(super) closers: WaitList<()>,
    pub(super) closed: bool,
    /// The last receiver is gone: nothing can ever be received.
    abandoned: bool,
    /// The number of the last hand-over to a waiting receiver.
    handed: usize,
    /// Values that came back, by the number of their hand-over. Almost always empty.
    returned: Vec<(usize, T)>,
    /// It is listed (see `describe.rs`): a receive or send that has to wait need not do it.
    pub(super) listed: bool,
    /// What the program calls it.
    pub(super) name: Option<Arc<str>>,
}

/// The outcome of an attempt to send.
pub(super) enum Offer {
    /// The value was moved out; the waker is of the receiver that has it.
    Taken(Option<Waker>),
    Full,
    Closed,
}

/// The outcome of an attempt to receive.
pub(super) enum Take {
    /// A value was moved in; the waker is of the sender that may go on.
    Taken(Option<Waker>),
    Empty,
    Closed,
}

impl<T> Chan<T> {
    pub(super) fn new(capacity: usize) -> Self {
        let buffer = if capacity == UNBOUNDED {
            Buffer::chain()
        } else {
            Buffer::ring(capacity)
        };
        Self {
            inner: SpinLock::new(Inner {
                buffer,
                receivers: WaitList::new(),
                senders: WaitList::new(),
                closers: WaitList::new(),
                closed: false,
                abandoned: false,
                handed: 0,
                returned: Vec::new(),
                listed: false,
                name: None,
            }),
            capacity,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(1),
            ends_gone: AtomicUsize::new(0),
            listing: Listing::new(),
        }
    }

    /// The address, for wait records.
    #[inline(always)]
    pub(super) fn address(&self) -> u64 {
        std::ptr::from_ref(self).addr() as u64
    }

    #[inline(always)]
    pub(super) fn lock(&self) -> SpinGuard<'_, Inner<T>> {
        self.inner.lock()
    }

    /// The lock, for a select that holds those of several channels.
    pub(super) fn word(&self) -> SpinWord<'_> {
        self.inner.word()
    }

    /// What the lock protects, for a select.
    ///
    /// # Safety
    /// As for [`SpinLock::with_held`].
    pub(super) unsafe fn with_held<R>(&self, f: impl FnOnce(&mut Inner<T>) -> R) -> R {
        // SAFETY: the caller's promise.
        unsafe { self.inner.with_held(f) }
    }

    /// Closes the channel: no value goes in any more. Says whether this call did it (CL-02, CL-03, CL-05).
    pub(super) fn close(&self) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            return false;
        }
        inner.closed = true;
        self.release_all(inner);
        steps::with(|steps| steps.closed(self.address()));
        true
    }

    /// The last receiver is gone: closes the channel and drops what nobody can receive.
    pub(super) fn abandon(&self) {
        let mut inner = self.lock();
        inner.closed = true;
        inner.abandoned = true;
        let buffer = std::mem::replace(&mut inner.buffer, Buffer::ring(0));
        let returned = std::mem::take(&mut inner.returned);
        self.release_all(inner);
        drop((buffer, returned));
    }

    /// Tells everyone who waits that the channel is closed: a batch under the lock, then their wakers outside it.
    /// Nobody enqueues after `closed` is set, so this is linear in the number of waiters, whatever else goes on.
    fn release_all<'a>(&'a self, mut inner: SpinGuard<'a, Inner<T>>) {
        let mut wakes = Wakes::new();
        loop {
            while !wakes.is_full() {
                let i = &mut *inner;
                if let Some((node, waker)) =
                    i.receivers.pop_front().or_else(|| i.senders.pop_front())
                {
                    node.set_state(State::Closed);
                    wakes.push(waker);
                } else if let Some((node, waker)) = i.closers.pop_front() {
                    node.set_state(State::Closed);
                    wakes.push(waker);
                } else {
                    break;
                }
            }
            let more = wakes.is_full();
            drop(inner);
            wakes.wake_all();
            if !more {
                return;
            }
            inner = self.lock();
        }
    }

    /// A receive in `node` is given up. If it has a value, the value goes on (RX-01).
    /// If it still waited, its waker comes back, which was not called.
    pub(super) fn cancel_recv(&self, node: &Node<T>) -> Option<Waker> {
        if matches!(node.state(), State::Idle | State::Finished | State::Closed) {
            return None;
        }
        let mut inner = self.lock();
        match node.state() {
            // SAFETY: by its state the node is in a list, and a receive is only ever put into `receivers`.
            State::Waiting => unsafe { inner.receivers.remove(node) },
            State::Done => {
                // SAFETY: the state is `Done` and we act for the owner: the slot holds the value and the links hold the number.
                let (value, stamp) = unsafe { (node.take_slot(), node.stamp()) };
                node.set_state(State::Idle);
                let (waker, rest) = inner.give_back(value, stamp);
                drop(inner);
                drop(rest);
                wake(waker);
                None
            }
            State::Idle | State::Closed | State::Finished => None,
        }
    }

    /// Puts a value that was received in front of all others; it comes back if nobody can ever receive it.
    pub(super) fn put_back(&self, value: T) -> Option<T> {
        let mut inner = self.lock();
        // 0 is before the number of every hand-over.
        let (waker, rest) = inner.give_back(value, 0);
        drop(inner);
        wake(waker);
        rest
    }

    /// The value that was assigned to `node`, if one was. For a waiter that several threads may look at.
    pub(super) fn take_assigned(&self, node: &Node<T>) -> Option<T> {
        let _inner = self.lock();
        (node.state() == State::Done).then(|| {
            // SAFETY: the state is `Done` and we act for the owner, under the lock, so only once.
            let value = unsafe { node.take_slot() };
            node.set_state(State::Idle);
            value
        })
    }

    /// A send in `node` is given up. The value stays in the slot unless it was taken; says whether it is still there.
    pub(super) fn cancel_send(&self, node: &Node<T>) -> bool {
        match node.state() {
            State::Idle | State::Closed => true,
            State::Done | State::Finished => false,
            State::Waiting => {
                let mut inner = self.lock();
                let state = node.state();
                let waker = if state == State::Waiting {
                    // SAFETY: by its state the node is in a list, and a send is only ever put into `senders`.
                    unsafe { inner.senders.remove(node) }
                } else {
                    None
                };
                drop(inner);
                drop(waker);
                state != State::Done
            }
        }
    }

    /// Buffered values, those that came back included.
    pub(super) fn len(&self) -> usize {
        let inner = self.lock();
        if self.capacity == 0 {
            0
        } else {
            (inner.buffer.len() + inner.returned.len()).min(self.capacity)
        }
    }

    /// Can nothing ever be received any more?
    pub(super) fn is_drained(&self) -> bool {
        let inner = self.lock();
        inner.closed && inner.buffer.len() == 0 && inner.returned.is_empty()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().closed
    }
}

impl<T> Inner<T> {
    /// Tries to send what `value` points to.
    ///
    /// # Safety
    /// `value` points to a value; after `Offer::Taken` the caller counts it as moved out.
    #[inline(always)]
    pub(super) unsafe fn offer(&mut self, value: *const T) -> Offer {
        if self.closed {
            return Offer::Closed;
        }
        if let Some((node, waker)) = self.receivers.pop_front() {
            self.handed = self.handed.wrapping_add(1);
            // SAFETY: the caller's promise; the value is moved out once, here. The node has just left the list.
            unsafe { hand_over(node, value.read(), self.handed) };
            return Offer::Taken(Some(waker));
        }
        if self.buffer.has_room() {
            // SAFETY: there is room; the rest is the caller's promise.
            unsafe { self.buffer.push(value) };
            return Offer::Taken(None);
        }
        Offer::Full
    }

    /// Could a send proceed, or fail, at once? A select among the waiters may have been lost to another channel, so a `true` may be wrong.
    pub(super) fn may_accept(&self) -> bool {
        self.closed || self.buffer.has_room() || !self.receivers.is_empty()
    }

    /// Could a receive proceed, or fail, at once? See [`may_accept`](Self::may_accept).
    pub(super) fn may_take(&self) -> bool {
        self.closed
            || self.buffer.len() > 0
            || !self.returned.is_empty()
            || !self.senders.is_empty()
    }

    /// Tries to receive into `into`.
    ///
    /// # Safety
    /// `into` is valid for writing; it holds a value after `Take::Taken` and only then.
    #[inline(always)]
    pub(super) unsafe fn take(&mut self, into: *mut T) -> Take {
        if !self.returned.is_empty() {
            let (_, value) = self.returned.remove(0);
            // SAFETY: the caller's promise.
            unsafe { into.write(value) };
            return Take::Taken(None);
        }
        // SAFETY: the caller's promise.
        if unsafe { self.buffer.pop(into) } {
            // CH-07: the sender that waits longest moves its value into the room that was made.
            let waker = match self.senders.pop_front() {
                None => None,
                Some((node, waker)) => {
                    // SAFETY: a waiting sender's slot holds its value; there is room; `Done` says that the value is gone.
                    unsafe { self.buffer.push(node.slot()) };
                    node.set_state(State::Done);
                    Some(waker)
                }
            };
            return Take::Taken(waker);
        }
        if let Some((node, waker)) = self.senders.pop_front() {
            // SAFETY: a waiting sender's slot holds its value; `Done` says that it is gone; `into` is the caller's promise.
            unsafe { into.write(node.take_slot()) };
            node.set_state(State::Done);
            return Take::Taken(Some(waker));
        }
        if self.closed {
            Take::Closed
        } else {
            Take::Empty
        }
    }

    /// As [`take`](Self::take), with the number of the hand-over, by which the value can be given back.
    ///
    /// # Safety
    /// As for `take`.
    pub(super) unsafe fn take_numbered(&mut self, into: *mut T) -> (Take, usize) {
        // One that came back has been handed over before.
        let number = if let Some((number, _)) = self.returned.first() {
            *number
        } else {
            self.handed = self.handed.wrapping_add(1);
            self.handed
        };
        // SAFETY: the caller's promise.
        (unsafe { self.take(into) }, number)
    }

    /// Takes back a value that was handed over as number `stamp`. Returns a waker to call, or the value if nobody can ever receive it.
    fn give_back(&mut self, value: T, stamp: usize) -> (Option<Waker>, Option<T>) {
        if self.abandoned {
            return (None, Some(value));
        }
        if let Some((node, waker)) = self.receivers.pop_front() {
            // SAFETY: the node has just left the list under the lock.
            unsafe { hand_over(node, value, stamp) };
            return (Some(waker), None);
        }
        let at = self.returned.partition_point(|(n, _)| *n < stamp);
        self.returned.insert(at, (stamp, value));
        (None, None)
    }

    /// Lets the receive in `node` wait.
    ///
    /// # Safety
    /// `take` has just said `Empty` under this hold of the lock, and `node` meets the conditions of `WaitList::push_back`.
    #[inline(always)]
    pub(super) unsafe fn enqueue_recv(&mut self, node: &Node<T>, waker: Waker) {
        // SAFETY: the caller's promise.
        unsafe { self.receivers.push_back(node, waker) };
    }

    /// Lets a node that had left its list wait on before all others: its place was taken from it while its select was busy.
    ///
    /// # Safety
    /// As for `enqueue_recv` or `enqueue_send`.
    pub(super) unsafe fn enqueue_first(&mut self, node: &Node<T>, receives: bool, waker: Waker) {
        let list = if receives {
            &mut self.receivers
        } else {
            &mut self.senders
        };
        // SAFETY: the caller's promise.
        unsafe { list.push_front(node, waker) };
    }

    /// Lets the send in `node` wait.
    ///
    /// # Safety
    /// `offer` has just said `Full` under this hold of the lock, and `node` meets the conditions of `WaitList::push_back`.
    #[inline(always)]
    pub(super) unsafe fn enqueue_send(&mut self, node: &Node<T>, waker: Waker) {
        // SAFETY: the caller's promise.
        unsafe { self.senders.push_back(node, waker) };
    }

    /// Takes a receive or a send that still waits out of its list; returns the waker to drop outside the lock.
    ///
    /// # Safety
    /// The node's state is `Waiting`, and it waits to receive if `receives`, else to send.
    pub(super) unsafe fn withdraw(&mut self, node: &Node<T>, receives: bool) -> Option<Waker> {
        let list = if receives {
            &mut self.receivers
        } else {
            &mut self.senders
        };
        // SAFETY: the caller's promise.
        unsafe { list.remove(node) }
    }

    /// Gives a receive or a send that still waits the waker of its newest poll; returns the one to drop outside the lock.
    ///
    /// # Safety
    /// The node's state is `Waiting`, and it waits to receive if `receives`, else to send.
    pub(super) unsafe fn renew(
        &mut self,
        node: &Node<T>,
        receives: bool,
        waker: Waker,
    ) -> Option<Waker> {
        let list = if receives {
            &mut self.receivers
        } else {
            &mut self.senders
        };
        // SAFETY: the caller's promise.
        unsafe { list.renew_waker(node, waker) }
    }
}

/// Moves `value`, as hand-over number `stamp`, into the slot of a receiver, which is done by that.
///
/// # Safety
/// The node has just left the list of receivers and the lock is still held: so slot and links are ours until `Done` (invariant W3).
#[inline(always)]
unsafe fn hand_over<T>(node: &Node<T>, value: T, stamp: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        node.fill_slot(value);
        node.set_stamp(stamp);
    }
    node.set_state(State::Done);
}

/// Calls the waker, if there is one. Not to be used under the lock.
#[inline(always)]
pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// Receives without waiting.
#[inline]
pub(super) fn try_take<T>(chan: &Chan<T>) -> Result<T, Take> {
    let mut value = MaybeUninit::uninit();
    let mut inner = chan.lock();
    // SAFETY: `value` is valid for writing, and read only after `Taken`.
    match unsafe { inner.take(value.as_mut_ptr()) } {
        Take::Taken(waker) => {
            drop(inner);
            // SAFETY: `take` said `Taken`. Before the wake, which may panic: the value is then dropped and not leaked.
            let value = unsafe { value.assume_init() };
            wake(waker);
            Ok(value)
        }
        other => Err(other),
    }
}
