//! What is known of a process whatever its messages are: its life, its control lane.
//!
//! The life is under one lock, which its own goroutine takes only when a flag says that there is something; see `lib.rs` for the order of locks.
//! This file must not know what becomes of links and monitors: that is in `ties.rs`.

use super::chain::Edge;
use super::exit::Exit;
use super::monitor::MonitorId;
use super::ties::Ties;
use gaggle_base::site::Site;
use gaggle_base::wait::Who;
use gaggle_chan::sync::Event;
use gaggle_rt::time::Instant;
use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;

/// The number of a process: never used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pid(pub(crate) u64);

impl Pid {
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// Of no process.
    pub(crate) const NOBODY: Self = Self(0);

    /// The number itself.
    #[must_use]
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pid({})", self.0)
    }
}

/// What a process hears of others.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// A linked process has ended. Only those that [trap exits](crate::Ctx::trap_exits) hear it.
    Exit {
        /// Who.
        from: Pid,
        /// Why.
        reason: Exit,
    },
    /// A monitored process has ended, or was not there.
    Down {
        /// Which monitor it was.
        monitor: MonitorId,
        /// Who; `None` if nobody had the name.
        pid: Option<Pid>,
        /// The name by which it was monitored, if it was by one.
        name: Option<Arc<str>>,
        /// Why.
        reason: Exit,
    },
}

/// What is in the control lane beside stop and kill.
#[derive(Debug)]
pub(crate) enum Notice {
    Signal(Signal),
    /// The child at this place has ended, or, without an exit, has finished its initialisation.
    Child(u64, Option<Exit>),
}

/// What is done for a process as soon as it is dying, before anybody hears of it: names and groups are freed.
pub(crate) trait Cleanup: Send + Sync {
    fn gone(&self, pid: Pid, exit: &Exit);
}

/// A process whose messages one need not know.
pub(crate) trait Proc: Send + Sync {
    fn core(&self) -> &Core;
    /// Nothing is accepted any more; who waits for room is woken. What is queued stays.
    fn close(&self);
    /// All open asks fail.
    fn fail_asks(&self, exit: &Exit);
    /// Is this ask certain to be answered by nobody but the handler that runs, or one after it?
    fn holds_ask(&self, key: u32) -> bool;
    /// Is the sender with this number still waiting for room?
    fn is_parked(&self, waiter: u64) -> bool;
    /// How many messages are queued.
    fn queued(&self) -> usize;
    /// What there is to see of the mailbox.
    fn stock(&self) -> Stock;
}

/// What there is to see of a mailbox.
pub(crate) struct Stock {
    pub(super) queued: usize,
    pub(super) capacity: usize,
    /// How many senders wait for room.
    pub(super) parked: usize,
    pub(super) dropped: u64,
    /// The process waits for a message.
    pub(super) waits: bool,
}

/// There is something in the control lane.
pub(super) const CONTROL: u32 = 1;
/// It is to be killed, or has a deadline: for the goroutine around the body.
pub(super) const URGENT: u32 = 2;
/// It has finished its initialisation.
pub(super) const READY: u32 = 4;
/// It is dying or dead.
pub(super) const DYING: u32 = 8;
/// It has been asked to stop.
pub(super) const STOPPING: u32 = 16;

pub(crate) struct Core {
    pub(crate) pid: Pid,
    /// The type of its actor or of its messages, for people.
    pub(crate) kind: &'static str,
    pub(super) site: Site,
    pub(super) flags: AtomicU32,
    /// The number of the last message that was put into the mailbox.
    pub(super) tail: AtomicU64,
    pub(super) life: Mutex<Life>,
    /// It is over; the exit is in its life.
    pub(crate) done: Event,
    /// It has finished its initialisation, or is over.
    pub(crate) ready: Event,
}

#[derive(Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says one thing about a process"
)]
pub(super) struct Life {
    /// Of its goroutine, from its first step to its end.
    pub(super) waker: Option<Waker>,
    /// Its goroutine, from its first step on.
    pub(super) who: Who,
    /// How often its supervisor has started it, this time included; 0: it has none.
    pub(super) starts: u32,
    /// Its place among the children of its supervisor.
    pub(super) place: u64,
    /// Whose child it is.
    pub(super) parent: Option<Weak<dyn Proc>>,
    /// Its parent hears of the end of its initialisation, and of its end.
    pub(super) tended: bool,
    /// Why it is dying, or has ended.
    pub(super) exit: Option<Exit>,
    /// It has ended.
    pub(super) over: bool,
    /// Exits of linked processes are signals to it.
    pub(super) trap: bool,
    /// It is stopped where others are killed: by the exit of a linked process.
    pub(super) gentle: bool,
    /// Somebody has been told of its end, or will be.
    pub(super) mourned: bool,
    /// How long it has to stop when its parent is gone.
    pub(super) grace: Option<Duration>,
    /// What most processes do not have most of the time.
    pub(super) orders: Option<Box<Orders>>,
    pub(super) ties: Option<Box<Ties>>,
    pub(super) name: Option<Arc<str>>,
}

/// What a process has been told, and for whom it waits.
#[derive(Default)]
pub(super) struct Orders {
    pub(super) stop: Option<Exit>,
    pub(super) drain: bool,
    pub(super) kill: Option<Exit>,
    /// When it is killed if it has not stopped.
    pub(super) deadline: Option<Instant>,
    pub(super) notices: VecDeque<(u64, Notice)>,
    pub(super) waits: Option<Edge>,
    /// The message whose handler waits for something.
    pub(super) doing: Option<&'static str>,
    pub(super) last: Option<&'static str>,
}

