//! Panics of a user's code that are held back until what is under way is done.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

pub(crate) type Payload = Box<dyn Any + Send>;

/// Calls `f`; its panic, if there is one, is for the caller to [`raise`] later.
#[must_use]
pub(crate) fn held_back(f: impl FnOnce()) -> Option<Payload> {
    catch_unwind(AssertUnwindSafe(f)).err()
}

/// Lets a panic go on that was held back, unless there is one under way already.
pub(crate) fn raise(panic: Option<Payload>) {
    if let Some(panic) = panic
        && !std::thread::panicking()
    {
        resume_unwind(panic);
    }
}
