//! [`Child`]: how a child is started, stopped and restarted.

use super::builder::Supervisor;
use super::dynamic::Dynamic;
use super::state::{Backoff, Restart, Spec};
use crate::actor::{Actor, Options, Slot, start};
use crate::names::Registry;
use crate::process::{Exit, Overflow, Proc};
use gaggle_base::site::Site;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long an actor has to stop, if nothing is said.
const GRACE: Duration = Duration::from_secs(5);

/// How a child is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shutdown {
    /// It is asked to, and killed if it has not ended after so long.
    After(Duration),
    /// It is asked to, and waited for as long as it takes.
    Wait,
    /// It is killed.
    Kill,
}

impl From<Duration> for Shutdown {
    fn from(limit: Duration) -> Self {
        Self::After(limit)
    }
}

impl Shutdown {
    /// How long a child has if its supervisor is gone.
    pub(super) fn grace(self) -> Option<Duration> {
        match self {
            Self::After(limit) => Some(limit),
            Self::Wait => None,
            // It ends as one whose parent is gone, not as one that is stopped: it cleans up.
            Self::Kill => Some(GRACE),
        }
    }
}

/// Starts a child, again and again.
pub(super) trait Factory: Send + Sync {
    /// `before` is called before anything of it runs. `Err`: it could not even begin.
    fn start(
        &self,
        parent: &Arc<dyn Proc>,
        shutdown: Shutdown,
        before: &mut dyn FnMut(&Arc<dyn Proc>),
    ) -> Result<(), Exit>;
}

/// A child of a [`Supervisor`]: what it is called, how it is started, when it is restarted, how it is stopped.
///
/// | of | made by | restarted | stopped |
/// |---|---|---|---|
/// | an actor | [`Child::of`] | always | asked, and killed after five seconds |
/// | a supervisor | [`Child::supervisor`] | always | asked, and waited for |
/// | dynamic children | [`Child::dynamic`] | always | asked, and waited for |
pub struct Child {
    pub(super) spec: Spec,
    pub(super) shutdown: Shutdown,
    pub(super) factory: Box<dyn Factory>,
}

impl Child {
    /// A child that is an actor, started with `args` each time.
    #[track_caller]
    pub fn of<A: Actor>(id: &str, args: A::Args) -> ActorChild<A> {
        let mut options = Options::new(Site::caller());
        options.title = Some(Arc::from(id));
        ActorChild {
            args,
            options,
            keeps: false,
            spec: spec(id, false),
            shutdown: Shutdown::After(GRACE),
        }
    }

    /// A child that is a supervisor: `describe` is called at each start, so what was added to an earlier one is gone (row 36).
    pub fn supervisor(id: &str, describe: impl Fn() -> Supervisor + Send + Sync + 'static) -> Self {
        Self {
            spec: spec(id, true),
            shutdown: Shutdown::Wait,
            factory: Box::new(Nested(Arc::from(id), describe)),
        }
    }

    /// A child that is a supervisor of dynamic children.
    pub fn dynamic<A: Actor>(id: &str, dynamic: &Dynamic<A>) -> Self {
        let dynamic = dynamic.clone();
        Self::supervisor(id, move || dynamic.describe())
    }

    /// When it is restarted.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.spec.restart = restart;
        self
    }

    /// How it is stopped.
    #[must_use]
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.shutdown = shutdown.into();
        self
    }

    /// Its end counts for [`AutoShutdown`](super::AutoShutdown).
    #[must_use]
    pub fn significant(mut self) -> Self {
        self.spec.significant = true;
        self
    }

    /// An extension: its restarts are put off, longer each time. While they are it is [`Restarting`](super::ChildState::Restarting).
    #[must_use]
    pub fn backoff(mut self, first: Duration, most: Duration) -> Self {
        self.spec.extras_mut().backoff = Some(Backoff { first, most });
        self
    }

    /// An extension: it has a budget of restarts of its own, and costs its supervisor nothing until it is used up.
    #[must_use]
    pub fn budget(mut self, restarts: u32, window: Duration) -> Self {
        self.spec.extras_mut().budget = Some((restarts, window));
        self
    }
}

