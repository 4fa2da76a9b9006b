//! What the rows about tools ask of a runtime: locks, contexts, broadcasts, timers. gaggle and tokio have all of them, and Go's twin its own.

use std::future::Future;
use std::time::Duration;

use crate::runtime::Runtime;

/// A runtime with a ticker.
pub(crate) trait Ticking: Runtime {
    type Ticks: Ticks;
}

/// A runtime with tools of its own.
pub(crate) trait Tools: Ticking {
    type ReadWrite: ReadWrite;
    type Node: Node;
    type Caster: Caster;
    type Queue: Queue;

    /// Makes a timer for an hour, looks whether it has fired, and drops it. Says whether it had.
    fn churn() -> impl Future<Output = bool> + Send;
}

/// A number behind a read-write lock.
pub(crate) trait ReadWrite: Send + Sync + 'static {
    fn new() -> Self;
    fn read(&self) -> impl Future<Output = u64> + Send;
    fn increment(&self) -> impl Future<Output = ()> + Send;
}

/// A context or token in a tree: cancelling one cancels all below it.
pub(crate) trait Node: Send + Sync + Sized + 'static {
    fn root() -> Self;
    fn child(&self) -> Self;
    fn cancel(&self);
    fn done(&self) -> impl Future<Output = ()> + Send;
}

/// Sends each value to all receivers.
pub(crate) trait Caster: Send + Sync + Sized + 'static {
    type Listener: Listener;
    fn new(capacity: usize) -> Self;
    fn subscribe(&self) -> Self::Listener;
    fn cast(&self, value: u64) -> impl Future<Output = ()> + Send;
}

pub(crate) trait Listener: Send + 'static {
    fn hear(&mut self) -> impl Future<Output = u64> + Send;
}

/// A ticker. Those of [`Tools`] skip what they miss.
pub(crate) trait Ticks: Send + Sync + 'static {
    fn new(period: Duration) -> Self;
    fn tick(&mut self) -> impl Future<Output = ()> + Send;
}

/// A bounded channel whose receive may be an arm beside others.
pub(crate) trait Queue: Send + Sync + 'static {
    type Sender: Send + Sync + 'static;
    type Receiver: Send + 'static;
    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);
    fn send(sender: &Self::Sender, value: u64) -> impl Future<Output = ()> + Send;
    /// Receives, unless `limit` is over first: one select with a timer that is made for it.
    fn recv_within(
        receiver: &mut Self::Receiver,
        limit: Duration,
    ) -> impl Future<Output = Option<u64>> + Send;
    fn either(receivers: &mut [Self::Receiver; 2]) -> impl Future<Output = u64> + Send;
    fn any_of_eight(receivers: &mut [Self::Receiver; 8]) -> impl Future<Output = u64> + Send;
}
