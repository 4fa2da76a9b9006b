//! The mailbox: a bounded queue, those who wait for room, the asks that are open.
//!
//! All of it is under one lock, one that spins: it is held for a few dozen instructions. A message, an ask or a foreign waker may be moved under it, but neither cloned nor dropped. The place of an answer may be asked under it, which has a lock of its own.
//! The queue grows as it is needed, up to the capacity: an idle process has none.
//!
//! * Room is given to those who wait in the order in which they came: it is reserved for the first one, who then puts its message in.
//!   Who comes while somebody waits has to wait too. Of several who have room at the same time the first one to run is in first: a message is put in by its sender, so one that is given up then is not sent.
//! * An ask is noted with its message, so that it fails as soon as the process is dying, wherever its reply is by then.
//!
//! This file must not know what a link is, nor what a message means.

use super::core::{Core, Proc, Stock};
use super::exit::Exit;
use super::obituary;
use super::slab::Slab;
use gaggle_base::spin::SpinLock;
use gaggle_base::waker::is_goroutine;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Waker};

/// What becomes of a message that finds the mailbox full.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overflow {
    /// Its sender waits for room.
    #[default]
    Wait,
    /// Its sender gets it back.
    Reject,
    /// It takes the place of the message that has waited longest, which is dropped and counted.
    DropOldest,
    /// It is dropped and counted.
    DropNewest,
}

/// The asking end of an ask, whatever its answer is.
pub(crate) trait AskEnd: Send + Sync {
    /// The process of that number is dying.
    fn died(&self, exit: &Exit);
    /// The reply was dropped, or the message was shed.
    fn dropped(&self);
    /// There can be no answer: these processes wait for each other.
    fn circle(&self, path: &Arc<[String]>);
    /// Is it still without an answer?
    fn is_open(&self) -> bool;
}

/// Which ask is noted with a message; 0: none.
pub(crate) type Ticket = u32;

/// A message with what is noted about it.
pub(crate) struct Letter<M> {
    pub(crate) message: M,
    ticket: Ticket,
}

/// The outcome of an attempt to put a message in.
pub(crate) enum Pushed<M> {
    In(Ticket),
    Full(M),
    Rejected(M),
    Closed(M),
}

/// Who waits for room.
struct Parked {
    number: u64,
    /// Until there is room for it.
    waker: Option<Waker>,
}

impl Parked {
    fn is_granted(&self) -> bool {
        self.waker.is_none()
    }
}

/// Those who wait for room.
#[derive(Default)]
struct Lot {
    parked: VecDeque<Parked>,
    last: u64,
}

struct Inner<M> {
    queue: VecDeque<Letter<M>>,
    /// How many messages have been taken out.
    taken: u64,
    /// The receiver's, while it waits.
    waker: Option<Waker>,
    /// From the first one on who has to wait.
    lot: Option<Box<Lot>>,
    /// For how many messages there is room kept.
    reserved: u32,
    asks: Slab<Arc<dyn AskEnd>>,
    /// The ask of the message that is being handled.
    current: Ticket,
    closed: bool,
    dropped: u64,
}

/// A process and its mailbox, in one allocation.
pub(crate) struct Mail<M> {
    core: Core,
    inner: SpinLock<Inner<M>>,
    capacity: usize,
    overflow: Overflow,
}

