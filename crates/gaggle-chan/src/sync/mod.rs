//! Locks and groups for goroutines, plain threads and foreign executors (semantics.md LK, WG).
//!
//! | file | what it holds |
//! |---|---|
//! | `done.rs` | `Done`: the wait for an event that may not exist; a building block of contexts |
//! | `event.rs` | [`Event`]: something that happens once |
//! | `mutex.rs`, `mutex_raw.rs` | [`Mutex`]: barging while it is cheap, direct hand-off once somebody has waited a millisecond |
//! | `guard.rs` | [`MutexGuard`], [`OwnedMutexGuard`] |
//! | `rw_lock.rs`, `rw_raw.rs`, `rw_guard.rs` | [`RwLock`]: many readers or one writer, neither starved |
//! | `cond.rs` | [`Cond`]: waits until what a mutex protects has changed |
//! | `semaphore.rs` | [`Semaphore`]: weighted permits, strictly in order |
//! | `barrier.rs` | [`Barrier`]: nobody goes on until all have come |
//! | `queued.rs`, `late.rs` | what their waits have in common: a waiter that is in a queue, one that is not made yet |
//! | `holder.rs` | who has a lock, for dumps and the search for deadlocks |
//! | `turns.rs` | who may run, when one is to run and the others wait: the core of `Once` and `OnceCell` |
//! | `once.rs` | [`Once`]: of many calls one runs, and the others wait for its end |
//! | `once_cell.rs` | [`OnceCell`]: a value that is made once, by whoever needs it first |
//! | `once_value.rs` | [`OnceValue`], [`OnceFn`]: a function that runs at the first call, and whose result all get |
//! | `pool.rs`, `pool_guard.rs` | [`Pool`]: things that were used and may be used again; [`PoolGuard`] |
//! | `wait_group.rs` | [`WaitGroup`]: waits until a count is down to zero |

mod barrier;
mod cond;
mod done;
mod event;
mod guard;
mod holder;
mod late;
mod mutex;
mod mutex_raw;
mod once;
mod once_cell;
mod queued;
mod rw_guard;
mod rw_lock;
mod rw_raw;
mod semaphore;
mod turns;
mod wait_group;

pub use barrier::{Barrier, BarrierWait, BarrierWaitResult};
pub use cond::Cond;
pub use done::Done;
pub use event::{Event, EventWait};
pub use guard::{MutexGuard, OwnedMutexGuard};
pub use mutex::{Lock, Mutex};
pub use once::Once;
pub use once_cell::OnceCell;
pub use rw_guard::{OwnedReadGuard, OwnedWriteGuard, ReadGuard, WriteGuard};
pub use rw_lock::{Read, RwLock, Write};
pub use semaphore::{Acquire, OwnedPermit, Permit, Semaphore};
pub use wait_group::{Wait, WaitGroup, WaitGroupGuard};

// Safe code over a lock and a cell that have models; in a model neither can be made in a constant.
#[cfg(not(loom))]
mod once_value;
#[cfg(not(loom))]
mod pool;
#[cfg(not(loom))]
mod pool_guard;

#[cfg(not(loom))]
pub use once_value::{OnceFn, OnceValue, once_fn, once_value};
#[cfg(not(loom))]
pub use pool::{NoNew, Pool};
#[cfg(not(loom))]
pub use pool_guard::PoolGuard;

#[cfg(all(test, loom))]
#[path = "locks_loom.rs"]
mod loom_tests;
