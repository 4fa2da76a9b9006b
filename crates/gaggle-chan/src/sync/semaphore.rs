//! A weighted semaphore, served strictly in order (semantics.md XS-07 to XS-12).
//!
//! One short lock protects the count and the two queues:
//! those who wait for permits in order, and those who ask for more permits than there are, who hold up nobody (XS-09).
//!
//! **Invariant P1** (under the lock): the first in `queue` asks for more than is available. Whatever raises `available` or changes who is first grants on.
//! **Invariant P2**: a waiter is in `too_big` exactly if it asks for more than `total`, which never falls.

use super::queued::still_waits;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinGuard, SpinLock};
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::fmt;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

struct Inner {
    available: usize,
    /// All permits: those available, those held and those forgotten.
    total: usize,
    /// Permits that were forgotten: the next that are added take their place.
    forgotten: usize,
    /// A node's slot holds the number of permits that it asks for.
    queue: WaitList<usize>,
    too_big: WaitList<usize>,
}

impl Inner {
    const fn new(permits: usize) -> Self {
        Self {
            available: permits,
            total: permits,
            forgotten: 0,
            queue: WaitList::new(),
            too_big: WaitList::new(),
        }
    }

    fn list_for(&mut self, n: usize) -> &mut WaitList<usize> {
        if n > self.total {
            &mut self.too_big
        } else {
            &mut self.queue
        }
    }
}

/// Permits that goroutines take and give back; whoever comes first is served first.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::Semaphore;
/// # futures::executor::block_on(async {
/// let connections = Semaphore::new(2);
/// let one = connections.acquire().await;
/// let two = connections.acquire().await;
/// assert!(connections.try_acquire().is_none());
/// drop(one);
/// assert!(connections.try_acquire().is_some());
/// # });
/// ```
pub struct Semaphore {
    inner: SpinLock<Inner>,
}

impl Semaphore {
    /// A semaphore with `permits` permits.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new(permits: usize) -> Self {
        Self {
            inner: SpinLock::new(Inner::new(permits)),
        }
    }

    /// A semaphore with `permits` permits.
    #[cfg(loom)]
    #[must_use]
    pub fn new(permits: usize) -> Self {
        Self {
            inner: SpinLock::new(Inner::new(permits)),
        }
    }

    /// Takes one permit, and waits for as long as there is none or others wait before (XS-07).
    /// To wait no longer than a context lasts, run it under the context, which wins if both are ready (XS-10).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace; permits that had just been given to it go on (RX-03, XS-11).
    #[track_caller]
    pub fn acquire(&self) -> Acquire<'_> {
        self.acquire_many(1)
    }

    /// Takes `n` permits at once. A request at the head of the queue holds back later ones, however small, so it is not starved (XS-07).
    /// A request for more permits than there are waits until some are [added](Self::add_permits), and holds back nobody (XS-09).
    ///
    /// # Cancel safety
    /// As for [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_many(&self, n: usize) -> Acquire<'_> {
        Acquire {
            waiter: Waiter {
                semaphore: self,
                n,
                node: Node::empty(Site::caller()),
            },
        }
    }

    /// Takes one permit if one is available and nobody waits (XS-08).
    #[must_use]
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        self.try_acquire_many(1)
    }

    /// Takes `n` permits if they are available and nobody waits (XS-08).
    #[must_use]
    pub fn try_acquire_many(&self, n: usize) -> Option<Permit<'_>> {
        self.try_take(n).then(|| Permit { semaphore: self, n })
    }

    /// Takes `n` permits, and blocks the calling thread for as long as [`acquire_many`](Self::acquire_many) would wait.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first (RX-07).
    #[track_caller]
    pub fn acquire_blocking(&self, n: usize) -> Permit<'_> {
        self.try_acquire_many(n)
            .unwrap_or_else(|| wait_for(self.acquire_many(n)))
    }

    /// Takes `n` permits that own their share of the semaphore, for where a borrow would not live long enough.
    ///
    /// # Cancel safety
    /// As for [`acquire`](Self::acquire).
    #[track_caller]
    pub fn acquire_owned(self: Arc<Self>, n: usize) -> impl Future<Output = OwnedPermit> {
        let site = Site::caller();
        async move {
            Waiter {
                semaphore: &self,
                n,
                node: Node::empty(site),
            }
            .await;
            OwnedPermit { semaphore: self, n }
        }
    }

    /// Takes `n` permits that own their share of the semaphore, if they are available and nobody waits.
    #[must_use]
    pub fn try_acquire_owned(self: Arc<Self>, n: usize) -> Option<OwnedPermit> {
        self.try_take(n).then(|| OwnedPermit { semaphore: self, n })
    }

    /// Adds `n` permits; those that were [forgotten](Permit::forget) come back first.
    ///
    /// # Panics
    /// When there would be more than `usize::MAX` permits.
    pub fn add_permits(&self, n: usize) {
        let mut inner = self.inner.lock();
        let back = n.min(inner.forgotten);
        let total = inner.total.checked_add(n - back);
        let Some(total) = total else {
            drop(inner);
            panic!("semaphore: more than usize::MAX permits");
        };
        inner.forgotten -= back;
        inner.available += n;
        if total > inner.total {
            inner.total = total;
            inner.sort_out_too_big();
        }
        self.grant(inner);
    }

    /// How many permits are available at this instant.
    #[must_use]
    pub fn available(&self) -> usize {
        self.inner.lock().available
    }

    fn try_take(&self, n: usize) -> bool {
        let mut inner = self.inner.lock();
        let fits = n <= inner.available && inner.queue.is_empty();
        if fits {
            inner.available -= n;
        }
        fits
    }

    fn release(&self, n: usize) {
        let mut inner = self.inner.lock();
        inner.available += n;
        if !inner.queue.is_empty() {
            self.grant(inner);
        }
    }

    /// Restores P1: serves from the front for as long as it fits.
    fn grant<'a>(&'a self, mut inner: SpinGuard<'a, Inner>) {
        let mut wakes = Wakes::new();
        loop {
            while !wakes.is_full() {
                let i = &mut *inner;
                // SAFETY: the node waits and the lock is held, so its slot may be read; it holds the number.
                let first = i.queue.front().map(|node| unsafe { node.slot().read() });
                let Some(n) = first.filter(|n| *n <= i.available) else {
                    break;
                };
                i.available -= n;
                let Some((node, waker)) = i.queue.pop_front() else {
                    unreachable!("there is a front");
                };
                node.set_state(State::Done);
                wakes.push(waker);
            }
            let more = wakes.is_full();
            drop(inner);
            wakes.wake_all();
            if !more {
                return;
            }
            inner = self.inner.lock();
        }
    }
}

