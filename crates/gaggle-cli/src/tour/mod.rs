//! The tour: its stops in the order of the tutorial, and the way through them.
//!
//! Each stop is a file: its question, a run of the program (a function of a file in `examples/`), what is counted in
//! the runs, and the answer, put together from what was counted.
//! A stop must not print: it returns a [`Report`], and lines of programs are shown by the stage.

mod actors;
mod blocking;
mod buffered;
mod channel;
mod close;
mod deadlock;
mod hello;
mod leak;
mod main_exits_first;
mod million;
mod order;
mod ownership;
mod panic;
mod parallel;
mod pipeline;
mod pool;
mod replay;
mod three_readers;

use std::io::{self, Write as _};
use std::process::ExitCode;

use crate::args::{self, ChildProgram, Program, TourArgs};
use crate::child::{self, Fate};
use crate::out::{self, FAINT, Look, TITLE};
use crate::picture::checks::Check;
use crate::report::{self, Document, Report, Shown, Stop};
use crate::stage::{Mode, Stage};

/// The stops, in the order of the tutorial's rows; after them, what a program looks like from inside when something is wrong, and actors.
pub(crate) const STOPS: [&Stop; 18] = [
    &parallel::STOP,
    &hello::STOP,
    &million::STOP,
    &main_exits_first::STOP,
    &ownership::STOP,
    &buffered::STOP,
    &close::STOP,
    &pipeline::STOP,
    &pool::STOP,
    &order::STOP,
    &channel::STOP,
    &three_readers::STOP,
    &blocking::STOP,
    &deadlock::STOP,
    &leak::STOP,
    &panic::STOP,
    &replay::STOP,
    &actors::STOP,
];

/// In the whole tour the million is smaller, so that nobody waits.
const SMALL_MILLION: u64 = 100_000;

