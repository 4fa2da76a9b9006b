//! Stop `million`: very many goroutines at the same time.

use std::io;

use crate::args::{ChildProgram, MillionArgs};
use crate::child::{self, Outcome};
use crate::out::{counted, duration, thousands};
use crate::picture::checks::Check;
use crate::picture::table::Table;
use crate::record::Event;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "million",
    title: "a million goroutines wait at the same time",
    rows: &[5, 2, 10],
    source: "examples/million.rs",
    question: "A goroutine is said to cost a fraction of a thread. How many can wait at the same time, what does one cost, \
               and how long does it take to wake them all?",
};

/// What one run cost.
#[derive(Clone, Copy, Debug, Default)]
struct Costs {
    start_ns: u64,
    release_ns: u64,
    bytes: Option<u64>,
}

pub(crate) fn report(stage: &Stage, args: &MillionArgs) -> io::Result<Report> {
    let runs = stage.runs(1);
    let count = args.count;
    let mut complete =
        Check::guaranteed("all of them wait at the same time, and one close releases all of them");
    let mut costs = Vec::new();
    let mut first = None;
    for nth in 0..runs {
        let outcome = child::run(stage, nth, ChildProgram::Million { number: count })?;
        let cost = costs_of(&outcome, count);
        complete.tried(cost.is_some() && outcome.status.success());
        costs.extend(cost);
        first.get_or_insert(outcome);
    }
    let Some(first) = first else {
        return Err(io::Error::other("no run was asked for"));
    };

    let start_ns = median(costs.iter().map(|c| c.start_ns));
    let release_ns = median(costs.iter().map(|c| c.release_ns));
    let bytes = costs.iter().map(|c| c.bytes).collect::<Option<Vec<u64>>>();
    let bytes = bytes.map(|all| median(all.into_iter()));

    let mut report = Report::new(&STOP, first.ended.workers, runs);
    let mut table = Table::new(&["", "all of them", "each"]);
    let each = |ns: u64| format!("{} ns", thousands(ns / count));
    table.row([
        "start, until all wait".into(),
        duration(start_ns),
        each(start_ns),
    ]);
    if let Some(bytes) = bytes {
        let mib = format!("{} MiB", thousands(bytes >> 20));
        table.row([
            "memory while they wait".into(),
            mib,
            format!("{} bytes", thousands(bytes / count)),
        ]);
        report.measured.insert("bytes_each", per(bytes, count));
    }
    table.row([
        "release, until all have ended".into(),
        duration(release_ns),
        each(release_ns),
    ]);
    report
        .measured
        .insert("start_ns_each", per(start_ns, count));
    report
        .measured
        .insert("release_ns_each", per(release_ns, count));
    report.table = Some(table);
    report.options.insert("count", count);
    report.answer = answer(&first, count, start_ns, release_ns, bytes, runs);
    report.checks = vec![complete];
    report.show(first.recording, None);
    Ok(report)
}

/// Reads the costs off the program's three lines: before, all wait, all ended.
fn costs_of(outcome: &Outcome, count: u64) -> Option<Costs> {
    let [before, waiting, ended] = outcome.recording.events.as_slice() else {
        return None;
    };
    let says = |event: &Event, end: &str| event.line == format!("All {count} {end}");
    if !says(waiting, "wait") || !says(ended, "have ended") {
        return None;
    }
    let bytes = waiting.resident_bytes.zip(before.resident_bytes);
    Some(Costs {
        start_ns: waiting.at_ns - before.at_ns,
        release_ns: ended.at_ns - waiting.at_ns,
        bytes: bytes.map(|(full, empty)| full.saturating_sub(empty)),
    })
}

fn answer(
    first: &Outcome,
    count: u64,
    start_ns: u64,
    release_ns: u64,
    bytes: Option<u64>,
    runs: u32,
) -> String {
    let goroutines = counted(count, "goroutine", "goroutines");
    let workers = counted(
        first.ended.workers as u64,
        "worker thread",
        "worker threads",
    );
    let threads = first.ended.os_threads.map_or_else(String::new, |threads| {
        format!(
            ", in a process with {}",
            counted(threads, "thread", "threads")
        )
    });
    let memory = bytes.map_or_else(
        || "How much memory they took, this system does not say.".to_owned(),
        |bytes| {
            format!(
                "Each took {} bytes of memory, as the operating system counts it: its state, its place in the channel's \
                 queue, and what it carries along.",
                thousands(bytes / count)
            )
        },
    );
    let medians = if runs > 1 {
        format!(
            " Figures are medians of {} processes.",
            thousands(runs.into())
        )
    } else {
        String::new()
    };
    format!(
        "{goroutines} waited at the same time on {workers}{threads}. {memory} Starting one took {} ns, and a single close \
         had all of them woken and ended in {}.{medians}",
        thousands(start_ns / count),
        duration(release_ns),
    )
}

fn median(values: impl Iterator<Item = u64>) -> u64 {
    let mut values: Vec<u64> = values.collect();
    values.sort_unstable();
    values.get(values.len() / 2).copied().unwrap_or(0)
}

#[expect(clippy::cast_precision_loss, reason = "an average for display")]
fn per(total: u64, count: u64) -> f64 {
    total as f64 / count as f64
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn the_median_ignores_outliers() {
        assert_eq!(median([5, 1_000, 6].into_iter()), 6);
        assert_eq!(median([].into_iter()), 0);
    }
}
