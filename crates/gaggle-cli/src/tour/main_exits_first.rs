//! Stop `main-exits-first`: the process ends when main returns.

use std::io;

use crate::args::{ChildProgram, ChoresArgs};
use crate::child::{self, Outcome};
use crate::out::{counted, duration};
use crate::picture::checks::Check;
use crate::picture::lanes::Labels;
use crate::picture::table::Table;
use crate::record::{Event, Recording};
use crate::report::{Report, Shown, Stop};
use crate::stage::Stage;

pub(crate) const STOP: Stop = Stop {
    name: "main-exits-first",
    title: "when main returns, the program ends",
    rows: &[6],
    source: "examples/main_exits_first.rs",
    question: "Main starts goroutines that take a while, and returns. What becomes of them?",
};

const LABELS: Labels = Labels {
    name: |event| {
        if event.goroutine == 0 {
            "main".to_owned()
        } else {
            chore(event)
        }
    },
    mark: |event| {
        let mark = match event.line.rsplit(' ').next() {
            Some("begins") => "begins",
            Some("done") => "done",
            _ => "returns",
        };
        Some(mark.to_owned())
    },
    legend: "",
};

pub(crate) fn report(stage: &Stage, args: &ChoresArgs) -> io::Result<Report> {
    let runs = stage.runs(1);
    let number = u64::from(args.chores);
    let mut report = Report::new(&STOP, 0, runs);
    let mut lost = Check::guaranteed(
        "without waiting: the process ends with main, and no chore prints afterwards",
    );
    let mut kept = Check::guaranteed("with a wait group: every chore is done before main returns");
    let mut table = Table::new(&["program", "begun", "done", "main returned after"]);
    let mut answers = Vec::new();

    for (name, program, what) in [
        (
            "hasty",
            ChildProgram::Hasty { number },
            "Main does not wait, in a process of its own:",
        ),
        (
            "patient",
            ChildProgram::Patient { number },
            "Main waits with a wait group, in a process of its own:",
        ),
    ] {
        stage.caption(what);
        for nth in 0..runs {
            let outcome = child::run(stage, nth, program)?;
            let (begun, done) = (
                lines_ending(&outcome, "begins"),
                lines_ending(&outcome, "is done"),
            );
            let returned = outcome.recording.lines().last() == Some("main returns");
            let check = if name == "hasty" {
                &mut lost
            } else {
                &mut kept
            };
            let as_promised = if name == "hasty" {
                done < number
            } else {
                done == number && returned
            };
            check.tried(as_promised && outcome.status.success());
            if nth == 0 {
                let after = duration(outcome.ended.wall_ns);
                table.row([
                    name.to_owned(),
                    begun.to_string(),
                    done.to_string(),
                    after.clone(),
                ]);
                answers.push((begun, done, after));
                report.workers = outcome.ended.workers;
                report.shown.push(Shown {
                    caption: what.to_owned(),
                    recording: outcome.recording,
                    process: None,
                    labels: Some(LABELS),
                });
            }
        }
    }

    report.answer = answer(number, &answers);
    report.table = Some(table);
    report.options.insert("chores", number);
    report.checks = vec![lost, kept];
    Ok(report)
}

fn answer(number: u64, answers: &[(u64, u64, String)]) -> String {
    let [(begun, done, after), (_, waited, later)] = answers else {
        return String::new();
    };
    format!(
        "They are gone. The first main returned after {after}: {begun} of {} had begun, {done} came to an end, and the rest \
         of their lines never appeared. The second main waited, all {waited} were done, and it returned after {later}. \
         The tools for waiting are wait groups, the handle that `go` returns, and channels.",
        counted(number, "chore", "chores"),
    )
}

fn lines_ending(outcome: &Outcome, end: &str) -> u64 {
    let Recording { events, .. } = &outcome.recording;
    events.iter().filter(|e| e.line.ends_with(end)).count() as u64
}

fn chore(event: &Event) -> String {
    event.line.split(' ').take(2).collect::<Vec<_>>().join(" ")
}
