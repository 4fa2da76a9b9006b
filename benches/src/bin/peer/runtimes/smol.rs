//! smol: a static executor, and a thread for each worker that also drives timers.
//!
//! This is what `smol::spawn` sets up, with the cheaper `StaticExecutor` and a fixed number of threads.

use std::future::{Future, pending};
use std::thread;
use std::time::Duration;

use async_executor::{StaticExecutor, Task};
use async_io::Timer;
use async_lock::Mutex;
use futures_lite::{StreamExt, future};

use crate::runtime::{Countdown, Counter, Runtime};
use crate::tools::{Ticking, Ticks};

static EXECUTOR: StaticExecutor = StaticExecutor::new();

pub(crate) struct Smol;

impl Runtime for Smol {
    type Join<T: Send + 'static> = Task<T>;
    type WaitGroup = Countdown;
    type Counter = Mutex<u64>;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        for worker in 0..workers {
            let builder = thread::Builder::new().name(format!("smol-{worker}"));
            let work = || async_io::block_on(EXECUTOR.run(pending::<()>()));
            builder.spawn(work).expect("threads can be started");
        }
        // The plain `block_on`: this thread only waits, and leaves the timers to the workers.
        future::block_on(root)
    }

    #[inline]
    fn spawn<F>(future: F) -> Self::Join<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        EXECUTOR.spawn(future)
    }

    #[inline]
    fn go<F>(future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        EXECUTOR.spawn(future).detach();
    }

    #[inline]
    async fn sleep(duration: Duration) {
        Timer::after(duration).await;
    }
}

impl Ticking for Smol {
    type Ticks = Timer;
}

/// It makes up for the ticks that it missed, all at once.
impl Ticks for Timer {
    fn new(period: Duration) -> Self {
        Timer::interval(period)
    }

    #[inline]
    async fn tick(&mut self) {
        self.next().await;
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
