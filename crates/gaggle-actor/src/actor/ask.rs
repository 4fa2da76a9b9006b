//! [`Asking`]: a send with a reply in it, and the wait for the answer.

use super::error::AskError;
use super::reply::{Place, Reply};
use super::send::{Entry, Whom};
use crate::process::{AskEnd, Pushed, Ticket, waits_alone};
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use gaggle_rt::time::{Instant, Sleep, sleep_until_later};
use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

/// How long an answer is waited for if nothing is said.
const DEADLINE: Duration = Duration::from_secs(5);

/// A timer in a place that does not move.
type Timer = Pin<Box<Option<Sleep>>>;

/// So many places for timers are kept on each thread for the next asks: most asks are over long before their deadline, so the same few are used all the time.
const SPARE: usize = 64;

thread_local! {
    static TIMERS: RefCell<Vec<Timer>> = const { RefCell::new(Vec::new()) };
}

fn timer(deadline: Instant) -> Timer {
    let spare = TIMERS.try_with(|timers| timers.borrow_mut().pop());
    let mut timer = spare.ok().flatten().unwrap_or_else(|| Box::pin(None));
    timer.set(Some(sleep_until_later(deadline)));
    timer
}

/// Frees the timer, and keeps its place.
fn keep(mut timer: Timer) {
    timer.set(None);
    // Where a thread is about to end, it is dropped.
    let _ = TIMERS.try_with(|timers| {
        let mut timers = timers.borrow_mut();
        if timers.len() < SPARE {
            timers.push(timer);
        }
    });
}

/// The future of [`Addr::ask`](crate::Addr::ask).
#[must_use = "nothing is asked until the future is awaited"]
pub struct Asking<M: Send + 'static, T: Send + 'static, F> {
    whom: Whom<M>,
    make: Option<F>,
    limit: Option<Duration>,
    open: Option<Open<M, T>>,
    site: Site,
}

/// One that has begun.
struct Open<M: Send + 'static, T: Send + 'static> {
    entry: Entry<M>,
    place: Arc<Place<T>>,
    ticket: Ticket,
    deadline: Option<Instant>,
    timer: Option<Timer>,
    /// Its answer is here.
    over: bool,
}

// Nothing in it is pinned.
impl<M: Send + 'static, T: Send + 'static, F> Unpin for Asking<M, T, F> {}

impl<M, T, F> Asking<M, T, F>
where
    M: Send + 'static,
    T: Send + 'static,
    F: FnOnce(Reply<T>) -> M,
{
    pub(super) fn new(whom: Whom<M>, make: F, site: Site) -> Self {
        Self {
            whom,
            make: Some(make),
            limit: Some(DEADLINE),
            open: None,
            site,
        }
    }

    /// Waits so long for the answer, from when it is awaited.
    pub fn deadline(mut self, limit: Duration) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Waits for as long as it takes.
    pub fn no_deadline(mut self) -> Self {
        self.limit = None;
        self
    }

    /// If a [`Slot`](crate::Slot) has no actor now, waits so long for one.
    pub fn wait_up(mut self, how_long: Duration) -> Self {
        self.whom.be_patient(how_long);
        self
    }
}

impl<M, T, F> Future for Asking<M, T, F>
where
    M: Send + 'static,
    T: Send + 'static,
    F: FnOnce(Reply<T>) -> M,
{
    type Output = Result<T, AskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        ready!(poll_proceed(cx, Reason::Event, this.site, 0));
        if this.open.is_none() {
            let addr = ready!(this.whom.poll_addr(cx, this.site));
            let Some(make) = this.make.take() else {
                panic!("an ask was polled after it was ready");
            };
            let Some(addr) = addr else {
                return Poll::Ready(Err(AskError::Restarting));
            };
            let deadline = this.limit.map(|limit| Instant::now() + limit);
            let place = Arc::new(Place::new(addr.pid(), deadline, cx.waker()));
            let reply = Reply::new(place.clone());
            this.open = Some(Open {
                entry: Entry::new(addr, make(reply)),
                place,
                ticket: 0,
                deadline,
                timer: None,
                over: false,
            });
        }
        let Some(open) = &mut this.open else {
            return Poll::Pending;
        };
        let answer = ready!(open.poll(cx, this.site));
        this.open = None;
        Poll::Ready(answer)
    }
}

impl<M: Send + 'static, T: Send + 'static> Open<M, T> {
    fn poll(&mut self, cx: &mut Context<'_>, site: Site) -> Poll<Result<T, AskError>> {
        // An answer to what is sent now wakes the waker of this poll: the place has it from the beginning.
        let first = !self.entry.is_in() && self.entry.parked().is_none();
        if !self.entry.is_in() {
            let waited = self.entry.parked().is_some();
            let place = &self.place;
            match self
                .entry
                .poll(cx, || Some(place.clone() as Arc<dyn AskEnd>))
            {
                Poll::Ready(Some(Pushed::In(ticket))) => self.ticket = ticket,
                Poll::Ready(Some(Pushed::Closed(message))) => {
                    self.place.give_up();
                    drop(message);
                    let died = self.entry.to.core().dying().filter(|_| waited);
                    return Poll::Ready(Err(died.map_or(AskError::NoProc, AskError::Died)));
                }
                Poll::Ready(Some(Pushed::Full(message) | Pushed::Rejected(message))) => {
                    self.place.give_up();
                    drop(message);
                    return Poll::Ready(Err(AskError::Full));
                }
                Poll::Ready(None) | Poll::Pending => {}
            }
        }
        if !first && let Some(answer) = self.place.take(cx.waker()) {
            self.over = true;
            return Poll::Ready(answer);
        }
        // Before the timer notes its own wait, which is a part of this one.
        let object = self.entry.object();
        waits_alone(object, || self.entry.edge(self.ticket, self.place.clone()));
        if let Some(deadline) = self.deadline {
            let timer = self.timer.get_or_insert_with(|| timer(deadline));
            if let Some(sleep) = timer.as_mut().as_pin_mut()
                && sleep.poll(cx).is_ready()
            {
                return Poll::Ready(Err(AskError::Timeout));
            }
        }
        note_wait(Reason::Event, site, object);
        Poll::Pending
    }
}

impl<M: Send + 'static, T: Send + 'static> Drop for Open<M, T> {
    fn drop(&mut self) {
        if !self.over {
            self.place.give_up();
        }
        if self.ticket > 0 {
            self.entry.to.target.forget_ask(self.ticket);
        }
        if let Some(timer) = self.timer.take() {
            keep(timer);
        }
    }
}

impl<M: Send + 'static, T: Send + 'static, F> fmt::Debug for Asking<M, T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asking")
            .field("limit", &self.limit)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
