//! The rows about tools: select over 2 and 8, select with a timer, uncontended and read-mostly locks, wait groups, contexts, broadcasts, tickers, timers.

use std::future::Future;
use std::time::Duration;

use super::mutex::GOROUTINES;
use super::{Slots, share, warm_up};
use crate::measure::{self, Outcome, Result, check, nanoseconds_each, sum_below, timed};
use crate::runtime::{Counter, Runtime, WaitGroup};
use crate::tools::{Caster, Listener, Node, Queue, ReadWrite, Ticks, Tools};

/// How many listen to a broadcast.
const LISTENERS: u64 = 100;
/// Values between two meetings of the sender and all listeners; fewer than there is room for, so nobody lags.
const BATCH: u64 = 100;
/// Contexts below each context of the tree.
const FAN_OUT: usize = 10;
/// Tickers at once, and their period.
const TICKERS: u64 = 100;
const PERIOD: Duration = Duration::from_millis(1);

/// Runs a row twice: a tenth of it untimed, then all of it.
async fn warmed<F: Future<Output = Result<Duration>>>(n: u64, row: impl Fn(u64) -> F) -> Result {
    row(warm_up(n)).await?;
    let took = row(n).await?;
    Ok(Outcome::per(n, took))
}

/// Starts a producer for each channel and takes all their values by `take`.
async fn produce<R: Tools, const N: usize, F>(
    n: u64,
    take: impl Fn([<R::Queue as Queue>::Receiver; N], u64) -> F,
) -> Result<Duration>
where
    F: Future<Output = u64> + Send + 'static,
{
    let share = n / N as u64;
    let mut senders = Vec::new();
    let receivers = std::array::from_fn(|_| {
        let (sender, receiver) = R::Queue::bounded(16);
        senders.push(sender);
        receiver
    });
    let consumer = take(receivers, share * N as u64);
    let work = async {
        // The producers keep their senders until the end, so that no channel is closed before.
        let producers: Vec<_> = (0_u64..)
            .zip(senders)
            .map(|(i, sender)| {
                R::spawn(async move {
                    for value in i * share..(i + 1) * share {
                        R::Queue::send(&sender, value).await;
                    }
                    sender
                })
            })
            .collect();
        let sum = R::spawn(consumer).await;
        for producer in producers {
            producer.await;
        }
        sum
    };
    let (sum, took) = timed(work).await;
    check("select", sum, sum_below(share * N as u64))?;
    Ok(took)
}

pub(crate) async fn select2<R: Tools>(n: u64) -> Result {
    let take = |mut two, n| async move {
        let mut sum = 0_u64;
        for _ in 0..n {
            sum = sum.wrapping_add(R::Queue::either(&mut two).await);
        }
        sum
    };
    warmed(n, |n| produce::<R, 2, _>(n, take)).await
}

pub(crate) async fn select8<R: Tools>(n: u64) -> Result {
    let take = |mut eight, n| async move {
        let mut sum = 0_u64;
        for _ in 0..n {
            sum = sum.wrapping_add(R::Queue::any_of_eight(&mut eight).await);
        }
        sum
    };
    warmed(n, |n| produce::<R, 8, _>(n, take)).await
}

pub(crate) async fn select_timer<R: Tools>(n: u64) -> Result {
    let take = |[mut one]: [_; 1], n| async move {
        let mut sum = 0_u64;
        for _ in 0..n {
            let value = R::Queue::recv_within(&mut one, Duration::from_secs(10)).await;
            sum = sum.wrapping_add(value.expect("the producer is quicker than the limit"));
        }
        sum
    };
    warmed(n, |n| produce::<R, 1, _>(n, take)).await
}

pub(crate) async fn mutex1<R: Runtime>(n: u64) -> Result {
    warmed(n, |n| async move {
        let counter = R::Counter::new();
        let work = async {
            for _ in 0..n {
                counter.increment().await;
            }
        };
        let ((), took) = timed(work).await;
        check("mutex1", counter.get(), n)?;
        Ok(took)
    })
    .await
}

/// Eight goroutines; one operation in twenty writes.
pub(crate) async fn rwlock<R: Tools>(n: u64) -> Result {
    warmed(n, |n| async move {
        let each = n / GOROUTINES;
        let lock = share(R::ReadWrite::new());
        let work = async {
            let goroutines: [_; GOROUTINES as usize] = std::array::from_fn(|_| {
                R::spawn(async move {
                    let mut seen = 0;
                    for i in 0..each {
                        if i % 20 == 0 {
                            lock.increment().await;
                        } else {
                            let now = lock.read().await;
                            assert!(now >= seen, "a write was lost");
                            seen = now;
                        }
                    }
                })
            });
            for goroutine in goroutines {
                goroutine.await;
            }
        };
        let ((), took) = timed(work).await;
        check("rwlock", lock.read().await, GOROUTINES * each.div_ceil(20))?;
        Ok(took)
    })
    .await
}

