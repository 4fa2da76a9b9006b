//! [`Runtime`] and [`Handle`].

use super::block_on::block_on_in;
use super::{Builder, Metrics, Stragglers, enter};
use crate::sched::{self, Shared};
use crate::task::JoinHandle;
use gaggle_base::clock::{system_now, to_nanos};
use gaggle_base::site::Site;
use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

/// An own set of workers and the goroutines that they run.
///
/// Most programs never name one: [`go`](crate::go) uses the runtime of the goroutine that calls it, and outside of any the default one.
///
/// Dropping a runtime ends it: goroutines are not polled any more, and the futures of all of them are dropped (semantics.md RX-05).
/// The drop waits for goroutines that are in the middle of a poll; [`shutdown`](Self::shutdown) sets a limit to that.
pub struct Runtime {
    shared: Arc<Shared>,
}

impl Runtime {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Describes a runtime.
    pub fn builder() -> Builder {
        Builder::new()
    }

    /// Starts a goroutine on this runtime. See [`go`](crate::go).
    #[track_caller]
    #[inline]
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.go(future, Site::caller())
    }

    /// Waits for `future` on the calling thread, inside this runtime. See [`block_on`](crate::block_on).
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on_in(&self.shared, future)
    }

    /// Something to start goroutines with that does not keep the runtime going.
    #[must_use]
    pub fn handle(&self) -> Handle {
        Handle {
            shared: self.shared.clone(),
        }
    }

    /// What the runtime has counted (semantics.md RT-07).
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// Ends the runtime, and waits at most `limit` for goroutines that are in the middle of a poll, and for those with a thread of their own.
    ///
    /// # Errors
    /// Those that did not give way in time; their poll goes on, and they end with it.
    pub fn shutdown(self, limit: Duration) -> Result<(), Stragglers> {
        let this = ManuallyDrop::new(self);
        // SAFETY: `this` is never used again, so its only field is moved out once, and `Drop` does not run.
        let shared = unsafe { std::ptr::read(&raw const this.shared) };
        // A goroutine that ends its own runtime cannot wait for its own end.
        let own = sched::runs_goroutines_of(&shared);
        let limit = if own { 0 } else { to_nanos(limit) };
        shared.shutdown(Some(system_now().saturating_add(limit)))
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        // A goroutine that drops its own runtime cannot wait for its own end, and a thread that panics should not hang.
        let own = sched::runs_goroutines_of(&self.shared);
        let deadline = (own || std::thread::panicking()).then(system_now);
        let _ = self.shared.shutdown(deadline);
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("name", &self.shared.config.name)
            .field("metrics", &self.metrics())
            .finish()
    }
}

/// Something to start goroutines with on a certain runtime, from anywhere.
///
/// After the end of the runtime, what it starts is aborted at once.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

impl Handle {
    /// Starts a goroutine. See [`go`](crate::go).
    #[track_caller]
    pub fn go<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.go_at(future, Site::caller())
    }

    pub(crate) fn go_at<F>(&self, future: F, site: Site) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.shared.go(future, site)
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Waits for `future` on the calling thread, inside this runtime. See [`block_on`](crate::block_on).
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        block_on_in(&self.shared, future)
    }

    /// What the runtime has counted (semantics.md RT-07).
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        self.shared.metrics()
    }

    /// A handle for the runtime that the calling goroutine runs on, or that the thread is inside of; else for the default one.
    #[must_use]
    pub fn current() -> Self {
        Self {
            shared: enter::current_or_default(),
        }
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle")
            .field("runtime", &self.shared.config.name)
            .finish()
    }
}
