//! The verbs: start a goroutine, on the workers or on a thread of its own; give way; block.

use crate::runtime::with_runtime;
use crate::task::JoinHandle;
use gaggle_base::context::{blocking_region, note_wait};
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

/// Starts a goroutine that has an OS thread of its own: the future that `f` makes is polled and dropped on that thread only, so it need not be `Send` (semantics.md GO-12, GO-13, T5).
///
/// For what is bound to a thread: thread-local state of C libraries, graphical interfaces, namespaces and credentials that the system keeps by thread, `Rc`.
/// Everything else is as with [`go`]: it waits on channels, locks, timers and `select!`, is counted, can be aborted, and what it starts with `go` runs on the workers.
/// It may block its thread as long as it likes; nobody else is on it.
/// A hand-over to it or from it is a switch between threads, which costs much more than one between goroutines of a worker.
///
/// The thread is called `<runtime>-locked-<number>`. It runs this goroutine alone, and ends with it, so what the goroutine did to its thread is never seen by another.
///
/// # `LockOSThread`, and nesting
/// In Go a running goroutine binds itself, and as many calls undo it as did it. Here being bound is no act but a scope: it begins with `f` and ends with the future, so there is nothing to count and nothing to forget.
/// Code that needs the thread of the goroutine that calls it is just called or awaited, however deep.
/// A part that in Go would lock and unlock for itself is a goroutine of its own: `go_locked(|| part()).await`. Inside a locked goroutine it gets another thread.
///
/// # Panics
/// When the system has no thread to give, as `std::thread::spawn` does; `f` is dropped then.
/// When the default runtime cannot be started. A panic in `f` or its future is treated as one in [`go`].
///
/// # Examples
/// ```
/// use std::cell::Cell;
/// use std::rc::Rc;
///
/// let handle = gaggle_rt::go_locked(|| async {
///     let hits = Rc::new(Cell::new(0));
///     let thread = std::thread::current().id();
///     for _ in 0..3 {
///         gaggle_rt::yield_now().await;
///         hits.set(hits.get() + 1);
///         assert_eq!(std::thread::current().id(), thread);
///     }
///     hits.get()
/// });
/// assert_eq!(handle.join_blocking().unwrap(), 3);
/// ```
#[track_caller]
pub fn go_locked<F, Fut>(f: F) -> JoinHandle<Fut::Output>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future + 'static,
    Fut::Output: Send + 'static,
{
    let site = Site::caller();
    match with_runtime(|shared| shared.go_locked(f, site)) {
        Ok(handle) => handle,
        Err(error) => panic!("go_locked: the system has no thread to give: {error}"),
    }
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
    blocking_region(f)
}

/// Ends the calling goroutine, and nothing else: its future is dropped, so destructors run, and they are what Go's deferred calls are (semantics.md GO-14, T6).
///
/// It is no panic: nothing can catch it, and the handle says [`is_aborted`](crate::JoinError::is_aborted).
/// What is joined into the same goroutine ends with it.
/// If `main` leaves like this, the others go on; when the last of them has ended or waits for ever, that is a deadlock (DL-02).
///
/// # Panics
/// Outside of a goroutine: a thread in `block_on` has nothing to leave.
///
/// # Examples
/// ```
/// let left = gaggle_rt::go(async {
///     gaggle_rt::goexit().await;
/// });
/// assert!(left.join_blocking().unwrap_err().is_aborted());
/// ```
#[track_caller]
pub fn goexit() -> GoExit {
    GoExit {
        site: Site::caller(),
    }
}

/// The future of [`goexit`]. It is never ready.
#[must_use = "the goroutine ends when the future is awaited"]
#[derive(Debug)]
pub struct GoExit {
    site: Site,
}

impl Future for GoExit {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        assert!(
            crate::task::abort_current(cx.waker()),
            "goexit was called outside of a goroutine"
        );
        note_wait(Reason::Yield, self.site, 0);
        Poll::Pending
    }
}
