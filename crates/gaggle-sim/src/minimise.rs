//! A shorter list of choices with the same end.
//!
//! The dull choice is 0, and a list that ends is followed by dull ones; so every list can be run, whatever is done to it.
//! What is tried, until nothing helps or the time is over: to make choices dull, half of the others at a time, then a quarter, down to one (delta debugging, Zeller 1999); to leave stretches out; to take a lower option.
//!
//! That can end far from the shortest list: a choice that is made dull gives all later ones another meaning, so one of many switches can seldom go alone.
//! But most bugs need one or two switches only. So if more are left, all lists with one choice that is not dull are tried from scratch, and then those with two, as far as a budget goes.
//! At last it is tried to do without one choice and to have another one elsewhere.
//! A list is accepted if the same thing goes wrong at the same place.

use crate::execute::{Execution, Program, Recipe, Setup, Stage};
use crate::finding::Finding;
use crate::record::Entry;
use gaggle_base::clock::{Nanos, system_now};

/// What came of it.
pub(crate) struct Shortened {
    pub(crate) recipe: Recipe,
    pub(crate) tries: u32,
}

/// Lists with so many choices that are not dull are tried from scratch.
const FEW: usize = 2;
/// For each such number, so many lists.
const BUDGET: u32 = 3_000;
/// In a choice with more options, only so many of them: those that have been ready longest.
const OPTIONS: u32 = 4;
/// With more choices that are not dull there would be too many pairs.
const EXCHANGED: usize = 8;

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
    for most in 1..=FEW {
        if search.others() <= most {
            break;
        }
        let mut budget = BUDGET;
        search.few(&[], most, &mut budget);
    }
    while search.others() > 1 && search.exchange() {
        while search.round() {}
    }
    Shortened {
        recipe: search.best,
        tries: search.tries,
    }
}

impl Search<'_> {
    fn is_over(&self) -> bool {
        system_now() >= self.deadline
    }

    /// How many choices are not dull.
    fn others(&self) -> usize {
        weight(&self.best).0
    }

    /// Runs with these choices, and keeps them if they lead to the same end and are no longer.
    fn accepts(&mut self, choices: Vec<u32>) -> bool {
        let (better, log) = self.attempt(choices);
        self.stage.recycle(log);
        better
    }

    /// As [`accepts`](Self::accepts), with the choices that there were.
    fn attempt(&mut self, choices: Vec<u32>) -> (bool, Vec<Entry>) {
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
        let better = same && weight(&new) < weight(&self.best);
        if better {
            self.best = new;
        }
        (better, log)
    }

    /// Tries the lists that begin with `prefix` and have up to `most` more choices that are not dull. `true`: one helps.
    fn few(&mut self, prefix: &[u32], most: usize, budget: &mut u32) -> bool {
        if *budget == 0 || self.is_over() {
            return false;
        }
        *budget -= 1;
        let (better, log) = self.attempt(prefix.to_vec());
        if better {
            return true;
        }
        if most == 0 {
            self.stage.recycle(log);
            return false;
        }
        for (at, entry) in log.iter().enumerate().skip(prefix.len()) {
            for chosen in 1..entry.options.min(OPTIONS) {
                let mut list = prefix.to_vec();
                list.resize(at, 0);
                list.push(chosen);
                if self.few(&list, most - 1, budget) {
                    return true;
                }
            }
        }
        false
    }

    /// Makes one choice dull and moves another one. `true`: that helps.
    fn exchange(&mut self) -> bool {
        let others: Vec<usize> = (0..self.best.choices.len())
            .filter(|i| self.best.choices[*i] > 0)
            .collect();
        if others.len() > EXCHANGED {
            return false;
        }
        let mut budget = BUDGET;
        for gone in &others {
            for moved in others.iter().filter(|moved| *moved != gone) {
                let mut rest = self.best.choices.clone();
                (rest[*gone], rest[*moved]) = (0, 0);
                for at in 0..rest.len() {
                    for chosen in 1..OPTIONS {
                        if budget == 0 || self.is_over() {
                            return false;
                        }
                        budget -= 1;
                        let mut choices = rest.clone();
                        choices[at] = chosen;
                        if self.accepts(choices) {
                            return true;
                        }
                    }
                }
            }
        }
        false
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

#[cfg(test)]
mod tests {
    use crate::builder::Builder;
    use gaggle_rt::{go, yield_now};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    #[test]
    fn of_many_switches_that_hang_together_only_those_that_are_needed_stay() {
        let program = || async {
            let last = Arc::new(AtomicU32::new(0));
            let all: Vec<_> = (0..20)
                .map(|n| {
                    let last = last.clone();
                    go(async move {
                        for _ in 0..2 {
                            crate::point().await;
                        }
                        last.store(n, Ordering::Relaxed);
                    })
                })
                .collect();
            for one in all {
                one.await.unwrap();
            }
            yield_now().await;
            assert_ne!(last.load(Ordering::Relaxed), 7);
        };
        for seed in 0..5 {
            let report = Builder::new().seed(seed).schedules(2_000).run(program);
            assert!(report.preemptions().is_some_and(|n| n <= 1), "{report}");
        }
    }
}
