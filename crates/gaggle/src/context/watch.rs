//! What looks after something outside on behalf of a scope: a foreign context, or signals.

use super::foreign::Stop;
use crate::JoinHandle;
#[cfg(unix)]
use crate::signal::Listening;

pub(super) enum Watch {
    /// A foreign context calls us; this takes the registration back.
    Registered(Stop),
    /// A goroutine waits for a foreign context.
    Goroutine(JoinHandle<()>),
    /// The process listens for signals.
    #[cfg(unix)]
    Signals(Listening),
}

impl Watch {
    /// Signals are listened for, and so kept from their default action, until somebody says otherwise.
    pub(super) fn outlives_the_end(&self) -> bool {
        match self {
            Self::Registered(_) | Self::Goroutine(_) => false,
            #[cfg(unix)]
            Self::Signals(_) => true,
        }
    }

    /// Ends it. Not to be called under a lock: a foreign context's code runs here.
    pub(super) fn release(self) {
        match self {
            Self::Registered(stop) => stop(),
            Self::Goroutine(handle) => handle.abort(),
            #[cfg(unix)]
            Self::Signals(listening) => drop(listening),
        }
    }
}
