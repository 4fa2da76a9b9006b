//! Stop `deadlock`: programs that can never go on.

use std::io;

use super::answer;
use crate::args::ChildProgram;
use crate::child::{self, Fate};
use crate::picture::checks::Check;
use crate::report::{Report, Shown, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "deadlock",
    title: "programs that can never go on",
    rows: &[],
    source: "examples/deadlock.rs",
    question: "The worker pool again, but whoever hands out the jobs forgets to close the channel. And two goroutines that take \
               the same two locks in opposite order. Do they hang?",
};

/// A program with what it is about.
const PROGRAMS: [(ChildProgram, &str); 2] = [
    (
        ChildProgram::ForgottenClose { number: 5 },
        "The pool without `jobs.close()`, in a process of its own:",
    ),
    (
        ChildProgram::LockCycle,
        "Two locks in opposite order, while main only sleeps, in a process of its own:",
    ),
];

const ANSWER: &str = "No: both end, and say why. In the first, three workers wait in a receive on the channel `jobs`, main \
                      waits for the wait group, and nothing is left that could wake any of them: no timer, no call that blocks, \
                      no other thread. In the second a circle of locks is enough, whatever else runs. Only what is certain is \
                      reported: while a timer runs, nobody is said to sleep for good. `GAGGLE_DEADLOCK=report` goes on \
                      after the report, `GAGGLE_DEADLOCK=off` says nothing, and in `#[gaggle::test]` a deadlock fails the test. \
                      docs/debugging.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(1);
    let mut report = Report::new(&STOP, 0, runs);
    let mut pool = Check::guaranteed(
        "when everyone sleeps for good, the process ends with status 2; the report has the channel, and who waits for it",
    );
    let mut locks = Check::guaranteed(
        "goroutines that wait for each other's locks are reported too, with status 2, although main could go on",
    );
    for (at, (program, caption)) in PROGRAMS.into_iter().enumerate() {
        stage.say(if at == 0 { "" } else { "\n" });
        stage.caption(caption);
        for nth in 0..runs {
            let fate = child::run_to_its_end(stage, nth, program)?;
            if matches!(program, ChildProgram::LockCycle) {
                locks.tried(reports_locks(&fate));
            } else {
                pool.tried(reports_pool(&fate));
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
    report.checks = vec![pool, locks];
    report.answer = answer(&report, ANSWER);
    Ok(report)
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
