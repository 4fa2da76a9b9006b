//! What the models of this crate share: an executor for one loom thread, and values that are counted.

use gaggle_base::park::Parker;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Loom's limits, and at most `preemptions` switches against a thread's will, unless the environment says how many.
pub(crate) fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(f);
}

/// A loom thread's parker as a waker. It is a foreign one: wait lists clone it outside their locks.
struct ThreadWaker(Parker);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Polls `future` until it is ready and sleeps in between. A wake-up that is lost is a deadlock, which loom reports.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    block_on_pinned(pin!(future))
}

/// As [`block_on`], for a future that was polled before.
pub(crate) fn block_on_pinned<F: Future>(mut future: Pin<&mut F>) -> F::Output {
    let thread = Arc::new(ThreadWaker(Parker::new()));
    let waker = Waker::from(thread.clone());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        thread.0.park();
    }
}

/// Polls once, with a waker that does nothing.
pub(crate) fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// A value that is counted while it lives.
#[derive(Debug)]
pub(crate) struct Token(pub(crate) u32, Arc<AtomicUsize>);

/// Counts tokens. The count is `std`'s: it is no part of the model.
#[derive(Clone, Default)]
pub(crate) struct Mint(Arc<AtomicUsize>);

impl Mint {
    pub(crate) fn token(&self, n: u32) -> Token {
        self.0.fetch_add(1, Ordering::Relaxed);
        Token(n, self.0.clone())
    }

    /// Every token was dropped, and none twice.
    pub(crate) fn assert_even(&self) {
        assert_eq!(
            self.0.load(Ordering::Relaxed),
            0,
            "tokens leaked (or, if huge, dropped twice)"
        );
    }
}

impl Drop for Token {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Ordering::Relaxed);
    }
}
