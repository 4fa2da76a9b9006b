//! Time: instants, sleeping, time-outs (semantics.md TI).
//!
//! Sleeping parks the goroutine and never its thread. Timers are exact to some tens of microseconds, never early, and cheap: millions may be pending.

pub use gaggle_rt::time::{
    Elapsed, Instant, Sleep, Timeout, sleep, sleep_until, timeout, timeout_at,
};
