//! [`Control`] and [`Running`]: talking to a supervisor that runs.

use super::builder::Started;
use super::child::{Child, Factory, Shutdown};
use super::error::{AddError, StartError};
use super::state::{ChildState, Counts, Key, Spec};
use crate::actor::{Addr, AskError, Reply, Slot};
use crate::process::{Exit, Pid, kill};
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

type Answer = Reply<Result<(), AddError>>;

/// What can be said to a supervisor.
pub(crate) enum Command {
    Add(Spec, Shutdown, Box<dyn Factory>, Answer),
    Stop(Which, Answer),
    Restart(Arc<str>, Answer),
    Delete(Arc<str>, Answer),
    Children(Reply<Vec<Info>>),
    Count(Reply<Counts>),
}

pub(crate) enum Which {
    Id(Arc<str>),
    /// The child at this place, if it is the one with this number.
    Child(Key, Pid),
}

/// What a supervisor says of one child.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Info {
    /// What it is called; dynamic children are called nothing.
    pub id: Option<Arc<str>>,
    /// The number of its process, while it has one.
    pub pid: Option<Pid>,
    /// What it is doing.
    pub state: ChildState,
    /// Is it a supervisor itself?
    pub supervisor: bool,
}

/// Speaks to a supervisor, across its restarts. See [`Supervisor::control`](super::Supervisor::control).
///
/// # Errors
/// All requests fail with [`AddError::Gone`] while it does not run.
#[derive(Clone)]
pub struct Control {
    pub(super) slot: Slot<Command>,
}

impl Control {
    /// One that speaks to nobody yet. The name is for people.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            slot: Slot::new(name),
        }
    }

    async fn ask<T: Send + 'static>(
        &self,
        make: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, AddError> {
        // It may take as long as a child takes to start or stop.
        let answer = self.slot.ask(make).no_deadline().await;
        answer.map_err(|_: AskError| AddError::Gone)
    }

    /// Starts one more child, after all others, and waits for its initialisation. It is forgotten if the supervisor is restarted.
    ///
    /// # Errors
    /// When there is a child with that id, and when it cannot be started.
    pub async fn add(&self, child: impl Into<Child>) -> Result<(), AddError> {
        let child = child.into();
        self.ask(|reply| Command::Add(child.spec, child.shutdown, child.factory, reply))
            .await?
    }

    pub(super) async fn add_factory(
        &self,
        spec: Spec,
        shutdown: Shutdown,
        factory: Box<dyn Factory>,
    ) -> Result<(), AddError> {
        self.ask(|reply| Command::Add(spec, shutdown, factory, reply))
            .await?
    }

    /// Stops a child, and waits for its end; it stays declared, unless it is temporary. It is no error if it is stopped already.
    ///
    /// # Errors
    /// When there is no such child.
    pub async fn stop_child(&self, id: &str) -> Result<(), AddError> {
        self.ask(|reply| Command::Stop(Which::Id(Arc::from(id)), reply))
            .await?
    }

    pub(super) async fn stop_one(&self, place: Key, pid: Pid) -> Result<(), AddError> {
        self.ask(|reply| Command::Stop(Which::Child(place, pid), reply))
            .await?
    }

    /// Starts a child that is stopped, and waits for its initialisation. It costs no budget.
    ///
    /// # Errors
    /// When it runs, when there is no such child, and when it cannot be started.
    pub async fn restart_child(&self, id: &str) -> Result<(), AddError> {
        self.ask(|reply| Command::Restart(Arc::from(id), reply))
            .await?
    }

    /// Forgets a child that is stopped.
    ///
    /// # Errors
    /// When it runs, and when there is no such child.
    pub async fn delete_child(&self, id: &str) -> Result<(), AddError> {
        self.ask(|reply| Command::Delete(Arc::from(id), reply))
            .await?
    }

    /// Its children, in the order in which they are started.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn children(&self) -> Result<Vec<Info>, AddError> {
        self.ask(Command::Children).await
    }

    /// How many children it has.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn count(&self) -> Result<Counts, AddError> {
        self.ask(Command::Count).await
    }

    /// The number of its process, while it has one.
    #[must_use]
    pub fn pid(&self) -> Option<Pid> {
        self.slot.addr().map(|addr| addr.pid())
    }

    /// Kills it; its children end with it. Says whether it was there.
    #[expect(clippy::must_use_candidate, reason = "most callers only want it gone")]
    pub fn kill(&self) -> bool {
        self.slot.addr().is_some_and(|addr| addr.kill())
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Control({})", self.slot.name())
    }
}

/// A supervisor that runs, at the top of its tree. Dropping it kills the tree: [`shutdown`](Self::shutdown) is how it is to end.
#[must_use = "dropping it kills the tree"]
pub struct Running {
    control: Control,
    addr: Addr<Command>,
    kills: bool,
}

impl Running {
    /// Waits until it is up.
    pub(super) async fn when_up(started: Started) -> Result<Self, StartError> {
        let running = Self {
            control: Control::new("top"),
            addr: started.addr,
            kills: true,
        };
        let core = running.addr.core();
        core.ready.wait().await;
        if core.is_ready() {
            running.control.slot.fill(&running.addr);
            core.set_noticed(false);
            return Ok(running);
        }
        let exit = core.ended().await;
        let failure = crate::process::lock(&started.failure).take();
        Err(failure.unwrap_or(StartError::Ended(exit)))
    }

    /// Stops the children in reverse order, each within its time, and waits for that.
    ///
    /// # Errors
    /// The exit of the supervisor, if it has ended otherwise meanwhile.
    ///
    /// # Cancel safety
    /// If it is given up while it waits, the tree is killed.
    pub async fn shutdown(self) -> Result<(), Exit> {
        match self.addr.stop().because(Exit::shutdown()).await {
            exit if exit.is_abnormal() => Err(exit),
            _ => Ok(()),
        }
    }

    /// Waits for its end, and says why.
    pub async fn exited(&self) -> Exit {
        self.addr.exited().await
    }

    /// Does it still run?
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.addr.is_alive()
    }

    /// The number of its process.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.addr.pid()
    }

    /// Lets the tree live without this.
    pub fn detach(mut self) -> Control {
        self.kills = false;
        self.control.clone()
    }
}

impl Deref for Running {
    type Target = Control;

    fn deref(&self) -> &Control {
        &self.control
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.kills {
            kill(self.addr.proc().as_ref(), Exit::Killed);
        }
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("pid", &self.pid())
            .finish_non_exhaustive()
    }
}
