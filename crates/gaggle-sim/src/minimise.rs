//! A shorter list of choices with the same end.
//!
//! The dull choice is 0, and a list that ends is followed by dull ones; so every list can be run, whatever is done to it.
//! What is tried, until nothing helps or the time is over: to make choices dull, half of the others at a time, then a quarter, down to one (delta debugging, Zeller 1999); to leave stretches out; to take a lower option.
//! A list is accepted if the same thing goes wrong at the same place.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::finding::Finding;
use gaggle_base::clock::{Nanos, system_now};

/// What came of it.
pub(crate) struct Shortened {
    pub(crate) recipe: Recipe,
    pub(crate) tries: u32,
}

struct Search<'a> {
    stage: Stage,
    setup: &'a Setup,
    program: &'a Program,
    wanted: &'a Finding,
    deadline: Nanos,
    tries: u32,
    best: Recipe,
}

/// Shortens `recipe`, which leads to `wanted`.
pub(crate) fn minimise(
    setup: &Setup,
    program: &Program,
    recipe: Recipe,
    wanted: &Finding,
    deadline: Nanos,
) -> Shortened {
    let mut search = Search {
        stage: Stage::new(),
        setup,
        program,
        wanted,
        deadline,
        tries: 0,
        best: recipe,
    };
    while search.round() {}
    Shortened {
        recipe: search.best,
        tries: search.tries,
    }
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        system_now() >= self.deadline
    }

    /// Runs with these choices, and keeps them if they lead to the same end and are no longer.
    fn accepts(&mut self, choices: Vec<u32>) -> bool {
        self.tries += 1;
        let recipe = Recipe {
            seed: self.best.seed,
            choices,
        };
        let execution = self
            .stage
            .execute(self.setup, &recipe, None, (self.program)());
        let same = execution
            .finding
            .as_ref()
            .is_some_and(|found| found.is_like(self.wanted));
        let Execution { log, seed, .. } = execution;
        let new = Recipe::of(seed, &log);
        self.stage.recycle(log);
        let better = same && weight(&new) < weight(&self.best);
        if better {
            self.best = new;
        }
        better
    }

    /// Tries everything once. `true`: something has helped.
    fn round(&mut self) -> bool {
        let before = weight(&self.best);
        self.make_dull();
        self.leave_out();
        self.lower();
        weight(&self.best) < before && !self.is_over()
    }

    fn make_dull(&mut self) {
        let mut size = self.best.choices.len().next_power_of_two();
        while size > 0 {
            let mut at = 0;
            loop {
                // The positions of the choices that are not dull, as they are now.
                let others: Vec<usize> = (0..self.best.choices.len())
                    .filter(|i| self.best.choices[*i] > 0)
                    .collect();
                if at >= others.len() || self.is_over() {
                    break;
                }
                let chunk = &others[at..(at + size).min(others.len())];
                let mut choices = self.best.choices.clone();
                for i in chunk {
                    choices[*i] = 0;
                }
                if !self.accepts(choices) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn leave_out(&mut self) {
        let mut size = (self.best.choices.len() / 2).min(1 << 10);
        while size > 0 {
            let mut at = 0;
            while at < self.best.choices.len() && !self.is_over() {
                let mut choices = self.best.choices.clone();
                choices.drain(at..(at + size).min(choices.len()));
                if !self.accepts(choices) {
                    at += size;
                }
            }
            size /= 2;
        }
    }

    fn lower(&mut self) {
        let mut at = 0;
        while at < self.best.choices.len() && !self.is_over() {
            let chosen = self.best.choices[at];
            for lower in 1..chosen.min(8) {
                let mut choices = self.best.choices.clone();
                choices[at] = lower;
                if self.accepts(choices) {
                    break;
                }
            }
            at += 1;
        }
    }
}

/// What is to become small: first the number of choices that are not dull, then the length, then the options.
fn weight(recipe: &Recipe) -> (usize, usize, u64) {
    let others = recipe.choices.iter().filter(|chosen| **chosen > 0).count();
    let sum = recipe.choices.iter().map(|chosen| u64::from(*chosen)).sum();
    (others, recipe.choices.len(), sum)
}
