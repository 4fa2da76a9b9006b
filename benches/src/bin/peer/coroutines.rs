//! may: stackful coroutines, with its own channels, lock and timers. Its channels are all unbounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use may::sync::{Mutex, mpmc, spsc};
use may::{coroutine, cqueue, go};

use crate::cli::Job;
use crate::measure::{Outcome, Result, check, cpu_time, nanoseconds_each, sum_below};
use crate::rows::hog::{self, HOGS, Hog, Log};
use crate::rows::mutex::GOROUTINES;
use crate::rows::timers::{Lateness, nap};
use crate::rows::{Slots, share, warm_up};

const BATCH: usize = 10_000;
const NODES: usize = 1_000;

pub(crate) fn run(job: &Job) -> Result {
    // Stacks are kept for reuse: without room for a whole batch, each spawn would map and unmap one.
    may::config()
        .set_workers(job.workers)
        .set_pool_capacity(BATCH);
    let (name, n) = (job.row.name, job.count);
    // As in every peer, this thread only waits for a coroutine that does the row.
    let row = go!(move || by_name(name, n));
    row.join()
        .unwrap_or_else(|_| Err("a coroutine panicked".to_owned()))
}

fn by_name(name: &str, n: u64) -> Result {
    match name {
        "spawn" => twice(n, spawn),
        "spawn-handles" => twice(n, handles),
        "ping-pong" => twice(n, ping_pong),
        "spsc" => twice(n, stream),
        "mpmc" => twice(n, crowd),
        "pool" => twice(n, pool),
        "select4" => twice(n, select4),
        "ring" => twice(n, ring),
        "timers-10k" => sleepers(n),
        "mutex" => twice(n, mutex),
        "hog-spin" => beside(Hog::Spin, n),
        "hog-block" => beside(Hog::Block, n),
        _ => Err("this peer does not run this row".to_owned()),
    }
}

/// A warm-up, then the run that counts.
fn twice(n: u64, row: impl Fn(u64) -> Result<Duration>) -> Result {
    row(warm_up(n))?;
    Ok(Outcome::per(n, row(n)?))
}

fn spawn(n: u64) -> Result<Duration> {
    let batch = BATCH.min(n as usize);
    let batches = n / batch as u64;
    let slots = share(Slots::new(batch));
    let start = Instant::now();
    for _ in 0..batches {
        let group = may::sync::WaitGroup::new();
        for i in 0..batch {
            let group = group.clone();
            go!(move || {
                slots.hit(i);
                drop(group);
            });
        }
        group.wait();
    }
    let took = start.elapsed();
    slots.check("spawn", batches)?;
    Ok(took)
}

fn handles(n: u64) -> Result<Duration> {
    let batch = BATCH.min(n as usize) as u64;
    let batches = n / batch;
    let mut handles = Vec::with_capacity(batch as usize);
    let mut sum = 0_u64;
    let start = Instant::now();
    for _ in 0..batches {
        handles.extend((0..batch).map(|i| go!(move || i)));
        for handle in handles.drain(..) {
            sum = sum.wrapping_add(handle.join().expect("no coroutine panics"));
        }
    }
    let took = start.elapsed();
    check("spawn-handles", sum, sum_below(batch).wrapping_mul(batches))?;
    Ok(took)
}

fn ping_pong(n: u64) -> Result<Duration> {
    let start = Instant::now();
    let (ping, pings) = spsc::channel();
    let (pong, pongs) = spsc::channel();
    let back = go!(move || {
        while let Ok(value) = pings.recv() {
            pong.send(value + 1).expect("the other side waits");
        }
    });
    let forth = go!(move || {
        let mut value = 0;
        for _ in 0..n {
            ping.send(value).expect("the other side waits");
            value = pongs.recv().expect("the other side answers");
        }
        value
    });
    let value = forth.join().expect("no coroutine panics");
    back.join().expect("no coroutine panics");
    let took = start.elapsed();
    check("ping-pong", value, n)?;
    Ok(took)
}

fn stream(n: u64) -> Result<Duration> {
    let start = Instant::now();
    let (sender, receiver) = spsc::channel();
    let consumer = go!(move || receiver.into_iter().fold(0_u64, u64::wrapping_add));
    go!(move || {
        for value in 0..n {
            sender
                .send(value)
                .expect("the consumer receives until the end");
        }
    });
    let sum = consumer.join().expect("no coroutine panics");
    let took = start.elapsed();
    check("spsc", sum, sum_below(n))?;
    Ok(took)
}

fn crowd(n: u64) -> Result<Duration> {
    let share = n / 4;
    let start = Instant::now();
    let (sender, receiver) = mpmc::channel();
    let consumers: [_; 4] = std::array::from_fn(|_| {
        let receiver = receiver.clone();
        go!(move || receiver.iter().fold(0_u64, u64::wrapping_add))
    });
    for producer in 0..4 {
        let sender = sender.clone();
        go!(move || {
            for value in producer * share..(producer + 1) * share {
                sender
                    .send(value)
                    .expect("the consumers receive until the end");
            }
        });
    }
    drop(sender);
    let sums = consumers.map(|consumer| consumer.join().expect("no coroutine panics"));
    let took = start.elapsed();
    let sum = sums.into_iter().fold(0, u64::wrapping_add);
    check("mpmc", sum, sum_below(share * 4))?;
    Ok(took)
}

