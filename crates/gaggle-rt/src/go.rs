//! The verbs: start a goroutine, give way, block.

use crate::runtime::with_runtime;
use crate::task::JoinHandle;
use gaggle_base::context::{Blocks, blocking_region, note_wait};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Starts a goroutine: `future` runs concurrently with the caller (semantics.md GO-01, T1, MM-01).
///
/// It runs on the runtime of the goroutine that calls, or that the thread is inside of with `block_on`; else on the default one, which is started on first use.
/// When `main` ends, goroutines are not waited for (GO-02, T2): use handles, wait groups or channels to wait.
///
/// # Panics
/// When the default runtime cannot be started, with the reason.
/// A panic inside `future` is kept for whoever awaits the handle; if the handle was dropped, it is raised out of `block_on` and `main`.
///
/// # Examples
/// ```
/// let handle = gaggle_rt::go(async { 6 * 7 });
/// assert_eq!(handle.join_blocking().unwrap(), 42);
/// ```
#[track_caller]
#[inline]
pub fn go<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let site = Site::caller();
    with_runtime(|shared| shared.go(future, site))
}

/// Gives way: others that are ready run first (semantics.md GO-04).
///
/// # Examples
/// ```
/// gaggle_rt::block_on(async {
///     gaggle_rt::yield_now().await;
/// });
/// ```
#[track_caller]
pub fn yield_now() -> YieldNow {
    YieldNow {
        site: Site::caller(),
        yielded: false,
    }
}

/// The future of [`yield_now`].
#[must_use = "nothing gives way until the future is awaited"]
#[derive(Debug)]
pub struct YieldNow {
    site: Site,
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        note_wait(Reason::Yield, self.site, 0);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Runs `f`, which blocks its thread, here and now (semantics.md GO-08, T4).
///
/// The worker's other goroutines, and its timers, move to another thread first; `f` may borrow.
/// Outside a goroutine it just calls `f`.
///
/// # Blocking
/// Whatever else is joined into the same goroutine waits for `f` too.
///
/// # Examples
/// ```
/// let sum = gaggle_rt::go(async {
///     let text = String::from("12 30");
///     gaggle_rt::blocking(|| text.split(' ').map(|n| n.parse::<u32>().unwrap()).sum::<u32>())
/// });
/// assert_eq!(sum.join_blocking().unwrap(), 42);
/// ```
#[track_caller]
pub fn blocking<R>(f: impl FnOnce() -> R) -> R {
    note_wait(Reason::Blocking, Site::caller(), 0);
    blocking_region(Blocks::Call, f)
}
