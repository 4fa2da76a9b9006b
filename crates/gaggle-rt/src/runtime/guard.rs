//! What each thread of a runtime holds while it polls: see [`Builder::thread_guard`](super::Builder::thread_guard).
//!
//! A guard is made and dropped on its thread, outside of any poll. This file must not know what it is good for.

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Makes the guards.
#[derive(Clone)]
pub(crate) struct ThreadGuard(Arc<dyn Fn() -> Box<dyn Any> + Send + Sync>);

impl ThreadGuard {
    pub(super) fn new<G: 'static>(make: impl Fn() -> G + Send + Sync + 'static) -> Self {
        Self(Arc::new(move || Box::new(make())))
    }

    /// A guard for the calling thread. If making one panics, which the panic hook has printed then, the thread goes without.
    pub(crate) fn make(&self) -> Option<Box<dyn Any>> {
        catch_unwind(AssertUnwindSafe(|| (self.0)())).ok()
    }
}

impl fmt::Debug for ThreadGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadGuard").finish_non_exhaustive()
    }
}
