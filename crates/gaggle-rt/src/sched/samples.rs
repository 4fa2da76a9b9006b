//! Which goroutines are timed: about one in [`ONE_IN`] of those that are queued.
//!
//! Reading the clock takes as long as a short poll, so not every poll can be timed.
//! Whoever queues a goroutine counts down, and at zero takes a ticket: its number goes into the goroutine's header, the time is kept here.
//! Whoever takes that goroutine from whatever queue records in its own histograms how long it was queued, and how long the poll then takes.
//!
//! Each time that a goroutine is queued is as likely to be timed as any other, and each poll follows one of them.
//! So both histograms are fair samples, and what was stolen or went through the injector is in them.
//! Only when more than [`TICKETS`] times [`ONE_IN`] goroutines are queued are some samples left out.
//!
//! **Invariant Sa1**: `Header::ticket` is written only by whoever has the right to queue the goroutine, before it is queued, and by whoever took it from a queue, before its poll.
//! The queues order the two, so everything here is relaxed.

use super::shared::Shared;
use super::worker::Worker;
use crate::runtime::Metrics;
use crate::task::Header;
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::sync::{AtomicU8, AtomicU64, Ordering};

/// One in so many is timed, on average.
const ONE_IN: u64 = Metrics::TIMED_ONE_IN;
/// How many goroutines may be queued and timed at once; a number fits into a byte of the header, and 0 is none.
const TICKETS: usize = 255;
/// How many places are tried for a ticket.
const TRIES: usize = 8;

/// The tickets of one runtime.
pub(super) struct Samples {
    /// Since when the goroutine with this ticket is queued; 0: the ticket is free.
    queued_at: Box<[AtomicU64]>,
}

impl Samples {
    pub(super) fn new() -> Self {
        Self {
            queued_at: (0..TICKETS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Takes a ticket, if one is to be had. `ticket` is the field of a goroutine that is about to be queued.
    fn issue(&self, ticket: &AtomicU8, now: Nanos) {
        for i in 0..TRIES {
            let number = (now as usize + i) % TICKETS;
            let free = self.queued_at[number].compare_exchange(
                0,
                now.max(1),
                Ordering::Relaxed,
                Ordering::Relaxed,
            );
            if free.is_ok() {
                ticket.store(number as u8 + 1, Ordering::Relaxed);
                return;
            }
        }
    }

    /// Gives the ticket of a goroutine back that was taken from a queue. Says since when it was there.
    fn redeem(&self, ticket: &AtomicU8) -> Nanos {
        let number = usize::from(ticket.load(Ordering::Relaxed)) - 1;
        ticket.store(0, Ordering::Relaxed);
        let place = &self.queued_at[number];
        let queued_at = place.load(Ordering::Relaxed);
        place.store(0, Ordering::Relaxed);
        queued_at
    }
}

/// How many to count down from: 1 to twice [`ONE_IN`], so that no rhythm of a program meets ours. The clock's low digits are chance enough.
fn interval(now: Nanos) -> u32 {
    (now % (2 * ONE_IN - 1)) as u32 + 1
}

impl Worker {
    /// The goroutine with this field is about to be queued here, and is to be timed.
    #[cold]
    pub(super) fn time(&self, ticket: &AtomicU8) {
        let now = system_now();
        self.until_timed.set(interval(now));
        self.shared.samples.issue(ticket, now);
    }

    /// A goroutine that is timed was taken from a queue, and is about to be polled.
    pub(super) fn begin_timed(&self, ticket: &AtomicU8) -> Nanos {
        let queued_at = self.shared.samples.redeem(ticket);
        let now = system_now();
        let delay = now.saturating_sub(queued_at);
        self.slot().counters.sched_delay.record(delay);
        now
    }

    /// Its poll is over.
    pub(super) fn end_timed(&self, begun: Nanos) {
        let took = system_now().saturating_sub(begun);
        self.slot().counters.poll_time.record(took);
    }
}

impl Shared {
    /// The goroutine with this header is about to go into the injector, from outside; now and then one of them is timed.
    ///
    /// The count is a guess: of those who count at the same time only one may be seen.
    #[inline]
    pub(super) fn time_from_outside(&self, header: &Header) {
        let until = &self.injector.until_timed;
        let left = until.load(Ordering::Relaxed).saturating_sub(1);
        until.store(left, Ordering::Relaxed);
        if left == 0 {
            self.issue_outside(header);
        }
    }

    #[cold]
    fn issue_outside(&self, header: &Header) {
        let now = system_now();
        self.injector
            .until_timed
            .store(interval(now), Ordering::Relaxed);
        // A runtime without workers is stepped: it has another time, and gives no ticket back.
        if self.slots.used() > 0 {
            self.samples.issue(&header.ticket, now);
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn tickets_run_out_and_come_back() {
        let samples = Samples::new();
        let fields: Vec<_> = (0..2 * TICKETS).map(|_| AtomicU8::new(0)).collect();
        for (now, field) in (1..).zip(&fields) {
            samples.issue(field, now);
        }
        let has_one = |field: &&AtomicU8| field.load(Ordering::Relaxed) > 0;
        assert_eq!(fields.iter().filter(has_one).count(), TICKETS);
        for (now, field) in (1..).zip(&fields) {
            if has_one(&field) {
                assert_eq!(samples.redeem(field), now);
            }
            assert!(!has_one(&field));
        }
        samples.issue(&fields[0], 0);
        assert_eq!(samples.redeem(&fields[0]), 1, "zero would mean free");
    }

    #[test]
    fn intervals_are_right_on_average_and_never_zero() {
        let all: Vec<u64> = (0..2 * ONE_IN - 1)
            .map(|now| interval(now).into())
            .collect();
        assert_eq!(all.iter().min(), Some(&1));
        assert_eq!(all.iter().sum::<u64>(), ONE_IN * all.len() as u64);
    }
}
