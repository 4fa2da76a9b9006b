//! What a row asks of an asynchronous runtime, and the parts that several runtimes share.
//!
//! Everything is a trait with associated types, so that a row is compiled once for each peer and pays for nothing else.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use atomic_waker::AtomicWaker;

/// An executor with its timers, its wait group and its lock.
pub(crate) trait Runtime: Send + Sync + 'static {
    /// The handle of a goroutine whose result is wanted.
    type Join<T: Send + 'static>: Future<Output = T> + Send + 'static;
    /// What waits for many goroutines at once.
    type WaitGroup: WaitGroup;
    /// A number behind this runtime's lock.
    type Counter: Counter;

    /// Runs `root` on a runtime with that many worker threads. The root only waits: see [`run`].
    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a goroutine and keeps its handle.
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts a goroutine and lets go of it.
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static;

    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send;
}

/// Runs `work` in a goroutine, so that the thread which called does nothing but wait.
pub(crate) fn run<R, F>(workers: usize, work: F) -> F::Output
where
    R: Runtime,
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    R::block_on(workers, async move { R::spawn(work).await })
}

/// Go's `sync.WaitGroup`, as far as the rows need it: one goroutine waits.
pub(crate) trait WaitGroup: Send + Sync + 'static {
    fn new() -> Self;
    fn add(&self, n: usize);
    fn done(&self);
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

/// A lock around a number.
pub(crate) trait Counter: Send + Sync + 'static {
    fn new() -> Self;
    /// Locks, adds one, unlocks.
    fn increment(&self) -> impl Future<Output = ()> + Send;
    /// The number, when nobody holds the lock.
    fn get(&self) -> u64;
}

/// A wait group for the runtimes that have none: a counter and one waker, the least that can work.
pub(crate) struct Countdown {
    left: AtomicUsize,
    waiter: AtomicWaker,
}

impl WaitGroup for Countdown {
    fn new() -> Self {
        Countdown {
            left: AtomicUsize::new(0),
            waiter: AtomicWaker::new(),
        }
    }

    fn add(&self, n: usize) {
        self.left.fetch_add(n, Ordering::Relaxed);
    }

    fn done(&self) {
        if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.waiter.wake();
        }
    }

    async fn wait(&self) {
        std::future::poll_fn(|context| {
            self.waiter.register(context.waker());
            match self.left.load(Ordering::Acquire) {
                0 => Poll::Ready(()),
                _ => Poll::Pending,
            }
        })
        .await;
    }
}

/// A join handle that yields `Result`, seen as one that yields the value.
pub(crate) struct Joined<H>(pub(crate) H);

impl<H, T, E> Future for Joined<H>
where
    H: Future<Output = Result<T, E>> + Unpin,
    E: Debug,
{
    type Output = T;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        let result = Pin::new(&mut self.0).poll(context);
        result.map(|result| result.expect("no goroutine of a row panics"))
    }
}
