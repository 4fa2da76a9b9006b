//! Many channels into one.

use super::{Receiver, SendError, Sender, bounded};
use crate::go;
use gaggle_base::site::Site;
use gaggle_chan::chan::relay;
use std::pin::pin;
use std::slice::from_ref;

/// One stream from many: each value of each input, those of one input in their order. It ends when all inputs are closed and drained.
///
/// A goroutine for each input hands its values over, one at a time: the output has no buffer.
/// When the receiver that this returns is dropped, the inputs are no longer read, and also an input that gives nothing is let go of.
/// A value that was on its way then goes back to the front of its input, for other receivers, if there are any.
///
/// # Examples
/// ```
/// use gaggle::chan;
/// gaggle::block_on(async {
///     let (a, from_a) = chan::bounded(1);
///     let (b, from_b) = chan::bounded(1);
///     a.send(1).await.unwrap();
///     b.send(2).await.unwrap();
///     drop((a, b));
///     let all = chan::merge([from_a, from_b]);
///     let mut sum = 0;
///     while let Ok(n) = all.recv().await {
///         sum += n;
///     }
///     assert_eq!(sum, 3);
/// });
/// ```
#[track_caller]
#[must_use]
pub fn merge<T: Send + 'static>(inputs: impl IntoIterator<Item = Receiver<T>>) -> Receiver<T> {
    let site = Site::caller();
    let (tx, rx) = bounded(0);
    for input in inputs {
        drop(go(forward(input, tx.clone(), site)));
    }
    rx
}

async fn forward<T>(input: Receiver<T>, output: Sender<T>, site: Site) {
    let mut gone = pin!(relay::gone(from_ref(&output), site));
    while let Some(value) = relay::recv(&input, site, gone.as_mut()).await {
        if let Err(SendError(value)) = relay::send(&output, value, site).await {
            drop(relay::put_back(&input, value));
            return;
        }
    }
}
