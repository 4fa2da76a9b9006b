//! The same program under a seeded scheduler with virtual time.
//!
//! A program is run again and again, each time on one thread and with another order of its goroutines, until a run goes wrong: a panic, a deadlock, a leak.
//! That run is repeated, shortened to the switches that it needs, and printed with one line that replays it.
//! What runs is production's code; only who drives it is another (`gaggle_rt::stepped`).
//!
//! | file | what it holds |
//! |---|---|
//! | `builder.rs` | [`Builder`] and what can be set |
//! | `once.rs` | [`run`], [`replay`]: one run |
//! | `inside.rs` | what a program under simulation may ask: [`now`], [`advance`], [`settle`], [`rand`], [`point`] |
//! | `schedule/` | the schedulers: who makes the choices |
//! | `record.rs` | the choices of one run, written down or read off |
//! | `execute.rs` | one run, and what was wrong with it |
//! | `explore.rs` | many runs, until one goes wrong |
//! | `investigate.rs` | a run once more: is it the same, what does it need, what happened |
//! | `threads.rs` | the threads that runs take place on, and the watch over them |
//! | `minimise.rs` | a shorter list of choices with the same end |
//! | `token.rs` | a list of choices as a string |
//! | `finding.rs` | [`Finding`]: what can go wrong |
//! | `names.rs` | what objects and places are called in reports |
//! | `story.rs` | what happened in a run, in lines |
//! | `picture/` | the same as a picture |
//! | `report.rs` | [`Report`] |
//! | `replaying.rs` | one run alone |
//! | `artifacts.rs` | files beside a report |
//! | `hook.rs` | panics on the threads of runs are noted, not printed |
//! | `settings.rs` | the environment variable `GAGGLE_SIM` |
//!
//! This crate must not know how a goroutine is polled.
//! It is an implementation detail: depend on the crate `gaggle` instead.

mod artifacts;
mod builder;
mod execute;
mod explore;
mod finding;
mod hook;
mod inside;
mod investigate;
mod minimise;
mod names;
mod once;
mod picture;
mod record;
mod replaying;
mod report;
mod schedule;
mod settings;
mod story;
mod threads;
mod token;

pub use builder::{Builder, Clock, Expect, Minimise, Preempt};
pub use finding::{Class, Finding};
pub use inside::{
    Advance, Point, Settle, advance, date, fault, is_simulated, now, observe, point, rand, reach,
    settle,
};
pub use once::{Root, replay, run};
pub use report::Report;
pub use schedule::Sched;
#[doc(hidden)]
pub use settings::Settings;
