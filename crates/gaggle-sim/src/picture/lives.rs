//! Who was ready and who waited, line by line.
//!
//! A story does not say when a goroutine that waits is woken: here it waits until it does something again.

use crate::story::{Deed, Line, Mark};
use std::collections::BTreeMap;

/// How it is with a goroutine after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Life {
    /// Not started yet, or ended.
    Absent,
    /// It could go on.
    Ready,
    /// It waits.
    Waits,
}

/// How it is with all of them.
#[derive(Debug, Default)]
pub(super) struct Lives {
    all: BTreeMap<u64, Life>,
}

impl Lives {
    pub(super) fn of(&self, who: u64) -> Life {
        // The root is started by nobody.
        let at_first = if who == 1 { Life::Ready } else { Life::Absent };
        self.all.get(&who).copied().unwrap_or(at_first)
    }

    /// The line has happened.
    pub(super) fn pass(&mut self, line: &Line) {
        if line.who == 0 {
            return;
        }
        let life = match (line.deed, line.mark) {
            (Deed::Ends, _) => Life::Absent,
            (_, Mark::Waits | Mark::Last) => Life::Waits,
            _ => Life::Ready,
        };
        self.all.insert(line.who, life);
        if let Deed::Starts(child) = line.deed {
            self.all.insert(child, Life::Ready);
        }
    }
}
