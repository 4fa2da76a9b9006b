//! The other way to drive a runtime: one thread, virtual time, every choice asked for.
//!
//! The tasks, channels, locks, timers and the injector are those of production. What is missing is the workers: nobody runs anything but [`Stepped::run`].
//! It asks a [`Guide`] which of the ready goroutines takes the next step, and before each operation of gaggle's whether another one runs first.
//! Time stands still while anything is ready, then jumps to the next deadline.
//!
//! | file | what it holds |
//! |---|---|
//! | `plan.rs` | what a run is to be, who guides it, and what came of it |
//! | `world.rs` | one run: what is ready, what is chosen, what is noted |
//! | `drive.rs` | the loop: take a goroutine, poll it, let time go on, see the end |
//! | `here.rs` | what the driven code asks: give way, block, settle |
//!
//! A runtime is used again by the next run; its goroutines, numbers and timers begin anew.
//! What explores schedules, shortens and reports them is the crate `gaggle-sim`; this module must not know how a guide chooses.

mod drive;
mod here;
mod plan;
mod world;

pub use plan::{Choice, Event, Fallen, Guide, Halt, Level, Plan, Progress, Ready, Run, What};

use super::shared::{Config, Shared};
use crate::runtime::{self, OnDeadlock, OnPanic};
use gaggle_base::blocked;
use gaggle_base::clock::{Clock, Nanos};
use gaggle_base::driver::Driver;
use gaggle_base::rng::Rng;
use gaggle_base::site::Site;
use gaggle_base::steps;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle as ThreadHandle;
use world::World;

/// The driver: a clock that is set.
pub(super) struct Virtual {
    now: AtomicU64,
    seeds: AtomicU64,
}

impl Clock for Virtual {
    fn now(&self) -> Nanos {
        self.now.load(Ordering::Relaxed)
    }
}

impl Driver for Virtual {
    fn seed(&self) -> u64 {
        Rng::from_seed(self.seeds.fetch_add(1, Ordering::Relaxed)).next_u64()
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
}

/// What a runtime without workers keeps for whoever drives it.
#[derive(Default)]
pub(crate) struct Stepping {
    /// A thread that is not driven has woken a goroutine.
    foreign: AtomicBool,
    has_fallen: AtomicBool,
    fallen: Mutex<Vec<Fallen>>,
}

impl Stepping {
    /// A goroutine has panicked, and nobody holds its handle.
    pub(crate) fn fell(&self, fallen: Fallen) {
        if fallen.payload.is::<drive::GivenUp>() {
            return;
        }
        let mut all = self.fallen.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(fallen);
        self.has_fallen.store(true, Ordering::Relaxed);
    }

    fn take_fallen(&self) -> Vec<Fallen> {
        self.has_fallen.store(false, Ordering::Relaxed);
        let mut all = self.fallen.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *all)
    }

    fn has_fallen(&self) -> bool {
        self.has_fallen.load(Ordering::Relaxed)
    }

    /// A goroutine was woken by this thread.
    pub(super) fn woken(&self, shared: &Shared) {
        if !steps::is_driven() || !runtime::is_inside(shared) {
            self.foreign.store(true, Ordering::Relaxed);
        }
    }
}

/// What such runtimes, and the threads that drive them, have their names begin with.
pub const SIMULATION: &str = "gaggle sim";

/// The threads of simulations. (Their names do not tell: a thread without a name has that of the one that started it.)
static SIMULATING: Mutex<Vec<i32>> = Mutex::new(Vec::new());

fn simulating() -> MutexGuard<'static, Vec<i32>> {
    SIMULATING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Says, while it lives, that the thread it was made on is one of a simulation's: others do not take it for the program's own.
#[derive(Debug)]
pub struct Simulating(i32);

impl Simulating {
    /// This thread is one.
    #[must_use]
    pub fn new() -> Self {
        let thread = blocked::thread_number();
        simulating().push(thread);
        Self(thread)
    }
}

impl Default for Simulating {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Simulating {
    fn drop(&mut self) {
        let mut all = simulating();
        if let Some(at) = all.iter().position(|thread| *thread == self.0) {
            all.swap_remove(at);
        }
    }
}

/// A runtime that takes one step at a time. Its runs do not overlap.
pub struct Stepped {
    shared: Arc<Shared>,
    time: Arc<Virtual>,
}

impl Default for Stepped {
    fn default() -> Self {
        Self::new()
    }
}

impl Stepped {
    /// A runtime at time zero.
    #[must_use]
    pub fn new() -> Self {
        let time = Arc::new(Virtual {
            now: AtomicU64::new(0),
            seeds: AtomicU64::new(1),
        });
        let shared = Shared::new(Config {
            workers: 1,
            name: SIMULATION.to_owned(),
            on_panic: OnPanic::Raise,
            on_deadlock: OnDeadlock::Ignore,
            report_stuck: false,
            bystander: None,
            thread_guard: None,
            max_threads: 0,
            stepping: Some(Stepping::default()),
            driver: time.clone(),
        });
        Self { shared, time }
    }

    /// Runs `root` as goroutine 1 and whatever it starts, until it has ended and the others have had their last step, or until nothing can go on.
    /// Then all goroutines are dropped.
    pub fn run<F>(&self, plan: &Plan, guide: &mut dyn Guide, root: F, site: Site) -> Run<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.renew();
        let world = World::new(&self.shared, &self.time, plan, guide);
        let _entered = runtime::enter(self.shared.clone());
        let mut run = steps::drive(&world, &*self.time, || {
            let root = self.shared.go(root, site);
            let run = world.play(root);
            world.close();
            // Nobody else runs anything, so nothing is in the middle of a poll, and what ends now ends at once.
            let _ = self.shared.shutdown(Some(0));
            run
        });
        if let Some(stepping) = &self.shared.config.stepping {
            run.fallen.extend(stepping.take_fallen());
        }
        run
    }

    /// Everything begins anew.
    fn renew(&self) {
        self.time.now.store(0, Ordering::Relaxed);
        self.time.seeds.store(1, Ordering::Relaxed);
        self.shared.renew();
        if let Some(stepping) = &self.shared.config.stepping {
            stepping.foreign.store(false, Ordering::Relaxed);
            drop(stepping.take_fallen());
        }
    }
}

impl fmt::Debug for Stepped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stepped")
            .field("now", &self.time.now())
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, not(loom)))]
pub(crate) mod tests;
