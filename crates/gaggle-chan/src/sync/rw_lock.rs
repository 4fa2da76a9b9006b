//! A read-write lock for goroutines (semantics.md LK-07 to LK-11).
//!
//! One short lock protects who holds it and who waits.
//!
//! * **L1** A reader waits only while a writer holds the lock or waits (LK-09).
//! * **L2** The lock is handed over, never left free with somebody waiting:
//!   a writer's unlock admits all readers that wait (LK-10), else the next writer; the last reader's unlock admits the writer that waits longest.
//! * **L3** Whoever gives up takes back what only its waiting has caused: if no writer holds or waits any more, the readers go in.
//!
//! Readers are admitted in batches, because their wakers are called outside the lock. Meanwhile the admission itself counts as a reader, so no writer gets in between.

use super::queued::still_waits;
use super::rw_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::sync::Cell;
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

/// Which of the two ways of holding the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    Read,
    Write,
}

struct Inner {
    readers: usize,
    writer: bool,
    waiting_readers: WaitList<()>,
    waiting_writers: WaitList<()>,
}

impl Inner {
    fn list(&mut self, want: Want) -> &mut WaitList<()> {
        match want {
            Want::Read => &mut self.waiting_readers,
            Want::Write => &mut self.waiting_writers,
        }
    }

    fn try_take(&mut self, want: Want) -> bool {
        let free = !self.writer && self.waiting_writers.is_empty();
        match want {
            Want::Read if free => self.readers += 1,
            Want::Write if free && self.readers == 0 => self.writer = true,
            _ => return false,
        }
        true
    }

    /// L2: if nobody holds the lock, the writer that waits longest does now.
    fn admit_writer(&mut self) -> Option<Waker> {
        if self.writer || self.readers > 0 {
            return None;
        }
        let (node, waker) = self.waiting_writers.pop_front()?;
        self.writer = true;
        node.set_state(State::Done);
        Some(waker)
    }
}

pub(super) struct Raw {
    inner: SpinLock<Inner>,
}

/// Many readers or one writer.
///
/// A writer that waits keeps new readers out, so writers are not starved (LK-09): a goroutine that holds a read guard must not ask for a second one.
/// A writer's unlock lets all readers in that waited, so readers are not starved either (LK-10).
/// Waiting parks the goroutine and never its thread; guards may be held across an await, move between workers and do not poison.
///
/// Go's `RLocker` is the read guard: all it can do is to unlock the read side (LK-11).
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::RwLock;
/// # futures::executor::block_on(async {
/// let lock = RwLock::new(1);
/// {
///     let (a, b) = (lock.read().await, lock.read().await);
///     assert_eq!(*a + *b, 2);
/// }
/// *lock.write().await += 1;
/// assert_eq!(lock.into_inner(), 2);
/// # });
/// ```
pub struct RwLock<T: ?Sized> {
    pub(super) raw: Raw,
    pub(super) value: Cell<T>,
}

// SAFETY: the value is reached through guards only: many that read, or one that writes.
unsafe impl<T: ?Sized + Send> Send for RwLock<T> {}
// SAFETY: as above; readers on several threads share the value, and a writer may be on any, so `T` must be both.
unsafe impl<T: ?Sized + Send + Sync> Sync for RwLock<T> {}

impl<T> RwLock<T> {
    /// A free lock around `value`.
    #[must_use]
    pub fn new(value: T) -> Self {
        let inner = Inner {
            readers: 0,
            writer: false,
            waiting_readers: WaitList::new(),
            waiting_writers: WaitList::new(),
        };
        Self {
            raw: Raw {
                inner: SpinLock::new(inner),
            },
            value: Cell::new(value),
        }
    }

    /// The value; nobody else can have the lock.
    #[cfg(not(loom))]
    pub fn into_inner(self) -> T {
        let this = std::mem::ManuallyDrop::new(self);
        // SAFETY: `this` is owned and never used again, so the value is moved out once; `Raw` has nothing to drop.
        this.value.with(|p| unsafe { p.read() })
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Takes the lock to read, and waits for as long as a writer has it or waits for it (LK-07, LK-09).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace; a lock that had just been given to it goes on (RX-03, RX-04).
    #[track_caller]
    pub fn read(&self) -> Read<'_, T> {
        Read {
            lock: self,
            waiter: Waiter::new(&self.raw, Want::Read, Site::caller()),
        }
    }

