//! Many runs of one program, until one goes wrong or there have been enough.
//!
//! Runs come in batches, each on a fresh thread. The first run of a batch is repeated with the same choices on yet another thread, and must come out the same; so must each run that went wrong.
//! Then that run is shortened, and once more repeated with everything noted down.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::finding::{Class, Finding};
use crate::investigate::{differs, investigate, stuck};
use crate::report::{Failure, Report};
use crate::schedule::{Sched, Strategy};
use crate::threads::{Ended, on_fresh_thread};
use gaggle_base::clock::{Nanos, system_now, to_nanos};
use gaggle_base::rng::Rng;
use gaggle_rt::stepped::{SIMULATION, Simulating};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How many runs there are in a batch; one of them is repeated. The first run is a batch of its own, and while they are short each batch is twice the one before.
const BATCH: u64 = 64;
const LARGEST: u64 = 512;
/// What is short.
const SHORT: Nanos = 20_000_000;

/// How far to go.
#[derive(Clone, Debug)]
pub(crate) struct Bounds {
    pub(crate) schedulers: Vec<Sched>,
    pub(crate) seed: u64,
    pub(crate) schedules: u64,
    pub(crate) wall: Option<Duration>,
    pub(crate) jobs: usize,
    /// For how long to shorten what was found.
    pub(crate) minimise: Duration,
    /// A step that takes longer is a finding.
    pub(crate) patience: Duration,
    pub(crate) goals: Vec<&'static str>,
}

/// One scheduler, and how far it is.
struct Lane {
    sched: Sched,
    strategy: Box<dyn Strategy>,
    over: bool,
    runs: u64,
}

/// One job's part of the search; it moves from thread to thread.
struct Search {
    lanes: Vec<Lane>,
    next: usize,
    seeds: Rng,
}

/// A run that is to be repeated.
pub(crate) struct Sample {
    pub(crate) recipe: Recipe,
    pub(crate) fingerprint: u64,
    pub(crate) output: Option<String>,
}

#[derive(Default)]
struct Batch {
    runs: u64,
    steps: u64,
    sample: Option<Sample>,
    failed: Option<(Execution, Sched)>,
    reached: BTreeMap<&'static str, u64>,
    over: bool,
}

impl Search {
    fn new(schedulers: &[Sched], seed: u64) -> Self {
        let lane = |sched: &Sched| Lane {
            sched: *sched,
            strategy: sched.strategy(),
            over: false,
            runs: 0,
        };
        Self {
            lanes: schedulers.iter().map(lane).collect(),
            next: 0,
            seeds: Rng::from_seed(seed),
        }
    }

    /// The lane that is next in turn. `None`: all are over.
    fn lane(&mut self) -> Option<&mut Lane> {
        let n = self.lanes.len();
        let at = (0..n)
            .map(|i| (self.next + i) % n)
            .find(|i| !self.lanes[*i].over)?;
        self.next = at + 1;
        Some(&mut self.lanes[at])
    }

    /// Up to `most` runs.
    fn batch(
        &mut self,
        setup: &Setup,
        program: &Program,
        most: u64,
        deadline: Option<Nanos>,
    ) -> Batch {
        let mut batch = Batch::default();
        let mut stage = Stage::new();
        while batch.runs < most {
            let seed = self.seeds.next_u64();
            let Some(lane) = self.lane() else {
                batch.over = true;
                break;
            };
            lane.strategy.begin(seed);
            let recipe = Recipe {
                seed,
                choices: Vec::new(),
            };
            let root = program();
            let execution = stage.execute(setup, &recipe, Some(&mut *lane.strategy), root);
            lane.runs += 1;
            lane.over = !lane.strategy.end(&execution.log, execution.steps);
            batch.runs += 1;
            batch.steps += execution.steps;
            for (place, times) in &execution.reached {
                *batch.reached.entry(place).or_default() += times;
            }
            if execution.finding.is_some() {
                batch.failed = Some((execution, lane.sched));
                break;
            }
            if batch.sample.is_none() {
                batch.sample = Some(Sample {
                    recipe: execution.recipe(),
                    fingerprint: execution.fingerprint,
                    output: execution.output,
                });
            }
            stage.recycle(execution.log);
            if deadline.is_some_and(|deadline| system_now() >= deadline) {
                break;
            }
        }
        batch
    }
}

/// What all jobs add to.
#[derive(Default)]
struct Total {
    /// Runs that some job makes or has made: no two make the same one.
    claimed: AtomicU64,
    runs: AtomicU64,
    steps: AtomicU64,
    stop: AtomicBool,
}

impl Total {
    /// Takes up to `most` of the runs that are left.
    fn claim(&self, most: u64, schedules: u64) -> u64 {
        let next = |claimed: u64| Some(schedules.min(claimed.saturating_add(most)));
        let order = Ordering::Relaxed;
        let before = self
            .claimed
            .fetch_update(order, order, next)
            .unwrap_or(schedules);
        schedules.min(before.saturating_add(most)) - before
    }

    /// The time was over before, or something was found.
    fn give_back(&self, runs: u64) {
        self.claimed.fetch_sub(runs, Ordering::Relaxed);
    }
}

/// One job's result.
struct Found {
    failure: Option<(Finding, Option<(Execution, Sched)>)>,
    reached: BTreeMap<&'static str, u64>,
    lanes: Vec<(Sched, u64, Option<String>)>,
}

