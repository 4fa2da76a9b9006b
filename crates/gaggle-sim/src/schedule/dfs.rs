//! All schedules, one after the other: depth first, with a bound on preemptions.
//!
//! A run is a list of choices. The next run repeats it up to the last choice that has an option left, takes that option there, and the dull ones after it.

use super::Strategy;
use crate::record::Entry;
use gaggle_base::steps::Kind;
use gaggle_rt::stepped::Choice;

pub(super) struct Dfs {
    bound: u32,
    path: Vec<u32>,
    at: usize,
    runs: u64,
    complete: bool,
    /// Something was left out because of the bound.
    bounded: bool,
}

impl Dfs {
    pub(super) fn new(bound: u32) -> Self {
        Self {
            bound,
            path: Vec::new(),
            at: 0,
            runs: 0,
            complete: false,
            bounded: false,
        }
    }
}

fn is_preemption(entry: &Entry) -> bool {
    entry.kind == Kind::Switch && entry.chosen > 0
}

impl Strategy for Dfs {
    fn begin(&mut self, _seed: u64) {
        self.at = 0;
    }

    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let chosen = self.path.get(self.at).copied().unwrap_or(0) as usize;
        self.at += 1;
        // A program that is not the same each time may have fewer options here now.
        chosen.min(choice.options - 1)
    }

    fn end(&mut self, log: &[Entry], _steps: u64) -> bool {
        self.runs += 1;
        let mut preemptions = log.iter().filter(|entry| is_preemption(entry)).count() as u32;
        for (i, entry) in log.iter().enumerate().rev() {
            preemptions -= u32::from(is_preemption(entry));
            let one_more = entry.kind == Kind::Switch;
            if entry.chosen + 1 >= entry.options {
                continue;
            }
            if one_more && preemptions >= self.bound {
                self.bounded = true;
                continue;
            }
            self.path.clear();
            self.path.extend(log[..i].iter().map(|entry| entry.chosen));
            self.path.push(entry.chosen + 1);
            return true;
        }
        self.complete = true;
        false
    }

    fn verdict(&self) -> Option<String> {
        let runs = self.runs;
        Some(match (self.complete, self.bounded) {
            (true, false) => format!("dfs: complete: {runs} schedules"),
            (true, true) => format!(
                "dfs: complete: {runs} schedules with at most {} preemptions",
                self.bound
            ),
            (false, _) => format!("dfs: not complete after {runs} schedules"),
        })
    }
}
