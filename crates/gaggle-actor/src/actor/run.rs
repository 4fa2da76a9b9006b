//! The loop of an actor: initialisation, messages, signals, the end.

use super::addr::Addr;
use super::behaviour::Actor;
use super::ctx::{Ctx, Next};
use super::slot::Slot;
use crate::process::{Exit, Proc, Process, current, dying, flush_drops, panicked};
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

/// The body of an actor's process. What it holds while it waits for messages is its size, for good.
pub(super) async fn body<A: Actor>(process: Process<A::Msg>, begin: Box<Begin<A>>) -> Exit {
    let mut cx = Ctx::<A>::new(process);
    let mut actor = match initialise(begin, &mut cx).await {
        Ok(actor) => actor,
        Err(exit) => return exit,
    };
    let mut exit = serve(&mut actor, &mut cx).await;
    let crashed = {
        let mut last = pin!(actor.terminate(&exit, &mut cx));
        poll_fn(|task| catch(last.as_mut(), task)).await
    };
    if let Err(panic) = crashed {
        exit = panic;
    }
    // Before the state is dropped: replies that it holds are dropped in vain.
    dying(cx.process.mail.as_ref(), &exit);
    exit
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
async fn serve<A: Actor>(actor: &mut A, cx: &mut Ctx<A>) -> Exit {
    if let Err(exit) = entered(actor, cx).await {
        return exit;
    }
    loop {
        let (done, label) = match cx.next().await {
            Next::Stop(reason) => return reason,
            Next::Message(message) => {
                cx.begins();
                let label = A::label(&message);
                let mut waited = false;
                let mut handler = pin!(actor.handle(message, cx));
                let done = poll_fn(|task| {
                    let polled = catch(handler.as_mut(), task);
                    if polled.is_pending() && !waited {
                        waited = true;
                        doing(Some(label));
                    }
                    polled
                });
                let done = done.await;
                if waited {
                    doing(None);
                }
                (done, label)
            }
            Next::Signal(signal) => {
                let mut handler = pin!(actor.on_signal(signal, cx));
                (
                    poll_fn(|task| catch(handler.as_mut(), task)).await,
                    "a signal",
                )
            }
        };
        if let Ok(Ok(())) = done {
            flush_drops();
        } else {
            let exit =
                done.map_or_else(|panic| panic, |failed| failed.err().unwrap_or(Exit::Normal));
            Proc::core(cx.process.mail.as_ref()).set_last(label);
            return exit;
        }
        while cx.has_changed() {
            if let Err(exit) = entered(actor, cx).await {
                return exit;
            }
        }
    }
}

/// Runs the enter action.
async fn entered<A: Actor>(actor: &mut A, cx: &mut Ctx<A>) -> Result<(), Exit> {
    let mut enter = pin!(actor.enter(cx));
    poll_fn(|task| catch(enter.as_mut(), task)).await?
}

/// Notes for dumps what the handler is called that waits; one that comes through at once costs nothing.
fn doing(label: Option<&'static str>) {
    if let Some(proc) = current() {
        proc.core().set_doing(label);
    }
}

/// Polls, and turns a panic into an exit.
fn catch<F: Future>(future: Pin<&mut F>, task: &mut Context<'_>) -> Poll<Result<F::Output, Exit>> {
    match catch_unwind(AssertUnwindSafe(|| future.poll(task))) {
        Ok(polled) => polled.map(Ok),
        Err(payload) => Poll::Ready(Err(panicked(payload.as_ref()))),
    }
}
