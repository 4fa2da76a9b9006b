//! `hog-spin` and `hog-block`: two goroutines keep their threads for a second, and a ticker of a millisecond runs beside them.
//!
//! Peers with code of their own share the hogs, the log and the figures.

use std::hint::black_box;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::share;
use crate::measure::{Outcome, Result, check};
use crate::tools::{Ticking, Ticks};

/// As many as a runtime of two workers has workers.
pub(crate) const HOGS: usize = 2;
pub(crate) const PERIOD: Duration = Duration::from_millis(1);
/// How long the ticker runs alone before the hogs start.
pub(crate) const LEAD: Duration = Duration::from_millis(50);
/// How long a runtime may take to notice the hogs: the first figure begins after it.
const GRACE: Duration = Duration::from_millis(25);
/// Fewer ticks than this before the hogs start, and the ticker did not run, or the machine is too busy to measure.
const FEWEST: usize = 1;
/// Steps between two looks at the clock.
const STEPS: u32 = 1_000;
/// Fewer steps a microsecond than this, and a hog did not really spin, however busy the machine is.
const SLOWEST: u64 = 5;

/// How a goroutine keeps its thread.
#[derive(Clone, Copy)]
pub(crate) enum Hog {
    /// It computes.
    Spin,
    /// It sleeps in a system call, and tells its runtime nothing.
    Block,
}

/// What a hog did.
pub(crate) struct Spell {
    took: Duration,
    end: Instant,
    steps: u64,
}

impl Hog {
    pub(crate) fn run(self, duration: Duration) -> Spell {
        let start = Instant::now();
        let mut steps = 0;
        match self {
            Hog::Spin => {
                let mut value = 1_u64;
                while start.elapsed() < duration {
                    for _ in 0..STEPS {
                        value ^= value << 13;
                        value ^= value >> 7;
                        value ^= value << 17;
                    }
                    steps += u64::from(STEPS);
                }
                black_box(value);
            }
            Hog::Block => thread::sleep(duration),
        }
        let end = Instant::now();
        Spell {
            took: end - start,
            end,
            steps,
        }
    }
}

/// When a ticker ticked.
pub(crate) struct Log {
    start: Instant,
    ticks: Vec<Instant>,
}

impl Log {
    fn new() -> Log {
        Log {
            start: Instant::now(),
            ticks: Vec::with_capacity(4_096),
        }
    }

    /// A ticker that blocks, until a tick that began after `over` was set.
    pub(crate) fn of(over: &AtomicBool, mut tick: impl FnMut()) -> Log {
        let mut log = Log::new();
        while !over.load(Ordering::Acquire) {
            tick();
            log.ticks.push(Instant::now());
        }
        tick();
        log.ticks.push(Instant::now());
        log
    }

    /// The largest gap between two ticks while a hog ran: what is left of it after the grace, and all of it.
    pub(crate) fn outcome(
        &self,
        hog: Hog,
        n: u64,
        start: Instant,
        spells: &[Spell; HOGS],
    ) -> Result {
        let duration = time(n);
        for spell in spells {
            check("a hog", u64::from(spell.took >= duration), 1)?;
            let least = match hog {
                Hog::Spin => SLOWEST * duration.as_micros() as u64,
                Hog::Block => 0,
            };
            check("a hog's steps", u64::from(spell.steps >= least), 1)?;
        }
        let end = spells.iter().map(|spell| spell.end).max();
        let end = end.expect("there are hogs");
        self.check(start, end)?;

        let (mut late, mut all) = (Duration::ZERO, Duration::ZERO);
        for pair in self.ticks.windows(2) {
            let (before, tick) = (pair[0], pair[1]);
            if tick > start && before < end {
                all = all.max(tick - before);
                late = late.max(tick.saturating_duration_since(before.max(start + GRACE)));
            }
        }
        let milliseconds = [late, all].map(|gap| gap.as_secs_f64() * 1e3);
        Ok(Outcome::new(n, milliseconds))
    }

    /// Fails unless the ticker ticked before the hogs and after them, and never more often than it may.
    fn check(&self, start: Instant, end: Instant) -> Result<()> {
        let before = self.ticks.iter().filter(|&&tick| tick < start).count();
        check("ticks before", u64::from(before >= FEWEST), 1)?;
        let last = self.ticks.last().expect("it ticked before");
        check("the last tick", u64::from(*last >= end), 1)?;
        // The first tick of some tickers comes at once.
        let most = (*last - self.start).as_millis() / PERIOD.as_millis() + 1;
        check(
            "too many ticks",
            u64::from(self.ticks.len() as u128 > most),
            0,
        )
    }
}

/// How long the hogs run: the count of the row is in ticks.
pub(crate) fn time(n: u64) -> Duration {
    PERIOD * n as u32
}

pub(crate) async fn beside<R: Ticking>(hog: Hog, n: u64) -> Result {
    let over = share(AtomicBool::new(false));
    let ticker = R::spawn(async move {
        let mut log = Log::new();
        let mut ticks = R::Ticks::new(PERIOD);
        while !over.load(Ordering::Acquire) {
            ticks.tick().await;
            log.ticks.push(Instant::now());
        }
        ticks.tick().await;
        log.ticks.push(Instant::now());
        log
    });
    R::sleep(LEAD).await;

    let start = Instant::now();
    let hogs: [_; HOGS] = std::array::from_fn(|_| R::spawn(async move { hog.run(time(n)) }));
    let [one, other] = hogs;
    let spells = [one.await, other.await];
    over.store(true, Ordering::Release);
    ticker.await.outcome(hog, n, start, &spells)
}
