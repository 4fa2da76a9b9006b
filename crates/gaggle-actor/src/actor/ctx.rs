//! [`Ctx`]: what a handler can ask for.

use super::addr::Addr;
use super::behaviour::Actor;
use super::spawn::{Spawn, spawn};
use super::timers::{Front, Key};
use crate::names::Registry;
use crate::process::{
    Event, Exit, MonitorRef, Pid, Proc, Process, Signal, exit_signal, link, link_noproc, panicked,
    unlink, watch,
};
use gaggle_rt::time::Instant;
use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// What a handler can ask for: its own address, timers, links and monitors, actors of its own.
pub struct Ctx<A: Actor> {
    pub(super) process: Process<A::Msg>,
    pub(super) front: Option<Box<Front<A::Msg>>>,
}

/// What an actor does next.
pub(super) enum Next<M> {
    Message(M),
    /// In a box: most are messages.
    Signal(Box<Signal>),
    Stop(Exit),
}

impl<A: Actor> Ctx<A> {
    pub(super) fn new(process: Process<A::Msg>) -> Self {
        Self {
            process,
            front: None,
        }
    }

    fn front(&mut self) -> &mut Front<A::Msg> {
        self.front.get_or_insert_with(|| Box::new(Front::new()))
    }

    pub(super) fn proc(&self) -> Arc<dyn Proc> {
        self.process.proc()
    }

    /// The actor's own address.
    #[must_use]
    pub fn addr(&self) -> Addr<A::Msg> {
        Addr::of(&self.process.mail)
    }

