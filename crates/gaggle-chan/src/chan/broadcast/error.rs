//! What a receive can fail with.

use std::error::Error;
use std::fmt;

/// Why a receive has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecvError {
    /// No value is left and none will come.
    Closed,
    /// So many values were lost since the last one. The next receive goes on with the oldest that is left.
    Lagged(u64),
}

/// Why a receive that does not wait has no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryRecvError {
    /// Nothing to receive at this instant.
    Empty,
    /// No value is left and none will come.
    Closed,
    /// So many values were lost since the last one. The next receive goes on with the oldest that is left.
    Lagged(u64),
}

impl RecvError {
    /// Is it the end?
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl TryRecvError {
    /// Was there nothing to receive?
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        matches!(self, Self::Empty)
    }

    /// Is it the end?
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl From<RecvError> for TryRecvError {
    fn from(error: RecvError) -> Self {
        match error {
            RecvError::Closed => Self::Closed,
            RecvError::Lagged(n) => Self::Lagged(n),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        TryRecvError::from(*self).fmt(f)
    }
}

impl fmt::Display for TryRecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("receive on an empty broadcast"),
            Self::Closed => f.write_str("receive on a closed and empty broadcast"),
            Self::Lagged(n) => write!(f, "the receiver was too slow and lost {n} values"),
        }
    }
}

impl Error for RecvError {}
impl Error for TryRecvError {}
