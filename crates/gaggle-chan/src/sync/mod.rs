//! Locks and groups for goroutines, plain threads and foreign executors (semantics.md LK, WG).
//!
//! | file | what it holds |
//! |---|---|
//! | `done.rs` | `Done`: the wait for an event that may not exist; a building block of contexts |
//! | `event.rs` | [`Event`]: something that happens once |
//! | `mutex.rs` | [`Mutex`]: barging while it is cheap, direct hand-off once somebody has waited a millisecond |
//! | `guard.rs` | [`MutexGuard`], [`OwnedMutexGuard`] |
//! | `wait_group.rs` | [`WaitGroup`]: waits until a count is down to zero |

mod done;
mod event;
mod guard;
mod mutex;
mod wait_group;

pub use done::Done;
pub use event::{Event, EventWait};
pub use guard::{MutexGuard, OwnedMutexGuard};
pub use mutex::{Lock, Mutex};
pub use wait_group::{Wait, WaitGroup, WaitGroupGuard};
