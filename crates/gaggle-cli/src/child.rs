//! Programs that need a process of their own: to see them end, or to measure their memory.
//!
//! The parent starts this same binary with the hidden command `child`, reads its lines as JSON objects while they are
//! printed, and draws the progress. What the child's goroutines would have printed after its end never arrives,
//! and that is the point of one of the programs.

use std::io::{self, BufRead as _, BufReader};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Duration;

use gaggle::runtime;
use serde::{Deserialize, Serialize};

use crate::args::{ChildArgs, ChildProgram};
use crate::out;
use crate::programs::{main_exits_first, million};
use crate::progress::Bar;
use crate::record::{self, Caught, Echo, Recording};
use crate::stage::{Mode, Stage, new_runtime};

/// What a child writes, one JSON object on each line.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Message {
    Line(Caught),
    Live { live: u64, of: u64 },
    Ended(Ended),
}

/// What a child says about itself when its main function has returned.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) wall_ns: u64,
    pub(crate) workers: usize,
    pub(crate) os_threads: Option<u64>,
}

/// What became of a child.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) recording: Recording,
    pub(crate) ended: Ended,
    pub(crate) status: ExitStatus,
}

/// Runs `program` in a child process, showing its lines as [`Stage::echo`] says for run `nth`.
pub(crate) fn run(stage: &Stage, nth: u32, program: ChildProgram) -> io::Result<Outcome> {
    let (name, number) = match program {
        ChildProgram::Hasty { number } => ("hasty", number),
        ChildProgram::Patient { number } => ("patient", number),
        ChildProgram::Million { number } => ("million", number),
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("child");
    if let Some(threads) = stage.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    command.args([name, &number.to_string()]);
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let Some(pipe) = child.stdout.take() else {
        return Err(io::Error::other("the child has no standard output"));
    };

    let mut bar = Bar::new();
    let mut caught = Vec::new();
    let mut ended = None;
    for line in BufReader::new(pipe).lines() {
        match serde_json::from_str(&line?)? {
            Message::Line(line) => {
                bar.clear();
                if stage.echo(nth) == Echo::Program {
                    out::program_line(&line.line);
                }
                caught.push(line);
            }
            Message::Live { live, of } if stage.mode != Mode::Quiet => {
                let what = format!("{} live goroutines", out::thousands(live));
                bar.show(live, of, &what);
            }
            Message::Live { .. } => {}
            Message::Ended(end) => ended = Some(end),
        }
    }
    drop(bar);

    let status = child.wait()?;
    let Some(ended) = ended else {
        return Err(io::Error::other(format!(
            "the program did not reach its end: {status}"
        )));
    };
    Ok(Outcome {
        recording: Recording::new(caught, ended.wall_ns),
        ended,
        status,
    })
}

/// The child's side: runs the program and returns from main as soon as the program's main function returns.
pub(crate) fn main(args: &ChildArgs) -> io::Result<()> {
    let threads = args.threads.map(|t| t as usize);
    match args.program {
        ChildProgram::Hasty { number } => play(threads, main_exits_first::hasty(small(number))),
        ChildProgram::Patient { number } => play(threads, main_exits_first::patient(small(number))),
        ChildProgram::Million { number } => {
            let count = usize::try_from(number).map_err(io::Error::other)?;
            thread::spawn(move || report_live(number)); // ends with the process
            play(threads, million::million(count))
        }
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn play<F>(threads: Option<usize>, program: F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    let runtime = new_runtime(threads)?;
    record::begin(Echo::Events, true);
    let main = runtime.go(async move {
        record::this_is_main();
        program.await;
        runtime::num_workers()
    });
    let workers = runtime.block_on(main).map_err(io::Error::other)?;
    let recording = record::end();
    out::json_line(&Message::Ended(Ended {
        wall_ns: recording.wall_ns,
        workers,
        os_threads: crate::measure::os_threads(),
    }));
    Ok(())
}

/// Says now and then how many goroutines there are.
fn report_live(of: u64) -> ! {
    loop {
        let live = runtime::num_goroutines() as u64;
        out::json_line(&Message::Live { live, of });
        thread::sleep(Duration::from_millis(50));
    }
}
