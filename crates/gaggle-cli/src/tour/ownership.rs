//! Stop `ownership`: a sent value moves.

use std::io;

use super::how_often;
use crate::picture::checks::Check;
use crate::programs::ownership;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "ownership",
    title: "a value has one owner at a time",
    rows: &[7],
    source: "examples/ownership.rs",
    question: "A channel is a typed pipe between goroutines. Who may touch a value that was sent: the sender, the receiver, or \
               both? And is it copied on the way?",
};

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(20);
    let mut same = Check::guaranteed(
        "the letter comes back in the same piece of memory: it moved, nothing was copied",
    );
    let mut changed = Check::guaranteed("what the reader changed is there when the letter returns");
    let played = stage.repeat(
        runs,
        || async {
            ownership::ownership()
                .await
                .expect("the reader does not panic");
        },
        |recording| {
            let lines: Vec<&str> = recording.lines().collect();
            same.tried(lines.contains(&"Same memory: true"));
            changed.tried(lines.contains(&"Main owns it again: Dear reader!"));
        },
    )?;
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = format!(
        "One owner at a time. The letter went to the reader, was changed there without a lock, and came back, in the same memory \
         {}. While the reader had it, main could not even name it: the line in the program that tries is a comment, because with \
         it the program does not compile. Go asks you to keep this rule; here the compiler does.",
        how_often(same.held, runs),
    );
    report.show(played.recording, None);
    report.checks = vec![same, changed];
    Ok(report)
}
