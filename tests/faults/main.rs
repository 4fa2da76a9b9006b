//! Sockets under mixed faults: rounds of clients that keep to the rules and clients that do not, and after each round everything is as it was before.
//!
//! As a part of the suite it lasts two seconds. `cargo xtask faults` runs it for longer:
//! * `GAGGLE_FAULTS_SECONDS` says for how long;
//! * `GAGGLE_FAULTS_GENTLE`, set to anything, has it rest between rounds so that it takes a third of one CPU;
//! * `GAGGLE_SEED` gives the scenes and their choices; the timing is the system's;
//! * `GAGGLE_WORKERS` is the number of workers.
//!
//! | file | what it holds |
//! |---|---|
//! | `server.rs` | the server |
//! | `clients.rs` | clients that keep to the rules: they must get every byte back |
//! | `rude.rs` | clients that do not, and what is aborted in the middle |
//! | `crowds.rs` | bursts, and times without descriptors |
//! | `outside.rs` | child processes and signals |
//! | `tally.rs` | what was done |

#![cfg(target_os = "linux")]
#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested, and a plain thread watches"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;
#[path = "../soak/watch.rs"]
#[allow(dead_code, reason = "nobody looks on from outside here")]
mod watch;

mod clients;
mod crowds;
mod outside;
mod rude;
mod server;
mod tally;

use gaggle::runtime::{self, OnDeadlock, OnPanic, Runtime, num_goroutines};
use gaggle::time::sleep;
use gaggle::{JoinHandle, go};
use gaggle_base::rng::Rng;
use rustix::process::{Resource, getrlimit, setrlimit};
use server::{IMPATIENT, PATIENT, Server};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};
use tally::{fork, one_in};
use watch::{Calm, LONG, Memory, VERY_LONG};

/// A round that has not ended by then waits for something that never comes.
const LIMIT: Duration = Duration::from_secs(120);
const BETWEEN_LINES: Duration = Duration::from_secs(10);
/// In this many rounds everything happens.
const ENOUGH: u64 = 80;
/// How many connections a burst may have, each with two descriptors in this process.
const MOST: usize = 4_000;

struct Plan {
    total: Duration,
    /// Then the C library has been told to keep its memory together, and its size says something.
    by_the_job: bool,
    gentle: bool,
    seed: u64,
}

/// What both servers of a round, and their scenes, need.
struct Stage {
    patient: Server,
    impatient: Server,
}

/// Starts one scene of any kind.
fn scene(stage: &Arc<Stage>, rng: &mut Rng) -> JoinHandle<()> {
    let (patient, impatient) = (stage.patient.tcp, stage.impatient.tcp);
    let (kind, few) = (rng.below(21), one_in(rng, 4));
    let (own, stage) = (fork(rng), stage.clone());
    go(async move {
        let strict = match kind {
            0..=2 => clients::ordinary(patient, own).await,
            3 | 4 => clients::pipelined(patient, own).await,
            5 => clients::slow_reader(patient, own).await,
            6 => clients::slow_writer(patient, own).await,
            7 => clients::half_a_request(patient, own).await,
            8 => clients::unix(stage.patient.unix.clone(), own).await,
            9 => rude::storm(patient, own).await,
            10 => rude::accepts(own).await,
            11 => rude::datagrams(own).await,
            // A process is dear: one for some hundred connections.
            20 if few => outside::children(own).await,
            20 => outside::signals(own).await,
            12..=14 => {
                rude::aborted(impatient, stage.impatient.unix.clone(), patient, own).await;
                Ok(())
            }
            _ => {
                // What they are told, and whether they are told, is no promise.
                let _ = match kind {
                    15 => clients::ordinary(impatient, own).await,
                    16 => rude::silent(impatient, own).await,
                    17 => rude::resets(patient, own).await,
                    18 => rude::malformed(patient, own).await,
                    _ => rude::oversized(patient, own).await,
                };
                Ok(())
            }
        };
        if let Err(error) = strict {
            panic!("a scene of kind {kind} was told: {error}");
        }
    })
}

/// Scenes, many at once; then a burst or a famine.
async fn round(mut rng: Rng, number: u64) {
    let stage = Stage {
        patient: Server::start(PATIENT, &mut rng).await.unwrap(),
        impatient: Server::start(IMPATIENT, &mut rng).await.unwrap(),
    };
    let stage = Arc::new(stage);
    let scenes: Vec<_> = (0..10 + rng.below(90))
        .map(|_| scene(&stage, &mut rng))
        .collect();
    for scene in scenes {
        assert!(scene.await.is_ok(), "a scene has failed");
    }
    let (patient, own) = (stage.patient.tcp, fork(&mut rng));
    if number % 16 == 1 {
        // The largest one early: what it leaves in the allocator is there from then on.
        let many = if number == 1 {
            MOST
        } else {
            200 + rng.below(MOST as u32 - 200) as usize
        };
        crowds::burst(patient, many, own).await.unwrap();
    } else if one_in(&mut rng, 3) || number == 0 {
        // A handler that ends would leave a descriptor.
        stage.patient.quiet().await;
        stage.impatient.quiet().await;
        // So would what a goroutine that was aborted had started: it ends when it sees that the other end has.
        while num_goroutines() > 1 + stage.patient.accepts() + stage.impatient.accepts() {
            sleep(Duration::from_millis(1)).await;
        }
        crowds::famine(patient, own).await.unwrap();
    }
    let Stage { patient, impatient } = Arc::into_inner(stage).expect("the scenes have ended");
    patient.end().await;
    impatient.end().await;
}

