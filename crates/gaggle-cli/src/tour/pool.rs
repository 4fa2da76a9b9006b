//! Stop `pool`: the tutorial's worker pool.

use std::collections::BTreeMap;
use std::io;

use super::{ascends, how_often, in_words};
use crate::args::PoolArgs;
use crate::out::{counted, thousands};
use crate::picture::checks::Check;
use crate::picture::lanes::Labels;
use crate::picture::orders::{OrderCount, Orders};
use crate::picture::table::Table;
use crate::programs::pool;
use crate::record::Recording;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "pool",
    title: "the worker pool",
    rows: &[12, 9, 10, 11],
    source: "examples/pool.rs",
    question: "Workers take jobs from one channel and send results into another. Which worker gets which job, and do the \
               results come in the order of the jobs?",
};

const LABELS: Labels = Labels {
    name: |event| match job(&event.line) {
        Some((worker, _)) => format!("Worker {worker}"),
        None => "main".to_owned(),
    },
    mark: |event| {
        let mark = match job(&event.line) {
            Some((_, job)) => job.to_string(),
            None => format!("={}", event.line.strip_prefix("Result: ")?),
        };
        Some(mark)
    },
    legend: "A number in a worker's lane is a job, =n in main's lane is a result.",
};

/// The statements that are tried on each run.
struct Checks {
    each_once: Check,
    doubled: Check,
    rising: Check,
    results_in_order: Check,
    nobody_idle: Check,
}

pub(crate) fn report(stage: &Stage, args: &PoolArgs) -> io::Result<Report> {
    let runs = stage.runs(100);
    let (workers, jobs, capacity) = (
        args.workers_in_pool as usize,
        args.jobs,
        args.capacity as usize,
    );
    let mut checks = Checks::new(jobs);
    let mut takers = OrderCount::default();
    let mut results = OrderCount::default();
    let played = stage.repeat(
        runs,
        || pool::pool(workers, jobs, capacity),
        |recording| {
            let taken = taken(recording);
            let returned = recording.numbers("Result: ");
            checks.tried(&taken, &returned, workers, jobs);
            let mut by_job = taken;
            by_job.sort_unstable_by_key(|&(_, job)| job);
            takers.add(in_words(
                &by_job.iter().map(|&(worker, _)| worker).collect::<Vec<_>>(),
            ));
            results.add(in_words(&returned));
        },
    )?;

    let takers = takers.finish(&format!("Worker of job 1, 2, .. {jobs}"));
    let results = results.finish("Orders of the results");
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = answer(&checks, &takers, &results, runs, played.workers);
    report.table = share(&played.recording);
    report
        .options
        .insert("workers_in_pool", args.workers_in_pool.into());
    report.options.insert("jobs", jobs);
    report.options.insert("capacity", args.capacity.into());
    report.show(played.recording, Some(LABELS));
    report.orders = vec![takers, results];
    report.checks = checks.into();
    Ok(report)
}

impl Checks {
    fn new(jobs: u64) -> Self {
        let results = match jobs {
            0 => "there are no results".to_owned(),
            1..=8 => {
                let all: Vec<String> = (1..=jobs).map(|j| (j * 2).to_string()).collect();
                format!("the results are {}, in some order", all.join(", "))
            }
            _ => format!("the results are 2, 4, .. {}, in some order", jobs * 2),
        };
        Self {
            each_once: Check::guaranteed("each job is processed once, by one worker"),
            doubled: Check::guaranteed(results),
            rising: Check::guaranteed(
                "each worker gets its jobs in the order in which they were sent",
            ),
            results_in_order: Check::by_chance("the results come in the order of the jobs"),
            nobody_idle: Check::by_chance("every worker gets a job"),
        }
    }

    fn tried(&mut self, taken: &[(usize, u64)], returned: &[u64], workers: usize, jobs: u64) {
        let mut all: Vec<u64> = taken.iter().map(|&(_, job)| job).collect();
        all.sort_unstable();
        self.each_once.tried(all.iter().copied().eq(1..=jobs));

        self.results_in_order.tried(ascends(returned));
        let mut sorted = returned.to_vec();
        sorted.sort_unstable();
        self.doubled
            .tried(sorted.iter().copied().eq((1..=jobs).map(|j| j * 2)));

        let mut last = vec![0; workers + 1];
        let mut rising = true;
        for &(worker, job) in taken {
            match last.get_mut(worker) {
                Some(before) if *before < job => *before = job,
                _ => rising = false,
            }
        }
        self.rising.tried(rising);
        self.nobody_idle
            .tried(last.iter().skip(1).all(|&job| job > 0));
    }
}

impl From<Checks> for Vec<Check> {
    fn from(checks: Checks) -> Self {
        vec![
            checks.each_once,
            checks.doubled,
            checks.rising,
            checks.results_in_order,
            checks.nobody_idle,
        ]
    }
}

fn answer(checks: &Checks, takers: &Orders, results: &Orders, runs: u32, threads: usize) -> String {
    let threads = counted(threads as u64, "worker thread", "worker threads");
    let fixed = if checks.doubled.is_broken() || checks.each_once.is_broken() {
        "Something is wrong: a job was lost or done twice."
    } else {
        "What never changed is the set of results: each job was done once."
    };
    if runs == 1 {
        return format!(
            "Whoever was free took the next job, on {threads}; the results came in the order of the jobs {}. {fixed}",
            how_often(checks.results_in_order.held, runs)
        );
    }
    format!(
        "Whoever is free takes the next job. In {} runs on {threads}, the jobs were shared out in {} and the results came in {}; \
         they were in the order of the jobs {}. {fixed} If the order of the results matters, send the job's \
         number along and sort.",
        thousands(runs.into()),
        counted(takers.different as u64, "way", "different ways"),
        counted(results.different as u64, "order", "different orders"),
        how_often(checks.results_in_order.held, runs),
    )
}

/// Who did how much in this run.
fn share(recording: &Recording) -> Option<Table> {
    const ROWS: usize = 10;
    let mut jobs: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (worker, job) in taken(recording) {
        jobs.entry(worker).or_default().push(job);
    }
    if jobs.is_empty() || jobs.len() > ROWS {
        return None;
    }
    let mut table = Table::new(&["worker", "jobs", "which"]);
    for (worker, jobs) in jobs {
        let which = crate::picture::cut(&in_words(&jobs), 40);
        table.row([format!("Worker {worker}"), jobs.len().to_string(), which]);
    }
    Some(table)
}

/// Worker and job of each line that says so.
fn taken(recording: &Recording) -> Vec<(usize, u64)> {
    recording.lines().filter_map(job).collect()
}

fn job(line: &str) -> Option<(usize, u64)> {
    let (worker, job) = line
        .strip_prefix("Worker ")?
        .split_once(" processing job ")?;
    Some((worker.parse().ok()?, job.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_line_is_understood() {
        assert_eq!(job("Worker 3 processing job 5"), Some((3, 5)));
        assert_eq!(job("Result: 10"), None);
    }

    #[test]
    fn a_lost_job_breaks_a_guarantee() {
        let mut checks = Checks::new(3);
        checks.tried(&[(1, 1), (2, 2), (1, 3)], &[2, 6, 4], 2, 3);
        assert!(
            !checks.each_once.is_broken()
                && !checks.doubled.is_broken()
                && !checks.rising.is_broken()
        );
        assert_eq!(checks.results_in_order.held, 0);
        checks.tried(&[(1, 1), (1, 3)], &[2, 6], 2, 3);
        assert!(checks.each_once.is_broken() && checks.doubled.is_broken());
        assert_eq!(checks.nobody_idle.held, 1);
    }
}
