//! Stop `hello`: starting goroutines.

use std::io;

use super::{how_often, threads_seen};
use crate::measure;
use crate::out::counted;
use crate::picture::checks::Check;
use crate::picture::orders::OrderCount;
use crate::programs::hello;
use crate::report::{Report, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "hello",
    title: "starting goroutines",
    rows: &[2, 3, 4],
    source: "examples/hello.rs",
    question: "`go` starts a goroutine: a function call, or an anonymous block. Does the caller wait? \
               And who runs it: a thread of its own?",
};

pub(crate) fn report(stage: &Stage) -> io::Result<Report> {
    let runs = stage.runs(100);
    let mut all_said =
        Check::guaranteed("all three greetings appear, because main awaits both handles");
    let mut main_first = Check::by_chance("main speaks first");
    let mut orders = OrderCount::default();
    let played = stage.repeat(
        runs,
        || async {
            hello::hello().await.expect("no greeting panics");
        },
        |recording| {
            let lines: Vec<&str> = recording.lines().collect();
            all_said.tried(lines.len() == 3);
            main_first.tried(recording.events.first().is_some_and(|e| e.goroutine == 0));
            let who: Vec<&str> = lines
                .iter()
                .filter_map(|l| l.split(' ').next_back())
                .collect();
            orders.add(who.join(", then "));
        },
    )?;

    let mut report = Report::new(&STOP, played.workers, runs);
    let process = measure::os_threads().map_or_else(String::new, |threads| {
        format!(
            " The runtime has gone again, and this process is back at {}.",
            counted(threads, "thread", "threads")
        )
    });
    report.answer = format!(
        "`go` does not wait: it hands the goroutine to the runtime and returns, and main went on to speak first {}. \
         No thread was made for a goroutine: the runtime had {} for whatever is ready to run, and the three greetings of \
         the run above came from {}.{process}",
        how_often(main_first.held, runs),
        counted(played.workers as u64, "worker thread", "worker threads"),
        counted(threads_seen(&played.recording), "thread", "threads"),
    );
    report.show(played.recording, None);
    report.orders.push(orders.finish("Who spoke"));
    report.checks = vec![all_said, main_first];
    Ok(report)
}
