//! For goroutines that receive from one channel and send into others (merge, stages): the crate `gaggle` builds them, users do not see this.
//!
//! Such a goroutine has to notice that its output is gone also while its input gives nothing, and what it has received but cannot deliver goes back.

use super::closed::Closed;
use super::receiver::Receiver;
use super::send::Send;
use super::sender::Sender;
use gaggle_base::site::Site;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

/// Sends on behalf of the caller at `site`.
pub fn send<T>(tx: &Sender<T>, value: T, site: Site) -> Send<'_, T> {
    Send::new(&tx.handle, value, site)
}

/// Waits until each of `outputs` is closed or has no receiver. It does not say why the goroutine waits: something else does.
pub async fn gone<T>(outputs: &[Sender<T>], site: Site) {
    for tx in outputs {
        let mut closed = pin!(Closed::new(&tx.handle, site));
        poll_fn(|cx| closed.as_mut().poll_quietly(cx)).await;
    }
}

/// Does `work`, unless and until the outputs are `gone`; then it is dropped with the future of this call.
///
/// # Panics
/// When it is called again after it has returned `None`.
pub async fn unless<W: Future>(
    work: W,
    mut gone: Pin<&mut impl Future<Output = ()>>,
) -> Option<W::Output> {
    let mut work = pin!(work);
    // The outputs first: what nobody can have is not begun.
    poll_fn(|cx| match gone.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => work.as_mut().poll(cx).map(Some),
    })
    .await
}

/// Receives on behalf of the caller at `site`, until the input is closed and drained or the outputs are `gone`.
///
/// # Cancel safety
/// As for `Receiver::recv`.
pub async fn recv<T>(
    rx: &Receiver<T>,
    site: Site,
    gone: Pin<&mut impl Future<Output = ()>>,
) -> Option<T> {
    unless(rx.recv_at(site), gone).await.and_then(Result::ok)
}

/// Puts a value that was received but cannot be delivered in front of its channel, for another receiver.
/// It comes back if there can be none.
pub fn put_back<T>(rx: &Receiver<T>, value: T) -> Option<T> {
    rx.handle().put_back(value)
}
