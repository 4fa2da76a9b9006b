//! What a row asks of an asynchronous channel, and the channels of the peers.
//!
//! Every row sends `u64`. The futures are the channels' own wherever they fit.

use std::fmt::Debug;
use std::future::Future;

use tokio::sync::mpsc;

/// A kind of bounded channel.
pub(crate) trait Channel: Send + Sync + 'static {
    type Sender: Sender;
    type Receiver: Receiver;

    /// Capacity 0 is a rendezvous, or capacity 1 where the channel has none.
    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver);
}

pub(crate) trait Sender: Clone + Send + Sync + 'static {
    type Closed: Debug + Send;

    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send;

    /// Closes the channel. Without such a call, the last sender's drop does; a row closes with the last one.
    fn close(self) {
        drop(self);
    }
}

pub(crate) trait Receiver: Send + Sync + 'static {
    type Closed: Debug + Send;

    fn recv(&mut self) -> impl Future<Output = Result<u64, Self::Closed>> + Send;
}

/// kanal: a rendezvous, many receivers; a dropped receive may lose its message.
pub(crate) struct Kanal;

impl Channel for Kanal {
    type Sender = kanal::AsyncSender<u64>;
    type Receiver = kanal::AsyncReceiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        kanal::bounded_async(capacity)
    }
}

impl Sender for kanal::AsyncSender<u64> {
    type Closed = kanal::SendError;

    #[inline]
    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send {
        kanal::AsyncSender::send(self, value)
    }

    fn close(self) {
        kanal::AsyncSender::close(&self).expect("a row closes a channel once");
    }
}

impl Receiver for kanal::AsyncReceiver<u64> {
    type Closed = kanal::ReceiveError;

    #[inline]
    fn recv(&mut self) -> impl Future<Output = Result<u64, Self::Closed>> + Send {
        kanal::AsyncReceiver::recv(self)
    }
}

/// flume: a rendezvous, many receivers; slow to close with many waiting.
pub(crate) struct Flume;

impl Channel for Flume {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        flume::bounded(capacity)
    }
}

impl Sender for flume::Sender<u64> {
    type Closed = flume::SendError<u64>;

    #[inline]
    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send {
        self.send_async(value)
    }
}

impl Receiver for flume::Receiver<u64> {
    type Closed = flume::RecvError;

    #[inline]
    fn recv(&mut self) -> impl Future<Output = Result<u64, Self::Closed>> + Send {
        self.recv_async()
    }
}

/// async-channel: no rendezvous, many receivers.
pub(crate) struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        async_channel::bounded(capacity.max(1))
    }
}

impl Sender for async_channel::Sender<u64> {
    type Closed = async_channel::SendError<u64>;

    #[inline]
    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send {
        async_channel::Sender::send(self, value)
    }

    fn close(self) {
        async_channel::Sender::close(&self);
    }
}

impl Receiver for async_channel::Receiver<u64> {
    type Closed = async_channel::RecvError;

    #[inline]
    fn recv(&mut self) -> impl Future<Output = Result<u64, Self::Closed>> + Send {
        async_channel::Receiver::recv(self)
    }
}

/// tokio's own: no rendezvous, one receiver.
pub(crate) struct TokioMpsc;

impl Channel for TokioMpsc {
    type Sender = mpsc::Sender<u64>;
    type Receiver = mpsc::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        mpsc::channel(capacity.max(1))
    }
}

impl Sender for mpsc::Sender<u64> {
    type Closed = mpsc::error::SendError<u64>;

    #[inline]
    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send {
        mpsc::Sender::send(self, value)
    }
}

/// A closed channel of tokio, which says so with `None`.
#[derive(Debug)]
pub(crate) struct Closed;

impl Receiver for mpsc::Receiver<u64> {
    type Closed = Closed;

    #[inline]
    async fn recv(&mut self) -> Result<u64, Closed> {
        mpsc::Receiver::recv(self).await.ok_or(Closed)
    }
}
