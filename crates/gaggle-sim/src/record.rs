//! The choices of one run, written down or read off.

use crate::schedule::Strategy;
use gaggle_base::rng::Rng;
use gaggle_base::steps::Kind;
use gaggle_rt::stepped::{Choice, Guide};

/// One choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    pub(crate) options: u32,
    pub(crate) chosen: u32,
    /// The goroutine that ran.
    pub(crate) current: u32,
}

/// Takes choices from a list first, then from a strategy or the dull ones, and writes all of them down.
pub(crate) struct Recorder<'a> {
    list: &'a [u32],
    strategy: Option<&'a mut dyn Strategy>,
    /// How probable it is that a timer fires early.
    early: f64,
    random: Rng,
    pub(crate) log: Vec<Entry>,
}

impl<'a> Recorder<'a> {
    pub(crate) fn new(
        list: &'a [u32],
        strategy: Option<&'a mut dyn Strategy>,
        early: f64,
        seed: u64,
        log: Vec<Entry>,
    ) -> Self {
        Self {
            list,
            strategy,
            early,
            random: Rng::from_seed(seed),
            log,
        }
    }
}

impl Guide for Recorder<'_> {
    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        let at = self.log.len();
        let chosen = match (self.list.get(at), &mut self.strategy) {
            // A list from elsewhere, or a shorter one, may ask for an option that is not there.
            (Some(chosen), _) => (*chosen as usize).min(choice.options - 1),
            (None, None) => 0,
            (None, Some(strategy)) if choice.kind == Kind::Early => strategy.choose(&Choice {
                probability: self.early,
                ..*choice
            }),
            (None, Some(strategy)) => strategy.choose(choice),
        };
        self.log.push(Entry {
            kind: choice.kind,
            options: choice.options as u32,
            chosen: chosen as u32,
            current: choice.current as u32,
        });
        chosen
    }

    fn random(&mut self) -> u64 {
        self.random.next_u64()
    }

    fn yielded(&mut self, goroutine: u64) {
        if let Some(strategy) = &mut self.strategy {
            strategy.yielded(goroutine);
        }
    }
}
