//! Signals of the operating system, as channels and as contexts (semantics.md CX-20, T35).
//!
//! | file | what it holds |
//! |---|---|
//! | `kind.rs` | [`Signal`] |
//! | `hub.rs` | who listens for what, and the thread that tells them |
//! | `notified.rs` | [`Notified`] |
//!
//! | Go | gaggle |
//! |---|---|
//! | `signal.Notify(ch, os.Interrupt)` | `let signals = `[`notify`]`(&[Signal::INT])?`, then `signals.recv().await`, also as an arm of `select!` |
//! | `signal.Stop(ch)` | drop it |
//! | `signal.NotifyContext(ctx, ..)` | [`notify_context`] |
//!
//! As long as somebody listens for a signal it does not do what it does by default, such as ending the process; when nobody does any more, it does again, and one that the process ignored is ignored again.
//! So a program that wants a second Ctrl-C to end it drops what it listens with when the first has come.
//! Several may listen for the same signal, and each is told. They may be on any runtime, or on none.
//!
//! One thread for the whole process waits for the signals; it is started when somebody first listens, and stays.
//! From then on the process is never taken for deadlocked, for something may come from outside.
//! A simulation gets no signals of its own: do not listen in one.
//!
//! `#[gaggle::main]` has `SIGQUIT` and `SIGUSR1` print a dump; who listens for them gets them in its place.

mod hub;
mod kind;
mod notified;

pub(crate) use hub::{Listening, is_listened_for};
pub use kind::Signal;
pub use notified::Notified;

use crate::context::{Cancel, Context};
use std::io;

/// Listens for signals, from this call on.
///
/// Each signal has one place: if it comes again before it was received it is received once, and none pushes another out. The signal never waits.
///
/// # Errors
/// When the system refuses a handler or a thread.
///
/// # Examples
/// ```no_run
/// use gaggle::signal::{self, Signal};
/// use gaggle::time::Ticker;
/// use std::time::Duration;
///
/// #[gaggle::main]
/// async fn main() -> std::io::Result<()> {
///     let signals = signal::notify(&[Signal::HUP, Signal::INT, Signal::TERM])?;
///     let ticker = Ticker::new(Duration::from_secs(1));
///     loop {
///         gaggle::select! {
///             signal = signals.recv() => match signal {
///                 Signal::Hangup => println!("reading the configuration again"),
///                 other => {
///                     println!("{other}: that is all");
///                     return Ok(());
///                 }
///             },
///             _ = ticker.recv() => println!("still here"),
///         }
///     }
/// }
/// ```
pub fn notify(signals: &[Signal]) -> io::Result<Notified> {
    Notified::start(signals)
}

/// A context below `parent` that is cancelled when the process gets one of `signals`; its cause is [`SignalReceived`](crate::context::SignalReceived) then. It is [`context::with_signals`](crate::context::with_signals) by another name.
///
/// # Errors
/// When the system refuses a handler or a thread.
///
/// # Examples
/// ```no_run
/// use gaggle::context::Context;
/// use gaggle::signal::{self, Signal};
/// # gaggle::block_on(async {
/// let (ctx, stop) = signal::notify_context(&Context::background(), &[Signal::INT, Signal::TERM])?;
/// ctx.done().await;
/// // From here on another Ctrl-C ends the process.
/// stop.cancel();
/// # std::io::Result::Ok(())
/// # });
/// ```
pub fn notify_context(parent: &Context, signals: &[Signal]) -> io::Result<(Context, Cancel)> {
    crate::context::with_signals(parent, signals)
}

/// Waits for Ctrl-C, from this call on.
///
/// When it is ready, or dropped, Ctrl-C ends the process again, if nobody else listens for it. So in a loop, where one that comes between two rounds must not be lost, use [`notify`].
///
/// # Errors
/// When the system refuses a handler or a thread.
///
/// # Cancel safety
/// One that has come while it was listened for and was not awaited is forgotten.
///
/// # Examples
/// ```no_run
/// # gaggle::block_on(async {
/// gaggle::signal::ctrl_c().await?;
/// println!("tidying up");
/// # std::io::Result::Ok(())
/// # });
/// ```
pub fn ctrl_c() -> impl Future<Output = io::Result<()>> + Send {
    let listens = notify(&[Signal::Interrupt]);
    async move {
        listens?.recv().await;
        Ok(())
    }
}
