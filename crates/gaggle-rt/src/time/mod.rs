//! Time: instants, sleeping, time-outs (semantics.md TI).
//!
//! | file | what it holds |
//! |---|---|
//! | `instant.rs` | [`Instant`], on gaggle's clock |
//! | `wheel.rs` | one hierarchical timing wheel: O(1) to add, to remove and to expire |
//! | `entry.rs` | one timer: a node that lives inside the future that waits |
//! | `sleep.rs` | [`sleep`], [`sleep_until`] |
//! | `alarm.rs` | `alarm`: a function that runs at a point in time; a building block, hidden |
//! | `timeout.rs` | [`timeout`], [`Elapsed`] |
//!
//! Each seat of a runtime has a wheel; the worker on the seat looks after it.
//! Timers fire in the order of their deadlines, to the nanosecond, and never early.

mod alarm;
mod entry;
mod instant;
mod sleep;
mod timeout;
pub(crate) mod wheel;

#[doc(hidden)]
pub use alarm::{Alarm, alarm};
pub use instant::Instant;
pub use sleep::{Sleep, sleep, sleep_until};
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
