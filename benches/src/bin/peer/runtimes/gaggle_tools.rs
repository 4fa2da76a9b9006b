//! gaggle's locks, contexts, broadcasts and timers.

use std::future::Future;
use std::time::Duration;

use gaggle::chan::{self, broadcast};
use gaggle::context::{Cancel, Context};
use gaggle::sync::RwLock;
use gaggle::time::{Ticker, after, sleep};

use super::Gaggle;
use crate::tools::{Caster, Listener, Node, Queue, ReadWrite, Ticking, Ticks, Tools};

impl Ticking for Gaggle {
    type Ticks = Ticker;
}

impl Tools for Gaggle {
    type ReadWrite = RwLock<u64>;
    type Node = (Context, Cancel);
    type Caster = broadcast::Sender<u64>;
    type Queue = Gaggle;

    #[inline]
    async fn churn() -> bool {
        let timer = after(Duration::from_secs(3_600));
        gaggle::select! {
            _ = timer.recv() => true,
            default => false,
        }
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

impl Node for (Context, Cancel) {
    fn root() -> Self {
        Context::background().with_cancel()
    }

    fn child(&self) -> Self {
        self.0.with_cancel()
    }

    fn cancel(&self) {
        self.1.cancel();
    }

    #[inline]
    fn done(&self) -> impl Future<Output = ()> + Send {
        self.0.done()
    }
}

impl Caster for broadcast::Sender<u64> {
    type Listener = broadcast::Receiver<u64>;

    fn new(capacity: usize) -> Self {
        chan::broadcast(capacity).0
    }

    fn subscribe(&self) -> Self::Listener {
        broadcast::Sender::subscribe(self)
    }

    #[inline]
    async fn cast(&self, value: u64) {
        self.send(value).await.expect("there are receivers");
    }
}

impl Listener for broadcast::Receiver<u64> {
    #[inline]
    async fn hear(&mut self) -> u64 {
        self.recv().await.expect("the sender stays")
    }
}

impl Ticks for Ticker {
    fn new(period: Duration) -> Self {
        Ticker::new(period)
    }

    #[inline]
    async fn tick(&mut self) {
        self.recv().await;
    }
}

impl Queue for Gaggle {
    type Sender = chan::Sender<u64>;
    type Receiver = chan::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        chan::bounded(capacity)
    }

    #[inline]
    async fn send(sender: &Self::Sender, value: u64) {
        sender.send(value).await.expect("the receiver stays");
    }

    #[inline]
    async fn recv_within(receiver: &mut Self::Receiver, limit: Duration) -> Option<u64> {
        gaggle::select! {
            value = receiver.recv() => value.ok(),
            () = sleep(limit) => None,
        }
    }

    #[inline]
    async fn either([a, b]: &mut [Self::Receiver; 2]) -> u64 {
        let value = gaggle::select! {
            value = a.recv() => value,
            value = b.recv() => value,
        };
        value.expect("the senders stay")
    }

    #[inline]
    async fn any_of_eight(receivers: &mut [Self::Receiver; 8]) -> u64 {
        let [r0, r1, r2, r3, r4, r5, r6, r7] = receivers;
        let value = gaggle::select! {
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
