//! `spawn` and `spawn-handles`: what starting and ending a goroutine costs.

use std::time::Duration;

use super::{Slots, share, warm_up};
use crate::measure::{Outcome, Result, check, sum_below, timed};
use crate::runtime::{Runtime, WaitGroup};

/// How many goroutines are started before they are waited for.
const BATCH: u64 = 10_000;

/// Trivial goroutines in batches; a wait group tells when a batch has ended.
pub(crate) async fn wait_group<R: Runtime>(n: u64) -> Result {
    storm::<R>(warm_up(n)).await?;
    let took = storm::<R>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn storm<R: Runtime>(n: u64) -> Result<Duration> {
    let batch = n.min(BATCH) as usize;
    let batches = n / batch as u64;
    let group = share(R::WaitGroup::new());
    let slots = share(Slots::new(batch));
    let work = async {
        for _ in 0..batches {
            group.add(batch);
            for i in 0..batch {
                R::go(async move {
                    slots.hit(i);
                    group.done();
                });
            }
            group.wait().await;
        }
    };
    let ((), took) = timed(work).await;
    slots.check("spawn", batches)?;
    Ok(took)
}

/// The same, and every goroutine's handle is awaited for its result.
pub(crate) async fn handles<R: Runtime>(n: u64) -> Result {
    joined::<R>(warm_up(n)).await?;
    let took = joined::<R>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn joined<R: Runtime>(n: u64) -> Result<Duration> {
    let batch = n.min(BATCH);
    let batches = n / batch;
    let mut handles = Vec::with_capacity(batch as usize);
    let work = async {
        let mut sum = 0_u64;
        for _ in 0..batches {
            handles.extend((0..batch).map(|i| R::spawn(async move { i })));
            for handle in handles.drain(..) {
                sum = sum.wrapping_add(handle.await);
            }
        }
        sum
    };
    let (sum, took) = timed(work).await;
    check("spawn-handles", sum, sum_below(batch).wrapping_mul(batches))?;
    Ok(took)
}
