//! Metrics in Prometheus' text format, version 0.0.4.
//!
//! Each family is two comments, `HELP` and `TYPE`, and its samples; each sample is a name, labels, a number, a newline.

use super::{Histogram, Metrics};
use std::fmt::{Display, Write};
use std::time::Duration;

struct Text {
    out: String,
    /// The value of the label `runtime`, escaped.
    runtime: String,
}

impl Text {
    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // A string takes everything.
        let _ = self.out.write_fmt(line);
        self.out.push('\n');
    }

    fn family(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}"));
        self.line(format_args!("# TYPE {name} {kind}"));
    }

    /// `label`: one more label, its value in need of no escape.
    fn sample(&mut self, name: &str, label: Option<(&str, &dyn Display)>, value: &dyn Display) {
        let runtime = std::mem::take(&mut self.runtime);
        match label {
            None => self.line(format_args!("{name}{{runtime=\"{runtime}\"}} {value}")),
            Some((key, of)) => self.line(format_args!(
                "{name}{{runtime=\"{runtime}\",{key}=\"{of}\"}} {value}"
            )),
        }
        self.runtime = runtime;
    }

    fn gauge(&mut self, name: &str, help: &str, value: usize) {
        self.family(name, "gauge", help);
        self.sample(name, None, &value);
    }

    fn counter(&mut self, name: &str, help: &str, value: u64) {
        self.family(name, "counter", help);
        self.sample(name, None, &value);
    }

    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram) {
        let one_in = Metrics::TIMED_ONE_IN;
        let help = format!("{help} A sample: about one in {one_in}.");
        self.family(name, "histogram", &help);
        let bucket = format!("{name}_bucket");
        for (bound, count) in histogram.powers() {
            match bound {
                Some(bound) => self.sample(&bucket, Some(("le", &Seconds(bound))), &count),
                None => self.sample(&bucket, Some(("le", &"+Inf")), &count),
            }
        }
        self.sample(&format!("{name}_sum"), None, &Seconds(histogram.sum()));
        self.sample(&format!("{name}_count"), None, &histogram.count());
    }
}

/// Exact, which a floating-point number would not be.
struct Seconds(Duration);

impl Display for Seconds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{:09}", self.0.as_secs(), self.0.subsec_nanos())
    }
}

/// A label's value between its quotes.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace('"', "\\\"")
        .replace('\n', "\\n")
}

pub(super) fn text(m: &Metrics) -> String {
    let mut text = Text {
        out: String::new(),
        runtime: escaped(&m.name),
    };
    goroutines(&mut text, m);
    threads(&mut text, m);
    queues(&mut text, m);
    let help = "How long one poll of a goroutine took.";
    text.histogram("gaggle_poll_seconds", help, &m.poll_time);
    let help = "How long a goroutine was ready before it ran.";
    text.histogram("gaggle_sched_delay_seconds", help, &m.sched_delay);
    text.out
}

fn goroutines(text: &mut Text, m: &Metrics) {
    let name = "gaggle_goroutines";
    text.family(name, "gauge", "Goroutines that are alive, by state.");
    for (state, count) in [
        ("running", m.running),
        ("runnable", m.runnable),
        ("blocking", m.blocking),
        ("waiting", m.waiting),
    ] {
        text.sample(name, Some(("state", &state)), &count);
    }
    let name = "gaggle_goroutines_created_total";
    text.counter(name, "Goroutines started.", m.started);
    text.counter("gaggle_polls_total", "Polls of goroutines.", m.polls);
    let help = "Polls that held a worker up for 10 ms or more, as far as they were seen.";
    text.counter("gaggle_stuck_total", help, m.stuck);
    let help = "Panics of goroutines that nobody could take from a handle.";
    text.counter("gaggle_panics_total", help, m.panics);
}

fn threads(text: &mut Text, m: &Metrics) {
    let help = "Workers that the runtime was built with.";
    text.gauge("gaggle_workers", help, m.workers);
    let help = "Threads: workers, and those that stand in or wait to stand in for blocked ones.";
    text.gauge("gaggle_threads", help, m.threads);
    let help = "Threads that wait to stand in for a blocked one.";
    text.gauge("gaggle_spare_threads", help, m.spare_threads);
    let help = "Threads in a call that blocks its thread and says so.";
    text.gauge("gaggle_blocking_threads", help, m.blocking_threads);
    let help = "Times that a worker went to sleep.";
    text.counter("gaggle_worker_parks_total", help, m.parks);
    let help = "Times that a worker took goroutines from another.";
    text.counter("gaggle_steals_total", help, m.steals);
    let help = "Times that a worker blocked or was stuck, and its place became free for another.";
    text.counter("gaggle_hand_offs_total", help, m.hand_offs);
}

fn queues(text: &mut Text, m: &Metrics) {
    let name = "gaggle_local_queue";
    text.family(name, "gauge", "Goroutines in a worker's run queue.");
    for (worker, length) in m.local_queues.iter().enumerate() {
        text.sample(name, Some(("worker", &worker)), length);
    }
    let help = "Goroutines in the common run queue.";
    text.gauge("gaggle_global_queue", help, m.global_queue);
    text.gauge("gaggle_timers", "Timers that somebody waits for.", m.timers);
}
