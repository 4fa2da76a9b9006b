//! What can go wrong with a send and with an ask.

use crate::process::Exit;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a message was not accepted; it comes back.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The actor is stopping or gone.
    Closed(M),
    /// The mailbox is full, and the send does not wait.
    Full(M),
    /// The slot has no actor now.
    Restarting(M),
    /// These wait for each other, the sender among them: none could ever go on.
    Cycle(M, Arc<[String]>),
}

impl<M> SendError<M> {
    /// The message.
    pub fn into_inner(self) -> M {
        match self {
            Self::Closed(m) | Self::Full(m) | Self::Restarting(m) | Self::Cycle(m, _) => m,
        }
    }

    /// Was there no room?
    #[must_use]
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Is the actor stopping or gone?
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(_) => f.write_str("the actor is gone"),
            Self::Full(_) => f.write_str("the mailbox is full"),
            Self::Restarting(_) => f.write_str("the actor is not up"),
            Self::Cycle(_, path) => circle(f, path),
        }
    }
}

impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SendError({self})")
    }
}

impl<M> Error for SendError<M> {}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskError {
    /// There was no such actor, or it is stopping.
    NoProc,
    /// The actor ended before it answered.
    Died(Exit),
    /// The deadline came first.
    Timeout,
    /// The reply was dropped without an answer.
    Dropped,
    /// The mailbox is full and rejects what is too much.
    Full,
    /// The slot has no actor now.
    Restarting,
    /// These wait for each other, the asker among them: none could ever go on.
    Cycle(Arc<[String]>),
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoProc => f.write_str("there is no such actor"),
            Self::Died(exit) => write!(f, "the actor ended before it answered: {exit}"),
            Self::Timeout => f.write_str("no answer before the deadline"),
            Self::Dropped => f.write_str("the request was dropped without an answer"),
            Self::Full => f.write_str("the mailbox is full"),
            Self::Restarting => f.write_str("the actor is not up"),
            Self::Cycle(path) => circle(f, path),
        }
    }
}

fn circle(f: &mut fmt::Formatter<'_>, path: &[String]) -> fmt::Result {
    write!(f, "waiting in a circle: {}", path.join(" -> "))
}

impl Error for AskError {}
