//! Clocks, memory, and what a row hands back.

use std::future::Future;
use std::hint::black_box;
use std::time::{Duration, Instant};

use gaggle_benches::report::{Figure, Report};
use rustix::time::{ClockId, clock_gettime};

use crate::cli::Job;

/// What one run of a row found out; `Err` when its check sum is wrong.
pub(crate) type Result<T = Outcome> = std::result::Result<T, String>;

/// The figures of a row, in the order of the catalogue.
pub(crate) struct Outcome {
    count: u64,
    figures: Vec<f64>,
}

impl Outcome {
    pub(crate) fn new(count: u64, figures: impl Into<Vec<f64>>) -> Outcome {
        Outcome {
            count,
            figures: figures.into(),
        }
    }

    /// One figure: nanoseconds per operation.
    pub(crate) fn per(count: u64, took: Duration) -> Outcome {
        Outcome::new(count, [nanoseconds_each(took, count)])
    }

    /// One figure: milliseconds for everything.
    pub(crate) fn total(count: u64, took: Duration) -> Outcome {
        Outcome::new(count, [took.as_secs_f64() * 1e3])
    }

    pub(crate) fn report(&self, job: &Job) -> Report {
        let mut figures = job.row.figures.iter().zip(&self.figures);
        let (&(_, unit), &value) = figures.next().expect("a row measures something");
        let more = figures.map(|(&(name, unit), &value)| Figure {
            name: name.to_owned(),
            unit: unit.to_owned(),
            value,
        });
        Report {
            row: job.row.name.to_owned(),
            peer: job.peer.name.to_owned(),
            workers: job.workers,
            count: self.count,
            unit: unit.to_owned(),
            value,
            more: more.collect(),
            checksum: "ok".to_owned(),
        }
    }
}

/// Fails unless the check sum is what it must be.
pub(crate) fn check(what: &str, got: u64, want: u64) -> Result<()> {
    if got == want {
        return Ok(());
    }
    Err(format!("check sum of {what} is {got}, must be {want}"))
}

/// `0 + 1 + .. + (n - 1)`, as a wrapping sum.
pub(crate) fn sum_below(n: u64) -> u64 {
    (0..n).fold(0, u64::wrapping_add)
}

pub(crate) async fn timed<F: Future>(work: F) -> (F::Output, Duration) {
    let start = Instant::now();
    let output = work.await;
    (output, start.elapsed())
}

pub(crate) fn nanoseconds_each(took: Duration, count: u64) -> f64 {
    took.as_secs_f64() * 1e9 / count as f64
}

/// The CPU time of this process, all threads, kernel and user.
pub(crate) fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).expect("CPU time is positive")
}

/// The resident memory of this process in bytes.
pub(crate) fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm
        .split_whitespace()
        .nth(1)
        .and_then(|pages| pages.parse().ok());
    pages.unwrap_or(0) * rustix::param::page_size() as u64
}

/// What one goroutine of a memory-heavy row may need in the greediest peer: the same for all of them.
pub(crate) const GREEDIEST: u64 = 3_500;

/// Touches memory once and gives it back, so that the host has provided the pages before a row is timed.
///
/// Never more than half of what is available.
pub(crate) fn touch(bytes: u64) {
    let bytes = bytes.min(available() / 2);
    let mut memory = vec![0_u8; usize::try_from(bytes).unwrap_or(0)];
    for page in memory.chunks_mut(rustix::param::page_size()) {
        page[0] = 1;
    }
    black_box(&memory);
}

fn available() -> u64 {
    let info = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
