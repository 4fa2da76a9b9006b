//! How a runtime is to be, and how many workers it gets.

use super::guard::ThreadGuard;
use super::handle::Runtime;
use crate::inspect::verdict;
use crate::sched::{Config, Shared};
use gaggle_base::driver::Threads;
use std::env;
use std::io;
use std::sync::Arc;
use std::thread::available_parallelism;

/// The most workers that a runtime may have (semantics.md GO-15).
const MAX_WORKERS: usize = 1024;
/// How many threads there may be besides the workers, to stand in for blocked ones.
const MAX_SPARE_THREADS: usize = 512;
/// The environment variable that says how many workers a runtime gets by default.
const WORKERS_VARIABLE: &str = "GAGGLE_WORKERS";

/// The environment variable that has stuck goroutines named.
const STUCK_VARIABLE: &str = "GAGGLE_STUCK";

/// What happens with a panic in a goroutine whose handle was dropped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnPanic {
    /// It is reported, and raised again out of `block_on` and `main` at once (semantics.md T20).
    #[default]
    Raise,
    /// It is reported, and the program goes on.
    Report,
}

/// What happens when goroutines can never go on: all of them sleep and nothing can wake any (semantics.md DL-01, T33), or some wait for each other's locks.
///
/// Only what is certain counts. A timer, a call that blocks, and a thread of the process that is outside of gaggle might still wake somebody;
/// while there is one, nothing is said, except by [`Exit`](Self::Exit), whose programs get a note after some seconds in which nothing happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnDeadlock {
    /// It is reported on stderr, once.
    #[default]
    Report,
    /// It is reported on stderr, and the process ends with status 2, as in Go. `#[gaggle::main]` says so.
    ///
    /// If the runtime is built on another thread than the first one of the process, the first one is not expected to wake goroutines.
    Exit,
    /// It is raised as a panic, with the report, out of the `block_on`s of the runtime. `#[gaggle::test]` says so.
    ///
    /// The runtime is judged by itself: what other runtimes could do for its goroutines does not count, and the first thread of the process as for [`Exit`](Self::Exit).
    Panic,
    /// Nothing.
    Ignore,
}

/// Describes a [`Runtime`] and builds it.
///
/// # Examples
/// ```
/// let runtime = gaggle_rt::runtime::Runtime::builder().workers(2).name("pool").build()?;
/// assert_eq!(runtime.block_on(async { 6 * 7 }), 42);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is built until `build` is called"]
pub struct Builder {
    workers: Option<usize>,
    name: String,
    on_panic: OnPanic,
    on_deadlock: OnDeadlock,
    report_stuck: bool,
    thread_guard: Option<ThreadGuard>,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    pub(super) fn new() -> Self {
        Self {
            workers: None,
            name: "gaggle".to_owned(),
            on_panic: OnPanic::default(),
            on_deadlock: OnDeadlock::default(),
            report_stuck: false,
            thread_guard: None,
        }
    }