/// Where messages of one type go.
pub(crate) trait Target<M>: Send + Sync {
    fn proc(self: Arc<Self>) -> Arc<dyn Proc>;
    fn core(&self) -> &Core;
    /// Puts a message in. `granted`: by one for whom there is room reserved.
    fn push(&self, message: M, ask: Option<Arc<dyn AskEnd>>, granted: bool) -> Pushed<M>;
    /// Reserves room for one message, as far as the mailbox does not drop instead.
    fn reserve(&self) -> Pushed<()>;
    /// Waits for room. `None`: there is some, or the mailbox is closed.
    fn park(&self, cx: &Context<'_>) -> Option<u64>;
    /// Is there room for the one with that number, or is the mailbox closed?
    fn is_granted(&self, number: u64, cx: &Context<'_>) -> bool;
    /// Does not wait any more, and gives back what was reserved.
    fn leave(&self, number: u64);
    /// Nobody waits for the answer to this ask any more.
    fn forget_ask(&self, ticket: Ticket);
    /// How many messages were dropped because the mailbox was full.
    fn dropped(&self) -> u64;
    fn capacity(&self) -> usize;
}

impl<M: Send + 'static> Mail<M> {
    pub(super) fn new(core: Core, capacity: usize, overflow: Overflow, first: VecDeque<M>) -> Self {
        let letter = |message| Letter { message, ticket: 0 };
        core.tail.store(first.len() as u64, Ordering::Relaxed);
        Self {
            core,
            inner: SpinLock::new(Inner {
                queue: first.into_iter().map(letter).collect(),
                taken: 0,
                waker: None,
                lot: None,
                reserved: 0,
                asks: Slab::new(),
                current: 0,
                closed: false,
                dropped: 0,
            }),
            capacity: capacity.max(1),
            overflow,
        }
    }

    /// How many messages have been taken out: notices that were queued behind no more than these are due.
    pub(super) fn taken(&self) -> u64 {
        self.inner.lock().taken
    }

    /// Takes the oldest message. `None`: there is none, and `cx` will be woken.
    pub(super) fn pop(&self, cx: &Context<'_>) -> Option<M> {
        let foreign = foreign(cx);
        let mut inner = self.inner.lock();
        inner.current = 0;
        let Some(letter) = inner.queue.pop_front() else {
            let waker = foreign.unwrap_or_else(|| cx.waker().clone());
            let old = inner.waker.replace(waker);
            drop(inner);
            drop(old);
            return None;
        };
        let old = inner.waker.take();
        inner.taken += 1;
        inner.current = letter.ticket;
        let waker = inner.grant(self.capacity);
        drop(inner);
        drop(old);
        super::core::wake(waker);
        Some(letter.message)
    }

    /// The message that was taken last has been handled.
    pub(crate) fn handled(&self) {
        self.inner.lock().current = 0;
    }

    /// What is left in it.
    pub(super) fn drain(&self) -> VecDeque<M> {
        let queue = std::mem::take(&mut self.inner.lock().queue);
        queue.into_iter().map(|letter| letter.message).collect()
    }

    /// What is left in it and can be handled by somebody else: what nobody has asked for or given up.
    pub(super) fn tells(&self) -> VecDeque<M> {
        let queue = std::mem::take(&mut self.inner.lock().queue);
        let mut lost = Vec::new();
        let mut kept = VecDeque::new();
        for letter in queue {
            if letter.ticket == 0 {
                kept.push_back(letter.message);
            } else {
                lost.push(letter.message);
            }
        }
        kept
    }
}

/// A clone of the waker, if it may not be cloned under a lock.
fn foreign(cx: &Context<'_>) -> Option<Waker> {
    (!is_goroutine(cx.waker())).then(|| cx.waker().clone())
}

impl Lot {
    fn take(&mut self, number: u64) -> Option<Parked> {
        let at = self.parked.iter().position(|p| p.number == number)?;
        self.parked.remove(at)
    }
}

impl<M> Inner<M> {
    /// Those who wait for room, in the order in which they came.
    fn parked(&self) -> impl Iterator<Item = &Parked> {
        self.lot.iter().flat_map(|lot| &lot.parked)
    }

    fn has_room(&self, capacity: usize) -> bool {
        self.queue.len() + (self.reserved as usize) < capacity
    }

    /// Room is granted in order, so if anybody has none it is the last one.
    fn somebody_waits(&self) -> bool {
        let last = self.lot.as_ref().and_then(|lot| lot.parked.back());
        last.is_some_and(|last| !last.is_granted())
    }

    /// Reserves room for the first one who waits, if there is any.
    fn grant(&mut self, capacity: usize) -> Option<Waker> {
        if self.lot.is_none() || !self.has_room(capacity) {
            return None;
        }
        let first = self
            .lot
            .as_mut()?
            .parked
            .iter_mut()
            .find(|parked| !parked.is_granted())?;
        self.reserved += 1;
        first.waker.take()
    }
}

impl<M: Send + 'static> Target<M> for Mail<M> {
    fn proc(self: Arc<Self>) -> Arc<dyn Proc> {
        self
    }

    fn core(&self) -> &Core {
        &self.core
    }

    fn push(&self, message: M, ask: Option<Arc<dyn AskEnd>>, granted: bool) -> Pushed<M> {
        let mut shed = None;
        let mut inner = self.inner.lock();
        if inner.closed {
            return Pushed::Closed(message);
        }
        inner.reserved -= u32::from(granted);
        let sheds = matches!(self.overflow, Overflow::DropOldest | Overflow::DropNewest);
        if granted && !sheds {
            // There is room.
        } else if !inner.has_room(self.capacity) || inner.somebody_waits() {
            match self.overflow {
                Overflow::Wait => return Pushed::Full(message),
                Overflow::Reject => return Pushed::Rejected(message),
                Overflow::DropNewest => {
                    inner.dropped += 1;
                    drop(inner);
                    obituary::count_dead_letters(1);
                    drop(message);
                    return Pushed::In(0);
                }
                Overflow::DropOldest => {
                    inner.dropped += 1;
                    inner.taken += 1;
                    shed = inner.queue.pop_front();
                }
            }
        }
        let ticket = ask.map_or(0, |ask| inner.asks.insert(ask) + 1);
        if inner.queue.capacity() == 0 {
            // Most mailboxes never hold more than one.
            inner.queue.reserve_exact(1);
        }
        inner.queue.push_back(Letter { message, ticket });
        // Release pairs with the acquire in `Core::notify`.
        self.core.tail.fetch_add(1, Ordering::Release);
        let waker = inner.waker.take();
        drop(inner);
        super::core::wake(waker);
        if shed.is_some() {
            obituary::count_dead_letters(1);
        }
        Pushed::In(ticket)
    }

