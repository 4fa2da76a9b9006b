//! The list of all runtimes of the process, so that one look can take in all of them.
//!
//! One ordinary lock protects it; it is taken when a runtime starts and when somebody looks.

use crate::sched::Shared;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

static RUNTIMES: Mutex<Vec<Weak<Shared>>> = Mutex::new(Vec::new());

/// A number for a new runtime. They come round after 256 of them.
pub(crate) fn next_number() -> u8 {
    static NUMBERS: AtomicU8 = AtomicU8::new(1);
    NUMBERS.fetch_add(1, Ordering::Relaxed)
}

/// Lists a runtime for as long as it lives.
pub(crate) fn register(shared: &Arc<Shared>) {
    let mut runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
    runtimes.retain(|r| r.strong_count() > 0);
    runtimes.push(Arc::downgrade(shared));
}

/// All runtimes, oldest first.
pub(super) fn all() -> Vec<Arc<Shared>> {
    let runtimes = RUNTIMES.lock().unwrap_or_else(PoisonError::into_inner);
    runtimes.iter().filter_map(Weak::upgrade).collect()
}

/// Has all monitors look again.
pub(crate) fn wake_monitors() {
    all().iter().for_each(|shared| shared.wake_monitor());
}
