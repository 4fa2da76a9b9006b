//! [`Metrics`]: a snapshot of what a runtime has counted (semantics.md RT-07).
//!
//! `sched/metrics.rs` puts it together, `prometheus.rs` writes it as text.

use super::Histogram;

/// A snapshot of what a runtime has counted.
///
/// The figures are read one after the other while the runtime goes on: they are exact when it is quiet.
/// What counts events only grows.
///
/// # Examples
/// ```
/// let runtime = gaggle_rt::runtime::Runtime::builder().workers(1).build()?;
/// for _ in 0..10 {
///     runtime.go(async {}).join_blocking().unwrap();
/// }
/// let metrics = runtime.metrics();
/// assert_eq!((metrics.started, metrics.panics), (10, 0));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metrics {
    /// What the runtime is called.
    pub name: String,
    /// Workers that it was built with.
    pub workers: usize,
    /// Threads at present: workers, and those that stand in or wait to stand in for blocked ones. Not those of locked goroutines, of which each has one.
    pub threads: usize,
    /// Of these, the ones that wait to stand in.
    pub spare_threads: usize,
    /// Of these, the ones in a call that blocks its thread and says so: `blocking`, a form whose name ends in `_blocking`, a nested `block_on`.
    pub blocking_threads: usize,
    /// Goroutines that are alive. The four states add up to it.
    pub goroutines: usize,
    /// Goroutines that are being polled.
    pub running: usize,
    /// Goroutines that are ready and wait in a run queue for a worker.
    pub runnable: usize,
    /// Goroutines that block their thread (see [`blocking_threads`](Self::blocking_threads)).
    pub blocking: usize,
    /// All other goroutines: they wait for a channel, a lock, a timer, or whatever else.
    pub waiting: usize,
    /// Goroutines started so far.
    pub started: u64,
    /// Polls done by workers.
    pub polls: u64,
    /// Times that a worker took goroutines from another after a search.
    pub steals: u64,
    /// Times that a worker went to sleep.
    pub parks: u64,
    /// Times that a worker blocked or was stuck, and its place became free for another.
    pub hand_offs: u64,
    /// Times that a worker was found stuck in one poll, for at least 10 ms; surely found are those of 20 ms.
    /// A poll counts once, however long it takes, and not for the time in which it blocks its thread and says so.
    pub stuck: u64,
    /// Panics of goroutines that nobody could take from a handle: each was reported, and raised if the runtime raises them.
    pub panics: u64,
    /// Goroutines in run queues.
    pub queued: usize,
    /// Goroutines in the run queues of workers, all told.
    pub local_queue: usize,
    /// The same for each worker's queue. Behind those of the first workers come those of threads that stand in.
    pub local_queues: Vec<usize>,
    /// Goroutines in the common queue.
    pub global_queue: usize,
    /// Timers that somebody waits for: sleeps, time limits, functions that are to run later.
    pub timers: usize,
    /// How long polls took, calls that block included: a sample, about one in [`TIMED_ONE_IN`](Self::TIMED_ONE_IN).
    pub poll_time: Histogram,
    /// How long goroutines were ready before they ran: a sample, about one in [`TIMED_ONE_IN`](Self::TIMED_ONE_IN).
    pub sched_delay: Histogram,
}

impl Metrics {
    /// Of so many polls one is timed, on average: which one is left to chance.
    pub const TIMED_ONE_IN: u64 = 1024;

    /// The metrics in Prometheus' text format, version 0.0.4 (`text/plain; version=0.0.4`).
    ///
    /// Every sample carries the name of its runtime in the label `runtime`.
    /// The histograms have a bucket for each power of two.
    ///
    /// # Examples
    /// ```
    /// let runtime = gaggle_rt::runtime::Runtime::builder().workers(1).name("web").build()?;
    /// let text = runtime.metrics().to_prometheus();
    /// assert!(text.contains("# TYPE gaggle_goroutines gauge\n"));
    /// assert!(text.contains("gaggle_goroutines{runtime=\"web\",state=\"waiting\"} 0\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use]
    pub fn to_prometheus(&self) -> String {
        super::prometheus::text(self)
    }
}
