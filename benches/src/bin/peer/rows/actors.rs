//! The rows about actors.

use std::sync::atomic::Ordering;
use std::time::Duration;

use super::{Slots, share, warm_up};
use crate::actors::{Actors, Census, Restarts, Ring};
use crate::measure::{self, Outcome, Result, check, nanoseconds_each, sum_below, timed};
use crate::runtime::{Countdown, WaitGroup};

const SENDERS: u64 = 1_000;
const NODES: usize = 1_000;
const WORKERS: usize = 100;
/// One message in so many crashes its worker.
const CRASH: u64 = 100;
/// What an idle actor may need in the greediest peer, supervision included: the same for all of them.
const GREEDIEST: u64 = 10_000;

/// One sender tells one actor values; over when the actor has added up the last one.
pub(crate) async fn tell<A: Actors>(n: u64) -> Result {
    told::<A>(1, warm_up(n)).await?;
    Ok(Outcome::per(n, told::<A>(1, n).await?))
}

/// A thousand senders tell one actor values.
pub(crate) async fn fan_in<A: Actors>(n: u64) -> Result {
    let each = (n / SENDERS).max(1);
    told::<A>(SENDERS, warm_up(each)).await?;
    let n = each * SENDERS;
    Ok(Outcome::per(n, told::<A>(SENDERS, each).await?))
}

async fn told<A: Actors>(senders: u64, each: u64) -> Result<Duration> {
    let sum = A::sum().await;
    let work = async {
        let all: Vec<_> = (0..senders)
            .map(|sender| {
                let sum = sum.clone();
                A::spawn(async move {
                    for value in sender * each..(sender + 1) * each {
                        A::tell(&sum, value).await;
                    }
                })
            })
            .collect();
        for sender in all {
            sender.await;
        }
        A::total(&sum, senders * each).await
    };
    let (total, took) = timed(work).await;
    check("tell", total, sum_below(senders * each))?;
    Ok(took)
}

/// One asker, one actor; one question after the other.
pub(crate) async fn ask<A: Actors>(n: u64) -> Result {
    asked::<A>(warm_up(n)).await?;
    Ok(Outcome::per(n, asked::<A>(n).await?))
}

async fn asked<A: Actors>(n: u64) -> Result<Duration> {
    let sum = A::sum().await;
    let asker = async move {
        let mut answers = 0_u64;
        for value in 0..n {
            answers = answers.wrapping_add(A::ask(&sum, value).await);
        }
        answers
    };
    // It may begin as soon as it is spawned.
    let (answers, took) = timed(async { A::spawn(asker).await }).await;
    check("ask", answers, sum_below(n).wrapping_mul(2))?;
    Ok(took)
}

/// A token goes round a thousand actors.
pub(crate) async fn ring<A: Actors>(hops: u64) -> Result {
    let rounds = |hops: u64| (hops / NODES as u64).max(1);
    circulate::<A>(rounds(warm_up(hops))).await?;
    let took = circulate::<A>(rounds(hops)).await?;
    Ok(Outcome::per(rounds(hops) * NODES as u64, took))
}

async fn circulate<A: Actors>(rounds: u64) -> Result<Duration> {
    let ring: &'static Ring = share(Ring {
        hops: rounds * NODES as u64,
        visits: Slots::new(NODES),
        over: Countdown::new(),
    });
    ring.over.add(1);
    let mut nodes = Vec::with_capacity(NODES);
    for i in 0..NODES {
        nodes.push(A::node(i, ring).await);
    }
    for (node, next) in nodes.iter().zip(nodes.iter().cycle().skip(1)) {
        A::link(node, next.clone()).await;
    }
    let work = async {
        A::pass(&nodes[0], 1).await;
        ring.over.wait().await;
    };
    let ((), took) = timed(work).await;
    ring.visits.check("actor-ring", rounds)?;
    Ok(took)
}

/// Supervised actors that do nothing: what one costs to start, to have and to stop.
pub(crate) async fn crowd<A: Actors>(n: u64) -> Result {
    measure::touch(n * GREEDIEST);
    let actors = n as usize;
    let census: &'static Census = share(Census::new(actors));
    census.group.add(actors);
    let before = measure::resident();
    let gather = async {
        let crowd = A::gather(actors, census).await;
        census.group.wait().await;
        crowd
    };
    let (crowd, begun) = timed(gather).await;
    let resident = measure::resident().saturating_sub(before);
    check("actors", census.begun.load(Ordering::Relaxed), n)?;
    census.group.add(actors);
    let scatter = async {
        A::scatter(crowd).await;
        census.group.wait().await;
    };
    let ((), ended) = timed(scatter).await;
    census.ends.check("actors", 1)?;
    let memory = resident as f64 / n as f64;
    let begun = nanoseconds_each(begun, n);
    Ok(Outcome::new(n, [memory, begun, nanoseconds_each(ended, n)]))
}

/// A hundred workers under one supervisor, each with an asker; one message in a hundred crashes its worker.
pub(crate) async fn storm<A: Restarts>(n: u64) -> Result {
    weather::<A>(warm_up(n)).await?;
    let (n, took) = weather::<A>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn weather<A: Restarts>(n: u64) -> Result<(u64, Duration)> {
    let crashes = (n / CRASH / WORKERS as u64).max(1);
    let census: &'static Census = share(Census::new(WORKERS));
    census.group.add(WORKERS * (1 + crashes as usize));
    let (pool, workers) = A::pool(WORKERS, census).await;
    let work = async {
        let askers: Vec<_> = workers
            .into_iter()
            .map(|mut worker| {
                A::spawn(async move {
                    let mut answers = 0_u64;
                    for crash in 0..crashes {
                        for value in 1..CRASH {
                            let value = crash * (CRASH - 1) + value - 1;
                            answers = answers.wrapping_add(A::work(&mut worker, value).await);
                        }
                        A::crash(&mut worker).await;
                    }
                    // It is there, and has forgotten nothing that matters.
                    answers.wrapping_add(A::work(&mut worker, 0).await)
                })
            })
            .collect();
        let mut answers = 0_u64;
        for asker in askers {
            answers = answers.wrapping_add(asker.await);
        }
        // Every worker has come back from every crash.
        census.group.wait().await;
        answers
    };
    let (answers, took) = timed(work).await;
    let each = sum_below(crashes * (CRASH - 1)).wrapping_mul(2);
    check("crash-storm", answers, each.wrapping_mul(WORKERS as u64))?;
    let begun = census.begun.load(Ordering::Relaxed);
    check("crash-storm", begun, (1 + crashes) * WORKERS as u64)?;
    A::close(pool).await;
    Ok((crashes * CRASH * WORKERS as u64, took))
}
