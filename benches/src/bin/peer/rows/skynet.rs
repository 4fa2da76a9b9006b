//! `skynet`: a tree of goroutines with fan-out 10, whose leaves send their number and whose nodes send sums.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::warm_up;
use crate::channel::{Channel, Receiver, Sender};
use crate::measure::{self, Outcome, Result, check, sum_below, timed};
use crate::runtime::Runtime;

const FAN_OUT: u64 = 10;
/// Bytes that a leaf may need in the greediest peer.
const GREEDIEST_LEAF: u64 = 1_000;

pub(crate) async fn skynet<R: Runtime, C: Channel>(n: u64) -> Result {
    measure::touch(n * GREEDIEST_LEAF);
    tree::<R, C>(whole(warm_up(n))).await?;
    let leaves = whole(n);
    let took = tree::<R, C>(leaves).await?;
    Ok(Outcome::total(leaves, took))
}

/// The largest tree with at most `n` leaves.
pub(crate) fn whole(n: u64) -> u64 {
    FAN_OUT.pow(n.max(1).ilog(FAN_OUT)).max(FAN_OUT)
}

async fn tree<R: Runtime, C: Channel>(leaves: u64) -> Result<Duration> {
    let work = async {
        let (sender, mut receiver) = C::bounded(0);
        R::go(node::<R, C>(sender, 0, leaves));
        receiver.recv().await.expect("the root sends its sum")
    };
    let (sum, took) = timed(work).await;
    check("skynet", sum, sum_below(leaves))?;
    Ok(took)
}

/// A node of the tree. Boxed, because it starts others of its own kind; leaves, nine tenths of all, are not.
fn node<R: Runtime, C: Channel>(
    result: C::Sender,
    first: u64,
    leaves: u64,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let (sender, mut receiver) = C::bounded(0);
        let below = leaves / FAN_OUT;
        for child in 0..FAN_OUT {
            let sender = sender.clone();
            let first = first + child * below;
            if below == 1 {
                R::go(async move { sender.send(first).await.expect("the node receives") });
            } else {
                R::go(node::<R, C>(sender, first, below));
            }
        }
        let mut sum = 0;
        for _ in 0..FAN_OUT {
            sum += receiver.recv().await.expect("every child sends");
        }
        result.send(sum).await.expect("the parent receives");
    })
}
