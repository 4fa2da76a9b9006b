//! gaggle, with its own channel, wait group and lock.

use std::future::Future;
use std::time::Duration;

use gaggle::JoinHandle;
use gaggle::chan;
use gaggle::runtime::Runtime as GaggleRuntime;
use gaggle::sync::{Mutex, WaitGroup as GaggleWaitGroup};

use crate::channel::{Channel, Receiver, Sender};
use crate::runtime::{Counter, Joined, Runtime, WaitGroup};

pub(crate) struct Gaggle;

impl Runtime for Gaggle {
    type Join<T: Send + 'static> = Joined<JoinHandle<T>>;
    type WaitGroup = GaggleWaitGroup;
    type Counter = Mutex<u64>;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = GaggleRuntime::builder().workers(workers).build();
        runtime.expect("threads can be started").block_on(root)
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(gaggle::go(future))
    }

    #[inline]
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(gaggle::go(future));
    }

    #[inline]
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        gaggle::time::sleep(duration)
    }
}

impl WaitGroup for GaggleWaitGroup {
    fn new() -> Self {
        GaggleWaitGroup::new()
    }

    #[inline]
    fn add(&self, n: usize) {
        GaggleWaitGroup::add(self, n);
    }

    #[inline]
    fn done(&self) {
        GaggleWaitGroup::done(self);
    }

    #[inline]
    fn wait(&self) -> impl Future<Output = ()> + Send {
        GaggleWaitGroup::wait(self)
    }
}

impl Counter for Mutex<u64> {
    fn new() -> Self {
        Mutex::new(0)
    }

    #[inline]
    async fn increment(&self) {
        *self.lock().await += 1;
    }

    fn get(&self) -> u64 {
        *self.try_lock().expect("nobody holds the lock")
    }
}

pub(crate) struct GaggleChannel;

impl Channel for GaggleChannel {
    type Sender = chan::Sender<u64>;
    type Receiver = chan::Receiver<u64>;

    fn bounded(capacity: usize) -> (Self::Sender, Self::Receiver) {
        chan::bounded(capacity)
    }
}

impl Sender for chan::Sender<u64> {
    type Closed = chan::SendError<u64>;

    #[inline]
    fn send(&self, value: u64) -> impl Future<Output = Result<(), Self::Closed>> + Send {
        chan::Sender::send(self, value)
    }

    fn close(self) {
        chan::Sender::close(&self);
    }
}

impl Receiver for chan::Receiver<u64> {
    type Closed = chan::RecvError;

    #[inline]
    fn recv(&mut self) -> impl Future<Output = Result<u64, Self::Closed>> + Send {
        chan::Receiver::recv(self)
    }
}
