//! Models of the wait group: the real futures, polled on loom threads. A waiter that is forgotten is a deadlock.

use super::*;
use crate::loom_support::{block_on, model, poll_once};
use gaggle_base::sync::Cell;
use loom::thread;
use std::pin::pin;

struct Shared(Cell<u32>);

// SAFETY: the models use the cell under the protection of the wait group; loom checks it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Two threads write and count down while this one waits; then it reads what both wrote (WG-08).
/// It catches a last `done` that does not see the waiter, and one that publishes only its own work.
#[test]
fn loom_wait_group_done_against_wait() {
    model(3, || {
        let group = WaitGroup::new();
        group.add(2);
        let places = Arc::new([Shared(Cell::new(0)), Shared(Cell::new(0))]);
        let threads: Vec<_> = (0..2)
            .map(|i| {
                let (group, places) = (group.clone(), places.clone());
                thread::spawn(move || {
                    // SAFETY: nobody reads it before the group is down to zero; loom checks it.
                    places[i].0.with_mut(|place| unsafe { *place = 1 });
                    group.done();
                })
            })
            .collect();
        block_on(group.wait());
        for place in places.iter() {
            // SAFETY: the group is down to zero; loom checks it.
            assert_eq!(place.0.with(|place| unsafe { *place }), 1);
        }
        for t in threads {
            t.join().unwrap();
        }
    });
}

/// A second round begins while the waiter of the first is being released (WG-02, WG-03).
/// It catches a waiter of the second round that the last `done` of the first releases: it would return with the count above zero.
#[test]
fn loom_wait_group_second_round() {
    model(3, || {
        let group = WaitGroup::new();
        group.add(1);
        let first = group.clone();
        let waiting = thread::spawn(move || block_on(first.wait()));
        group.done();
        group.add(1);
        {
            let mut second = pin!(group.wait());
            assert!(
                poll_once(second.as_mut()).is_pending(),
                "released by the round before"
            );
        }
        group.done();
        waiting.join().unwrap();
        assert_eq!(group.count(), 0);
    });
}

/// A waiter gives up while the last `done` releases it, and another waits on.
/// It catches a node that is freed while it is being released, and a second waiter that is forgotten with the first.
#[test]
fn loom_wait_group_cancel_against_done() {
    model(3, || {
        let group = WaitGroup::new();
        group.add(1);
        let quitter = group.clone();
        let quitting = thread::spawn(move || {
            let mut wait = pin!(quitter.wait());
            let _ = poll_once(wait.as_mut());
        });
        let counter = group.clone();
        let counting = thread::spawn(move || counter.done());
        block_on(group.wait());
        quitting.join().unwrap();
        counting.join().unwrap();
    });
}
