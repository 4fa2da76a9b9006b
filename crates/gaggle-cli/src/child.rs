//! Programs that need a process of their own: to see them end, well or badly, or to measure their memory.
//!
//! The parent starts this same binary with the hidden command `child`, reads its lines as JSON objects while they are
//! printed, and draws the progress. What the child's goroutines would have printed after its end never arrives,
//! and that is the point of one of the programs.
//! A child that gaggle ends, because of a deadlock or a panic, writes a report to standard error; [`run_to_its_end`] shows it.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::panic::resume_unwind;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use gaggle::runtime::{self, OnDeadlock};
use serde::{Deserialize, Serialize};

use crate::args::{ChildArgs, ChildProgram};
use crate::out;
use crate::programs::{as_readers_know_them, deadlock, leak, main_exits_first, million, panic};
use crate::progress::Bar;
use crate::record::{self, Caught, Echo, Recording};
use crate::report::Ending;
use crate::stage::{Mode, Stage, builder};

/// What a child writes, one JSON object on each line.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Message {
    Line(Caught),
    Live { live: u64, of: u64 },
    Ended(Ended),
    Begun { workers: usize },
}

/// What a child says about itself when its main function has returned.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) wall_ns: u64,
    pub(crate) workers: usize,
    pub(crate) os_threads: Option<u64>,
}

/// What became of a child that reached its end.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) recording: Recording,
    pub(crate) ended: Ended,
    pub(crate) status: ExitStatus,
}

/// What became of a child that may have been ended by gaggle.
#[derive(Debug)]
pub(crate) struct Fate {
    pub(crate) recording: Recording,
    pub(crate) workers: usize,
    /// What it wrote to standard error, and its exit status.
    pub(crate) ending: Ending,
}

/// Runs `program` in a child process, showing its lines as [`Stage::echo`] says for run `nth`.
pub(crate) fn run(stage: &Stage, nth: u32, program: ChildProgram) -> io::Result<Outcome> {
    let mut child = command(stage, program)?.spawn()?;
    let heard = listen(stage, nth, &mut child)?;
    let status = child.wait()?;
    let Some(ended) = heard.ended else {
        return Err(io::Error::other(format!(
            "the program did not reach its end: {status}"
        )));
    };
    Ok(Outcome {
        recording: Recording::new(heard.caught, ended.wall_ns),
        ended,
        status,
    })
}

/// Runs `program` as [`run`] does, and shows what it writes to standard error and how it ends.
pub(crate) fn run_to_its_end(stage: &Stage, nth: u32, program: ChildProgram) -> io::Result<Fate> {
    let begin = Instant::now();
    let mut command = command(stage, program)?;
    let mut child = command
        .stderr(Stdio::piped())
        .env_remove("RUST_BACKTRACE") // the report is short, as it is by default
        .spawn()?;
    let errors = child.stderr.take().map(|mut pipe| {
        // Both pipes are read at once: neither is to fill up.
        thread::spawn(move || {
            let mut text = Vec::new();
            pipe.read_to_end(&mut text).map(|_| text)
        })
    });
    let heard = listen(stage, nth, &mut child)?;
    let status = child.wait()?;
    let wall_ns = u64::try_from(begin.elapsed().as_nanos()).unwrap_or(u64::MAX);
    let text = match errors.map(thread::JoinHandle::join) {
        Some(Ok(text)) => text?,
        _ => return Err(io::Error::other("the child has no standard error")),
    };
    let ending = Ending {
        stderr: as_readers_know_them(&String::from_utf8_lossy(&text)),
        status: status.code(),
    };
    match stage.mode {
        Mode::Quiet => eprint!("{}", ending.stderr),
        Mode::Read if nth == 0 => {
            out::program_errors(&ending.stderr);
            let how = match ending.status {
                Some(status) => format!("status {status}"),
                None => status.to_string(), // a signal
            };
            stage.caption(&format!("The process ended with {how}."));
        }
        Mode::Read | Mode::Json => {}
    }
    Ok(Fate {
        recording: Recording::new(heard.caught, heard.ended.map_or(wall_ns, |e| e.wall_ns)),
        workers: heard.workers,
        ending,
    })
}

fn command(stage: &Stage, program: ChildProgram) -> io::Result<Command> {
    let (name, number) = match program {
        ChildProgram::Hasty { number } => ("hasty", Some(number)),
        ChildProgram::Patient { number } => ("patient", Some(number)),
        ChildProgram::Million { number } => ("million", Some(number)),
        ChildProgram::ForgottenClose { number } => ("forgotten-close", Some(number)),
        ChildProgram::LockCycle => ("lock-cycle", None),
        ChildProgram::LeftBehind => ("left-behind", None),
        ChildProgram::Joined => ("joined", None),
        ChildProgram::Detached => ("detached", None),
    };
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("child");
    if let Some(threads) = stage.threads {
        command.args(["--threads", &threads.to_string()]);
    }
    command.arg(name).args(number.map(|n| n.to_string()));
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    Ok(command)
}

/// What a child has said until it closed its standard output.
#[derive(Default)]
struct Heard {
    caught: Vec<Caught>,
    workers: usize,
    ended: Option<Ended>,
}

fn listen(stage: &Stage, nth: u32, child: &mut Child) -> io::Result<Heard> {
    let Some(pipe) = child.stdout.take() else {
        return Err(io::Error::other("the child has no standard output"));
    };
    let mut bar = Bar::new();
    let mut heard = Heard::default();
    for line in BufReader::new(pipe).lines() {
        match serde_json::from_str(&line?)? {
            Message::Line(line) => {
                bar.clear();
                if stage.echo(nth) == Echo::Program {
                    out::program_line(&line.line);
                }
                heard.caught.push(line);
            }
            Message::Live { live, of } if stage.mode != Mode::Quiet => {
                let what = format!("{} live goroutines", out::thousands(live));
                bar.show(live, of, &what);
            }
            Message::Live { .. } => {}
            Message::Begun { workers } => heard.workers = workers,
            Message::Ended(end) => heard.ended = Some(end),
        }
    }
    Ok(heard)
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
        ChildProgram::ForgottenClose { number } => {
            play(threads, deadlock::forgotten_close(3, number))
        }
        ChildProgram::LockCycle => play(threads, deadlock::lock_cycle()),
        ChildProgram::LeftBehind => play(threads, leak::left_behind()),
        ChildProgram::Joined => play(threads, panic::joined()),
        ChildProgram::Detached => play(threads, panic::detached()),
    }
}

fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn play<F>(threads: Option<usize>, program: F) -> io::Result<()>
where
    F: Future<Output = ()> + Send + 'static,
{
    // A program that can never go on ends with a report, as one with `#[gaggle::main]` does.
    let runtime = builder(threads).on_deadlock(OnDeadlock::Exit).build()?;
    record::begin(Echo::Events, true);
    let main = runtime.go(async move {
        record::this_is_main();
        out::json_line(&Message::Begun {
            workers: runtime::num_workers(),
        });
        program.await;
        runtime::num_workers()
    });
    let workers = match runtime.block_on(main) {
        Ok(workers) => workers,
        // The panic goes on from here, again as with `#[gaggle::main]`.
        Err(error) => resume_unwind(error.into_panic()),
    };
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
