//! What objects and places are called in a report: the same in what is told of the finding and in the story.
//!
//! Objects have numbers in the place of addresses, given in the order in which the story first names them.
//! This file must not know what is told.

use gaggle_base::wait::Reason;
use gaggle_rt::stepped::{Event, What};
use std::collections::BTreeMap;

/// Numbers in the place of addresses.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    names: BTreeMap<(&'static str, u64), usize>,
    counts: BTreeMap<&'static str, usize>,
}

impl Numbers {
    /// The objects of these events, in their order.
    pub(crate) fn of(events: &[Event]) -> Self {
        let mut numbers = Self::default();
        for event in events {
            let (kind, object) = match event.what {
                What::Op(op) => (kind(op.reason), op.object),
                What::Waits(waiting) => (kind(waiting.reason), waiting.object),
                What::Closed(channel) => (Some("chan"), channel),
                _ => continue,
            };
            if let Some(kind) = kind {
                numbers.name(kind, object);
            }
        }
        numbers
    }

    /// What the object of this kind at this address is called: `c1`, `m2`.
    pub(crate) fn name(&mut self, kind: &str, address: u64) -> String {
        let letters = match kind {
            "chan" => "c",
            "sync.Mutex" => "m",
            "sync.RWMutex" => "rw",
            "sync.WaitGroup" => "wg",
            "sync.Cond" => "cond",
            "semaphore" => "sem",
            "barrier" => "b",
            "timer" => "t",
            _ => "o",
        };
        let counts = &mut self.counts;
        let number = *self.names.entry((letters, address)).or_insert_with(|| {
            let count = counts.entry(letters).or_default();
            *count += 1;
            *count
        });
        format!("{letters}{number}")
    }
}

/// The kind of object that is waited for with this reason, if it is one that has an address.
pub(crate) fn kind(reason: Reason) -> Option<&'static str> {
    Some(match reason {
        Reason::ChanSend | Reason::ChanRecv => "chan",
        Reason::Mutex => "sync.Mutex",
        Reason::RwLockRead | Reason::RwLockWrite => "sync.RWMutex",
        Reason::WaitGroup => "sync.WaitGroup",
        Reason::Cond => "sync.Cond",
        Reason::Semaphore => "semaphore",
        Reason::Barrier => "barrier",
        Reason::Timer => "timer",
        _ => return None,
    })
}

/// A path without detours: a package whose files lie elsewhere has `crates/x/../../tests/y.rs` in it.
pub(crate) fn direct(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        let named = |last: &&str| !matches!(*last, "" | "." | "..");
        if part == ".." && parts.last().is_some_and(named) {
            parts.pop();
        } else {
            parts.push(part);
        }
    }
    parts.join("/")
}

/// A path's last part.
pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_are_numbered_by_kind_in_the_order_in_which_they_come() {
        let mut numbers = Numbers::default();
        let mut name = |kind, address| numbers.name(kind, address);
        assert_eq!(
            [
                name("chan", 70),
                name("sync.Mutex", 70),
                name("chan", 10),
                name("chan", 70)
            ],
            ["c1", "m1", "c2", "c1"]
        );
    }

    #[test]
    fn paths_lose_their_detours_and_nothing_else() {
        for (path, wanted) in [
            ("crates/gaggle/../../tests/a.rs:3:1", "tests/a.rs:3:1"),
            ("../x/a.rs", "../x/a.rs"),
            ("/srv/u/a.rs", "/srv/u/a.rs"),
            ("/../a.rs", "/../a.rs"),
            ("src/a.rs", "src/a.rs"),
        ] {
            assert_eq!(direct(path), wanted);
        }
        assert_eq!(file_name("src\\b/a.rs"), "a.rs");
    }
}
