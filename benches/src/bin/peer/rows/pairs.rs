//! `ping-pong` and `spsc`: two goroutines.

use std::time::Duration;

use super::warm_up;
use crate::channel::{Channel, Receiver, Sender};
use crate::measure::{Outcome, Result, check, sum_below, timed};
use crate::runtime::Runtime;

/// Two goroutines, two channels of capacity 0, and a number that goes back and forth.
pub(crate) async fn ping_pong<R: Runtime, C: Channel>(n: u64) -> Result {
    rally::<R, C>(warm_up(n)).await?;
    let took = rally::<R, C>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn rally<R: Runtime, C: Channel>(n: u64) -> Result<Duration> {
    let (ping, mut pings) = C::bounded(0);
    let (pong, mut pongs) = C::bounded(0);
    let work = async {
        let back = R::spawn(async move {
            while let Ok(value) = pings.recv().await {
                pong.send(value + 1).await.expect("the other side waits");
            }
        });
        let forth = R::spawn(async move {
            let mut value = 0;
            for _ in 0..n {
                ping.send(value).await.expect("the other side waits");
                value = pongs.recv().await.expect("the other side answers");
            }
            value
        });
        let value = forth.await;
        back.await;
        value
    };
    let (value, took) = timed(work).await;
    check("ping-pong", value, n)?;
    Ok(took)
}

/// One producer, one consumer, capacity 128.
pub(crate) async fn spsc<R: Runtime, C: Channel>(n: u64) -> Result {
    stream::<R, C>(warm_up(n)).await?;
    let took = stream::<R, C>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn stream<R: Runtime, C: Channel>(n: u64) -> Result<Duration> {
    let (sender, mut receiver) = C::bounded(128);
    let work = async {
        let consumer = R::spawn(async move {
            let mut sum = 0_u64;
            while let Ok(value) = receiver.recv().await {
                sum = sum.wrapping_add(value);
            }
            sum
        });
        let producer = R::spawn(async move {
            for value in 0..n {
                sender
                    .send(value)
                    .await
                    .expect("the consumer receives until the end");
            }
        });
        producer.await;
        consumer.await
    };
    let (sum, took) = timed(work).await;
    check("spsc", sum, sum_below(n))?;
    Ok(took)
}
