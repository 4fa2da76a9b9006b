//! Groups, cells and calls that are waited for too soon or for ever.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::sim::{Class, Preempt};
use gaggle::sync::{OnceCell, WaitGroup, singleflight};
use gaggle::time::{sleep, timeout};
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G2",
        about: "the wait for n workers is inside the loop that starts them",
        source: "moby#25384",
        classes: &[Class::Deadlock],
        buggy: || boxed(wait_inside(true)),
        fixed: || boxed(wait_inside(false)),
        ..Entry::BASE
    },
    Entry {
        id: "W1",
        about: "the workers count themselves, after the root has begun to wait for them",
        source: "made up: the misuse that the documentation of Go's WaitGroup warns of",
        classes: &[Class::Panic],
        buggy: || boxed(count_themselves(true)),
        fixed: || boxed(count_themselves(false)),
        ..Entry::BASE
    },
    Entry {
        id: "W2",
        about: "is the cell empty? then make the value, and put it in: two do",
        source: "made up: check, then act with a OnceCell",
        classes: &[Class::Panic],
        buggy: || boxed(fill(true)),
        fixed: || boxed(fill(false)),
        ..Entry::BASE
    },
    Entry {
        id: "W3",
        about: "the first caller of a shared call is given up, and takes for granted that nobody else asked",
        source: "made up: a failed request is forgotten for all",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(shared_call(true)),
        fixed: || boxed(shared_call(false)),
        ..Entry::BASE
    },
    Entry {
        id: "W4",
        about: "a worker ends early without counting down",
        source: "made up: a missing `defer wg.Done()`",
        classes: &[Class::Deadlock],
        buggy: || boxed(early_end(false)),
        fixed: || boxed(early_end(true)),
        ..Entry::BASE
    },
];

async fn wait_inside(inside: bool) {
    let group = WaitGroup::new();
    group.add(3);
    for _ in 0..3 {
        let group = group.clone();
        let wait = group.clone();
        go(async move {
            yield_now().await;
            group.done();
        });
        if inside {
            wait.wait().await;
        }
    }
    group.wait().await;
}

async fn count_themselves(themselves: bool) {
    let (group, sum) = (WaitGroup::new(), Arc::new(AtomicU32::new(0)));
    for n in 1..=3 {
        let (there, sum) = (group.clone(), sum.clone());
        if !themselves {
            group.add(1);
        }
        go(async move {
            if themselves {
                there.add(1);
            }
            yield_now().await;
            sum.fetch_add(n, Ordering::Relaxed);
            there.done();
        });
    }
    yield_now().await;
    group.wait().await;
    assert_eq!(sum.load(Ordering::Relaxed), 6, "all have been waited for");
}

async fn fill(looks: bool) {
    let (cell, group) = (Arc::new(OnceCell::new()), WaitGroup::new());
    for n in 0..2 {
        let cell = cell.clone();
        group.go(async move {
            if !looks {
                cell.get_or_init(|| async move {
                    yield_now().await;
                    n
                })
                .await;
                return;
            }
            if cell.get().is_none() {
                yield_now().await;
                cell.set(n).expect("it was empty");
            }
        });
    }
    group.wait().await;
}

async fn shared_call(forgets: bool) {
    let calls = Arc::new(AtomicU32::new(0));
    let flights = singleflight::Group::<&str, u32>::new();
    let group = WaitGroup::new();
    for _ in 0..3 {
        let (flights, calls) = (flights.clone(), calls.clone());
        group.go(async move {
            let there = calls.clone();
            let fetch = flights.call_spawned("page", move || async move {
                let running = there.fetch_add(1, Ordering::Relaxed);
                assert_eq!(running, 0, "one fetch of a page at a time");
                gaggle::sim::point().await;
                there.fetch_sub(1, Ordering::Relaxed);
                7
            });
            if forgets {
                // So that the next one does not get a stale page.
                flights.forget("page");
            }
            fetch.await.unwrap();
        });
    }
    group.wait().await;
}

async fn early_end(counts: bool) {
    let (group, jobs) = (WaitGroup::new(), Both::new(1));
    for _ in 0..2 {
        group.add(1);
        let (group, jobs) = (group.clone(), jobs.clone());
        go(async move {
            let job = timeout(ms(5), jobs.rx.recv()).await;
            if job.is_err() && !counts {
                return;
            }
            group.done();
        });
    }
    for n in 0..2 {
        sleep(ms(n * 5)).await;
        let _ = jobs.tx.try_send(n);
    }
    group.wait().await;
}
