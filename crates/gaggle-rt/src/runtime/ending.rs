//! The end of `main`: it waits for no goroutine (semantics.md GO-02), but a panic that has begun is not to be lost (PA-02).

use super::Runtime;
use crate::sched::{self, Shared};
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::spin::Backoff;
use gaggle_base::sync::Ordering;
use std::sync::atomic::Ordering::Relaxed;

/// How long the end of `main` waits for a poll that is under way and has not been for long.
const GRACE: Nanos = 100_000_000;
/// How long it waits for one in which a panic has begun: to print its backtrace may take a while.
const PANIC_GRACE: Nanos = 3_000_000_000;

/// From now on it is known which goroutines have begun to panic. The hook that was there is called as before.
#[doc(hidden)]
pub fn note_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            sched::note_panic();
            before(info);
        }));
    });
}

/// `main` has ended: a goroutine that is in the middle of a poll may be about to panic, so it may end that poll first.
/// One that has been in it for long, or that blocks, is not waited for, unless it panics.
///
/// # Panics
/// With the panic of a goroutine whose handle was dropped, if there has been one.
#[doc(hidden)]
pub fn end_of_main(runtime: &Runtime) {
    let shared = runtime.shared();
    let begun: Vec<Poll> = polls(shared).collect();
    let begin = system_now();
    let mut backoff = Backoff::new();
    // One that is not fresh any more may have been when `main` ended, so its panic counts for the whole time.
    while polls(shared).any(|poll| {
        let grace = if poll.panics { PANIC_GRACE } else { GRACE };
        let known = begun
            .iter()
            .find(|b| (b.worker, b.turn) == (poll.worker, poll.turn));
        known.is_some_and(|b| b.fresh || poll.panics) && system_now() < begin + grace
    }) {
        backoff.wait();
    }
    if let Some(raise) = shared.panics.take() {
        raise.raise();
    }
}

/// `main` has left its goroutine by `goexit`: the others go on, until nothing can happen any more (semantics.md DL-02).
///
/// # Panics
/// With the panic of a goroutine whose handle was dropped; and in a test with the report of the deadlock.
#[doc(hidden)]
pub fn main_left(runtime: &Runtime) -> ! {
    runtime.shared().main_left.store(true, Relaxed);
    match runtime.block_on(std::future::pending::<std::convert::Infallible>()) {}
}

/// A poll that is under way.
struct Poll {
    worker: usize,
    turn: u64,
    /// It has not been for long, and does not block.
    fresh: bool,
    /// A panic has begun in it.
    panics: bool,
}

/// All polls that are under way.
fn polls(shared: &Shared) -> impl Iterator<Item = Poll> {
    shared.slots.all().enumerate().filter_map(|(worker, slot)| {
        let turn = slot.turn.load(Ordering::SeqCst);
        let fresh = slot.stuck_since.load(Relaxed) == 0 && !slot.blocking.load(Relaxed);
        let panics = slot.panicking.load(Ordering::SeqCst) == turn;
        (turn % 2 == 1).then_some(Poll {
            worker,
            turn,
            fresh,
            panics,
        })
    })
}
