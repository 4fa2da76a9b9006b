//! What the macros expand to. Not for direct use.

pub use gaggle_chan::select;
pub use gaggle_macros::select_at;

use crate::runtime::Runtime;
use std::panic::resume_unwind;
use std::time::Duration;

/// The options of the attributes.
#[derive(Debug, Default)]
pub struct Config {
    /// How many workers; the default number if `None`.
    pub workers: Option<usize>,
}

impl Config {
    fn build(self) -> Runtime {
        let builder = Runtime::builder();
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
#[track_caller]
pub fn main<F>(config: Config, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let runtime = config.build();
    let main = runtime.go(future);
    let output = runtime.block_on(main);
    // A goroutine in the middle of a poll is not waited for: the process is about to end.
    let _ = runtime.shutdown(Duration::ZERO);
    match output {
        Ok(output) => output,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => resume_unwind(payload),
            Err(error) => panic!("{error}"),
        },
    }
}

/// As [`main`], for a test.
#[track_caller]
pub fn test<F>(config: Config, future: F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    main(config, future)
}
