//! What tests of actors need: a trace, an actor that does as it is told, a probe.
//!
//! Leaks are found by the simulation that a test runs in: an actor that is left over is a goroutine that is left over.

use crate::actor::{Actor, Addr, Ctx, spawn};
use crate::process::{Exit, Signal, lock};
use gaggle_chan::chan::{Receiver, Sender, bounded, unbounded};
use gaggle_rt::time::timeout;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What has happened, line by line. Clones are the same trace.
///
/// # Examples
/// ```
/// use gaggle_actor::testkit::Trace;
/// let trace = Trace::new();
/// trace.note("start a");
/// trace.note("stop a(crash)");
/// trace.assert("start a; stop a(crash)");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trace {
    lines: Arc<Mutex<Vec<String>>>,
}

impl Trace {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more line.
    pub fn note(&self, line: impl Into<String>) {
        lock(&self.lines).push(line.into());
    }

    /// All lines since the last time, separated by `; `.
    #[expect(
        clippy::must_use_candidate,
        reason = "tests also call it to begin anew"
    )]
    pub fn take(&self) -> String {
        std::mem::take(&mut *lock(&self.lines)).join("; ")
    }

    /// The lines since the last time are these.
    ///
    /// # Panics
    /// When they are not.
    #[track_caller]
    pub fn assert(&self, expected: &str) {
        assert_eq!(self.take(), expected);
    }
}

/// An exit in one word, as traces have it.
#[must_use]
pub fn word(exit: &Exit) -> String {
    match exit {
        Exit::Error(text) | Exit::Panic(text) => text.to_string(),
        Exit::NoProc => "noproc".to_owned(),
        other => other.to_string(),
    }
}

/// What a [`Puppet`] is started with.
#[derive(Clone, Debug)]
pub struct Part {
    name: Arc<str>,
    trace: Trace,
    starts: Arc<Mutex<VecDeque<Option<Exit>>>>,
    slow: Duration,
}

impl Part {
    /// One that starts each time, and notes what happens to it.
    #[must_use]
    pub fn new(name: &str, trace: &Trace) -> Self {
        Self {
            name: Arc::from(name),
            trace: trace.clone(),
            starts: Arc::default(),
            slow: Duration::ZERO,
        }
    }

    /// How its next starts go: `None` succeeds. All later ones succeed.
    #[must_use]
    pub fn starts(self, outcomes: impl IntoIterator<Item = Option<Exit>>) -> Self {
        lock(&self.starts).extend(outcomes);
        self
    }

    /// Its starts take so long.
    #[must_use]
    pub fn slow_start(mut self, how_long: Duration) -> Self {
        self.slow = how_long;
        self
    }
}

type Deed = Box<dyn FnOnce(&mut Ctx<Puppet>) -> Result<(), Exit> + Send>;
type Work = Pin<Box<dyn Future<Output = Result<(), Exit>> + Send>>;

/// What a [`Puppet`] can be told.
pub enum Order {
    /// Do this.
    Do(Deed),
    /// Wait for this.
    Await(Work),
    /// Note this.
    Note(String),
}

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::Do(_) => "Do",
            Order::Await(_) => "Await",
            Order::Note(_) => "Note",
        })
    }
}

/// An actor that does as it is told, and notes its start, its end, and what it hears of others.
///
/// # Examples
/// ```
/// use gaggle_actor::testkit::{Part, Puppet, Trace};
/// use gaggle_actor::{Exit, spawn};
/// # gaggle_rt::block_on(async {
/// let trace = Trace::new();
/// let a = spawn::<Puppet>(Part::new("a", &trace)).await.unwrap();
/// Puppet::crash(&a).await;
/// assert_eq!(a.exited().await, Exit::error("crash"));
/// trace.assert("start a; stop a(crash)");
/// # });
/// ```
#[derive(Debug)]
pub struct Puppet {
    part: Part,
}

impl Puppet {
    /// Tells it to fail with the error `crash`.
    pub async fn crash(addr: &Addr<Order>) {
        Self::end(addr, Exit::error("crash")).await;
    }

    /// Tells it to end with `exit`.
    pub async fn end(addr: &Addr<Order>, exit: Exit) {
        let sent = addr.send(Order::Do(Box::new(|_| Err(exit)))).await;
        // One that is gone need not be told.
        drop(sent);
    }

