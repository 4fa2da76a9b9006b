//! A fault soak: rounds of random scenes in which goroutines are aborted, panic, give up, block their threads and end their runtimes, and in the end nothing may be lost.
//!
//! As a part of the suite it lasts two seconds. `cargo xtask soak` runs it for longer:
//! * `GAGGLE_SOAK_SECONDS` says for how long;
//! * `GAGGLE_SEED` gives the scenes and their choices; only the threads' timing is not in it;
//! * `GAGGLE_SOAK_ROUND` plays this round again and again;
//! * `GAGGLE_WORKERS` is the number of workers.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested, and a plain thread watches"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

mod actors;
mod channels;
mod clocks;
mod crew;
mod faults;
mod locks;
mod watch;

use crew::{is_planned, operations, tried};
use gaggle::runtime::{self, OnDeadlock, OnPanic, Runtime};
use gaggle::{JoinHandle, go};
use gaggle_base::rng::Rng;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::panic;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use watch::{Calm, LONG, Memory, Onlooker, VERY_LONG};

/// A round that has not ended by then waits for something that never comes.
const LIMIT: Duration = Duration::from_secs(60);
const BETWEEN_LINES: Duration = Duration::from_secs(10);

/// The first panic that no scene has planned.
static FAILURE: Mutex<Option<String>> = Mutex::new(None);

fn failure() -> Option<String> {
    FAILURE
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone()
}

/// What the environment asks for.
struct Plan {
    seconds: u64,
    seed: u64,
    round: Option<u64>,
}

impl Plan {
    fn from_environment() -> Self {
        let usual = (2 * common::stress()).min(60);
        Self {
            seconds: common::number("GAGGLE_SOAK_SECONDS")
                .unwrap_or(usual)
                .max(1),
            seed: common::seed("soak"),
            round: common::number("GAGGLE_SOAK_ROUND"),
        }
    }
}

/// Starts one scene of any kind.
fn scene(rng: &mut Rng) -> JoinHandle<()> {
    let kind = rng.below(26);
    let own = crew::fork(rng);
    match kind {
        0..=5 => go(channels::traffic(own)),
        6 | 7 => go(locks::locks(own)),
        8 => go(locks::signals(own)),
        9 => go(locks::barriers(own)),
        10 | 11 => go(locks::meetings(own)),
        12 | 13 => go(clocks::timers(own)),
        14 => go(clocks::functions(own)),
        15 => go(clocks::contexts(own)),
        16 => go(clocks::groups(own)),
        17 => go(clocks::pipelines(own)),
        18 | 19 => go(faults::families(own)),
        20 => go(faults::panics(own)),
        21 => go(faults::hogs(own)),
        22 => go(faults::threads(own)),
        23 | 24 => go(actors::overload(own)),
        _ => go(faults::runtimes(own)),
    }
}

/// Scenes, many at once: a new one when the oldest has ended.
async fn round(mut rng: Rng) {
    let most = 1 + rng.below(40) as usize;
    let mut scenes = VecDeque::new();
    for _ in 0..40 + rng.below(260) {
        tried();
        if scenes.len() == most {
            ends_well(scenes.pop_front()).await;
        }
        scenes.push_back(scene(&mut rng));
        if crew::one_in(&mut rng, 3) {
            crew::a_moment(&mut rng).await;
        }
    }
    for scene in scenes {
        ends_well(Some(scene)).await;
    }
}

async fn ends_well(scene: Option<JoinHandle<()>>) {
    if let Some(scene) = scene {
        assert!(scene.await.is_ok(), "a scene has failed");
    }
}

