//! Many runs of one program, until one goes wrong or there have been enough.
//!
//! Runs come in batches, each on a fresh thread. The first run of a batch is repeated with the same choices on yet another thread, and must come out the same; so must each run that went wrong.
//! Then that run is shortened, and once more repeated with everything noted down.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::finding::{Class, Finding};
use crate::minimise::{Shortened, minimise};
use crate::report::{Failure, Report, Shown};
use crate::schedule::{Sched, Strategy};
use crate::story::Story;
use crate::threads::{Ended, disturb_heap, on_fresh_thread};
use crate::token::Token;
use gaggle_base::clock::{Nanos, system_now, to_nanos};
use gaggle_base::rng::Rng;
use gaggle_rt::stepped::{Plan, SIMULATION};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// How many runs there are in a batch; one of them is repeated. The first run is a batch of its own, and while they are short each batch is twice the one before.
const BATCH: u64 = 64;
const LARGEST: u64 = 512;
/// What is short.
const SHORT: Nanos = 20_000_000;

/// How many events of the last run are kept.
const EVENTS: usize = 100_000;

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
struct Sample {
    recipe: Recipe,
    fingerprint: u64,
    output: Option<String>,
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
    runs: AtomicU64,
    steps: AtomicU64,
    stop: AtomicBool,
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
        let body = move || hunt(job, &setup, &bounds, &program, deadline, &total);
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
        let done = total.runs.load(Ordering::Relaxed);
        let left = bounds.schedules.saturating_sub(done);
        let in_time = deadline.is_none_or(|deadline| system_now() < deadline);
        if left == 0 || (done > 0 && !in_time) || schedulers.is_empty() {
            break;
        }
        let this = std::mem::replace(&mut most, next).min(left);
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
fn fresh(setup: &Setup) -> Setup {
    let mut setup = setup.clone();
    setup.plan.progress = Arc::default();
    setup
}

pub(crate) fn stuck(goroutine: u64, patience: Duration) -> Finding {
    let summary = format!(
        "goroutine #{goroutine} has not given its thread back for {patience:?}: it spins, or blocks in something that is not gaggle's"
    );
    let mut finding = Finding::new(Class::Stuck, summary);
    finding.goroutines.push(goroutine);
    finding
}

/// Repeats a run on another thread with another heap.
fn repeat(
    setup: &Setup,
    bounds: &Bounds,
    program: &Program,
    recipe: &Recipe,
    trace: usize,
) -> Ended<Execution> {
    let mut setup = fresh(setup);
    setup.plan.trace = trace;
    let (progress, program, recipe) =
        (setup.plan.progress.clone(), program.clone(), recipe.clone());
    on_fresh_thread(&progress, bounds.patience, move || {
        disturb_heap(recipe.seed);
        Stage::new().execute(&setup, &recipe, None, program())
    })
}

/// Does the run come out in another way when it is repeated?
fn differs(setup: &Setup, bounds: &Bounds, program: &Program, sample: &Sample) -> Option<Finding> {
    let again = match repeat(setup, bounds, program, &sample.recipe, 0) {
        Ended::Stuck(goroutine) => return Some(stuck(goroutine, bounds.patience)),
        Ended::With(again) => again,
    };
    let how = if let Some(finding) = again.finding {
        if finding.class == Class::ForeignThread {
            return Some(finding);
        }
        format!("the second run ended with: {finding}")
    } else if again.output != sample.output {
        format!(
            "the root gave {} and then {}",
            sample.output.as_deref().unwrap_or("nothing"),
            again.output.as_deref().unwrap_or("nothing")
        )
    } else if again.fingerprint != sample.fingerprint {
        let listed = sample.recipe.choices.len();
        format!(
            "the two runs took {listed} and {} choices up to the last one that was not the dull one, or did different things between them",
            again.recipe().choices.len()
        )
    } else {
        return None;
    };
    Some(nondeterminism(&how))
}

fn nondeterminism(how: &str) -> Finding {
    let mut finding = Finding::new(
        Class::Nondeterminism,
        "a run was repeated with the same choices, and something else happened",
    );
    finding.details.extend(how.lines().map(str::to_owned));
    finding.details.push(
        "look for: the iteration order of std's HashMap, std::time, other random numbers, addresses, statics that outlive a run"
            .to_owned(),
    );
    finding
}

/// A run has gone wrong: is it so again, what is needed for it, and what happened?
fn investigate(
    setup: &Setup,
    bounds: &Bounds,
    program: &Program,
    finding: &Finding,
    execution: &Execution,
    sched: Sched,
) -> Failure {
    let mut failure = Failure::bare(finding.clone());
    failure.found_by = Some(sched);
    let first = execution.recipe();
    // Unless a thread of the program's own has come to the rescue, it has been waited for in vain already.
    let mut setup = setup.clone();
    setup.plan.patient = finding.class == Class::ForeignThread;
    let setup = &setup;
    failure.before = Some(Shown::of(execution));
    let again = match repeat(setup, bounds, program, &first, 0) {
        Ended::With(again) => again,
        Ended::Stuck(goroutine) => {
            failure.finding = stuck(goroutine, bounds.patience);
            return failure;
        }
    };
    let same = again
        .finding
        .as_ref()
        .is_some_and(|again| again.is_like(finding));
    if !same && finding.class != Class::ForeignThread {
        let second = match &again.finding {
            Some(other) => format!("and then with: {other}"),
            None => "and then well".to_owned(),
        };
        failure.finding = nondeterminism(&format!("the run ended with: {finding}\n{second}"));
        return failure;
    }
    let mut recipe = first;
    if same
        && !bounds.minimise.is_zero()
        && !recipe.choices.is_empty()
        && let Some(shortened) = shorten(setup, bounds, program, &recipe, finding)
    {
        failure.tries = shortened.tries;
        recipe = shortened.recipe;
    }
    let Ended::With(last) = repeat(setup, bounds, program, &recipe, EVENTS) else {
        return failure;
    };
    match last.finding.clone() {
        Some(told) if told.is_like(finding) => failure.finding = told,
        // A thread of the program's own does as it likes.
        _ => return failure,
    }
    failure.after = Some(Shown::of(&last));
    failure.token = Some(token(setup, recipe, &last).write());
    failure.story = Story::of(&last);
    failure
}

/// What replays a run.
pub(crate) fn token(setup: &Setup, recipe: Recipe, run: &Execution) -> Token {
    Token {
        level: setup.plan.level,
        early: setup.plan.early,
        recipe,
        fingerprint: Some(run.fingerprint as u32),
    }
}

fn shorten(
    setup: &Setup,
    bounds: &Bounds,
    program: &Program,
    recipe: &Recipe,
    finding: &Finding,
) -> Option<Shortened> {
    let mut setup = fresh(setup);
    // A shorter schedule need not take more steps than the one that it comes from, by far.
    setup.plan = Plan {
        patient: false,
        ..setup.plan
    };
    let deadline = system_now().saturating_add(to_nanos(bounds.minimise));
    let progress = setup.plan.progress.clone();
    let (program, recipe, finding) = (program.clone(), recipe.clone(), finding.clone());
    match on_fresh_thread(&progress, bounds.patience, move || {
        minimise(&setup, &program, recipe, &finding, deadline)
    }) {
        Ended::With(shortened) => Some(shortened),
        Ended::Stuck(_) => None,
    }
}
