//! Stop `panic`: who gets to know of a panic in a goroutine.

use std::io;

use super::{InProcess, in_processes};
use crate::args::ChildProgram;
use crate::child::Fate;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "panic",
    title: "a goroutine panics",
    rows: &[],
    source: "examples/panic.rs",
    question: "A goroutine panics. Does the program end, as a Go program does? Does anybody get to know at all?",
};

const ANSWER: &str = "A panic is never lost. Somebody held the handle of the first goroutine: to them it was an error like any \
                      other, with the number of the goroutine, the place where it was started, and the message. Nobody held the \
                      second one's: so it was reported with the same facts, and raised again out of main, which was asleep and \
                      would have slept for a minute. The line that begins with `thread` is Rust's own, from the panic hook; it \
                      says where the panic was. `OnPanic::Report` leaves it at the report. docs/debugging.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let programs = [
        InProcess {
            program: ChildProgram::Joined,
            caption: "Main awaits the handles, in a process of its own:",
            guarantee: "whoever awaits the handle gets the panic as an error, and the program goes on",
            holds: went_on,
        },
        InProcess {
            program: ChildProgram::Detached,
            caption: "Main drops the handle, in a process of its own:",
            guarantee: "a panic that nobody can await is reported, and ends the program with status 101",
            holds: was_ended,
        },
    ];
    in_processes(stage, &STOP, &programs, ANSWER)
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