fn spec(id: &str, supervisor: bool) -> Spec {
    Spec {
        id: Some(Arc::from(id)),
        restart: Restart::Permanent,
        significant: false,
        supervisor,
        extras: None,
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("spec", &self.spec)
            .field("shutdown", &self.shutdown)
            .finish_non_exhaustive()
    }
}

/// A child that is an actor. See [`Child::of`].
#[must_use = "it becomes a child when it is given to a supervisor"]
pub struct ActorChild<A: Actor> {
    args: A::Args,
    options: Options<A::Msg>,
    keeps: bool,
    spec: Spec,
    shutdown: Shutdown,
}

impl<A: Actor> ActorChild<A> {
    /// When it is restarted.
    pub fn restart(mut self, restart: Restart) -> Self {
        self.spec.restart = restart;
        self
    }

    /// How it is stopped.
    pub fn shutdown(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.shutdown = shutdown.into();
        self
    }

    /// Its end counts for [`AutoShutdown`](super::AutoShutdown).
    pub fn significant(mut self) -> Self {
        self.spec.significant = true;
        self
    }

    /// See [`Child::backoff`].
    pub fn backoff(mut self, first: Duration, most: Duration) -> Self {
        self.spec.extras_mut().backoff = Some(Backoff { first, most });
        self
    }

    /// See [`Child::budget`].
    pub fn budget(mut self, restarts: u32, window: Duration) -> Self {
        self.spec.extras_mut().budget = Some((restarts, window));
        self
    }

    /// The slot that each incarnation fills.
    pub fn slot(mut self, slot: &Slot<A::Msg>) -> Self {
        self.options.slot = Some(slot.clone());
        self
    }

    /// For how many messages its mailbox has room.
    pub fn mailbox(mut self, capacity: usize) -> Self {
        self.options.capacity = capacity;
        self
    }

    /// What becomes of a message that finds the mailbox full.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// Its name in `registry`.
    pub fn name(mut self, registry: &Registry, name: &str) -> Self {
        self.options.name = Some((registry.clone(), Arc::from(name)));
        self
    }

    /// How long its initialisation may take.
    pub fn init_timeout(mut self, limit: Duration) -> Self {
        self.options.init_timeout = Some(limit);
        self
    }

    /// An extension: messages that it has not handled when it ends are handled by the next incarnation, but for the one that it failed with, and those that ask: their askers have been told.
    pub fn keep_mailbox(mut self) -> Self {
        self.keeps = true;
        self
    }
}

impl<A: Actor> From<ActorChild<A>> for Child {
    fn from(mut child: ActorChild<A>) -> Self {
        if child.keeps {
            child.options.heir = Some(Arc::default());
        }
        let factory = OfActor::<A> {
            args: Arc::new(child.args),
            options: child.options,
        };
        Self {
            spec: child.spec,
            shutdown: child.shutdown,
            factory: Box::new(factory),
        }
    }
}

impl<A: Actor> fmt::Debug for ActorChild<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorChild")
            .field("spec", &self.spec)
            .field("shutdown", &self.shutdown)
            .finish_non_exhaustive()
    }
}

struct OfActor<A: Actor> {
    args: Arc<A::Args>,
    options: Options<A::Msg>,
}

impl<A: Actor> Factory for OfActor<A> {
    fn start(
        &self,
        parent: &Arc<dyn Proc>,
        shutdown: Shutdown,
        before: &mut dyn FnMut(&Arc<dyn Proc>),
    ) -> Result<(), Exit> {
        let mut options = self.options.clone();
        options.parent = Some(parent.clone());
        options.grace = shutdown.grace();
        match start::<A>(self.args.clone(), &options, before) {
            Ok(_) => Ok(()),
            Err(taken) => Err(Exit::NameTaken(taken.0)),
        }
    }
}

struct Nested<F>(Arc<str>, F);

impl<F: Fn() -> Supervisor + Send + Sync> Factory for Nested<F> {
    fn start(
        &self,
        parent: &Arc<dyn Proc>,
        shutdown: Shutdown,
        before: &mut dyn FnMut(&Arc<dyn Proc>),
    ) -> Result<(), Exit> {
        let supervisor = (self.1)().title_or(&self.0);
        supervisor.launch(Some(parent), shutdown.grace(), before)?;
        Ok(())
    }
}