/// Does what the command line asks for.
pub(crate) fn main(args: TourArgs) -> io::Result<ExitCode> {
    let mode = match (args.shared.quiet, args.shared.json) {
        (true, _) => Mode::Quiet,
        (false, true) => Mode::Json,
        (false, false) => Mode::Read,
    };
    let look = Look::of_stdout();
    if args.list {
        list(mode, look);
        return Ok(ExitCode::SUCCESS);
    }
    let stage = Stage {
        mode,
        look,
        threads: args.shared.threads.map(|n| n as usize),
        runs: args.shared.runs,
    };
    let reports = match args.program {
        Some(program) => vec![visit(&stage, &program, None)?],
        None => walk(&stage)?,
    };
    if mode == Mode::Json {
        out::json_line(&Document::new(&reports));
    }
    let broken: Vec<&Report> = reports.iter().filter(|r| r.is_broken()).collect();
    for report in &broken {
        let name = report.stop.name;
        let _ = writeln!(
            io::stderr(),
            "error: {name}: something that is guaranteed did not hold"
        );
    }
    Ok(if broken.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Visits all stops.
fn walk(stage: &Stage) -> io::Result<Vec<Report>> {
    stage.say(&welcome(stage.look));
    let mut reports = Vec::new();
    for (at, stop) in STOPS.iter().enumerate() {
        let Some(mut program) = args::defaults(stop.name) else {
            continue;
        };
        if let Program::Million(million) = &mut program {
            million.count = SMALL_MILLION;
        }
        reports.push(visit(stage, &program, Some((at + 1, STOPS.len())))?);
        stage.say("\n");
    }
    stage.say(&goodbye(stage.look));
    Ok(reports)
}

/// Visits one stop and shows what it found.
fn visit(stage: &Stage, program: &Program, place: Option<(usize, usize)>) -> io::Result<Report> {
    let stop = stop_of(program);
    stage.say(&report::heading(stop, place, stage.look));
    let report = match program {
        Program::Parallel(args) => parallel::report(stage, args),
        Program::Hello => hello::report(stage),
        Program::Million(args) => million::report(stage, args),
        Program::MainExitsFirst(args) => main_exits_first::report(stage, args),
        Program::Ownership => ownership::report(stage),
        Program::Buffered(args) => buffered::report(stage, args),
        Program::Close => close::report(stage),
        Program::Pipeline(args) => pipeline::report(stage, args),
        Program::Pool(args) => pool::report(stage, args),
        Program::Order => order::report(stage),
        Program::Channel => channel::report(stage),
        Program::ThreeReaders(args) => three_readers::report(stage, args),
        Program::Blocking => blocking::report(stage),
        Program::Deadlock => deadlock::report(stage),
        Program::Leak => leak::report(stage),
        Program::Panic => panic::report(stage),
        Program::Replay => replay::report(stage),
        Program::Actors => actors::report(stage),
    }?;
    stage.say(&report.text(stage.look));
    Ok(report)
}

fn stop_of(program: &Program) -> &'static Stop {
    match program {
        Program::Parallel(_) => &parallel::STOP,
        Program::Hello => &hello::STOP,
        Program::Million(_) => &million::STOP,
        Program::MainExitsFirst(_) => &main_exits_first::STOP,
        Program::Ownership => &ownership::STOP,
        Program::Buffered(_) => &buffered::STOP,
        Program::Close => &close::STOP,
        Program::Pipeline(_) => &pipeline::STOP,
        Program::Pool(_) => &pool::STOP,
        Program::Order => &order::STOP,
        Program::Channel => &channel::STOP,
        Program::ThreeReaders(_) => &three_readers::STOP,
        Program::Blocking => &blocking::STOP,
        Program::Deadlock => &deadlock::STOP,
        Program::Leak => &leak::STOP,
        Program::Panic => &panic::STOP,
        Program::Replay => &replay::STOP,
        Program::Actors => &actors::STOP,
    }
}

/// A program of a stop that ends its process, and what is guaranteed of it.
struct InProcess {
    program: ChildProgram,
    caption: &'static str,
    guarantee: &'static str,
    holds: fn(&Fate) -> bool,
}

/// Runs the programs of a stop, each in processes of its own, and reports how they ended.
fn in_processes(
    stage: &Stage,
    stop: &'static Stop,
    programs: &[InProcess],
    text: &str,
) -> io::Result<Report> {
    let runs = stage.runs(1);
    let mut report = Report::new(stop, 0, runs);
    for (at, one) in programs.iter().enumerate() {
        stage.say(if at == 0 { "" } else { "\n" });
        stage.caption(one.caption);
        let mut check = Check::guaranteed(one.guarantee);
        for nth in 0..runs {
            let fate = child::run_to_its_end(stage, nth, one.program)?;
            check.tried((one.holds)(&fate));
            if nth == 0 {
                report.workers = fate.workers;
                report.shown.push(Shown {
                    caption: one.caption.to_owned(),
                    recording: fate.recording,
                    process: Some(fate.ending),
                    labels: None,
                });
            }
        }
        report.checks.push(check);
    }
    report.answer = answer(&report, text);
    Ok(report)
}

fn list(mode: Mode, look: Look) {
    if mode == Mode::Json {
        out::json_line(&STOPS);
        return;
    }
    let widest = STOPS.iter().map(|stop| stop.name.len()).max().unwrap_or(0);
    for stop in STOPS {
        let name = look.paint(TITLE, &format!("{:<widest$}", stop.name));
        out::put_line(&format!("{name}  {}", stop.title));
    }
}

fn welcome(look: Look) -> String {
    let text = "Eighteen small programs, each with a question about concurrency. Every program runs now, on gaggle's own \
                scheduler; what you read below is what happened on this machine a moment ago.";
    let hint = "Lines at the left margin were printed by the programs. `gaggle tour <name>` runs one of them, \
                `gaggle tour --list` names them all, `gaggle tour <name> --help` shows what can be changed.";
    let width = look.width.min(100);
    format!(
        "{}\n{}{}\n",
        look.paint(TITLE, "A tour of gaggle: goroutines and channels for Rust"),
        out::wrapped(text, 2, width),
        look.paint(FAINT, out::wrapped(hint, 2, width).trim_end_matches('\n')) + "\n",
    )
}

fn goodbye(look: Look) -> String {
    let text = format!(
        "That was the tour. The million was {} here; `gaggle tour million` starts all of them. To see how much of the \
         order is chance, try `gaggle tour order --runs 2000`, then the same with `--threads 1`.",
        out::thousands(SMALL_MILLION)
    );
    out::wrapped(&text, 2, look.width.min(100))
}

/// `text` if it is what the runs have shown.
fn answer(report: &Report, text: &str) -> String {
    let seen = if report.is_broken() {
        "This run does not bear it out, see above; it should have shown this. "
    } else {
        ""
    };
    format!("{seen}{text}")
}

/// Many numbers as one text; long lists are shortened, and a fingerprint of the rest keeps them apart.
fn in_words<T: ToString + std::hash::Hash>(items: &[T]) -> String {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    const SHOWN: usize = 40;
    let texts: Vec<String> = items.iter().take(SHOWN).map(T::to_string).collect();
    let mut text = texts.join(" ");
    if items.len() > SHOWN {
        let mut hasher = DefaultHasher::new();
        items.hash(&mut hasher);
        let print = hasher.finish() & 0xffff;
        text.push_str(&format!(
            " .. ({} in all, fingerprint {print:04x})",
            items.len()
        ));
    }
    text
}

/// Whether the numbers rise from one to the next.
fn ascends(numbers: &[u64]) -> bool {
    numbers.windows(2).all(|pair| pair[0] < pair[1])
}

/// How many threads printed something in this recording.
fn threads_seen(recording: &crate::record::Recording) -> u64 {
    recording
        .events
        .iter()
        .map(|e| e.thread as u64)
        .max()
        .unwrap_or(0)
}

/// "each time", "never" or "in 3 of 20 runs".
fn how_often(held: u32, runs: u32) -> String {
    match (held, runs) {
        (1, 1) => "in this run".to_owned(),
        (0, 1) => "not in this run".to_owned(),
        (held, runs) if held == runs => format!("in each of {} runs", out::thousands(runs.into())),
        (0, runs) => format!("in none of {} runs", out::thousands(runs.into())),
        (held, runs) => format!(
            "in {} of {} runs",
            out::thousands(held.into()),
            out::thousands(runs.into())
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_sources_are_unique_and_every_row_is_covered() {
        let mut names: Vec<_> = STOPS.iter().map(|s| s.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), STOPS.len());
        for row in 1..=15 {
            assert!(
                STOPS.iter().any(|s| s.rows.contains(&row)),
                "row {row} of the tutorial"
            );
        }
    }

    #[test]
    fn long_lists_are_shortened_but_stay_different() {
        let first: Vec<u64> = (0..100).collect();
        let mut second = first.clone();
        second.swap(80, 90);
        assert_ne!(in_words(&first), in_words(&second));
        assert_eq!(in_words(&[1_u64, 2, 3]), "1 2 3");
    }
}
