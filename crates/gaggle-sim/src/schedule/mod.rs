//! The schedulers: who makes the choices of a run.
//!
//! | file | what it holds |
//! |---|---|
//! | `random.rs` | any option, or with some probability the one that goes on |
//! | `pct.rs` | random priorities with a few points of change |
//! | `dfs.rs` | all of them, one after the other |

mod dfs;
mod pct;
mod random;

use crate::record::Entry;
use dfs::Dfs;
use gaggle_rt::stepped::Choice;
use pct::Pct;
use random::Random;
use std::fmt;
use std::str::FromStr;

/// Makes the choices of one run after the other.
pub(crate) trait Strategy: Send {
    /// A run begins.
    fn begin(&mut self, seed: u64);

    /// A number below `choice.options`.
    fn choose(&mut self, choice: &Choice<'_>) -> usize;

    /// The goroutine has given way of its own accord.
    fn yielded(&mut self, _goroutine: u64) {}

    /// The run is over; these were its choices. `false`: there is no other run left to make.
    fn end(&mut self, _log: &[Entry], _steps: u64) -> bool {
        true
    }

    /// What it can say at the end of all runs.
    fn verdict(&self) -> Option<String> {
        None
    }
}

/// How the next schedule is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sched(Which);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Which {
    Fifo,
    Random { stay: f64 },
    Pct { depth: u32 },
    Dfs { preemptions: u32 },
}

impl Sched {
    /// Nobody interferes: the goroutine that has been ready longest runs until it has to wait.
    #[must_use]
    pub const fn fifo() -> Self {
        Self(Which::Fifo)
    }

    /// Each option is as probable as the others.
    #[must_use]
    pub const fn random() -> Self {
        Self(Which::Random { stay: 0.0 })
    }

    /// As [`random`](Self::random), but before an operation a goroutine goes on with this probability in any case: longer runs of each.
    #[must_use]
    pub const fn sticky(stay: f64) -> Self {
        Self(Which::Random { stay })
    }

    /// Probabilistic concurrency testing (Burckhardt, Kothari, Musuvathi and Nagarakatte, ASPLOS 2010): random priorities, and `depth - 1` places where the one that runs gets the lowest.
    /// A bug that needs `depth` events in an order is found with a probability of at least `1 / (n * k^(depth - 1))` for `n` goroutines and `k` steps.
    #[must_use]
    pub const fn pct(depth: u32) -> Self {
        Self(Which::Pct { depth })
    }

    /// All schedules with at most two preemptions, one after the other. The report says whether that was all of them.
    #[must_use]
    pub const fn dfs() -> Self {
        Self::bounded(2)
    }

    /// As [`dfs`](Self::dfs), with at most so many preemptions: switches away from a goroutine that could go on.
    #[must_use]
    pub const fn bounded(preemptions: u32) -> Self {
        Self(Which::Dfs { preemptions })
    }

    /// What is used if nothing else is asked for: [`fifo`](Self::fifo) once, then these in turn.
    pub(crate) const PORTFOLIO: [Self; 4] = [
        Self::random(),
        Self::pct(2),
        Self::sticky(0.8),
        Self::pct(3),
    ];

    pub(crate) fn strategy(self) -> Box<dyn Strategy> {
        match self.0 {
            Which::Fifo => Box::new(Fifo),
            Which::Random { stay } => Box::new(Random::new(stay)),
            Which::Pct { depth } => Box::new(Pct::new(depth)),
            Which::Dfs { preemptions } => Box::new(Dfs::new(preemptions)),
        }
    }
}

impl fmt::Display for Sched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Which::Fifo => f.write_str("fifo"),
            Which::Random { stay } if stay > 0.0 => write!(f, "sticky({stay})"),
            Which::Random { .. } => f.write_str("random"),
            Which::Pct { depth } => write!(f, "pct({depth})"),
            Which::Dfs { preemptions: 2 } => f.write_str("dfs"),
            Which::Dfs { preemptions } => write!(f, "dfs({preemptions})"),
        }
    }
}

/// Why a text names no scheduler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSched(String);

impl fmt::Display for UnknownSched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is no scheduler; there are `fifo`, `random`, `sticky(P)`, `pct(D)`, `dfs` and `dfs(PREEMPTIONS)`",
            self.0
        )
    }
}

impl std::error::Error for UnknownSched {}

impl FromStr for Sched {
    type Err = UnknownSched;

    fn from_str(text: &str) -> Result<Self, UnknownSched> {
        let unknown = || UnknownSched(text.to_owned());
        let text = text.trim();
        let (name, argument) = match text.split_once('(') {
            None => (text, None),
            Some((name, rest)) => {
                let argument = rest.strip_suffix(')').ok_or_else(unknown)?;
                (name.trim(), Some(argument.trim()))
            }
        };
        let depth = |default| match argument {
            None => Ok(default),
            Some(text) => text.parse::<u32>().map_err(|_| unknown()),
        };
        match name {
            "fifo" if argument.is_none() => Ok(Self::fifo()),
            "random" if argument.is_none() => Ok(Self::random()),
            "sticky" => match argument.map(str::parse::<f64>) {
                Some(Ok(stay)) if (0.0..1.0).contains(&stay) => Ok(Self::sticky(stay)),
                _ => Err(unknown()),
            },
            "pct" => match depth(3)? {
                0 => Err(unknown()),
                depth => Ok(Self::pct(depth)),
            },
            "dfs" => Ok(Self::bounded(depth(2)?)),
            _ => Err(unknown()),
        }
    }
}

/// Nobody interferes.
struct Fifo;

impl Strategy for Fifo {
    fn begin(&mut self, _seed: u64) {}

    fn choose(&mut self, _choice: &Choice<'_>) -> usize {
        0
    }

    fn end(&mut self, _log: &[Entry], _steps: u64) -> bool {
        // Every run would be the same.
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheduler_is_written_as_it_is_read() {
        let all = [
            Sched::fifo(),
            Sched::random(),
            Sched::sticky(0.25),
            Sched::pct(3),
            Sched::dfs(),
            Sched::bounded(7),
        ];
        for sched in all {
            assert_eq!(sched.to_string().parse(), Ok(sched));
        }
        assert_eq!(" pct ( 2 ) ".parse(), Ok(Sched::pct(2)));
    }

    #[test]
    fn what_is_no_scheduler_is_named() {
        for text in [
            "",
            "rr",
            "pct(0)",
            "pct(3",
            "fifo(1)",
            "sticky",
            "sticky(2)",
            "dfs(x)",
        ] {
            let error = text.parse::<Sched>().unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("`{text}` is no scheduler")),
                "{error}"
            );
        }
    }
}
