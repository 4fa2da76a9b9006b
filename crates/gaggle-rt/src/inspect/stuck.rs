//! Who blocks or spins: the report that `GAGGLE_STUCK=print` asks for (semantics.md T3).
//!
//! That a poll began long ago is no fault of the goroutine when the system gave its thread no CPU meanwhile. So what counts is the time in which
//! the thread ran, or slept in a call; the kernel counts that (`/proc/self/task/<thread>/schedstat`), and without its counts the clock alone decides.
//!
//! Owned by the monitor's thread. Only runtimes that report have suspects: each look costs two small files.

use crate::sched::{Shared, Slot};
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::site::Site;
use std::fs;
use std::io::Write as _;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};

/// A goroutine that has not given way for so long is reported. The kernel's counts lag behind by up to a tick of its own.
const PATIENCE: Nanos = 9_000_000;

/// A poll that goes on, since the monitor has seen it first.
#[derive(Clone, Copy)]
pub(crate) struct Suspect {
    turn: u64,
    since: Nanos,
    /// What the thread had used until then.
    used: Option<Usage>,
    reported: bool,
}

/// What a thread has got of the CPUs so far.
#[derive(Clone, Copy)]
struct Usage {
    ran: Nanos,
    /// Ready to run, and others ran. Not counted yet is what goes on.
    waited: Nanos,
    runnable: bool,
}

impl Suspect {
    /// The monitor looks at a slot in which a poll goes on: reports the goroutine if it has had its time.
    pub(crate) fn look(before: Option<Self>, shared: &Shared, slot: &Slot) -> Option<Self> {
        let (turn, blocking) = (
            slot.turn.load(Ordering::Relaxed),
            slot.blocking.load(Ordering::Relaxed),
        );
        // A call that has said that it blocks begins anew when it returns.
        if turn % 2 == 0 || blocking {
            return None;
        }
        let used = usage(slot.thread.load(Ordering::SeqCst));
        let mut suspect = before.filter(|before| before.turn == turn).unwrap_or(Self {
            turn,
            since: system_now(),
            used,
            reported: false,
        });
        let clock = system_now().saturating_sub(suspect.since);
        if !suspect.reported && time_of_its_own(suspect.used, used, clock) >= PATIENCE {
            suspect.reported = true;
            report(shared, slot.polled.load(Ordering::Relaxed));
        }
        Some(suspect)
    }
}

/// How much of `clock` the thread has run, or has slept in a call.
fn time_of_its_own(before: Option<Usage>, now: Option<Usage>, clock: Nanos) -> Nanos {
    match (before, now) {
        // It may be waiting for a CPU right now, which is not counted before it gets one.
        (Some(before), Some(now)) if now.runnable => now.ran.saturating_sub(before.ran),
        (Some(before), Some(now)) => clock.saturating_sub(now.waited.saturating_sub(before.waited)),
        _ => clock,
    }
}

fn usage(thread: i32) -> Option<Usage> {
    let folder = format!("/proc/self/task/{thread}");
    let counts = fs::read_to_string(format!("{folder}/schedstat")).ok()?;
    let mut counts = counts.split(' ').map(|count| count.parse().ok());
    let stat = fs::read_to_string(format!("{folder}/stat")).ok()?;
    // The name before the state may hold anything.
    let (_, state) = stat.rsplit_once(')')?;
    Some(Usage {
        ran: counts.next()??,
        waited: counts.next()??,
        runnable: state.trim_start().starts_with('R'),
    })
}

/// Says which goroutine it is, once for each place at which such goroutines are started.
fn report(shared: &Shared, id: u64) {
    static SAID: Mutex<Vec<Site>> = Mutex::new(Vec::new());
    let mut started = None;
    shared.live.for_each(|header, _| {
        if header.id().as_u64() == id {
            started = Some(header.spawned_at);
        }
    });
    let Some(site) = started else { return };
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if !said.contains(&site) {
        said.push(site);
        let line = format!(
            "gaggle: goroutine {id}, started at {site}, blocks or spins: it has not given way for over 10 ms. \
             Say `blocking(..)` around calls that block. Others that are started there are not reported.\n"
        );
        // There is nobody to tell that stderr is gone.
        let _ = std::io::stderr().write_all(line.as_bytes());
    }
}

#[cfg(all(test, target_os = "linux", not(loom)))]
mod tests {
    use super::{Usage, time_of_its_own, usage};
    use gaggle_base::blocked;
    use gaggle_base::clock::system_now;

    #[test]
    fn what_a_thread_waits_for_a_cpu_is_not_its_own_time() {
        let usage = |ran, waited, runnable| {
            Some(Usage {
                ran,
                waited,
                runnable,
            })
        };
        let before = usage(100, 50, true);
        // It has run for 3, and the rest of the time others did.
        assert_eq!(time_of_its_own(before, usage(103, 50, true), 20), 3);
        // It sleeps, after it had waited for 6.
        assert_eq!(time_of_its_own(before, usage(103, 56, false), 20), 14);
        assert_eq!(time_of_its_own(before, None, 20), 20);
    }

    #[test]
    fn the_kernel_counts_what_a_thread_runs() {
        let thread = blocked::thread_number();
        let before = usage(thread).unwrap();
        let begin = system_now();
        let ran = || usage(thread).unwrap().ran - before.ran;
        while ran() < 20_000_000 {
            assert!(system_now() - begin < 60_000_000_000, "not counted");
        }
        assert!(usage(thread).unwrap().runnable);
    }
}