    /// How many workers: 1 to 1024.
    /// By default as many as `GAGGLE_WORKERS` says, else as many as there are CPUs for this process, affinity and cgroup limits counted.
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = Some(workers);
        self
    }

    /// What the names of the runtime's threads begin with.
    pub fn name(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// What happens with a panic in a goroutine whose handle was dropped.
    pub fn on_panic(mut self, on_panic: OnPanic) -> Self {
        self.on_panic = on_panic;
        self
    }

    /// What happens when goroutines can never go on.
    pub fn on_deadlock(mut self, on_deadlock: OnDeadlock) -> Self {
        self.on_deadlock = on_deadlock;
        self
    }

    /// Names goroutines on stderr that block or spin for over 10 ms without having said so, once for each place at which such a one is started (semantics.md T3).
    /// Time in which the system gave the thread no CPU does not count (on Linux, where it can be told).
    ///
    /// `GAGGLE_STUCK=print` in the environment does the same for every runtime.
    /// They are counted and shown in dumps in any case, and others are not held up by them.
    pub fn report_stuck(mut self, report: bool) -> Self {
        self.report_stuck = report;
        self
    }

    /// Has each thread of the runtime hold what `make` gives for as long as it polls goroutines: something that code in them finds through its thread, such as another runtime's context.
    ///
    /// `make` is called on the thread before its first poll, and what it gave is dropped there after the last one.
    /// That holds for workers, for the threads that stand in for blocked ones, for goroutines with a thread of their own, and for a thread while it is in [`block_on`](Runtime::block_on).
    /// A poll costs nothing more. If `make` panics, that thread goes without.
    ///
    /// # Examples
    /// ```
    /// use std::cell::Cell;
    ///
    /// thread_local!(static HELD: Cell<bool> = const { Cell::new(false) });
    /// struct Held;
    /// impl Drop for Held {
    ///     fn drop(&mut self) {
    ///         HELD.set(false);
    ///     }
    /// }
    /// let make = || {
    ///     HELD.set(true);
    ///     Held
    /// };
    /// let runtime = gaggle_rt::runtime::Runtime::builder().thread_guard(make).build()?;
    /// assert!(runtime.go(async { HELD.get() }).join_blocking().unwrap());
    /// assert!(runtime.block_on(async { HELD.get() }));
    /// assert!(!HELD.get());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn thread_guard<G: 'static>(
        mut self,
        make: impl Fn() -> G + Send + Sync + 'static,
    ) -> Self {
        self.thread_guard = Some(ThreadGuard::new(make));
        self
    }

    /// Starts the runtime.
    ///
    /// # Errors
    /// `InvalidInput` for a number of workers that cannot be, with the text saying whose; otherwise the system's reason for not giving a thread.
    pub fn build(self) -> io::Result<Runtime> {
        let workers = match self.workers {
            Some(workers) => checked(workers, "Builder::workers")?,
            None => default_workers(env::var_os(WORKERS_VARIABLE))?,
        };
        let name = if self.name.contains('\0') {
            self.name.replace('\0', "?")
        } else {
            self.name
        };
        let shared = Shared::start(Config {
            workers,
            name,
            on_panic: self.on_panic,
            on_deadlock: self.on_deadlock,
            report_stuck: self.report_stuck
                || env::var_os(STUCK_VARIABLE).is_some_and(|value| value == "print"),
            bystander: verdict::bystander(self.on_deadlock),
            thread_guard: self.thread_guard,
            max_threads: workers + MAX_SPARE_THREADS,
            stepping: None,
            driver: Arc::new(Threads),
        })?;
        Ok(Runtime::new(shared))
    }
}

fn checked(workers: usize, whose: &str) -> io::Result<usize> {
    if (1..=MAX_WORKERS).contains(&workers) {
        return Ok(workers);
    }
    let text = format!("{whose}: {workers} workers were asked for; allowed are 1 to {MAX_WORKERS}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

/// `GAGGLE_WORKERS`, or the CPUs that this process may use.
fn default_workers(variable: Option<std::ffi::OsString>) -> io::Result<usize> {
    let Some(text) = variable.filter(|v| !v.is_empty()) else {
        // Affinity and cgroup quotas are counted by the standard library.
        return Ok(available_parallelism()
            .map_or(1, usize::from)
            .min(MAX_WORKERS));
    };
    if let Some(workers) = text.to_str().and_then(|t| t.trim().parse::<usize>().ok()) {
        return checked(workers, WORKERS_VARIABLE);
    }
    let text = text.display();
    let text =
        format!("{WORKERS_VARIABLE} is `{text}`; it must be a number from 1 to {MAX_WORKERS}");
    Err(io::Error::new(io::ErrorKind::InvalidInput, text))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn go_15_the_variable_rules_and_rubbish_is_named() {
        assert_eq!(default_workers(Some("3".into())).unwrap(), 3);
        assert_eq!(default_workers(Some(" 1024 ".into())).unwrap(), 1024);
        assert!(default_workers(None).unwrap() >= 1);
        assert!(default_workers(Some("".into())).unwrap() >= 1);
        for bad in ["0", "1025", "two", "-1", "99999999999999999999"] {
            let error = default_workers(Some(bad.into())).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert!(
                error.to_string().contains(WORKERS_VARIABLE) && error.to_string().contains(bad),
                "{error}"
            );
        }
    }

    #[test]
    fn go_15_absurd_worker_counts_are_refused() {
        let error = Builder::new().workers(0).build().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Builder::workers: 0 workers were asked for; allowed are 1 to 1024"
        );
    }
}
