//! Why a context is done: [`ContextError`] says which way, [`Cause`] says why.

use crate::time::Instant;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why something was cancelled, in the words of whoever did it. See [`Context::cause`](super::Context::cause).
pub type Cause = Arc<dyn Error + Send + Sync>;

/// How a context came to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ContextError {
    /// Somebody cancelled it, or a context above it.
    Canceled,
    /// Its deadline, or that of a context above it, has passed.
    DeadlineExceeded,
}

impl ContextError {
    /// Was it a matter of time?
    ///
    /// # Examples
    /// ```
    /// use gaggle::context::ContextError;
    /// assert!(ContextError::DeadlineExceeded.is_timeout());
    /// assert!(!ContextError::Canceled.is_timeout());
    /// ```
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        *self == Self::DeadlineExceeded
    }
}

impl fmt::Display for ContextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Canceled => "context canceled",
            Self::DeadlineExceeded => "context deadline exceeded",
        })
    }
}

impl Error for ContextError {}

/// How a context ended. A clone costs at most a count.
#[derive(Clone, Debug)]
pub(super) struct End {
    pub(super) error: ContextError,
    /// `None`: the error itself.
    pub(super) cause: Option<Cause>,
}

impl End {
    pub(super) const CANCELED: End = End {
        error: ContextError::Canceled,
        cause: None,
    };

    pub(super) fn cause(&self) -> Cause {
        self.cause.clone().unwrap_or_else(|| Arc::new(self.error))
    }
}

/// What somebody gives as a cause. One that was taken from another context stays the same and is not wrapped.
pub(crate) fn into_cause(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Cause {
    match cause.into().downcast::<Cause>() {
        Ok(cause) => *cause,
        Err(other) => Cause::from(other),
    }
}

/// A point in time, and the cause if it is reached.
pub(super) struct Due {
    pub(super) deadline: Instant,
    pub(super) cause: Option<Cause>,
}

impl Due {
    pub(super) fn end(self) -> End {
        End {
            error: ContextError::DeadlineExceeded,
            cause: self.cause,
        }
    }
}
