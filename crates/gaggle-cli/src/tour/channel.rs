//! Stop `channel`: one goroutine sends, another one prints.

use std::io;

use super::ascends;
use crate::out::counted;
use crate::picture::checks::Check;
use crate::picture::orders::OrderCount;
use crate::programs::channel;
use crate::report::{Report, Stop};
use crate::stage::Stage;

const LAST: u32 = 10;

pub(crate) const STOP: Stop = Stop {
    name: "channel",
    title: "one goroutine sends 1 to 10, another one prints them",
    rows: &[14, 7, 8],
    source: "examples/channel.rs",
    question: "Two goroutines share nothing but a channel without a buffer. Do the numbers arrive in order, and how does the \
               receiver know that there are no more?",
};

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(100);
    let mut complete = Check::guaranteed("all ten numbers arrive, and then the loop ends");
    let mut in_order = Check::guaranteed(
        "one sender and one receiver: the numbers arrive in the order of sending",
    );
    let mut orders = OrderCount::default();
    let played = stage.repeat(
        runs,
        || async {
            channel::channel(LAST)
                .await
                .expect("the printer does not panic");
        },
        |recording| {
            let numbers = recording.numbers("");
            complete.tried(numbers.len() == LAST as usize);
            in_order.tried(ascends(&numbers));
            orders.add(super::in_words(&numbers));
        },
    )?;
    let orders = orders.finish("Orders of the numbers");
    let mut report = Report::new(&STOP, played.workers, runs);
    report.answer = format!(
        "{} gave {}. Which goroutine runs when is up to the scheduler, on {} as here or on any other number; but a \
         channel hands over its values first in, first out, and each send waits until the printer has taken the value. When the \
         sender was gone, the channel was closed, and that ended the printer's loop.",
        counted(runs.into(), "run", "runs"),
        counted(orders.different as u64, "order", "different orders"),
        counted(played.workers as u64, "worker thread", "worker threads"),
    );
    report.show(played.recording, None);
    report.orders.push(orders);
    report.checks = vec![complete, in_order];
    Ok(report)
}
