//! Stop `blocking`: goroutines that keep their threads, and what they do to the others.

use std::io;

use crate::out::counted;
use crate::picture::checks::Check;
use crate::picture::table::Table;
use crate::programs::blocking;
use crate::record::Recording;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "blocking",
    title: "goroutines that block or spin, beside others",
    rows: &[],
    source: "examples/blocking.rs",
    question: "As many goroutines as there are workers keep their threads busy, and none of them gives way before a ticker in \
               another goroutine has ticked thirty times. It is due each 5 ms. Does that ever end, how long does the \
               ticker have to wait, and can one see who is to blame?",
};

/// The ways to be busy, as the program names them.
const WAYS: [(&str, &str); 3] = [
    ("spin", "they compute"),
    ("block", "they block, and do not say so"),
    ("blocking", "the same, inside `blocking(..)`"),
];

/// A pause that nobody would call short.
const LONG_MS: f64 = 50.0;

/// How the ticker fared beside one way to be busy.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Fared {
    ticks: u32,
    longest_ms: f64,
}

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(1);
    // With more of them than this the machine itself would be full.
    let stage = Stage {
        threads: Some(stage.threads.unwrap_or(2)),
        ..*stage
    };
    let mut ticked = Check::guaranteed(
        "in each of the three cases the ticker ticked thirty times while every worker was busy",
    );
    let mut named = Check::guaranteed(
        "a dump names the busy goroutines, says for how long, and which of them said that they block",
    );
    let mut short = Check::by_chance(format!("no pause was longer than {LONG_MS:.0} ms"));
    let mut worst = [0.0_f64; 3];
    let played = stage.repeat(runs, blocking::all_busy, |recording| {
        let fared = fared(recording);
        ticked.tried(fared.iter().all(|f| f.is_some_and(|f| f.ticks >= 30)));
        named.tried(names_them(recording));
        let longest = fared.map(|f| f.map_or(f64::INFINITY, |f| f.longest_ms));
        short.tried(longest.iter().all(|&ms| ms <= LONG_MS));
        for (worst, longest) in worst.iter_mut().zip(longest) {
            *worst = worst.max(longest);
        }
    })?;

    let mut report = Report::new(&STOP, played.workers, runs);
    let mut table = Table::new(&["what keeps the workers busy", "ticks", "longest pause"]);
    for ((name, what), fared) in WAYS.iter().zip(fared(&played.recording)) {
        let Some(fared) = fared else { continue };
        table.row([
            format!("{name}: {what}"),
            fared.ticks.to_string(),
            format!("{:.1} ms", fared.longest_ms),
        ]);
    }
    for (name, longest) in ["pause_ms_spin", "pause_ms_block", "pause_ms_blocking"]
        .into_iter()
        .zip(worst)
    {
        report.measured.insert(name, longest);
    }
    report.answer = answer(played.workers, worst, runs);
    report.table = Some(table);
    report.checks = vec![ticked, named, short];
    report.show(played.recording, None);
    Ok(report)
}

fn answer(workers: usize, [spin, block, blocking]: [f64; 3], runs: u32) -> String {
    let workers = counted(workers as u64, "worker", "workers");
    let most = if runs == 1 {
        "The longest pause"
    } else {
        "The longest pause of all runs"
    };
    format!(
        "It ends. {most} of the ticker was {spin:.0} ms while {workers} computed, {block:.0} ms while they blocked, and \
         {blocking:.0} ms while they blocked and said so, with `blocking`. Nobody has to say anything: a monitor sees, after 10 \
         to 20 ms, that a poll does not end, and another thread sits down in that worker's place; on a machine with other \
         things to do it takes longer. `blocking` gives up the place at once. The thread itself is lost to the others \
         until the call returns: nothing is stopped in the middle. A dump says for how long each worker has been stuck, in \
         which goroutine, and where that was started; a name, as the example gives, makes it easier to read. \
         docs/blocking.md has the rest."
    )
}

/// How the ticker fared, in the order of [`WAYS`].
fn fared(recording: &Recording) -> [Option<Fared>; 3] {
    WAYS.map(|(name, _)| {
        recording.lines().find_map(|line| {
            let rest = line.strip_prefix(name)?.strip_prefix(": ")?;
            let (ticks, rest) = rest.split_once(" ticks, the longest pause was ")?;
            Some(Fared {
                ticks: ticks.parse().ok()?,
                longest_ms: rest.strip_suffix(" ms")?.parse().ok()?,
            })
        })
    })
}

/// Whether the dumps say who is busy, and how.
fn names_them(recording: &Recording) -> bool {
    let says = |name: &str, what: &str| {
        let name = format!("\"{name} ");
        let mut lines = recording.lines();
        lines.any(|text| text.contains(&name) && text.contains(what))
    };
    says("spin", "is stuck in goroutine")
        && says("block", "is stuck in goroutine")
        && says("blocking", "blocks its thread")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_read_off_the_lines() {
        let recording = crate::record::by_hand(&[
            (1, 0, "spin: 28 ticks, the longest pause was 21.5 ms"),
            (2, 0, "blocking: 40 ticks, the longest pause was 6.0 ms"),
        ]);
        let [spin, block, blocking] = fared(&recording);
        let expected = Fared {
            ticks: 28,
            longest_ms: 21.5,
        };
        assert_eq!(spin, Some(expected));
        assert_eq!(block, None);
        assert_eq!(blocking.map(|f| f.ticks), Some(40));
    }
}
