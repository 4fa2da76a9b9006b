//! Signals that come too early, or to the wrong one.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::go;
use gaggle::sim::{Class, Preempt};
use gaggle::sync::{Cond, Mutex, WaitGroup};
use gaggle::time::sleep;
use std::collections::VecDeque;
use std::sync::Arc;

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "G18",
        about: "a signal is sent before the waiter waits, and nothing else says that it was",
        source: "moby#30408, moby#29733",
        classes: &[Class::Deadlock],
        buggy: || boxed(early_signal(false)),
        fixed: || boxed(early_signal(true)),
        ..Entry::BASE
    },
    Entry {
        id: "G18c",
        about: "as G18, and the waiter has yet to take a message from a channel",
        source: "moby#27782, kubernetes#11298",
        classes: &[Class::Deadlock],
        level: Preempt::EveryOp,
        flaky: true,
        buggy: || boxed(signal_and_channel(false)),
        fixed: || boxed(signal_and_channel(true)),
        ..Entry::BASE
    },
    Entry {
        id: "D1",
        about: "a bounded buffer with one condition for full and empty: the one signal wakes somebody of the wrong kind",
        source: "made up after the well-known exercise",
        classes: &[Class::Deadlock],
        buggy: || boxed(bounded_buffer(false)),
        fixed: || boxed(bounded_buffer(true)),
        ..Entry::BASE
    },
    Entry {
        id: "D2",
        about: "who waits looks once with `if` where it should look again with `while`",
        source: "made up: a condition that was true when the signal was sent",
        classes: &[Class::Panic],
        level: Preempt::EveryOp,
        buggy: || boxed(looks_once(true)),
        fixed: || boxed(looks_once(false)),
        ..Entry::BASE
    },
];

#[derive(Default)]
struct Gate {
    open: Mutex<bool>,
    changed: Cond,
}

impl Gate {
    async fn pass(&self, looks: bool) {
        let mut open = self.open.lock().await;
        if !looks {
            let _open = self.changed.wait(open).await;
            return;
        }
        while !*open {
            open = self.changed.wait(open).await;
        }
    }

    async fn open(&self, says_so: bool) {
        if says_so {
            *self.open.lock().await = true;
        }
        self.changed.broadcast();
    }
}

async fn early_signal(state: bool) {
    let gate = Arc::new(Gate::default());
    let theirs = gate.clone();
    let waiter = go(async move { theirs.pass(state).await });
    let theirs = gate.clone();
    let opener = go(async move {
        let ready = theirs.open.lock().await;
        drop(ready);
        theirs.open(state).await;
    });
    opener.await.unwrap();
    waiter.await.unwrap();
}

async fn signal_and_channel(state: bool) {
    let (gate, events) = (Arc::new(Gate::default()), Both::new(1));
    let (theirs, their_events) = (gate.clone(), events.clone());
    let waiter = go(async move {
        let first = their_events.rx.recv().await;
        theirs.pass(state).await;
        first
    });
    events.tx.send("started").await.unwrap();
    sleep(ms(1)).await;
    let (theirs, their_events) = (gate.clone(), events.clone());
    let restart = go(async move {
        their_events.tx.send("stopped").await.unwrap();
        theirs.pass(state).await;
    });
    events.rx.recv().await.unwrap();
    gate.open(state).await;
    waiter.await.unwrap().unwrap();
    restart.await.unwrap();
}

#[derive(Default)]
struct Shelf {
    items: Mutex<VecDeque<u32>>,
    changed: Cond,
}

impl Shelf {
    fn tell(&self, all: bool) {
        if all {
            self.changed.broadcast();
        } else {
            self.changed.signal();
        }
    }

    async fn put(&self, item: u32, all: bool) {
        let mut items = self.items.lock().await;
        while !items.is_empty() {
            items = self.changed.wait(items).await;
        }
        items.push_back(item);
        self.tell(all);
    }

    async fn take(&self, all: bool) -> u32 {
        let mut items = self.items.lock().await;
        loop {
            if let Some(item) = items.pop_front() {
                self.tell(all);
                return item;
            }
            items = self.changed.wait(items).await;
        }
    }
}

async fn bounded_buffer(all: bool) {
    let shelf = Arc::new(Shelf::default());
    let group = WaitGroup::new();
    for n in 0..2 {
        let (puts, takes) = (shelf.clone(), shelf.clone());
        group.go(async move {
            for i in 0..2 {
                puts.put(n + i, all).await;
            }
        });
        group.go(async move {
            for _ in 0..2 {
                takes.take(all).await;
            }
        });
    }
    group.wait().await;
}

async fn looks_once(once: bool) {
    let shelf = Arc::new(Shelf::default());
    let group = WaitGroup::new();
    for _ in 0..2 {
        let shelf = shelf.clone();
        group.go(async move {
            if !once {
                shelf.take(true).await;
                return;
            }
            let mut items = shelf.items.lock().await;
            if items.is_empty() {
                items = shelf.changed.wait(items).await;
            }
            items.pop_front().expect("there is an item");
        });
    }
    for n in 0..2 {
        shelf.items.lock().await.push_back(n);
        shelf.changed.broadcast();
    }
    group.wait().await;
}
