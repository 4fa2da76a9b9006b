//! Stop `parallel`: concurrency against parallelism.

use std::io;
use std::time::Duration;

use crate::args::ParallelArgs;
use crate::measure;
use crate::out::{counted, duration};
use crate::picture::checks::Check;
use crate::picture::table::Table;
use crate::programs::parallel;
use crate::record::Recording;
use crate::report::{Report, Stop};
use crate::stage::{self, Stage};

pub(crate) const STOP: Stop = Stop {
    name: "parallel",
    title: "concurrency is not parallelism",
    rows: &[1, 4],
    source: "examples/parallel.rs",
    question: "Concurrency is how a program is divided into tasks; parallelism is running them at the same time. \
               What changes when the same program gets more worker threads, and what does not?",
};

/// What one number of workers came to.
struct Side {
    workers: usize,
    wall: Vec<Duration>,
    cpu: Vec<Duration>,
}

pub(crate) fn report(stage: &Stage, args: &ParallelArgs) -> io::Result<Report> {
    let rounds = stage.runs(3);
    let processors = measure::processors();
    // On one processor a second worker cannot help; it is tried all the same, to show that.
    let many = stage.threads.unwrap_or(processors.max(2));
    let mut sides = [1, many].map(|workers| Side {
        workers,
        wall: Vec::new(),
        cpu: Vec::new(),
    });
    let mut same = Check::guaranteed("the results are the same on any number of workers");
    let mut shown: Option<Recording> = None;

    // The two take turns, so that a disturbance from outside meets both.
    let mut nth = 0;
    for _ in 0..rounds {
        for side in &mut sides {
            let echo = stage.echo(nth);
            nth += 1;

            let (pieces, size) = (args.pieces, args.size);
            let before = measure::cpu_time();
            let played = stage::once(Some(side.workers), echo, async move {
                parallel::parallel(pieces, size)
                    .await
                    .expect("no piece panics");
            })?;
            side.cpu.push(measure::cpu_time().saturating_sub(before));
            side.wall
                .push(Duration::from_nanos(played.recording.wall_ns));
            let first = shown.get_or_insert_with(|| played.recording.clone());
            same.tried(first.lines().eq(played.recording.lines()));
        }
    }

    let mut table = Table::new(&[
        "worker threads",
        "wall time",
        "CPU time",
        "processors kept busy",
    ]);
    for side in &sides {
        let (wall, cpu) = side.medians();
        table.row([
            side.workers.to_string(),
            time(wall),
            time(cpu),
            format!("{:.2}", ratio(cpu, wall)),
        ]);
    }
    let mut report = Report::new(&STOP, many, rounds);
    report.answer = answer(&sides, &same, args.pieces, processors);
    let [one, all] = sides.map(|side| side.medians());
    for (name, value) in [
        ("wall_s_one_worker", one.0),
        ("cpu_s_one_worker", one.1),
        ("wall_s_all_workers", all.0),
        ("cpu_s_all_workers", all.1),
    ] {
        report.measured.insert(name, value.as_secs_f64());
    }
    report.measured.insert("speedup", ratio(one.0, all.0));
    report.options.insert("pieces", args.pieces);
    report.options.insert("size", args.size);
    report.table = Some(table);
    report.checks = vec![same];
    report.show(shown.unwrap_or_default(), None);
    Ok(report)
}

impl Side {
    /// Wall time and CPU time, each the median of the rounds.
    fn medians(&self) -> (Duration, Duration) {
        let median = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times.get(times.len() / 2).copied().unwrap_or_default()
        };
        (median(&self.wall), median(&self.cpu))
    }
}

fn answer(sides: &[Side; 2], same: &Check, pieces: u64, processors: usize) -> String {
    let [(one, one_cpu), (all, all_cpu)] = [sides[0].medians(), sides[1].medians()];
    let speedup = ratio(one, all);
    let results = if same.is_broken() {
        "The results were NOT always the same"
    } else {
        "The results are the same"
    };
    let many = sides[1].workers;
    let time = format!(
        "{results}, to the last line: {} is how the program is divided, and that did not change. The time did: {} on 1 \
         worker, {} on {many}, that is {speedup:.2} times as fast.",
        counted(pieces, "goroutine", "goroutines"),
        self::time(one),
        self::time(all),
    );
    let time = if speedup < 1.1 {
        time.replace("The time did:", "Nor did the time by much:")
            .replace("times as fast", "times the speed")
    } else {
        time
    };
    let work = if ratio(all_cpu, one_cpu) < 1.25 {
        "The processors worked about as much in total, only side by side"
    } else {
        "The processors worked more in total, as they share caches and memory"
    };
    let machine = counted(processors as u64, "processor", "processors");
    let reason = match (processors, many, speedup) {
        (_, 1, _) => "Both columns are one worker here: ask for more with `--threads`.".to_owned(),
        (1, ..) => "This process may use one processor, so more workers take turns on it: concurrency without \
                    parallelism. Dividing the program cost nothing, and it is ready for a larger machine."
            .to_owned(),
        (_, _, speedup) if speedup < 1.1 => format!(
            "This process may use {machine}, but they had other things to do just now, or the work is too small: give it more \
             with `--size`, or try again when the machine is idle."
        ),
        _ => format!(
            "{work} ({} against {} of CPU time); this process may use {machine}. That is parallelism: the same design, run \
             at the same time.",
            self::time(one_cpu),
            self::time(all_cpu),
        ),
    };
    format!("{time} {reason}")
}

fn time(length: Duration) -> String {
    duration(u64::try_from(length.as_nanos()).unwrap_or(u64::MAX))
}

fn ratio(above: Duration, below: Duration) -> f64 {
    above.as_secs_f64() / below.as_secs_f64().max(1e-9)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(workers: usize, wall_ms: u64, cpu_ms: u64) -> Side {
        Side {
            workers,
            wall: vec![Duration::from_millis(wall_ms)],
            cpu: vec![Duration::from_millis(cpu_ms)],
        }
    }

    #[test]
    fn the_answer_follows_the_machine() {
        let same = Check::guaranteed("same");
        let two = answer(&[side(1, 200, 200), side(2, 100, 200)], &same, 8, 2);
        assert!(
            two.contains("2.00 times as fast") && two.contains("That is parallelism"),
            "{two}"
        );
        let one = answer(&[side(1, 200, 200), side(2, 201, 200)], &same, 8, 1);
        assert!(one.contains("concurrency without parallelism"), "{one}");
        assert!(!one.contains("as fast"), "{one}");
        let busy = answer(&[side(1, 200, 200), side(2, 200, 200)], &same, 8, 2);
        assert!(busy.contains("other things to do"), "{busy}");
    }
}
