//! Latencies, counted in buckets whose width grows with them: 64 for each power of two, so that a figure is right to one part in 64.

const BITS: u32 = 6;
const BUCKETS: usize = (64 - BITS as usize + 1) << BITS;

pub(crate) struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub(crate) fn new() -> Histogram {
        Histogram {
            counts: vec![0; BUCKETS],
            total: 0,
        }
    }

    pub(crate) fn record(&mut self, nanoseconds: u64, times: u64) {
        self.counts[bucket(nanoseconds)] += times;
        self.total += times;
    }

    pub(crate) fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// What `share` of the values do not exceed, in nanoseconds.
    pub(crate) fn quantile(&self, share: f64) -> u64 {
        let wanted = ((self.total as f64 * share).ceil() as u64).max(1);
        let mut seen = 0;
        for (bucket, count) in self.counts.iter().enumerate() {
            seen += count;
            if seen >= wanted {
                return greatest(bucket);
            }
        }
        0
    }
}

fn bucket(value: u64) -> usize {
    // Values below 128 have a bucket each; above, the leading seven bits are kept.
    let shift = (u64::BITS - value.leading_zeros()).saturating_sub(BITS + 1);
    ((shift as usize) << BITS) + (value >> shift) as usize
}

/// The greatest value in a bucket.
fn greatest(bucket: usize) -> u64 {
    let shift = (bucket >> BITS).saturating_sub(1) as u32;
    let leading = (bucket - ((shift as usize) << BITS)) as u64;
    ((leading + 1) << shift) - 1
}

#[cfg(test)]
mod tests {
    use super::{Histogram, bucket, greatest};

    #[test]
    fn a_bucket_holds_what_is_counted_in_it() {
        let mut last = 0;
        for value in (0..100_000).chain([1 << 40, (1 << 40) + 1, u64::MAX >> 8]) {
            let bucket = bucket(value);
            assert!(bucket >= last, "{value}");
            last = bucket;
            let top = greatest(bucket);
            assert!(top >= value && top - value <= value / 64, "{value}: {top}");
        }
    }

    #[test]
    fn quantiles() {
        let mut histogram = Histogram::new();
        (1..=100).for_each(|value| histogram.record(value, 1));
        assert_eq!(histogram.quantile(0.5), 50);
        assert_eq!(histogram.quantile(0.99), 99);
        assert_eq!(histogram.quantile(1.0), 100);
    }
}
