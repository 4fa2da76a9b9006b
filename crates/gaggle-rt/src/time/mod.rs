//! Time: instants, sleeping, timers, tickers, time-outs (semantics.md TI).
//!
//! | file | what it holds |
//! |---|---|
//! | `instant.rs` | [`Instant`], on gaggle's clock |
//! | `wheel.rs` | one hierarchical timing wheel: O(1) to add, to remove and to expire |
//! | `entry.rs` | one timer: a node that lives inside the future that waits |
//! | `sleep.rs` | [`sleep`], [`sleep_until`] |
//! | `alarm.rs` | `alarm`: a function that runs at a point in time; a building block, hidden |
//! | `pulse.rs` | what a timer and a ticker share: a time that comes, and those who wait for it |
//! | `timer.rs` | [`after`], [`Timer`] |
//! | `func.rs` | [`after_func`]: goroutines that start at a point in time |
//! | `ticker.rs` | [`Ticker`] |
//! | `timeout.rs` | [`timeout`], [`Elapsed`] |
//!
//! Each seat of a runtime has a wheel; the worker on the seat looks after it.
//! Timers fire in the order of their deadlines, to the nanosecond, and never early.

mod alarm;
mod entry;
mod func;
mod instant;
mod pulse;
mod sleep;
mod ticker;
mod timeout;
mod timer;
pub(crate) mod wheel;

#[doc(hidden)]
pub use alarm::{Alarm, alarm};
pub use func::{after_func, after_func_with};
pub use instant::Instant;
pub use pulse::TimerRecv;
pub use sleep::{Sleep, sleep, sleep_until, sleep_until_later};
pub use ticker::Ticker;
pub use timeout::{Elapsed, Timeout, timeout, timeout_at};
pub use timer::{Timer, after};
