//! Starting an actor.

use super::addr::Addr;
use super::behaviour::Actor;
use super::run::{Begin, body};
use super::slot::Slot;
use crate::names::{NameTaken, Registry};
use crate::process::{Config, Exit, Heir, Overflow, Proc, Process, adopt, launch, link, prepare};
use gaggle_base::site::Site;
use std::fmt;
use std::future::IntoFuture;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

/// For how many messages a mailbox has room, if nothing is said.
const CAPACITY: usize = 64;
/// How long an actor has to stop, if nothing is said.
const GRACE: Duration = Duration::from_secs(5);

/// How an actor is started.
pub(crate) struct Options<M> {
    pub(crate) capacity: usize,
    pub(crate) overflow: Overflow,
    pub(crate) name: Option<(Registry, Arc<str>)>,
    /// What it is called in reports, if it has no name.
    pub(crate) title: Option<Arc<str>>,
    pub(crate) grace: Option<Duration>,
    pub(crate) init_timeout: Option<Duration>,
    pub(crate) slot: Option<Slot<M>>,
    pub(crate) heir: Option<Heir<M>>,
    pub(crate) parent: Option<Arc<dyn Proc>>,
    pub(crate) linked: bool,
    pub(crate) site: Site,
}

impl<M> Options<M> {
    pub(crate) fn new(site: Site) -> Self {
        Self {
            capacity: CAPACITY,
            overflow: Overflow::Wait,
            name: None,
            title: None,
            grace: Some(GRACE),
            init_timeout: None,
            slot: None,
            heir: None,
            parent: None,
            linked: false,
            site,
        }
    }
}

impl<M> Clone for Options<M> {
    fn clone(&self) -> Self {
        Self {
            name: self.name.clone(),
            title: self.title.clone(),
            slot: self.slot.clone(),
            heir: self.heir.clone(),
            parent: self.parent.clone(),
            ..*self
        }
    }
}

/// Starts an actor. `before` is called before anything of it runs: who wants to know how it ends begins to watch there.
pub(crate) fn start<A: Actor>(
    args: Arc<A::Args>,
    options: &Options<A::Msg>,
    before: &mut dyn FnMut(&Arc<dyn Proc>),
) -> Result<Addr<A::Msg>, NameTaken> {
    let named = options.name.as_ref().map(|(_, name)| name.clone());
    let mail = prepare(&Config {
        kind: std::any::type_name::<A>(),
        site: options.site,
        capacity: options.capacity,
        overflow: options.overflow,
        gentle: true,
        grace: options.grace,
        name: named.or_else(|| options.title.clone()),
        heir: options.heir.clone(),
    });
    let addr = Addr::of(&mail);
    if let Some((registry, name)) = &options.name {
        registry.register(name, &addr)?;
    }
    if let Some(parent) = &options.parent {
        adopt(parent, &addr.proc());
        if options.linked {
            link(parent, &addr.proc());
        }
    }
    before(&addr.proc());
    let begin = Box::new(Begin {
        args,
        slot: options.slot.clone(),
        limit: options.init_timeout,
    });
    launch(&mail, options.heir.clone(), move |process| {
        body::<A>(process, begin)
    });
    Ok(addr)
}

/// Starts an actor with `args`. Awaiting it waits for its initialisation.
///
/// # Examples
/// See [`Actor`].
#[track_caller]
pub fn spawn<A: Actor>(args: A::Args) -> Spawn<A> {
    Spawn {
        args,
        options: Options::new(Site::caller()),
    }
}

