//! What the macros expand to. Not for direct use.

pub use gaggle_chan::select;
pub use gaggle_macros::select_at;

use crate::runtime::{OnDeadlock, Runtime};
use std::panic::resume_unwind;
use std::time::Duration;

/// The options of the attributes.
#[derive(Debug, Default)]
pub struct Config {
    /// How many workers; the default number if `None`.
    pub workers: Option<usize>,
}

impl Config {
    fn build(self, on_deadlock: OnDeadlock) -> Runtime {
        let builder = Runtime::builder().on_deadlock(on_deadlock);
        let builder = match self.workers {
            Some(workers) => builder.workers(workers),
            None => builder,
        };
        builder.build().unwrap_or_else(|error| {
            eprintln!("gaggle: the runtime cannot be started: {error}");
            std::process::exit(2);
        })
    }
}

/// Runs `future` as goroutine 1, and returns when it ends; the others are dropped, not waited for (semantics.md GO-02, T2).
///
/// The program has Go's habits: `SIGQUIT` and `SIGUSR1` print who waits for what, and a deadlock ends it (semantics.md DL-01, RT-04).
#[track_caller]
pub fn main<F>(config: Config, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    #[cfg(unix)]
    crate::signals::install();
    gaggle_rt::runtime::note_panics();
    let on_deadlock = match std::env::var_os("GAGGLE_DEADLOCK") {
        Some(value) if value == "report" => OnDeadlock::Report,
        Some(value) if value == "off" => OnDeadlock::Ignore,
        None => OnDeadlock::Exit,
        Some(value) if value.is_empty() || value == "exit" => OnDeadlock::Exit,
        Some(value) => {
            let value = value.display();
            eprintln!("gaggle: GAGGLE_DEADLOCK is `{value}`; it must be `exit`, `report` or `off`");
            std::process::exit(2);
        }
    };
    run(config.build(on_deadlock), future)
}

/// As [`main`], for a test: a deadlock is a panic, and signals are left alone.
#[track_caller]
pub fn test<F>(config: Config, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    run(config.build(OnDeadlock::Panic), future)
}

#[track_caller]
fn run<F>(runtime: Runtime, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let main = runtime.go(future);
    let output = runtime.block_on(main);
    if output.as_ref().is_err_and(gaggle_rt::JoinError::is_aborted) {
        // Nobody else has the handle: it was `goexit`.
        gaggle_rt::runtime::main_left(&runtime);
    }
    gaggle_rt::runtime::end_of_main(&runtime);
    // A goroutine in the middle of a long poll is not waited for: the process is about to end.
    let _ = runtime.shutdown(Duration::ZERO);
    match output {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!("{error}"),
        },
    }
}
