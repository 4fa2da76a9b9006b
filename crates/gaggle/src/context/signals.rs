//! Contexts that a signal cancels (semantics.md CX-20).

use super::error::End;
use super::watch::Watch;
use super::{Cancel, Context, ContextError};
use crate::signal::{Listening, Signal};
use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;

/// The cause of a context that a signal has cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignalReceived(pub Signal);

impl fmt::Display for SignalReceived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} signal received", self.0)
    }
}

impl Error for SignalReceived {}

/// A context below `parent` that is cancelled when the process gets one of `signals`; its cause is [`SignalReceived`] then (CX-20).
///
/// As long as it is listened for, a signal does not do what it does by default, such as ending the process: neither the first time nor again.
/// [`Cancel::cancel`] ends that, and so does dropping every handle of the context. The usual course is to wait for `done`, then to call `cancel`, so that a second Ctrl-C ends a program that does not end by itself.
///
/// The signals are waited for by one thread for the whole process, which is started when this is first called and then stays.
///
/// # Errors
/// When the system refuses a handler or a thread.
///
/// # Examples
/// ```no_run
/// use gaggle::context::{Context, Signal, with_signals};
/// # gaggle::block_on(async {
/// let (ctx, cancel) = with_signals(&Context::background(), &[Signal::Interrupt, Signal::Terminate]).unwrap();
/// ctx.done().await;
/// cancel.cancel();
/// println!("{}: tidying up", ctx.cause().unwrap());
/// # });
/// ```
pub fn with_signals(parent: &Context, signals: &[Signal]) -> io::Result<(Context, Cancel)> {
    let (context, cancel) = parent.with_cancel();
    let scope = Arc::downgrade(&cancel.0);
    let listening = Listening::start(signals, move |signal| {
        if let Some(scope) = scope.upgrade() {
            scope.finish(&End {
                error: ContextError::Canceled,
                cause: Some(Arc::new(SignalReceived(signal))),
            });
        }
    })?;
    cancel.0.keep_watch(Watch::Signals(listening));
    Ok((context, cancel))
}
