//! [`Process`]: what the body of a process has in hand.

use super::core::{CONTROL, Notice, Pid, Proc, Signal};
use super::exit::Exit;
use super::mailbox::Mail;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};

/// What a process receives.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<M> {
    /// A message.
    Message(M),
    /// It hears of another process.
    Signal(Signal),
    /// It is asked to stop, once: its mailbox is closed, and the reason is what it should end with.
    Stop(Exit),
    /// The child at this place has ended, or, without an exit, has finished its initialisation. Only a supervisor hears it.
    Child(u64, Option<Exit>),
}

/// What the body of a process has in hand: its mailbox and its control lane.
pub struct Process<M> {
    pub(crate) mail: Arc<Mail<M>>,
}

impl<M: Send + 'static> Process<M> {
    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.mail.core().pid
    }

    pub(crate) fn proc(&self) -> Arc<dyn Proc> {
        self.mail.clone()
    }

    /// Waits for what comes next: a request to stop, then notices that are due, then the oldest message.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has taken nothing.
    #[track_caller]
    pub fn recv(&self) -> Receive<'_, M> {
        Receive {
            mail: &self.mail,
            site: Site::caller(),
        }
    }

    /// The initialisation has succeeded: whoever waits for that goes on.
    pub fn ready(&self) {
        super::ties::ready(self.mail.core());
    }

    /// From now on the exits of linked processes are signals, and end nothing.
    pub fn trap_exits(&self, on: bool) {
        self.mail.core().life().trap = on;
    }
}

impl<M> fmt::Debug for Process<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process").finish_non_exhaustive()
    }
}

/// The future of [`Process::recv`].
#[must_use = "nothing is received until the future is awaited"]
pub struct Receive<'a, M> {
    mail: &'a Mail<M>,
    site: Site,
}

impl<M> fmt::Debug for Receive<'_, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receive").finish_non_exhaustive()
    }
}

impl<M: Send + 'static> Future for Receive<'_, M> {
    type Output = Event<M>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Event<M>> {
        let object = std::ptr::from_ref(self.mail).addr() as u64;
        ready!(poll_proceed(cx, Reason::ChanRecv, self.site, object));
        if let Some(event) = control(self.mail) {
            return Poll::Ready(event);
        }
        if let Some(message) = self.mail.pop(cx) {
            return Poll::Ready(Event::Message(message));
        }
        // Between the two looks a notice may have come, and the last message before it been taken: it is due now, and nobody will wake us.
        if let Some(event) = control(self.mail) {
            return Poll::Ready(event);
        }
        note_wait(Reason::ChanRecv, self.site, object);
        Poll::Pending
    }
}

/// What is due in the control lane. For most messages it is one look at a flag.
#[inline(always)]
fn control<M: Send + 'static>(mail: &Mail<M>) -> Option<Event<M>> {
    if mail.core().has(CONTROL) {
        due(mail)
    } else {
        None
    }
}

/// What is due in a control lane that is not empty.
#[cold]
fn due<M: Send + 'static>(mail: &Mail<M>) -> Option<Event<M>> {
    let core = mail.core();
    let (taken, queued) = (mail.taken(), mail.queued());
    let mut life = core.life();
    let orders = life.orders_mut()?;
    let stops = orders.stop.is_some() && !(orders.drain && queued > 0);
    let is_due = |(after, _): &(u64, Notice)| *after <= taken;
    let event = if stops {
        orders.stop.take().map(Event::Stop)
    } else if orders.notices.front().is_some_and(is_due) {
        orders.notices.pop_front().map(|(_, notice)| match notice {
            Notice::Signal(signal) => Event::Signal(signal),
            Notice::Child(place, exit) => Event::Child(place, exit),
        })
    } else {
        None
    };
    if orders.notices.is_empty() && orders.stop.is_none() {
        core.flags.fetch_and(!CONTROL, Ordering::Relaxed);
    }
    event
}
