//! Who may run, when one is to run and the others wait: the core of `Once` and `OnceCell`.
//!
//! # Protocol
//!
//! * `EMPTY`: nobody has run. Whoever finds it takes the turn with one compare-exchange, without the lock.
//! * `RUNNING`: one has the turn. Left under the queues' lock only.
//! * `DONE`: one has run to the end. Nobody enqueues any more, and it stays so.
//!
//! There are two queues under one short lock: `runners` take over a turn that was given up, `watchers` only want to know of the end.
//! A turn that is given up while a runner waits is handed to the one that waits longest, and the state stays `RUNNING`; so nobody barges in.
//! Watchers may wait in `EMPTY` too; runners wait in `RUNNING` only.
//!
//! A waiter's node (see the README of `waitlist` in `gaggle-base`): `Done` = the turn is yours; `Closed` = somebody has run to the end. Its slot stays empty.
//!
//! # Why nobody is forgotten
//!
//! A waiter enqueues under the lock, after it has seen there that the state is not `DONE`, and for a runner that it is `RUNNING`.
//! Both ways out of `RUNNING` go through the lock, so they come after and find the node, or before and the waiter sees them.
//! A waiter that is dropped after the turn was handed to it hands it on (RX-03).

use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::site::Site;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU32, Ordering};
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Node, State, WaitList, Wakes, prepare_waker};
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll, Waker, ready};

const EMPTY: u32 = 0;
const RUNNING: u32 = 1;
const DONE: u32 = 2;

pub(super) struct Turns {
    state: AtomicU32,
    queues: SpinLock<Queues>,
}

struct Queues {
    runners: WaitList<()>,
    watchers: WaitList<()>,
}

impl Queues {
    const NOBODY: Self = Self {
        runners: WaitList::new(),
        watchers: WaitList::new(),
    };

    fn of(&mut self, role: Role) -> &mut WaitList<()> {
        match role {
            Role::Runner => &mut self.runners,
            Role::Watcher => &mut self.watchers,
        }
    }
}

/// What a waiter wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The turn, or the end.
    Runner,
    /// The end.
    Watcher,
}

impl Turns {
    #[cfg(not(loom))]
    pub(super) const fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            queues: SpinLock::new(Queues::NOBODY),
        }
    }

    #[cfg(loom)]
    pub(super) fn new() -> Self {
        Self {
            state: AtomicU32::new(EMPTY),
            queues: SpinLock::new(Queues::NOBODY),
        }
    }

    /// Has one run to the end? What it did is visible then.
    #[inline(always)]
    pub(super) fn is_done(&self) -> bool {
        // Acquire pairs with the release in `Turn::finish` (MM-08).
        self.state.load(Ordering::Acquire) == DONE
    }

    /// The turn, if nobody has it and nobody has run.
    #[inline]
    pub(super) fn try_take(&self) -> Option<Turn<'_>> {
        // Acquire pairs with the release in `give_up`: who runs sees what a run that was given up has left.
        self.state
            .compare_exchange(EMPTY, RUNNING, Ordering::Acquire, Ordering::Relaxed)
            .ok()
            .map(|_| Turn { turns: self })
    }

    /// Waits for the turn or for the end.
    pub(super) fn enter(&self, role: Role, reason: Reason, site: Site) -> Enter<'_> {
        Enter {
            turns: self,
            role,
            reason,
            node: Node::empty(site),
        }
    }

    /// From `DONE` back to `EMPTY`, for a cell whose value was taken out.
    pub(super) fn reset(&mut self) {
        if self.is_done() {
            // Relaxed: nobody else looks at it.
            self.state.store(EMPTY, Ordering::Relaxed);
        }
    }

    #[cold]
    fn give_up(&self) {
        let mut queues = self.queues.lock();
        let waker = pop(&mut queues.runners, State::Done);
        if waker.is_none() {
            self.state.store(EMPTY, Ordering::Release);
        }
        drop(queues);
        waker.into_iter().for_each(Waker::wake);
    }

    fn finish(&self) {
        let mut queues = self.queues.lock();
        self.state.store(DONE, Ordering::Release);
        let mut wakes = Wakes::new();
        loop {
            // Nobody enqueues any more, so the queues only shrink between two batches.
            while !wakes.is_full() {
                let popped = pop(&mut queues.runners, State::Closed);
                match popped.or_else(|| pop(&mut queues.watchers, State::Closed)) {
                    Some(waker) => wakes.push(waker),
                    None => break,
                }
            }
            let more = wakes.is_full();
            drop(queues);
            wakes.wake_all();
            if !more {
                return;
            }
            queues = self.queues.lock();
        }
    }
}

