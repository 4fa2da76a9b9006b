//! The end of `main`: it waits for no goroutine (semantics.md GO-02), but a panic that has begun is not to be lost (PA-02).

use super::Runtime;
use crate::sched::Shared;
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::spin::Backoff;
use gaggle_base::sync::Ordering;
use std::sync::atomic::Ordering::Relaxed;

/// How long the end of `main` waits for polls that are under way.
const GRACE: Nanos = 100_000_000;

/// `main` has ended: a goroutine that is in the middle of a poll may be about to panic, so it may end that poll first.
/// One that has been in it for long, or that blocks, is not waited for.
///
/// # Panics
/// With the panic of a goroutine whose handle was dropped, if there has been one.
#[doc(hidden)]
pub fn end_of_main(runtime: &Runtime) {
    let shared = runtime.shared();
    let begun: Vec<(usize, u64)> = fresh_polls(shared).collect();
    let deadline = system_now() + GRACE;
    let mut backoff = Backoff::new();
    while system_now() < deadline && fresh_polls(shared).any(|poll| begun.contains(&poll)) {
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

/// The workers that are in a poll that has not been going on for long, and which poll it is.
fn fresh_polls(shared: &Shared) -> impl Iterator<Item = (usize, u64)> {
    shared.slots.all().enumerate().filter_map(|(number, slot)| {
        let turn = slot.turn.load(Ordering::SeqCst);
        let fresh = turn % 2 == 1
            && slot.stuck_since.load(Relaxed) == 0
            && !slot.in_call.load(Relaxed)
            && slot.has_seat();
        fresh.then_some((number, turn))
    })
}