impl Inner {
    /// Restores P2 after `total` has grown.
    fn sort_out_too_big(&mut self) {
        let mut still = WaitList::new();
        while let Some((node, waker)) = self.too_big.pop_front() {
            // SAFETY: the node has just left its list under the lock, its state is still `Waiting`; its slot holds the number. It goes into a list of this semaphore again.
            unsafe {
                let list = if node.slot().read() > self.total {
                    &mut still
                } else {
                    &mut self.queue
                };
                list.push_back(node, waker);
            }
        }
        self.too_big = still;
    }
}

/// One wait for permits.
struct Waiter<'a> {
    semaphore: &'a Semaphore,
    n: usize,
    node: Node<usize>,
}

impl Future for Waiter<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.into_ref().get_ref();
        let (semaphore, node, n) = (this.semaphore, &this.node, this.n);
        if node.state() == State::Idle {
            let object = std::ptr::from_ref(semaphore).addr() as u64;
            ready!(poll_proceed(cx, Reason::Semaphore, node.site, object));
            let prepared = prepare_waker(cx.waker());
            let mut inner = semaphore.inner.lock();
            if n <= inner.available && inner.queue.is_empty() {
                inner.available -= n;
                drop(inner);
                node.finish();
                return Poll::Ready(());
            }
            let waker = prepared.unwrap_or_else(|| cx.waker().clone());
            // SAFETY: the node is `Idle`, so its slot is ours and it is in no list; it is pinned with this future, and `Drop` unlinks it.
            unsafe {
                node.fill_slot(n);
                inner.list_for(n).push_back(node, waker);
            }
        } else if !still_waits(&semaphore.inner, |inner| inner.list_for(n), node, cx) {
            assert!(
                !node.is_finished(),
                "an acquire was polled after it was ready"
            );
            node.finish();
            return Poll::Ready(());
        }
        note_wait(
            Reason::Semaphore,
            node.site,
            std::ptr::from_ref(semaphore).addr() as u64,
        );
        Poll::Pending
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        match self.node.state() {
            State::Idle | State::Finished => return,
            State::Done | State::Closed => return self.semaphore.release(self.n),
            State::Waiting => {}
        }
        let mut inner = self.semaphore.inner.lock();
        if self.node.state() != State::Waiting {
            drop(inner);
            return self.semaphore.release(self.n);
        }
        // SAFETY: by its state the node is in the list for its number (P2).
        let waker = unsafe { inner.list_for(self.n).remove(&self.node) };
        // Those behind it may fit (XS-11).
        self.semaphore.grant(inner);
        drop(waker);
    }
}

/// The future of [`Semaphore::acquire`].
#[must_use = "permits are taken only when the future is awaited"]
pub struct Acquire<'a> {
    waiter: Waiter<'a>,
}

impl<'a> Future for Acquire<'a> {
    type Output = Permit<'a>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit<'a>> {
        let (semaphore, n) = (self.waiter.semaphore, self.waiter.n);
        // SAFETY: the waiter is pinned with the whole, and nothing moves it out.
        let waiter = unsafe { self.map_unchecked_mut(|a| &mut a.waiter) };
        waiter.poll(cx).map(|()| Permit { semaphore, n })
    }
}

/// Permits that go back when they are dropped.
#[must_use = "the permits go back as soon as this is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    n: usize,
}

/// Permits that own their share of the semaphore and go back when they are dropped.
#[must_use = "the permits go back as soon as this is dropped"]
pub struct OwnedPermit {
    semaphore: Arc<Semaphore>,
    n: usize,
}

macro_rules! permit {
    ($permit:ty) => {
        impl $permit {
            /// How many permits these are.
            #[must_use]
            pub fn count(&self) -> usize {
                self.n
            }

            /// The permits do not go back by themselves; [`Semaphore::add_permits`] brings them back (T27). Until then they count as held.
            pub fn forget(self) {
                let mut this = ManuallyDrop::new(self);
                this.semaphore.inner.lock().forgotten += this.n;
                this.n = 0;
                drop(ManuallyDrop::into_inner(this));
            }
        }

        impl Drop for $permit {
            fn drop(&mut self) {
                if self.n > 0 {
                    self.semaphore.release(self.n);
                }
            }
        }

        impl fmt::Debug for $permit {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct("Permit").field("count", &self.n).finish()
            }
        }
    };
}

permit!(Permit<'_>);
permit!(OwnedPermit);

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Semaphore")
            .field("available", &self.available())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Acquire<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire")
            .field("permits", &self.waiter.n)
            .field("site", &self.waiter.node.site)
            .finish_non_exhaustive()
    }
}
