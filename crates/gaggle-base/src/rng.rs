//! The one source of randomness: a small generator that is seeded once.
//!
//! It decides where a worker starts to steal, and which ready arm a `select!` takes.
//! It is not for secrets.

use crate::steps;
use crate::sync::{AtomicU64, Ordering};
use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// A generator of the `SplitMix64` family (Steele, Lea and Flood, OOPSLA 2014): eight bytes of state, one multiplication chain a number.
#[derive(Debug, Clone)]
pub struct Rng(u64);

impl Rng {
    /// A generator whose numbers are a function of `seed` alone.
    #[must_use]
    pub const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator seeded by the operating system, different in each call.
    #[must_use]
    pub fn from_entropy() -> Self {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one source of randomness"
        )]
        let state = RandomState::new();
        Self(state.hash_one(0_u64))
    }

    /// The next number, uniform over all of `u64`.
    #[inline]
    pub fn next_u64(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`. The bias is below `bound / 2^32` (Lemire's multiply-shift).
    ///
    /// # Panics
    /// When `bound` is zero.
    #[inline]
    pub fn below(&mut self, bound: u32) -> u32 {
        assert!(bound > 0, "a random number below zero was asked for");
        let wide = (self.next_u64() >> 32) * u64::from(bound);
        (wide >> 32) as u32
    }
}

thread_local! {
    static THREAD_RNG: Cell<u64> = const { Cell::new(0) };
}

/// A number below `bound` from the calling thread's own generator. `None`: somebody drives this thread ([`crate::steps`]), and is to be asked.
///
/// # Panics
/// When `bound` is zero.
#[inline(always)]
#[must_use]
pub fn draw(bound: u32) -> Option<u32> {
    THREAD_RNG.with(|cell| {
        let mut rng = match cell.get() {
            UNSEEDED => seed_thread()?,
            state => Rng::from_seed(state),
        };
        let n = rng.below(bound);
        cell.set(rng.0);
        Some(n)
    })
}

/// The state of a generator that has not drawn yet. A driven thread stays in it, so that production pays no test for being driven.
const UNSEEDED: u64 = 0;

#[cold]
fn seed_thread() -> Option<Rng> {
    (!steps::is_driven()).then(Rng::from_entropy)
}

/// The thread's generator, set aside while the thread is driven.
pub(crate) struct Undriven(u64);

impl Undriven {
    pub(crate) fn restore(&self) {
        THREAD_RNG.set(self.0);
    }
}

pub(crate) fn be_driven() -> Undriven {
    Undriven(THREAD_RNG.replace(UNSEEDED))
}

/// A process-wide counter for things that need a number of their own.
#[derive(Debug)]
pub struct Sequence(AtomicU64);

impl Sequence {
    /// Counts from `first`.
    #[must_use]
    pub fn starting_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
    }

    /// Takes `n` numbers at once and returns the first of them.
    pub fn take(&self, n: u64) -> u64 {
        self.0.fetch_add(n, Ordering::Relaxed)
    }

    /// Counts from `first` again.
    pub fn restart(&self, first: u64) {
        self.0.store(first, Ordering::Relaxed);
    }

    /// How many numbers were taken, given where the sequence started.
    pub fn taken_since(&self, first: u64) -> u64 {
        self.0.load(Ordering::Relaxed) - first
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn equal_seeds_give_equal_numbers() {
        let (mut a, mut b) = (Rng::from_seed(7), Rng::from_seed(7));
        assert!((0..100).all(|_| a.next_u64() == b.next_u64()));
    }

    #[test]
    fn below_covers_its_range_evenly() {
        let mut rng = Rng::from_seed(1);
        let mut hits = [0_u32; 5];
        for _ in 0..50_000 {
            hits[rng.below(5) as usize] += 1;
        }
        // Ten standard deviations of a binomial with p = 1/5 are 894.
        assert!(hits.iter().all(|h| h.abs_diff(10_000) < 894), "{hits:?}");
    }

    #[test]
    fn a_sequence_hands_out_disjoint_ranges() {
        let s = Sequence::starting_at(1);
        assert_eq!((s.take(3), s.take(1), s.taken_since(1)), (1, 4, 4));
    }
}
