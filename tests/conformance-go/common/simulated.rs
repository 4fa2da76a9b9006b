//! The randomised cases under the simulator: the same bodies, each under 1,000 schedules.
//!
//! What draws random numbers, repeats itself for the sake of other orders, or starts goroutines whose order matters runs through [`in_goroutine_and_sim`].
//! In it [`rounds`](super::rounds) are few, [`random`](super::random) is seeded by the schedule, and [`sized`] makes goroutines and values fewer.
//!
//! These are not simulated:
//!
//! | cases | why |
//! |---|---|
//! | `locked.rs`, `locked_ends.rs` | a bound goroutine is a thread, and a simulation has one for all |
//! | those with plain threads: `foreign_*.rs`, `rust_only_threads.rs`, `helpers_oneshot.rs`, `..plain_threads..` in `once.rs`, `mutex.rs`, `rw_lock.rs`, `singleflight.rs`, `rust_only_once.rs`, `rust_only_sync.rs`, `rust_only_timers.rs`; `changes_of_several_senders..` | what a foreign thread wakes is a finding |
//! | `go_08_goroutines_in_back_to_back_blocking_calls..`, `go_14_..`, `t20_the_payload_arrives..`, `pa_05_..` | they block or hold their thread for real |
//! | `go_05_..`, `go_07_..`, `metrics.rs`, `scheduler.rs`'s figures | several workers are what they are about |
//! | `se_04_..`, `se_05_..`, `cl_04_cl_09_..` | they count how even a choice is; a scheduler need not be fair |
//! | `ti_20_..`, `ti_18_many_goroutines_at_one_timer..`, `go_09_..`, `dl_06_nothing_else..`, `busy.rs` | somebody is always ready in them, and until nobody is virtual time stands still |
//! | `ti_12_..`, `ti_19_abandoned_timers..` and others that read the real clock or count timers by the thousand | the figure is the test |
//! | `ch_10_a_goroutine_that_waits_for_nothing..`, `leaks.rs`, `abort_ends_a_goroutine..` | they leave goroutines behind on purpose, or judge those that are left |
//! | `lk_14_a_once_function..` | what its body uses up is outside of it, so a run cannot be repeated |
//! | `select_random.rs`, `rust_only_channels.rs`, `cx_07_..`, `helpers_watch.rs`'s `rx_04_..`, `lost_values_are_counted..`, `many_children..` | they poll by hand on one thread: the seed is the order, and nobody else has a say |
//! | `pa_02_..`, `contexts_are_made_cancelled_and_dropped_by_many_threads..`, `rx_05_runtimes_come_and_go..` | they are about processes, threads and runtimes as a whole |

use super::{in_goroutine, seed, stress};
use gaggle::sim::{Builder, is_simulated};
use std::sync::Arc;

/// How many schedules a body is simulated under.
const SCHEDULES: u64 = 1_000;

/// `n` goroutines, values or rounds, and under simulation no more than `few`: each schedule has so many of them.
pub(crate) fn sized<N: Ord>(n: N, few: N) -> N {
    if is_simulated() { n.min(few) } else { n }
}

/// Runs `body` under 1,000 schedules of the simulation, the first in order and the others at random, and then as [`in_goroutine`] does.
///
/// It must end what it starts, and be as good in virtual time as in real time.
#[track_caller]
pub(crate) fn in_goroutine_and_sim<B, F>(body: B)
where
    B: Fn() -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let body = Arc::new(body);
    let simulated = body.clone();
    let report = Builder::new()
        .seed(seed("simulation"))
        .schedules(SCHEDULES * stress())
        .run(move || simulated());
    assert!(report.ok(), "{report}");
    in_goroutine(move || body());
}
