//! What must hold for each entry, and what is measured on the way.

use crate::measure::{self, columns};
use crate::{Entry, table};
use gaggle::sim::{Class, Preempt, Report, Sched};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// How much is done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The first base seed.
    pub from: u64,
    /// How many base seeds.
    pub seeds: u64,
    /// In how many processes of their own the token of the first seed is replayed.
    pub fresh: u32,
    /// How many schedules the version without the bug must survive.
    pub survives: u64,
    /// Write what was found to the golden files.
    pub bless: bool,
    /// Compare the schedulers.
    pub compare: bool,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            from: 1,
            seeds: 100,
            fresh: 25,
            survives: 50_000,
            bless: false,
            compare: true,
        }
    }
}

/// What came of one entry.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Which it is.
    pub entry: Entry,
    /// What it was reported as, with the first seed.
    pub class: Option<Class>,
    /// The median number of schedules to the first finding, by column; `None`: it was not found in most searches.
    pub medians: Vec<Option<u64>>,
    /// Depth first, once.
    pub dfs: Option<u64>,
    /// The most schedules that a seed needed with the portfolio, of those that found it.
    pub worst: Option<u64>,
    /// How many of the seeds found it.
    pub found: u64,
    /// The most preemptions that a shortened schedule had.
    pub preemptions: usize,
    /// In how many ways it was told.
    pub tellings: usize,
    /// How long it took.
    pub took: Duration,
    /// The parts of that: compare, find, replay in fresh processes, survive.
    pub parts: [Duration; 4],
    /// What does not hold.
    pub problems: Vec<String>,
}

/// Does all that the plan says with one entry.
#[must_use]
pub fn check(entry: &Entry, plan: &Plan) -> Outcome {
    let mut outcome = Outcome {
        entry: *entry,
        class: None,
        medians: Vec::new(),
        dfs: None,
        worst: None,
        found: 0,
        preemptions: 0,
        tellings: 0,
        took: Duration::ZERO,
        parts: [Duration::ZERO; 4],
        problems: Vec::new(),
    };
    let begin = Instant::now();
    let mut last = begin;
    let mut lap = || {
        let part = last.elapsed();
        last = Instant::now();
        part
    };
    let portfolio = find_all(entry, plan, &mut outcome);
    outcome.parts[1] = lap();
    if plan.compare {
        compare(entry, plan, &portfolio.counts, &mut outcome);
    }
    outcome.parts[0] = lap();
    if let Some(report) = &portfolio.first {
        golden(entry, report, plan.bless, &mut outcome.problems);
        if entry.replays() {
            replay_afresh(entry, report, plan, &mut outcome.problems);
        }
        outcome.parts[2] = lap();
    }
    let fixed = measure::survives(entry, plan.from, plan.survives);
    if fixed.ok() && fixed.schedules() < plan.survives {
        let text = format!("(e) there were {} schedules only", fixed.schedules());
        outcome.problems.push(text);
    }
    if let Some(finding) = fixed.finding() {
        outcome.problems.push(format!(
            "(e) the fixed version fails after {} schedules: {finding}",
            fixed.schedules()
        ));
    }
    outcome.parts[3] = lap();
    outcome.took = begin.elapsed();
    outcome
}

struct Portfolio {
    first: Option<Report>,
    counts: Vec<Option<u64>>,
}

/// With each seed: is it found, as what, and how short does the schedule become?
fn find_all(entry: &Entry, plan: &Plan, outcome: &mut Outcome) -> Portfolio {
    let (mut first, mut counts, mut told) = (None, Vec::new(), BTreeSet::new());
    for seed in (plan.from..).take(plan.seeds as usize) {
        let report = measure::find(entry, seed);
        let Some(finding) = report.finding() else {
            counts.push(None);
            continue;
        };
        counts.push(Some(report.schedules()));
        told.insert(measure::told(finding));
        if !entry.classes.contains(&finding.class()) {
            let text = format!("(b) seed {seed} is reported as: {finding}");
            outcome.problems.push(text);
        }
        let again = |token| measure::replays(entry, token, finding, 1) == 1;
        if entry.replays() && !report.token().is_some_and(again) {
            let text = format!("(c) seed {seed} cannot be replayed: {report}");
            outcome.problems.push(text);
        }
        let preemptions = report.preemptions().unwrap_or(0);
        outcome.preemptions = outcome.preemptions.max(preemptions);
        // What is shown is what it is first of all.
        let best = entry.classes.first();
        let is_better = outcome.class.as_ref() != best && best == Some(&finding.class());
        if first.is_none() || is_better {
            outcome.class = Some(finding.class());
            first = Some(report);
        }
    }
    outcome.found = counts.iter().flatten().count() as u64;
    outcome.worst = counts.iter().copied().flatten().max();
    outcome.tellings = told.len();
    // 99 of 100.
    if (plan.seeds - outcome.found) * 100 > plan.seeds {
        outcome.problems.push(format!(
            "(a) found with {} of {} seeds, within {} schedules",
            outcome.found, plan.seeds, entry.limit
        ));
    }
    if outcome.preemptions > entry.preemptions {
        outcome.problems.push(format!(
            "(d) a shortened schedule has {} preemptions",
            outcome.preemptions
        ));
    }
    Portfolio { first, counts }
}