    /// Takes the lock to write, and waits for as long as anybody has it (LK-07).
    ///
    /// # Cancel safety
    /// As for [`read`](Self::read); readers that only waited for this writer go in.
    #[track_caller]
    pub fn write(&self) -> Write<'_, T> {
        Write {
            lock: self,
            waiter: Waiter::new(&self.raw, Want::Write, Site::caller()),
        }
    }

    /// Takes the lock to read if no writer has it or waits for it (LK-08).
    #[must_use]
    pub fn try_read(&self) -> Option<ReadGuard<'_, T>> {
        self.raw
            .try_take(Want::Read)
            .then(|| ReadGuard { lock: self })
    }

    /// Takes the lock to write if nobody has it or waits for it (LK-08).
    #[must_use]
    pub fn try_write(&self) -> Option<WriteGuard<'_, T>> {
        self.raw
            .try_take(Want::Write)
            .then(|| WriteGuard { lock: self })
    }

    /// Takes the lock to read, and blocks the calling thread meanwhile.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn read_blocking(&self) -> ReadGuard<'_, T> {
        self.try_read().unwrap_or_else(|| wait_for(self.read()))
    }

    /// Takes the lock to write, and blocks the calling thread meanwhile.
    ///
    /// # Blocking
    /// As for [`read_blocking`](Self::read_blocking).
    #[track_caller]
    pub fn write_blocking(&self) -> WriteGuard<'_, T> {
        self.try_write().unwrap_or_else(|| wait_for(self.write()))
    }

    /// Takes the lock to read, for a guard that owns its share of it.
    ///
    /// # Cancel safety
    /// As for [`read`](Self::read).
    #[track_caller]
    pub fn read_owned(self: Arc<Self>) -> impl Future<Output = OwnedReadGuard<T>> {
        let site = Site::caller();
        async move {
            Waiter::new(&self.raw, Want::Read, site).await;
            OwnedReadGuard { lock: self }
        }
    }

    /// Takes the lock to write, for a guard that owns its share of it.
    ///
    /// # Cancel safety
    /// As for [`write`](Self::write).
    #[track_caller]
    pub fn write_owned(self: Arc<Self>) -> impl Future<Output = OwnedWriteGuard<T>> {
        let site = Site::caller();
        async move {
            Waiter::new(&self.raw, Want::Write, site).await;
            OwnedWriteGuard { lock: self }
        }
    }

    /// The value; nobody else can have the lock.
    pub fn get_mut(&mut self) -> &mut T {
        // SAFETY: `&mut self` means that no guard exists.
        self.value.with_mut(|p| unsafe { &mut *p })
    }
}

impl Raw {
    fn try_take(&self, want: Want) -> bool {
        self.inner.lock().try_take(want)
    }

    pub(super) fn unlock_read(&self) {
        let mut inner = self.inner.lock();
        inner.readers -= 1;
        let waker = inner.admit_writer();
        drop(inner);
        waker.into_iter().for_each(Waker::wake);
    }

    pub(super) fn unlock_write(&self) {
        let mut inner = self.inner.lock();
        inner.writer = false;
        self.hand_on(inner);
    }

    /// A writer reads on: the readers that wait come in, and no writer in between.
    pub(super) fn downgrade(&self) {
        let mut inner = self.inner.lock();
        inner.writer = false;
        inner.readers += 1;
        if !inner.waiting_readers.is_empty() {
            self.admit_readers(inner);
        }
    }

