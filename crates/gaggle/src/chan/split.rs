//! One channel into several: the same to all, or each value to one by a key.

use super::{Receiver, SendError, Sender, bounded};
use crate::go;
use gaggle_base::site::Site;
use gaggle_chan::chan::relay;
use std::pin::pin;

/// How many values an output holds: one, so that those who read the outputs in turn need not read them in a certain order.
const BUFFER: usize = 1;

fn outputs<T>(n: usize) -> (Vec<Sender<T>>, Vec<Receiver<T>>) {
    assert!(n > 0, "a channel cannot be split into none");
    (0..n).map(|_| bounded(BUFFER)).unzip()
}

/// `n` receivers, each of which gets every value of `input`, in its order. They end when the input is closed and drained.
///
/// The slowest receiver sets the pace. A receiver that is dropped is left out from then on.
/// When all are dropped, the input is no longer read; a value that none of them got goes back to its front, for other receivers, if there are any.
///
/// For receivers that come and go there is [`broadcast`](super::broadcast()).
///
/// # Panics
/// When `n` is 0.
///
/// # Examples
/// ```
/// use gaggle::chan;
/// gaggle::block_on(async {
///     let (tx, rx) = chan::bounded(1);
///     let both = chan::tee(rx, 2);
///     tx.send("news").await.unwrap();
///     for rx in &both {
///         assert_eq!(rx.recv().await, Ok("news"));
///     }
/// });
/// ```
#[track_caller]
#[must_use]
pub fn tee<T: Clone + Send + 'static>(input: Receiver<T>, n: usize) -> Vec<Receiver<T>> {
    let site = Site::caller();
    let (txs, rxs) = outputs(n);
    drop(go(copy(input, txs, site)));
    rxs
}

async fn copy<T: Clone>(input: Receiver<T>, outputs: Vec<Sender<T>>, site: Site) {
    let mut gone = pin!(relay::gone(&outputs, site));
    while let Some(value) = relay::recv(&input, site, gone.as_mut()).await {
        let mut left = Some(value);
        let mut delivered = false;
        for (i, output) in outputs.iter().enumerate() {
            let last = i + 1 == outputs.len();
            let Some(mine) = (if last { left.take() } else { left.clone() }) else {
                break;
            };
            match relay::send(output, mine, site).await {
                Ok(()) => delivered = true,
                Err(SendError(back)) => left = Some(back),
            }
        }
        if let (false, Some(value)) = (delivered, left) {
            drop(relay::put_back(&input, value));
            return;
        }
    }
}

/// `n` receivers, to which the values of `input` are distributed by a key: a value goes to receiver `key(&value) % n`.
/// So values of one key stay in their order, and all go to the same receiver. They end when the input is closed and drained.
///
/// A receiver that does not read holds up the others as soon as the next value is for it.
/// If a receiver is dropped, the values that are for it are dropped; when all are, the input is no longer read, and a value on its way goes back to the front, for other receivers of the input, if there are any.
///
/// # Panics
/// When `n` is 0. A panic of `key` is raised as that of a goroutine whose handle was dropped, and the outputs end.
///
/// # Examples
/// ```
/// use gaggle::chan;
/// gaggle::block_on(async {
///     let (tx, rx) = chan::bounded(4);
///     for n in 0..4 {
///         tx.send(n).await.unwrap();
///     }
///     drop(tx);
///     let parts = chan::partition(rx, 2, |n| *n);
///     for expected in 0..4 {
///         assert_eq!(parts[expected % 2].recv().await, Ok(expected));
///     }
///     assert!(parts[0].recv().await.is_err());
/// });
/// ```
#[track_caller]
#[must_use]
pub fn partition<T: Send + 'static>(
    input: Receiver<T>,
    n: usize,
    key: impl Fn(&T) -> usize + Send + 'static,
) -> Vec<Receiver<T>> {
    let site = Site::caller();
    let (txs, rxs) = outputs(n);
    drop(go(distribute(input, txs, key, site)));
    rxs
}

async fn distribute<T>(
    input: Receiver<T>,
    outputs: Vec<Sender<T>>,
    key: impl Fn(&T) -> usize,
    site: Site,
) {
    let mut gone = pin!(relay::gone(&outputs, site));
    while let Some(value) = relay::recv(&input, site, gone.as_mut()).await {
        let output = &outputs[key(&value) % outputs.len()];
        if let Err(SendError(value)) = relay::send(output, value, site).await
            && outputs.iter().all(Sender::is_closed)
        {
            drop(relay::put_back(&input, value));
            return;
        }
    }
}
