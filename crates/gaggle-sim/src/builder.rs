//! [`Builder`]: what can be set.

pub use crate::finding::Expect;

use crate::execute::{Program, Root as Boxed, Setup};
use crate::explore::{Bounds, explore};
use crate::once::{Root, only_once};
use crate::report::Report;
use crate::schedule::Sched;
use crate::settings::Settings;
use crate::token::Token;
use crate::{artifacts, replaying};
use gaggle_base::blocked::threads_of_process;
use gaggle_base::clock::to_nanos;
use gaggle_base::rng::Rng;
use gaggle_base::site::Site;
use gaggle_base::steps;
use gaggle_rt::stepped::{Level, Plan};
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

/// Where a goroutine may be made to let another one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Preempt {
    /// Where it has to wait.
    Await,
    /// Also before each asynchronous operation of gaggle's, when it would succeed at once.
    #[default]
    EveryOp,
}

/// How virtual time goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Clock {
    /// It stands while anybody can run, and then jumps to the next deadline (semantics.md ST-02).
    #[default]
    Quiescent,
    /// As before, but before each step the earliest timer fires with this probability although somebody can run: as on a machine that is slow at times.
    Racy {
        /// The probability.
        early_fire: f64,
    },
}

/// For how long a schedule that goes wrong is shortened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Minimise {
    /// Not at all.
    Off,
    /// For so long at most.
    UpTo(Duration),
}

/// How many schedules there are, if nothing is said.
const SCHEDULES: u64 = 256;
/// How long that may take.
const WALL: Duration = Duration::from_secs(1);
/// How long a schedule is shortened, if nothing is said.
const MINIMISE: Duration = Duration::from_secs(2);
/// How long one step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// Describes how the schedules of a program are explored; [`run`](Self::run) does it.
///
/// # Examples
/// ```
/// use gaggle_sim::{Builder, Sched};
/// let report = Builder::new()
///     .schedulers([Sched::fifo(), Sched::pct(3)])
///     .schedules(500)
///     .run(|| async { gaggle_rt::go(async { 2 }).await.unwrap() });
/// assert!(report.ok(), "{report}");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing runs until `run` is called"]
pub struct Builder {
    schedulers: Vec<Sched>,
    schedules: Option<u64>,
    wall: Option<Duration>,
    jobs: usize,
    preempt: Preempt,
    clock: Clock,
    expect: Expect,
    minimise: Minimise,
    seed: Option<u64>,
    max_steps: Option<u64>,
    time_limit: Option<Duration>,
    patience: Duration,
    goals: Vec<&'static str>,
    name: Option<String>,
    replay: Option<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// 256 schedules or one second, whichever is over first: the first undisturbed, then random ones of several kinds.
    pub fn new() -> Self {
        Self {
            schedulers: Vec::new(),
            schedules: None,
            wall: None,
            jobs: 1,
            preempt: Preempt::default(),
            clock: Clock::default(),
            expect: Expect::All,
            minimise: Minimise::UpTo(MINIMISE),
            seed: None,
            max_steps: None,
            time_limit: None,
            patience: PATIENCE,
            goals: Vec::new(),
            name: None,
            replay: None,
        }
    }

    /// Which schedulers take turns.
    pub fn schedulers(mut self, schedulers: impl IntoIterator<Item = Sched>) -> Self {
        self.schedulers = schedulers.into_iter().collect();
        self
    }

    /// How many schedules are run. Without a [`wall_limit`](Self::wall_limit) there is no limit of time then.
    pub fn schedules(mut self, schedules: u64) -> Self {
        self.schedules = Some(schedules.max(1));
        self
    }

    /// For how long schedules are run, in real time. Without a number of [`schedules`](Self::schedules) there is no other limit then.
    pub fn wall_limit(mut self, limit: Duration) -> Self {
        self.wall = Some(limit);
        self
    }

    /// On how many threads schedules are run at the same time. Each run is on one.
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Where goroutines may be made to let others run.
    pub fn preempt(mut self, preempt: Preempt) -> Self {
        self.preempt = preempt;
        self
    }

    /// How virtual time goes.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What is not to happen. Other kinds of findings are always reported.
    pub fn expect(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// For how long a schedule that goes wrong is shortened: two seconds, if nothing is said.
    pub fn minimise(mut self, minimise: Minimise) -> Self {
        self.minimise = minimise;
        self
    }

    /// Where all schedules come from. Without it, and without `GAGGLE_SIM=seed:N`, each time from another seed, which the report names.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// After so many steps a run that has not ended is a livelock: 200 million, or one million without a move of the clock, if nothing is said.
    pub fn max_steps(mut self, steps: u64) -> Self {
        self.max_steps = Some(steps);
        self
    }

    /// A run that has not ended when the virtual clock has come so far is a finding.
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.time_limit = Some(limit);
        self
    }

    /// A goroutine that does not give its thread back for so long, in real time, is a finding: five seconds, if nothing is said.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// It is a finding if no run comes by `sim::reached!(place)`.
    pub fn goal(mut self, place: &'static str) -> Self {
        self.goals.push(place);
        self
    }

