//! [`Histogram`], which people read, and [`Recorder`], which a worker fills.
//!
//! Both count durations in buckets of fixed bounds: powers of two from 64 ns to 2^40 ns (18 minutes), each divided into four equal parts.
//! That is 1.1 KiB for any number of durations, and a bound is at most a quarter above what it stands for.

use gaggle_base::clock::Nanos;
use gaggle_base::sync::{AtomicU64, Ordering};
use std::fmt;
use std::time::Duration;

/// The first bucket ends at 2 to this power, the last but one at 2 to that.
const LEAST: u32 = 6;
const MOST: u32 = 40;
/// Each power of two is divided into 2 to this power parts.
const PARTS_LOG: u32 = 2;
const PARTS: usize = 1 << PARTS_LOG;
const BUCKETS: usize = 2 + (MOST - LEAST) as usize * PARTS;

/// In which bucket a duration is counted. Bounds belong to the bucket that they end.
fn bucket_of(nanos: Nanos) -> usize {
    let below = nanos.saturating_sub(1);
    if below >> LEAST == 0 {
        return 0;
    }
    let power = below.ilog2();
    let part = (below >> (power - PARTS_LOG)) as usize % PARTS;
    let bucket = 1 + (power - LEAST) as usize * PARTS + part;
    bucket.min(BUCKETS - 1)
}

/// The bound that ends a bucket; the last one has none.
fn bound_of(bucket: usize) -> Option<Nanos> {
    // The first bucket is the last part of the power before the least.
    let at = bucket + PARTS - 1;
    let (power, part) = (at / PARTS, at % PARTS);
    let bound = ((PARTS + part + 1) as u64) << (power as u32 + LEAST - 1 - PARTS_LOG);
    (bucket < BUCKETS - 1).then_some(bound)
}

/// How many durations there were of which length.
///
/// The bounds are powers of two from 64 ns to 18 minutes, each divided into four; what was longer is in a last bucket without a bound.
#[derive(Clone, PartialEq, Eq)]
pub struct Histogram {
    counts: Box<[u64; BUCKETS]>,
    sum: Nanos,
    longest: Nanos,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: Box::new([0; BUCKETS]),
            sum: 0,
            longest: 0,
        }
    }
}

impl Histogram {
    /// Adds what a worker has recorded.
    pub(crate) fn add(&mut self, recorder: &Recorder) {
        for (count, more) in self.counts.iter_mut().zip(&recorder.counts) {
            *count += more.load(Ordering::Relaxed);
        }
        self.sum += recorder.sum.load(Ordering::Relaxed);
        self.longest = self.longest.max(recorder.longest.load(Ordering::Relaxed));
    }

    /// How many durations were recorded.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_nanos(self.sum)
    }

    /// The mean; zero if there are none.
    #[must_use]
    pub fn mean(&self) -> Duration {
        Duration::from_nanos(self.sum / self.count().max(1))
    }

    /// The longest of them; zero if there are none.
    #[must_use]
    pub fn max(&self) -> Duration {
        Duration::from_nanos(self.longest)
    }

    /// What the share `q` of the durations, from 0 to 1, does not exceed: 0.5 asks for the median. Zero if there are none.
    ///
    /// The answer is the bound of a bucket, and so up to a quarter too long, but never longer than the longest.
    /// A share that is none counts as the nearest one that is.
    #[must_use]
    pub fn quantile(&self, q: f64) -> Duration {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_sign_loss,
            reason = "a rank that is rounded is in the same bucket or the next, and it is not negative"
        )]
        let rank = (q.clamp(0.0, 1.0) * self.count() as f64).ceil() as u64;
        let bound = self
            .buckets()
            .find(|(_, count)| *count >= rank.max(1))
            .map_or(Duration::ZERO, |(bound, _)| bound);
        bound.min(self.max())
    }

    /// The buckets, shortest first: the longest duration that belongs to it, and how many belong to it or to those before it.
    ///
    /// The last one, of durations without a bound, has [`Duration::MAX`] and the count of all.
    pub fn buckets(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let bounds = (0..).map(|b| bound_of(b).map_or(Duration::MAX, Duration::from_nanos));
        let counts = self.counts.iter().scan(0, |so_far, count| {
            *so_far += count;
            Some(*so_far)
        });
        bounds.zip(counts)
    }

    /// The buckets that end with a power of two, and the last.
    pub(super) fn powers(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        self.buckets()
            .enumerate()
            .filter(|(bucket, _)| bucket % PARTS == 0 || *bucket == BUCKETS - 1)
            .map(|(bucket, (bound, count))| ((bucket < BUCKETS - 1).then_some(bound), count))
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Histogram")
            .field("count", &self.count())
            .field("mean", &self.mean())
            .field("median", &self.quantile(0.5))
            .field("p99", &self.quantile(0.99))
            .field("max", &self.max())
            .finish()
    }
}