    /// The actor's number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.process.pid()
    }

    /// The name under which the actor was started, if any.
    #[must_use]
    pub fn name(&self) -> Option<Arc<str>> {
        Proc::core(self.process.mail.as_ref()).name()
    }

    /// Handles `msg` next: before anything in the mailbox, and after what `then` was called with before (rows 91 and 105).
    pub fn then(&mut self, msg: A::Msg) {
        self.front().next.push_back(msg);
    }

    /// Puts `msg` off until the state changes; then it comes before what is newer (row 102).
    pub fn postpone(&mut self, msg: A::Msg) {
        self.front().postponed.push_back(msg);
    }

    /// Says that the actor is in another state: after this handler the state timeout is gone, [`enter`](Actor::enter) runs, and what was [postponed](Self::postpone) comes again.
    pub fn state_changed(&mut self) {
        self.front().changed = true;
    }

    /// Sends `msg` to itself after so long, unless the state changes before (row 103).
    pub fn state_timeout(&mut self, after: Duration, msg: A::Msg) {
        self.front().set(Key::State, Instant::now() + after, msg);
    }

    /// Sends `msg` to itself after so long, unless any message comes before. After no time at all means: once the mailbox is empty (row 92).
    pub fn idle_after(&mut self, after: Duration, msg: A::Msg) {
        self.front().set(Key::Idle, Instant::now() + after, msg);
    }

    /// Sends `msg` to itself after so long. A timer of the same name is replaced.
    pub fn timer(&mut self, name: &'static str, after: Duration, msg: A::Msg) {
        self.front()
            .set(Key::Named(name), Instant::now() + after, msg);
    }

    /// Takes a timer back, and says whether it was still to come: after this its message does not.
    pub fn cancel_timer(&mut self, name: &'static str) -> bool {
        let front = self.front.as_mut();
        front.is_some_and(|front| front.cancel(Key::Named(name)))
    }

    /// Runs `future` beside the actor, and then `then` with what it gives: the actor stays responsive. Both end with the actor; a panic ends the actor.
    pub fn pipe<F, T>(&mut self, future: F, then: impl FnOnce(T) + Send + 'static)
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        // A reply that is in there is answered by somebody else now.
        self.process.mail.handled();
        let owner = Arc::downgrade(&self.proc());
        let pid = self.pid();
        let work = async move {
            let mut future = pin!(future);
            let caught =
                poll_fn(
                    |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
                        Ok(polled) => polled.map(Ok),
                        Err(payload) => Poll::Ready(Err(payload)),
                    },
                );
            let done = match caught.await {
                Ok(value) => catch_unwind(AssertUnwindSafe(|| then(value))),
                Err(payload) => Err(payload),
            };
            if let Err(payload) = done
                && let Some(owner) = owner.upgrade()
            {
                exit_signal(&owner, pid, &panicked(payload.as_ref()), false);
            }
        };
        self.front().keep(gaggle_rt::go(work));
    }

    /// Runs `future` beside the actor, and sends what it gives to the actor, as `turn` says it.
    pub fn pipe_to<F, T>(&mut self, future: F, turn: impl FnOnce(T) -> A::Msg + Send + 'static)
    where
        F: Future<Output = T> + Send + 'static,
        T: Send + 'static,
    {
        let addr = self.addr();
        let all = async move {
            let sent = addr.send(turn(future.await)).await;
            // If the actor is gone, so is who would be told.
            drop(sent);
        };
        self.pipe(all, |()| ());
    }

    /// Exits of linked actors are [signals](Actor::on_signal) from now on, and end nothing.
    pub fn trap_exits(&mut self, on: bool) {
        self.process.trap_exits(on);
    }

    /// Links the actor with another: each ends if the other ends abnormally, unless it [traps exits](Self::trap_exits). Linking twice is linking once.
    pub fn link<M: Send + 'static>(&self, other: &Addr<M>) {
        link(&self.proc(), &other.proc());
    }

    /// Ends a link: no exit of `other` arrives after this.
    pub fn unlink<M: Send + 'static>(&self, other: &Addr<M>) {
        unlink(&self.proc(), &other.proc());
    }

    /// Links the actor with whoever has this name; if nobody has, that is as if it had ended with [`Exit::NoProc`].
    pub fn link_name(&self, registry: &Registry, name: &str) {
        match registry.proc(name) {
            Some(proc) => link(&self.proc(), &proc),
            None => link_noproc(&self.proc()),
        }
    }

    /// Hears of the end of `other`, once, as [`Signal::Down`]; at once, with [`Exit::NoProc`], if it is gone. A monitor of oneself is never active.
    pub fn monitor<M: Send + 'static>(&self, other: &Addr<M>) -> MonitorRef {
        watch(&self.proc(), Some(&other.proc()), None)
    }

    /// As [`monitor`](Self::monitor), of whoever has this name now; [`Signal::Down`] says the name.
    pub fn monitor_name(&self, registry: &Registry, name: &str) -> MonitorRef {
        let proc = registry.proc(name);
        watch(&self.proc(), proc.as_ref(), Some(Arc::from(name)))
    }

    /// Starts an actor that ends with this one. Its own end says nothing to this one: [monitor](Self::monitor) it.
    #[track_caller]
    pub fn spawn<B: Actor>(&self, args: B::Args) -> Spawn<B> {
        spawn::<B>(args).parent(self.proc())
    }

    /// Starts an actor that is linked to this one from its first moment.
    #[track_caller]
    pub fn spawn_link<B: Actor>(&self, args: B::Args) -> Spawn<B> {
        self.spawn::<B>(args).linked()
    }

    /// Waits for what is to be done next. By hand, for what waits for messages here is as large as this for good.
    pub(super) fn next(&mut self) -> impl Future<Output = Next<A::Msg>> {
        let mut first = true;
        poll_fn(move |cx| self.poll_next(&mut first, cx))
    }

    /// `look`: what comes before the mailbox was not looked for yet.
    fn poll_next(&mut self, look: &mut bool, cx: &mut Context<'_>) -> Poll<Next<A::Msg>> {
        loop {
            if std::mem::take(look)
                && let Some(message) = self.before_mailbox()
            {
                return Poll::Ready(Next::Message(message));
            }
            match Pin::new(&mut self.process.recv()).poll(cx) {
                Poll::Ready(Event::Message(message)) => {
                    return Poll::Ready(Next::Message(message));
                }
                Poll::Ready(Event::Signal(signal)) => {
                    return Poll::Ready(Next::Signal(Box::new(signal)));
                }
                Poll::Ready(Event::Stop(reason)) => return Poll::Ready(Next::Stop(reason)),
                Poll::Ready(Event::Child(..)) => {}
                Poll::Pending => {
                    let Some(front) = &mut self.front else {
                        return Poll::Pending;
                    };
                    ready!(front.poll_timer(cx));
                    // Nothing was in the mailbox when the timer went off.
                    if let Some(message) = front.due(true) {
                        return Poll::Ready(Next::Message(message));
                    }
                }
            }
            *look = true;
        }
    }

    fn before_mailbox(&mut self) -> Option<A::Msg> {
        let front = self.front.as_mut()?;
        if Proc::core(self.process.mail.as_ref()).stops_now() {
            return None;
        }
        self.process.mail.handled();
        front.pop().or_else(|| front.due(false))
    }

    /// A message is about to be handled.
    pub(super) fn begins(&mut self) {
        if let Some(front) = &mut self.front {
            front.cancel(Key::Idle);
        }
    }

    /// Has the handler changed the state? Then what that means for timers and postponed messages is done.
    pub(super) fn has_changed(&mut self) -> bool {
        let front = self.front.as_mut().filter(|front| front.changed);
        front.map(|front| front.change()).is_some()
    }
}

impl<A: Actor> fmt::Debug for Ctx<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ctx")
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