    fn reserve(&self) -> Pushed<()> {
        let mut inner = self.inner.lock();
        if inner.closed {
            return Pushed::Closed(());
        }
        let full = !inner.has_room(self.capacity) || inner.somebody_waits();
        match self.overflow {
            Overflow::Wait if full => return Pushed::Full(()),
            Overflow::Reject if full => return Pushed::Rejected(()),
            _ => {}
        }
        inner.reserved += 1;
        Pushed::In(0)
    }

    fn park(&self, cx: &Context<'_>) -> Option<u64> {
        let foreign = foreign(cx);
        let mut inner = self.inner.lock();
        let free = inner.has_room(self.capacity) && !inner.somebody_waits();
        if inner.closed || free {
            return None;
        }
        let lot = inner.lot.get_or_insert_default();
        lot.last += 1;
        let number = lot.last;
        lot.parked.push_back(Parked {
            number,
            waker: foreign.or_else(|| Some(cx.waker().clone())),
        });
        Some(number)
    }

    fn is_granted(&self, number: u64, cx: &Context<'_>) -> bool {
        let foreign = foreign(cx);
        let mut inner = self.inner.lock();
        let Some(parked) = inner.lot.as_mut().map(|lot| &mut lot.parked) else {
            return true;
        };
        let Some(at) = parked.iter().position(|p| p.number == number) else {
            return true;
        };
        let Some(waker) = &mut parked[at].waker else {
            parked.remove(at);
            return true;
        };
        let mut old = None;
        if !waker.will_wake(cx.waker()) {
            let new = foreign.unwrap_or_else(|| cx.waker().clone());
            old = Some(std::mem::replace(waker, new));
        }
        drop(inner);
        drop(old);
        false
    }

    fn leave(&self, number: u64) {
        let mut inner = self.inner.lock();
        let Some(parked) = inner.lot.as_mut().and_then(|lot| lot.take(number)) else {
            return;
        };
        if parked.is_granted() {
            inner.reserved -= 1;
        }
        let waker = inner.grant(self.capacity);
        drop(inner);
        super::core::wake(waker);
    }

    fn forget_ask(&self, ticket: Ticket) {
        if ticket > 0 {
            let ask = self.inner.lock().asks.remove(ticket - 1);
            drop(ask);
        }
    }

    fn dropped(&self) -> u64 {
        self.inner.lock().dropped
    }

    fn capacity(&self) -> usize {
        self.capacity
    }
}

impl<M: Send + 'static> Proc for Mail<M> {
    fn core(&self) -> &Core {
        &self.core
    }

    fn close(&self) {
        let parked = {
            let mut inner = self.inner.lock();
            inner.closed = true;
            let lot = inner.lot.as_mut();
            lot.map(|lot| std::mem::take(&mut lot.parked))
        };
        // Whoever is not among them has room, and finds that the mailbox is closed.
        let parked = parked.into_iter().flatten();
        parked.filter_map(|p| p.waker).for_each(Waker::wake);
    }

    fn fail_asks(&self, exit: &Exit) {
        let asks = self.inner.lock().asks.take_all();
        let asks: Vec<_> = asks.collect();
        if !asks.is_empty() {
            self.core.life().mourned = true;
        }
        for ask in asks {
            ask.died(exit);
        }
    }

    fn holds_ask(&self, ticket: Ticket) -> bool {
        let inner = self.inner.lock();
        let open = ticket > 0 && inner.asks.get(ticket - 1).is_some_and(|ask| ask.is_open());
        open && (inner.current == ticket || inner.queue.iter().any(|l| l.ticket == ticket))
    }

    fn is_parked(&self, number: u64) -> bool {
        let inner = self.inner.lock();
        !inner.closed
            && inner
                .parked()
                .any(|p| p.number == number && !p.is_granted())
    }

    fn queued(&self) -> usize {
        self.inner.lock().queue.len()
    }

    fn stock(&self) -> Stock {
        let inner = self.inner.lock();
        Stock {
            queued: inner.queue.len(),
            capacity: self.capacity,
            parked: inner.parked().count(),
            dropped: inner.dropped,
            waits: inner.waker.is_some(),
        }
    }
}
