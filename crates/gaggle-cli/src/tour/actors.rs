//! Stop `actors`: a supervision tree, a crash in it, and what comes of that.

use std::io;

use super::answer;
use crate::picture::checks::Check;
use crate::programs::actors;
use crate::record::Recording;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "actors",
    title: "supervision: a crash, the restart, and who takes notice",
    rows: &[],
    source: "examples/actors.rs",
    question: "Actors do not share memory, so one that fails takes nothing with it. But somebody has to clean up, to start it \
               again, and to tell those who wait for it. Who does, in which order, and what do the others notice?",
};

const ANSWER: &str = "Supervisors do. The till failed with an error, and who had asked it heard that at once, with the reason, without \
                      waiting for any deadline. The clerk was declared after the till and relies on it (`RestForOne`), so it \
                      was stopped in good order before both were started again, the till first; `restarts 1` says so in the \
                      second tree. The stock, under another supervisor, noticed nothing: it is the same goroutine in \
                      both trees. The end came in the reverse order of the start. docs/actors.md has the rest.";

/// What is printed between the first tree and the second one, always in this order.
const RESTART: [&str; 6] = [
    "till ends, error: no guests",
    "clerk ends, shutdown",
    "till starts",
    "clerk starts",
    "Whoever asked has heard: Err(Died(Error(\"no guests\")))",
    "Four guests owe 30 each",
];

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(20);
    let mut started = Check::guaranteed("each part is started when the one before it is ready");
    let mut restarted = Check::guaranteed("the till and what relies on it are restarted, in order");
    let mut spared = Check::guaranteed("the stock is the same goroutine before and after");
    let mut stopped = Check::guaranteed("all parts are stopped in reverse order");
    let program = || async {
        let _ = actors::shop().await; // if it fails, the checks say so
    };
    let played = stage.repeat(runs, program, |recording| {
        let lines: Vec<&str> = told(recording);
        started.tried(lines.starts_with(&["stock starts", "till starts", "clerk starts"]));
        restarted.tried(lines.get(3..9) == Some(&RESTART[..]));
        let ends = [
            "clerk ends, shutdown",
            "till ends, shutdown",
            "stock ends, shutdown",
        ];
        stopped.tried(lines.ends_with(&ends));
        let [stock, till] = ["stock (actor ", "till (actor "].map(|name| numbers(recording, name));
        let changed = |numbers: &[u64]| numbers.len() == 2 && numbers[0] != numbers[1];
        spared.tried(stock.len() == 2 && !changed(&stock) && changed(&till));
    })?;
    let mut report = Report::new(&STOP, played.workers, runs);
    report.show(played.recording, None);
    report.checks = vec![started, restarted, spared, stopped];
    report.answer = answer(&report, ANSWER);
    Ok(report)
}

/// The lines that are not part of a tree.
fn told(recording: &Recording) -> Vec<&str> {
    recording.lines().filter(|l| !l.starts_with("  ")).collect()
}

/// The goroutine's number wherever this part is in a tree.
fn numbers(recording: &Recording, name: &str) -> Vec<u64> {
    let number = |line: &str| -> Option<u64> {
        let (_, rest) = line.split_once(name)?;
        rest.split(')').next()?.parse().ok()
    };
    recording.lines().filter_map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_are_told_from_what_happens() {
        let recording = crate::record::by_hand(&[
            (1, 0, "till starts"),
            (2, 0, "  shop (supervisor 2)"),
            (3, 0, "  `- till (actor 17), restarts 1"),
        ]);
        assert_eq!(told(&recording), ["till starts"]);
        assert_eq!(numbers(&recording, "till (actor "), [17]);
    }
}
