//! The one way to start a thread, to let one sleep, and to wait for a future on one.

use crate::blocked;
use crate::context::{self, blocking_region};
use crate::park::Parker;
use crate::steps;
use crate::wait::Waiting;
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::JoinHandle;
use std::time::Duration;

/// Starts a thread called `name`.
///
/// # Errors
/// When the system has no thread to give.
pub fn start<R: Send + 'static>(
    name: String,
    f: impl FnOnce() -> R + Send + 'static,
) -> io::Result<JoinHandle<R>> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one way to start a thread"
    )]
    std::thread::Builder::new().name(name).spawn(f)
}

/// Blocks the calling thread for about `duration`. For back-off and for tests of blocking; goroutines sleep by a timer.
pub fn nap(duration: Duration) {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one way to let a thread sleep"
    )]
    std::thread::sleep(duration);
}

/// How long a thread looks for its wake-up before it sleeps: a futex round trip costs more than a hand-over between two CPUs.
const SPINS: u32 = 400;

/// A thread's own parker in the form of a waker.
struct ThreadWaker(Parker);

impl Wake for ThreadWaker {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.unpark();
    }
}

thread_local! {
    static WAKER: Arc<ThreadWaker> = Arc::new(ThreadWaker(Parker::new()));
}

/// Polls `future` on the calling thread until it is ready, and sleeps in between.
///
/// `before_sleep` is called after each poll that was not ready; a `Some` ends the wait with that value.
/// In a goroutine the worker's queue is handed over before the thread first sleeps.
/// On a plain thread the future has the budget that a goroutine has: so nothing in it hides the rest of it by being always ready.
pub fn wait_for_or<F: Future, R>(
    future: F,
    finish: impl FnOnce(F::Output) -> R,
    mut before_sleep: impl FnMut(&Waker) -> Option<R>,
) -> R {
    let mut future = pin!(future);
    // A future that blocks inside its own poll must not find our permit: each nesting level has a parker of its own.
    let thread = WAKER
        .try_with(|w| (Arc::strong_count(w) == 1).then(|| w.clone()))
        .ok()
        .flatten()
        .unwrap_or_else(|| Arc::new(ThreadWaker(Parker::new())));
    let waker = Waker::from(thread.clone());
    let mut cx = Context::from_waker(&waker);
    let mut waiting = match poll_noted(future.as_mut(), &mut cx) {
        (Poll::Ready(output), _) => return finish(output),
        (Poll::Pending, waiting) => waiting,
    };
    blocking_region(|| {
        loop {
            if let Some(r) = before_sleep(&waker) {
                return r;
            }
            let permit = thread.clone();
            let driven =
                steps::with(|steps| steps.run_until(Arc::new(move || permit.0.has_permit())));
            if driven.is_some() {
                thread.0.try_park();
            } else if !thread.0.spin(SPINS) {
                blocked::sleep_on(&thread.0, context::current(), waiting);
            }
            match poll_noted(future.as_mut(), &mut cx) {
                (Poll::Ready(output), _) => return finish(output),
                (Poll::Pending, now) => waiting = now,
            }
        }
    })
}

/// Polls once, and says what the future waits for.
fn poll_noted<F: Future>(future: Pin<&mut F>, cx: &mut Context<'_>) -> (Poll<F::Output>, Waiting) {
    if context::is_inside() {
        let polled = future.poll(cx);
        return (
            polled,
            context::last_wait().unwrap_or_else(Waiting::unknown),
        );
    }
    context::noted(|| future.poll(cx))
}

/// Polls `future` on the calling thread until it is ready, and sleeps in between.
pub fn wait_for<F: Future>(future: F) -> F::Output {
    wait_for_or(future, |output| output, |_| None)
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::future::poll_fn;

    #[test]
    fn a_ready_future_needs_no_sleep() {
        assert_eq!(wait_for(async { 3 }), 3);
    }

    #[test]
    fn a_wake_from_another_thread_ends_the_wait() {
        let mut started = false;
        let future = poll_fn(|cx| {
            if started {
                return Poll::Ready(wait_for(async { 7 }));
            }
            started = true;
            let waker = cx.waker().clone();
            start("waker".into(), move || waker.wake()).unwrap();
            Poll::Pending
        });
        assert_eq!(wait_for(future), 7);
    }

    #[test]
    fn a_wait_inside_a_wait_does_not_take_the_outer_permit() {
        let mut polls = 0;
        let outer = poll_fn(|cx| {
            polls += 1;
            if polls == 1 {
                cx.waker().wake_by_ref();
                let mut inner_polls = 0;
                wait_for(poll_fn(|cx| {
                    inner_polls += 1;
                    if inner_polls == 3 {
                        return Poll::Ready(());
                    }
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }));
                return Poll::Pending;
            }
            Poll::Ready(polls)
        });
        assert_eq!(wait_for(outer), 2);
    }
}
