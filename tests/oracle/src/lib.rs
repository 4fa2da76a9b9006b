//! The same scenarios on gaggle, under simulation, and on a BEAM; and what differs.
//!
//! | file | what it holds |
//! |---|---|
//! | `scenario.rs` | the texts that both sides read |
//! | `world.rs` | one run of one on gaggle |
//! | `tree.rs`, `procs.rs` | the actors in it: supervision trees; plain processes |
//! | `random.rs`, `crowd.rs` | trees and crowds at random |
//! | `beam.rs` | the run on a BEAM |
//! | `compare.rs` | logs side by side |
//!
//! `main.rs` is what `cargo xtask beam` runs; `README.md` says how scenarios are written.

#![forbid(unsafe_code)]

pub mod beam;
pub mod compare;
pub mod crowd;
mod procs;
pub mod random;
pub mod scenario;
mod tree;
mod world;

pub use world::logs;

/// The scenarios that have names.
pub const NAMED: &str = include_str!("../scenarios.txt");
