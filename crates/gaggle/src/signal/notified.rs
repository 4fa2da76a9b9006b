//! [`Notified`]: signals as they come, one after the other.
//!
//! What has come is a set of bits, one for each signal, beside a channel with one place that says that the set is not empty.
//! Whoever takes from a set that is not empty afterwards says so again. So each signal that has come is told of once, and the thread that tells never waits.

use super::Signal;
use super::hub::Listening;
use crate::chan::{self, Receiver, Sender};
use futures_core::Stream;
use std::fmt;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

/// The signals that come, as a channel. See [`notify`](super::notify).
///
/// As long as it is held, its signals do not do what they do by default; when the last that listens for a signal is dropped, they do again.
#[must_use = "signals are listened for only as long as this is held"]
pub struct Notified {
    set: Arc<Set>,
    some: Receiver<()>,
    signals: Vec<Signal>,
    _listening: Listening,
}

/// The signals that have come and that nobody has been told of.
struct Set {
    bits: AtomicU32,
    some: Sender<()>,
}

impl Set {
    fn put(&self, signal: Signal) {
        // Pairs with the exchange in `take`: whoever is told of it sees what came before it.
        self.bits.fetch_or(signal.bit(), Ordering::AcqRel);
        // If it is full, somebody will look anyway.
        let _ = self.some.try_send(());
    }

    fn take(&self) -> Option<Signal> {
        let mut now = self.bits.load(Ordering::Acquire);
        loop {
            let signal = Signal::ALL.into_iter().find(|s| now & s.bit() != 0)?;
            let rest = now & !signal.bit();
            // Pairs with itself and with the one in `put`.
            match self
                .bits
                .compare_exchange_weak(now, rest, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => {
                    if rest != 0 {
                        let _ = self.some.try_send(());
                    }
                    return Some(signal);
                }
                Err(other) => now = other,
            }
        }
    }
}

impl Notified {
    pub(super) fn start(signals: &[Signal]) -> io::Result<Self> {
        let (sender, some) = chan::bounded(1);
        let set = Arc::new(Set {
            bits: AtomicU32::new(0),
            some: sender,
        });
        let puts = set.clone();
        let listening = Listening::start(signals, move |signal| puts.put(signal))?;
        Ok(Self {
            set,
            some,
            signals: signals.to_vec(),
            _listening: listening,
        })
    }

    /// The next signal that has come, or comes.
    ///
    /// A signal that comes again before it was received is received once. If several have come, `SIGINT` is first, then `SIGTERM`.
    ///
    /// # Cancel safety
    /// If the future is dropped, no signal was taken.
    pub async fn recv(&self) -> Signal {
        loop {
            if let Some(signal) = self.set.take() {
                return signal;
            }
            // The sender is in `self.set`, so the channel is never closed.
            let _ = self.some.recv().await;
        }
    }

    /// The next signal that has come already.
    #[must_use = "the signal is taken"]
    pub fn try_recv(&self) -> Option<Signal> {
        self.set.take()
    }

    /// As [`recv`](Self::recv), on a plain thread.
    ///
    /// # Blocking
    /// The thread sleeps until a signal comes; in a goroutine, await `recv`.
    pub fn recv_blocking(&self) -> Signal {
        loop {
            if let Some(signal) = self.set.take() {
                return signal;
            }
            let _ = self.some.recv_blocking();
        }
    }

    /// Which signals are listened for.
    pub fn signals(&self) -> &[Signal] {
        &self.signals
    }
}

/// Never ends.
impl Stream for Notified {
    type Item = Signal;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Signal>> {
        loop {
            if let Some(signal) = self.set.take() {
                return Poll::Ready(Some(signal));
            }
            if Pin::new(&mut self.some).poll_next(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl fmt::Debug for Notified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Notified")
            .field("signals", &self.signals)
            .finish_non_exhaustive()
    }
}
