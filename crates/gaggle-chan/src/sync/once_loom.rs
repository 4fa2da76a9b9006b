//! Models of `Once`, and through it of the turns: the real futures, polled on loom threads.
//!
//! What a run does is a write to a loom cell, so two runs at once, or a caller that does not see what the run did, are reported as a data race; a waiter that is forgotten is a deadlock.

use super::*;
use crate::loom_support::{block_on, model, poll_once};
use gaggle_base::sync::Cell;
use loom::thread;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

#[derive(Default)]
struct Shared {
    once: Once,
    runs: Cell<u32>,
}

// SAFETY: the models touch the cell under the protection of the `Once`; loom checks it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn run(&self) {
        // SAFETY: one runs at a time; loom checks it.
        self.runs.with_mut(|runs| unsafe { *runs += 1 });
    }

    fn runs(&self) -> u32 {
        assert!(self.once.is_done());
        // SAFETY: it is done, so nobody writes; loom checks it.
        self.runs.with(|runs| unsafe { *runs })
    }
}

fn call_in_a_thread(shared: &Arc<Shared>) -> thread::JoinHandle<()> {
    let shared = shared.clone();
    thread::spawn(move || {
        block_on(shared.once.call(|| shared.run()));
        assert_eq!(shared.runs(), 1);
    })
}

/// Two threads and this one call; each sees exactly one run when it returns (LK-12, MM-08).
#[test]
fn loom_once_one_of_three_runs() {
    model(2, || {
        let shared = Arc::new(Shared::default());
        let threads: Vec<_> = (0..2).map(|_| call_in_a_thread(&shared)).collect();
        block_on(shared.once.call(|| shared.run()));
        assert_eq!(shared.runs(), 1);
        for t in threads {
            t.join().unwrap();
        }
    });
}

/// The one that runs gives up in the middle while two others call.
/// It catches a turn that ends with the future that had it, and one that two get.
#[test]
fn loom_once_runner_gives_up_against_two_callers() {
    model(2, || {
        let shared = Arc::new(Shared::default());
        let mut run = Box::pin(shared.once.call_async(std::future::pending));
        assert!(poll_once(run.as_mut()).is_pending());
        let threads: Vec<_> = (0..2).map(|_| call_in_a_thread(&shared)).collect();
        drop(run);
        for t in threads {
            t.join().unwrap();
        }
    });
}

/// The one that runs gives up, a waiter gives up as well, and a third stays: it runs, whether the second had been given the turn or not (RX-03).
#[test]
fn loom_once_drop_of_a_waiter_that_was_given_the_turn() {
    model(3, || {
        let shared = Arc::new(Shared::default());
        let mut run = Box::pin(shared.once.call_async(std::future::pending));
        assert!(poll_once(run.as_mut()).is_pending());
        let quitter = shared.clone();
        let quitting = thread::spawn(move || {
            let mut call = pin!(quitter.once.call(|| quitter.run()));
            if let Poll::Ready(()) = poll_once(call.as_mut()) {
                assert_eq!(quitter.runs(), 1);
            }
        });
        let staying = call_in_a_thread(&shared);
        drop(run);
        quitting.join().unwrap();
        staying.join().unwrap();
    });
}

/// The run ends while a waiter gives up and another waits on.
/// It catches a node that is freed while it is being released.
#[test]
fn loom_once_cancel_against_the_end() {
    model(3, || {
        let shared = Arc::new(Shared::default());
        let quitter = shared.clone();
        let quitting = thread::spawn(move || {
            let mut call = pin!(quitter.once.call(|| quitter.run()));
            let _ = poll_once(call.as_mut());
        });
        let running = call_in_a_thread(&shared);
        block_on(shared.once.call(|| shared.run()));
        assert_eq!(shared.runs(), 1);
        quitting.join().unwrap();
        running.join().unwrap();
    });
}
