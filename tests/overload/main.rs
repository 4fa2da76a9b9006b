//! An actor that is offered half as much again as it can handle, for as long as one likes, with each policy for what is too much: nothing that was accepted is lost, what is shed is counted, memory stays flat, and control signals get through.
//!
//! As a part of the suite each policy has half a second, and only the books are balanced. `cargo xtask overload` gives each a minute, and holds memory and delays to their limits too:
//! * `GAGGLE_OVERLOAD_SECONDS` says how long each policy is tried;
//! * `GAGGLE_WORKERS` is the number of workers.
//!
//! What is offered is counted by a goroutine with a clock, what is handled by the actor: see `scene.rs`. This file knows no actor; it looks at the process and at the figures.

#![allow(
    clippy::disallowed_methods,
    reason = "real time and real memory are what is tested"
)]

mod scene;

use gaggle::actor::Overflow;
use gaggle::runtime::{OnDeadlock, Runtime};
use scene::Figures;
use std::fs;
use std::time::Duration;

/// A run this long is held to the limits for delays and memory.
const LONG: Duration = Duration::from_secs(5);
/// What 99 of 100 control signals take less than.
const PROMPT: Duration = Duration::from_millis(10);

/// A machine on which others have the actor's core for more than one part in so many of the time says nothing about delays.
const BUSY: u32 = 20;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.trim().parse().ok()
}

/// Memory that is in use, in kilobytes; 0 where the system does not say.
fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    number.unwrap_or(0)
}

/// The delay that so many of a hundred stay below.
fn percentile(delays: &mut [Duration], hundredths: usize) -> Duration {
    delays.sort_unstable();
    let at = delays.len() * hundredths / 100;
    delays[at.min(delays.len() - 1)]
}

fn milliseconds(delay: Duration) -> f64 {
    delay.as_secs_f64() * 1e3
}

/// Looks at the figures of one policy, and says them in a line.
fn judge(overflow: Overflow, lasts: Duration, mut figures: Figures, memory: (u64, u64)) {
    let books = &figures.books;
    assert_eq!(
        books.offered,
        books.accepted + books.refused,
        "{overflow:?}: {books:?}"
    );
    assert_eq!(
        books.accepted,
        books.handled + books.dropped,
        "{overflow:?}: something that was accepted is lost: {books:?}"
    );
    assert_eq!(
        books.strange, 0,
        "{overflow:?}: out of order, or twice: {books:?}"
    );
    let shed = books.refused + books.dropped;
    assert!(shed > 0, "{overflow:?}: nothing was too much: {books:?}");
    match overflow {
        Overflow::DropOldest | Overflow::DropNewest => assert_eq!(books.refused, 0, "{books:?}"),
        _ => assert_eq!(books.dropped, 0, "{books:?}"),
    }
    let samples = figures.stops.len();
    assert!(
        samples > 0 && figures.downs.len() == samples,
        "a control signal is missing"
    );
    let stop = percentile(&mut figures.stops, 99);
    let down = percentile(&mut figures.downs, 99);
    println!(
        "overload: {overflow:?}: {:.1} s, {} offered, {} handled (the offer is {} % of it), {shed} shed, {} queued at the end, \
         {samples} stops with p99 {:.2} ms (median {:.2}), monitors with p99 {:.2} ms (median {:.2}), \
         memory {} kB after a quarter, {} kB at the end",
        lasts.as_secs_f64(),
        books.offered,
        books.handled,
        books.offered * 100 / books.handled.max(1),
        books.queued,
        milliseconds(stop),
        milliseconds(percentile(&mut figures.stops, 50)),
        milliseconds(down),
        milliseconds(percentile(&mut figures.downs, 50)),
        memory.0,
        memory.1,
    );
    if lasts >= LONG {
        let limit = memory.0 + memory.0 / 10 + 2 * 1024;
        assert!(
            memory.1 <= limit,
            "{overflow:?}: memory has grown: {memory:?}"
        );
    }
    if figures.kept_off > lasts / BUSY {
        println!(
            "overload: {overflow:?}: others had the actor's core for {:.1} s: no limit for delays holds then",
            figures.kept_off.as_secs_f64()
        );
    } else if lasts >= LONG {
        assert!(stop < PROMPT, "{overflow:?}: a stop took {stop:?}");
        assert!(down < PROMPT, "{overflow:?}: a monitor took {down:?}");
    }
}

/// Offers 150 % of what an actor can handle, with each policy in turn.
#[test]
fn overload_is_shed_and_counted_and_nothing_accepted_is_lost() {
    let seconds = number("GAGGLE_OVERLOAD_SECONDS");
    let lasts = seconds.map_or(Duration::from_millis(500), Duration::from_secs);
    let mut builder = Runtime::builder()
        .name("overload")
        .on_deadlock(OnDeadlock::Report);
    if let Some(workers) = number("GAGGLE_WORKERS") {
        builder = builder.workers(workers as usize);
    }
    let runtime = builder.build().unwrap();
    for overflow in [
        Overflow::Wait,
        Overflow::Reject,
        Overflow::DropOldest,
        Overflow::DropNewest,
    ] {
        let (figures, early) = runtime.block_on(async move {
            gaggle::go(scene::play(overflow, lasts, resident))
                .await
                .unwrap()
        });
        judge(overflow, lasts, figures, (early, resident()));
    }
}
