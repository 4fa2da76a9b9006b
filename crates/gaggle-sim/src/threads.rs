//! The threads that runs take place on, and the watch over them.
//!
//! Each batch of runs has a fresh thread: so thread-local state of the program and of the libraries that it uses begins anew, and a run that never comes back can be left behind.

use gaggle_base::clock::system_now;
use gaggle_base::rng::Rng;
use gaggle_base::thread;
use gaggle_rt::stepped::{Progress, SIMULATION, Simulating};
use std::hint::black_box;
use std::io::Write as _;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

/// After so long in one step there is a note.
const NOTE_AFTER: Duration = Duration::from_secs(1);
/// How often is looked.
const TICK: Duration = Duration::from_millis(20);

/// What came of a thread.
pub(crate) enum Ended<R> {
    /// It ended.
    With(R),
    /// It has been in one step for too long, and was left behind: of this goroutine.
    Stuck(u64),
}

/// Runs `f` on a fresh thread that says in `progress` how far it is.
///
/// # Panics
/// With the panic of `f`, and when the system has no thread to give.
pub(crate) fn on_fresh_thread<R: Send + 'static>(
    progress: &Arc<Progress>,
    limit: Duration,
    f: impl FnOnce() -> R + Send + 'static,
) -> Ended<R> {
    let (done, ended) = channel();
    let body = move || {
        let _simulating = Simulating::new();
        // Nobody waits any more if it was left behind.
        let _ = done.send(f());
    };
    let thread = match thread::start(SIMULATION.to_owned(), body) {
        Ok(thread) => thread,
        Err(error) => panic!("gaggle sim: the system has no thread to give: {error}"),
    };
    let (mut seen, mut stuck, mut noted) = (u64::MAX, Duration::ZERO, false);
    let mut looked = system_now();
    loop {
        match ended.recv_timeout(TICK) {
            Ok(result) => {
                // It has nothing left to do but to end.
                let _ = thread.join();
                return Ended::With(result);
            }
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(payload) => resume_unwind(payload),
                Ok(()) => unreachable!("a thread that ends without a result has panicked"),
            },
            Err(RecvTimeoutError::Timeout) => {}
        }
        // By what was watched, not by the clock alone: if the whole process had no CPU, that is not the step's fault.
        let now = system_now();
        let watched = Duration::from_nanos(now - looked).min(2 * TICK);
        looked = now;
        let steps = progress.steps.load(Ordering::Relaxed);
        if steps != seen {
            (seen, stuck, noted) = (steps, Duration::ZERO, false);
            continue;
        }
        stuck += watched;
        let goroutine = progress.goroutine.load(Ordering::Relaxed);
        if stuck > limit {
            return Ended::Stuck(goroutine);
        }
        if stuck > NOTE_AFTER && !noted {
            noted = true;
            // There is nobody to tell that stderr is gone.
            let _ = writeln!(
                std::io::stderr(),
                "gaggle sim: goroutine #{goroutine} has been in one step for {stuck:?}; real time does not pass by itself in a simulation"
            );
        }
    }
}

/// Makes the heap of this thread another one than that of the last run: so what depends on addresses is seen to.
pub(crate) fn disturb_heap(seed: u64) {
    let mut rng = Rng::from_seed(seed);
    let sizes: Vec<usize> = (0..600).map(|_| 8 << rng.below(7)).collect();
    let mut blocks: Vec<Vec<u8>> = sizes.into_iter().map(Vec::with_capacity).collect();
    for i in (1..blocks.len()).rev() {
        blocks.swap(i, rng.below(i as u32 + 1) as usize);
    }
    // Every second one stays until the end of the thread's use of it, and is then given back in another order.
    let keep = blocks.split_off(blocks.len() / 2);
    drop(black_box(blocks));
    drop(black_box(keep));
}
