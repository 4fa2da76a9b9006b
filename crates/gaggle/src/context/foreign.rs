//! [`Foreign`]: contexts of somebody else's making (semantics.md CX-15, CX-16, CX-17, T31).

use super::Context;
use super::error::{Cause, ContextError};
use super::scope::{Callback, Scope};
use super::values::{Foreigns, Found, Layer};
use super::watch::Watch;
use crate::go;
use crate::time::Instant;
use std::any::{Any, type_name};
use std::sync::Arc;

/// Takes a registration back. See [`Foreign::after_func`].
pub type Stop = Box<dyn FnOnce() + Send>;

/// Something that can be done, as a context can: another library's cancellation token, a connection that closes.
///
/// [`Context::from_foreign`] makes a context of it. `done` and `err` are needed, the rest has defaults.
///
/// # Examples
/// ```
/// use gaggle::context::{Context, ContextError, Foreign};
/// use gaggle::chan;
///
/// /// Done when the other side hangs up.
/// struct Connection(chan::Receiver<()>);
///
/// impl Foreign for Connection {
///     async fn done(&self) {
///         let _ = self.0.recv().await;
///     }
///     fn err(&self) -> Option<ContextError> {
///         self.0.is_closed().then_some(ContextError::Canceled)
///     }
/// }
///
/// gaggle::block_on(async {
///     let (line, other) = chan::bounded(0);
///     let ctx = Context::from_foreign(Connection(other));
///     let (child, _cancel) = ctx.with_cancel();
///     drop(line);
///     child.done().await;
///     assert_eq!(child.err(), Some(ContextError::Canceled));
/// });
/// ```
pub trait Foreign: Send + Sync + 'static {
    /// Ready once it is done, and from then on.
    fn done(&self) -> impl Future<Output = ()> + Send;

    /// Why it is done; `None` as long as it is not. It must not go back.
    fn err(&self) -> Option<ContextError>;

    /// When it will be done by itself, always the same. It is for `done` to keep to it.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The value under `key`, whose type must be the [`Key::Value`](super::Key::Value) of the key. `None`: it has none.
    fn value(&self, key: &dyn Any) -> Option<&(dyn Any + Send + Sync)> {
        let _ = key;
        None
    }

    /// Why it is done, in more detail than `err`. Asked only once it is done. `None`: the error is the cause (CX-15).
    fn cause(&self) -> Option<Cause> {
        None
    }

    /// Calls `f` once it is done, from anywhere, and at once if it is done. The returned function takes that back; it is called when nobody needs it any more, also after `f` was called.
    ///
    /// With this the context costs no goroutine (CX-16).
    ///
    /// # Errors
    /// `f` itself, if this is not offered: a goroutine then waits for `done` (CX-17).
    fn after_func(&self, f: Box<dyn FnOnce() + Send>) -> Result<Stop, Box<dyn FnOnce() + Send>> {
        Err(f)
    }

    /// A context of gaggle whose `done`, `err`, `cause` and `deadline` are this one's too. Then only `value` is asked here, before that context's own values.
    ///
    /// It is for what merely adds values, and costs nothing (CX-17).
    fn builtin(&self) -> Option<&Context> {
        None
    }
}

impl Context {
    /// A context that is done when `foreign` is, at the latest a moment later.
    ///
    /// Cancelling what is derived from it does not touch `foreign` (CX-15).
    /// It follows `foreign` for as long as the current runtime lives, and no longer.
    /// It costs one goroutine there, however much is derived from it, until it is done or nobody holds it any more; none if `foreign` offers [`after_func`](Foreign::after_func) (CX-16, CX-17).
    pub fn from_foreign<F: Foreign>(foreign: F) -> Context {
        let foreign = Arc::new(foreign);
        let source: Arc<dyn Source> = foreign.clone();
        let values = Foreigns(source.clone());
        if let Some(builtin) = foreign.builtin() {
            let mut context = builtin.clone();
            context.values = Some(Layer::over(context.values.take(), values));
            return context;
        }
        let scope = Scope::foreign(source);
        scope.refresh();
        if scope.end().is_none() {
            watch(foreign, &scope);
        }
        Context {
            scope: Some(scope),
            values: Some(Layer::over(None, values)),
            todo: false,
        }
    }
}

fn watch<F: Foreign>(foreign: Arc<F>, scope: &Arc<Scope>) {
    let weak = Arc::downgrade(scope);
    let done: Callback = Box::new(move || {
        if let Some(scope) = weak.upgrade() {
            scope.follow();
        }
    });
    scope.keep_watch(match foreign.after_func(done) {
        Ok(stop) => Watch::Registered(stop),
        Err(done) => Watch::Goroutine(go(async move {
            foreign.done().await;
            done();
        })),
    });
}

/// A [`Foreign`] without its type.
pub(super) trait Source: Send + Sync {
    fn err(&self) -> Option<ContextError>;
    fn deadline(&self) -> Option<Instant>;
    fn value(&self, key: &dyn Any) -> Option<Found<'_>>;
    fn cause(&self) -> Option<Cause>;
    fn name(&self) -> &'static str;
}

impl<F: Foreign> Source for F {
    fn err(&self) -> Option<ContextError> {
        Foreign::err(self)
    }

    fn deadline(&self) -> Option<Instant> {
        Foreign::deadline(self)
    }

    fn value(&self, key: &dyn Any) -> Option<Found<'_>> {
        Foreign::value(self, key)
    }

    fn cause(&self) -> Option<Cause> {
        Foreign::cause(self)
    }

    fn name(&self) -> &'static str {
        type_name::<F>()
    }
}
