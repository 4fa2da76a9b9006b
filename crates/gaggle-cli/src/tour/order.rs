//! Stop `order`: ten goroutines print one word each.

use std::io;

use super::{how_often, threads_seen};
use crate::out::{counted, thousands};
use crate::picture::checks::Check;
use crate::picture::lanes::Labels;
use crate::picture::orders::OrderCount;
use crate::programs::order::{self, WORDS};
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "order",
    title: "ten goroutines print one word each",
    rows: &[13, 4],
    source: "examples/order.rs",
    question: "Ten goroutines are started one after the other, and each prints one word. \
               Run it several times: what do you notice about the order?",
};

const LABELS: Labels = Labels {
    name: |event| event.line.clone(),
    mark: |_| None,
    legend: "Goroutines from top to bottom in the order in which they were started; a mark where the word was printed.",
};

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(200);
    let mut complete =
        Check::guaranteed("each word appears exactly once: the wait group waits for all ten");
    let mut as_started =
        Check::by_chance("the words come in the order in which their goroutines were started");
    let mut orders = OrderCount::default();
    let mut shared = 0;
    let played = stage.repeat(runs, order::order, |recording| {
        let mut lines: Vec<&str> = recording.lines().collect();
        as_started.tried(lines == WORDS);
        orders.add(lines.join(" "));
        shared += u32::from(threads_seen(recording) > 1);
        let mut words = WORDS;
        lines.sort_unstable();
        words.sort_unstable();
        complete.tried(lines == words);
    })?;

    let orders = orders.finish("Orders of the words");
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = answer(&orders, as_started.held, runs, played.workers);
    if orders.different > 1 {
        report
            .answer
            .push_str(&mixed_by(shared, runs, played.workers));
    }
    report.show(played.recording, Some(LABELS));
    report.measured.insert(
        "different_orders",
        f64::from(u32::try_from(orders.different).unwrap_or(u32::MAX)),
    );
    report.orders.push(orders);
    report.checks = vec![complete, as_started];
    Ok(report)
}

/// What mixed the order: parallel threads, and the scheduler on purpose.
fn mixed_by(shared: u32, runs: u32, workers: usize) -> String {
    let threads = if workers == 1 {
        "There is no second thread that could join in: gaggle's scheduler mixes".to_owned()
    } else if shared > 0 {
        format!(
            "A second thread joined in and printed some of the words {}. Besides, gaggle's scheduler mixes",
            how_often(shared, runs)
        )
    } else {
        "No second thread joined in, the words were printed too quickly for that: gaggle's scheduler mixes".to_owned()
    };
    format!(
        " {threads} the order on purpose. Now and then it lets a new goroutine overtake the one that has waited longest, so \
         that an order which nobody promised does not look promised."
    )
}

fn answer(
    orders: &crate::picture::orders::Orders,
    as_started: u32,
    runs: u32,
    workers: usize,
) -> String {
    let workers = counted(workers as u64, "worker thread", "worker threads");
    if runs == 1 {
        return format!(
            "One run on {workers} shows one order. Ask for more with `--runs 200` and see whether it stays."
        );
    }
    if orders.different == 1 {
        return format!(
            "On {workers}, all {} runs gave the same order. Nothing promises that: it is how this scheduler happens to \
             serve its queue when nobody else takes from it. Try `--threads 2`, or more.",
            thousands(runs.into())
        );
    }
    let top = orders.most_frequent.first().map_or(0, |o| o.runs);
    format!(
        "The order is not fixed. {} runs on {workers} gave {}; the most frequent one came {} times, and the order of \
         the `go` calls was kept {}. Starting goroutines one after the other says nothing about the order in which \
         they run. If the order matters, the program must say so: with a channel, or by awaiting one before \
         starting the next.",
        thousands(runs.into()),
        counted(
            orders.different as u64,
            "different order",
            "different orders"
        ),
        thousands(top.into()),
        how_often(as_started, runs),
    )
}
