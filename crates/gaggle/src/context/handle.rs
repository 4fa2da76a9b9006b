//! [`Context`]: a place in the tree of what can be cancelled, and a list of values.

use super::cancel::{Cancel, CancelCause};
use super::error::{Cause, ContextError, Due, into_cause};
use super::scope::Scope;
use super::values::{Key, Layer, Pair};
use crate::time::Instant;
use gaggle_base::thread::wait_for;
use gaggle_chan::sync::Done;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::future::{IntoFuture, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// Says when to stop, until when there is time, and with which values: what a call hands on to the calls that it makes.
///
/// Contexts form a tree. Whoever derives one may cancel it, and with it all below it; what is above stays as it is.
/// A clone is the same context, and costs two counts. Contexts need no runtime: they also work between plain threads and under other executors.
///
/// # Examples
/// ```
/// use gaggle::context::{Context, ContextError};
/// use gaggle::go;
///
/// gaggle::block_on(async {
///     let (ctx, cancel) = Context::background().with_cancel();
///     let worker = go({
///         let ctx = ctx.clone();
///         async move {
///             ctx.done().await;
///             ctx.err()
///         }
///     });
///     cancel.cancel();
///     assert_eq!(worker.await.unwrap(), Some(ContextError::Canceled));
/// });
/// ```
#[derive(Clone, Default)]
pub struct Context {
    /// `None`: never done.
    pub(super) scope: Option<Arc<Scope>>,
    pub(super) values: Option<Arc<Layer>>,
    /// The root is `todo`.
    pub(super) todo: bool,
}

impl Context {
    /// The root of a tree: never done, no deadline, no values (CX-01). It costs nothing.
    #[must_use]
    pub fn background() -> Self {
        Self::default()
    }

    /// As [`background`](Self::background), for where it is not clear yet which context is to be used (CX-01).
    #[must_use]
    pub fn todo() -> Self {
        Self {
            todo: true,
            ..Self::default()
        }
    }

    /// Ready once this context is done; never for one that cannot be cancelled.
    ///
    /// As an arm of `select!` it costs no goroutine.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    #[track_caller]
    pub fn done(&self) -> Done<'_> {
        let done = Done::new(self.scope.as_ref().map(|scope| &scope.event));
        if let Some(scope) = &self.scope {
            scope.refresh();
        }
        done
    }

    /// Blocks the calling thread until this context is done; for ever if that never happens.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread first.
    #[track_caller]
    pub fn done_blocking(&self) {
        wait_for(self.done());
    }

    /// How this context came to be done; `None` as long as it is not. It never changes after that (CX-09).
    #[must_use]
    pub fn err(&self) -> Option<ContextError> {
        let scope = self.scope.as_ref()?;
        scope.refresh();
        scope.end().map(|end| end.error)
    }

    /// Why this context is done: the cause that was given when it, or whatever took it along, was cancelled; the [`ContextError`] itself if none was given (CX-10). `None` as long as it is not done.
    #[must_use]
    pub fn cause(&self) -> Option<Cause> {
        let scope = self.scope.as_ref()?;
        scope.refresh();
        scope.cause()
    }

    /// When this context will be done at the latest, if it has a deadline: the earliest of its own and those above.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.scope.as_ref()?.deadline
    }

    /// The value that was stored under `key` here, or else in the nearest context above (CX-07). It stays readable when the context is done.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a key is a small value, and callers write it in place"
    )]
    pub fn value<K: Key>(&self, key: K) -> Option<&K::Value> {
        // A foreign context may answer with something of another type: that is no value of this key.
        self.value_dyn(&key)?.downcast_ref()
    }

    /// As [`value`](Self::value), for a [`Foreign`](super::Foreign) context that passes a question on.
    #[must_use]
    pub fn value_dyn(&self, key: &dyn Any) -> Option<&(dyn Any + Send + Sync)> {
        self.values.as_ref()?.find(key)
    }

    /// Waits for `future`, but no longer than this context lasts: the future is dropped when the context is done first. If it is done already, the future is not polled at all.
    ///
    /// # Errors
    /// The context's [`err`](Self::err).
    ///
    /// # Cancel safety
    /// As safe as the future.
    ///
    /// # Examples
    /// ```
    /// use gaggle::context::{Context, ContextError};
    /// use std::time::Duration;
    /// gaggle::block_on(async {
    ///     let (ctx, _cancel) = Context::background().with_timeout(Duration::from_millis(1));
    ///     let never = std::future::pending::<()>();
    ///     assert_eq!(ctx.run(never).await, Err(ContextError::DeadlineExceeded));
    /// });
    /// ```
    #[track_caller]
    pub fn run<F: IntoFuture>(
        &self,
        future: F,
    ) -> impl Future<Output = Result<F::Output, ContextError>> + use<'_, F> {
        let done = self.done();
        let future = future.into_future();
        async move {
            let (mut done, mut future) = (pin!(done), pin!(future));
            poll_fn(|cx| {
                if done.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(Err(self.err().unwrap_or(ContextError::Canceled)));
                }
                future.as_mut().poll(cx).map(Ok)
            })
            .await
        }
    }

    /// A context below this one that can be cancelled (CX-02). It is done at once if this one is (CX-05).
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_cancel(&self) -> (Context, Cancel) {
        self.with_scope(Scope::below(self.scope.as_ref()))
    }

    /// As [`with_cancel`](Self::with_cancel), with a cause (CX-10).
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_cancel_cause(&self) -> (Context, CancelCause) {
        let (context, cancel) = self.with_cancel();
        (context, CancelCause(cancel))
    }

    /// As [`with_deadline`](Self::with_deadline), `duration` from now.
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_timeout(&self, duration: Duration) -> (Context, Cancel) {
        self.with_deadline(Instant::now() + duration)
    }

    /// As [`with_timeout`](Self::with_timeout), with a cause that counts only if the time has run out (CX-10).
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_timeout_cause(
        &self,
        duration: Duration,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, Cancel) {
        self.with_deadline_cause(Instant::now() + duration, cause)
    }

    /// A context below this one that is done at `deadline`, with [`ContextError::DeadlineExceeded`], or when it is cancelled before. One in the past is done at once; of several deadlines the earliest rules (CX-06).
    ///
    /// It costs a timer and no goroutine (CX-17). The timer goes when the context is done, or when nobody holds it any more.
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_deadline(&self, deadline: Instant) -> (Context, Cancel) {
        self.with_due(deadline, None)
    }

    /// As [`with_deadline`](Self::with_deadline), with a cause that counts only if this deadline was what ended it (CX-10).
    #[must_use = "the context is what is handed on, and the other is the right to cancel it"]
    pub fn with_deadline_cause(
        &self,
        deadline: Instant,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> (Context, Cancel) {
        self.with_due(deadline, Some(into_cause(cause)))
    }

    fn with_due(&self, deadline: Instant, cause: Option<Cause>) -> (Context, Cancel) {
        let due = Due { deadline, cause };
        self.with_scope(Scope::below_until(self.scope.as_ref(), due))
    }

    fn with_scope(&self, scope: Arc<Scope>) -> (Context, Cancel) {
        let context = Self {
            scope: Some(scope.clone()),
            values: self.values.clone(),
            todo: self.todo,
        };
        (context, Cancel(scope))
    }

    /// This context with a value under `key`, which hides an outer one (CX-07). Everything else is shared: it is done when this one is.
    ///
    /// For what belongs to one request and crosses the boundaries of many functions, not for optional parameters.
    #[must_use = "the context with the value is the one that is returned"]
    pub fn with_value<K: Key>(&self, key: K, value: K::Value) -> Context {
        let value = Some(value);
        self.with_pair(Pair { key, value })
    }

    /// This context without a value under `key`, whatever the contexts above say: what storing nil does in Go (CX-07, T29).
    #[must_use = "the context without the value is the one that is returned"]
    pub fn hide_value<K: Key>(&self, key: K) -> Context {
        self.with_pair(Pair { key, value: None })
    }

    fn with_pair<K: Key>(&self, pair: Pair<K>) -> Context {
        Self {
            values: Some(Layer::over(self.values.clone(), pair)),
            ..self.clone()
        }
    }

    /// A context with the values of this one that is never done, whatever happens to this one: for what must be finished all the same (CX-12).
    #[must_use = "the context that is never done is the one that is returned"]
    pub fn without_cancel(&self) -> Context {
        Self {
            scope: None,
            ..self.clone()
        }
    }

    fn root(&self) -> &'static str {
        if self.todo {
            "context.TODO"
        } else {
            "context.Background"
        }
    }
}

/// The root's name as in Go, then the keys from outside in, then whether it can be done.
impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.root())?;
        if let Some(values) = &self.values {
            let mut names: Vec<_> = values.names().collect();
            names.reverse();
            names
                .into_iter()
                .try_for_each(|name| write!(f, ".WithValue({name})"))?;
        }
        match (&self.scope, self.deadline()) {
            (None, _) => Ok(()),
            (Some(_), None) => f.write_str(".WithCancel"),
            (Some(_), Some(deadline)) => {
                let left = deadline - Instant::now();
                write!(f, ".WithDeadline(in {left:?})")
            }
        }
    }
}

/// With how many there are directly below it, and how many functions wait for its end.
impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.scope.as_ref().map_or((0, 0), |scope| scope.counts());
        f.debug_struct("Context")
            .field("root", &self.root())
            .field("deadline", &self.deadline())
            .field("end", &self.scope.as_ref().and_then(|scope| scope.end()))
            .field("children", &counts.0)
            .field("after_funcs", &counts.1)
            .field("values", &self.values)
            .finish_non_exhaustive()
    }
}
