//! [`TaskFailed`]: why a group cancelled its context.

use std::error::Error;
use std::fmt;

/// The cause of a context that its group has cancelled. [`Group::with_context_cause`](super::Group::with_context_cause) puts a better one in its place for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TaskFailed {
    pub(super) panicked: bool,
}

impl TaskFailed {
    /// Was it a panic? Otherwise it was an error.
    #[must_use]
    pub fn is_panic(&self) -> bool {
        self.panicked
    }
}

impl fmt::Display for TaskFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.panicked {
            "a goroutine of the group panicked"
        } else {
            "a goroutine of the group failed"
        })
    }
}

impl Error for TaskFailed {}
