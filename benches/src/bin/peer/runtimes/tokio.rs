//! tokio: its multi-threaded scheduler, whatever the number of workers.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use crate::runtime::{Countdown, Counter, Joined, Runtime};

pub(crate) struct Tokio;

impl Runtime for Tokio {
    type Join<T: Send + 'static> = Joined<JoinHandle<T>>;
    type WaitGroup = Countdown;
    type Counter = Mutex<u64>;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let runtime = Builder::new_multi_thread()
            .worker_threads(workers)
            .enable_time()
            .build();
        runtime.expect("threads can be started").block_on(root)
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Joined(tokio::spawn(future))
    }

    #[inline]
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        drop(tokio::spawn(future));
    }

    #[inline]
    fn sleep(duration: Duration) -> impl Future<Output = ()> + Send {
        tokio::time::sleep(duration)
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
