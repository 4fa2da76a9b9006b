//! Locks and groups for goroutines, plain threads and foreign executors (semantics.md LK, WG).
//!
//! | file | what it holds |
//! |---|---|
//! | `event.rs` | [`Event`]: something that happens once |
//! | `mutex.rs` | [`Mutex`]: barging while it is cheap, direct hand-off once somebody has waited a millisecond |
//! | `guard.rs` | [`MutexGuard`], [`OwnedMutexGuard`] |
//! | `rw_lock.rs`, `rw_guard.rs` | [`RwLock`]: many readers or one writer, neither starved |
//! | `cond.rs` | [`Cond`]: waits until what a mutex protects has changed |
//! | `semaphore.rs` | [`Semaphore`]: weighted permits, strictly in order |
//! | `barrier.rs` | [`Barrier`]: nobody goes on until all have come |
//! | `queued.rs` | what their waits have in common |
//! | `wait_group.rs` | [`WaitGroup`]: waits until a count is down to zero |

mod barrier;
mod cond;
mod event;
mod guard;
mod mutex;
mod queued;
mod rw_guard;
mod rw_lock;
mod semaphore;
mod wait_group;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult};
pub use cond::Cond;
pub use event::{Event, EventWait};
pub use guard::{MutexGuard, OwnedMutexGuard};
pub use mutex::{Lock, Mutex};
pub use rw_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
pub use rw_lock::{Read, RwLock, Write};
pub use semaphore::{Acquire, OwnedPermit, Permit, Semaphore};
pub use wait_group::{Wait, WaitGroup, WaitGroupGuard};

#[cfg(all(test, loom))]
#[path = "locks_loom.rs"]
mod loom_tests;
