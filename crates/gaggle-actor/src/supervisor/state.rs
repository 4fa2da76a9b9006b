//! What a supervisor knows, what can happen to it, and what it then does: plain values, for `decide.rs`.

use crate::process::Exit;
use crate::roster::Roster;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// Who is restarted when one child ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// That child.
    OneForOne,
    /// All children: the others are stopped first.
    OneForAll,
    /// That child and those that were declared after it.
    RestForOne,
}

/// Whether a child is restarted when it ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    #[default]
    Permanent,
    /// When it ends abnormally: [`Exit::Normal`] and [`Exit::Shutdown`] are final.
    Transient,
    /// Never; once it has ended it is forgotten.
    Temporary,
}

/// Whether a supervisor ends when its significant children have ended for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AutoShutdown {
    /// No.
    #[default]
    Never,
    /// When one of them has.
    AnySignificant,
    /// When the last of them has.
    AllSignificant,
}

/// How long a restart is put off, doubled with each failure in a row. An extension: OTP has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the first restart.
    pub first: Duration,
    /// It grows no longer than this; a child that has been up for so long begins anew.
    pub most: Duration,
}

/// A child, among those of one supervisor. Keys grow in the order of declaration.
pub type Key = u64;

/// What the decisions need to know of a child.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its name among the children; dynamic ones have none.
    pub id: Option<Arc<str>>,
    /// Whether it is restarted.
    pub restart: Restart,
    /// Whether its end counts for [`AutoShutdown`].
    pub significant: bool,
    /// Is it a supervisor itself?
    pub supervisor: bool,
    /// What OTP does not have.
    pub extras: Option<Box<Extras>>,
}

/// What a child may have that OTP does not know.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Whether its restarts are put off.
    pub backoff: Option<Backoff>,
    /// A budget of its own, in place of the supervisor's.
    pub budget: Option<(u32, Duration)>,
}

/// What is true for the supervisor as a whole.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Who is restarted.
    pub strategy: Strategy,
    /// How many restarts are tolerated..
    pub intensity: u32,
    /// .. within how long; the boundary is within.
    pub window: Duration,
    /// When it ends by itself.
    pub auto: AutoShutdown,
    /// Its children are started while it runs, are forgotten when they have ended, and are stopped all at once.
    pub dynamic: bool,
}

/// What a child is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChildState {
    /// Nothing: it has ended for good, was stopped, or declined to start.
    Stopped,
    /// It initialises.
    Starting,
    /// It runs.
    Up,
    /// It has been told to stop.
    Stopping,
    /// A restart has failed or is put off; it will be tried again.
    Restarting,
}

/// What happens to a supervisor.
#[derive(Clone, Debug)]
pub enum Event {
    /// It begins: children are started.
    Begin,
    /// A child has finished its initialisation.
    Started(Key),
    /// A child has ended, or its start has failed.
    Exited(Key, Exit),
    /// The time has come to try a restart again.
    Retry(Key),
    /// Somebody wants something; the number comes back with the answer.
    Asked(u64, Request),
    /// It is to end.
    Shutdown(Exit),
}

/// What can be asked of a supervisor.
#[derive(Clone, Debug)]
pub enum Request {
    /// Start this child, under this key, which is higher than all before.
    Add(Key, Spec),
    /// Stop a child; it stays declared.
    Stop(Key),
    /// Start a child again that was stopped.
    Restart(Key),
    /// Forget a child that is stopped.
    Delete(Key),
}

/// What a supervisor does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Starts a child: [`Event::Started`] or [`Event::Exited`] is to follow.
    Start(Key),
    /// Stops a child: [`Event::Exited`] is to follow.
    Stop(Key),
    /// [`Event::Retry`] is to follow after so long.
    RetryAfter(Key, Duration),
    /// The child is not declared any more.
    Forget(Key),
    /// All declared children are started.
    Booted,
    /// Answers a request.
    Answer(u64, Result<(), Refusal>),
    /// It is over.
    End(Outcome),
}

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// There is such a child, and it runs.
    Running,
    /// There is such a child, and it is about to be restarted.
    Restarting,
    /// There is such a child, and it is stopped.
    Present,
    /// There is no such child.
    NotFound,
    /// Its start has failed.
    Failed(Exit),
}

/// How a supervisor ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// With this exit.
    Exit(Exit),
    /// With [`Exit::Shutdown`]: a child of this id has ended, and one more restart would have been too many.
    GaveUp(Option<Arc<str>>),
    /// The child of this id could not be started at boot, with this exit.
    Boot(Option<Arc<str>>, Exit),
}