    /// What the program is called: for the line that replays it, and for the files beside the report of a run that went wrong, which only a program with a name has.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    pub(crate) fn replaying(mut self, schedule: &str) -> Self {
        self.replay = Some(schedule.to_owned());
        self
    }

    /// Runs the program that `root` gives, under one schedule after the other, until one goes wrong or there have been enough.
    ///
    /// `GAGGLE_SIM` may set the seed, the number of schedules, or one schedule to replay.
    /// What the root gives must be the same when a run is repeated, as far as its `Debug` form goes.
    ///
    /// # Panics
    /// When `GAGGLE_SIM` cannot be understood, when the system has no thread to give, and inside of a simulation: they do not nest (semantics.md ST-13).
    #[track_caller]
    pub fn run<F, R>(self, root: F) -> Report
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output: Debug + Send + 'static> + Send + 'static,
    {
        let settings = Settings::of_environment();
        self.go(Site::caller(), settings, &repeatable(root), true)
    }

    /// Runs the program once, with the schedule that a report has printed and with the limits and expectations that are set here.
    ///
    /// [`replay`](crate::replay) is the same where nothing else is set.
    /// Where goroutines may give way, and whether timers may fire early, is part of the schedule.
    ///
    /// # Panics
    /// When the text is no such schedule, with what is wrong with it.
    ///
    /// # Examples
    /// ```
    /// use gaggle_sim::{Builder, Class};
    /// let root = || async { loop { gaggle_rt::yield_now().await } };
    /// let report = Builder::new().max_steps(100).run(root);
    /// let again = Builder::new().max_steps(100).replay(report.token().unwrap(), root);
    /// assert_eq!(again.finding().unwrap().class(), Class::Livelock);
    /// ```
    #[track_caller]
    pub fn replay<F, R>(self, schedule: &str, root: F) -> Report
    where
        F: Fn() -> R + Send + Sync + 'static,
        R: Future<Output: Debug + Send + 'static> + Send + 'static,
    {
        let settings = Settings::default();
        let site = Site::caller();
        self.replaying(schedule)
            .go(site, settings, &repeatable(root), false)
    }

    /// One run of something that may be there only once.
    #[track_caller]
    pub(crate) fn once<M>(mut self, root: impl Root<M>) -> Report {
        if self.schedulers.is_empty() {
            self.schedulers = vec![Sched::random()];
        }
        let future = async move {
            root.into_future().await;
            String::new()
        };
        let boxed: Boxed = Box::pin(future);
        let settings = Settings::default();
        self.go(
            Site::caller(),
            settings,
            &(Arc::new(only_once(boxed)) as Program),
            false,
        )
    }

    fn go(mut self, site: Site, settings: Settings, program: &Program, again: bool) -> Report {
        assert!(
            !steps::is_driven(),
            "gaggle sim: a simulation cannot be started inside of a simulation"
        );
        let seed = settings.seed.or(self.seed);
        let seed = seed.unwrap_or_else(|| Rng::from_entropy().next_u64() >> 16);
        if settings.schedules.is_some() {
            (self.schedules, self.wall) = (settings.schedules, None);
        }
        let name = self.name.clone();
        let mut setup = self.setup(site);
        let schedule = settings.replay.or_else(|| self.replay.take());
        let mut report = if let Some(schedule) = schedule {
            let token = match artifacts::read(&schedule)
                .and_then(|text| Token::read(&text).map_err(|error| error.to_string()))
            {
                Ok(token) => token,
                Err(why) => panic!("gaggle sim: `{schedule}` cannot be replayed: {why}"),
            };
            setup.plan.level = token.level;
            setup.plan.early = token.early;
            setup.aloud = again;
            replaying::replay(&setup, self.patience, program, token)
        } else if again {
            explore(&setup, &self.bounds(seed), program)
        } else {
            let sched = self.schedulers.first().copied().unwrap_or(Sched::random());
            replaying::single(&setup, self.patience, program, sched, seed)
        };
        report.test = name;
        artifacts::write(&mut report);
        report
    }

    fn setup(&self, site: Site) -> Setup {
        let standard = Plan::default();
        let (early, probability) = match self.clock {
            Clock::Quiescent => (false, 0.0),
            Clock::Racy { early_fire } => (true, early_fire),
        };
        let most = self.max_steps.unwrap_or(standard.max_steps);
        Setup {
            plan: Plan {
                level: match self.preempt {
                    Preempt::Await => Level::Await,
                    Preempt::EveryOp => Level::EveryOp,
                },
                early,
                patient: true,
                elders: threads_of_process().unwrap_or_default().into(),
                max_steps: most,
                max_steps_at_once: standard.max_steps_at_once.min(most),
                max_time: self.time_limit.map_or(standard.max_time, to_nanos),
                ..standard
            },
            early: probability,
            expect: self.expect,
            aloud: false,
            site,
        }
    }

    fn bounds(&self, seed: u64) -> Bounds {
        let (schedules, wall) = match (self.schedules, self.wall) {
            (None, None) => (SCHEDULES, Some(WALL)),
            (schedules, wall) => (schedules.unwrap_or(u64::MAX), wall),
        };
        let schedulers = if self.schedulers.is_empty() {
            let mut all = vec![Sched::fifo()];
            all.extend(Sched::PORTFOLIO);
            all
        } else {
            self.schedulers.clone()
        };
        Bounds {
            schedulers,
            seed,
            schedules,
            wall,
            jobs: self.jobs,
            minimise: match self.minimise {
                Minimise::Off => Duration::ZERO,
                Minimise::UpTo(limit) => limit,
            },
            patience: self.patience,
            goals: self.goals.clone(),
        }
    }
}

fn repeatable<F, R>(root: F) -> Program
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output: Debug + Send + 'static> + Send + 'static,
{
    let root = Arc::new(root);
    Arc::new(move || -> Boxed {
        let root = root.clone();
        // What is done before the future is there belongs to the run, too: its clock, its random numbers.
        Box::pin(async move { format!("{:?}", root().await) })
    })
}
