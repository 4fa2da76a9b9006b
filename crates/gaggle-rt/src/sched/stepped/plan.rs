//! What a run is to be, who guides it, and what came of it: plain data.

use crate::inspect::Dump;
use crate::task::{GoId, JoinError, TaskRef};
use gaggle_base::clock::Nanos;
use gaggle_base::site::Site;
use gaggle_base::steps::{Kind, Op};
use gaggle_base::wait::Waiting;
use std::any::Any;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

/// Where a goroutine may be made to give way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Level {
    /// Where it has to wait.
    Await,
    /// Also before each asynchronous operation of gaggle's, when it would succeed at once.
    EveryOp,
}

/// What a run is to be.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where goroutines may be made to give way.
    pub level: Level,
    /// Timers may fire although goroutines are ready.
    pub early: bool,
    /// How many events are kept, the last ones; with 0 nothing is noted, which is faster.
    pub trace: usize,
    /// When nothing can go on, some real time is given to threads that nobody drives.
    pub patient: bool,
    /// The threads that were there before: nobody waits for them.
    pub elders: Arc<[i32]>,
    /// After so many steps the run is stopped.
    pub max_steps: u64,
    /// After so many steps without a move of the clock the run is stopped.
    pub max_steps_at_once: u64,
    /// When the clock has come so far the run is stopped.
    pub max_time: Nanos,
    /// Where the run says how far it is, for somebody who watches it.
    pub progress: Arc<Progress>,
}

/// How far a run is. For reading at any time.
#[derive(Debug, Default)]
pub struct Progress {
    /// How many steps were taken, in all runs that say so here: equal ones have not moved in between.
    pub steps: AtomicU64,
    /// Which goroutine takes the present one.
    pub goroutine: AtomicU64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            level: Level::EveryOp,
            early: false,
            trace: 0,
            patient: false,
            elders: Arc::from([]),
            max_steps: 200_000_000,
            max_steps_at_once: 1_000_000,
            max_time: Nanos::MAX,
            progress: Arc::default(),
        }
    }
}

/// A goroutine that could take the next step.
#[derive(Clone, Copy)]
pub struct Ready {
    pub(super) task: TaskRef,
    /// Its number.
    pub id: u64,
    /// It gave way before an operation, which it does without being asked again.
    pub preempted: bool,
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.id)
    }
}

/// A choice with at least two options.
#[derive(Debug)]
pub struct Choice<'a> {
    /// What it is about.
    pub kind: Kind,
    /// How many options there are.
    pub options: usize,
    /// The goroutine that runs, if the choice is made inside of one.
    pub current: u64,
    /// Who else could run, oldest first. For [`Kind::Next`] these are the options, for [`Kind::Switch`] those from 1 on.
    pub ready: &'a VecDeque<Ready>,
    /// For [`Kind::Fault`]: how probable it is to be.
    pub probability: f64,
}

/// Who makes the choices.
pub trait Guide {
    /// A number below `choice.options`. 0 is the dull one.
    fn choose(&mut self, choice: &Choice<'_>) -> usize;

    /// A random number.
    fn random(&mut self) -> u64;

    /// The goroutine has given way of its own accord.
    fn yielded(&mut self, goroutine: u64);
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The root has ended, and so has everybody else, but for those in `Run::left`.
    Returned,
    /// Nothing is ready and no timer is set, but the root has not ended.
    Stuck,
    /// A call that blocks its thread could go on, but another such call has begun after it on the same thread, and waits.
    Entangled,
    /// Some wait for each other's locks.
    LockCycle(Vec<Vec<u64>>),
    /// A goroutine has panicked, and nobody holds its handle.
    Panicked,
    /// Too many steps.
    Steps,
    /// Too many steps without a move of the clock.
    StepsAtOnce,
    /// Too long by the clock.
    Time,
}

/// A goroutine that has panicked, and of which nobody holds the handle.
pub struct Fallen {
    /// Its number.
    pub id: GoId,
    /// Where it was started.
    pub started: Site,
    /// What it panicked with.
    pub payload: Box<dyn Any + Send>,
}

impl fmt::Debug for Fallen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "goroutine {} from {}", self.id, self.started)
    }
}

/// Something that happened in a run.
#[derive(Clone, Copy, Debug)]
pub struct Event {
    /// At which step.
    pub step: u64,
    /// At which time.
    pub now: Nanos,
    /// Which goroutine did it; 0: the clock.
    pub who: u64,
    /// What it was.
    pub what: What,
}

/// What happened.
#[derive(Clone, Copy, Debug)]
pub enum What {
    /// It is about to do this.
    Op(Op),
    /// It gave way before that, to this goroutine. (The others: it was ready and had its turn.)
    GaveWay(u64),
    /// It has to wait.
    Waits(Waiting),
    /// It started a goroutine.
    Started(u64, Site),
    /// It has closed this channel, of its own accord or by dropping the last sender.
    Closed(u64),
    /// It has ended.
    Ended,
    /// The clock has moved.
    Clock,
    /// A timer fires although goroutines are ready.
    Early,
    /// It gave way of its own accord.
    Yielded,
}

/// What came of a run.
#[derive(Debug)]
pub struct Run<T> {
    /// How it ended.
    pub halt: Halt,
    /// What came of the root, if it ended.
    pub output: Option<Result<T, JoinError>>,
    /// Who was left, and waited for what; nobody if `None`.
    pub left: Option<Dump>,
    /// Those that wait for a lock for which an earlier future of their own waits, or that it was given: by number, with the lock's address.
    pub doubled: Vec<(u64, u64)>,
    /// Those that have panicked, and of which nobody held the handle.
    pub fallen: Vec<Fallen>,
    /// A thread that was not driven has woken a goroutine.
    pub foreign: bool,
    /// How many steps there were: polls, and operations.
    pub steps: u64,
    /// The time at the end.
    pub now: Nanos,
    /// Equal in two runs if, as far as can be seen, the same happened.
    pub fingerprint: u64,
    /// What happened, or the end of it; empty without a trace.
    pub events: Vec<Event>,
    /// Goroutines that had a name.
    pub names: BTreeMap<u64, String>,
    /// The places that were reached, with how often.
    pub reached: BTreeMap<&'static str, u64>,
}
