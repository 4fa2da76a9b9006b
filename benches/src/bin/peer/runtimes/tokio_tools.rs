//! tokio's locks, tokens, broadcasts and timers.

use std::future::Future;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::{RwLock, broadcast, mpsc};
use tokio::time::{Interval, MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;

use super::Tokio;
use crate::tools::{Caster, Listener, Node, Queue, ReadWrite, Ticking, Ticks, Tools};

impl Ticking for Tokio {
    type Ticks = Interval;
}

impl Tools for Tokio {
    type ReadWrite = RwLock<u64>;
    type Node = CancellationToken;
    type Caster = broadcast::Sender<u64>;
    type Queue = Tokio;

    #[inline]
    async fn churn() -> bool {
        let mut timer = pin!(sleep(Duration::from_secs(3_600)));
        std::future::poll_fn(|context| Poll::Ready(timer.as_mut().poll(context).is_ready())).await
    }
}

impl ReadWrite for RwLock<u64> {
    fn new() -> Self {
        RwLock::new(0)
    }

    #[inline]
    async fn read(&self) -> u64 {
        *RwLock::read(self).await
    }

    #[inline]
    async fn increment(&self) {
        *self.write().await += 1;
    }
}

impl Node for CancellationToken {
    fn root() -> Self {
        CancellationToken::new()
    }

    fn child(&self) -> Self {
        self.child_token()
    }

    fn cancel(&self) {
        CancellationToken::cancel(self);
    }

    #[inline]
    fn done(&self) -> impl Future<Output = ()> + Send {
        self.cancelled()
    }
}

impl Caster for broadcast::Sender<u64> {
    type Listener = broadcast::Receiver<u64>;

    fn new(capacity: usize) -> Self {
        broadcast::Sender::new(capacity)
    }

    fn subscribe(&self) -> Self::Listener {
        broadcast::Sender::subscribe(self)
    }

    #[inline]
    async fn cast(&self, value: u64) {
        self.send(value).expect("there are receivers");
    }
}

impl Listener for broadcast::Receiver<u64> {
    #[inline]
    async fn hear(&mut self) -> u64 {
        self.recv()
            .await
            .expect("nobody lags, and the sender stays")
    }
}

impl Ticks for Interval {
    fn new(period: Duration) -> Self {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        ticks
    }

    #[inline]
    async fn tick(&mut self) {
        Interval::tick(self).await;
    }
}

impl Queue for Tokio {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity)
    }

    #[inline]
    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver stays");
    }

    #[inline]
    async fn recv_within(receiver: &mut Self::Receiver, limit: Duration) -> Option<u64> {
        tokio::select! {
            value = receiver.recv() => value,
            () = sleep(limit) => None,
        }
    }

    #[inline]
    async fn either([a, b]: &mut [Self::Receiver; 2]) -> u64 {
        let value = tokio::select! {
            value = a.recv() => value,
            value = b.recv() => value,
        };
        value.expect("the senders stay")
    }

    #[inline]
    async fn any_of_eight(receivers: &mut [Self::Receiver; 8]) -> u64 {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = receivers;
        let value = tokio::select! {
            value = r0.recv() => value,
            value = r1.recv() => value,
            value = r2.recv() => value,
            value = r3.recv() => value,
            value = r4.recv() => value,
            value = r5.recv() => value,
            value = r6.recv() => value,
            value = r7.recv() => value,
        };
        value.expect("the senders stay")
    }
}
