//! [`AfterFunc`]: what is to be done once a context is done (semantics.md CX-13, CX-14).

use super::Context;
use super::scope::{Callback, Scope};
use crate::runtime::Handle;
use crate::slab::SlabKey;
use gaggle_base::spin::SpinLock;
use std::fmt;
use std::sync::Arc;

impl Context {
    /// Starts `future` as a goroutine once this context is done; at once if it is done already (CX-13).
    ///
    /// It runs once, on the runtime of whoever calls this. [`Cancel::cancel`](super::Cancel::cancel) does not wait for it.
    /// Registrations are independent of each other, and cost no goroutine while they wait.
    ///
    /// A context that everybody has let go of leaves its parent, and its functions are dropped with it, even if the parent is cancelled later: Go keeps such a context, and leaks it, until then.
    /// So keep the context, or the [`AfterFunc`], which holds it too, for as long as the function is to be called. A context with a deadline of its own needs no keeping: it holds itself until then.
    ///
    /// # Examples
    /// ```
    /// use gaggle::{chan, context::Context};
    /// gaggle::block_on(async {
    ///     let (tx, rx) = chan::bounded(1);
    ///     let (ctx, cancel) = Context::background().with_cancel();
    ///     let after = ctx.after_func(async move { tx.send("tidied up").await.unwrap() });
    ///     cancel.cancel();
    ///     assert_eq!(rx.recv().await, Ok("tidied up"));
    ///     assert!(!after.stop(), "it has run");
    /// });
    /// ```
    pub fn after_func<F>(&self, future: F) -> AfterFunc
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = Handle::current();
        self.register(Box::new(move || drop(runtime.go(future))))
    }

    pub(super) fn register(&self, func: Callback) -> AfterFunc {
        let Some(scope) = &self.scope else {
            return AfterFunc(Kind::Never(SpinLock::new(Some(func))));
        };
        scope.refresh();
        let mut state = scope.state.lock();
        if let Some(end) = scope.end.get() {
            drop(state);
            // It may be marked only; the function is to find it done.
            scope.finish(end);
            func();
            return AfterFunc(Kind::Started);
        }
        let key = scope.add_func(&mut state, func);
        drop(state);
        AfterFunc(Kind::Waiting(scope.clone(), key))
    }
}

/// A function that waits for the end of a context. See [`Context::after_func`].
///
/// Dropping it does not stop the function, but gives up its hold of the context (see there).
pub struct AfterFunc(Kind);

enum Kind {
    Waiting(Arc<Scope>, SlabKey),
    /// It was started at once.
    Started,
    /// Its context is never done.
    Never(SpinLock<Option<Callback>>),
}

impl AfterFunc {
    /// Takes the registration back. `true`: the function will not run because of this call, and was dropped by it.
    /// `false`: it has been started, or was stopped before (CX-14). It is not waited for.
    pub fn stop(&self) -> bool {
        let func = match &self.0 {
            Kind::Waiting(scope, key) => scope.remove_func(*key),
            Kind::Started => None,
            Kind::Never(func) => func.lock().take(),
        };
        // Dropped here, after the lock.
        func.is_some()
    }
}

impl fmt::Debug for AfterFunc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AfterFunc").finish_non_exhaustive()
    }
}
