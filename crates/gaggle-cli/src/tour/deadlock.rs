//! Stop `deadlock`: programs that can never go on.

use std::io;

use super::{InProcess, in_processes};
use crate::args::ChildProgram;
use crate::child::Fate;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "deadlock",
    title: "programs that can never go on",
    rows: &[],
    source: "examples/deadlock.rs",
    question: "The worker pool again, but whoever hands out the jobs forgets to close the channel. And two goroutines that take \
               the same two locks in opposite order. Do they hang?",
};

const ANSWER: &str = "No: both end, and say why. In the first, three workers wait in a receive on the channel `jobs`, main \
                      waits for the wait group, and nothing is left that could wake any of them: no timer, no call that blocks, \
                      no other thread. In the second a circle of locks is enough, whatever else runs. Only what is certain is \
                      reported: while a timer runs, nobody is said to sleep for good. `GAGGLE_DEADLOCK=report` goes on \
                      after the report, `GAGGLE_DEADLOCK=off` says nothing, and in `#[gaggle::test]` a deadlock fails the test. \
                      docs/debugging.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let programs = [
        InProcess {
            program: ChildProgram::ForgottenClose { number: 5 },
            caption: "The pool without `jobs.close()`, in a process of its own:",
            guarantee: "when everyone sleeps for good, the process ends with status 2; the report has the channel, and who waits for it",
            holds: reports_pool,
        },
        InProcess {
            program: ChildProgram::LockCycle,
            caption: "Two locks in opposite order, while main only sleeps, in a process of its own:",
            guarantee: "goroutines that wait for each other's locks are reported too, with status 2, although main could go on",
            holds: reports_locks,
        },
    ];
    in_processes(stage, &STOP, &programs, ANSWER)
}

fn reports_pool(fate: &Fate) -> bool {
    let text = &fate.ending.stderr;
    fate.ending.status == Some(2)
        && text.starts_with("fatal error: all goroutines are asleep - deadlock!")
        && text.contains("3 goroutines [chan receive")
        && text.contains("chan \"jobs\"")
        && text.contains("[sync.WaitGroup.Wait")
        && fate.recording.lines().count() == 5
}

fn reports_locks(fate: &Fate) -> bool {
    let text = &fate.ending.stderr;
    fate.ending.status == Some(2)
        && text.starts_with("fatal error: goroutines wait for each other's locks - deadlock!")
        && text.contains("\"ann to bob\" [sync.Mutex.Lock")
        && text.contains("\"bob to ann\" [sync.Mutex.Lock")
        && text.contains("lock cycle")
        && fate.recording.lines().count() == 1
}
