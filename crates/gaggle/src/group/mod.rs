//! Groups of goroutines that do one thing together and fail together (semantics.md XS-01 to XS-06, T20, T26).
//!
//! | file | what it holds |
//! |---|---|
//! | `handle.rs` | [`Group`]: start, wait for all, first error wins |
//! | `results.rs` | [`Results`], [`try_join_all`]: the same for goroutines that give values |
//! | `tasks.rs` | what the group and its goroutines share: who runs, who queues, what went wrong |
//! | `run.rs` | the body of one goroutine: panics are caught, the end is told |
//! | `error.rs` | [`TaskFailed`]: the cause when a group cancels its context |
//!
//! Goroutines of a group never outlive it, unless [`Group::detach`] says so: dropping the group aborts them.
//! A panic in one of them is raised where the group is waited for. Go does neither.

mod error;
mod handle;
mod results;
mod run;
mod tasks;

pub use error::TaskFailed;
pub use handle::{Group, Wait};
pub use results::{Results, try_join_all};
