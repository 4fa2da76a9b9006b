//! Who listens for which signal, and the thread that tells them.
//!
//! One thread, started when somebody first asks, waits for all signals of the process; no worker is blocked.
//! It is no servant (`gaggle_base::blocked`): something may come from outside, so a process in which somebody has listened is never taken for deadlocked.
//! The list of listeners has a lock of its own, under which nothing is called.

use super::Signal;
use crate::slab::{Slab, SlabKey};
use gaggle_base::thread;
use signal_hook::flag::register_conditional_default;
use signal_hook::iterator::{Handle, Signals};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Runs on the thread that waits for signals, and must not wait.
type Tell = Arc<dyn Fn(Signal) + Send + Sync>;

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
    tell: Tell,
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
        // Not if it prints a dump by default: that is done by another thread, which asks `is_listened_for`. And not if it was ignored until now: then it is again.
        if !crate::signals::prints_a_dump(signal) && !is_ignored(signal) {
            register_conditional_default(signal.number(), nobody.clone())?;
        }
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

/// Does the process ignore it, as `nohup` has it for `SIGHUP`, and Rust for `SIGPIPE`?
fn is_ignored(signal: Signal) -> bool {
    // There is such a file on Linux only.
    let Ok(status) = std::fs::read_to_string("/proc/self/status") else {
        return signal == Signal::Pipe;
    };
    let mut lines = status.lines();
    let mask = lines.find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal.number() - 1) & 1 == 1)
}

/// Does anybody listen for the signal with this number?
pub(crate) fn is_listened_for(number: i32) -> bool {
    let hub = hub();
    let mut handled = hub.handled.iter();
    handled.any(|h| h.signal.number() == number && h.listeners > 0)
}

/// Runs on the thread that waits for signals.
fn deliver(number: i32) {
    let mut found = Vec::new();
    let hub = hub();
    let mut at = 0;
    while let Some((next, listener)) = hub.listeners.next_from(at) {
        at = next;
        if let Some(signal) = listener.signals.iter().find(|s| s.number() == number) {
            found.push((listener.tell.clone(), *signal));
        }
    }
    drop(hub);
    for (tell, signal) in found {
        // A foreign waker that panics must not end this thread; it has been reported by the panic hook.
        let _ = catch_unwind(AssertUnwindSafe(move || tell(signal)));
    }
}

/// A place in the list of listeners, until it is dropped.
pub(crate) struct Listening(SlabKey);

impl Listening {
    /// From now on `tell` is called for each of `signals` that comes.
    pub(crate) fn start(
        signals: &[Signal],
        tell: impl Fn(Signal) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut hub = hub();
        signals.iter().try_for_each(|signal| hub.handle(*signal))?;
        hub.count(signals, |n| *n += 1);
        Ok(Self(hub.listeners.insert(Listener {
            tell: Arc::new(tell),
            signals: signals.to_vec(),
        })))
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut hub = hub();
        let listener = hub.listeners.remove(self.0);
        if let Some(listener) = &listener {
            hub.count(&listener.signals, |n| *n -= 1);
        }
        drop(hub);
        // What it holds is the listener's: not under the lock.
        drop(listener);
    }
}
