//! Stop `panic`: who gets to know of a panic in a goroutine.

use std::io;

use super::answer;
use crate::args::ChildProgram;
use crate::child::{self, Fate};
use crate::picture::checks::Check;
use crate::report::{Report, Shown, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "panic",
    title: "a goroutine panics",
    rows: &[],
    source: "examples/panic.rs",
    question: "A goroutine panics. Does the program end, as a Go program does? Does anybody get to know at all?",
};

/// The two programs, and what is special about each.
const PROGRAMS: [(ChildProgram, &str); 2] = [
    (
        ChildProgram::Joined,
        "Main awaits the handles, in a process of its own:",
    ),
    (
        ChildProgram::Detached,
        "Main drops the handle, in a process of its own:",
    ),
];

const ANSWER: &str = "A panic is never lost. Somebody held the handle of the first goroutine: to them it was an error like any \
                      other, with the number of the goroutine, the place where it was started, and the message. Nobody held the \
                      second one's: so it was reported with the same facts, and raised again out of main, which was asleep and \
                      would have slept for a minute. The line that begins with `thread` is Rust's own, from the panic hook; it \
                      says where the panic was. `OnPanic::Report` leaves it at the report. docs/debugging.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(1);
    let mut report = Report::new(&STOP, 0, runs);
    let mut joined = Check::guaranteed(
        "whoever awaits the handle gets the panic as an error, and the program goes on",
    );
    let mut detached = Check::guaranteed(
        "a panic that nobody can await is reported, and ends the program with status 101",
    );
    for (at, (program, caption)) in PROGRAMS.into_iter().enumerate() {
        stage.say(if at == 0 { "" } else { "\n" });
        stage.caption(caption);
        for nth in 0..runs {
            let fate = child::run_to_its_end(stage, nth, program)?;
            if matches!(program, ChildProgram::Joined) {
                joined.tried(went_on(&fate));
            } else {
                detached.tried(was_ended(&fate));
            }
            if nth == 0 {
                report.workers = fate.workers;
                report.shown.push(Shown {
                    caption: caption.to_owned(),
                    recording: fate.recording,
                    process: Some(fate.ending),
                    labels: None,
                });
            }
        }
    }
    report.checks = vec![joined, detached];
    report.answer = answer(&report, ANSWER);
    Ok(report)
}

fn went_on(fate: &Fate) -> bool {
    let lines: Vec<&str> = fate.recording.lines().collect();
    let (first, last) = (lines.first(), lines.last());
    fate.ending.status == Some(0)
        && first == Some(&"Half of 6 is 3")
        && lines.iter().any(|line| {
            line.starts_with("Half of 7 is unknown: goroutine ")
                && line.ends_with("panicked: 7 is odd")
        })
        && last == Some(&"Main goes on")
}

fn was_ended(fate: &Fate) -> bool {
    let report = fate.ending.stderr.lines().last().unwrap_or_default();
    fate.ending.status == Some(101)
        && report.starts_with("gaggle: goroutine ")
        && report.ends_with("panicked and nobody holds its handle: 7 is odd")
        && !fate.recording.lines().any(|line| line.contains("minute"))
}
