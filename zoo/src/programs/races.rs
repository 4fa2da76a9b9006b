//! What was looked at is no longer so when something is done about it.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::chan::watch;
use gaggle::sim::{Class, Preempt, point};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::sleep;
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G27",
        about: "close clears the wrapper before an update that is on its way uses it",
        source: "grpc#2371",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(wrapper(true)),
        fixed: || boxed(wrapper(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R9",
        about: "look at the balance, then withdraw",
        source: "any tutorial",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(withdraw(true)),
        fixed: || boxed(withdraw(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R4p",
        about: "a counter is loaded and stored (with a point between the two)",
        source: "the README of loom",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(count(true)),
        fixed: || boxed(count(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R5p",
        about: "of 25 stores one must not be the last (with a point before each)",
        source: "a test of shuttle's for its scheduler URW",
        classes: &[Class::Panic],
        limit: 20_000,
        buggy: || boxed(last_of_many(true)),
        fixed: || boxed(last_of_many(false)),
        ..Entry::BASE
    },
    Entry {
        id: "T1",
        about: "the value of a watch channel is taken, changed and sent: an update gets lost",
        source: "made up: `send(get() + 1)` where `send_modify` was meant",
        classes: &[Class::Panic],
        buggy: || boxed(lost_update(true)),
        fixed: || boxed(lost_update(false)),
        ..Entry::BASE
    },
    Entry {
        id: "T2",
        about: "an element is taken at an index that was looked up before the lock was given back",
        source: "made up: a stale index",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(stale_index(true)),
        fixed: || boxed(stale_index(false)),
        ..Entry::BASE
    },
    Entry {
        id: "T3",
        about: "two workers, one queue, and the results are taken to come in its order",
        source: "made up: order is lost between two goroutines",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(order(true)),
        fixed: || boxed(order(false)),
        ..Entry::BASE
    },
];

async fn wrapper(looks_first: bool) {
    let wrapper = Arc::new(Mutex::new(Some(0)));
    let theirs = wrapper.clone();
    let update = go(async move {
        if looks_first {
            let is_open = theirs.lock().await.is_some();
            if is_open {
                *theirs.lock().await.as_mut().expect("it is open") += 1;
            }
        } else if let Some(n) = theirs.lock().await.as_mut() {
            *n += 1;
        }
    });
    yield_now().await;
    wrapper.lock().await.take();
    update.await.unwrap();
}

async fn withdraw(looks_first: bool) {
    let balance = Arc::new(Mutex::new(100));
    let group = WaitGroup::new();
    for _ in 0..2 {
        let balance = balance.clone();
        group.go(async move {
            if looks_first {
                let enough = *balance.lock().await >= 100;
                if enough {
                    *balance.lock().await -= 100;
                }
                return;
            }
            let mut balance = balance.lock().await;
            if *balance >= 100 {
                *balance -= 100;
            }
        });
    }
    group.wait().await;
    assert!(*balance.lock().await >= 0, "overdrawn");
}

async fn count(in_two_steps: bool) {
    let counter = Arc::new(AtomicU32::new(0));
    let group = WaitGroup::new();
    for _ in 0..2 {
        let counter = counter.clone();
        group.go(async move {
            if in_two_steps {
                let before = counter.load(Ordering::SeqCst);
                point().await;
                counter.store(before + 1, Ordering::SeqCst);
            } else {
                point().await;
                counter.fetch_add(1, Ordering::SeqCst);
            }
        });
    }
    group.wait().await;
    assert_eq!(counter.load(Ordering::SeqCst), 2);
}

async fn last_of_many(any: bool) {
    let flag = Arc::new(AtomicU32::new(0));
    let group = WaitGroup::new();
    for n in 0..25 {
        let flag = flag.clone();
        group.go(async move {
            for _ in 0..2 {
                point().await;
            }
            if n == 7 {
                flag.store(1, Ordering::SeqCst);
            } else if any {
                flag.store(0, Ordering::SeqCst);
            }
        });
    }
    group.wait().await;
    let expected = u32::from(!any);
    assert_eq!(flag.load(Ordering::SeqCst), expected, "the order matters");
}

async fn lost_update(get_and_send: bool) {
    let (tx, rx) = watch(0);
    let group = WaitGroup::new();
    for _ in 0..2 {
        let tx = tx.clone();
        group.go(async move {
            if get_and_send {
                let n = *tx.get();
                yield_now().await;
                tx.send(n + 1).unwrap();
            } else {
                yield_now().await;
                tx.send_modify(|n| *n += 1);
            }
        });
    }
    group.wait().await;
    assert_eq!(*rx.get(), 2);
}

async fn stale_index(stale: bool) {
    let list = Arc::new(Mutex::new(vec!["a", "b", "c"]));
    let group = WaitGroup::new();
    for wanted in ["a", "c"] {
        let list = list.clone();
        group.go(async move {
            let found = list.lock().await.iter().position(|one| *one == wanted);
            let Some(mut at) = found else { return };
            let mut list = list.lock().await;
            if !stale {
                at = list.iter().position(|one| *one == wanted).unwrap();
            }
            assert_eq!(list.remove(at), wanted, "the one that was found");
        });
    }
    group.wait().await;
}

async fn order(two: bool) {
    let (jobs, results) = (Both::new(4), Both::new(4));
    for _ in 0..if two { 2 } else { 1 } {
        let (jobs, results) = (jobs.clone(), results.clone());
        go(async move {
            while let Ok(n) = jobs.rx.recv().await {
                results.tx.send(n).await.unwrap();
            }
        });
    }
    for n in 0..3 {
        jobs.tx.send(n).await.unwrap();
    }
    sleep(ms(1)).await;
    for n in 0..3 {
        assert_eq!(results.rx.recv().await, Ok(n));
    }
    jobs.tx.close();
}
