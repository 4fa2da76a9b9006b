//! What is looked at from outside while the scenes run, and what must hold between two rounds.
//!
//! The [`Onlooker`] is a plain thread that takes dumps all the while. [`Calm`] compares the process with what it was at the beginning.

use gaggle::runtime::{self, Handle, Runtime, num_goroutines};
use gaggle_base::rng::Rng;
use std::fmt;
use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// How long it may take until everything has settled after a round.
const LIMIT: Duration = Duration::from_secs(10);

/// A thread without work goes away after 10 s.
const RETIRED: Duration = Duration::from_secs(30);

/// A run this long looks at its memory.
pub(crate) const LONG: Duration = Duration::from_secs(18);

/// A run this long waits in the end until no thread is left that stood in for another.
pub(crate) const VERY_LONG: Duration = Duration::from_secs(30);

/// Looks at the runtime again and again.
pub(crate) struct Onlooker {
    thread: JoinHandle<()>,
    over: Arc<AtomicBool>,
    looks: Arc<AtomicU64>,
}

impl Onlooker {
    pub(crate) fn start(handle: Handle, mut rng: Rng) -> Self {
        let (over, looks) = (
            Arc::new(AtomicBool::new(false)),
            Arc::new(AtomicU64::new(0)),
        );
        let (stop, counter) = (over.clone(), looks.clone());
        let thread = thread::spawn(move || {
            while !stop.load(SeqCst) {
                let way = rng.below(8);
                handle.block_on(async { look(way) });
                counter.fetch_add(1, SeqCst);
                thread::sleep(Duration::from_micros(u64::from(rng.below(4_000))));
            }
        });
        Self {
            thread,
            over,
            looks,
        }
    }

    /// Ends it; says how often it has looked. `Err`: it hangs.
    pub(crate) fn end(self) -> Result<u64, String> {
        self.over.store(true, SeqCst);
        within(LIMIT, || {
            let ended = self.thread.is_finished().then_some(());
            ended.ok_or_else(|| "a look from outside never ends".to_owned())
        })?;
        assert!(self.thread.join().is_ok(), "a look panicked");
        Ok(self.looks.load(SeqCst))
    }
}

fn look(way: u32) {
    match way {
        // No scene has a goroutine that can never go on, so each that is named would be a false alarm.
        0..=3 => {
            let leaks = runtime::leaks();
            assert!(leaks.is_empty(), "a false alarm: {leaks}");
        }
        4 | 5 => {
            let dump = runtime::dump();
            assert!(dump.lock_cycles.is_empty(), "a false alarm: {dump}");
            assert!(!dump.to_string().is_empty());
        }
        6 => assert!(runtime::dump().to_json().starts_with('{')),
        _ => assert!(!format!("{:#}", runtime::dump_all()).is_empty()),
    }
}

/// A line of `/proc/self/status`, as a number. `None`: there is no such file here.
fn status(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/self/status").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim_start_matches(':')
        .split_whitespace()
        .next()?
        .parse()
        .ok()
}

/// Memory that is in use, in kilobytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Memory(pub(crate) u64);

impl Memory {
    pub(crate) fn now() -> Self {
        Self(status("VmRSS").unwrap_or_default())
    }

    /// Is this not noticeably more than `before`?
    pub(crate) fn is_as_flat_as(self, before: Self) -> bool {
        self.0 <= before.0 + before.0 / 10 + 8 * 1024
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} MB", self.0 / 1024, self.0 % 1024 * 10 / 1024)
    }
}

/// How the process is when nothing runs.
pub(crate) struct Calm {
    /// Threads of the process that are not of the runtime's workers.
    others: u64,
}

impl Calm {
    pub(crate) fn measure(runtime: &Runtime) -> Self {
        Self {
            others: others(runtime),
        }
    }

    /// Waits until all is as it was. `Err`: it is not, and what is different.
    pub(crate) fn returns(&self, runtime: &Runtime) -> Result<(), String> {
        let workers = runtime.metrics().workers;
        within(LIMIT, || {
            let metrics = runtime.metrics();
            let left = (metrics.goroutines, metrics.timers, metrics.queued);
            if left != (0, 0, 0) {
                return Err(format!("something is left: {metrics:?}"));
            }
            // Those that stand in for others are bounded by those that are blocked at once.
            if metrics.threads > workers + 128 {
                return Err(format!("too many threads: {metrics:?}"));
            }
            let others = others(runtime);
            if others > self.others {
                return Err(format!("{others} other threads, {} before", self.others));
            }
            Ok(())
        })?;
        runtime.block_on(async {
            let leaks = runtime::leaks();
            if num_goroutines() == 0 && leaks.is_empty() {
                Ok(())
            } else {
                Err(format!("{} goroutines; {leaks}", num_goroutines()))
            }
        })
    }

    /// Waits until no thread is left that stood in for another.
    pub(crate) fn retires(&self, runtime: &Runtime) -> Result<(), String> {
        let workers = runtime.metrics().workers;
        within(RETIRED, || match runtime.metrics() {
            metrics if metrics.threads <= workers => Ok(()),
            metrics => Err(format!("threads without work stay: {metrics:?}")),
        })?;
        self.returns(runtime)
    }
}

fn others(runtime: &Runtime) -> u64 {
    let threads = status("Threads").unwrap_or_default();
    threads.saturating_sub(runtime.metrics().threads as u64)
}

/// Asks until the answer is yes, or the time is over.
fn within(limit: Duration, mut question: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let start = Instant::now();
    loop {
        match question() {
            Ok(()) => return Ok(()),
            Err(why) if start.elapsed() > limit => return Err(why),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}
