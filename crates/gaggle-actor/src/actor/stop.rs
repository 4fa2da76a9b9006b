//! [`Stopping`]: asking a process to stop, and waiting for its end.

use crate::process::{Exit, Proc, stop};
use gaggle_rt::time::Instant;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// A request to stop. Awaiting it makes it, and gives the exit of the actor: [`Exit::NoProc`] if it was gone already.
///
/// The mailbox is closed first: senders get their messages back. What is in it is dropped, unless [`drain`](Self::drain) says otherwise. The handler that runs comes through, then the actor [terminates](crate::Actor::terminate).
///
/// # Cancel safety
/// If it is given up while it waits, the actor stops all the same.
#[must_use = "nothing is stopped until it is awaited"]
pub struct Stopping {
    proc: Arc<dyn Proc>,
    reason: Exit,
    drain: bool,
    limit: Option<Duration>,
}

impl Stopping {
    pub(crate) fn new(proc: Arc<dyn Proc>) -> Self {
        Self {
            proc,
            reason: Exit::Normal,
            drain: false,
            limit: None,
        }
    }

    /// With which exit it is to end; [`Exit::Normal`] if nothing is said.
    pub fn because(mut self, reason: Exit) -> Self {
        self.reason = reason;
        self
    }

    /// What is in the mailbox is handled first.
    pub fn drain(mut self) -> Self {
        self.drain = true;
        self
    }

    /// It is killed if it has not ended after so long.
    pub fn within(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl IntoFuture for Stopping {
    type Output = Exit;
    type IntoFuture = Pin<Box<dyn Future<Output = Exit> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let deadline = self.limit.map(|limit| Instant::now() + limit);
            if !stop(self.proc.as_ref(), self.reason, self.drain, deadline) {
                self.proc.core().done.wait().await;
                return Exit::NoProc;
            }
            self.proc.core().ended().await
        })
    }
}

impl fmt::Debug for Stopping {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stopping")
            .field("reason", &self.reason)
            .field("drain", &self.drain)
            .finish_non_exhaustive()
    }
}
