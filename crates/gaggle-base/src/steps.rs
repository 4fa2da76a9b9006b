//! The questions that a thread asks while somebody drives it step by step: who goes next, which arm, what if it blocks.
//!
//! In production nobody drives a thread, and nothing here is reached: each question hangs behind a path that is cold there (an empty budget, a generator without a seed, a thread that is about to sleep).
//! A driver that runs goroutines one at a time installs itself with [`drive`] for as long as it is on the thread's stack.
//!
//! This module must not know who drives, nor why.

use crate::clock::{Clock, Nanos, with_clock};
use crate::rng;
use crate::site::Site;
use crate::wait::Reason;
use std::cell::Cell;
use std::sync::Arc;
use std::task::Waker;

/// What a choice is about. Option 0 is always the dull one: what happens if nobody interferes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Which goroutine runs next; 0 is the one that has been ready longest.
    Next,
    /// Before an operation: 0 goes on, the others let a ready goroutine run first.
    Switch,
    /// Which of several ready arms a select takes; 0 is the first in the source.
    Arm,
    /// Which of several timers with one deadline fires first; 0 is the one that was set first.
    Tie,
    /// Whether the earliest timer fires although goroutines are ready; 0 is no.
    Early,
    /// Whether a fault happens; 0 is no.
    Fault,
}

/// An operation that a goroutine is about to do.
#[derive(Clone, Copy, Debug)]
pub struct Op {
    /// What it would wait for.
    pub reason: Reason,
    /// Where in the source.
    pub site: Site,
    /// The address of the channel or lock, or a number that the reason explains.
    pub object: u64,
}

/// Who drives a thread.
pub trait Steps {
    /// A goroutine is about to do `op`: is it to give way first?
    fn gives_way(&self, op: &Op) -> bool;

    /// Which of `options`, of which there are at least two.
    fn choose(&self, kind: Kind, options: usize) -> usize;

    /// The thread is about to sleep until `ready` says so: runs others meanwhile, and returns when it does.
    ///
    /// # Panics
    /// When nobody can ever make it ready: the wait is given up by unwinding.
    fn run_until(&self, ready: Arc<dyn Fn() -> bool>);

    /// A random number, the same in each repetition of the run.
    fn random(&self) -> u64;

    /// Whether a fault happens now, which is to be so with this probability: a choice of the kind [`Kind::Fault`].
    fn faults(&self, probability: f64) -> bool;

    /// Time moves on by so much at once; what is due on the way fires in its order.
    fn advance(&self, by: Nanos);

    /// `waker` is to be called when nothing can run any more before time moves. `false`: somebody else waits for that.
    fn settles(&self, waker: Waker) -> bool;

    /// A goroutine of the given number was started.
    fn started(&self, goroutine: u64, site: Site);

    /// A channel was closed: by name, or because its last sender has gone. Its address.
    fn closed(&self, _channel: u64) {}

    /// Something that ought to be the same in each repetition of the run.
    fn observe(&self, value: u64);

    /// The program has come by a place that it wants to be reached.
    fn reached(&self, place: &'static str);
}

type Installed = *const (dyn Steps + 'static);

thread_local! {
    static DRIVEN_BY: Cell<Option<Installed>> = const { Cell::new(None) };
}

/// Runs `f` while `steps` drives this thread: its clock rules, and its choices.
pub fn drive<R>(steps: &dyn Steps, clock: &dyn Clock, f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Installed>, rng::Undriven);
    impl Drop for Restore {
        fn drop(&mut self) {
            DRIVEN_BY.set(self.0);
            self.1.restore();
        }
    }
    let steps: *const dyn Steps = steps;
    #[expect(
        clippy::transmute_ptr_to_ptr,
        reason = "a cast cannot lengthen a lifetime"
    )]
    // SAFETY: only the lifetime changes; `Restore` removes the pointer before `steps` can end, also when `f` unwinds.
    let steps = unsafe { std::mem::transmute::<*const dyn Steps, Installed>(steps) };
    let _restore = Restore(DRIVEN_BY.replace(Some(steps)), rng::be_driven());
    with_clock(clock, f)
}

/// Calls `f` with whoever drives this thread. `None`: nobody does.
pub fn with<R>(f: impl FnOnce(&dyn Steps) -> R) -> Option<R> {
    let steps = DRIVEN_BY.get()?;
    // SAFETY: `drive` keeps it borrowed for as long as the pointer is installed.
    Some(f(unsafe { &*steps }))
}

/// Does somebody drive this thread?
#[must_use]
pub fn is_driven() -> bool {
    DRIVEN_BY.get().is_some()
}

/// Which of `options`: 0 if nobody drives this thread, or there is no choice.
#[must_use]
pub fn choose(kind: Kind, options: usize) -> usize {
    if options < 2 {
        return 0;
    }
    with(|steps| steps.choose(kind, options)).unwrap_or(0)
}

#[cfg(all(test, not(loom)))]
#[path = "steps_tests.rs"]
mod tests;
