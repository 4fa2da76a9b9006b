//! Locks and groups, and what is done once (semantics.md LK, WG, XS).
//!
//! The primitives come from `gaggle-chan` and know no runtime; what also starts goroutines is joined on here.

pub mod singleflight;

pub use gaggle_chan::sync::{
    Acquire, Barrier, BarrierWait, BarrierWaitResult, Cond, Event, EventWait, Lock, Mutex,
    MutexGuard, NoNew, Once, OnceCell, OnceFn, OnceValue, OwnedMutexGuard, OwnedPermit,
    OwnedReadGuard, OwnedWriteGuard, Permit, Pool, PoolGuard, Read, ReadGuard, RwLock, Semaphore,
    Wait, WaitGroupGuard, Write, WriteGuard, once_fn, once_value,
};

use gaggle_rt::{JoinHandle, go};
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

/// Counts things that are under way, and lets others wait until none is (semantics.md WG).
///
/// Clones share the count: give one to each goroutine, or start them with [`go`](Self::go).
///
/// # Examples
/// ```
/// use gaggle::sync::WaitGroup;
/// gaggle::block_on(async {
///     let wg = WaitGroup::new();
///     for n in 0..3 {
///         wg.go(async move { println!("goroutine {n}") });
///     }
///     wg.wait().await;
/// });
/// ```
#[derive(Clone, Default)]
pub struct WaitGroup(gaggle_chan::sync::WaitGroup);

impl WaitGroup {
    /// A group that counts zero (WG-01).
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counts `n` more. Call it before the goroutine is started that will call [`done`](Self::done), or `wait` may not know of it.
    ///
    /// # Panics
    /// When the count would exceed 2^62.
    pub fn add(&self, n: usize) {
        self.0.add(n);
    }

    /// Counts one less. What came before is visible to whom it releases (WG-08).
    ///
    /// # Panics
    /// When the count is zero: "sync: negative `WaitGroup` counter" (WG-04).
    pub fn done(&self) {
        self.0.done();
    }

    /// Waits until the count is zero; at once if it is. All who wait are released together (WG-01).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    #[track_caller]
    pub fn wait(&self) -> Wait<'_> {
        self.0.wait()
    }

    /// Blocks the calling thread until the count is zero.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first.
    #[track_caller]
    pub fn wait_blocking(&self) {
        self.0.wait_blocking();
    }

    /// Counts one more until the guard is dropped (T19).
    pub fn guard(&self) -> WaitGroupGuard {
        self.0.guard()
    }

    /// The count at this instant.
    #[must_use]
    pub fn count(&self) -> usize {
        self.0.count()
    }

    /// Counts one more, starts `future` as a goroutine, and counts one less when it ends or is aborted (WG-06).
    ///
    /// If it panics, the group does not count down: waiters are not to take a failure for an end (WG-07). The panic is in the handle, or, if that is dropped, raised out of `block_on` and `main`.
    #[track_caller]
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let done = DoneUnlessPanicking {
            group: self.0.clone(),
            polling: false,
        };
        self.add(1);
        go(async move {
            // By name, so that the whole is moved in: the closure below names a field only.
            let mut done = done;
            // Declared after `done`, so dropped before it counts down.
            let mut future = pin!(future);
            poll_fn(|cx| {
                done.polling = true;
                let polled = future.as_mut().poll(cx);
                done.polling = false;
                polled
            })
            .await
        })
    }
}

/// Counts down when it is dropped, but not by a panic of its goroutine. (The thread may be in a panic of somebody else's, who drops the runtime.)
struct DoneUnlessPanicking {
    group: gaggle_chan::sync::WaitGroup,
    polling: bool,
}

impl Drop for DoneUnlessPanicking {
    fn drop(&mut self) {
        if !self.polling {
            self.group.done();
        }
    }
}

impl fmt::Debug for WaitGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}
