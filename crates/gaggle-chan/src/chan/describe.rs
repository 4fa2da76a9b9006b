//! What a channel says about itself to dumps: its name, its figures.
//!
//! What is read here is read under the channel's own lock; no value is touched.

use super::core::{Chan, UNBOUNDED};
use gaggle_base::listing::{Description, Thing};
use gaggle_base::sync::{AtomicUsize, Ordering};
use std::sync::Arc;

impl<T> Chan<T> {
    /// Is this a channel that nobody can ever send to, and that nobody can close? (See `handle.rs`; while a receive is polled, the receiving end is there.)
    pub(super) fn is_never(&self) -> bool {
        self.capacity == UNBOUNDED
            && self.ends_gone.load(Ordering::Relaxed) != 0
            && self.senders.load(Ordering::Relaxed) != 0
    }

    /// Somebody waits here, and found it not listed: from now on the channel can be asked about itself.
    #[cold]
    pub(super) fn list(&self) {
        // SAFETY: the channel stays where it is, and its last handle takes it out before it frees it; `describe` takes the channel's lock, which is not held here, and touches no value.
        unsafe { self.listing.enter(self) };
        self.lock().listed = true;
    }

    pub(super) fn set_name(&self, name: &str) {
        let name = Some(Arc::from(name));
        let before = std::mem::replace(&mut self.lock().name, name);
        drop(before);
    }

    pub(super) fn name(&self) -> Option<Arc<str>> {
        self.lock().name.clone()
    }
}

impl<T> Thing for Chan<T> {
    fn describe(&self) -> Description {
        let count = |n: &AtomicUsize| n.load(Ordering::Relaxed) as u64;
        let name = self.lock().name.clone();
        let capacity = match self.capacity {
            UNBOUNDED => u64::MAX,
            capacity => capacity as u64,
        };
        Description {
            kind: "chan",
            address: self.address(),
            name,
            figures: vec![
                ("cap", capacity),
                ("len", self.len() as u64),
                ("senders", count(&self.senders)),
                ("receivers", count(&self.receivers)),
            ],
            holder: None,
        }
    }
}
