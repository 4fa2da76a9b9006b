//! Time: instants, sleeping, timers, tickers, time-outs (semantics.md TI).
//!
//! Sleeping parks the goroutine and never its thread. Timers are exact to some tens of microseconds, never early, and cheap: millions may be pending.

#[doc(hidden)]
pub use gaggle_rt::time::{Alarm, alarm};
pub use gaggle_rt::time::{
    Elapsed, Instant, Sleep, Ticker, Timeout, Timer, TimerRecv, after, after_func, after_func_with,
    sleep, sleep_until, timeout, timeout_at,
};
