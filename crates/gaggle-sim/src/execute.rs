//! One run, and what was wrong with it.

use crate::finding::{Expect, Finding, judge};
use crate::hook;
use crate::record::{Entry, Recorder};
use crate::schedule::Strategy;
use gaggle_base::site::Site;
use gaggle_rt::stepped::{Event, Plan, Stepped};
use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;

/// The future of the root; its output is what is to be the same in each repetition.
pub(crate) type Root = Pin<Box<dyn Future<Output = String> + Send>>;

/// A program that can be run again and again.
pub(crate) type Program = Arc<dyn Fn() -> Root + Send + Sync>;

/// What is the same for all runs of a program.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) plan: Plan,
    /// How probable it is that a timer fires early.
    pub(crate) early: f64,
    pub(crate) expect: Expect,
    /// Panics are printed as they come.
    pub(crate) aloud: bool,
    /// Where the root is started.
    pub(crate) site: Site,
}

/// What makes one run of a program what it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recipe {
    /// For `sim::rand`.
    pub(crate) seed: u64,
    /// The choices, as far as they were not the dull ones.
    pub(crate) choices: Vec<u32>,
}

impl Recipe {
    pub(crate) fn of(seed: u64, log: &[Entry]) -> Self {
        let used = log
            .iter()
            .rposition(|entry| entry.chosen > 0)
            .map_or(0, |last| last + 1);
        Self {
            seed,
            choices: log[..used].iter().map(|entry| entry.chosen).collect(),
        }
    }
}

/// What came of one run.
#[derive(Debug)]
pub(crate) struct Execution {
    pub(crate) finding: Option<Finding>,
    pub(crate) seed: u64,
    pub(crate) log: Vec<Entry>,
    pub(crate) steps: u64,
    pub(crate) fingerprint: u64,
    /// What the root has given.
    pub(crate) output: Option<String>,
    pub(crate) events: Vec<Event>,
    pub(crate) names: BTreeMap<u64, String>,
    pub(crate) reached: BTreeMap<&'static str, u64>,
}

impl Execution {
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe::of(self.seed, &self.log)
    }

    /// How many times a goroutine that could go on had to let another one run.
    pub(crate) fn preemptions(&self) -> usize {
        let is = |e: &&Entry| e.kind == gaggle_base::steps::Kind::Switch && e.chosen > 0;
        self.log.iter().filter(is).count()
    }
}

/// The place where runs take place one after the other, on one thread.
pub(crate) struct Stage {
    stepped: Stepped,
    /// A log that is used again.
    log: Vec<Entry>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self {
            stepped: Stepped::new(),
            log: Vec::new(),
        }
    }

    /// Gives a log back that nobody needs.
    pub(crate) fn recycle(&mut self, mut log: Vec<Entry>) {
        log.clear();
        self.log = log;
    }

    /// One run. The choices come from the recipe, then from `strategy`.
    pub(crate) fn execute<'a>(
        &mut self,
        setup: &Setup,
        recipe: &'a Recipe,
        strategy: Option<&'a mut dyn Strategy>,
        root: Root,
    ) -> Execution {
        let log = std::mem::take(&mut self.log);
        let mut recorder = Recorder::new(&recipe.choices, strategy, setup.early, recipe.seed, log);
        let (run, notes) = hook::noting(setup.aloud, || {
            self.stepped
                .run(&setup.plan, &mut recorder, root, setup.site)
        });
        let finding = judge(&run, &notes, setup.expect);
        Execution {
            finding,
            seed: recipe.seed,
            log: recorder.log,
            steps: run.steps,
            fingerprint: run.fingerprint,
            output: run.output.and_then(Result::ok),
            events: run.events,
            names: run.names,
            reached: run.reached,
        }
    }
}
