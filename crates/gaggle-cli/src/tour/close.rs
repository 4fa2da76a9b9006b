//! Stop `close`: what closing a channel does.

use std::io;

use super::how_often;
use crate::picture::checks::Check;
use crate::programs::close;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "close",
    title: "what closing a channel does",
    rows: &[10],
    source: "examples/close.rs",
    question: "`close` says that no more values will come. What becomes of those that are still in the buffer, and of those who \
               send afterwards?",
};

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(20);
    let mut once =
        Check::guaranteed("only the first `close` closes; a second one says so and does no harm");
    let mut returned = Check::guaranteed("a send after the close fails and gives the value back");
    let mut drained =
        Check::guaranteed("what was buffered is received, in order, before the end is seen");
    let played = stage.repeat(runs, close::close, |recording| {
        let lines: Vec<&str> = recording.lines().collect();
        let at = |line: &str| lines.iter().position(|&l| l == line);
        once.tried(
            at("This call closed the channel: true").is_some()
                && at("So did a second one: false").is_some(),
        );
        returned.tried(at("Job 4 came back: the channel is closed").is_some());
        let received = recording.numbers("Received job ");
        drained.tried(received == [1, 2, 3] && lines.last() == Some(&"No more jobs"));
    })?;
    let received = played.recording.numbers("Received job ").len();
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = format!(
        "{received} jobs were in the buffer when the channel was closed, and all {received} were still received; only then did \
         the loop end. The send after the close got its job back as an error {}, where Go would panic. Closing twice is an \
         answer, not an accident: the second call returned false.",
        how_often(returned.held, runs),
    );
    report.show(played.recording, None);
    report.checks = vec![once, returned, drained];
    Ok(report)
}
