//! The body of one goroutine of a group: panics are caught, and the end is told whatever the end is.

use super::tasks::Tasks;
use crate::panics::Payload;
use crate::slab::SlabKey;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// A place among those that run. Dropping it gives the place to the next: also when the goroutine is aborted.
pub(super) struct Slot<E: Send + 'static> {
    tasks: Arc<Tasks<E>>,
    key: SlabKey,
    reported: bool,
}

impl<E: Send + 'static> Slot<E> {
    pub(super) fn new(tasks: Arc<Tasks<E>>, key: SlabKey) -> Self {
        Self {
            tasks,
            key,
            reported: false,
        }
    }
}

impl<E: Send + 'static> Drop for Slot<E> {
    fn drop(&mut self) {
        self.tasks.release(self.key, self.reported);
    }
}

/// Fields are dropped in this order: whoever is told of the end finds the future gone.
struct Body<E: Send + 'static, F> {
    future: F,
    slot: Slot<E>,
}

pub(super) fn body<E, F>(future: F, slot: Slot<E>) -> impl Future<Output = ()> + Send + 'static
where
    E: Send + 'static,
    F: Future<Output = Result<(), E>> + Send + 'static,
{
    let body = Body { future, slot };
    async move {
        let Body { future, mut slot } = body;
        let outcome = caught(future).await;
        slot.reported = true;
        let nobody_waits = slot.tasks.report(outcome);
        drop(slot);
        if let Some(panic) = nobody_waits {
            resume_unwind(panic);
        }
    }
}

/// Runs `future` and drops it; a panic in either is the outcome.
async fn caught<F: Future>(future: F) -> Result<F::Output, Payload> {
    let mut future = pin!(Some(future));
    poll_fn(move |cx| {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let Some(running) = future.as_mut().as_pin_mut() else {
                unreachable!("it is there until it is ready");
            };
            let polled = running.poll(cx);
            if polled.is_ready() {
                future.set(None);
            }
            polled
        }));
        match polled {
            Ok(polled) => polled.map(Ok),
            Err(panic) => {
                // A second panic has nobody to go to; the first is enough.
                let _ = catch_unwind(AssertUnwindSafe(|| future.set(None)));
                Poll::Ready(Err(panic))
            }
        }
    })
    .await
}