/// Explores the schedules of `program`.
pub(crate) fn explore(setup: &Setup, bounds: &Bounds, program: &Program) -> Report {
    let begin = system_now();
    let deadline = bounds.wall.map(|wall| begin.saturating_add(to_nanos(wall)));
    let total = Arc::new(Total::default());
    let mut jobs = Vec::new();
    for job in 1..bounds.jobs {
        let (setup, bounds, program) = (setup.clone(), bounds.clone(), program.clone());
        let total = total.clone();
        let body = move || {
            let _simulating = Simulating::new();
            hunt(job, &setup, &bounds, &program, deadline, &total)
        };
        match gaggle_base::thread::start(format!("{SIMULATION} job {job}"), body) {
            Ok(thread) => jobs.push(thread),
            // The others do its part.
            Err(_) => break,
        }
    }
    let mut all = vec![hunt(0, setup, bounds, program, deadline, &total)];
    for job in jobs {
        match job.join() {
            Ok(found) => all.push(found),
            Err(payload) => std::panic::resume_unwind(payload),
        }
    }
    let mut report = Report::new(bounds.seed);
    report.schedules = total.runs.load(Ordering::Relaxed);
    report.steps = total.steps.load(Ordering::Relaxed);
    report.elapsed = Duration::from_nanos(system_now() - begin);
    let mut first = None;
    for found in all {
        for (place, times) in found.reached {
            *report.reached.entry(place).or_default() += times;
        }
        for (sched, runs, verdict) in found.lanes {
            *report.by_scheduler.entry(sched.to_string()).or_default() += runs;
            report.notes.extend(verdict);
        }
        first = first.or(found.failure);
    }
    match first {
        Some((finding, Some((execution, sched)))) => {
            let failure = investigate(setup, bounds, program, &finding, &execution, sched);
            report.failure = Some(failure);
        }
        Some((finding, None)) => report.failure = Some(Failure::bare(finding)),
        None => {
            for goal in &bounds.goals {
                if !report.reached.contains_key(goal) {
                    let summary = format!("`{goal}` was reached in none of the runs");
                    report.failure = Some(Failure::bare(Finding::new(Class::Unreached, summary)));
                }
            }
        }
    }
    report
}

/// One job: batch after batch.
fn hunt(
    job: usize,
    setup: &Setup,
    bounds: &Bounds,
    program: &Program,
    deadline: Option<Nanos>,
    total: &Total,
) -> Found {
    let is_fixed = |sched: &&Sched| matches!(sched.to_string().as_str(), "fifo" | "dfs");
    let mut schedulers = bounds.schedulers.clone();
    if job > 0 {
        // What is the same each time is done by one.
        schedulers.retain(|sched| !is_fixed(&sched) && !sched.to_string().starts_with("dfs"));
    }
    let seed = bounds.seed ^ (job as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut search = Search::new(&schedulers, seed);
    let mut found = Found {
        failure: None,
        reached: BTreeMap::new(),
        lanes: Vec::new(),
    };
    let (mut most, mut next) = (1, BATCH);
    while !total.stop.load(Ordering::Relaxed) {
        let in_time = deadline.is_none_or(|deadline| system_now() < deadline);
        let first = total.runs.load(Ordering::Relaxed) == 0;
        let this = if in_time || first {
            total.claim(std::mem::replace(&mut most, next), bounds.schedules)
        } else {
            0
        };
        if this == 0 || schedulers.is_empty() {
            break;
        }
        let started = system_now();
        let (for_thread, program_there) = (fresh(setup), program.clone());
        let progress = for_thread.plan.progress.clone();
        let ended = on_fresh_thread(&progress, bounds.patience, move || {
            let batch = search.batch(&for_thread, &program_there, this, deadline);
            (search, batch)
        });
        let batch = match ended {
            Ended::With((back, batch)) => {
                search = back;
                batch
            }
            Ended::Stuck(goroutine) => {
                total.runs.fetch_add(1, Ordering::Relaxed);
                total.stop.store(true, Ordering::Relaxed);
                found.failure = Some((stuck(goroutine, bounds.patience), None));
                return found;
            }
        };
        if this >= next && system_now() - started < SHORT {
            next = (2 * next).min(LARGEST);
            most = next;
        }
        total.give_back(this - batch.runs);
        total.runs.fetch_add(batch.runs, Ordering::Relaxed);
        total.steps.fetch_add(batch.steps, Ordering::Relaxed);
        for (place, times) in batch.reached {
            *found.reached.entry(place).or_default() += times;
        }
        if let Some((execution, sched)) = batch.failed {
            total.stop.store(true, Ordering::Relaxed);
            let finding = execution.finding.clone();
            found.failure = finding.map(|finding| (finding, Some((execution, sched))));
            break;
        }
        if let Some(sample) = &batch.sample
            && let Some(finding) = differs(setup, bounds, program, sample)
        {
            total.stop.store(true, Ordering::Relaxed);
            found.failure = Some((finding, None));
            break;
        }
        if batch.over {
            break;
        }
    }
    let lanes = search.lanes.iter();
    found.lanes = lanes
        .map(|lane| (lane.sched, lane.runs, lane.strategy.verdict()))
        .collect();
    found
}

/// The same, with a progress of its own.
pub(crate) fn fresh(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    setup.plan.progress = Arc::default();
    setup
}
