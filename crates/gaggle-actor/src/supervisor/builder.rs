//! [`Supervisor`]: describing one, and starting it.

use super::child::Child;
use super::control::{Command, Control, Running};
use super::driver::{Driver, Failure};
use super::error::StartError;
use super::state::{AutoShutdown, Restart, Rules, Spec, Strategy};
use crate::actor::{Actor, Addr, Ctx};
use crate::process::{Config, Overflow, Proc, adopt, launch, link, prepare};
use gaggle_base::site::Site;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many restarts are tolerated within how long, if nothing is said. As in Elixir; OTP says one.
const INTENSITY: u32 = 3;
const WINDOW: Duration = Duration::from_secs(5);

/// Describes a supervisor: its children, and what becomes of them when one ends.
///
/// Children are started in the order in which they are given here, each when the one before has finished its initialisation, and stopped in reverse.
/// More than three restarts within five seconds, if nothing else is said, are too many: then the supervisor stops its children and ends with [`Exit::Shutdown`](crate::Exit::Shutdown), and whoever supervises it decides.
///
/// # Examples
/// ```
/// use gaggle_actor::{Actor, Child, Ctx, Exit, Slot, Strategy, Supervisor};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Args = ();
/// #     type Msg = u8;
/// #     async fn init(_: &(), _: &mut Ctx<Self>) -> Result<Self, Exit> { Ok(Sink) }
/// #     async fn handle(&mut self, _: u8, _: &mut Ctx<Self>) -> Result<(), Exit> { Ok(()) }
/// # }
/// # gaggle_rt::block_on(async {
/// let sink = Slot::new("sink");
/// let app = Supervisor::new(Strategy::OneForOne)
///     .child(Child::of::<Sink>("sink", ()).slot(&sink))
///     .start()
///     .await
///     .unwrap();
/// sink.send(1).await.unwrap();
/// app.shutdown().await.unwrap();
/// # });
/// ```
#[derive(Debug)]
#[must_use = "nothing is started until `start` is awaited"]
pub struct Supervisor {
    rules: Rules,
    children: Vec<Child>,
    control: Control,
    title: Option<Arc<str>>,
    site: Site,
}

/// One whose process has been started.
pub(super) struct Started {
    pub(super) addr: Addr<Command>,
    pub(super) failure: Failure,
}

impl Supervisor {
    /// One without children.
    #[track_caller]
    pub fn new(strategy: Strategy) -> Self {
        Self {
            rules: Rules {
                strategy,
                intensity: INTENSITY,
                window: WINDOW,
                auto: AutoShutdown::Never,
                dynamic: false,
            },
            children: Vec::new(),
            control: Control::new("supervisor"),
            title: None,
            site: Site::caller(),
        }
    }

    /// So many restarts are tolerated within so long, the boundary included; the next one is too many.
    pub fn intensity(mut self, restarts: u32, window: Duration) -> Self {
        (self.rules.intensity, self.rules.window) = (restarts, window);
        self
    }

    /// Whether it ends when its significant children have ended for good. It ends with [`Exit::Shutdown`](crate::Exit::Shutdown): a transient entry of its own supervisor is then *not* restarted.
    pub fn auto_shutdown(mut self, auto: AutoShutdown) -> Self {
        self.rules.auto = auto;
        self
    }

    /// One more child, after those before.
    pub fn child(mut self, child: impl Into<Child>) -> Self {
        self.children.push(child.into());
        self
    }

    /// `control` speaks to this supervisor while it runs.
    pub fn control(mut self, control: &Control) -> Self {
        self.control = control.clone();
        self
    }

    /// What it is called in reports; if nothing is said, what its own supervisor calls it.
    pub fn title(mut self, title: &str) -> Self {
        self.title = Some(Arc::from(title));
        self
    }

    /// As [`title`](Self::title), unless it has one.
    pub(super) fn title_or(mut self, title: &str) -> Self {
        self.title.get_or_insert_with(|| Arc::from(title));
        self
    }

    pub(super) fn dynamic(mut self) -> Self {
        self.rules.dynamic = true;
        self
    }

    /// Does it make sense?
    fn check(&self) -> Result<(), StartError> {
        if self.rules.window.is_zero() {
            return Err(StartError::ZeroWindow);
        }
        if self.rules.dynamic && self.rules.auto != AutoShutdown::Never {
            return Err(StartError::AutoShutdown);
        }
        let mut ids = BTreeSet::new();
        for child in &self.children {
            let id = child.spec.id.clone().unwrap_or_default();
            check_significant(&child.spec, self.rules.auto)?;
            if !ids.insert(id.clone()) {
                return Err(StartError::DuplicateId(id.to_string()));
            }
        }
        Ok(())
    }

    /// Starts its process; `before` is called before anything of it runs.
    pub(super) fn launch(
        self,
        parent: Option<&Arc<dyn Proc>>,
        grace: Option<Duration>,
        before: &mut dyn FnMut(&Arc<dyn Proc>),
    ) -> Result<Started, StartError> {
        self.check()?;
        let mail = prepare::<Command>(&Config {
            kind: "supervisor",
            site: self.site,
            capacity: 64,
            overflow: Overflow::Wait,
            gentle: true,
            grace,
            name: Some(self.title.unwrap_or_else(|| Arc::from("supervisor"))),
            heir: None,
        });
        let addr = Addr::of(&mail);
        let proc = addr.proc();
        if let Some(parent) = parent {
            adopt(parent, &proc);
        }
        before(&proc);
        let failure: Failure = Arc::new(Mutex::new(None));
        let driver = Driver::new(self.rules, self.children, self.control, failure.clone());
        launch(&mail, None, move |process| driver.run(process));
        Ok(Started { addr, failure })
    }

    /// Starts it, and waits until all its children have finished their initialisation.
    ///
    /// # Errors
    /// When its description makes no sense, and when a child cannot be started: those before it are stopped first.
    ///
    /// # Cancel safety
    /// If it is given up while it waits, what has been started is killed.
    pub async fn start(self) -> Result<Running, StartError> {
        let noticed = &mut |proc: &Arc<dyn Proc>| proc.core().set_noticed(true);
        Running::when_up(self.launch(None, None, noticed)?).await
    }

    /// Starts it as [`start`](Self::start) does, linked to the actor that does so: each ends with the other.
    ///
    /// # Errors
    /// As for [`start`](Self::start); the actor then hears the exit of the supervisor, as of any that is linked.
    pub async fn start_linked<A: Actor>(self, cx: &Ctx<A>) -> Result<Running, StartError> {
        let me = cx.addr().proc();
        let linked = &mut |proc: &Arc<dyn Proc>| link(&me, proc);
        let started = self.launch(Some(&me), None, linked)?;
        Running::when_up(started).await
    }
}

/// A child that is always restarted never ends for good; and somebody must care (row 58).
pub(super) fn check_significant(spec: &Spec, auto: AutoShutdown) -> Result<(), StartError> {
    let never = auto == AutoShutdown::Never || spec.restart == Restart::Permanent;
    if spec.significant && never {
        let id = spec.id.clone().unwrap_or_default();
        return Err(StartError::Significant(id.to_string()));
    }
    Ok(())
}
