//! Goroutines that can never go on, and those that a test leaves behind (semantics.md DL-05 to DL-08, T34).
//!
//! There is no garbage collector that could say what is reachable, so [`leaks`] reports only what is certain without one:
//!
//! * a goroutine that waits and of which there is no waker: whatever it waits for has forgotten it, or never knew of it, as `pending()`, a receive from `chan::never()` and a select without an arm do not;
//! * those that wait for each other's locks.
//!
//! What a leak is in Go mostly is none here: when the last sender or the last receiver goes, whoever waits at the other end is told.
//! [`LeakCheck`] is for tests and asks for less: which goroutines were started and have not ended?

use super::collect;
use super::dump::Goroutine;
use super::text::goroutines;
use crate::runtime::{self, GoId};
use crate::sched::{self, Shared};
use gaggle_base::context::blocking_region;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// Goroutines that can never go on. The `Display` lists them as a dump does.
#[derive(Clone, Debug)]
pub struct Leaks {
    goroutines: Vec<Goroutine>,
}

impl Leaks {
    /// The goroutines, by number.
    #[must_use]
    pub fn goroutines(&self) -> &[Goroutine] {
        &self.goroutines
    }

    /// Is there none?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.goroutines.is_empty()
    }
}

impl fmt::Display for Leaks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} can never go on", goroutines(self.goroutines.len()))?;
        self.goroutines
            .iter()
            .try_for_each(|goroutine| write!(f, "\n{goroutine}"))
    }
}

/// Which goroutines of the current runtime can never go on, as far as that is certain (semantics.md DL-05, DL-06).
///
/// It costs nothing until it is called, stops nobody, and may be called from several threads at once (DL-08).
/// One that is reported could still be aborted through its handle.
///
/// # Examples
/// ```
/// # gaggle_rt::block_on(async {
/// let lost = gaggle_rt::go(std::future::pending::<()>());
/// # while gaggle_rt::runtime::leaks().is_empty() { gaggle_rt::yield_now().await; }
/// let leaks = gaggle_rt::runtime::leaks();
/// assert!(leaks.goroutines().iter().any(|g| g.id == lost.id().as_u64()));
/// # });
/// ```
#[must_use]
pub fn leaks() -> Leaks {
    let dump = collect::dump();
    let locked_out: HashSet<u64> = dump.lock_cycles.iter().flatten().copied().collect();
    let is_lost = |g: &&Goroutine| g.leaked || locked_out.contains(&g.id);
    Leaks {
        goroutines: dump.goroutines().filter(is_lost).cloned().collect(),
    }
}

/// How long a [`LeakCheck`] waits for goroutines to end, unless it is told otherwise.
const GRACE: Duration = Duration::from_secs(1);

/// Notes which goroutines of the current runtime there are. At its end those that were started since must have ended.
///
/// Dropping it, or [`LeakCheck::finish`], waits for them for a second at most, and panics with a list of those that are left. In a panic it says nothing.
/// Other runtimes do not count, so tests that run side by side on runtimes of their own (as under `#[gaggle::test]`) do not disturb each other.
///
/// # Examples
/// ```
/// # gaggle_rt::block_on(gaggle_rt::go(async {
/// let check = gaggle_rt::runtime::leak_check();
/// gaggle_rt::go(async { /* ends */ });
/// check.finish();
/// # })).unwrap();
/// ```
pub fn leak_check() -> LeakCheck {
    let shared = runtime::with_runtime(Arc::clone);
    LeakCheck {
        before: numbers(&shared),
        shared,
        grace: GRACE,
        over: false,
    }
}

/// See [`leak_check`].
#[must_use = "the check is made when this is dropped"]
pub struct LeakCheck {
    shared: Arc<Shared>,
    before: HashSet<GoId>,
    grace: Duration,
    over: bool,
}

impl LeakCheck {
    /// Waits for `grace` at most in the place of a second.
    pub fn within(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Makes the check now.
    ///
    /// # Blocking
    /// It waits on the calling thread. In a goroutine the worker's other goroutines move to another thread first.
    ///
    /// # Panics
    /// When a goroutine is left, with a list.
    #[track_caller]
    pub fn finish(mut self) {
        self.check();
    }

    #[track_caller]
    fn check(&mut self) {
        self.over = true;
        let steps = self.grace.as_millis().max(1);
        for step in 0..=steps {
            let left = self.left();
            if left.is_empty() {
                return;
            }
            if step == steps {
                let dump = collect::look_at(std::slice::from_ref(&self.shared));
                let left: Vec<Goroutine> = dump
                    .goroutines()
                    .filter(|g| left.contains(&GoId(g.id)))
                    .cloned()
                    .collect();
                let list: Vec<String> = left.iter().map(|g| format!("\n{g}")).collect();
                panic!(
                    "leak check: {} left that should have ended\n{}",
                    goroutines(left.len()),
                    list.concat()
                );
            }
            blocking_region(|| {
                gaggle_base::thread::nap(Duration::from_millis(1));
            });
        }
    }

    fn left(&self) -> HashSet<GoId> {
        let mut left = numbers(&self.shared);
        left.retain(|id| !self.before.contains(id) && Some(*id) != sched::current_task());
        left
    }
}

impl Drop for LeakCheck {
    fn drop(&mut self) {
        if !self.over && !std::thread::panicking() {
            self.check();
        }
    }
}

impl fmt::Debug for LeakCheck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeakCheck")
            .field("goroutines_before", &self.before.len())
            .finish_non_exhaustive()
    }
}

fn numbers(shared: &Shared) -> HashSet<GoId> {
    let mut numbers = HashSet::with_capacity(shared.live.count() + 16);
    shared.live.for_each(|header, _| {
        numbers.insert(header.id());
    });
    numbers
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::{block_on, go};

    #[test]
    fn a_leak_check_names_the_place_that_asked_for_it() {
        static PLACE: std::sync::Mutex<String> = std::sync::Mutex::new(String::new());
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| match info.payload_as_str() {
            Some(text) if text.starts_with("leak check: 1 goroutine left ") => {
                *PLACE.lock().unwrap() = info.location().unwrap().to_string();
            }
            _ => before(info),
        }));
        let failed = go(async {
            let check = leak_check().within(Duration::from_millis(1));
            let inner = go(std::future::pending::<()>());
            let line = line!() + 1;
            let failed = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| check.finish()));
            inner.abort();
            failed.map_err(|_| line)
        });
        let line = block_on(failed).unwrap().unwrap_err();
        let place = PLACE.lock().unwrap().clone();
        assert!(place.contains(&format!("leaks.rs:{line}:")), "{place}");
    }
}
