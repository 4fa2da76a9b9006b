//! `select4`: one goroutine selects over four receives of capacity 16, with a producer each.

use std::future::Future;
use std::time::Duration;

use futures_lite::FutureExt;

use super::warm_up;
use crate::channel::{AsyncChannel, Channel, Flume, Receiver, Sender, TokioMpsc};
use crate::measure::{Outcome, Result, check, sum_below, timed};
use crate::runtime::Runtime;
use crate::runtimes::GaggleChannel;

/// A channel whose receive may be one of several, and be given up without loss.
pub(crate) trait Select: Channel {
    /// Receives from whichever of the four has a message.
    fn any(receivers: &mut [Self::Receiver; 4]) -> impl Future<Output = Option<u64>> + Send;
}

pub(crate) async fn select4<R: Runtime, C: Select>(n: u64) -> Result {
    selected::<R, C>(warm_up(n)).await?;
    let took = selected::<R, C>(n).await?;
    Ok(Outcome::per(n, took))
}

async fn selected<R: Runtime, C: Select>(n: u64) -> Result<Duration> {
    let share = n / 4;
    let (senders, mut receivers): (Vec<_>, Vec<_>) = (0..4).map(|_| C::bounded(16)).unzip();
    let work = async {
        for (i, sender) in (0_u64..).zip(&senders) {
            let sender = sender.clone();
            R::go(async move {
                for value in i * share..(i + 1) * share {
                    sender
                        .send(value)
                        .await
                        .expect("the selecting goroutine receives until the end");
                }
            });
        }
        let consumer = R::spawn(async move {
            let mut four = std::array::from_fn(|_| receivers.remove(0));
            let mut sum = 0_u64;
            for _ in 0..share * 4 {
                let value = C::any(&mut four)
                    .await
                    .expect("`senders` keeps the channels open");
                sum = sum.wrapping_add(value);
            }
            sum
        });
        consumer.await
    };
    let (sum, took) = timed(work).await;
    drop(senders);
    check("select4", sum, sum_below(share * 4))?;
    Ok(took)
}

impl Select for GaggleChannel {
    async fn any([a, b, c, d]: &mut [Self::Receiver; 4]) -> Option<u64> {
        let value = gaggle::select! {
            value = a.recv() => value,
            value = b.recv() => value,
            value = c.recv() => value,
            value = d.recv() => value,
        };
        value.ok()
    }
}

impl Select for TokioMpsc {
    async fn any([a, b, c, d]: &mut [Self::Receiver; 4]) -> Option<u64> {
        tokio::select! {
            value = a.recv() => value,
            value = b.recv() => value,
            value = c.recv() => value,
            value = d.recv() => value,
        }
    }
}

impl Select for Flume {
    async fn any([a, b, c, d]: &mut [Self::Receiver; 4]) -> Option<u64> {
        let value = tokio::select! {
            value = a.recv_async() => value,
            value = b.recv_async() => value,
            value = c.recv_async() => value,
            value = d.recv_async() => value,
        };
        value.ok()
    }
}

impl Select for AsyncChannel {
    async fn any([a, b, c, d]: &mut [Self::Receiver; 4]) -> Option<u64> {
        let first = Receiver::recv(a).race(Receiver::recv(b));
        let second = Receiver::recv(c).race(Receiver::recv(d));
        first.race(second).await.ok()
    }
}
