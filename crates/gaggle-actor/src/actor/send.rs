//! [`Sending`]: a send that waits for room; and to whom a send or an ask goes.

use super::addr::Addr;
use super::error::{AskError, SendError};
use super::reply::Place;
use super::slot::Slot;
use crate::process::{AskEnd, Edge, Pushed, Stuck, Ticket, waits_alone};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_rt::time::{Sleep, sleep};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// To whom it goes.
pub(super) enum Whom<M> {
    /// Taken when it begins.
    Addr(Option<Addr<M>>),
    Slot {
        slot: Slot<M>,
        /// How long to wait for an actor.
        patience: Option<Duration>,
        timer: Option<Pin<Box<Sleep>>>,
    },
}

impl<M: Send + 'static> Whom<M> {
    pub(super) fn addr(addr: Addr<M>) -> Self {
        Self::Addr(Some(addr))
    }

    pub(super) fn slot(slot: Slot<M>) -> Self {
        Self::Slot {
            slot,
            patience: None,
            timer: None,
        }
    }

    pub(super) fn be_patient(&mut self, how_long: Duration) {
        if let Self::Slot { patience, .. } = self {
            *patience = Some(how_long);
        }
    }

    /// The address, once; ready with `None` if there is none.
    pub(super) fn poll_addr(&mut self, cx: &mut Context<'_>, site: Site) -> Poll<Option<Addr<M>>> {
        match self {
            Self::Addr(addr) => Poll::Ready(addr.take()),
            Self::Slot {
                slot,
                patience,
                timer,
            } => {
                let Some(patience) = *patience else {
                    return Poll::Ready(slot.addr());
                };
                if let Some(addr) = slot.poll_addr(cx) {
                    return Poll::Ready(Some(addr));
                }
                let timer = timer.get_or_insert_with(|| Box::pin(sleep(patience)));
                ready!(timer.as_mut().poll(cx));
                note_wait(Reason::Event, site, 0);
                Poll::Ready(None)
            }
        }
    }
}

/// The way of one message into a mailbox.
pub(super) struct Entry<M> {
    pub(super) to: Addr<M>,
    message: Option<M>,
    parked: Option<u64>,
}

impl<M: Send + 'static> Entry<M> {
    pub(super) fn new(to: Addr<M>, message: M) -> Self {
        Self {
            to,
            message: Some(message),
            parked: None,
        }
    }

    pub(super) fn is_in(&self) -> bool {
        self.message.is_none()
    }

    /// For which room it waits.
    pub(super) fn parked(&self) -> Option<u64> {
        self.parked
    }

    pub(super) fn take(&mut self) -> Option<M> {
        self.message.take()
    }

    /// `None`: it was in already.
    pub(super) fn poll(
        &mut self,
        cx: &Context<'_>,
        ask: impl Fn() -> Option<Arc<dyn AskEnd>>,
    ) -> Poll<Option<Pushed<M>>> {
        let target = &self.to.target;
        loop {
            let granted = match self.parked {
                None => false,
                Some(number) if target.is_granted(number, cx) => {
                    self.parked = None;
                    true
                }
                Some(_) => return Poll::Pending,
            };
            let Some(message) = self.message.take() else {
                return Poll::Ready(None);
            };
            match target.push(message, ask(), granted) {
                Pushed::Full(message) => {
                    self.message = Some(message);
                    self.parked = target.park(cx);
                }
                other => return Poll::Ready(Some(other)),
            }
            if self.parked.is_some() {
                return Poll::Pending;
            }
        }
    }

    /// What stands for the wait in a wait record.
    pub(super) fn object(&self) -> u64 {
        1 << 63 | self.to.pid().as_u64()
    }

    pub(super) fn edge(&self, ticket: Ticket, end: Arc<dyn AskEnd>) -> Edge {
        Edge {
            callee: self.to.proc(),
            what: match self.parked {
                Some(number) => Stuck::Room(number),
                None => Stuck::Ask(ticket),
            },
            end,
        }
    }
}

impl<M> Drop for Entry<M> {
    fn drop(&mut self) {
        if let Some(number) = self.parked.take() {
            self.to.target.leave(number);
        }
    }
}

/// The future of [`Addr::send`].
#[must_use = "nothing is sent until the future is awaited"]
pub struct Sending<M> {
    whom: Whom<M>,
    entry: Option<Entry<M>>,
    message: Option<M>,
    /// For an actor that sends: its wait may be ended because it is in a circle.
    end: Option<Arc<Place<()>>>,
    site: Site,
}

// Nothing in it is pinned.
impl<M> Unpin for Sending<M> {}

impl<M: Send + 'static> Sending<M> {
    pub(super) fn new(whom: Whom<M>, message: M, site: Site) -> Self {
        Self {
            whom,
            entry: None,
            message: Some(message),
            end: None,
            site,
        }
    }

    /// If a [`Slot`] has no actor now, waits so long for one.
    pub fn wait_up(mut self, how_long: Duration) -> Self {
        self.whom.be_patient(how_long);
        self
    }
}

impl<M: Send + 'static> Future for Sending<M> {
    type Output = Result<(), SendError<M>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(poll_proceed(cx, Reason::ChanSend, this.site, 0));
        if this.entry.is_none() {
            let addr = ready!(this.whom.poll_addr(cx, this.site));
            let Some(message) = this.message.take() else {
                panic!("a send was polled after it was ready");
            };
            match addr {
                Some(addr) => this.entry = Some(Entry::new(addr, message)),
                None => return Poll::Ready(Err(SendError::Restarting(message))),
            }
        }
        let Some(entry) = &mut this.entry else {
            return Poll::Pending;
        };
        if let Some(end) = &this.end
            && let Some(Err(AskError::Cycle(path))) = end.take(cx.waker())
            && let Some(message) = entry.take()
        {
            return Poll::Ready(Err(SendError::Cycle(message, path)));
        }
        match entry.poll(cx, || None) {
            Poll::Ready(Some(Pushed::Closed(message))) => {
                Poll::Ready(Err(SendError::Closed(message)))
            }
            Poll::Ready(Some(Pushed::Full(message) | Pushed::Rejected(message))) => {
                Poll::Ready(Err(SendError::Full(message)))
            }
            Poll::Ready(_) => Poll::Ready(Ok(())),
            Poll::Pending => {
                let object = entry.object();
                let end = &mut this.end;
                waits_alone(object, || {
                    let place = end.get_or_insert_with(|| {
                        Arc::new(Place::new(entry.to.pid(), None, cx.waker()))
                    });
                    // It may be another waker than before.
                    let _ = place.take(cx.waker());
                    entry.edge(0, place.clone())
                });
                note_wait(Reason::ChanSend, this.site, object);
                Poll::Pending
            }
        }
    }
}

impl<M> fmt::Debug for Sending<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sending")
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
