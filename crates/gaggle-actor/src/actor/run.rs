//! The loop of an actor: initialisation, messages, signals, the end.

use super::addr::Addr;
use super::behaviour::Actor;
use super::ctx::{Ctx, Next};
use super::slot::Slot;
use crate::process::{Exit, Proc, Process, Signal, current, dying, flush_drops, panicked};
use gaggle_rt::time::timeout;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

/// What an actor needs at its start only.
pub(super) struct Begin<A: Actor> {
    pub(super) args: Arc<A::Args>,
    pub(super) slot: Option<Slot<A::Msg>>,
    pub(super) limit: Option<Duration>,
}

/// The body of an actor's process. What it holds while it waits for messages is its size, for good: hence blocks in this file, for an `async fn` keeps its arguments twice.
pub(super) fn body<A: Actor>(
    process: Process<A::Msg>,
    begin: Box<Begin<A>>,
) -> impl Future<Output = Exit> + Send {
    let mut cx = Ctx::<A>::new(process);
    async move {
        let cx = &mut cx;
        let mut actor = match initialise(begin, cx).await {
            Ok(actor) => actor,
            Err(exit) => return exit,
        };
        let mut exit = serve(&mut actor, cx).await;
        let crashed = {
            let mut last = pin!(actor.terminate(&exit, cx));
            poll_fn(|task| catch(last.as_mut(), task)).await
        };
        if let Err(panic) = crashed {
            exit = panic;
        }
        // Before the state is dropped: replies that it holds are dropped in vain.
        dying(cx.process.mail.as_ref(), &exit);
        exit
    }
}

async fn initialise<A: Actor>(begin: Box<Begin<A>>, cx: &mut Ctx<A>) -> Result<A, Exit> {
    let actor = match begin.limit {
        None => A::init(&begin.args, cx).await?,
        Some(limit) => {
            let in_time = Box::pin(timeout(limit, A::init(&begin.args, cx)));
            in_time.await.unwrap_or(Err(Exit::Timeout))?
        }
    };
    flush_drops();
    if let Some(slot) = &begin.slot {
        slot.fill(&Addr::of(&cx.process.mail));
    }
    cx.process.ready();
    Ok(actor)
}

/// Handles what comes, until something ends it.
#[expect(clippy::manual_async_fn, reason = "its arguments would be kept twice")]
fn serve<A: Actor>(actor: &mut A, cx: &mut Ctx<A>) -> impl Future<Output = Exit> + Send {
    async move {
        if let Err(exit) = entered(actor, cx).await {
            return exit;
        }
        loop {
            let (done, label) = 'step: {
                // The message is gone from here before its handler runs.
                let message = match cx.next().await {
                    Next::Message(message) => message,
                    Next::Signal(signal) => {
                        break 'step (heard(actor, *signal, cx).await, "a signal");
                    }
                    Next::Stop(reason) => return reason,
                };
                cx.begins();
                let mut doing = Doing {
                    label: A::label(&message),
                    waited: false,
                };
                let mut handler = pin!(actor.handle(message, cx));
                let done = poll_fn(|task| doing.note(catch(handler.as_mut(), task))).await;
                doing.over();
                (done, doing.label)
            };
            if let Err(exit) = done.and_then(|done| done) {
                Proc::core(cx.process.mail.as_ref()).set_last(label);
                return exit;
            }
            flush_drops();
            while cx.has_changed() {
                if let Err(exit) = entered(actor, cx).await {
                    return exit;
                }
            }
        }
    }
}

/// Handles a signal. In a box: few actors ever hear one.
fn heard<'a, A: Actor>(
    actor: &'a mut A,
    signal: Signal,
    cx: &'a mut Ctx<A>,
) -> Pin<Box<dyn Future<Output = Done> + Send + 'a>> {
    Box::pin(async move {
        let mut handler = pin!(actor.on_signal(signal, cx));
        poll_fn(|task| catch(handler.as_mut(), task)).await
    })
}

/// How a handler has ended: `Err`, with a panic.
type Done = Result<Result<(), Exit>, Exit>;

/// The handler that runs, for dumps; one that comes through at once costs nothing.
struct Doing {
    label: &'static str,
    waited: bool,
}

impl Doing {
    fn note<T>(&mut self, polled: Poll<T>) -> Poll<T> {
        if polled.is_pending() && !self.waited {
            self.waited = true;
            Self::say(Some(self.label));
        }
        polled
    }

    fn over(&self) {
        if self.waited {
            Self::say(None);
        }
    }

    fn say(label: Option<&'static str>) {
        if let Some(proc) = current() {
            proc.core().set_doing(label);
        }
    }
}

/// Runs the enter action.
async fn entered<A: Actor>(actor: &mut A, cx: &mut Ctx<A>) -> Result<(), Exit> {
    let mut enter = pin!(actor.enter(cx));
    poll_fn(|task| catch(enter.as_mut(), task)).await?
}

/// Polls, and turns a panic into an exit.
fn catch<F: Future>(future: Pin<&mut F>, task: &mut Context<'_>) -> Poll<Result<F::Output, Exit>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(task))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(panicked(payload.as_ref()))),
    }
}
