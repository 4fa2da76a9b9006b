//! Any option, or with some probability the one that goes on.

use super::Strategy;
use gaggle_base::rng::Rng;
use gaggle_base::steps::Kind;
use gaggle_rt::stepped::Choice;

pub(super) struct Random {
    stay: f64,
    rng: Rng,
}

impl Random {
    pub(super) fn new(stay: f64) -> Self {
        Self {
            stay,
            rng: Rng::from_seed(0),
        }
    }
}

/// True with this probability.
pub(super) fn chance(rng: &mut Rng, probability: f64) -> bool {
    f64::from(rng.below(1 << 30)) < probability * f64::from(1 << 30)
}

/// Any option of a choice that is not about who runs.
pub(super) fn any(rng: &mut Rng, choice: &Choice<'_>) -> usize {
    match choice.kind {
        Kind::Early | Kind::Fault => usize::from(chance(rng, choice.probability)),
        _ => rng.below(choice.options as u32) as usize,
    }
}

impl Strategy for Random {
    fn begin(&mut self, seed: u64) {
        self.rng = Rng::from_seed(seed);
    }

    fn choose(&mut self, choice: &Choice<'_>) -> usize {
        if choice.kind == Kind::Switch && self.stay > 0.0 && chance(&mut self.rng, self.stay) {
            return 0;
        }
        any(&mut self.rng, choice)
    }
}
