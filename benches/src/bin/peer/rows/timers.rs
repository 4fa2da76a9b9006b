//! `timers` and `timers-10k`: goroutines that sleep from 0 to 1,000 ms; their CPU time and how late they wake.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use super::share;
use crate::measure::{self, GREEDIEST, Outcome, Result, nanoseconds_each};
use crate::runtime::{Runtime, WaitGroup};

pub(crate) async fn sleepers<R: Runtime>(n: u64) -> Result {
    measure::touch(n * GREEDIEST);
    let goroutines = n as usize;
    let group = share(R::WaitGroup::new());
    let log = share(Lateness::new(goroutines));

    let before = measure::cpu_time();
    group.add(goroutines);
    for i in 0..goroutines {
        R::go(async move {
            let duration = nap(i);
            let deadline = Instant::now() + duration;
            R::sleep(duration).await;
            log.woke(i, deadline);
            group.done();
        });
    }
    group.wait().await;
    let cpu = measure::cpu_time().saturating_sub(before);

    let median = log.median()?;
    Ok(Outcome::new(n, [nanoseconds_each(cpu, n) / 1e3, median]))
}

/// How long goroutine `i` sleeps: spread evenly, and not in the order of `i`.
pub(crate) fn nap(i: usize) -> Duration {
    Duration::from_micros((i as u64 * 7_919) % 1_000_000)
}

/// How late each goroutine woke, in nanoseconds.
pub(crate) struct Lateness(Box<[AtomicU64]>);

impl Lateness {
    const NEVER: u64 = u64::MAX;
    const EARLY: u64 = u64::MAX - 1;

    pub(crate) fn new(n: usize) -> Lateness {
        Lateness((0..n).map(|_| AtomicU64::new(Self::NEVER)).collect())
    }

    #[inline]
    pub(crate) fn woke(&self, i: usize, deadline: Instant) {
        let late = Instant::now().checked_duration_since(deadline);
        let late = late.map_or(Self::EARLY, |late| late.as_nanos() as u64);
        self.0[i].store(late, Ordering::Relaxed);
    }

    /// The median in microseconds; an error if somebody did not wake, or too early.
    pub(crate) fn median(&self) -> Result<f64> {
        let mut all: Vec<u64> = self
            .0
            .iter()
            .map(|late| late.load(Ordering::Relaxed))
            .collect();
        all.sort_unstable();
        match all.last() {
            Some(&Self::NEVER) => Err("a sleeper did not wake".to_owned()),
            Some(&Self::EARLY) => Err("a sleeper woke early".to_owned()),
            _ => Ok(all[all.len() / 2] as f64 / 1e3),
        }
    }
}
