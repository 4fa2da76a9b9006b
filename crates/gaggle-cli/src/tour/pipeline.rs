//! Stop `pipeline`: stages joined by channels.

use std::io;

use super::{how_often, in_words};
use crate::args::PipelineArgs;
use crate::out::{counted, thousands};
use crate::picture::checks::Check;
use crate::picture::orders::OrderCount;
use crate::programs::pipeline;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "pipeline",
    title: "stages joined by channels",
    rows: &[11, 7, 8],
    source: "examples/pipeline.rs",
    question: "Each stage receives from the one before it and sends to the next; the types of the channel ends say which way \
               values flow. All stages run at the same time: do the numbers still come out in order?",
};

pub(crate) fn report(stage: &Stage, args: &PipelineArgs) -> io::Result<Report> {
    let runs = stage.runs(100);
    let last = args.numbers;
    let expected: Vec<u64> = (1..=last).map(|n| n * n + 1).collect();
    let mut complete =
        Check::guaranteed("each number comes out once, squared and increased by one");
    let mut in_order =
        Check::guaranteed("one goroutine per stage: the order of the first stage is kept");
    let mut orders = OrderCount::default();
    let played = stage.repeat(
        runs,
        || pipeline::pipeline(last),
        |recording| {
            let mut numbers = recording.numbers("");
            in_order.tried(numbers == expected);
            orders.add(in_words(&numbers));
            numbers.sort_unstable();
            complete.tried(numbers == expected);
        },
    )?;
    let mut report = Report::new(&STOP, played.workers, runs);
    report.options.insert("numbers", last);
    report.answer = format!(
        "The numbers came out in order {}. Each of the {} passed three channels without a buffer: a stage that is \
         ahead waits for its neighbour, so no stage needs to know how fast the others are. A `Receiver` cannot send and a \
         `Sender` cannot receive: wiring a stage the wrong way round does not compile.",
        how_often(in_order.held, runs),
        thousands(last),
    );
    if played.workers > 1 {
        let workers = counted(played.workers as u64, "worker thread", "worker threads");
        report
            .answer
            .push_str(&format!(" The stages shared {workers}."));
    }
    report.show(played.recording, None);
    report.orders.push(orders.finish("Orders of the numbers"));
    report.checks = vec![complete, in_order];
    Ok(report)
}
