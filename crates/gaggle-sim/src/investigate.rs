//! A run is repeated: to see that it comes out the same, and, if it has gone wrong, to shorten it and to note what happens.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::explore::{Bounds, Sample, fresh};
use crate::finding::{Class, Finding};
use crate::minimise::{Shortened, minimise};
use crate::report::{Failure, Shown};
use crate::schedule::Sched;
use crate::story::Story;
use crate::threads::{Ended, disturb_heap, on_fresh_thread};
use crate::token::Token;
use gaggle_base::clock::{system_now, to_nanos};
use gaggle_rt::stepped::Plan;
use std::time::Duration;

/// How many events of the last run are kept.
const EVENTS: usize = 100_000;

/// A goroutine has not given its thread back.
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
pub(crate) fn differs(
    setup: &Setup,
    bounds: &Bounds,
    program: &Program,
    sample: &Sample,
) -> Option<Finding> {
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
pub(crate) fn investigate(
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