    /// L2, L3: nobody writes; readers first, else the next writer.
    fn hand_on<'a>(&'a self, mut inner: SpinGuard<'a, Inner>) {
        if inner.waiting_readers.is_empty() {
            let waker = inner.admit_writer();
            drop(inner);
            waker.into_iter().for_each(Waker::wake);
        } else {
            self.admit_readers(inner);
        }
    }

    fn admit_readers<'a>(&'a self, mut inner: SpinGuard<'a, Inner>) {
        // The admission itself reads: no writer gets in between two batches, and readers that come meanwhile wait only behind a writer that waits.
        inner.readers += 1;
        let mut wakes = Wakes::new();
        loop {
            let i = &mut *inner;
            while !wakes.is_full()
                && let Some((node, waker)) = i.waiting_readers.pop_front()
            {
                i.readers += 1;
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(inner);
            wakes.wake_all();
            if !more {
                return self.unlock_read();
            }
            inner = self.inner.lock();
        }
    }
}

/// One wait for the lock, without the type of what it protects.
struct Waiter<'a> {
    raw: &'a Raw,
    want: Want,
    node: Node<()>,
}

impl<'a> Waiter<'a> {
    fn new(raw: &'a Raw, want: Want, site: Site) -> Self {
        Self {
            raw,
            want,
            node: Node::empty(site),
        }
    }

    fn give_back(&self) {
        match self.want {
            Want::Read => self.raw.unlock_read(),
            Want::Write => self.raw.unlock_write(),
        }
    }
}

impl Future for Waiter<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let (raw, node, want) = (this.raw, &this.node, this.want);
        if node.state() == State::Idle {
            ready!(poll_proceed(cx));
            let prepared = prepare_waker(cx.waker());
            let mut inner = raw.inner.lock();
            if inner.try_take(want) {
                drop(inner);
                node.finish();
                return Poll::Ready(());
            }
            let waker = prepared.unwrap_or_else(|| cx.waker().clone());
            // SAFETY: the node is in no list (`Idle`), it is pinned with this future, and `Drop` unlinks it.
            unsafe { inner.list(want).push_back(node, waker) };
        } else if !still_waits(&raw.inner, |inner| inner.list(want), node, cx) {
            assert!(!node.is_finished(), "a lock was polled after it was ready");
            node.finish();
            return Poll::Ready(());
        }
        let reason = match want {
            Want::Read => Reason::RwLockRead,
            Want::Write => Reason::RwLockWrite,
        };
        note_wait(reason, node.site, std::ptr::from_ref(raw).addr() as u64);
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    #[inline]
    fn drop(&mut self) {
        match self.node.state() {
            State::Idle | State::Finished => return,
            State::Done | State::Closed => return self.give_back(),
            State::Waiting => {}
        }
        let mut inner = self.raw.inner.lock();
        if self.node.state() != State::Waiting {
            drop(inner);
            return self.give_back();
        }
        // SAFETY: by its state the node is in the list for what it wants.
        let waker = unsafe { inner.list(self.want).remove(&self.node) };
        let held_up = !inner.writer && inner.waiting_writers.is_empty();
        if held_up && !inner.waiting_readers.is_empty() {
            self.raw.admit_readers(inner);
        } else {
            drop(inner);
        }
        drop(waker);
    }
}

macro_rules! future {
    ($(#[$doc:meta])* $future:ident, $guard:ident) => {
        $(#[$doc])*
        #[must_use = "the lock is taken only when the future is awaited"]
        pub struct $future<'a, T: ?Sized> {
            lock: &'a RwLock<T>,
            waiter: Waiter<'a>,
        }

        impl<'a, T: ?Sized> Future for $future<'a, T> {
            type Output = $guard<'a, T>;

            fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
                let lock = self.lock;
                // SAFETY: the waiter is pinned with the whole, and nothing moves it out.
                let waiter = unsafe { self.map_unchecked_mut(|f| &mut f.waiter) };
                waiter.poll(cx).map(|()| $guard { lock })
            }
        }

        impl<T: ?Sized> fmt::Debug for $future<'_, T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($future))
                    .field("site", &self.waiter.node.site)
                    .finish_non_exhaustive()
            }
        }
    };
}

future!(
    /// The future of [`RwLock::read`].
    Read, ReadGuard
);
future!(
    /// The future of [`RwLock::write`].
    Write, WriteGuard
);

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.try_read() {
            Some(guard) => f.debug_struct("RwLock").field("value", &&*guard).finish(),
            None => f.write_str("RwLock { <locked> }"),
        }
    }
}

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}
