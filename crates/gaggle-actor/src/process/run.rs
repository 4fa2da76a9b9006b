//! The goroutine around the body of a process: killing, deadlines, panics, the end.
//!
//! The body is polled inside a frame that looks at the control lane before each step: a kill drops the body there, so it takes effect where the process waits next.

use super::chain::{self, Step};
use super::core::{Core, Life, Proc, URGENT, lock};
use super::exit::Exit;
use super::mailbox::{Mail, Overflow};
use super::obituary;
use super::receive::Process;
use super::roll::{Enrolled, enrol};
use super::ties;
use gaggle_base::context;
use gaggle_base::payload::message_of;
use gaggle_base::site::Site;
use gaggle_rt::time::{Instant, Sleep, sleep_until};
use std::collections::VecDeque;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, Once};
use std::task::{Context, Poll};
use std::time::Duration;

/// Where the messages go that a process has not handled, if not to the dead letters.
pub(crate) type Heir<M> = Arc<Mutex<VecDeque<M>>>;

/// How a process is to be.
pub(crate) struct Config<M> {
    pub(crate) kind: &'static str,
    pub(crate) site: Site,
    pub(crate) capacity: usize,
    pub(crate) overflow: Overflow,
    pub(crate) gentle: bool,
    pub(crate) grace: Option<Duration>,
    pub(crate) name: Option<Arc<str>>,
    pub(crate) heir: Option<Heir<M>>,
}

/// Says once that a panic of one process ends them all.
fn warn_of_abort() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        eprintln!("gaggle: built with panic = \"abort\": a panic in an actor ends the program");
    });
}

/// Makes a process, whose goroutine is not started yet.
pub(crate) fn prepare<M: Send + 'static>(config: &Config<M>) -> Arc<Mail<M>> {
    if cfg!(panic = "abort") {
        warn_of_abort();
    }
    let life = Life {
        gentle: config.gentle,
        grace: config.grace,
        name: config.name.clone(),
        ..Life::default()
    };
    let core = Core::new(config.kind, config.site, life);
    let first = config
        .heir
        .as_ref()
        .map(|heir| std::mem::take(&mut *lock(heir)));
    let first = first.unwrap_or_default();
    Arc::new(Mail::new(core, config.capacity, config.overflow, first))
}

/// Starts the goroutine of a process: `make` makes its body there.
pub(crate) fn launch<M, F, Fut>(mail: &Arc<Mail<M>>, heir: Option<Heir<M>>, make: F)
where
    M: Send + 'static,
    F: FnOnce(Process<M>) -> Fut + Send + 'static,
    Fut: Future<Output = Exit> + Send + 'static,
{
    let guard = Ending {
        mail: mail.clone(),
        heir,
        over: false,
        enrolled: None,
    };
    drop(gaggle_rt::go(whole(guard, make)));
}

/// All that a process does. What it holds while it waits is the size of every process, for good.
#[expect(clippy::manual_async_fn, reason = "its arguments would be kept twice")]
fn whole<M, F, Fut>(mut guard: Ending<M>, make: F) -> impl Future<Output = ()> + Send
where
    M: Send + 'static,
    F: FnOnce(Process<M>) -> Fut + Send,
    Fut: Future<Output = Exit> + Send,
{
    async move {
        if let Some(name) = guard.mail.core().name() {
            gaggle_rt::runtime::set_name(&name);
        }
        guard.mail.core().life().who = context::current();
        let proc = Arc::downgrade(&guard.mail);
        guard.enrolled = Some(enrol(proc, guard.mail.core()));
        let exit = {
            let mut body = pin!(make(Process {
                mail: guard.mail.clone(),
            }));
            let mut frame = Frame {
                proc: Some(guard.mail.clone()),
                begun: false,
                waited: false,
                timer: None,
            };
            let exit = poll_fn(|cx| frame.poll(cx, &mut |cx| body.as_mut().poll(cx))).await;
            // Before the body is dropped: replies in it are then dropped in vain.
            ties::dying(guard.mail.as_ref(), &exit);
            exit
        };
        guard.finish(exit);
    }
}

/// The end of a process, however it comes.
struct Ending<M: Send + 'static> {
    mail: Arc<Mail<M>>,
    heir: Option<Heir<M>>,
    over: bool,
    /// From the first step on.
    enrolled: Option<Enrolled>,
}

impl<M: Send + 'static> Ending<M> {
    fn finish(&mut self, exit: Exit) {
        self.over = true;
        self.enrolled = None;
        let core = self.mail.core();
        ties::dying(self.mail.as_ref(), &exit);
        let exit = core.dying().unwrap_or(exit);
        let left = if let Some(heir) = &self.heir {
            *lock(heir) = self.mail.tells();
            0
        } else {
            let queue = self.mail.drain();
            obituary::count_dead_letters(queue.len());
            queue.len()
        };
        let (noticed, last) = ties::ended(core, &exit);
        if exit.is_abnormal() {
            obituary::publish(core, exit, last, noticed, left);
        }
    }
}

impl<M: Send + 'static> Drop for Ending<M> {
    /// The goroutine was aborted, or its runtime has ended.
    fn drop(&mut self) {
        if !self.over {
            self.finish(Exit::Killed);
        }
    }
}

/// What is around each step of the body.
struct Frame {
    proc: Option<Arc<dyn Proc>>,
    begun: bool,
    /// Its life says for whom it waits.
    waited: bool,
    timer: Option<Box<(Instant, Pin<Box<Sleep>>)>>,
}

impl Frame {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        body: &mut dyn FnMut(&mut Context<'_>) -> Poll<Exit>,
    ) -> Poll<Exit> {
        let Some(proc) = self.proc.take() else {
            return Poll::Ready(Exit::Killed);
        };
        if !self.begun || self.waited {
            let mut life = proc.core().life();
            if let Some(orders) = life.orders_mut() {
                orders.waits = None;
            }
            if !self.begun {
                life.waker = Some(cx.waker().clone());
            }
            (self.begun, self.waited) = (true, false);
        }
        if proc.core().has(URGENT)
            && let Some(exit) = self.urgent(proc.core(), cx)
        {
            return Poll::Ready(exit);
        }
        let step = Step::begin(proc);
        let polled = catch_unwind(AssertUnwindSafe(|| body(cx)));
        let (proc, edge) = step.end(!matches!(polled, Ok(Poll::Pending)));
        match polled {
            Ok(Poll::Ready(exit)) => return Poll::Ready(exit),
            Err(payload) => return Poll::Ready(panicked(payload.as_ref())),
            Ok(Poll::Pending) => {}
        }
        if let Some(edge) = edge {
            self.waited = true;
            chain::published(&proc, edge);
        }
        self.proc = Some(proc);
        Poll::Pending
    }

    /// It is to be killed, or will be.
    fn urgent(&mut self, core: &Core, cx: &mut Context<'_>) -> Option<Exit> {
        let deadline = {
            let life = core.life();
            let orders = life.orders()?;
            if let Some(exit) = &orders.kill {
                return Some(exit.clone());
            }
            orders.deadline?
        };
        if self.timer.as_ref().is_none_or(|timer| timer.0 != deadline) {
            self.timer = Some(Box::new((deadline, Box::pin(sleep_until(deadline)))));
        }
        let timer = self.timer.as_mut()?;
        timer.1.as_mut().poll(cx).is_ready().then_some(Exit::Killed)
    }
}

/// The exit of a body that has panicked.
pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Exit {
    Exit::Panic(Arc::from(message_of(payload)))
}
