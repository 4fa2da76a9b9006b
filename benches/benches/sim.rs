//! The simulator beside shuttle and loom: the same three programs, operations and executions per second.
//!
//! `cargo bench --bench sim [-- --rounds N]`. What each models is not the same: see `benches/README.md`.

use std::time::{Duration, Instant};

/// A ring of tasks, each with a channel of capacity one to the next: `rounds` times each sends a token on and receives one.
mod ring {
    pub(super) mod gaggle {
        use gaggle::{chan, go};

        pub(crate) async fn run(tasks: usize, rounds: usize) {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..tasks).map(|_| chan::bounded::<usize>(1)).unzip();
            let mut receivers: Vec<_> = receivers.into_iter().map(Some).collect();
            let mut all = Vec::with_capacity(tasks);
            for (i, to) in senders.into_iter().enumerate() {
                let from = receivers[(i + tasks - 1) % tasks].take().unwrap();
                all.push(go(async move {
                    for n in 0..rounds {
                        to.send(n).await.unwrap();
                        assert_eq!(from.recv().await, Ok(n));
                    }
                }));
            }
            for one in all {
                one.await.unwrap();
            }
        }
    }

    pub(super) mod shuttle {
        use shuttle::sync::mpsc::sync_channel;
        use shuttle::thread;

        pub(crate) fn run(tasks: usize, rounds: usize) {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..tasks).map(|_| sync_channel::<usize>(1)).unzip();
            let mut receivers: Vec<_> = receivers.into_iter().map(Some).collect();
            let mut all = Vec::with_capacity(tasks);
            for (i, to) in senders.into_iter().enumerate() {
                let from = receivers[(i + tasks - 1) % tasks].take().unwrap();
                all.push(thread::spawn(move || {
                    for n in 0..rounds {
                        to.send(n).unwrap();
                        assert_eq!(from.recv(), Ok(n));
                    }
                }));
            }
            for one in all {
                one.join().unwrap();
            }
        }
    }

    pub(super) mod loom {
        use loom::sync::mpsc::channel;
        use loom::thread;

        /// loom's channels have no bound, so a task is never held up by a full one.
        pub(crate) fn run(tasks: usize, rounds: usize) {
            let (senders, receivers): (Vec<_>, Vec<_>) =
                (0..tasks).map(|_| channel::<usize>()).unzip();
            let mut receivers: Vec<_> = receivers.into_iter().map(Some).collect();
            let mut all = Vec::with_capacity(tasks);
            for (i, to) in senders.into_iter().enumerate() {
                let from = receivers[(i + tasks - 1) % tasks].take().unwrap();
                all.push(thread::spawn(move || {
                    for n in 0..rounds {
                        to.send(n).unwrap();
                        assert_eq!(from.recv(), Ok(n));
                    }
                }));
            }
            for one in all {
                one.join().unwrap();
            }
        }
    }
}

/// How often a program was executed in how long, and how many steps that were, if they are counted.
struct Run {
    executions: u64,
    took: Duration,
    steps: u64,
}

impl Run {
    fn per_second(&self, n: u64) -> f64 {
        n as f64 / self.took.as_secs_f64()
    }
}

fn gaggle(preempt: gaggle::sim::Preempt, executions: u64, tasks: usize, rounds: usize) -> Run {
    use gaggle::sim::{Builder, Minimise, Sched};
    let begin = Instant::now();
    let report = Builder::new()
        .schedulers([Sched::random()])
        .schedules(executions)
        .preempt(preempt)
        .minimise(Minimise::Off)
        .seed(7)
        .run(move || ring::gaggle::run(tasks, rounds));
    let took = begin.elapsed();
    assert!(report.ok(), "{report}");
    Run {
        executions,
        took,
        steps: report.steps(),
    }
}

fn shuttle(executions: u64, tasks: usize, rounds: usize) -> Run {
    use shuttle::scheduler::RandomScheduler;
    use shuttle::{Config, MaxSteps, Runner};
    let mut config = Config::new();
    config.max_steps = MaxSteps::None;
    config.silence_warnings = true;
    let scheduler = RandomScheduler::new_from_seed(7, executions as usize);
    let begin = Instant::now();
    Runner::new(scheduler, config).run(move || ring::shuttle::run(tasks, rounds));
    Run {
        executions,
        took: begin.elapsed(),
        steps: 0,
    }
}

fn loom(limit: Duration, tasks: usize, rounds: usize) -> Run {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};
    let count = Arc::new(AtomicU64::new(0));
    let mut model = loom::model::Builder::new();
    model.max_duration = Some(limit);
    model.max_branches = 1_000_000;
    model.preemption_bound = Some(3);
    let counted = count.clone();
    let begin = Instant::now();
    model.check(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        ring::loom::run(tasks, rounds);
    });
    Run {
        executions: count.load(Ordering::Relaxed),
        took: begin.elapsed(),
        steps: 0,
    }
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all[all.len() / 2]
}

fn rounds() -> usize {
    let mut arguments = std::env::args();
    let given = arguments
        .find(|a| a == "--rounds")
        .and_then(|_| arguments.next());
    given.and_then(|n| n.parse().ok()).unwrap_or(5)
}

fn main() {
    use gaggle::sim::Preempt;
    let rounds = rounds();
    println!("medians of {rounds} rounds, one core each; the numbers are thousands a second\n");
    println!(
        "| program | what | gaggle Await | gaggle EveryOp | shuttle | loom | gaggle EveryOp : shuttle |"
    );
    println!("|---|---|---|---|---|---|---|");
    // Name, tasks, rounds in the program, executions by gaggle and shuttle, does loom take it?
    let programs = [
        ("5 tasks, 10,000 channel operations", 5, 1_000, 20, false),
        ("3 tasks, 12 channel operations", 3, 2, 20_000, true),
        ("100 tasks, 1,000 channel operations", 100, 5, 300, false),
    ];
    for (name, tasks, length, executions, for_loom) in programs {
        let ops = (tasks * length * 2) as u64;
        let (mut columns, mut steps) = (vec![Vec::new(); 4], vec![Vec::new(); 2]);
        for _ in 0..rounds {
            let runs = [
                Some(gaggle(Preempt::Await, executions, tasks, length)),
                Some(gaggle(Preempt::EveryOp, executions, tasks, length)),
                Some(shuttle(executions, tasks, length)),
                for_loom.then(|| loom(Duration::from_secs(1), tasks, length)),
            ];
            for (i, run) in runs.into_iter().enumerate() {
                if let Some(run) = run {
                    columns[i].push(run.per_second(run.executions) / 1e3);
                    if i < 2 {
                        steps[i].push(run.per_second(run.steps) / 1e3);
                    }
                }
            }
        }
        let medians: Vec<Option<f64>> = columns
            .into_iter()
            .map(|all| (!all.is_empty()).then(|| median(all)))
            .collect();
        let ratio = medians[1]
            .zip(medians[2])
            .map_or(0.0, |(ours, theirs)| ours / theirs);
        let row = |what: &str, factor: f64| {
            let cells: Vec<String> = medians
                .iter()
                .map(|m| m.map_or("-".to_owned(), |m| format!("{:.2}", m * factor)))
                .collect();
            println!("| {name} | {what} | {} | {ratio:.1} |", cells.join(" | "));
        };
        row("executions", 1.0);
        row("operations", ops as f64);
        let steps: Vec<String> = steps
            .into_iter()
            .map(|s| format!("{:.0}", median(s)))
            .collect();
        println!("| {name} | steps | {} | - | - | |", steps.join(" | "));
    }
}
