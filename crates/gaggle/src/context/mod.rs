//! Contexts: cancellation, deadlines and values that go down a tree of calls (semantics.md CX, T29, T30, T31).
//!
//! | file | what it holds |
//! |---|---|
//! | `handle.rs` | [`Context`]: what is asked of it, and what is derived from it |
//! | `cancel.rs` | [`Cancel`], [`CancelCause`], [`CancelGuard`] |
//! | `error.rs` | [`ContextError`], [`Cause`] |
//! | `values.rs` | [`Key`], and the list of values |
//! | `after.rs` | [`AfterFunc`] |
//! | `foreign.rs` | [`Foreign`]: contexts of others |
//! | `signals.rs` | [`with_signals`], [`SignalReceived`] |
//! | `scope.rs` | a node of the tree: its state, its place below its parent, its end of life |
//! | `walk.rs` | how a node ends together with all below it |
//! | `watch.rs` | what looks after foreign contexts and signals on behalf of a node |
//!
//! | Go | gaggle |
//! |---|---|
//! | `context.WithCancel(ctx)` | `ctx.`[`with_cancel`](Context::with_cancel)`()`; dropping the [`Cancel`] cancels nothing |
//! | `defer cancel()` | `let _guard = cancel.`[`drop_guard`](Cancel::drop_guard)`()` |
//! | `<-ctx.Done()` | `ctx.`[`done`](Context::done)`().await`, also as an arm of `select!` |
//! | `ctx.Err()`, `context.Cause(ctx)` | [`err`](Context::err), [`cause`](Context::cause) |
//! | `context.WithValue(ctx, k, v)` | [`with_value`](Context::with_value), with keys that know the type of their value: [`Key`] |
//! | `signal.NotifyContext` | [`with_signals`] |
//!
//! A context that everybody has let go of leaves its parent at once, and its timer is stopped: nothing leaks for want of a `cancel`, as it does in Go until the parent ends.

mod after;
mod cancel;
mod error;
mod foreign;
mod handle;
mod scope;
#[cfg(unix)]
mod signals;
mod values;
mod walk;
mod watch;

#[cfg(unix)]
pub use crate::signal::Signal;
pub use after::AfterFunc;
pub use cancel::{Cancel, CancelCause, CancelGuard};
pub(crate) use error::into_cause;
pub use error::{Cause, ContextError};
pub use foreign::{Foreign, Stop};
pub use gaggle_chan::sync::Done;
pub use handle::Context;
#[cfg(unix)]
pub use signals::{SignalReceived, with_signals};
pub use values::Key;
