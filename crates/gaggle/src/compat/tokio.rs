//! Libraries that need tokio's reactor, its timers or `tokio::spawn`, in goroutines. Feature `compat-tokio`.
//!
//! Such a library looks for a tokio runtime through the thread that it is polled on, and panics if it finds none.
//! There is one for the whole process, with one worker thread, `gaggle-tokio`; it starts when it is first asked for. Its worker waits for tokio's sockets and timers, and runs what is given to `tokio::spawn`; the goroutines stay gaggle's. There are two ways to let them find it:
//!
//! * [`#[gaggle::main(tokio)]`](macro@crate::main) and [`#[gaggle::test(tokio)]`](macro@crate::test), or [`enter`] as a [`thread_guard`](crate::runtime::Builder::thread_guard): all goroutines of a runtime find it. A thread enters tokio's context once and stays in it, so a poll costs nothing more.
//! * [`scope`], or [`in_tokio`](InTokio::in_tokio) behind a future: this one future finds it. Each poll enters and leaves the context, some tens of nanoseconds.
//!
//! A goroutine that waits for one of tokio's sockets is woken by another thread, which costs a switch between threads; where a library takes any stream, give it one of [`net`](crate::net), which is woken by the worker that runs it.
//! What is given to `tokio::spawn` is no goroutine: it runs on the one thread of tokio's, where blocking holds up all others, and no dump shows it.
//!
//! # Deadlocks
//! Tokio's thread may wake goroutines at any time, and gaggle cannot look inside. So once it runs, that all goroutines sleep is never *certain* to be for ever: nothing is reported, not even the note after some seconds. Circles of locks are found as ever.
//!
//! # Simulation
//! It has neither sockets nor threads of others, so there is no tokio in it: all functions here panic there, and say so. `#[gaggle::test(tokio)]` runs on real workers.
//!
//! # Examples
//! ```
//! use gaggle::compat::tokio::InTokio;
//! use std::time::Duration;
//!
//! #[gaggle::main]
//! async fn main() {
//!     let waited = async {
//!         tokio::time::sleep(Duration::from_millis(1)).await;
//!         tokio::spawn(async { 6 * 7 }).await
//!     };
//!     assert_eq!(waited.in_tokio().await.unwrap(), 42);
//! }
//! ```
//!
//! All goroutines:
//! ```
//! use std::time::Duration;
//!
//! #[gaggle::main(tokio)]
//! async fn main() {
//!     let sleeper = gaggle::go(async {
//!         tokio::time::sleep(Duration::from_millis(1)).await;
//!         "slept by tokio's clock"
//!     });
//!     println!("{}", sleeper.await.unwrap());
//! }
//! ```

use gaggle_base::{blocked, steps};
use pin_project_lite::pin_project;
use std::fmt;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll};
use tokio::runtime::{Builder, EnterGuard, Handle, Runtime};

/// The runtime's handle: for what wants one, or to spawn on tokio's thread from anywhere.
///
/// # Panics
/// In a simulation; and when the system gives no thread or descriptor for tokio.
pub fn handle() -> &'static Handle {
    static TOKIO: OnceLock<Runtime> = OnceLock::new();
    assert!(
        steps::with(|_| ()).is_none(),
        "there is no tokio in a simulation: it has neither sockets nor threads of others; run this on real workers, as `#[gaggle::test(tokio)]` does"
    );
    let runtime = TOKIO.get_or_init(|| {
        // One of several workers so that `block_in_place` works in its tasks; one is enough to wait.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_name("gaggle-tokio");
        let runtime = builder
            .enable_all()
            .build()
            .unwrap_or_else(|error| panic!("tokio cannot be started: {error}"));
        blocked::expect_strangers();
        runtime
    });
    runtime.handle()
}

/// Lets the calling thread find the runtime until the guard is dropped. For [`thread_guard`](crate::runtime::Builder::thread_guard); a goroutine must not keep the guard over an `.await`, and cannot, since it is not `Send`.
///
/// # Panics
/// As for [`handle`].
///
/// # Examples
/// ```
/// use gaggle::runtime::Runtime;
///
/// let runtime = Runtime::builder().thread_guard(gaggle::compat::tokio::enter).build()?;
/// let found = runtime.go(async { tokio::runtime::Handle::try_current().is_ok() });
/// assert!(runtime.block_on(found).unwrap());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "tokio is found until the guard is dropped"]
pub fn enter() -> EnterGuard<'static> {
    handle().enter()
}

/// Lets one future find the runtime: while it is polled, and while it is dropped.
///
/// What makes the future is not inside: write `scope(async { tokio::time::sleep(d).await })`, since `tokio::time::sleep(d)` alone looks for the runtime when it is called.
///
/// # Panics
/// As for [`handle`].
///
/// # Cancel safety
/// That of the future.
pub fn scope<F: Future>(future: F) -> Scope<F> {
    Scope {
        future: Some(future),
        tokio: handle(),
    }
}

/// [`scope`] as a method of all futures.
pub trait InTokio: Future + Sized {
    /// See [`scope`].
    ///
    /// # Panics
    /// As for [`handle`].
    fn in_tokio(self) -> Scope<Self> {
        scope(self)
    }
}

impl<F: Future> InTokio for F {}

pin_project! {
    /// The future of [`scope`] and [`in_tokio`](InTokio::in_tokio).
    #[must_use = "nothing happens until the future is awaited"]
    pub struct Scope<F> {
        // `None` only while it is dropped.
        #[pin]
        future: Option<F>,
        tokio: &'static Handle,
    }

    impl<F> PinnedDrop for Scope<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _entered = this.tokio.enter();
            this.future.set(None);
        }
    }
}

impl<F: Future> Future for Scope<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _entered = this.tokio.enter();
        match this.future.as_pin_mut() {
            Some(future) => future.poll(cx),
            None => unreachable!("it is emptied by its drop, after which nobody polls it"),
        }
    }
}

impl<F> fmt::Debug for Scope<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope").finish_non_exhaustive()
    }
}