    /// Runs `f` in it, and gives what that gives. `None`: it was gone, or ended first.
    pub async fn call<T: Send + 'static>(
        addr: &Addr<Order>,
        f: impl FnOnce(&mut Ctx<Puppet>) -> T + Send + 'static,
    ) -> Option<T> {
        addr.ask(|reply| {
            Order::Do(Box::new(move |cx| {
                reply.send(f(cx));
                Ok(())
            }))
        })
        .no_deadline()
        .await
        .ok()
    }

    /// Makes it wait for `work`, as a handler does, and returns once it has begun: what is sent to it afterwards is queued.
    /// One that is gone, or ends before it comes to that, is not waited for.
    pub async fn busy(
        addr: &Addr<Order>,
        work: impl Future<Output = Result<(), Exit>> + Send + 'static,
    ) {
        let (begins, begun) = bounded::<()>(0);
        let work = async move {
            begins.close();
            work.await
        };
        let sent = addr.send(Order::Await(Box::pin(work))).await;
        drop(sent);
        // Nothing is ever sent: the channel closes as the work begins, or as it is dropped.
        let _ = begun.recv().await;
    }
}

impl Actor for Puppet {
    type Args = Part;
    type Msg = Order;

    async fn init(part: &Part, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        if !part.slow.is_zero() {
            gaggle_rt::time::sleep(part.slow).await;
        }
        let outcome = lock(&part.starts).pop_front().flatten();
        if let Some(exit) = outcome {
            part.trace.note(format!("{}-fails", part.name));
            return Err(exit);
        }
        part.trace.note(format!("start {}", part.name));
        Ok(Self { part: part.clone() })
    }

    async fn handle(&mut self, order: Order, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match order {
            Order::Do(deed) => deed(cx),
            Order::Await(work) => work.await,
            Order::Note(line) => {
                self.part.trace.note(line);
                Ok(())
            }
        }
    }

    async fn on_signal(&mut self, signal: Signal, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        let name = &self.part.name;
        let line = match signal {
            Signal::Exit { reason, .. } => format!("{name} hears exit({})", word(&reason)),
            Signal::Down { reason, .. } => format!("{name} hears down({})", word(&reason)),
        };
        self.part.trace.note(line);
        Ok(())
    }

    async fn terminate(&mut self, reason: &Exit, _cx: &mut Ctx<Self>) {
        let line = format!("stop {}({})", self.part.name, word(reason));
        self.part.trace.note(line);
    }

    fn label(order: &Order) -> &'static str {
        match order {
            Order::Do(_) => "Do",
            Order::Await(_) => "Await",
            Order::Note(_) => "Note",
        }
    }
}

/// An address, and whatever is sent to it.
///
/// # Examples
/// ```
/// use gaggle_actor::testkit::Probe;
/// # gaggle_rt::block_on(async {
/// let probe = Probe::<u32>::new().await;
/// probe.addr().send(7).await.unwrap();
/// assert_eq!(probe.expect().await, 7);
/// probe.close().await;
/// # });
/// ```
#[derive(Debug)]
pub struct Probe<M> {
    addr: Addr<M>,
    heard: Receiver<M>,
}

struct Collector<M>(Sender<M>);

impl<M: Send + 'static> Actor for Collector<M> {
    type Args = Sender<M>;
    type Msg = M;

    async fn init(into: &Sender<M>, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self(into.clone()))
    }

    async fn handle(&mut self, message: M, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Ok(self.0.send(message).await?)
    }
}

impl<M: Send + 'static> Probe<M> {
    /// How long something is expected.
    const LIMIT: Duration = Duration::from_secs(10);

    /// Starts one.
    ///
    /// # Panics
    /// Never: its actor always starts.
    pub async fn new() -> Self {
        let (tx, heard) = unbounded();
        match spawn::<Collector<M>>(tx).await {
            Ok(addr) => Self { addr, heard },
            Err(exit) => panic!("a probe did not start: {exit}"),
        }
    }

    /// Its address.
    #[must_use]
    pub fn addr(&self) -> &Addr<M> {
        &self.addr
    }

    /// The next message, which must come within ten seconds.
    ///
    /// # Panics
    /// When it does not.
    pub async fn expect(&self) -> M {
        match timeout(Self::LIMIT, self.heard.recv()).await {
            Ok(Ok(message)) => message,
            _ => panic!("a probe has heard nothing within {:?}", Self::LIMIT),
        }
    }

    /// Nothing has come.
    ///
    /// # Panics
    /// When something has.
    pub fn expect_nothing(&self) {
        assert!(self.heard.is_empty(), "a probe has heard something");
    }

    /// Ends it.
    pub async fn close(self) {
        self.addr.stop().drain().await;
    }
}
