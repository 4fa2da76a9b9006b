//! What can go wrong with a supervisor.

use super::state::Refusal;
use crate::process::Exit;
use std::error::Error;
use std::fmt;

/// Why a supervisor could not be started.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StartError {
    /// This child could not be started; those before it have been stopped again.
    Child {
        /// Which.
        id: String,
        /// With which exit its start has failed.
        why: Exit,
    },
    /// Two children have this id.
    DuplicateId(String),
    /// Restarts are counted within no time at all.
    ZeroWindow,
    /// A child is significant, but is restarted whenever it ends, or its supervisor never ends by itself.
    Significant(String),
    /// A supervisor of dynamic children ends by itself: it cannot.
    AutoShutdown,
    /// It was told to end while it started.
    Ended(Exit),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Child { id, why } => write!(f, "failed to start child `{id}`: {why}"),
            Self::DuplicateId(id) => write!(f, "two children have the id `{id}`"),
            Self::ZeroWindow => f.write_str("restarts cannot be counted within no time at all"),
            Self::Significant(id) => write!(f, "child `{id}` cannot be significant"),
            Self::AutoShutdown => f.write_str("a dynamic supervisor does not end by itself"),
            Self::Ended(exit) => write!(f, "the supervisor ended while it started: {exit}"),
        }
    }
}

impl Error for StartError {}

/// Why a supervisor that runs has refused something.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddError {
    /// There is such a child, and it runs.
    AlreadyStarted,
    /// There is such a child, and it is about to be restarted.
    Restarting,
    /// There is such a child, and it is stopped.
    AlreadyPresent,
    /// There is no such child.
    NotFound,
    /// The child could not be started, and is not declared.
    Failed(Exit),
    /// What was asked for makes no sense; see [`StartError`].
    Invalid(StartError),
    /// The supervisor is gone.
    Gone,
}

impl From<Refusal> for AddError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Running => Self::AlreadyStarted,
            Refusal::Restarting => Self::Restarting,
            Refusal::Present => Self::AlreadyPresent,
            Refusal::NotFound => Self::NotFound,
            Refusal::Failed(exit) => Self::Failed(exit),
        }
    }
}

impl fmt::Display for AddError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyStarted => f.write_str("there is such a child, and it runs"),
            Self::Restarting => f.write_str("the child is about to be restarted"),
            Self::AlreadyPresent => f.write_str("there is such a child, and it is stopped"),
            Self::NotFound => f.write_str("there is no such child"),
            Self::Failed(exit) => write!(f, "the child could not be started: {exit}"),
            Self::Invalid(error) => fmt::Display::fmt(error, f),
            Self::Gone => f.write_str("the supervisor is gone"),
        }
    }
}

impl Error for AddError {}
