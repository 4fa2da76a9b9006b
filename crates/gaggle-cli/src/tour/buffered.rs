//! Stop `buffered`: how far a sender runs ahead.

use std::io;

use super::ascends;
use crate::args::BufferedArgs;
use crate::out::counted;
use crate::picture::checks::Check;
use crate::picture::lanes::Labels;
use crate::picture::table::Table;
use crate::programs::buffered;
use crate::record::Recording;
use crate::report::{Report, Shown, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "buffered",
    title: "unbuffered and buffered channels",
    rows: &[8, 9],
    source: "examples/buffered.rs",
    question: "A send waits until the other side is ready, or until the buffer has room. How far can the sender run ahead \
               of the receiver?",
};

const LABELS: Labels = Labels {
    name: |event| {
        if event.goroutine == 0 {
            "main receives"
        } else {
            "sender"
        }
        .to_owned()
    },
    mark: |event| event.line.split(' ').next_back().map(str::to_owned),
    legend: "The marks are the numbers.",
};

pub(crate) fn report(stage: &Stage, args: &BufferedArgs) -> io::Result<Report> {
    let runs = stage.runs(100);
    let capacities = args
        .capacity
        .map_or_else(|| vec![0, 3], |capacity| vec![capacity]);
    let mut report = Report::new(&STOP, 0, runs);
    let mut in_order =
        Check::guaranteed("the numbers are received in the order in which they were sent");
    let mut table = Table::new(&[
        "room in the channel",
        "furthest ahead in the first run",
        "in all runs",
        "possible",
    ]);
    let mut findings = Vec::new();

    for capacity in capacities {
        let caption = format!(
            "With room for {}:",
            counted(capacity.into(), "number", "numbers")
        );
        stage.caption(&caption);
        let limit = u64::from(capacity) + 1;
        let mut within = Check::guaranteed(format!(
            "with room for {capacity}, the sender is at most {} ahead",
            counted(limit, "line", "lines")
        ));
        let mut furthest = 0;
        let played = stage.repeat(
            runs,
            || buffered::buffered(capacity as usize, args.numbers),
            |recording| {
                let lead = lead(recording);
                furthest = furthest.max(lead);
                within.tried(lead <= limit);
                let received = recording.numbers("received ");
                in_order.tried(received.len() == args.numbers as usize && ascends(&received));
            },
        )?;
        let first = lead(&played.recording);
        table.row([
            capacity.to_string(),
            first.to_string(),
            furthest.to_string(),
            limit.to_string(),
        ]);
        findings.push(format!(
            "with room for {capacity} the sender got at most {furthest} ahead of main"
        ));
        report.workers = played.workers;
        report.checks.push(within);
        report.shown.push(Shown {
            caption,
            recording: played.recording,
            process: None,
            labels: Some(LABELS),
        });
    }

    report.checks.push(in_order);
    report.table = Some(table);
    report.options.insert("numbers", args.numbers.into());
    report.answer = format!(
        "In {}, {}. It can be the room in the channel and one more, the number that main has already taken but not yet \
         printed. Then the sender waits; its thread does not: on {} the two goroutines took turns all the same.",
        counted(runs.into(), "run", "runs"),
        findings.join(", and "),
        counted(report.workers as u64, "worker thread", "worker threads"),
    );
    Ok(report)
}

/// By how many lines the sender was ahead at most.
fn lead(recording: &Recording) -> u64 {
    let (mut ahead, mut most) = (0_i64, 0);
    for line in recording.lines() {
        ahead += if line.starts_with("sent ") { 1 } else { -1 };
        most = most.max(ahead);
    }
    most.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::lead;
    use crate::record::by_hand;

    #[test]
    fn the_lead_is_the_largest_difference() {
        let lines = [
            "received 1",
            "sent 1",
            "sent 2",
            "sent 3",
            "received 2",
            "sent 4",
        ];
        let timed: Vec<_> = lines.iter().map(|&line| (0, 0, line)).collect();
        assert_eq!(lead(&by_hand(&timed)), 2);
    }
}