/// Plays one round, under the eyes of this thread. `Err`: why it failed.
fn play(runtime: &Runtime, rng: Rng, number: u64) -> Result<(), String> {
    let (ended, end) = channel();
    let round = runtime.go(async move {
        round(rng, number).await;
        let _ = ended.send(());
    });
    match end.recv_timeout(LIMIT) {
        Ok(()) => Ok(()),
        Err(RecvTimeoutError::Timeout) => Err(format!("it has not ended after {LIMIT:?}")),
        Err(RecvTimeoutError::Disconnected) => match runtime.block_on(round) {
            Err(error) => Err(error.to_string()),
            Ok(()) => Err("it ended without a word".to_owned()),
        },
    }
}

/// How many descriptors the process has.
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Waits until there are as many descriptors as there were.
fn descriptors_return(before: usize) -> Result<(), String> {
    let start = Instant::now();
    while descriptors() != before {
        if start.elapsed() > Duration::from_secs(30) {
            return Err(format!("{} descriptors, {before} before", descriptors()));
        }
        std::thread::sleep(Duration::from_millis(1));
    }
    Ok(())
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
fn run(plan: &Plan, runtime: &Runtime) -> Result<String, (u64, String)> {
    let start = Instant::now();
    let (mut samples, mut next_line) = (Vec::new(), BETWEEN_LINES);
    // The first socket brings the runtime's own descriptors.
    let warm = runtime.block_on(async { gaggle::net::UnixStream::pair().map(drop) });
    warm.map_err(|error| (0, error.to_string()))?;
    // The first listener brings those of the thread that waits for signals.
    drop(gaggle::signal::notify(&[gaggle::signal::Signal::USR2]).map_err(|e| (0, e.to_string()))?);
    let open = descriptors();
    let mut calm: Option<Calm> = None;
    let mut rounds = 0;
    while start.elapsed() < plan.total || rounds < 2 {
        let failed = |why| (rounds, why);
        let (begin, computed) = (Instant::now(), crowds::computed());
        play(
            runtime,
            Rng::from_seed(plan.seed.wrapping_add(rounds)),
            rounds,
        )
        .map_err(failed)?;
        descriptors_return(open).map_err(failed)?;
        outside::no_child_is_left().map_err(failed)?;
        let calm = calm.get_or_insert_with(|| Calm::measure(runtime));
        calm.returns(runtime).map_err(failed)?;
        rounds += 1;
        samples.push((start.elapsed(), Memory::now()));
        if start.elapsed() >= next_line {
            println!("faults: {}", state(start.elapsed(), rounds, open));
            next_line += BETWEEN_LINES;
        }
        if plan.gentle {
            let rest = 3 * crowds::computed().saturating_sub(computed);
            std::thread::sleep(rest.saturating_sub(begin.elapsed()));
        }
    }
    let mut summary = state(start.elapsed(), rounds, open);
    let failed = |why| (rounds, why);
    if plan.by_the_job && plan.total >= LONG {
        let first = typical(&samples, plan.total / 4, plan.total / 3);
        let last = typical(&samples, plan.total * 11 / 12, Duration::MAX);
        let _ = write!(summary, "; memory {first} after a third, {last} at the end");
        if !last.is_as_flat_as(first) {
            return Err(failed(format!("memory has grown: {summary}")));
        }
        let never = tally::never();
        if rounds >= ENOUGH && !never.is_empty() {
            return Err(failed(format!("this has never happened: {never:?}")));
        }
    }
    if let (Some(calm), true) = (calm, plan.total >= VERY_LONG) {
        calm.retires(runtime).map_err(failed)?;
    }
    Ok(summary)
}

fn state(elapsed: Duration, rounds: u64, open: usize) -> String {
    format!(
        "{:.0} s, {rounds} rounds, {open} descriptors and no goroutine after each, {}; {}",
        elapsed.as_secs_f64(),
        Memory::now(),
        tally::all(),
    )
}

#[test]
fn after_each_round_of_faults_everything_is_as_it_was() {
    let seconds = common::number("GAGGLE_FAULTS_SECONDS");
    let plan = Plan {
        total: Duration::from_secs(seconds.unwrap_or((2 * common::stress()).min(60)).max(1)),
        by_the_job: seconds.is_some(),
        gentle: std::env::var_os("GAGGLE_FAULTS_GENTLE").is_some(),
        seed: common::seed("faults"),
    };
    let mut limit = getrlimit(Resource::Nofile);
    let needed = 2 * MOST as u64 + 1_000;
    assert!(
        limit.maximum.is_none_or(|most| most >= needed),
        "{needed} descriptors are needed, and the system allows {:?}",
        limit.maximum
    );
    limit.current = limit.maximum;
    setrlimit(Resource::Nofile, limit).unwrap();
    let runtime = Runtime::builder()
        .name("faults")
        .on_panic(OnPanic::Report)
        .on_deadlock(OnDeadlock::Report)
        .build()
        .unwrap();
    match run(&plan, &runtime) {
        Ok(summary) => println!("faults: {summary}"),
        Err((round, why)) => {
            let dump = runtime::dump_all().to_string();
            println!("{}", dump.get(..20_000).unwrap_or(&dump));
            let workers = runtime.metrics().workers;
            // What is left of the round would only fail in turn.
            std::mem::forget(runtime);
            panic!(
                "faults: round {round} at {workers} workers failed: {why}\n\
                 the same scenes again: cargo xtask faults --workers {workers} --seed {}",
                plan.seed
            );
        }
    }
}