fn pool(n: u64) -> Result<Duration> {
    let start = Instant::now();
    let (job, jobs) = mpmc::channel();
    let (result, results) = mpmc::channel();
    for _ in 0..3 {
        let (jobs, result) = (jobs.clone(), result.clone());
        go!(move || {
            for number in &jobs {
                let sent: std::result::Result<(), _> = result.send(number * 2);
                sent.expect("results are received until the end");
            }
        });
    }
    drop(result);
    go!(move || {
        for number in 0..n {
            job.send(number).expect("the workers receive until the end");
        }
    });
    let sum = results.iter().fold(0, u64::wrapping_add);
    let took = start.elapsed();
    check("pool", sum, sum_below(n).wrapping_mul(2))?;
    Ok(took)
}

/// A coroutine for each arm, resumed in turn by the queue: may's way to select in a loop.
fn select4(n: u64) -> Result<Duration> {
    let share = n / 4;
    let start = Instant::now();
    let mut receivers = Vec::new();
    for i in 0..4 {
        let (sender, receiver) = spsc::channel();
        receivers.push(receiver);
        go!(move || {
            for value in i * share..(i + 1) * share {
                sender
                    .send(value)
                    .expect("the selecting coroutine receives until the end");
            }
        });
    }
    let values = Mutex::new(0_u64);
    cqueue::scope(|queue| {
        for (arm, receiver) in receivers.iter().enumerate() {
            let values = &values;
            go!(queue, arm, move |events: cqueue::EventSender| {
                while let Ok(value) = receiver.recv() {
                    events.send(0);
                    let mut sum = values.lock().expect("no coroutine panics");
                    *sum = sum.wrapping_add(value);
                }
            });
        }
        while queue.poll(None).is_ok() {}
    });
    let took = start.elapsed();
    let sum = *values.lock().expect("no coroutine panics");
    check("select4", sum, sum_below(share * 4))?;
    Ok(took)
}

fn ring(hops: u64) -> Result<Duration> {
    let (mut senders, receivers): (Vec<_>, Vec<_>) = (0..NODES).map(|_| spsc::channel()).unzip();
    // Node `i` receives from channel `i` and sends to the next one; the token starts in the first.
    senders[0].send(1).expect("its receiver exists");
    senders.rotate_left(1);
    let start = Instant::now();
    let mut nodes = Vec::with_capacity(NODES);
    for (before, next) in receivers.into_iter().zip(senders) {
        nodes.push(go!(move || {
            let mut received = 0;
            while let Ok(hop) = before.recv() {
                received += 1;
                if hop == hops {
                    break;
                }
                next.send(hop + 1).expect("the next node waits");
            }
            received
        }));
    }
    let received = nodes
        .into_iter()
        .map(|node| node.join().expect("no coroutine panics"))
        .sum();
    let took = start.elapsed();
    check("ring", received, hops)?;
    Ok(took)
}

fn sleepers(n: u64) -> Result {
    let log = share(Lateness::new(n as usize));
    let before = cpu_time();
    let sleepers: Vec<_> = (0..n as usize)
        .map(|i| {
            go!(move || {
                let duration = nap(i);
                let deadline = Instant::now() + duration;
                coroutine::sleep(duration);
                log.woke(i, deadline);
            })
        })
        .collect();
    for sleeper in sleepers {
        sleeper.join().expect("no coroutine panics");
    }
    let cpu = cpu_time().saturating_sub(before);
    let median = log.median()?;
    Ok(Outcome::new(n, [nanoseconds_each(cpu, n) / 1e3, median]))
}

fn mutex(n: u64) -> Result<Duration> {
    let each = n / GOROUTINES;
    let start = Instant::now();
    let counter = Arc::new(Mutex::new(0));
    let coroutines: [_; GOROUTINES as usize] = std::array::from_fn(|_| {
        let counter = Arc::clone(&counter);
        go!(move || {
            for _ in 0..each {
                *counter.lock().expect("no coroutine panics") += 1;
            }
        })
    });
    for coroutine in coroutines {
        coroutine.join().expect("no coroutine panics");
    }
    let took = start.elapsed();
    let count = *counter.lock().expect("no coroutine panics");
    check("mutex", count, each * GOROUTINES)?;
    Ok(took)
}

/// may has no ticker: a loop around a sleep.
fn beside(hog: Hog, n: u64) -> Result {
    let over = share(AtomicBool::new(false));
    let ticker = go!(|| Log::of(over, || coroutine::sleep(hog::PERIOD)));
    coroutine::sleep(hog::LEAD);

    let start = Instant::now();
    let hogs: [_; HOGS] = std::array::from_fn(|_| go!(move || hog.run(hog::time(n))));
    let spells = hogs.map(|hog| hog.join().expect("no coroutine panics"));
    over.store(true, Ordering::Release);
    let log = ticker.join().expect("no coroutine panics");
    log.outcome(hog, n, start, &spells)
}
