//! Stop `three-readers`: several workers read off one channel.

use std::collections::BTreeMap;
use std::io;

use super::{ascends, how_often, in_words};
use crate::args::ReadersArgs;
use crate::out::{counted, thousands};
use crate::picture::checks::Check;
use crate::picture::cut;
use crate::picture::lanes::Labels;
use crate::picture::orders::{OrderCount, Orders};
use crate::picture::table::Table;
use crate::programs::three_readers;
use crate::record::Recording;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "three-readers",
    title: "three workers read numbers off one channel",
    rows: &[15, 8],
    source: "examples/three_readers.rs",
    question: "One goroutine sends numbers, three read them off the same channel. Is the order the same each time? \
               When does it matter?",
};

const LABELS: Labels = Labels {
    name: |event| {
        read(&event.line).map_or_else(|| "?".to_owned(), |(reader, _)| format!("Reader {reader}"))
    },
    mark: |event| read(&event.line).map(|(_, number)| number.to_string()),
    legend: "The marks are the numbers, where they were printed.",
};

pub(crate) fn report(stage: &Stage, args: &ReadersArgs) -> io::Result<Report> {
    let runs = stage.runs(100);
    let (readers, last) = (args.readers as usize, args.numbers);
    let mut once = Check::guaranteed("each number is read once, by one reader");
    let mut rising =
        Check::guaranteed("one sender: each reader sees its own numbers in rising order");
    let mut in_order = Check::by_chance("all lines together are in rising order");
    let mut even = Check::by_chance("every reader gets the same share");
    let mut shares = OrderCount::default();
    let mut lines = OrderCount::default();

    let played = stage.repeat(
        runs,
        || three_readers::three_readers(readers, last),
        |recording| {
            let mut pairs: Vec<(usize, u64)> = recording.lines().filter_map(read).collect();
            let numbers: Vec<u64> = pairs.iter().map(|&(_, number)| number).collect();
            in_order.tried(ascends(&numbers));
            lines.add(in_words(&numbers));
            let of_each = by_reader(recording);
            rising.tried(of_each.values().all(|numbers| ascends(numbers)));
            let share = last as usize / readers.max(1);
            even.tried(of_each.len() == readers && of_each.values().all(|n| n.len() == share));
            pairs.sort_unstable_by_key(|&(_, number)| number);
            once.tried(
                pairs
                    .iter()
                    .map(|&(_, number)| number)
                    .eq(1..=u64::from(last)),
            );
            shares.add(in_words(
                &pairs.iter().map(|&(reader, _)| reader).collect::<Vec<_>>(),
            ));
        },
    )?;

    let shares = shares.finish(&format!("Reader of number 1, 2, .. {last}"));
    let lines = lines.finish("Orders of the lines");
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = answer(&shares, &lines, &in_order, runs, played.workers);
    report.table = table(&played.recording);
    report.options.insert("readers", args.readers.into());
    report.options.insert("numbers", last.into());
    report.show(played.recording, Some(LABELS));
    report.orders = vec![shares, lines];
    report.checks = vec![once, rising, in_order, even];
    Ok(report)
}

fn answer(shares: &Orders, lines: &Orders, in_order: &Check, runs: u32, threads: usize) -> String {
    let threads = counted(threads as u64, "worker thread", "worker threads");
    let first = if runs == 1 {
        format!("One run on {threads} cannot say; ask for more with `--runs 100`.")
    } else if shares.different == 1 && lines.different == 1 {
        format!(
            "On {threads} it was the same in all {} runs, but nothing promises that. Try `--threads 2`, or more.",
            thousands(runs.into())
        )
    } else {
        format!(
            "No. In {} runs on {threads}, the numbers were shared out among the readers in {}, and the lines came in {}; they were in \
             rising order {}.",
            thousands(runs.into()),
            counted(shares.different as u64, "way", "different ways"),
            counted(lines.different as u64, "order", "different orders"),
            how_often(in_order.held, runs),
        )
    };
    format!(
        "{first} Between one sender and one receiver the order is guaranteed, so each reader saw rising numbers; between \
         readers there is none. It does not matter when each number is a job of its own. It matters when the lines \
         must be put together again: then use one receiver, or send a number along and sort."
    )
}

/// Who read what in this run.
fn table(recording: &Recording) -> Option<Table> {
    const ROWS: usize = 10;
    let of_each = by_reader(recording);
    if of_each.is_empty() || of_each.len() > ROWS {
        return None;
    }
    let mut table = Table::new(&["reader", "numbers", "in this order"]);
    for (reader, numbers) in of_each {
        let list = cut(&in_words(&numbers), 40);
        table.row([format!("Reader {reader}"), numbers.len().to_string(), list]);
    }
    Some(table)
}

fn by_reader(recording: &Recording) -> BTreeMap<usize, Vec<u64>> {
    let mut of_each: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for (reader, number) in recording.lines().filter_map(read) {
        of_each.entry(reader).or_default().push(number);
    }
    of_each
}

fn read(line: &str) -> Option<(usize, u64)> {
    let (reader, number) = line.strip_prefix("Reader ")?.split_once(" read ")?;
    Some((reader.parse().ok()?, number.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_sorted_by_reader() {
        let recording = crate::record::by_hand(&[
            (1, 1, "Reader 2 read 1"),
            (2, 2, "Reader 1 read 2"),
            (3, 1, "Reader 2 read 3"),
        ]);
        let of_each = by_reader(&recording);
        assert_eq!(of_each[&2], [1, 3]);
        assert_eq!(of_each[&1], [2]);
    }
}