/// Takes the first waiter out and gives it `state`.
fn pop(queue: &mut WaitList<()>, state: State) -> Option<Waker> {
    let (node, waker) = queue.pop_front()?;
    // The last access to the node (invariant W3).
    node.set_state(state);
    Some(waker)
}

/// The right to run. Dropping it gives it up: the runner that waits longest gets it.
#[must_use = "the turn is given up as soon as it is dropped"]
pub(super) struct Turn<'a> {
    turns: &'a Turns,
}

impl Turn<'_> {
    /// It has run to the end: everybody is released.
    pub(super) fn finish(self) {
        let turns = self.turns;
        std::mem::forget(self);
        turns.finish();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.turns.give_up();
    }
}

/// The future of [`Turns::enter`]: the turn, or `None` at the end. A watcher never gets the turn.
#[must_use = "the wait happens only when the future is awaited"]
pub(super) struct Enter<'a> {
    turns: &'a Turns,
    role: Role,
    reason: Reason,
    node: Node<()>,
}

impl<'a> Enter<'a> {
    fn wait<T>(&self) -> Poll<T> {
        let object = ptr::from_ref(self.turns).addr() as u64;
        note_wait(self.reason, self.node.site, object);
        Poll::Pending
    }

    fn settled<T>(&self, result: T) -> Poll<T> {
        self.node.set_state(State::Finished);
        Poll::Ready(result)
    }

    /// The turn or the end, if there is either at this instant.
    fn attempt(&self) -> Poll<Option<Turn<'a>>> {
        if self.turns.is_done() {
            return self.settled(None);
        }
        match self.role {
            Role::Runner => self.turns.try_take(),
            Role::Watcher => None,
        }
        .map_or(Poll::Pending, |turn| self.settled(Some(turn)))
    }

    fn enqueue(&self, cx: &Context<'_>) -> Poll<Option<Turn<'a>>> {
        let prepared = prepare_waker(cx.waker());
        let mut queues = self.turns.queues.lock();
        // It cannot become `DONE` while we hold the lock, nor leave `RUNNING`: so this look decides.
        if let Poll::Ready(result) = self.attempt() {
            return Poll::Ready(result);
        }
        let waker = prepared.unwrap_or_else(|| cx.waker().clone());
        // SAFETY: the node is `Idle`, so it is in no list; it is pinned with this future, and `Drop` unlinks it.
        unsafe { queues.of(self.role).push_back(&self.node, waker) };
        drop(queues);
        self.wait()
    }

    #[cold]
    fn cancel(&self) {
        let mut queues = self.turns.queues.lock();
        match self.node.state() {
            State::Waiting => {
                // SAFETY: by its state the node is in the queue of its role.
                let waker = unsafe { queues.of(self.role).remove(&self.node) };
                drop(queues);
                drop(waker);
            }
            State::Done => {
                drop(queues);
                self.turns.give_up();
            }
            State::Idle | State::Closed | State::Finished => {}
        }
    }
}

impl<'a> Future for Enter<'a> {
    type Output = Option<Turn<'a>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.into_ref().get_ref();
        let turns = this.turns;
        match this.node.state() {
            State::Idle => {
                let object = ptr::from_ref(turns).addr() as u64;
                ready!(poll_proceed(cx, this.reason, this.node.site, object));
                match this.attempt() {
                    Poll::Pending => this.enqueue(cx),
                    ready @ Poll::Ready(_) => ready,
                }
            }
            State::Waiting => {
                let waker = cx.waker().clone();
                let mut queues = turns.queues.lock();
                if this.node.state() == State::Waiting {
                    // SAFETY: by its state the node is in the queue of its role.
                    let old = unsafe { queues.of(this.role).renew_waker(&this.node, waker) };
                    drop(queues);
                    drop(old);
                    return this.wait();
                }
                drop(queues);
                drop(waker);
                let granted = this.node.state() == State::Done;
                // Not `then_some`: a turn that was made for nothing would be given up.
                this.settled(granted.then(|| Turn { turns }))
            }
            State::Done => this.settled(Some(Turn { turns })),
            State::Closed => this.settled(None),
            State::Finished => panic!("a wait was polled after it was ready"),
        }
    }
}

impl Drop for Enter<'_> {
    fn drop(&mut self) {
        match self.node.state() {
            State::Idle | State::Closed | State::Finished => {}
            State::Waiting | State::Done => self.cancel(),
        }
    }
}
