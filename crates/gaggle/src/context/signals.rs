//! Contexts that a signal cancels (semantics.md CX-20).
//!
//! One thread, started when somebody first asks, waits for all signals of the process; no worker is blocked.
//! The list of listeners has a lock of its own, under which nothing is called.

use super::error::End;
use super::scope::Scope;
use super::watch::Watch;
use super::{Cancel, Context, ContextError};
use crate::slab::{Slab, SlabKey};
use gaggle_base::thread;
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use std::error::Error;
use std::fmt;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

/// A signal of the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`: please end.
    Terminate,
    /// `SIGHUP`: the terminal is gone, or: read your configuration again.
    Hangup,
    /// `SIGQUIT`: Ctrl-\.
    Quit,
    /// `SIGUSR1`.
    User1,
    /// `SIGUSR2`.
    User2,
}

impl Signal {
    fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::Hangup => SIGHUP,
            Self::Quit => SIGQUIT,
            Self::User1 => SIGUSR1,
            Self::User2 => SIGUSR2,
        }
    }
}

/// As Go calls them.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "interrupt",
            Self::Terminate => "terminated",
            Self::Hangup => "hangup",
            Self::Quit => "quit",
            Self::User1 => "user defined signal 1",
            Self::User2 => "user defined signal 2",
        })
    }
}

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
    let listening = Listening::start(&cancel.0, signals)?;
    cancel.0.keep_watch(Watch::Signals(listening));
    Ok((context, cancel))
}

struct Hub {
    /// Something to ask for further signals with, once the thread runs.
    handle: Option<Handle>,
    /// Those for which there are handlers: they cannot be taken away again.
    handled: Vec<Handled>,
    listeners: Slab<Listener>,
}

struct Handled {
    signal: Signal,
    listeners: usize,
    /// Read by the handler: do what happens by default.
    nobody: Arc<AtomicBool>,
}

struct Listener {
    scope: Weak<Scope>,
    signals: Vec<Signal>,
}

static HUB: Mutex<Hub> = Mutex::new(Hub {
    handle: None,
    handled: Vec::new(),
    listeners: Slab::new(),
});

fn hub() -> MutexGuard<'static, Hub> {
    HUB.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hub {
    /// Sees to it that there is a handler for `signal`. Until somebody listens, it does what happens by default.
    fn handle(&mut self, signal: Signal) -> io::Result<()> {
        if self.handled.iter().any(|h| h.signal == signal) {
            return Ok(());
        }
        if self.handle.is_none() {
            let mut all = Signals::new::<_, i32>([])?;
            let handle = all.handle();
            let body = move || all.forever().for_each(deliver);
            drop(thread::start("gaggle-signals".to_owned(), body)?);
            self.handle = Some(handle);
        }
        let Some(handle) = &self.handle else {
            unreachable!("it was just set");
        };
        let nobody = Arc::new(AtomicBool::new(true));
        // First this one, for handlers run in order: whether anybody listens is decided when the signal comes, not when the thread hears of it.
        register_conditional_default(signal.number(), nobody.clone())?;
        handle.add_signal(signal.number())?;
        self.handled.push(Handled {
            signal,
            listeners: 0,
            nobody,
        });
        Ok(())
    }

    /// One more, or one less, listens for these.
    fn count(&mut self, signals: &[Signal], change: impl Fn(&mut usize)) {
        for handled in &mut self.handled {
            if signals.contains(&handled.signal) {
                change(&mut handled.listeners);
                let nobody = handled.listeners == 0;
                // Sequentially consistent, because a handler may run on any thread at any time.
                handled.nobody.store(nobody, Ordering::SeqCst);
            }
        }
    }
}

/// Runs on the thread that waits for signals.
fn deliver(number: i32) {
    let mut found = Vec::new();
    let hub = hub();
    let mut at = 0;
    while let Some((next, listener)) = hub.listeners.next_from(at) {
        at = next;
        if let Some(signal) = listener.signals.iter().find(|s| s.number() == number) {
            found.extend(listener.scope.upgrade().map(|scope| (scope, *signal)));
        }
    }
    drop(hub);
    for (scope, signal) in found {
        let end = End {
            error: ContextError::Canceled,
            cause: Some(Arc::new(SignalReceived(signal))),
        };
        // A foreign waker that panics must not end this thread; it has been reported by the panic hook.
        let _ = catch_unwind(AssertUnwindSafe(|| scope.finish(&end)));
    }
}

/// A place in the list of listeners, until it is dropped.
pub(super) struct Listening(SlabKey);

impl Listening {
    fn start(scope: &Arc<Scope>, signals: &[Signal]) -> io::Result<Self> {
        let mut hub = hub();
        signals.iter().try_for_each(|signal| hub.handle(*signal))?;
        hub.count(signals, |n| *n += 1);
        Ok(Self(hub.listeners.insert(Listener {
            scope: Arc::downgrade(scope),
            signals: signals.to_vec(),
        })))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut hub = hub();
        if let Some(listener) = hub.listeners.remove(self.0) {
            hub.count(&listener.signals, |n| *n -= 1);
        }
    }
}
