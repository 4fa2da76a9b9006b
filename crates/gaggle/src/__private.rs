//! What the macros expand to. Not for direct use.

pub use gaggle_chan::select;
pub use gaggle_macros::select_at;

use crate::runtime::{OnDeadlock, Runtime};
use crate::sim::{Builder, Clock, Expect, Preempt, Sched, Settings};
use std::panic::resume_unwind;
use std::process::{ExitCode, Termination};
use std::time::Duration;

/// The options of `#[gaggle::main]`.
#[derive(Debug, Default)]
pub struct Config {
    /// How many workers; the default number if `None`.
    pub workers: Option<usize>,
    /// Goroutines find tokio. The macro refuses that without the feature.
    pub tokio: bool,
}

impl Config {
    fn build(self, on_deadlock: OnDeadlock) -> Runtime {
        let builder = Runtime::builder().on_deadlock(on_deadlock);
        #[cfg(feature = "compat-tokio")]
        let builder = if self.tokio {
            builder.thread_guard(crate::compat::tokio::enter)
        } else {
            builder
        };
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
    let on_deadlock = match setting("GAGGLE_DEADLOCK", &["exit", "report", "off"]) {
        Some("report") => OnDeadlock::Report,
        Some("off") => OnDeadlock::Ignore,
        _ => OnDeadlock::Exit,
    };
    // Read where they are needed, and a mistake is told before that.
    setting("GAGGLE_DUMP", &["text", "json"]);
    setting("GAGGLE_STUCK", &["off", "print"]);
    setting("GAGGLE_TRACEBACK", &["single", "all"]);
    run(config.build(on_deadlock), future)
}

/// Which of the values a variable has; none if it is not set, or empty. Another value ends the process with a message.
fn setting(variable: &str, allowed: &[&'static str]) -> Option<&'static str> {
    let value = std::env::var_os(variable).filter(|value| !value.is_empty())?;
    let known = allowed.iter().find(|known| value == **known).copied();
    if known.is_none() {
        let allowed: Vec<String> = allowed.iter().map(|known| format!("`{known}`")).collect();
        let (last, others) = allowed.split_last()?;
        let (value, others) = (value.display(), others.join(", "));
        eprintln!("gaggle: {variable} is `{value}`; it must be {others} or {last}");
        std::process::exit(2);
    }
    known
}

/// As [`main`], for one that returns something: that is reported where it is made, so it need not be `Send`.
#[track_caller]
pub fn main_returning<F>(config: Config, future: F) -> ExitCode
where
    F: Future + Send + 'static,
    F::Output: Termination,
{
    main(config, async move { future.await.report() })
}

/// The options of a test.
#[derive(Clone, Copy, Debug, Default)]
pub struct TestConfig {
    /// Real workers, so many, and one run.
    pub workers: Option<usize>,
    /// Goroutines find tokio; so real workers, too.
    pub tokio: bool,
    /// What the test is called.
    pub name: &'static str,
    /// How many schedules.
    pub schedules: Option<u64>,
    /// Names of schedulers.
    pub scheduler: Option<&'static str>,
    /// `op` or `await`.
    pub preempt: Option<&'static str>,
    /// `quiescent` or `racy(P)`.
    pub clock: Option<&'static str>,
    /// The limit of steps.
    pub max_steps: Option<u64>,
    /// The limit of virtual time, in nanoseconds.
    pub time_limit: Option<u64>,
    /// `fail` or `allow`.
    pub leaks: Option<&'static str>,
    /// Where the schedules come from.
    pub seed: Option<u64>,
    /// On how many threads.
    pub jobs: Option<u64>,
}

impl TestConfig {
    fn builder(&self) -> Builder {
        let mut builder = Builder::new().name(self.name);
        if let Some(schedules) = self.schedules {
            builder = builder.schedules(schedules);
        }
        if let Some(names) = self.scheduler {
            // `pct( 3 )` may have spaces in it.
            let names = names.replace(") ", "),").replace(' ', "");
            let read = |name: &str| name.parse().unwrap_or_else(|error| panic!("{error}"));
            let names = names.split(',').filter(|name| !name.is_empty());
            builder = builder.schedulers(names.map(read).collect::<Vec<Sched>>());
        }
        if self.preempt == Some("await") {
            builder = builder.preempt(Preempt::Await);
        }
        let racy = self.clock.and_then(|clock| clock.strip_prefix("racy("));
        if let Some(Ok(early_fire)) = racy.map(|rest| rest.trim_end_matches(')').trim().parse()) {
            builder = builder.clock(Clock::Racy { early_fire });
        }
        if let Some(steps) = self.max_steps {
            builder = builder.max_steps(steps);
        }
        if let Some(nanos) = self.time_limit {
            builder = builder.time_limit(Duration::from_nanos(nanos));
        }
        if self.leaks == Some("allow") {
            builder = builder.expect(Expect::All.without(Expect::NoLeak));
        }
        if let Some(seed) = self.seed {
            builder = builder.seed(seed);
        }
        if let Some(jobs) = self.jobs {
            builder = builder.jobs(usize::try_from(jobs).unwrap_or(usize::MAX));
        }
        builder
    }
}

/// Runs a test: under the simulator, or once on real workers, where a deadlock is a panic and signals are left alone.
///
/// # Panics
/// When the test fails.
#[track_caller]
pub fn test<F, R>(config: TestConfig, root: F)
where
    F: Fn() -> R + Send + Sync + 'static,
    R: Future<Output: Termination> + Send + 'static,
{
    // What the test returns need not be `Send`, so it is looked at where it is made.
    let root = move || {
        let future = root();
        async move { check(future.await) }
    };
    if config.workers.is_some() || config.tokio || Settings::of_environment().off {
        let TestConfig { workers, tokio, .. } = config;
        return run(Config { workers, tokio }.build(OnDeadlock::Panic), root());
    }
    let report = config.builder().run(root);
    assert!(report.ok(), "{report}");
}

/// # Panics
/// When a test has failed by what it returns. That was printed to stderr then.
fn check(result: impl Termination) {
    let success = format!("{:?}", ExitCode::SUCCESS);
    let code = format!("{:?}", result.report());
    assert!(code == success, "the test returned an error");
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
