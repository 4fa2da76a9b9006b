//! Stop `replay`: a schedule that goes wrong is searched for, shortened, and run again.

use std::io;

use super::answer;
use crate::picture::checks::Check;
use crate::programs::replay;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "replay",
    title: "find a schedule that goes wrong, and run it again",
    rows: &[],
    source: "examples/replay.rs",
    question: "In this worker pool each worker closes the results when it has no more jobs. That is a mistake, and on real \
               workers nearly every run is right all the same. How does one find the run that is not? And how does one see it \
               once more?",
};

const ANSWER: &str = "By running it under many schedules, one goroutine at a time: `#[gaggle::test]` does this with each test. The \
                      run that went wrong was shortened to the preemptions that it needs (a star marks them). Read its \
                      picture from the top: one worker has a job in its hands when the other one closes c2, and its `send c2` \
                      comes too late. The string in the line `replay:` is that schedule: with it the same happened three \
                      times of three. docs/testing.md has the rest.";

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(1);
    let mut found = Check::guaranteed("a schedule is found under which a result is missing");
    let mut shortened = Check::guaranteed("what is left of it has three preemptions or fewer");
    let mut replayed = Check::guaranteed("its string replays it, three times of three");
    let mut corrected =
        Check::guaranteed("without the mistake every schedule that is tried is right");
    let played = stage.repeat(runs, replay::search, |recording| {
        const MISSING: &str = "goroutine #1 panicked: a result is missing";
        let lines: Vec<&str> = recording.lines().collect();
        found.tried(lines.contains(&format!("  panic: {MISSING}").as_str()));
        shortened.tried(
            lines
                .iter()
                .any(|line| preemptions(line).is_some_and(|n| n <= 3)),
        );
        let again = |line: &&&str| **line == format!("Replayed: {MISSING}");
        replayed.tried(lines.iter().filter(again).count() == 3);
        let ok = |line: &&str| line.starts_with("Without the mistake: gaggle sim: ok, ");
        corrected.tried(lines.iter().any(ok));
    })?;
    let mut report = Report::new(&STOP, played.workers, runs);
    report.show(played.recording, None);
    report.checks = vec![found, shortened, replayed, corrected];
    report.answer = answer(&report, ANSWER);
    Ok(report)
}

/// How many the line says there are in the schedule.
fn preemptions(line: &str) -> Option<u32> {
    let (_, schedule) = line.split_once("schedule: ")?;
    let (_, number) = schedule.split_once(" steps, ")?;
    number.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::preemptions;

    #[test]
    fn the_line_with_the_length_of_the_schedule_is_understood() {
        let line = "  minimal schedule: 16 steps, 1 preemption (from 23 steps, 9 preemptions)";
        assert_eq!(preemptions(line), Some(1));
        assert_eq!(preemptions("  replay:  GAGGLE_SIM=replay:g1"), None);
    }
}
