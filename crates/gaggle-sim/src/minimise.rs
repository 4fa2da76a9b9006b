//! A shorter list of choices with the same end.
//!
//! The dull choice is 0, and a list that ends is followed by dull ones; so every list can be run, whatever is done to it.
//! What is tried, until nothing helps or the time is over: to make choices dull, half of the others at a time, then a quarter, down to one (delta debugging, Zeller 1999); to leave stretches out, or to move the rest by one; to take a lower option.
//! What is left may still be a detour: so at last all lists with one choice that is not dull are tried, then all with two, and so on below what there is, as far as time allows.
//! That finds the fewest switches there can be (iterative context bounding, Musuvathi and Qadeer, PLDI 2007).
//! A list is accepted if the same thing goes wrong at the same place.

use crate::execute::{Program, Recipe, Setup, Stage};
use crate::finding::Finding;
use crate::record::Entry;
use gaggle_base::clock::{Nanos, system_now};

/// So many runs are enough.
const MOST_TRIES: u32 = 50_000;
/// So many lists are kept to be tried.
const MOST_LISTS: usize = 200_000;

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
    search.fewest();
    Shortened {
        recipe: search.best,
        tries: search.tries,
    }
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        system_now() >= self.deadline
    }

    /// Runs with these choices. Says whether they lead to the same end, and gives all choices of the run.
    fn try_out(&mut self, choices: Vec<u32>) -> (bool, Vec<Entry>) {
        self.tries += 1;
        let recipe = Recipe {
            seed: self.best.seed,
            choices,
        };
        let root = (self.program)();
        let execution = self.stage.execute(self.setup, &recipe, None, root);
        let found = execution.finding.as_ref();
        let same = found.is_some_and(|found| found.is_like(self.wanted));
        (same, execution.log)
    }

    /// Runs with these choices, and keeps them if they lead to the same end and are no longer.
    fn accepts(&mut self, choices: Vec<u32>) -> bool {
        let (same, log) = self.try_out(choices);
        let new = Recipe::of(self.best.seed, &log);
        self.stage.recycle(log);
        let better = same && weight(&new) < weight(&self.best);
        if better {
            self.best = new;
        }
        better
    }

    /// Looks for a list with fewer choices that are not dull than the best one has: by their number, so the first one that is found has the fewest.
    fn fewest(&mut self) {
        // Lists that end with a choice that is not dull.
        let mut level: Vec<Vec<u32>> = vec![Vec::new()];
        for others in 0..weight(&self.best).0 {
            let mut next = Vec::new();
            for list in level {
                if self.is_over() || self.tries > MOST_TRIES {
                    return;
                }
                let begin = list.len();
                let (same, log) = self.try_out(list);
                if same {
                    self.best = Recipe::of(self.best.seed, &log);
                    return;
                }
                if next.len() < MOST_LISTS && others + 1 < weight(&self.best).0 {
                    for (i, entry) in log.iter().enumerate().skip(begin) {
                        for chosen in 1..entry.options {
                            let before = log[..i].iter().map(|entry| entry.chosen);
                            next.push(before.chain([chosen]).collect());
                        }
                    }
                }
                self.stage.recycle(log);
            }
            level = next;
        }
    }

    /// Tries everything once. `true`: something has helped.
    fn round(&mut self) -> bool {
        let before = weight(&self.best);
        self.make_dull();
        self.shift();
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

    /// Without one switch the choices after it may be one more or one fewer.
    fn shift(&mut self) {
        let mut at = 0;
        while at < self.best.choices.len() && !self.is_over() {
            if self.best.choices[at] > 0 {
                let mut more = self.best.choices.clone();
                more[at] = 0;
                let mut fewer = more.clone();
                more.insert(at, 0);
                fewer.remove(at);
                let _ = self.accepts(more) || self.accepts(fewer);
            }
            at += 1;
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
