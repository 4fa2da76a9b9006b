//! Who waits for whom: asks and sends that can never be answered, because each waits for the next one (row 87).
//!
//! A process that gives its thread up while it waits for one ask, or for room in one mailbox, and for nothing else, says so in its life. Then it follows what the others have said; if that leads back to it, its wait ends with an error.
//!
//! # Why no report is wrong
//! * A wait counts only if it is the only one: it was the first that was noted in this step of the goroutine, and is the last. In a `select!`, beside a time limit, in a join it does not count: such circles are found by deadlines.
//! * An ask counts while it is in the callee's mailbox, or with the handler that runs. A reply that was put aside, or was given to [`Ctx::pipe`](crate::Ctx::pipe), may be sent by others.
//! * What was said may be old, so each wait is asked whether it still waits, and the last look is taken under one lock for all: of those in a circle one fails, not all.
//!
//! What cannot be seen is a handler that moves its reply into a goroutine of its own and then asks the asker: it says so with [`Reply::elsewhere`](crate::Reply::elsewhere).
//! Nor can a future that is not gaggle's, raced with the ask by other means than `select!`: it leaves no note.

use super::core::{Pid, Proc, lock};
use super::mailbox::{AskEnd, Ticket};
use gaggle_base::context::{last_wait, note_wait};
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

/// Processes that wait for each other, by what they are called; the first one is named again at the end.
pub(crate) type Cycle = Arc<[String]>;

/// What a process waits for.
#[derive(Clone)]
pub(crate) enum Stuck {
    Ask(Ticket),
    Room(u64),
}

/// Whom a process waits for.
#[derive(Clone)]
pub(crate) struct Edge {
    pub(crate) callee: Arc<dyn Proc>,
    pub(crate) what: Stuck,
    pub(crate) end: Arc<dyn AskEnd>,
}

impl Edge {
    fn holds(&self) -> bool {
        match self.what {
            Stuck::Ask(ticket) => self.callee.holds_ask(ticket),
            Stuck::Room(number) => self.callee.is_parked(number),
        }
    }
}

/// What is known of the process that this thread polls. Small, for it is put in place and taken away again at each step.
struct Here {
    proc: Arc<dyn Proc>,
    /// What most steps do without.
    notes: Option<Box<Notes>>,
}

/// What there is to remember at the end of a step.
#[derive(Default)]
struct Notes {
    /// For whom the process waits, and what stands for that in the wait record.
    edge: Option<(Edge, u64)>,
    /// It has waited for more than one thing in this step.
    several: bool,
    /// Replies that it has dropped, and who waits for them.
    drops: Vec<Arc<dyn AskEnd>>,
}

thread_local! {
    static HERE: RefCell<Option<Here>> = const { RefCell::new(None) };
}

/// A step of a process, from its begin to its end.
pub(super) struct Step(Option<Here>);

impl Step {
    pub(super) fn begin(proc: Arc<dyn Proc>) -> Self {
        note_wait(Reason::Foreign, Site::UNKNOWN, 0);
        let here = Here { proc, notes: None };
        Self(HERE.with(|cell| cell.replace(Some(here))))
    }

    /// Gives the process back, and says for whom it waits if it is for one only.
    pub(super) fn end(self, ended: bool) -> (Arc<dyn Proc>, Option<Edge>) {
        let here = HERE.with(|cell| cell.replace(self.0));
        let Some(Here { proc, notes }) = here else {
            unreachable!("a step that began has a process");
        };
        let edge = notes.filter(|_| !ended).and_then(|notes| notes.done());
        (proc, edge)
    }
}

impl Notes {
    /// The step is over, and the process is not: who waits for a reply that was dropped is told.
    #[cold]
    fn done(self) -> Option<Edge> {
        let Self {
            edge,
            several,
            drops,
        } = self;
        drops.into_iter().for_each(|end| end.dropped());
        let (edge, object) = edge.filter(|_| !several)?;
        let last = last_wait().is_some_and(|wait| wait.object == object);
        last.then_some(edge)
    }
}

/// The process that this thread polls.
pub(crate) fn current() -> Option<Arc<dyn Proc>> {
    HERE.with(|cell| cell.borrow().as_ref().map(|here| here.proc.clone()))
}

/// The process that this thread polls is about to wait for `edge`; `object` stands for it in the wait record.
pub(crate) fn waits_alone(object: u64, edge: impl FnOnce() -> Edge) {
    HERE.with(|cell| {
        let mut here = cell.borrow_mut();
        let Some(here) = here.as_mut() else {
            return;
        };
        let first = last_wait().is_some_and(|w| w.reason == Reason::Foreign && w.object == 0);
        let notes = here.notes.get_or_insert_default();
        if first && notes.edge.is_none() {
            notes.edge = Some((edge(), object));
        } else {
            notes.several = true;
        }
    });
}

/// A reply to `callee`'s was dropped without an answer. If that is who drops it, the asker is told when the handler has come through, or waits: if it fails, the asker gets the reason instead.
pub(crate) fn defer_drop(callee: Pid, end: Arc<dyn AskEnd>) {
    let end = HERE.with(|cell| match cell.try_borrow_mut().as_deref_mut() {
        Ok(Some(here)) if here.proc.core().pid == callee => {
            here.notes.get_or_insert_default().drops.push(end);
            None
        }
        _ => Some(end),
    });
    if let Some(end) = end {
        end.dropped();
    }
}

/// A handler has come through: who waits for a reply that it dropped is told.
#[inline]
pub(crate) fn flush_drops() {
    let noted = |here: &Here| here.notes.is_some();
    if HERE.with(|cell| cell.borrow().as_ref().is_some_and(noted)) {
        tell_of_drops();
    }
}

#[cold]
fn tell_of_drops() {
    let drops = HERE.with(|cell| {
        let mut here = cell.borrow_mut();
        let notes = here.as_mut().and_then(|here| here.notes.as_mut());
        notes.map(|notes| std::mem::take(&mut notes.drops))
    });
    for end in drops.into_iter().flatten() {
        end.dropped();
    }
}

/// Looks for circles are taken to their end one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// `me` waits for `edge` and nothing else: says so, and ends the wait if it can have no end.
pub(super) fn published(me: &Arc<dyn Proc>, edge: Edge) {
    let end = edge.end.clone();
    me.core().life().give_orders().waits = Some(edge);
    if follow(me).is_none() {
        return;
    }
    // Of two that have closed the circle at once, the second finds it broken.
    let guard = lock(&ONE_AT_A_TIME);
    let found = follow(me);
    if found.is_some() {
        me.core().life().give_orders().waits = None;
    }
    drop(guard);
    if let Some(path) = found {
        let names = path.iter().chain(path.first());
        let names: Cycle = names.map(|proc| proc.core().title()).collect();
        end.circle(&names);
    }
}

/// The way back to `me`, if there is one.
fn follow(me: &Arc<dyn Proc>) -> Option<Vec<Arc<dyn Proc>>> {
    let start = me.core().pid;
    let mut path = vec![me.clone()];
    loop {
        let last = path.last()?;
        let edge = last.core().life().orders()?.waits.clone()?;
        if !edge.holds() {
            return None;
        }
        let pid = edge.callee.core().pid;
        if pid == start {
            return Some(path);
        }
        if path.iter().any(|proc| proc.core().pid == pid) {
            return None;
        }
        path.push(edge.callee);
    }
}
