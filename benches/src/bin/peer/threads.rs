//! Plain threads with crossbeam-channel and `std::sync::Mutex`, where a handful of threads is enough.
//!
//! The process is held to as many CPUs as the others have workers. Where threads wake each other for every message a
//! row does a hundredth of the work: its figures are per message all the same.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::cli::Job;
use crate::measure::{Outcome, Result, check, sum_below};
use crate::rows::hog::{self, HOGS, Hog, Log};
use crate::rows::mutex::GOROUTINES;
use crate::rows::{share, warm_up};

const FEWER: u64 = 100;

pub(crate) fn run(job: &Job) -> Result {
    keep_to(job.workers)?;
    let fewer = (job.count / FEWER).max(100);
    match job.row.name {
        "ping-pong" => twice(fewer, ping_pong),
        "spsc" => twice(job.count, |n| crowd(1, 128, n)),
        "mpmc" => twice(job.count, |n| crowd(4, 128, n)),
        "mpmc0" => twice(fewer, |n| crowd(4, 0, n)),
        "pool" => twice(fewer, pool),
        "select4" => twice(fewer, select4),
        "mutex" => twice(job.count, mutex),
        "hog-spin" => beside(Hog::Spin, job.count),
        "hog-block" => beside(Hog::Block, job.count),
        _ => Err("this peer does not run this row".to_owned()),
    }
}

/// A warm-up, then the run that counts.
fn twice(n: u64, row: impl Fn(u64) -> Result<Duration>) -> Result {
    row(warm_up(n))?;
    Ok(Outcome::per(n, row(n)?))
}

/// Holds this process to the first `cpus` of its CPUs.
fn keep_to(cpus: usize) -> Result<()> {
    let allowed = sched_getaffinity(None).map_err(|error| error.to_string())?;
    let mut fewer = CpuSet::new();
    let all = (0..CpuSet::MAX_CPU).filter(|&cpu| allowed.is_set(cpu));
    for cpu in all.take(cpus) {
        fewer.set(cpu);
    }
    sched_setaffinity(None, &fewer).map_err(|error| error.to_string())
}

fn ping_pong(n: u64) -> Result<Duration> {
    let start = Instant::now();
    let (ping, pings) = bounded(0);
    let (pong, pongs) = bounded(0);
    let back = thread::spawn(move || {
        for value in pings {
            pong.send(value + 1).expect("the other side waits");
        }
    });
    let mut value = 0;
    for _ in 0..n {
        ping.send(value).expect("the other side waits");
        value = pongs.recv().expect("the other side answers");
    }
    drop(ping);
    back.join().expect("no thread panics");
    let took = start.elapsed();
    check("ping-pong", value, n)?;
    Ok(took)
}

fn crowd(threads: u64, capacity: usize, n: u64) -> Result<Duration> {
    let share = n / threads;
    let start = Instant::now();
    let (sender, receiver) = bounded(capacity);
    let consumers: Vec<_> = (0..threads)
        .map(|_| {
            let receiver = receiver.clone();
            thread::spawn(move || receiver.iter().fold(0_u64, u64::wrapping_add))
        })
        .collect();
    for producer in 0..threads {
        let sender = sender.clone();
        thread::spawn(move || {
            for value in producer * share..(producer + 1) * share {
                sender
                    .send(value)
                    .expect("the consumers receive until the end");
            }
        });
    }
    drop(sender);
    let sums = consumers
        .into_iter()
        .map(|consumer| consumer.join().expect("no thread panics"));
    let sum = sums.fold(0, u64::wrapping_add);
    let took = start.elapsed();
    check("the messages", sum, sum_below(share * threads))?;
    Ok(took)
}

fn pool(n: u64) -> Result<Duration> {
    let start = Instant::now();
    let (job, jobs) = bounded(5);
    let (result, results) = bounded(5);
    for _ in 0..3 {
        let (jobs, result) = (jobs.clone(), result.clone());
        thread::spawn(move || {
            for number in jobs {
                result
                    .send(number * 2)
                    .expect("results are received until the end");
            }
        });
    }
    drop(result);
    thread::spawn(move || {
        for number in 0..n {
            job.send(number).expect("the workers receive until the end");
        }
    });
    let sum = results.iter().fold(0, u64::wrapping_add);
    let took = start.elapsed();
    check("pool", sum, sum_below(n).wrapping_mul(2))?;
    Ok(took)
}

fn select4(n: u64) -> Result<Duration> {
    let share = n / 4;
    let start = Instant::now();
    let (senders, receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| bounded(16)).unzip();
    for (i, sender) in (0_u64..).zip(&senders) {
        let sender = sender.clone();
        thread::spawn(move || {
            for value in i * share..(i + 1) * share {
                sender
                    .send(value)
                    .expect("the selecting thread receives until the end");
            }
        });
    }
    let mut sum = 0_u64;
    for _ in 0..share * 4 {
        let value = crossbeam_channel::select! {
            recv(receivers[0]) -> value => value,
            recv(receivers[1]) -> value => value,
            recv(receivers[2]) -> value => value,
            recv(receivers[3]) -> value => value,
        };
        sum = sum.wrapping_add(value.expect("`senders` keeps the channels open"));
    }
    let took = start.elapsed();
    drop(senders);
    check("select4", sum, sum_below(share * 4))?;
    Ok(took)
}

fn mutex(n: u64) -> Result<Duration> {
    let each = n / GOROUTINES;
    let start = Instant::now();
    let counter = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..GOROUTINES)
        .map(|_| {
            let counter = Arc::clone(&counter);
            thread::spawn(move || {
                for _ in 0..each {
                    *counter.lock().expect("no thread panics") += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().expect("no thread panics");
    }
    let took = start.elapsed();
    let count = *counter.lock().expect("no thread panics");
    check("mutex", count, each * GOROUTINES)?;
    Ok(took)
}

/// The ticker is a loop around a sleep.
fn beside(hog: Hog, n: u64) -> Result {
    let over = share(AtomicBool::new(false));
    let ticker = thread::spawn(|| Log::of(over, || thread::sleep(hog::PERIOD)));
    thread::sleep(hog::LEAD);

    let start = Instant::now();
    let hogs: [_; HOGS] = std::array::from_fn(|_| thread::spawn(move || hog.run(hog::time(n))));
    let spells = hogs.map(|hog| hog.join().expect("no thread panics"));
    over.store(true, Ordering::Release);
    let log = ticker.join().expect("no thread panics");
    log.outcome(hog, n, start, &spells)
}
