//! What a program under simulation may ask of the simulation. Outside of one, each has a plain answer or says that it needs one.

use gaggle_base::clock::to_nanos;
use gaggle_base::context::poll_proceed;
use gaggle_base::rng::Rng;
use gaggle_base::site::Site;
use gaggle_base::steps;
use gaggle_base::wait::Reason;
use gaggle_rt::time::Instant;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

/// Is this code driven by a simulation?
#[must_use]
pub fn is_simulated() -> bool {
    steps::is_driven()
}

/// The present on the virtual clock; outside of a simulation on the real one.
#[must_use]
pub fn now() -> Instant {
    Instant::now()
}

/// The date on the virtual clock. A run begins on 2000-01-01 at 00:00:00 UTC (semantics.md ST-01). Outside of a simulation it is today's.
#[must_use]
pub fn date() -> SystemTime {
    /// From 1970 to 2000.
    const BEGIN: Duration = Duration::from_secs(946_684_800);
    if is_simulated() {
        let since = Duration::from_nanos(gaggle_base::clock::now());
        return SystemTime::UNIX_EPOCH + BEGIN + since;
    }
    #[expect(
        clippy::disallowed_methods,
        reason = "outside of a simulation the date is the real one"
    )]
    SystemTime::now()
}

/// Moves the clock on by `by` at once, and fires what is due on the way in its order. What it wakes runs when the caller next waits, or before `advance(d).await` returns.
///
/// Without it the clock moves too, as soon as nobody can run: it is for code that never lets that happen.
///
/// # Panics
/// Outside of a simulation: the real clock goes its own way.
#[track_caller]
pub fn advance(by: Duration) -> Advance {
    let moved = steps::with(|steps| steps.advance(to_nanos(by)));
    assert!(moved.is_some(), "sim::advance: there is no simulation here");
    Advance(settle())
}

/// The clock has moved; awaiting it is [`settle`].
#[derive(Debug)]
pub struct Advance(Settle);

impl Future for Advance {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx)
    }
}

/// Waits until no other goroutine can do anything before the clock moves (semantics.md ST-03; `synctest.Wait` in Go).
///
/// # Panics
/// When two goroutines wait for this at once (ST-13), and outside of a simulation.
#[track_caller]
pub fn settle() -> Settle {
    Settle {
        began: false,
        site: Site::caller(),
    }
}

/// The future of [`settle`].
#[must_use = "nothing is waited for until the future is awaited"]
#[derive(Debug)]
pub struct Settle {
    began: bool,
    site: Site,
}

impl Future for Settle {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.began {
            return Poll::Ready(());
        }
        self.began = true;
        let settles = steps::with(|steps| steps.settles(cx.waker().clone()));
        match settles {
            None => panic!("sim::settle: there is no simulation here"),
            Some(false) => panic!("sim::settle: another goroutine waits for this already"),
            Some(true) => {}
        }
        gaggle_base::context::note_wait(Reason::Yield, self.site, 0);
        Poll::Pending
    }
}

/// A random number: in a simulation the same in each repetition of the run.
#[must_use]
pub fn rand() -> u64 {
    steps::with(|steps| steps.random()).unwrap_or_else(|| Rng::from_entropy().next_u64())
}

/// Does a fault happen here, which is to be so with `probability`? Never outside of a simulation. `_name` says in the source what it is about.
#[must_use]
pub fn fault(_name: &'static str, probability: f64) -> bool {
    steps::with(|steps| steps.faults(probability)).unwrap_or(false)
}

/// A place at which another goroutine may run first, as before each asynchronous operation of gaggle's. Outside of a simulation it is nothing.
#[track_caller]
pub fn point() -> Point {
    Point {
        site: Site::caller(),
    }
}

/// The future of [`point`].
#[must_use = "nobody gets to run until the future is awaited"]
#[derive(Debug)]
pub struct Point {
    site: Site,
}

impl Future for Point {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if !is_simulated() {
            return Poll::Ready(());
        }
        poll_proceed(cx, Reason::Yield, self.site, 0)
    }
}

/// The program says that it has come by a place; see `sim::reached!`.
pub fn reach(place: &'static str) {
    steps::with(|steps| steps.reached(place));
}

/// Adds a value to what must be the same when a run is repeated: a difference is reported as nondeterminism.
pub fn observe(value: &impl Hash) {
    steps::with(|steps| {
        let mut hasher = DefaultHasher::new();
        value.hash(&mut hasher);
        steps.observe(hasher.finish());
    });
}

/// Notes that this place was reached. A [`Report`](crate::Report) says how often each was, and [`Builder::goal`](crate::Builder::goal) asks that one is.
#[macro_export]
macro_rules! reached {
    ($place:literal) => {
        $crate::reach($place)
    };
}
