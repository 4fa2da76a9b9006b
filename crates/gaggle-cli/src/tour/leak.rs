//! Stop `leak`: goroutines that are left behind.

use std::io;

use super::answer;
use crate::args::ChildProgram;
use crate::child;
use crate::picture::checks::Check;
use crate::programs::leak;
use crate::report::{Report, Shown, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "leak",
    title: "goroutines that are left behind",
    rows: &[],
    source: "examples/leak.rs",
    question: "Three goroutines wait for a value: from a channel whose sender has gone, from one that nobody can send to, and \
               from one whose sender is merely silent. Which of them can never go on? And how does a test find those that it \
               forgot?",
};

const ANSWER: &str = "The second one. The first is no leak here: when the last sender goes, the receiver gets an error, where in Go \
                      it would wait for ever. The third may get a value one day, as its sender is still there, so `leaks` does \
                      not name it: it lists only goroutines of which there is no waker, and circles of locks. A test can ask \
                      for more: what it starts is to end before it does, and `leak_check` fails with a list of what has \
                      not. docs/debugging.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(1);
    let mut told =
        Check::guaranteed("whoever waits for a sender that goes is told, and is no leak");
    let mut certain = Check::guaranteed(
        "`leaks` lists the goroutine that nobody can wake, and not the one whose sender is still there",
    );
    let caption = "Three that wait, and what `runtime::leaks()` says of them:";
    stage.caption(caption);
    let played = stage.repeat(runs, leak::forgotten, |recording| {
        let said = |part: &str| recording.lines().any(|text| text.contains(part));
        told.tried(said("The reader got Err(RecvError)"));
        certain.tried(
            said("1 goroutine can never go on")
                && said("\"hopeless\" [chan receive (nil chan)")
                && said("nobody can wake it]")
                && !said("\"patient\""),
        );
    })?;
    let mut report = Report::new(&STOP, played.workers, runs);
    report.shown.push(Shown {
        caption: caption.to_owned(),
        recording: played.recording,
        process: None,
        labels: None,
    });

    let caption = "A test whose goroutine does not end, in a process of its own:";
    let mut left =
        Check::guaranteed("`leak_check` fails with a list of those that were left behind");
    stage.say("\n");
    stage.caption(caption);
    for nth in 0..runs {
        let fate = child::run_to_its_end(stage, nth, ChildProgram::LeftBehind)?;
        let text = &fate.ending.stderr;
        left.tried(
            fate.ending.status == Some(101)
                && text.contains("leak check: 1 goroutine left that should have ended")
                && text.contains("\"patient\" [chan receive")
                && text.contains("labels test=\"left_behind\""),
        );
        if nth == 0 {
            report.shown.push(Shown {
                caption: caption.to_owned(),
                recording: fate.recording,
                process: Some(fate.ending),
                labels: None,
            });
        }
    }
    report.checks = vec![told, certain, left];
    report.answer = answer(&report, ANSWER);
    Ok(report)
}
