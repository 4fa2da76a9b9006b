//! gaggle's channels and locks.
//!
//! They know a [`std::task::Waker`] and no runtime: the same code serves goroutines, plain threads (`*_blocking`) and foreign executors.
//!
//! | folder | what it holds |
//! |---|---|
//! | [`chan`] | channels: capacity 0, n, unbounded; oneshot, broadcast, watch |
//! | [`select`] | waiting for the first of several operations |
//! | [`sync`] | locks, wait groups, semaphores, barriers; what is done once; `Pool` |
//!
//! This crate is an implementation detail: depend on the crate `gaggle` instead.

pub mod chan;
pub mod select;
pub mod sync;

#[cfg(all(test, loom))]
mod loom_support;