/// A histogram that one thread fills, with plain loads and stores, while others read it.
pub(crate) struct Recorder {
    counts: [AtomicU64; BUCKETS],
    sum: AtomicU64,
    longest: AtomicU64,
}

impl Default for Recorder {
    fn default() -> Self {
        Self {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            sum: AtomicU64::new(0),
            longest: AtomicU64::new(0),
        }
    }
}

impl Recorder {
    /// Owner: counts one.
    pub(crate) fn record(&self, nanos: Nanos) {
        let add = |to: &AtomicU64, n| to.store(to.load(Ordering::Relaxed) + n, Ordering::Relaxed);
        add(&self.counts[bucket_of(nanos)], 1);
        add(&self.sum, nanos);
        if self.longest.load(Ordering::Relaxed) < nanos {
            self.longest.store(nanos, Ordering::Relaxed);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use gaggle_base::rng::Rng;

    fn histogram(of: impl IntoIterator<Item = Nanos>) -> Histogram {
        let recorder = Recorder::default();
        of.into_iter().for_each(|nanos| recorder.record(nanos));
        let mut histogram = Histogram::default();
        histogram.add(&recorder);
        histogram
    }

    #[test]
    fn bounds_grow_by_a_quarter_at_most_and_belong_to_what_they_end() {
        let bounds: Vec<_> = (0..BUCKETS).map_while(bound_of).collect();
        assert_eq!(bounds.len(), BUCKETS - 1);
        assert_eq!((bounds[0], bounds[BUCKETS - 2]), (1 << LEAST, 1 << MOST));
        assert_eq!(bounds[1..6], [80, 96, 112, 128, 160]);
        assert!(
            bounds
                .windows(2)
                .all(|w| w[0] < w[1] && w[1] * 4 <= w[0] * 5)
        );
        for (bucket, bound) in bounds.iter().enumerate() {
            assert_eq!(
                (bucket_of(*bound), bucket_of(bound + 1)),
                (bucket, bucket + 1)
            );
        }
        assert_eq!((bucket_of(0), bucket_of(u64::MAX)), (0, BUCKETS - 1));
    }

    #[test]
    fn quantiles_agree_with_the_sorted_list() {
        let mut rng = Rng::from_seed(3);
        let mut all: Vec<Nanos> = (0..10_000)
            .map(|_| rng.next_u64() >> (24 + rng.below(30)))
            .collect();
        let histogram = histogram(all.iter().copied());
        all.sort_unstable();
        for percent in [0, 1, 10, 50, 90, 99, 100] {
            let exact = all[(percent * 100_usize).max(1) - 1];
            #[expect(clippy::cast_precision_loss, reason = "at most a hundred")]
            let bound = histogram.quantile(percent as f64 / 100.0).as_nanos() as u64;
            assert!(
                exact <= bound && bound <= (exact + exact / 4).max(64),
                "{percent}: {exact}, {bound}"
            );
        }
        assert_eq!(histogram.quantile(f64::NAN), histogram.quantile(-1.0));
        assert_eq!(histogram.quantile(7.0), histogram.max());
        assert_eq!(histogram.max(), Duration::from_nanos(all[9_999]));
        assert_eq!(histogram.sum(), Duration::from_nanos(all.iter().sum()));
        assert_eq!(histogram.mean(), histogram.sum() / 10_000);
    }

    #[test]
    fn buckets_are_cumulative_and_the_last_has_no_bound() {
        let histogram = histogram([1, 64, 65, 1 << 50]);
        let buckets: Vec<_> = histogram.buckets().collect();
        assert_eq!(buckets.len(), BUCKETS);
        assert_eq!(buckets[0], (Duration::from_nanos(64), 2));
        assert_eq!(buckets[1], (Duration::from_nanos(80), 3));
        assert_eq!(buckets[BUCKETS - 2].1, 3);
        assert_eq!(buckets[BUCKETS - 1], (Duration::MAX, 4));
        assert_eq!(histogram.quantile(1.0), Duration::from_nanos(1 << 50));
        let powers: Vec<_> = histogram.powers().collect();
        assert_eq!(powers.len(), 2 + (MOST - LEAST) as usize);
        assert_eq!(powers[1], (Some(Duration::from_nanos(128)), 3));
        assert_eq!(powers[powers.len() - 1], (None, 4));
    }

    #[test]
    fn an_empty_one_is_all_zero() {
        let empty = Histogram::default();
        assert_eq!(
            (empty.count(), empty.sum(), empty.mean()),
            (0, Duration::ZERO, Duration::ZERO)
        );
        assert_eq!(empty.quantile(0.5), Duration::ZERO);
        assert!(empty.buckets().all(|(_, count)| count == 0));
    }
}
