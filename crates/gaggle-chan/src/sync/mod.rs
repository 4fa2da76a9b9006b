//! Locks and groups for goroutines, plain threads and foreign executors (semantics.md LK, WG).
//!
//! | file | what it holds |
//! |---|---|
//! | `mutex.rs` | [`Mutex`]: barging while it is cheap, direct hand-off once somebody has waited a millisecond |
//! | `wait_group.rs` | [`WaitGroup`]: waits until a count is down to zero |

mod mutex;
mod wait_group;

pub use mutex::{Lock, Mutex, MutexGuard, OwnedMutexGuard};
pub use wait_group::{Wait, WaitGroup, WaitGroupGuard};
