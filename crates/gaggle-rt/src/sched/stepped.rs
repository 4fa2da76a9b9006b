//! The other way to drive a runtime: one thread, virtual time, every choice asked for.
//!
//! The tasks, channels, timers and the injector are those of production. What is missing is the workers: nobody runs anything but [`Stepped::block_on`], which asks the driver's `choose` which of the ready goroutines takes the next step.
//! Time stands still while anything is ready, then jumps to the next deadline.
//!
//! gaggle's own tests use it for timers and for orders that must replay; the simulator is to be built on it.

use super::here::poll_here;
use super::shared::{Config, Shared};
use crate::runtime::{self, OnDeadlock, OnPanic};
use crate::task::TaskRef;
use crate::time::wheel::{Expired, NEVER};
use gaggle_base::clock::{Clock, Nanos, with_clock};
use gaggle_base::driver::Driver;
use gaggle_base::rng::Rng;
use std::fmt;
use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle as ThreadHandle;

/// How the next goroutine is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one that has been ready longest.
    Fifo,
    /// Any, by a generator with this seed.
    Random(u64),
}

/// The driver: a clock that is set, and a generator.
struct Step {
    now: AtomicU64,
    random: Option<Mutex<Rng>>,
    seeds: Mutex<Rng>,
}

impl Clock for Step {
    fn now(&self) -> Nanos {
        self.now.load(Ordering::Relaxed)
    }
}

impl Driver for Step {
    fn seed(&self) -> u64 {
        self.seeds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next_u64()
    }

    fn start_thread(
        &self,
        _name: String,
        _body: Box<dyn FnOnce() + Send>,
    ) -> io::Result<ThreadHandle<()>> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "a stepped runtime has no threads",
        ))
    }

    fn choose(&self, ready: usize) -> usize {
        match &self.random {
            None => 0,
            Some(rng) => rng
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .below(ready as u32) as usize,
        }
    }
}

/// Nothing is ready, no timer runs, and the future is not ready either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stuck {
    /// Goroutines that wait for ever.
    pub goroutines: usize,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "all goroutines are asleep: {} of them, and the root",
            self.goroutines
        )
    }
}

impl std::error::Error for Stuck {}

/// A runtime that takes one step at a time.
pub struct Stepped {
    shared: Arc<Shared>,
    driver: Arc<Step>,
}

/// Goroutines that were taken from the injector; they go back when the driving ends, however it does.
struct Ready<'a>(&'a Shared, Vec<TaskRef>);

impl Drop for Ready<'_> {
    fn drop(&mut self) {
        self.0.injector.push_all(self.1.drain(..));
    }
}

struct Root(AtomicBool);

impl Wake for Root {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}

impl Stepped {
    /// A runtime at time zero.
    #[must_use]
    pub fn new(order: Order) -> Self {
        let (random, seed) = match order {
            Order::Fifo => (None, 0),
            Order::Random(seed) => (Some(Mutex::new(Rng::from_seed(seed))), seed),
        };
        let seeds = Mutex::new(Rng::from_seed(!seed));
        let driver = Arc::new(Step {
            now: AtomicU64::new(0),
            random,
            seeds,
        });
        let shared = Shared::new(Config {
            workers: 1,
            name: "stepped".to_owned(),
            on_panic: OnPanic::Raise,
            on_deadlock: OnDeadlock::Ignore,
            report_stuck: false,
            bystander: None,
            max_threads: 0,
            driver: driver.clone(),
        });
        Self { shared, driver }
    }

    /// Drives everything until `future` is ready.
    ///
    /// # Errors
    /// [`Stuck`] when nothing can ever go on.
    ///
    /// # Panics
    /// As `block_on`.
    pub fn block_on<F: Future>(&self, future: F) -> Result<F::Output, Stuck> {
        let _entered = runtime::enter(self.shared.clone());
        with_clock(&*self.driver, || self.drive(future))
    }

    fn drive<F: Future>(&self, future: F) -> Result<F::Output, Stuck> {
        let mut future = pin!(future);
        let root = Arc::new(Root(AtomicBool::new(true)));
        let waker = Waker::from(root.clone());
        let mut ready = Ready(&self.shared, Vec::new());
        loop {
            if let Some(raise) = self.shared.panics.take() {
                raise.raise();
            }
            self.shared
                .injector
                .pop_some(usize::MAX, |task| ready.1.push(task));
            // The root is one more that may be ready; as option 0 it is the dull choice.
            let root_ready = root.0.load(Ordering::Acquire);
            let options = ready.1.len() + usize::from(root_ready);
            if options == 0 {
                if !self.advance() {
                    return Err(Stuck {
                        goroutines: self.shared.live.count(),
                    });
                }
                continue;
            }
            let choice = if options == 1 {
                0
            } else {
                self.driver.choose(options)
            };
            if root_ready && choice == 0 {
                root.0.store(false, Ordering::Release);
                if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker))
                {
                    return Ok(output);
                }
                continue;
            }
            let task = ready.1.remove(choice - usize::from(root_ready));
            // SAFETY: it was taken from the injector of this runtime.
            if unsafe { poll_here(task, &self.shared) } {
                self.shared.injector.push(task);
            }
        }
    }

    /// Time jumps to the next deadline. `false` if there is none.
    fn advance(&self) -> bool {
        let wheel = self.shared.wheels[0];
        let next = wheel.next();
        if next == NEVER {
            return false;
        }
        self.driver.now.fetch_max(next, Ordering::Relaxed);
        let mut expired = Expired::new();
        wheel.expire(self.driver.now(), usize::MAX, &mut expired);
        expired.into_iter().for_each(|(_, waker)| waker.wake());
        true
    }
}

impl Drop for Stepped {
    fn drop(&mut self) {
        // Nobody else runs anything, so nothing is in the middle of a poll.
        let _ = with_clock(&*self.driver, || self.shared.shutdown(Some(0)));
    }
}

impl fmt::Debug for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepped")
            .field("now", &self.driver.now())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
#[path = "stepped_tests.rs"]
mod tests;