/// The median, if more than half of them have found it.
fn median(mut counts: Vec<Option<u64>>) -> Option<u64> {
    // `None` is more than any number.
    counts.sort_by_key(|count| count.unwrap_or(u64::MAX));
    counts.get(counts.len() / 2).copied().flatten()
}

fn compare(entry: &Entry, plan: &Plan, portfolio: &[Option<u64>], outcome: &mut Outcome) {
    // It shows in each schedule, and each costs real time.
    let seeds = if entry.classes.contains(&Class::Stuck) {
        plan.seeds.div_ceil(20)
    } else {
        plan.seeds
    };
    let count = |seed, sched| {
        let report = measure::search(entry, seed, Some(sched));
        report.finding().map(|_| report.schedules())
    };
    for (name, sched) in columns() {
        let counts = match sched {
            None => portfolio.to_vec(),
            Some(sched) if name == "fifo" => vec![count(1, sched)],
            Some(sched) => {
                let mut counts = Vec::new();
                let mut missed = 0;
                for n in 1..=seeds {
                    let one = count(plan.from + n - 1, sched);
                    missed += u64::from(one.is_none());
                    counts.push(one);
                    // More than half; or none of the first dozen, which is the same, as good as certain.
                    if missed * 2 > seeds + 1 || (missed == n && n == 12) {
                        break;
                    }
                }
                counts
            }
        };
        outcome.medians.push(median(counts));
    }
    outcome.dfs = count(1, Sched::dfs());
}

fn golden_file(entry: &Entry) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    folder.join(format!("{}.txt", entry.id))
}

fn golden(entry: &Entry, report: &Report, bless: bool, problems: &mut Vec<String>) {
    let told = report.finding().map(measure::told).unwrap_or_default() + "\n";
    let file = golden_file(entry);
    if bless {
        if let Err(error) = fs::write(&file, &told) {
            problems.push(format!("(b) {} cannot be written: {error}", file.display()));
        }
        return;
    }
    match fs::read_to_string(&file) {
        Ok(expected) if expected == told => {}
        Ok(expected) => problems.push(format!(
            "(b) the report has changed; `--bless` writes it anew\n--- expected\n{expected}--- found\n{told}"
        )),
        Err(error) => problems.push(format!("(b) {}: {error}", file.display())),
    }
}

fn replay_afresh(entry: &Entry, report: &Report, plan: &Plan, problems: &mut Vec<String>) {
    let (Some(finding), Some(token)) = (report.finding(), report.token()) else {
        return;
    };
    let expected = measure::told_each_time(&measure::told(finding));
    for n in 1..=plan.fresh {
        let problem = match measure::replay_afresh(entry, token) {
            Ok(told) if told == expected => continue,
            Ok(told) => format!("(c) fresh process {n} says\n{told}\n--- and not\n{expected}"),
            Err(error) => format!("(c) no fresh process: {error}"),
        };
        problems.push(problem);
        return;
    }
}

/// Is the level of the entry the least one at which the bug shows?
#[must_use]
pub fn shows_earlier(entry: &Entry, schedules: u64) -> bool {
    entry.level == Preempt::EveryOp && !measure::find_at_await(entry, schedules).ok()
}

/// The first lines of what does not hold, for all.
#[must_use]
pub fn problems(outcomes: &[Outcome]) -> Vec<String> {
    let of = |o: &Outcome| {
        let id = table::id(&o.entry);
        let text = move |problem: &String| format!("{id}: {problem}");
        o.problems.iter().map(text).collect::<Vec<_>>()
    };
    outcomes.iter().flat_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn what_is_not_found_is_later_than_anything_found() {
        assert_eq!(median(vec![Some(9), None, Some(3)]), Some(9));
        assert_eq!(median(vec![None, None, Some(3)]), None);
        assert_eq!(median(vec![]), None);
    }
}
