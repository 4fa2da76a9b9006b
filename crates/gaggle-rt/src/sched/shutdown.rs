//! The end of a runtime (semantics.md RX-05): no goroutine is polled any more, and each one's future is dropped.
//!
//! 1. `closing` is set, and the live list takes no more. Workers end after the poll that they are in.
//! 2. A sweep cancels what is queued and what is parked. A goroutine that is queued must come out of its queue: only then does nobody else hold a right to it.
//! 3. Dropping a future may wake others, so the sweep is repeated until no goroutine is left, or the time is over.
//! 4. What is left then are the stragglers: goroutines in the middle of a poll. Their worker sweeps once more when the poll returns.
//!
//! A goroutine with a thread of its own is claimed in the same way, but its thread cancels it; while it is in a poll, that thread sees `closing` before the next one.

use super::shared::Shared;
use crate::runtime;
use crate::task::{GoId, TaskRef, cancel, hand_over};
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::spin::Backoff;
use gaggle_base::sync::Ordering;
use std::error::Error;
use std::fmt;
use std::panic::Location;
use std::ptr;
use std::sync::Arc;

/// How many parked goroutines are cancelled between two looks at the queues.
const BATCH: usize = 256;

/// Goroutines that were still in the middle of a poll when the time for a shutdown was over.
///
/// Among them may be some of [`go_locked`](crate::go_locked) whose own thread has been told and has not come to it yet.
/// Each ends when its poll returns; its thread ends then too.
#[derive(Clone, Debug)]
pub struct Stragglers {
    goroutines: Vec<(GoId, Option<&'static Location<'static>>)>,
}

impl Stragglers {
    /// Their numbers, and where each was started.
    #[must_use]
    pub fn goroutines(&self) -> &[(GoId, Option<&'static Location<'static>>)] {
        &self.goroutines
    }
}

impl fmt::Display for Stragglers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = self.goroutines.len();
        let noun = if n == 1 { "goroutine" } else { "goroutines" };
        write!(
            f,
            "{n} {noun} did not give way before the shutdown's time was over:"
        )?;
        for (id, site) in self.goroutines.iter().take(8) {
            match site {
                Some(site) => write!(f, " #{id} (started at {site})")?,
                None => write!(f, " #{id}")?,
            }
        }
        if self.goroutines.len() > 8 {
            f.write_str(" ...")
        } else {
            Ok(())
        }
    }
}

impl Error for Stragglers {}

impl Shared {
    /// Ends the runtime. `deadline`: how long to wait for goroutines in the middle of a poll; `None` is for ever.
    pub(crate) fn shutdown(self: &Arc<Self>, deadline: Option<Nanos>) -> Result<(), Stragglers> {
        self.closing.store(true, Ordering::SeqCst);
        self.live.close();
        self.wake_all_threads();
        self.descriptors.close();
        // Destructors that start goroutines start them here, where they are refused.
        let _entered = runtime::enter(self.clone());
        let mut backoff = Backoff::new();
        loop {
            self.sweep();
            self.orphan_timers();
            if self.live.count() == 0 {
                break;
            }
            if deadline.is_some_and(|d| system_now() >= d) {
                let mut goroutines = Vec::new();
                self.live
                    .for_each(|h, _| goroutines.push((h.id(), h.spawned_at.location())));
                return Err(Stragglers { goroutines });
            }
            backoff.wait();
        }
        let threads = std::mem::take(
            &mut *self
                .threads
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        let this = std::thread::current().id();
        for thread in threads.into_iter().filter(|t| t.thread().id() != this) {
            // A worker's thread does not panic; if one does, the report of the panic has been printed.
            let _ = thread.join();
        }
        Ok(())
    }

    /// Cancels whatever is queued or parked at this time.
    pub(super) fn sweep(self: &Arc<Self>) {
        loop {
            let mut batch = Vec::new();
            self.injector.pop_some(BATCH, |task| batch.push(task));
            for slot in self.slots.all() {
                let next = slot.next.swap(ptr::null_mut(), Ordering::AcqRel);
                batch.extend(TaskRef::from_ptr(next));
                batch.extend(std::iter::from_fn(|| {
                    slot.ring.steal_one().and_then(TaskRef::from_ptr)
                }));
            }
            if batch.is_empty() {
                self.live.claim_parked(BATCH, |task| batch.push(task));
            }
            if batch.is_empty() {
                return;
            }
            for task in batch {
                // SAFETY: it was taken from a queue, or claimed, so we are its runner, or may give it to the thread that is.
                unsafe {
                    if task.header().flags.is_locked() {
                        // Claimed, which has marked it: its own thread cancels it.
                        hand_over(task);
                    } else {
                        cancel(task, self);
                    }
                }
            }
        }
    }
}