/// One child.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) spec: Spec,
    pub(super) state: ChildState,
    /// It has ended, and what follows from that is still to be decided.
    pub(super) dead: bool,
    /// The next retry has been paid for.
    pub(super) paid: bool,
    /// It has been added and was never up.
    pub(super) added: bool,
    /// Only of one with extras.
    pub(super) past: Option<Box<Past>>,
}

/// What counts for the extras of a child.
#[derive(Clone, Debug, Default)]
pub(super) struct Past {
    pub(super) failures: u32,
    pub(super) up_since: Duration,
    pub(super) restarts: VecDeque<Duration>,
}

impl Spec {
    /// What it has that OTP does not know, to be set.
    pub(super) fn extras_mut(&mut self) -> &mut Extras {
        self.extras.get_or_insert_default()
    }
}

impl Entry {
    pub(super) fn new(spec: Spec) -> Self {
        Self {
            spec,
            state: ChildState::Stopped,
            dead: false,
            paid: false,
            added: false,
            past: None,
        }
    }

    pub(super) fn backoff(&self) -> Option<Backoff> {
        self.spec.extras.as_ref()?.backoff
    }

    pub(super) fn budget(&self) -> Option<(u32, Duration)> {
        self.spec.extras.as_ref()?.budget
    }

    pub(super) fn past(&mut self) -> &mut Past {
        self.past.get_or_insert_default()
    }
}

/// One thing after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Work {
    Start(Key),
    Stop(Key),
    /// All at once.
    StopAll,
}

#[derive(Clone, Debug)]
pub(super) enum Phase {
    Booting,
    Running,
    Ending(Outcome),
    Over,
}

/// All that a supervisor knows.
#[derive(Clone, Debug)]
pub struct State {
    pub(super) rules: Rules,
    pub(super) children: Roster<Key, Entry>,
    /// Who has asked for what happens to a child.
    pub(super) askers: Roster<Key, u64>,
    pub(super) restarts: VecDeque<Duration>,
    /// What is to be done, in order; nothing else is decided meanwhile, but the end.
    pub(super) plan: VecDeque<Work>,
    pub(super) busy: Option<Work>,
    /// Ends of children that came while there was a plan.
    pub(super) exits: VecDeque<(Key, Exit)>,
    pub(super) requests: VecDeque<(u64, Request)>,
    pub(super) retries: VecDeque<Key>,
    pub(super) phase: Phase,
}

/// How many children there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Declared.
    pub specs: usize,
    /// Running.
    pub active: usize,
    /// Declared, and supervisors.
    pub supervisors: usize,
    /// Declared, and no supervisors.
    pub workers: usize,
}

impl State {
    /// A supervisor that has not begun, with its declared children.
    #[must_use]
    pub fn new(rules: Rules, children: impl IntoIterator<Item = (Key, Spec)>) -> Self {
        let entry = |(key, spec)| (key, Entry::new(spec));
        Self {
            rules,
            children: children.into_iter().map(entry).collect(),
            askers: Roster::new(),
            restarts: VecDeque::new(),
            plan: VecDeque::new(),
            busy: None,
            exits: VecDeque::new(),
            requests: VecDeque::new(),
            retries: VecDeque::new(),
            phase: Phase::Booting,
        }
    }

    /// The children that are declared, in the order of their declaration.
    pub fn children(&self) -> impl Iterator<Item = (Key, &Spec, ChildState)> {
        let all = self.children.iter();
        all.map(|(key, entry)| (key, &entry.spec, entry.state))
    }

    /// The child of that id.
    #[must_use]
    pub fn key_of(&self, id: &str) -> Option<Key> {
        let mut all = self.children.iter();
        let found = all.find(|(_, entry)| entry.spec.id.as_deref() == Some(id));
        found.map(|(key, _)| key)
    }

    /// What a child is doing.
    #[must_use]
    pub fn state_of(&self, key: Key) -> Option<ChildState> {
        self.children.get(key).map(|entry| entry.state)
    }

    /// How many there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for (_, spec, state) in self.children() {
            counts.specs += 1;
            counts.active += usize::from(matches!(state, ChildState::Up | ChildState::Stopping));
            counts.supervisors += usize::from(spec.supervisor);
            counts.workers += usize::from(!spec.supervisor);
        }
        counts
    }
}
