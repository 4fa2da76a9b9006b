//! Links, monitors and children: who is told when a process ends, and how.
//!
//! No two lives are locked at once: a link is two entries, and an entry that has no counterpart any more means nothing.

use super::core::{
    CONTROL, Cleanup, Core, DYING, Life, Notice, Pid, Proc, READY, STOPPING, Signal, URGENT, lock,
    wake,
};
use super::exit::Exit;
use super::monitor::{Watcher, tell_parent};
use super::slab::Slab;
use crate::roster::Roster;
use gaggle_rt::time::Instant;
use std::sync::{Arc, Weak};

pub(crate) struct Ties {
    links: Vec<(Pid, Weak<dyn Proc>)>,
    pub(super) watchers: Slab<Watcher>,
    /// Whom it has started: they end with it.
    children: Roster<Pid, Weak<dyn Proc>>,
    pub(super) cleanups: Vec<Arc<dyn Cleanup>>,
}

impl Life {
    pub(super) fn ties_mut(&mut self) -> &mut Ties {
        self.ties.get_or_insert_with(|| {
            Box::new(Ties {
                links: Vec::new(),
                watchers: Slab::new(),
                children: Roster::new(),
                cleanups: Vec::new(),
            })
        })
    }
}

/// Adds an entry of a link. `Err`: it has ended, with this.
fn enter(of: &dyn Proc, peer: &Arc<dyn Proc>) -> Result<(), Exit> {
    let mut life = of.core().life();
    if let Some(exit) = life.exit.clone().filter(|_| life.over) {
        return Err(exit);
    }
    let pid = peer.core().pid;
    let links = &mut life.ties_mut().links;
    if links.iter().all(|(other, _)| *other != pid) {
        links.push((pid, Arc::downgrade(peer)));
    }
    Ok(())
}

/// Removes an entry of a link, and says whether it was there.
fn leave(of: &mut Life, pid: Pid) -> bool {
    let Some(ties) = &mut of.ties else {
        return false;
    };
    let at = ties.links.iter().position(|(other, _)| *other == pid);
    at.map(|at| ties.links.swap_remove(at)).is_some()
}

/// Links two processes, for the first of them: each hears of the end of the other. Once is as good as twice (row 69), and with oneself it is nothing (row 72).
pub(crate) fn link(me: &Arc<dyn Proc>, peer: &Arc<dyn Proc>) {
    if me.core().pid == peer.core().pid {
        return;
    }
    if let Err(exit) = enter(me.as_ref(), peer) {
        // We have been killed meanwhile.
        exit_signal(peer, me.core().pid, &exit, false);
        return;
    }
    if enter(peer.as_ref(), me).is_err() {
        exit_signal(me, peer.core().pid, &Exit::NoProc, true);
    }
}

/// As a link to a process that is not there.
pub(crate) fn link_noproc(me: &Arc<dyn Proc>) {
    exit_signal(me, Pid(0), &Exit::NoProc, false);
}

/// Ends a link: after this no exit of that peer arrives (row 70).
pub(crate) fn unlink(me: &Arc<dyn Proc>, peer: &Arc<dyn Proc>) {
    let (mine, theirs) = (me.core().pid, peer.core().pid);
    {
        let mut life = me.core().life();
        leave(&mut life, theirs);
        if let Some(orders) = life.orders_mut() {
            orders.notices.retain(|(_, notice)| {
                !matches!(notice, Notice::Signal(Signal::Exit { from, .. }) if *from == theirs)
            });
        }
    }
    leave(&mut peer.core().life(), mine);
}

/// The exit of a linked process arrives, or what looks like it. Says whether anybody takes notice. `linked`: only if there is still a link.
pub(crate) fn exit_signal(to: &Arc<dyn Proc>, from: Pid, reason: &Exit, linked: bool) -> bool {
    let core = to.core();
    let mut life = core.life();
    if linked && !leave(&mut life, from) {
        return false;
    }
    if life.is_dying() {
        return false;
    }
    let mut close = false;
    if life.trap {
        let signal = Signal::Exit {
            from,
            reason: reason.clone(),
        };
        core.notify(&mut life, Notice::Signal(signal));
    } else if *reason == Exit::Normal {
        return true;
    } else if life.gentle {
        life.give_orders()
            .stop
            .get_or_insert_with(|| reason.clone());
        core.raise(CONTROL | STOPPING);
        close = true;
    } else {
        life.give_orders()
            .kill
            .get_or_insert_with(|| reason.clone());
        core.raise(URGENT);
    }
    let waker = life.waker.clone();
    drop(life);
    if close {
        to.close();
    }
    wake(waker);
    true
}

/// `child` ends with `parent`.
pub(crate) fn adopt(parent: &Arc<dyn Proc>, child: &Arc<dyn Proc>) {
    let gone = {
        let mut life = parent.core().life();
        if !life.over {
            let children = &mut life.ties_mut().children;
            children.insert(child.core().pid, Arc::downgrade(child));
        }
        life.exit.clone().filter(|_| life.over)
    };
    match gone {
        Some(exit) => orphan(child, &exit),
        None => child.core().life().parent = Some(Arc::downgrade(parent)),
    }
}

/// Its parent has ended: it is stopped, and killed if it takes too long.
fn orphan(child: &Arc<dyn Proc>, exit: &Exit) {
    let grace = child.core().life().grace;
    let reason = match exit {
        Exit::Normal => Exit::shutdown(),
        other => other.clone(),
    };
    let deadline = grace.map(|grace| Instant::now() + grace);
    super::core::stop(child.as_ref(), reason, false, deadline);
}

