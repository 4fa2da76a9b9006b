//! Random priorities with a few points of change (PCT, ASPLOS 2010).
//!
//! Every goroutine gets a random priority when it is first seen, and of those that are ready the highest runs.
//! At `depth - 1` choices, drawn beforehand from as many as the longest run of late had, the one that runs gets the lowest priority of all.
//! A goroutine that gives way of its own accord does too: else one that spins until another has done something would spin for ever.

use super::Strategy;
use super::random::any;
use crate::record::Entry;
use gaggle_base::rng::Rng;
use gaggle_base::steps::Kind;
use gaggle_rt::stepped::Choice;
use std::collections::HashMap;

/// How many choices the first run is taken to have. If there are fewer, the next run knows: a point of change after the end changes nothing.
const FIRST: u32 = 8;
/// A run that was longer than the others is forgotten by this part of it with each that follows.
const FADES: u32 = 16;

pub(super) struct Pct {
    depth: u32,
    rng: Rng,
    /// By goroutine; higher runs first.
    priorities: HashMap<u64, i64>,
    /// The next priority below all others.
    lowest: i64,
    /// At which choices about who runs the priorities change.
    changes: Vec<u32>,
    /// How many such choices there were in this run.
    at: u32,
    /// How many there were in the longest of late.
    longest: u32,
}

impl Pct {
    pub(super) fn new(depth: u32) -> Self {
        Self {
            depth,
            rng: Rng::from_seed(0),
            priorities: HashMap::new(),
            lowest: -1,
            changes: Vec::new(),
            at: 0,
            longest: FIRST,
        }
    }

    fn priority(&mut self, goroutine: u64) -> i64 {
        let rng = &mut self.rng;
        *self
            .priorities
            .entry(goroutine)
            .or_insert_with(|| i64::from(rng.below(u32::MAX)))
    }

    fn demote(&mut self, goroutine: u64) {
        self.priorities.insert(goroutine, self.lowest);
        self.lowest -= 1;
    }
}

impl Strategy for Pct {
    fn begin(&mut self, seed: u64) {
        self.rng = Rng::from_seed(seed);
        self.priorities.clear();
        self.lowest = -1;
        self.at = 0;
        let longest = self.longest;
        let rng = &mut self.rng;
        self.changes = (1..self.depth).map(|_| rng.below(longest)).collect();
    }

    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let first = match choice.kind {
            Kind::Next => 0,
            Kind::Switch => 1,
            _ => return any(&mut self.rng, choice),
        };
        let (mut best, mut highest) = (0, i64::MIN);
        if first == 1 {
            highest = self.priority(choice.current);
        }
        for (i, ready) in choice.ready.iter().enumerate() {
            let priority = self.priority(ready.id);
            if priority > highest {
                (best, highest) = (i + first, priority);
            }
        }
        let change = self.changes.contains(&self.at);
        self.at += 1;
        if change {
            let runs = if first == 1 && best == 0 {
                choice.current
            } else {
                choice.ready[best - first].id
            };
            self.demote(runs);
            self.at -= 1;
            let at = self.at;
            self.changes.retain(|c| *c != at);
            return self.choose(choice);
        }
        best
    }

    fn yielded(&mut self, goroutine: u64) {
        self.demote(goroutine);
    }

    fn end(&mut self, _log: &[Entry], _steps: u64) -> bool {
        let fades = self.longest - self.longest.div_ceil(FADES);
        self.longest = self.at.max(fades).max(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_program_has_its_points_of_change_before_its_end() {
        let mut pct = Pct::new(2);
        let mut late = 0;
        for seed in 0..200 {
            pct.begin(seed);
            late += u32::from(seed >= 100 && pct.changes[0] >= 3);
            pct.at = if seed == 10 { 50 } else { 3 };
            pct.end(&[], 0);
        }
        // Also a while after one run that was longer.
        assert_eq!((late, pct.longest), (0, 3));
    }
}
