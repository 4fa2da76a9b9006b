//! One run alone: with the choices of a string, or with a scheduler and a seed. It may be one that cannot be repeated.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::investigate::{stuck, token};
use crate::report::{Failure, Report, Shown};
use crate::schedule::Sched;
use crate::story::Story;
use crate::threads::{Ended, on_fresh_thread};
use crate::token::Token;
use gaggle_base::clock::system_now;
use std::time::Duration;

/// How many events are kept: few enough to stay close at hand, because one that cannot be repeated is noted from the beginning.
const EVENTS: usize = 5_000;

/// One run with the choices of a string.
pub(crate) fn replay(
    setup: &Setup,
    patience: Duration,
    program: &Program,
    wanted: Token,
) -> Report {
    let fingerprint = wanted.fingerprint;
    let (mut report, run) = alone(setup, patience, program, None, wanted.recipe);
    let Some(run) = run else { return report };
    if fingerprint.is_some_and(|wanted| wanted != run.fingerprint as u32) {
        report.notes.push(
            "the run was not the one that the schedule comes from: the program, or gaggle, has changed since, or it depends on something that the simulation does not rule"
                .to_owned(),
        );
    }
    report
}

/// One run with a scheduler.
pub(crate) fn single(
    setup: &Setup,
    patience: Duration,
    program: &Program,
    sched: Sched,
    seed: u64,
) -> Report {
    let recipe = Recipe {
        seed,
        choices: Vec::new(),
    };
    alone(setup, patience, program, Some(sched), recipe).0
}

fn alone(
    setup: &Setup,
    patience: Duration,
    program: &Program,
    sched: Option<Sched>,
    recipe: Recipe,
) -> (Report, Option<Execution>) {
    let begin = system_now();
    let mut report = Report::new(recipe.seed);
    let mut there = setup.clone();
    there.plan.trace = EVENTS;
    let progress = there.plan.progress.clone();
    let program = program.clone();
    let ended = on_fresh_thread(&progress, patience, move || {
        let mut strategy = sched.map(Sched::strategy);
        if let Some(strategy) = &mut strategy {
            strategy.begin(recipe.seed);
        }
        let strategy = strategy.as_deref_mut().map(|s| s as _);
        Stage::new().execute(&there, &recipe, strategy, program())
    });
    report.schedules = 1;
    report.elapsed = Duration::from_nanos(system_now() - begin);
    let run = match ended {
        Ended::With(run) => run,
        Ended::Stuck(goroutine) => {
            report.failure = Some(Failure::bare(stuck(goroutine, patience)));
            return (report, None);
        }
    };
    report.steps = run.steps;
    report.reached.clone_from(&run.reached);
    if let Some(finding) = &run.finding {
        let mut failure = Failure::bare(finding.clone());
        failure.found_by = sched;
        failure.before = Some(Shown::of(&run));
        failure.after = failure.before;
        failure.token = Some(token(setup, run.recipe(), &run).write());
        failure.story = Story::of(&run);
        report.failure = Some(failure);
    }
    (report, Some(run))
}
