//! `ring` and `sieve`: long chains of goroutines over channels of capacity 0.

use std::time::Duration;

use super::warm_up;
use crate::channel::{Channel, Receiver, Sender};
use crate::measure::{Outcome, Result, check, timed};
use crate::runtime::Runtime;

const NODES: usize = 1_000;

/// A token that goes round a thousand goroutines.
pub(crate) async fn ring<R: Runtime, C: Channel>(hops: u64) -> Result {
    circulate::<R, C>(warm_up(hops)).await?;
    let took = circulate::<R, C>(hops).await?;
    Ok(Outcome::per(hops, took))
}

async fn circulate<R: Runtime, C: Channel>(hops: u64) -> Result<Duration> {
    let mut nodes = Vec::with_capacity(NODES);
    let (first, mut before) = C::bounded(0);
    for i in 0..NODES {
        let (next, after) = if i + 1 < NODES {
            let (next, after) = C::bounded(0);
            (next, Some(after))
        } else {
            (first.clone(), None)
        };
        nodes.push(R::spawn(pass_on::<C>(before, next, hops)));
        match after {
            Some(after) => before = after,
            None => break,
        }
    }
    let work = async {
        first.send(1).await.expect("the first node waits");
        drop(first);
        let mut received = 0;
        for node in nodes {
            received += node.await;
        }
        received
    };
    let (received, took) = timed(work).await;
    check("ring", received, hops)?;
    Ok(took)
}

/// Hands the token on until its last hop; then every node finds its channel closed, one after the other.
async fn pass_on<C: Channel>(mut before: C::Receiver, next: C::Sender, hops: u64) -> u64 {
    let mut received = 0;
    while let Ok(hop) = before.recv().await {
        received += 1;
        if hop == hops {
            break;
        }
        next.send(hop + 1).await.expect("the next node waits");
    }
    received
}

/// A filter for each prime, chained: the classic sieve of communicating processes.
pub(crate) async fn sieve<R: Runtime, C: Channel>(primes: u64) -> Result {
    filters::<R, C>(warm_up(primes)).await?;
    let took = filters::<R, C>(primes).await?;
    Ok(Outcome::total(primes, took))
}

async fn filters<R: Runtime, C: Channel>(primes: u64) -> Result<Duration> {
    let work = async {
        let (numbers, mut last) = C::bounded(0);
        R::go(async move {
            let mut number = 2;
            while numbers.send(number).await.is_ok() {
                number += 1;
            }
        });
        let mut sum = 0;
        for _ in 0..primes {
            let prime = last.recv().await.expect("there is always another number");
            sum += prime;
            let (next, after) = C::bounded(0);
            let mut before = std::mem::replace(&mut last, after);
            R::go(async move {
                while let Ok(number) = before.recv().await {
                    if number % prime != 0 && next.send(number).await.is_err() {
                        break;
                    }
                }
            });
        }
        sum
    };
    let (sum, took) = timed(work).await;
    check("sieve", sum, sum_of_primes(primes))?;
    Ok(took)
}

/// The sum of the first `n` primes, by trial division.
pub(crate) fn sum_of_primes(n: u64) -> u64 {
    let mut primes: Vec<u64> = Vec::new();
    let mut number = 2;
    while (primes.len() as u64) < n {
        let divisors = primes.iter().take_while(|&&prime| prime * prime <= number);
        if divisors.clone().all(|prime| number % prime != 0) {
            primes.push(number);
        }
        number += 1;
    }
    primes.iter().sum()
}