/// Starts a process with a body of one's own, below actors: it receives its messages, signals and the request to stop itself. Its exit is what the body gives; a panic is [`Exit::Panic`].
///
/// The exit of a linked process drops the body where it waits, unless it [traps exits](Process::trap_exits).
///
/// # Examples
/// ```
/// use gaggle_actor::process::Event;
/// use gaggle_actor::{Exit, spawn_fn};
/// # gaggle_rt::block_on(async {
/// let sum = spawn_fn("sum", |process| async move {
///     let mut sum: u32 = 0;
///     loop {
///         match process.recv().await {
///             Event::Message(n) => sum += n,
///             Event::Stop(_) => return Exit::shutdown_because(&sum.to_string()),
///             _ => {}
///         }
///     }
/// });
/// sum.send(40).await.unwrap();
/// sum.send(2).await.unwrap();
/// assert_eq!(sum.stop().drain().await, Exit::shutdown_because("42"));
/// # });
/// ```
#[track_caller]
pub fn spawn_fn<M, F, Fut>(title: &str, body: F) -> Addr<M>
where
    M: Send + 'static,
    F: FnOnce(Process<M>) -> Fut + Send + 'static,
    Fut: Future<Output = Exit> + Send + 'static,
{
    let mail = prepare::<M>(&Config {
        kind: std::any::type_name::<M>(),
        site: Site::caller(),
        capacity: CAPACITY,
        overflow: Overflow::Wait,
        gentle: false,
        grace: Some(GRACE),
        name: Some(Arc::from(title)),
        heir: None,
    });
    launch(&mail, None, body);
    Addr::of(&mail)
}

/// An actor to be started. Awaiting it starts it, waits for its initialisation, and gives its address.
///
/// # Errors
/// The exit with which the initialisation has ended; [`Exit::NameTaken`] if the name is taken.
///
/// # Cancel safety
/// If it is given up while it waits, the actor goes on.
#[must_use = "nothing is started until it is awaited"]
pub struct Spawn<A: Actor> {
    args: A::Args,
    options: Options<A::Msg>,
}

impl<A: Actor> Spawn<A> {
    /// For how many messages its mailbox has room: 64, if nothing is said; at least one.
    pub fn mailbox(mut self, capacity: usize) -> Self {
        self.options.capacity = capacity;
        self
    }

    /// What becomes of a message that finds the mailbox full.
    pub fn overflow(mut self, overflow: Overflow) -> Self {
        self.options.overflow = overflow;
        self
    }

    /// Its name in `registry`, from before its initialisation to its end.
    pub fn name(mut self, registry: &Registry, name: &str) -> Self {
        self.options.name = Some((registry.clone(), Arc::from(name)));
        self
    }

    /// What it is called in reports, if it has no name.
    pub fn title(mut self, title: &str) -> Self {
        self.options.title = Some(Arc::from(title));
        self
    }

    /// The slot that it fills once its initialisation has succeeded.
    pub fn slot(mut self, slot: &Slot<A::Msg>) -> Self {
        self.options.slot = Some(slot.clone());
        self
    }

    /// How long its initialisation may take.
    pub fn init_timeout(mut self, limit: Duration) -> Self {
        self.options.init_timeout = Some(limit);
        self
    }

    /// How long it has to stop when its parent has ended; `None`: for as long as it takes. Five seconds, if nothing is said.
    pub fn grace(mut self, grace: Option<Duration>) -> Self {
        self.options.grace = grace;
        self
    }

    pub(super) fn parent(mut self, parent: Arc<dyn Proc>) -> Self {
        self.options.parent = Some(parent);
        self
    }

    pub(super) fn linked(mut self) -> Self {
        self.options.linked = true;
        self
    }

    /// Starts it, and does not wait for its initialisation.
    ///
    /// # Errors
    /// [`Exit::NameTaken`] if the name is taken.
    pub fn start(self) -> Result<Addr<A::Msg>, Exit> {
        self.begin(&mut |_| ())
    }

    fn begin(self, before: &mut dyn FnMut(&Arc<dyn Proc>)) -> Result<Addr<A::Msg>, Exit> {
        let started = start::<A>(Arc::new(self.args), &self.options, before);
        started.map_err(|taken| Exit::NameTaken(taken.0))
    }
}

impl<A: Actor> IntoFuture for Spawn<A> {
    type Output = Result<Addr<A::Msg>, Exit>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let addr = self.begin(&mut |proc| proc.core().set_noticed(true))?;
            let core = addr.core();
            core.ready.wait().await;
            if core.is_ready() {
                core.set_noticed(false);
                return Ok(addr);
            }
            Err(core.ended().await)
        })
    }
}

impl<A: Actor> fmt::Debug for Spawn<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Spawn")
            .field("actor", &std::any::type_name::<A>())
            .finish_non_exhaustive()
    }
}