impl Core {
    /// Will anybody be told of its end?
    pub(super) fn is_noticed(&self) -> bool {
        let life = self.life();
        let tied = |ties: &Ties| {
            let mut watched = false;
            ties.watchers.each(|_| watched = true);
            watched || !ties.links.is_empty()
        };
        life.mourned || life.parent.is_some() || life.ties.as_deref().is_some_and(tied)
    }
}

/// The initialisation has succeeded.
pub(super) fn ready(core: &Core) {
    let life = core.life();
    core.raise(READY);
    let place = life.place;
    let parent = life.parent.clone().filter(|_| life.tended);
    drop(life);
    if let Some(parent) = parent {
        tell_parent(&parent, place, None);
    }
    core.ready.set();
}

/// The process is dying: it accepts nothing any more, and nobody finds it. The first reason counts.
pub(crate) fn dying(of: &dyn Proc, exit: &Exit) {
    let core = of.core();
    let cleanups = {
        let mut life = core.life();
        if life.is_dying() {
            return;
        }
        life.exit = Some(exit.clone());
        if let Some(orders) = life.orders_mut() {
            orders.notices.clear();
        }
        core.raise(DYING);
        life.ties.as_mut().map(|t| std::mem::take(&mut t.cleanups))
    };
    of.close();
    for cleanup in cleanups.into_iter().flatten() {
        cleanup.gone(core.pid, exit);
    }
    of.fail_asks(exit);
}

/// Asks for a clean-up when the process is dying. `false`: it is.
pub(crate) fn at_death(of: &Core, cleanup: Arc<dyn Cleanup>) -> bool {
    let mut life = of.life();
    if life.is_dying() {
        return false;
    }
    life.ties_mut().cleanups.push(cleanup);
    true
}

/// Takes back what was asked for with [`at_death`].
pub(crate) fn not_at_death(of: &Core, cleanup: &Arc<dyn Cleanup>) {
    if let Some(ties) = &mut of.life().ties
        && let Some(at) = ties.cleanups.iter().position(|c| Arc::ptr_eq(c, cleanup))
    {
        ties.cleanups.swap_remove(at);
    }
}

/// The process has ended, and what it owned is dropped: all who are tied to it hear of it. Says whether anybody takes notice, and the last message.
pub(super) fn ended(core: &Core, exit: &Exit) -> (bool, Option<&'static str>) {
    let (ties, parent, tended, mut noticed, last) = {
        let mut life = core.life();
        (life.exit, life.over) = (Some(exit.clone()), true);
        life.waker = None;
        let last = life.take_orders().and_then(|orders| orders.last);
        let tended = life.tended.then_some(life.place);
        (
            life.ties.take(),
            life.parent.take(),
            tended,
            life.mourned,
            last,
        )
    };
    if let Some(parent) = parent.as_ref().and_then(Weak::upgrade)
        && let Some(theirs) = &mut lock(&parent.core().life).ties
    {
        theirs.children.remove(core.pid);
    }
    let tended = parent.zip(tended);
    let ties = ties.map(|ties| *ties);
    let mut watchers = Slab::new();
    if let Some(ties) = ties {
        for child in ties.children.values().rev().filter_map(Weak::upgrade) {
            orphan(&child, exit);
        }
        for (_, peer) in ties.links {
            if let Some(peer) = peer.upgrade() {
                noticed |= exit_signal(&peer, core.pid, exit, true);
            }
        }
        watchers = ties.watchers;
    }
    if let Some((parent, place)) = tended {
        noticed |= tell_parent(&parent, place, Some(exit));
    }
    for watcher in watchers.take_all() {
        noticed |= watcher.tell(Some(core.pid), exit);
    }
    core.ready.set();
    core.done.set();
    (noticed, last)
}

#[cfg(test)]
mod tests {
    use crate::actor::Ctx;
    use crate::process::Exit;
    use crate::testkit::{Order, Part, Puppet, Trace};
    use crate::{Addr, spawn};

    /// How many links and watchers a process has.
    fn ties(addr: &Addr<Order>) -> (usize, usize) {
        let life = addr.core().life();
        let Some(ties) = &life.ties else {
            return (0, 0);
        };
        let mut watchers = 0;
        ties.watchers.each(|_| watchers += 1);
        (ties.links.len(), watchers)
    }

    #[test]
    fn row_081_nothing_is_kept_of_links_and_monitors_once_either_side_is_gone() {
        gaggle_rt::block_on(async {
            let trace = Trace::new();
            let keeper = spawn::<Puppet>(Part::new("keeper", &trace)).await.unwrap();
            for round in 0..2 {
                let other = spawn::<Puppet>(Part::new("other", &trace)).await.unwrap();
                let (target, seen) = (keeper.clone(), other.clone());
                let monitor = move |cx: &mut Ctx<Puppet>| {
                    cx.link(&target);
                    cx.monitor(&target)
                };
                let reference = Puppet::call(&other, monitor).await.unwrap();
                assert_eq!((ties(&keeper), ties(&seen)), ((1, 1), (1, 0)));
                if round == 0 {
                    // The watcher ends, and its monitor with what it had.
                    other.stop().await;
                    drop(reference);
                    assert_eq!(ties(&keeper), (0, 0));
                } else {
                    keeper.stop().because(Exit::Normal).await;
                    assert_eq!((ties(&keeper), ties(&other).0), ((0, 0), 0));
                    other.stop().await;
                    drop(reference);
                }
            }
        });
    }
}