/// Four goroutines count up and down; now and then the count is zero and somebody is waiting.
pub(crate) async fn wait_group<R: Runtime>(n: u64) -> Result {
    warmed(n, |n| async move {
        let group = share(R::WaitGroup::new());
        let slots = share(Slots::new(4));
        let work = async {
            group.add(4);
            for i in 0..4 {
                R::go(async move {
                    for _ in 0..n / 4 {
                        group.add(1);
                        group.done();
                    }
                    slots.hit(i);
                    group.done();
                });
            }
            group.wait().await;
        };
        let ((), took) = timed(work).await;
        slots.check("wait-group", 1)?;
        Ok(took)
    })
    .await
}

/// A tree of contexts with a goroutine that waits for each: made, and cancelled from the root until all have ended.
pub(crate) async fn context_tree<R: Tools>(n: u64) -> Result {
    let goroutines = n as usize;
    let group = share(R::WaitGroup::new());
    let slots = share(Slots::new(goroutines));
    let create = async {
        let tree: &'static mut Vec<R::Node> = Box::leak(Box::new(Vec::with_capacity(goroutines)));
        tree.push(R::Node::root());
        for i in 1..goroutines {
            let child = tree[(i - 1) / FAN_OUT].child();
            tree.push(child);
        }
        let tree: &'static [R::Node] = tree;
        group.add(goroutines);
        for (i, node) in tree.iter().enumerate() {
            R::go(async move {
                group.done();
                node.done().await;
                slots.hit(i);
                group.done();
            });
        }
        group.wait().await;
        tree
    };
    let (tree, created) = timed(create).await;
    group.add(goroutines);
    let cancel = async {
        tree[0].cancel();
        group.wait().await;
    };
    let ((), cancelled) = timed(cancel).await;
    slots.check("context-tree", 1)?;
    let figures = [nanoseconds_each(created, n), nanoseconds_each(cancelled, n)];
    Ok(Outcome::new(n, figures))
}

/// A hundred listeners; `n` deliveries.
pub(crate) async fn broadcast<R: Tools>(n: u64) -> Result {
    warmed(n, |n| async move {
        let batches = (n / LISTENERS / BATCH).max(1);
        let group = share(R::WaitGroup::new());
        let caster = R::Caster::new(128);
        let listeners: Vec<_> = (0..LISTENERS)
            .map(|_| {
                let mut listener = caster.subscribe();
                R::spawn(async move {
                    let mut sum = 0_u64;
                    for _ in 0..batches {
                        for _ in 0..BATCH {
                            sum = sum.wrapping_add(listener.hear().await);
                        }
                        group.done();
                    }
                    sum
                })
            })
            .collect();
        let work = async {
            for batch in 0..batches {
                group.add(LISTENERS as usize);
                for value in batch * BATCH..(batch + 1) * BATCH {
                    caster.cast(value).await;
                }
                group.wait().await;
            }
        };
        let ((), took) = timed(work).await;
        for listener in listeners {
            check("broadcast", listener.await, sum_below(batches * BATCH))?;
        }
        // Per delivery, whatever the rounding to whole batches has left out.
        Ok(took.mul_f64(n as f64 / (batches * BATCH * LISTENERS) as f64))
    })
    .await
}

/// A hundred tickers of a millisecond; `n` ticks in all. CPU time for each.
pub(crate) async fn ticker<R: Tools>(n: u64) -> Result {
    let each = (n / TICKERS).max(1);
    let before = measure::cpu_time();
    let work = async {
        let tickers: Vec<_> = (0..TICKERS)
            .map(|_| {
                R::spawn(async move {
                    let mut ticks = R::Ticks::new(PERIOD);
                    for _ in 0..each {
                        ticks.tick().await;
                    }
                })
            })
            .collect();
        for ticker in tickers {
            ticker.await;
        }
    };
    let ((), took) = timed(work).await;
    let cpu = measure::cpu_time().saturating_sub(before);
    let ticks = each * TICKERS;
    // How much longer than the ticks of one ticker it all took: what was missed.
    let stretch = took.as_secs_f64() / (PERIOD * each as u32).as_secs_f64();
    Ok(Outcome::new(
        ticks,
        [nanoseconds_each(cpu, ticks) / 1e3, stretch],
    ))
}

pub(crate) async fn timer_churn<R: Tools>(n: u64) -> Result {
    warmed(n, |n| async move {
        let work = async {
            let mut fired = 0;
            for _ in 0..n {
                fired += u64::from(R::churn().await);
            }
            fired
        };
        let (fired, took) = timed(work).await;
        check("timer-churn", fired, 0)?;
        Ok(took)
    })
    .await
}
