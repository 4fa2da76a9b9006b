//! The floor under gaggle: what channels, tasks and timers all stand on.
//!
//! | module | what it holds |
//! |---|---|
//! | [`sync`] | the facade over `std` and `loom`: the only place that names either |
//! | [`spin`] | a lock for critical sections of a few dozen instructions |
//! | [`park`] | putting one thread to sleep and waking it |
//! | [`clock`] | the one clock of the process |
//! | [`payload`] | what a panic was raised with |
//! | [`peek`] | looking at a future without polling it |
//! | [`driver`] | the seam: what a runtime takes from outside |
//! | [`rng`] | the one source of randomness |
//! | [`site`] | a source location in four bytes |
//! | [`wait`] | why a goroutine waits: reason, object, place |
//! | [`context`] | what a thread knows about the goroutine that it runs: budget, wait record, blocking hand-off |
//! | [`steps`] | what a thread asks while somebody drives it step by step |
//! | [`waitlist`] | lists of waiters that live inside the waiting futures |
//! | [`waker`] | which wakers are harmless under a lock |
//! | [`listing`] | what can be asked about itself from outside: channels, waits for locks |
//! | [`blocked`] | which threads sleep inside gaggle |
//! | [`thread`] | the one way to start a thread, and to wait for a future on one |
//!
//! This crate must not know what a channel, a task or a scheduler is.
//! It is an implementation detail: depend on the crate `gaggle` instead.

pub mod blocked;
pub mod clock;
pub mod context;
pub mod driver;
pub mod listing;
pub mod park;
pub mod payload;
pub mod peek;
pub mod rng;
pub mod site;
pub mod spin;
pub mod steps;
pub mod sync;
pub mod thread;
pub mod wait;
pub mod waitlist;
pub mod waker;
