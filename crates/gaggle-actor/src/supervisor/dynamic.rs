//! [`Dynamic`]: children that come and go, all of one kind.

use super::builder::Supervisor;
use super::child::{Factory, Shutdown};
use super::control::{Control, Running};
use super::error::{AddError, StartError};
use super::state::{Counts, Restart, Spec, Strategy};
use crate::actor::{Actor, Addr, Options, start};
use crate::process::{Exit, Overflow, Proc, lock};
use gaggle_base::site::Site;
use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Children that come and go: all are actors of one kind, started while their supervisor runs, each with its arguments.
///
/// A child that ends for good is forgotten. When the supervisor ends, all children are stopped at once, within the time that is set for one.
///
/// Clones speak to the same children.
///
/// # Examples
/// ```
/// use gaggle_actor::{Actor, Child, Ctx, Dynamic, Exit, Restart, Strategy, Supervisor};
/// # struct Session(u32);
/// # impl Actor for Session {
/// #     type Args = u32;
/// #     type Msg = u8;
/// #     async fn init(user: &u32, _: &mut Ctx<Self>) -> Result<Self, Exit> { Ok(Session(*user)) }
/// #     async fn handle(&mut self, _: u8, _: &mut Ctx<Self>) -> Result<(), Exit> { Ok(()) }
/// # }
/// # gaggle_rt::block_on(async {
/// let sessions = Dynamic::<Session>::new().restart(Restart::Temporary);
/// let app = Supervisor::new(Strategy::OneForOne)
///     .child(Child::dynamic("sessions", &sessions))
///     .start()
///     .await
///     .unwrap();
/// let session = sessions.start(7).await.unwrap();
/// assert!(session.is_alive());
/// app.shutdown().await.unwrap();
/// assert!(!session.is_alive());
/// # });
/// ```
pub struct Dynamic<A: Actor> {
    template: Template<A::Msg>,
    control: Control,
}

struct Template<M> {
    options: Options<M>,
    restart: Restart,
    shutdown: Shutdown,
    intensity: Option<(u32, Duration)>,
}

impl<A: Actor> Dynamic<A> {
    /// Children that are always restarted, and have five seconds to stop.
    #[track_caller]
    #[must_use]
    pub fn new() -> Self {
        Self {
            template: Template {
                options: Options::new(Site::caller()),
                restart: Restart::Permanent,
                shutdown: Shutdown::After(Duration::from_secs(5)),
                intensity: None,
            },
            control: Control::new("dynamic"),
        }
    }

    /// When a child is restarted.
    #[must_use]
    pub fn restart(mut self, restart: Restart) -> Self {
        self.template.restart = restart;
        self
    }

    /// How children are stopped: all at once, with one deadline for all of them.
    #[must_use]
    pub fn stop_within(mut self, shutdown: impl Into<Shutdown>) -> Self {
        self.template.shutdown = shutdown.into();
        self
    }

    /// So many restarts are tolerated within so long, of all children together.
    #[must_use]
    pub fn intensity(mut self, restarts: u32, window: Duration) -> Self {
        self.template.intensity = Some((restarts, window));
        self
    }

    /// For how many messages a child's mailbox has room.
    #[must_use]
    pub fn mailbox(mut self, capacity: usize) -> Self {
        self.template.options.capacity = capacity;
        self
    }

    /// What becomes of a message that finds a child's mailbox full.
    #[must_use]
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.template.options.overflow = overflow;
        self
    }

    /// The supervisor of the children, for a tree or by itself.
    #[track_caller]
    pub(super) fn describe(&self) -> Supervisor {
        let mut supervisor = Supervisor::new(Strategy::OneForOne)
            .control(&self.control)
            .dynamic();
        if let Some((restarts, window)) = self.template.intensity {
            supervisor = supervisor.intensity(restarts, window);
        }
        supervisor
    }

    /// Runs the supervisor of the children by itself, at the top of a tree. [`Child::dynamic`](super::Child::dynamic) makes it a part of another.
    ///
    /// # Errors
    /// When the description makes no sense.
    pub async fn run(&self) -> Result<Running, StartError> {
        self.describe().title("dynamic").start().await
    }

    /// Starts a child, and waits for its initialisation.
    ///
    /// # Errors
    /// When it cannot be started, or the supervisor is gone; [`Exit::Ignore`] if it declines.
    pub async fn start(&self, args: A::Args) -> Result<Addr<A::Msg>, AddError> {
        let last = Arc::new(Mutex::new(None));
        let factory = OfTemplate::<A> {
            args: Arc::new(args),
            options: self.template.options.clone(),
            last: last.clone(),
        };
        let spec = Spec {
            id: None,
            restart: self.template.restart,
            significant: false,
            supervisor: false,
            extras: None,
        };
        let shutdown = self.template.shutdown;
        let added = self.control.add_factory(spec, shutdown, Box::new(factory));
        added.await?;
        let addr = lock(&last).take();
        match addr {
            Some(addr) if addr.core().is_ready() => Ok(addr),
            _ => Err(AddError::Failed(Exit::Ignore)),
        }
    }

    /// Stops a child, and waits for its end. It is no error if it has ended.
    ///
    /// # Errors
    /// When it is none of these children, and lives: then it goes on.
    pub async fn stop(&self, child: &Addr<A::Msg>) -> Result<(), AddError> {
        match self
            .control
            .stop_one(child.core().place(), child.pid())
            .await
        {
            Err(AddError::NotFound) if !child.is_alive() => Ok(()),
            other => other,
        }
    }

    /// How many children there are.
    ///
    /// # Errors
    /// When the supervisor does not run.
    pub async fn count(&self) -> Result<Counts, AddError> {
        self.control.count().await
    }

    /// Speaks to the supervisor of the children.
    #[must_use]
    pub fn control(&self) -> &Control {
        &self.control
    }
}

impl<A: Actor> Default for Dynamic<A> {
    fn default() -> Self {
        Self::new()
    }
}

impl<A: Actor> Clone for Dynamic<A> {
    fn clone(&self) -> Self {
        Self {
            template: Template {
                options: self.template.options.clone(),
                ..self.template
            },
            control: self.control.clone(),
        }
    }
}

impl<A: Actor> fmt::Debug for Dynamic<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dynamic")
            .field("of", &std::any::type_name::<A>())
            .finish_non_exhaustive()
    }
}

/// Starts one dynamic child, and says which it was the last time.
struct OfTemplate<A: Actor> {
    args: Arc<A::Args>,
    options: Options<A::Msg>,
    last: Arc<Mutex<Option<Addr<A::Msg>>>>,
}

impl<A: Actor> Factory for OfTemplate<A> {
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
            Ok(addr) => {
                // Only who has started it asks for this, once.
                if Arc::strong_count(&self.last) > 1 {
                    *lock(&self.last) = Some(addr.clone());
                }
                Ok(())
            }
            Err(taken) => Err(Exit::NameTaken(taken.0)),
        }
    }
}
