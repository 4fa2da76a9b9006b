//! `mutex`: eight goroutines lock, increment and unlock.

use std::time::Duration;

use super::{share, warm_up};
use crate::measure::{Outcome, Result, check, timed};
use crate::runtime::{Counter, Runtime};

pub(crate) const GOROUTINES: u64 = 8;

pub(crate) async fn increments<R: Runtime>(n: u64) -> Result {
    contend::<R>(warm_up(n)).await?;
    let took = contend::<R>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn contend<R: Runtime>(n: u64) -> Result<Duration> {
    let each = n / GOROUTINES;
    let counter = share(R::Counter::new());
    let work = async {
        let goroutines: [_; GOROUTINES as usize] = std::array::from_fn(|_| {
            R::spawn(async move {
                for _ in 0..each {
                    counter.increment().await;
                }
            })
        });
        for goroutine in goroutines {
            goroutine.await;
        }
    };
    let ((), took) = timed(work).await;
    check("mutex", counter.get(), each * GOROUTINES)?;
    Ok(took)
}