impl Life {
    pub(super) fn orders(&self) -> Option<&Orders> {
        self.orders.as_deref()
    }

    /// Those that there are.
    pub(super) fn orders_mut(&mut self) -> Option<&mut Orders> {
        self.orders.as_deref_mut()
    }

    /// Those that there are from now on.
    pub(super) fn give_orders(&mut self) -> &mut Orders {
        self.orders.get_or_insert_default()
    }

    pub(super) fn is_dying(&self) -> bool {
        self.exit.is_some()
    }

    /// Nothing that it was told matters any more.
    pub(super) fn take_orders(&mut self) -> Option<Box<Orders>> {
        self.orders.take()
    }
}

/// Locks; a panic of somebody else under the lock has left nothing half done.
pub(crate) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Core {
    pub(super) fn new(kind: &'static str, site: Site, life: Life) -> Self {
        Self {
            pid: Pid::next(),
            kind,
            site,
            flags: AtomicU32::new(0),
            tail: AtomicU64::new(0),
            life: Mutex::new(life),
            done: Event::new(),
            ready: Event::new(),
        }
    }

    pub(super) fn life(&self) -> MutexGuard<'_, Life> {
        lock(&self.life)
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        // Acquire pairs with the release in `raise`: what the flag announces is visible.
        self.flags.load(Ordering::Acquire) & flag != 0
    }

    pub(super) fn raise(&self, flag: u32) {
        self.flags.fetch_or(flag, Ordering::Release);
    }

    /// Does it still accept anything?
    pub(crate) fn is_alive(&self) -> bool {
        !self.has(DYING)
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.has(READY)
    }

    /// Is it to stop before it handles anything else?
    pub(crate) fn stops_now(&self) -> bool {
        let stops = |orders: &Orders| orders.stop.is_some() && !orders.drain;
        self.has(STOPPING) && self.life().orders().is_some_and(stops)
    }

    /// Somebody waits for it, and will be told why it ended.
    pub(crate) fn set_noticed(&self, noticed: bool) {
        self.life().mourned = noticed;
    }

    /// Why it ended, if it has.
    pub(crate) fn exit(&self) -> Option<Exit> {
        let life = self.life();
        life.exit.clone().filter(|_| life.over)
    }

    /// Why it ended or is about to.
    pub(crate) fn dying(&self) -> Option<Exit> {
        self.life().exit.clone()
    }

    /// What it is called in reports.
    pub(crate) fn title(&self) -> String {
        match &self.life().name {
            Some(name) => name.to_string(),
            None => format!("{}#{}", short(self.kind), self.pid),
        }
    }

    pub(crate) fn set_title(&self, name: &Arc<str>) {
        self.life().name = Some(name.clone());
    }

    pub(crate) fn name(&self) -> Option<Arc<str>> {
        self.life().name.clone()
    }

    /// Its supervisor has started it so often, has it at this place among its children, and hears of the end of its initialisation and of its end. Before it begins to run.
    pub(crate) fn tend(&self, starts: u32, place: u64) {
        let mut life = self.life();
        (life.starts, life.place, life.tended) = (starts, place, true);
    }

    /// Its place among the children of its supervisor; no child's, if it has none.
    pub(crate) fn place(&self) -> u64 {
        self.life().place
    }

    /// The handler of this message waits for something; or none does.
    pub(crate) fn set_doing(&self, label: Option<&'static str>) {
        self.life().give_orders().doing = label;
    }

    pub(crate) fn set_last(&self, label: &'static str) {
        self.life().give_orders().last = Some(label);
    }

    /// Waits for the end, and says why.
    pub(crate) async fn ended(&self) -> Exit {
        self.life().mourned = true;
        self.done.wait().await;
        self.exit().unwrap_or(Exit::Killed)
    }

    /// Puts a notice into the control lane, behind what is in the mailbox now.
    pub(super) fn notify(&self, life: &mut Life, notice: Notice) -> Option<Waker> {
        if life.is_dying() {
            return None;
        }
        // Acquire pairs with the release in the mailbox: what the dead process sent is counted.
        let after = self.tail.load(Ordering::Acquire);
        life.give_orders().notices.push_back((after, notice));
        self.raise(CONTROL);
        life.waker.clone()
    }
}

/// The last part of a type's path.
pub(crate) fn short(kind: &str) -> &str {
    let plain = kind.split('<').next().unwrap_or(kind);
    plain.rsplit("::").next().unwrap_or(plain)
}

/// Asks a process to stop: before its next message. `deadline`: when it is killed if it has not. `false`: it is gone.
pub(crate) fn stop(
    target: &dyn Proc,
    reason: Exit,
    drain: bool,
    deadline: Option<Instant>,
) -> bool {
    let core = target.core();
    let waker = {
        let mut life = core.life();
        if life.is_dying() {
            return false;
        }
        let orders = life.give_orders();
        if orders.stop.is_none() {
            orders.stop = Some(reason);
            orders.drain = drain;
        }
        let mut flags = CONTROL | STOPPING;
        if deadline.is_some() && (orders.deadline.is_none() || deadline < orders.deadline) {
            orders.deadline = deadline;
            flags |= URGENT;
        }
        core.raise(flags);
        life.waker.clone()
    };
    target.close();
    wake(waker);
    true
}

/// Drops the process where it waits next. `false`: it is gone.
pub(crate) fn kill(target: &dyn Proc, reason: Exit) -> bool {
    let core = target.core();
    let waker = {
        let mut life = core.life();
        if life.over {
            return false;
        }
        life.give_orders().kill.get_or_insert(reason);
        core.raise(URGENT);
        life.waker.clone()
    };
    wake(waker);
    true
}

pub(super) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}
