//! [`Addr`]: where to send to.

use super::ask::Asking;
use super::error::SendError;
use super::reply::Reply;
use super::send::{Sending, Whom};
use super::stop::Stopping;
use crate::process::{
    AskEnd, Core, Exit, Mail, Pid, Proc, Pushed, Target, Ticket, current, exit_signal, kill,
};
use gaggle_base::site::Site;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::task::Context;

/// The address of one actor: of one incarnation, that is; a [`Slot`](crate::Slot) outlives restarts.
///
/// It keeps nothing alive: an actor lives until it stops, or is stopped by whoever started it.
pub struct Addr<M> {
    pub(super) target: Arc<dyn Target<M>>,
}

impl<M: Send + 'static> Addr<M> {
    pub(crate) fn of(mail: &Arc<Mail<M>>) -> Self {
        Self {
            target: mail.clone(),
        }
    }

    pub(crate) fn core(&self) -> &Core {
        self.target.core()
    }

    pub(crate) fn proc(&self) -> Arc<dyn Proc> {
        self.target.clone().proc()
    }

    /// The number of the actor.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.core().pid
    }

    /// The name of the actor, or its type and number.
    #[must_use]
    pub fn title(&self) -> String {
        self.core().title()
    }

    /// Does it still run? It may have ended before the caller looks at the answer.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.core().is_alive()
    }

    /// Sends a message, and waits for as long as the mailbox has no room.
    ///
    /// # Errors
    /// The message comes back if the actor is stopping or gone; if the mailbox rejects what is too much; if sender and actor wait for each other.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has sent nothing. It may be an arm of a `select!`.
    #[track_caller]
    pub fn send(&self, message: M) -> Sending<M> {
        Sending::new(Whom::addr(self.clone()), message, Site::caller())
    }

    /// Sends a message if there is room at this instant.
    ///
    /// # Errors
    /// The message comes back if there is none, or the actor is gone.
    pub fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        match self.target.push(message, None, false) {
            Pushed::In(_) => Ok(()),
            Pushed::Full(message) | Pushed::Rejected(message) => Err(SendError::Full(message)),
            Pushed::Closed(message) => Err(SendError::Closed(message)),
        }
    }

    /// Sends a message with a [`Reply`] in it, and waits for the answer: for five seconds, if nothing else is said.
    ///
    /// # Errors
    /// At once, when the actor is gone or ends; see [`AskError`](crate::AskError).
    ///
    /// # Cancel safety
    /// A future that is dropped has given up: a message that was sent stays sent, and its answer goes nowhere. It may be an arm of a `select!`.
    #[track_caller]
    pub fn ask<T, F>(&self, make: F) -> Asking<M, T, F>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> M,
    {
        Asking::new(Whom::addr(self.clone()), make, Site::caller())
    }

    /// The same actor for those who speak of other things: each message is turned into one of its own.
    #[must_use]
    pub fn map<N: Send + 'static>(&self, turn: impl Fn(N) -> M + Send + Sync + 'static) -> Addr<N> {
        Addr {
            target: Arc::new(Turned {
                inner: self.target.clone(),
                turn,
            }),
        }
    }

    /// Asks it to stop before its next message, and waits for its end. See [`Stopping`].
    pub fn stop(&self) -> Stopping {
        Stopping::new(self.proc())
    }

    /// Drops it where it waits next: nothing of it runs any more, and its exit is [`Exit::Killed`]. Says whether it was there.
    #[expect(clippy::must_use_candidate, reason = "most callers only want it gone")]
    pub fn kill(&self) -> bool {
        kill(self.proc().as_ref(), Exit::Killed)
    }

    /// Sends an exit as a linked process would: it ends the actor, or is a signal to one that traps exits. [`Exit::Normal`] does nothing to one that does not; [`Exit::Killed`] kills.
    pub fn exit(&self, reason: &Exit) {
        let from = current().map_or(Pid::NOBODY, |proc| proc.core().pid);
        let me = self.pid();
        if *reason == Exit::Killed {
            kill(self.proc().as_ref(), Exit::Killed);
        } else if *reason == Exit::Normal && from == me {
            crate::process::stop(self.proc().as_ref(), Exit::Normal, false, None);
        } else {
            exit_signal(&self.proc(), from, reason, false);
        }
    }

    /// Waits for its end, and says why; at once if it has ended.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace.
    pub async fn exited(&self) -> Exit {
        self.core().ended().await
    }

    /// How many messages are in its mailbox.
    #[must_use]
    pub fn len(&self) -> usize {
        self.proc().queued()
    }

    /// Is its mailbox empty?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For how many messages its mailbox has room.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.target.capacity()
    }

    /// How many messages were dropped because its mailbox was full.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.target.dropped()
    }
}

impl<M> Clone for Addr<M> {
    fn clone(&self) -> Self {
        Self {
            target: self.target.clone(),
        }
    }
}

impl<M> PartialEq for Addr<M> {
    fn eq(&self, other: &Self) -> bool {
        self.target.core().pid == other.target.core().pid
    }
}

impl<M> Eq for Addr<M> {}

impl<M> Hash for Addr<M> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.target.core().pid.hash(state);
    }
}

impl<M> fmt::Debug for Addr<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let core = self.target.core();
        write!(f, "Addr({})", core.title())
    }
}

/// An address whose messages are turned into others on the way in.
struct Turned<M, F> {
    inner: Arc<dyn Target<M>>,
    turn: F,
}

impl<M, N, F> Target<N> for Turned<M, F>
where
    M: Send + 'static,
    N: Send + 'static,
    F: Fn(N) -> M + Send + Sync + 'static,
{
    fn proc(self: Arc<Self>) -> Arc<dyn Proc> {
        self.inner.clone().proc()
    }

    fn core(&self) -> &Core {
        self.inner.core()
    }

    fn push(&self, message: N, ask: Option<Arc<dyn AskEnd>>, granted: bool) -> Pushed<N> {
        // The message can be turned only once, so room comes first.
        let granted = granted
            || match self.inner.reserve() {
                Pushed::In(_) => true,
                Pushed::Full(()) => return Pushed::Full(message),
                Pushed::Rejected(()) => return Pushed::Rejected(message),
                Pushed::Closed(()) => return Pushed::Closed(message),
            };
        match self.inner.push((self.turn)(message), ask, granted) {
            Pushed::In(ticket) => Pushed::In(ticket),
            // It was closed in between: as if the message had been in the mailbox at its end.
            Pushed::Full(lost) | Pushed::Rejected(lost) | Pushed::Closed(lost) => {
                drop(lost);
                Pushed::In(0)
            }
        }
    }

    fn reserve(&self) -> Pushed<()> {
        self.inner.reserve()
    }

    fn park(&self, cx: &Context<'_>) -> Option<u64> {
        self.inner.park(cx)
    }

    fn is_granted(&self, number: u64, cx: &Context<'_>) -> bool {
        self.inner.is_granted(number, cx)
    }

    fn leave(&self, number: u64) {
        self.inner.leave(number);
    }

    fn forget_ask(&self, ticket: Ticket) {
        self.inner.forget_ask(ticket);
    }

    fn dropped(&self) -> u64 {
        self.inner.dropped()
    }

    fn capacity(&self) -> usize {
        self.inner.capacity()
    }
}
