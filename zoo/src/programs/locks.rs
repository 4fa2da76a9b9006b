//! Locks that are never given back, or in an order that goes round in a circle.

use super::Both;
use crate::{Entry, boxed};
use gaggle::sim::{Class, Preempt};
use gaggle::sync::{Mutex, RwLock, Semaphore, WaitGroup};
use gaggle::{go, select, yield_now};
use std::sync::Arc;

/// A circle of locks is one kind of deadlock.
const DEADLOCK: &[Class] = &[Class::Deadlock, Class::LockCycle];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G3",
        about: "two locks, taken in opposite orders by a heartbeat and a tick",
        source: "cockroach#10214, cockroach#7504, kubernetes#30872, kubernetes#13135, moby#4951",
        classes: &[Class::LockCycle],
        level: Preempt::EveryOp,
        flaky: true,
        buggy: || boxed(two_locks(true)),
        fixed: || boxed(two_locks(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G4",
        about: "a read lock is taken twice in one chain of calls, and a writer queues up in between",
        source: "cockroach#16167, cockroach#3710, cockroach#6181, kubernetes#62464",
        classes: DEADLOCK,
        level: Preempt::EveryOp,
        flaky: true,
        buggy: || boxed(read_twice(true)),
        fixed: || boxed(read_twice(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G6",
        about: "the path of an error forgets to give its read permit back, and who closes waits for all permits",
        source: "etcd#5509",
        classes: DEADLOCK,
        buggy: || boxed(permits(false)),
        fixed: || boxed(permits(true)),
        ..Entry::BASE
    },
    Entry {
        id: "G8",
        about: "stop holds the lock while it waits for a worker that needs the lock to come to its end",
        source: "etcd#6873",
        classes: DEADLOCK,
        flaky: true,
        buggy: || boxed(stop(true)),
        fixed: || boxed(stop(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G10",
        about: "a send under the lock, to somebody who takes the lock before the next receive",
        source: "kubernetes#10182, kubernetes#1321, grpc#1460, istio#16224, moby#28462 and more",
        classes: DEADLOCK,
        flaky: true,
        buggy: || boxed(status(true)),
        fixed: || boxed(status(false)),
        ..Entry::BASE
    },
    Entry {
        id: "K1",
        about: "three locks in a circle: each philosopher takes the fork on the left first",
        source: "made up after Dijkstra",
        classes: &[Class::LockCycle],
        level: Preempt::EveryOp,
        buggy: || boxed(philosophers(true)),
        fixed: || boxed(philosophers(false)),
        ..Entry::BASE
    },
    Entry {
        id: "K2",
        about: "two readers want to become the writer, and neither gives up reading",
        source: "made up: upgrade of a lock",
        classes: DEADLOCK,
        buggy: || boxed(upgrade(true)),
        fixed: || boxed(upgrade(false)),
        ..Entry::BASE
    },
    Entry {
        id: "K3",
        about: "two transfers take their two permits one at a time, and there are only two",
        source: "made up: a semaphore in two bites",
        classes: DEADLOCK,
        level: Preempt::EveryOp,
        buggy: || boxed(two_bites(true)),
        fixed: || boxed(two_bites(false)),
        ..Entry::BASE
    },
];

async fn two_locks(opposite: bool) {
    let replica = Arc::new((Mutex::new(0), Mutex::new(0)));
    let other = replica.clone();
    let beat = go(async move {
        let mut store = other.0.lock().await;
        let mut raft = other.1.lock().await;
        *store += 1;
        *raft += 1;
    });
    if opposite {
        let mut raft = replica.1.lock().await;
        let mut store = replica.0.lock().await;
        *raft += 1;
        *store += 1;
    } else {
        let mut store = replica.0.lock().await;
        let mut raft = replica.1.lock().await;
        *raft += 1;
        *store += 1;
    }
    beat.await.unwrap();
}

async fn read_twice(twice: bool) {
    let config = Arc::new(RwLock::new(7));
    let theirs = config.clone();
    let writer = go(async move { *theirs.write().await += 1 });
    {
        let outer = config.read().await;
        if twice {
            let inner = config.read().await;
            assert_eq!(*inner, *outer);
        }
    }
    writer.await.unwrap();
}

async fn permits(releases: bool) {
    const ALL: usize = 3;
    let revisions = Arc::new(Semaphore::new(ALL));
    let group = WaitGroup::new();
    for compacted in [false, true] {
        let revisions = revisions.clone();
        group.go(async move {
            let permit = revisions.acquire().await;
            if compacted && !releases {
                // An early return, without what Go's code would have to say here.
                permit.forget();
                return;
            }
            yield_now().await;
        });
    }
    group.wait().await;
    let _closing = revisions.acquire_many(ALL).await;
}

async fn stop(holds: bool) {
    let (count, work) = (Arc::new(Mutex::new(0)), Both::new(2));
    let (stopping, done) = (Both::<()>::new(0), Both::<()>::new(0));
    let (my_count, my_work) = (count.clone(), work.clone());
    let (my_stopping, my_done) = (stopping.clone(), done.clone());
    go(async move {
        loop {
            select! {
                _ = my_stopping.rx.recv() => break,
                n = my_work.rx.recv() => *my_count.lock().await += n.unwrap(),
            }
        }
        my_done.tx.close();
    });
    work.tx.send(1).await.unwrap();
    let mut held = Some(count.lock().await);
    stopping.tx.close();
    if !holds {
        held.take();
    }
    let _ = done.rx.recv().await;
    drop(held);
}

async fn status(under_lock: bool) {
    let (pods, updates) = (Arc::new(Mutex::new(0)), Both::new(0));
    let (my_pods, my_updates) = (pods.clone(), updates.clone());
    let syncer = go(async move {
        for _ in 0..2 {
            // Where it is to write to.
            *my_pods.lock().await += 10;
            let _: i32 = my_updates.rx.recv().await.unwrap();
        }
    });
    for n in 1..=2 {
        yield_now().await;
        let mut pods = pods.lock().await;
        *pods += n;
        if under_lock {
            updates.tx.send(n).await.unwrap();
            continue;
        }
        drop(pods);
        updates.tx.send(n).await.unwrap();
    }
    syncer.await.unwrap();
}

async fn philosophers(all_left_first: bool) {
    let forks: Arc<Vec<Mutex<u32>>> = Arc::new((0..3).map(|_| Mutex::new(0)).collect());
    let group = WaitGroup::new();
    for n in 0..3 {
        let forks = forks.clone();
        group.go(async move {
            let (mut first, mut second) = (n, (n + 1) % 3);
            if !all_left_first && first > second {
                (first, second) = (second, first);
            }
            let mut one = forks[first].lock().await;
            let mut two = forks[second].lock().await;
            *one += 1;
            *two += 1;
        });
    }
    group.wait().await;
}

async fn upgrade(keeps: bool) {
    let cache = Arc::new(RwLock::new(None));
    let group = WaitGroup::new();
    for n in 0..2 {
        let cache = cache.clone();
        group.go(async move {
            let read = cache.read().await;
            if read.is_none() && keeps {
                *cache.write().await = Some(n);
            } else if read.is_none() {
                drop(read);
                cache.write().await.get_or_insert(n);
            }
        });
    }
    group.wait().await;
}

async fn two_bites(bites: bool) {
    let budget = Arc::new(Semaphore::new(2));
    let group = WaitGroup::new();
    for _ in 0..2 {
        let budget = budget.clone();
        group.go(async move {
            if bites {
                let _first = budget.acquire().await;
                let _second = budget.acquire().await;
            } else {
                let _both = budget.acquire_many(2).await;
            }
        });
    }
    group.wait().await;
}