/// Plays one round, under the eyes of this thread. `Err`: why it failed.
fn play(runtime: &Runtime, rng: Rng) -> Result<(), String> {
    let (ended, end) = channel();
    drop(runtime.go(async move {
        round(rng).await;
        let _ = ended.send(());
    }));
    let start = Instant::now();
    loop {
        let outcome = end.recv_timeout(Duration::from_millis(20));
        if let Some(why) = failure() {
            return Err(why);
        }
        match outcome {
            Ok(()) => return Ok(()),
            Err(RecvTimeoutError::Disconnected) => return Err("the round was dropped".to_owned()),
            Err(RecvTimeoutError::Timeout) if start.elapsed() > LIMIT => {
                return Err(format!("the round has not ended after {LIMIT:?}"));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Panics that a scene has planned are not worth a word; of any other the round ends.
fn watch_panics() {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        if is_planned(info.payload()) {
            return;
        }
        let mut first = FAILURE.lock().unwrap_or_else(PoisonError::into_inner);
        first.get_or_insert_with(|| info.to_string());
        drop(first);
        usual(info);
    }));
}

/// The middle one of what was measured between two moments, or what was measured next if a round took so long.
fn typical(samples: &[(Duration, Memory)], from: Duration, to: Duration) -> Memory {
    let later: Vec<_> = samples.iter().filter(|(at, _)| *at >= from).collect();
    let many = later.iter().filter(|(at, _)| *at <= to).count().max(1);
    let mut between: Vec<_> = later.iter().take(many).map(|(_, memory)| *memory).collect();
    between.sort_unstable();
    between.get(between.len() / 2).copied().unwrap_or_default()
}

/// Rounds until the time is over. `Err`: the number of the round that failed, and why.
fn soak(plan: &Plan, runtime: &Runtime) -> Result<String, (u64, String)> {
    let total = Duration::from_secs(plan.seconds);
    let onlooker = Onlooker::start(runtime.handle(), Rng::from_seed(plan.seed));
    let start = Instant::now();
    let (mut samples, mut line) = (Vec::new(), BETWEEN_LINES);
    let mut calm: Option<Calm> = None;
    let mut rounds = 0;
    while start.elapsed() < total {
        let number = plan.round.unwrap_or(rounds);
        let failed = |why| (number, why);
        // Neighbours in a sequence of seeds have nothing in common after the generator's mixing.
        play(runtime, Rng::from_seed(plan.seed.wrapping_add(number))).map_err(failed)?;
        rounds += 1;
        // Some threads are started by the first round, and stay.
        let calm = calm.get_or_insert_with(|| Calm::measure(runtime));
        calm.returns(runtime).map_err(failed)?;
        samples.push((start.elapsed(), Memory::now()));
        if start.elapsed() >= line {
            println!("soak: {}", state(start.elapsed(), rounds, runtime));
            line += BETWEEN_LINES;
        }
    }
    let failed = |why| (rounds, why);
    let at_end = state(start.elapsed(), rounds, runtime);
    let looks = onlooker.end().map_err(failed)?;
    let mut summary = format!("{rounds} passed, 0 failed; {at_end}, {looks} looks from outside");
    if total >= LONG {
        let first = typical(&samples, total / 4, total / 3);
        let last = typical(&samples, total * 11 / 12, Duration::MAX);
        let _ = write!(summary, "; memory {first} after a third, {last} at the end");
        if !last.is_as_flat_as(first) {
            return Err(failed(format!("memory has grown: {summary}")));
        }
    }
    if let (Some(calm), true) = (calm, total >= VERY_LONG) {
        calm.retires(runtime).map_err(failed)?;
    }
    Ok(summary)
}

fn state(elapsed: Duration, rounds: u64, runtime: &Runtime) -> String {
    let metrics = runtime.metrics();
    format!(
        "{:.0} s, {rounds} rounds, {} operations, {} goroutines, {} hand-offs, {} threads of {} workers, {}",
        elapsed.as_secs_f64(),
        operations(),
        metrics.started,
        metrics.hand_offs,
        metrics.threads,
        metrics.workers,
        Memory::now(),
    )
}

/// Values, wake-ups, places in queues, permits, goroutines, timers and threads (RX-01, RX-02, RX-03, RX-04, RX-05, RX-06, RX-07).
#[test]
fn nothing_is_lost_whatever_goes_wrong() {
    let plan = Plan::from_environment();
    watch_panics();
    // Actors are killed on purpose.
    let _quiet = gaggle::actor::on_death(|_| ());
    let runtime = Runtime::builder()
        .name("soak")
        .on_panic(OnPanic::Report)
        .on_deadlock(OnDeadlock::Report)
        .build()
        .unwrap();
    // Timers that outlive their runtime are kept by the default one, which some scene would start.
    gaggle::block_on(async {});
    match soak(&plan, &runtime) {
        Ok(summary) => println!("soak: {summary}"),
        Err((round, why)) => {
            println!("{}", runtime::dump_all());
            let workers = runtime.metrics().workers;
            // What is left of the round would only fail in turn.
            std::mem::forget(runtime);
            panic!(
                "soak: round {round} at {workers} workers failed: {why}\n\
                 the same scenes again and again: \
                 cargo xtask soak --workers {workers} --seed {} --round {round}",
                plan.seed
            );
        }
    }
}
