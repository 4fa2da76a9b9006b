//! `mpmc`, `mpmc0` and `pool`: several goroutines receive from one channel.

use std::time::Duration;

use super::warm_up;
use crate::channel::{Channel, Receiver, Sender};
use crate::measure::{Outcome, Result, check, sum_below, timed};
use crate::runtime::Runtime;

const PRODUCERS: u64 = 4;
const CONSUMERS: usize = 4;
const WORKERS: usize = 3;

/// Four producers, four consumers, one channel.
pub(crate) async fn mpmc<R, C>(capacity: usize, n: u64) -> Result
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    crowd::<R, C>(capacity, warm_up(n)).await?;
    let took = crowd::<R, C>(capacity, n).await?;
    Ok(Outcome::per(n, took))
}

async fn crowd<R, C>(capacity: usize, n: u64) -> Result<Duration>
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    let share = n / PRODUCERS;
    let (sender, receiver) = C::bounded(capacity);
    let work = async {
        let consumers: [_; CONSUMERS] = std::array::from_fn(|_| {
            let mut receiver = receiver.clone();
            R::spawn(async move {
                let mut sum = 0_u64;
                while let Ok(value) = receiver.recv().await {
                    sum = sum.wrapping_add(value);
                }
                sum
            })
        });
        for producer in 0..PRODUCERS {
            let sender = sender.clone();
            R::go(async move {
                for value in producer * share..(producer + 1) * share {
                    sender
                        .send(value)
                        .await
                        .expect("the consumers receive until the end");
                }
            });
        }
        drop(sender);
        let mut sum = 0_u64;
        for consumer in consumers {
            sum = sum.wrapping_add(consumer.await);
        }
        sum
    };
    let (sum, took) = timed(work).await;
    check("mpmc", sum, sum_below(share * PRODUCERS))?;
    Ok(took)
}

/// The tutorial's pool: three workers double the jobs; jobs and results have capacity 5.
pub(crate) async fn pool<R, C>(n: u64) -> Result
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    workers::<R, C>(warm_up(n)).await?;
    let took = workers::<R, C>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn workers<R, C>(n: u64) -> Result<Duration>
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    let (job, jobs) = C::bounded(5);
    let (result, mut results) = C::bounded(5);
    let work = async {
        for _ in 0..WORKERS {
            let (mut jobs, result) = (jobs.clone(), result.clone());
            R::go(async move {
                while let Ok(number) = jobs.recv().await {
                    result
                        .send(number * 2)
                        .await
                        .expect("results are received until the end");
                }
            });
        }
        drop(result);
        R::go(async move {
            for number in 0..n {
                job.send(number)
                    .await
                    .expect("the workers receive until the end");
            }
        });
        let mut sum = 0_u64;
        while let Ok(number) = results.recv().await {
            sum = sum.wrapping_add(number);
        }
        sum
    };
    let (sum, took) = timed(work).await;
    check("pool", sum, sum_below(n).wrapping_mul(2))?;
    Ok(took)
}
