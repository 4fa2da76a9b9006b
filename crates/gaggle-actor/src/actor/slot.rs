//! [`Slot`]: an address that outlives restarts.
//!
//! The actor that it stands for is entered when its initialisation has succeeded, and taken out when it is dying, before anybody hears of that.

use super::addr::Addr;
use super::ask::Asking;
use super::error::SendError;
use super::reply::Reply;
use super::send::{Sending, Whom};
use crate::process::{Cleanup, Exit, Pid, at_death, lock};
use gaggle_base::site::Site;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};

/// A logical address: of whichever actor holds the place now. A supervisor fills it anew at each restart.
///
/// While there is none, sends and asks fail at once, unless they are told to [wait](Sending::wait_up).
///
/// # Examples
/// ```
/// # use gaggle_actor::{Actor, Ctx, Exit, SendError, Slot, spawn};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Args = ();
/// #     type Msg = u8;
/// #     async fn init(_: &(), _: &mut Ctx<Self>) -> Result<Self, Exit> { Ok(Sink) }
/// #     async fn handle(&mut self, _: u8, _: &mut Ctx<Self>) -> Result<(), Exit> { Ok(()) }
/// # }
/// # gaggle_rt::block_on(async {
/// let slot = Slot::new("sink");
/// assert_eq!(slot.send(1).await, Err(SendError::Restarting(1)));
/// let sink = spawn::<Sink>(()).slot(&slot).await.unwrap();
/// slot.send(2).await.unwrap();
/// sink.stop().await;
/// assert!(!slot.is_up());
/// # });
/// ```
pub struct Slot<M> {
    inner: Arc<Inner<M>>,
}

struct Inner<M> {
    name: Arc<str>,
    state: Mutex<State<M>>,
}

struct State<M> {
    addr: Option<Addr<M>>,
    waiting: Vec<Waker>,
}

impl<M: Send + 'static> Slot<M> {
    /// An empty one. The name is for people.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let state = State {
            addr: None,
            waiting: Vec::new(),
        };
        Self {
            inner: Arc::new(Inner {
                name: Arc::from(name),
                state: Mutex::new(state),
            }),
        }
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// The address of the actor that is there now. It is not that of the next one.
    #[must_use]
    pub fn addr(&self) -> Option<Addr<M>> {
        lock(&self.inner.state).addr.clone()
    }

    /// Is there an actor now?
    #[must_use]
    pub fn is_up(&self) -> bool {
        lock(&self.inner.state).addr.is_some()
    }

    /// Sends as [`Addr::send`] does, to the actor that is there.
    ///
    /// # Cancel safety
    /// As for [`Addr::send`].
    #[track_caller]
    pub fn send(&self, message: M) -> Sending<M> {
        Sending::new(Whom::slot(self.clone()), message, Site::caller())
    }

    /// Sends as [`Addr::try_send`] does.
    ///
    /// # Errors
    /// The message comes back if there is no actor now, or no room.
    pub fn try_send(&self, message: M) -> Result<(), SendError<M>> {
        match self.addr() {
            Some(addr) => addr.try_send(message),
            None => Err(SendError::Restarting(message)),
        }
    }

    /// Asks as [`Addr::ask`] does.
    ///
    /// # Cancel safety
    /// As for [`Addr::ask`].
    #[track_caller]
    pub fn ask<T, F>(&self, make: F) -> Asking<M, T, F>
    where
        T: Send + 'static,
        F: FnOnce(Reply<T>) -> M,
    {
        Asking::new(Whom::slot(self.clone()), make, Site::caller())
    }

    /// Waits until there is an actor.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves nothing behind.
    pub async fn up(&self) -> Addr<M> {
        std::future::poll_fn(|cx| match self.poll_addr(cx) {
            Some(addr) => std::task::Poll::Ready(addr),
            None => std::task::Poll::Pending,
        })
        .await
    }

    /// The address, or else a wake-up for when there is one.
    pub(super) fn poll_addr(&self, cx: &Context<'_>) -> Option<Addr<M>> {
        let mut state = lock(&self.inner.state);
        if state.addr.is_none() && !state.waiting.iter().any(|w| w.will_wake(cx.waker())) {
            state.waiting.push(cx.waker().clone());
        }
        state.addr.clone()
    }

    /// An actor takes the place.
    pub(crate) fn fill(&self, addr: &Addr<M>) {
        let waiting = {
            let mut state = lock(&self.inner.state);
            state.addr = Some(addr.clone());
            std::mem::take(&mut state.waiting)
        };
        let cleanup: Arc<dyn Cleanup> = self.inner.clone();
        if !at_death(addr.core(), cleanup) {
            self.inner.gone(addr.pid(), &Exit::NoProc);
        }
        waiting.into_iter().for_each(Waker::wake);
    }
}

impl<M: Send + 'static> Cleanup for Inner<M> {
    fn gone(&self, pid: Pid, _exit: &Exit) {
        let old = lock(&self.state).addr.take_if(|addr| addr.pid() == pid);
        drop(old);
    }
}

impl<M> Clone for Slot<M> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
        }
    }
}

impl<M> fmt::Debug for Slot<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("name", &self.inner.name)
            .finish_non_exhaustive()
    }
}
