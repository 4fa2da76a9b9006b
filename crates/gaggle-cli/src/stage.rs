//! Where programs run: a fresh runtime for each run, the recording around it, and how much of it the reader sees.
//!
//! Every run gets a runtime of its own, as if the program had been started anew; nothing is shuffled or delayed, so
//! the order of the lines is what the scheduler and the operating system made of it.
//! This file must not know which programs there are.

use std::future::Future;
use std::io;

use gaggle::runtime::{self, Builder, Runtime};

use crate::out::{self, FAINT, Look};
use crate::picture::INDENT;
use crate::progress::Bar;
use crate::record::{self, Echo, Recording};

/// What standard output is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    /// A reader: text, lines, pictures.
    Read,
    /// A script: only the lines of the programs.
    Quiet,
    /// A program: JSON at the end.
    Json,
}

/// How programs are run and shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stage {
    pub(crate) mode: Mode,
    pub(crate) look: Look,
    /// Worker threads, if the user asked for a number.
    pub(crate) threads: Option<usize>,
    /// Runs, if the user asked for a number.
    pub(crate) runs: Option<u32>,
}

/// The first of several runs, and on how many workers it was.
#[derive(Debug)]
pub(crate) struct Played {
    pub(crate) recording: Recording,
    pub(crate) workers: usize,
}

impl Stage {
    /// How often to run a program that is usually run `usual` times.
    pub(crate) fn runs(&self, usual: u32) -> u32 {
        self.runs
            .unwrap_or(if self.mode == Mode::Quiet { 1 } else { usual })
    }

    /// Says something to a reader, and nothing in the other modes.
    pub(crate) fn say(&self, text: &str) {
        if self.mode == Mode::Read {
            out::put(text);
        }
    }

    /// A remark above the lines of a program.
    pub(crate) fn caption(&self, text: &str) {
        let text = out::wrapped(text, INDENT, self.look.width.min(100));
        self.say(&format!("{}\n", self.look.paint(FAINT, text.trim_end())));
    }

    /// Where the lines of a run go: a reader sees the first run only.
    pub(crate) fn echo(&self, nth: u32) -> Echo {
        match self.mode {
            Mode::Quiet => Echo::Program,
            Mode::Read if nth == 0 => Echo::Program,
            Mode::Read | Mode::Json => Echo::Silent,
        }
    }

    /// Runs `program` `runs` times, shows each recording to `each`, and keeps the first.
    pub(crate) fn repeat<F>(
        &self,
        runs: u32,
        program: impl Fn() -> F,
        mut each: impl FnMut(&Recording),
    ) -> io::Result<Played>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let mut bar = Bar::new();
        let mut first = None;
        for nth in 0..runs {
            let played = once(self.threads, self.echo(nth), program())?;
            each(&played.recording);
            first.get_or_insert(played);
            if self.mode != Mode::Quiet && runs > 1 {
                bar.show(u64::from(nth) + 1, u64::from(runs), "runs");
            }
        }
        first.ok_or_else(|| io::Error::other("no run was asked for"))
    }
}

/// Runs `program` once, as the goroutine main of a runtime of its own: what `#[gaggle::main]` does.
pub(crate) fn once<F>(threads: Option<usize>, echo: Echo, program: F) -> io::Result<Played>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = builder(threads).build()?;
    record::begin(echo, false);
    let main = runtime.go(async move {
        record::this_is_main();
        program.await;
        runtime::num_workers()
    });
    let workers = runtime.block_on(main).map_err(io::Error::other)?;
    Ok(Played {
        recording: record::end(),
        workers,
    })
}

/// Builds a runtime with the asked number of workers, or with its own choice.
pub(crate) fn builder(threads: Option<usize>) -> Builder {
    match threads {
        Some(number) => Runtime::builder().workers(number),
        None => Runtime::builder(),
    }
}
