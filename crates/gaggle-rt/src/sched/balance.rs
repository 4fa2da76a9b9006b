//! Spread the work, or gather it on one worker?
//!
//! Waking an idle CPU costs tens of microseconds, and two CPUs that work on the same channels pay for every cache line that goes back and forth.
//! Where goroutines run for a hundred nanoseconds at a time, a second worker can make everything five times slower; where they run for longer, or have nothing to do with each other, it doubles the speed.
//! Neither can be seen from a queue, so it is tried out: the monitor counts steps (polls, and the operations in them) a tick in the one mode and in the other, keeps what was better, and tries again later, less and less often.
//!
//! * **Spread** is how a runtime starts. Work that is queued wakes a sleeper; who has nothing steals.
//! * **Gather** is tried only while steps take less than two microseconds on average. A worker then wakes nobody for what it queues, and a searching one leaves the queues of running ones alone.
//!   It ends at once when steps take longer: a tick without many steps is one in which somebody may have been waiting.
//!
//! Gathering never leaves work to nobody: a notification is left out only while some worker with a seat is awake, and each looks at all queues, under the rule for the last one awake, before it sleeps (see `README.md`).

/// How often the monitor asks, in nanoseconds.
pub(super) const TICK: u64 = 2_000_000;
/// Fewer steps a tick and a running worker than this, and steps are not short.
const SHORT_STEPS: u64 = 1_000;
/// How many ticks a decision holds at first, and at most.
const FIRST_HOLD: u32 = 16;
const LONGEST_HOLD: u32 = 512;

/// What the monitor remembers from tick to tick.
#[derive(Debug)]
pub(super) struct Balance {
    gather: bool,
    trial: Trial,
    /// Steps since the start, at the end of the last tick.
    total: u64,
    /// Steps in the last tick, in the present mode.
    last: u64,
    hold: u32,
}

#[derive(Debug)]
enum Trial {
    /// The decision holds for so many more ticks.
    Holds(u32),
    /// The mode was just changed, to be compared with so many steps a tick; the first tick is a mixture of both.
    Settles(u64),
    Measures(u64),
}

impl Balance {
    pub(super) fn new() -> Self {
        Self {
            gather: false,
            trial: Trial::Holds(1),
            total: 0,
            last: 0,
            hold: FIRST_HOLD,
        }
    }

    /// A tick is over: so many steps were done since the start, and so many workers run. Says whether to gather from now on.
    pub(super) fn tick(&mut self, total: u64, running: u64) -> bool {
        let steps = total - std::mem::replace(&mut self.total, total);
        let before = std::mem::replace(&mut self.last, steps);
        if steps < SHORT_STEPS * running.max(1) {
            *self = Self {
                last: steps,
                total,
                ..Self::new()
            };
            return false;
        }
        match self.trial {
            Trial::Holds(0) => {
                self.gather = !self.gather;
                self.trial = Trial::Settles(steps.max(before));
            }
            Trial::Holds(n) => self.trial = Trial::Holds(n - 1),
            Trial::Settles(other) => self.trial = Trial::Measures(other),
            Trial::Measures(other) => {
                // In doubt one worker: it leaves the other CPUs to others.
                let better = if self.gather {
                    steps * 10 >= other * 9
                } else {
                    steps * 10 > other * 12
                };
                if better {
                    self.hold = FIRST_HOLD;
                } else {
                    self.gather = !self.gather;
                    self.hold = (self.hold * 2).min(LONGEST_HOLD);
                }
                self.trial = Trial::Holds(self.hold);
            }
        }
        self.gather
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    /// Runs `ticks` ticks in a world in which a tick has so many steps, and counts those that were gathered.
    fn gathered(ticks: u32, spread: u64, gather: u64) -> u32 {
        let (mut balance, mut mode, mut n, mut total) = (Balance::new(), false, 0, 0);
        for _ in 0..ticks {
            total += if mode { gather } else { spread };
            mode = balance.tick(total, 1);
            n += u32::from(mode);
        }
        n
    }

    #[test]
    fn what_is_better_is_kept_most_of_the_time() {
        assert!(
            gathered(10_000, 4_000, 20_000) > 9_800,
            "gathering is five times better"
        );
        assert!(
            gathered(10_000, 38_000, 20_000) < 200,
            "spreading is twice as good"
        );
        assert!(
            gathered(10_000, 20_000, 20_000) > 9_000,
            "no difference: gather"
        );
    }

    #[test]
    fn the_first_trial_comes_at_once() {
        assert!(gathered(12, 4_000, 20_000) >= 9);
    }

    #[test]
    fn long_steps_are_spread() {
        assert_eq!(gathered(1_000, 900, 900), 0);
        let mut balance = Balance::new();
        let total = (1..9)
            .map(|n| n * 50_000)
            .find(|total| balance.tick(*total, 1));
        let total = total.expect("short steps are gathered sooner or later");
        assert!(!balance.tick(total + 3, 1), "one slow tick ends it");
    }
}
