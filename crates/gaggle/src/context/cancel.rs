//! The right to cancel: [`Cancel`], [`CancelCause`], [`CancelGuard`] (semantics.md CX-02, CX-03, CX-10, T30).

use super::error::{End, into_cause};
use super::scope::Scope;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Cancels one context, and all that were derived from it.
///
/// It may be cloned, called often and from anywhere. Dropping it cancels nothing; [`drop_guard`](Self::drop_guard) gives something that does.
///
/// # Examples
/// ```
/// use gaggle::context::{Context, ContextError};
/// let (ctx, cancel) = Context::background().with_cancel();
/// let (child, _cancel_child) = ctx.with_cancel();
/// cancel.cancel();
/// assert_eq!(child.err(), Some(ContextError::Canceled));
/// ```
#[derive(Clone)]
pub struct Cancel(pub(super) Arc<Scope>);

impl Cancel {
    /// Cancels. When it returns, the context and all that were derived from it are done (CX-03). Only the first call counts, and it waits for nobody (CX-02).
    ///
    /// # Panics
    /// When the waker of somebody who waits panics. All the same everything is done and everyone is woken.
    pub fn cancel(&self) {
        self.0.finish(&End::CANCELED);
        self.0.release_watch();
    }

    /// Is the context done, for whatever reason?
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.0.end().is_some()
    }

    /// Cancels when it is dropped.
    ///
    /// # Examples
    /// ```
    /// use gaggle::context::Context;
    /// let (ctx, cancel) = Context::background().with_cancel();
    /// {
    ///     let _guard = cancel.drop_guard();
    /// }
    /// assert!(ctx.err().is_some());
    /// ```
    pub fn drop_guard(self) -> CancelGuard {
        CancelGuard(Some(self))
    }
}

/// Cancels one context, and says why. See [`Cancel`].
///
/// # Examples
/// ```
/// use gaggle::context::{Context, ContextError};
/// let (ctx, cancel) = Context::background().with_cancel_cause();
/// cancel.cancel("the disk is full");
/// assert_eq!(ctx.err(), Some(ContextError::Canceled));
/// assert_eq!(ctx.cause().unwrap().to_string(), "the disk is full");
/// ```
#[derive(Clone)]
pub struct CancelCause(pub(super) Cancel);

impl CancelCause {
    /// Cancels, with a cause: an error, a text, or the cause of another context. Otherwise as [`Cancel::cancel`].
    pub fn cancel(&self, cause: impl Into<Box<dyn Error + Send + Sync>>) {
        self.0.0.finish(&End {
            cause: Some(into_cause(cause)),
            ..End::CANCELED
        });
    }

    /// The right to cancel without a cause: [`ContextError::Canceled`](super::ContextError::Canceled) is the cause then.
    pub fn plain(&self) -> Cancel {
        self.0.clone()
    }

    /// Cancels without a cause when it is dropped.
    pub fn drop_guard(self) -> CancelGuard {
        self.0.drop_guard()
    }
}

impl From<CancelCause> for Cancel {
    fn from(cancel: CancelCause) -> Self {
        cancel.0
    }
}

/// Cancels a context when it is dropped. See [`Cancel::drop_guard`].
#[must_use = "the context is cancelled as soon as the guard is dropped"]
#[derive(Debug)]
pub struct CancelGuard(Option<Cancel>);

impl CancelGuard {
    /// Takes the duty from the guard: it cancels nothing any more.
    #[must_use = "this is the right to cancel; drop it if nobody needs it"]
    pub fn disarm(mut self) -> Cancel {
        match self.0.take() {
            Some(cancel) => cancel,
            None => unreachable!("only `disarm` and `drop` take it"),
        }
    }
}

impl Drop for CancelGuard {
    fn drop(&mut self) {
        if let Some(cancel) = self.0.take() {
            cancel.cancel();
        }
    }
}

impl fmt::Debug for Cancel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancel")
            .field("done", &self.is_done())
            .finish()
    }
}

impl fmt::Debug for CancelCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelCause")
            .field("done", &self.0.is_done())
            .finish()
    }
}
