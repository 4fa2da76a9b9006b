//! The programs, by what goes wrong in them.
//!
//! In Go a channel stays open until it is closed, whoever still has it. Here a channel whose last sender or receiver goes is closed by that, and whoever waits at the other end is told.
//! So the programs keep both ends of a channel together, in one `Both` that all share: as the field of a Go struct would.

mod channels;
mod contexts;
mod deep;
mod leaks;
mod locks;
mod nondeterminism;
mod queues;
mod races;
mod rust;
mod waiting;

use crate::Entry;
use gaggle::chan::{self, Receiver, Sender};
use std::sync::Arc;
use std::time::Duration;

/// All of them.
pub const GROUPS: &[&[Entry]] = &[
    leaks::ENTRIES,
    locks::ENTRIES,
    channels::ENTRIES,
    queues::ENTRIES,
    waiting::ENTRIES,
    contexts::ENTRIES,
    races::ENTRIES,
    rust::ENTRIES,
    deep::ENTRIES,
    nondeterminism::ENTRIES,
];

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// Both ends of a channel.
struct Both<T> {
    tx: Sender<T>,
    rx: Receiver<T>,
}

impl<T> Both<T> {
    fn new(capacity: usize) -> Arc<Self> {
        let (tx, rx) = chan::bounded(capacity);
        Arc::new(Self { tx, rx })
    }
}
