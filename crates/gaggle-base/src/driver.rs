//! The seam between a runtime and the world: time, randomness, threads.
//!
//! A runtime is built with one driver. [`Threads`] is production: the system's clock and threads; its workers choose by their own queues and never ask.
//! A driver without threads says itself what time it is, and whoever drives such a runtime is asked for each choice ([`crate::steps`]); the tasks, channels and timers are the same code.

use crate::clock::{Clock, Nanos, system_now};
use crate::rng::Rng;
use crate::thread;
use std::io;
use std::thread::JoinHandle;

/// What a runtime takes from outside.
pub trait Driver: Clock {
    /// A seed for a generator of random numbers, different in each call.
    fn seed(&self) -> u64;

    /// Starts a thread called `name`.
    ///
    /// # Errors
    /// When there is none to be had.
    fn start_thread(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> io::Result<JoinHandle<()>>;
}

/// Production: the system's clock, the system's threads.
#[derive(Debug, Clone, Copy, Default)]
pub struct Threads;

impl Clock for Threads {
    fn now(&self) -> Nanos {
        system_now()
    }
}

impl Driver for Threads {
    fn seed(&self) -> u64 {
        Rng::from_entropy().next_u64()
    }

    fn start_thread(
        &self,
        name: String,
        body: Box<dyn FnOnce() + Send>,
    ) -> io::Result<JoinHandle<()>> {
        thread::start(name, body)
    }
}
