//! Programs that do something else when a run is repeated with the same choices.

use crate::{Entry, boxed};
use gaggle::chan;
use gaggle::sim::Class;
use gaggle::sync::WaitGroup;
use gaggle::time::sleep;
use gaggle::{go, yield_now};
use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const DIFFERS: &[Class] = &[Class::Nondeterminism];

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "N1",
        about: "the order of a HashMap of std's decides who is served first",
        source: "std: a new key for each map",
        classes: DIFFERS,
        buggy: || boxed(map_order(true)),
        fixed: || boxed(map_order(false)),
        ..Entry::BASE
    },
    Entry {
        id: "N2",
        about: "the real clock is looked at",
        source: "std::time::Instant",
        classes: DIFFERS,
        buggy: || boxed(clock(true)),
        fixed: || boxed(clock(false)),
        ..Entry::BASE
    },
    Entry {
        id: "N3",
        about: "random numbers from elsewhere",
        source: "the random state of the thread",
        classes: DIFFERS,
        buggy: || boxed(random(true)),
        fixed: || boxed(random(false)),
        ..Entry::BASE
    },
    Entry {
        id: "N4",
        about: "a thread of the program's own sends a value",
        source: "std::thread::spawn",
        // On a busy machine the thread may come too late in one of two runs.
        classes: &[Class::ForeignThread, Class::Nondeterminism],
        buggy: || boxed(thread(true)),
        fixed: || boxed(thread(false)),
        ..Entry::BASE
    },
    Entry {
        id: "N5",
        about: "things are sorted by their addresses",
        source: "made up: locks in the order of their addresses",
        classes: DIFFERS,
        buggy: || boxed(addresses(true)),
        fixed: || boxed(addresses(false)),
        ..Entry::BASE
    },
    Entry {
        id: "N6",
        about: "a counter in a static outlives the run",
        source: "madsim#174",
        classes: DIFFERS,
        buggy: || boxed(outlives(true)),
        fixed: || boxed(outlives(false)),
        ..Entry::BASE
    },
];

const NAMES: [&str; 8] = ["ape", "bat", "cat", "dog", "elk", "fox", "gnu", "hog"];

async fn map_order(hashed: bool) -> Vec<&'static str> {
    let (tx, rx) = chan::bounded(NAMES.len());
    let names: Vec<&str> = if hashed {
        HashMap::from(NAMES.map(|name| (name, name.len())))
            .into_keys()
            .collect()
    } else {
        BTreeMap::from(NAMES.map(|name| (name, name.len())))
            .into_keys()
            .collect()
    };
    for name in names {
        let tx = tx.clone();
        go(async move { tx.send(name).await });
    }
    drop(tx);
    let mut served = Vec::new();
    while let Ok(name) = rx.recv().await {
        served.push(name);
    }
    served
}

async fn clock(real: bool) -> Duration {
    let (begin, ours) = (Instant::now(), gaggle::time::Instant::now());
    sleep(Duration::from_secs(1)).await;
    if real {
        begin.elapsed()
    } else {
        ours.elapsed()
    }
}

async fn random(from_elsewhere: bool) -> u64 {
    let number = if from_elsewhere {
        RandomState::new().hash_one(0)
    } else {
        gaggle::sim::rand()
    };
    for _ in 0..number % 50 {
        yield_now().await;
    }
    number
}

async fn thread(foreign: bool) -> u32 {
    let (tx, rx) = chan::bounded(1);
    if foreign {
        std::thread::spawn(move || tx.send_blocking(7));
    } else {
        go(async move { tx.send(7).await });
    }
    rx.recv().await.unwrap_or(0)
}

async fn addresses(sorted: bool) -> Vec<u32> {
    let mut things: Vec<Arc<(u32, [u8; 24])>> = Vec::new();
    for n in 0..40 {
        things.push(Arc::new((n, [0; 24])));
    }
    if sorted {
        things.sort_by_key(|thing| Arc::as_ptr(thing).addr());
    }
    let order = Arc::new(gaggle::sync::Mutex::new(Vec::new()));
    let group = WaitGroup::new();
    for thing in things {
        let order = order.clone();
        group.go(async move { order.lock().await.push(thing.0) });
    }
    group.wait().await;
    order.lock().await.clone()
}

async fn outlives(is_static: bool) -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let own = AtomicU64::new(0);
    let next = if is_static { &NEXT } else { &own };
    yield_now().await;
    next.fetch_add(1, Ordering::Relaxed)
}
