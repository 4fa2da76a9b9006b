//! Monitors: being told once, by one process, of the end of another.
//!
//! A monitor is `ACTIVE` until its notice is queued or it is cancelled. The mark is changed under the life of the watcher, where the notice is queued too:
//! so after a cancel there is no notice, and none can come (row 77).

use super::core::{Core, Notice, Pid, Proc, Signal, lock, wake};
use super::exit::Exit;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};

/// Which monitor: never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MonitorId(u64);

/// One monitor, as the watched process keeps it.
#[derive(Clone)]
pub(crate) struct Watcher {
    pub(super) id: MonitorId,
    by: Weak<dyn Proc>,
    active: Arc<AtomicBool>,
    name: Option<Arc<str>>,
}

impl Watcher {
    /// Tells of the end. Says whether anybody listens.
    pub(super) fn tell(&self, pid: Option<Pid>, reason: &Exit) -> bool {
        let signal = Signal::Down {
            monitor: self.id,
            pid,
            name: self.name.clone(),
            reason: reason.clone(),
        };
        let Some(by) = self.by.upgrade() else {
            return false;
        };
        let core = by.core();
        let mut life = lock(&core.life);
        if life.is_dying() || !self.active.swap(false, Ordering::Relaxed) {
            return false;
        }
        let waker = core.notify(&mut life, Notice::Signal(signal));
        drop(life);
        wake(waker);
        true
    }
}

/// Tells the parent of the child at that place: of its end, or of the end of its initialisation. Says whether it listens.
pub(super) fn tell_parent(parent: &Weak<dyn Proc>, place: u64, exit: Option<&Exit>) -> bool {
    let Some(parent) = parent.upgrade() else {
        return false;
    };
    let core = parent.core();
    let mut life = lock(&core.life);
    if life.is_dying() {
        return false;
    }
    let waker = core.notify(&mut life, Notice::Child(place, exit.cloned()));
    drop(life);
    wake(waker);
    true
}

/// A monitor: its owner is told when the monitored process ends, once.
///
/// Dropping it ends the monitor: a notice that is queued already goes too.
#[must_use = "dropping it ends the monitor"]
pub struct MonitorRef {
    id: MonitorId,
    by: Weak<dyn Proc>,
    target: Option<(Weak<dyn Proc>, u32)>,
    active: Arc<AtomicBool>,
}

impl MonitorRef {
    /// Which one it is, as [`Signal::Down`] names it.
    #[must_use]
    pub fn id(&self) -> MonitorId {
        self.id
    }

    /// Ends the monitor, and says whether it was still active: not cancelled, and nothing queued. No notice comes after this.
    #[expect(clippy::must_use_candidate, reason = "most callers only want it gone")]
    pub fn cancel(&self) -> bool {
        let was_active = match self.by.upgrade() {
            None => self.active.swap(false, Ordering::Relaxed),
            Some(by) => {
                let core: &Core = by.core();
                let mut life = lock(&core.life);
                let was = self.active.swap(false, Ordering::Relaxed);
                if let Some(orders) = life.orders_mut() {
                    orders.notices.retain(|(_, notice)| match notice {
                        Notice::Signal(Signal::Down { monitor, .. }) => *monitor != self.id,
                        Notice::Signal(Signal::Exit { .. }) | Notice::Child(..) => true,
                    });
                }
                was
            }
        };
        if let Some((target, key)) = &self.target
            && let Some(target) = target.upgrade()
        {
            let mut life = lock(&target.core().life);
            if let Some(ties) = &mut life.ties
                && ties.watchers.get(*key).is_some_and(|w| w.id == self.id)
            {
                ties.watchers.remove(*key);
            }
        }
        was_active
    }
}

impl Drop for MonitorRef {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl fmt::Debug for MonitorRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MonitorRef")
            .field("id", &self.id)
            .field("active", &self.active.load(Ordering::Relaxed))
            .finish_non_exhaustive()
    }
}

fn next_id() -> MonitorId {
    static LAST: AtomicU64 = AtomicU64::new(0);
    MonitorId(LAST.fetch_add(1, Ordering::Relaxed) + 1)
}

/// `by` watches `target`; if that is gone, or nobody, the notice comes at once.
pub(crate) fn watch(
    by: &Arc<dyn Proc>,
    target: Option<&Arc<dyn Proc>>,
    name: Option<Arc<str>>,
) -> MonitorRef {
    let id = next_id();
    let active = Arc::new(AtomicBool::new(true));
    let watcher = Watcher {
        id,
        by: Arc::downgrade(by),
        active: active.clone(),
        name,
    };
    let mut reference = MonitorRef {
        id,
        by: Arc::downgrade(by),
        target: None,
        active,
    };
    let Some(target) = target else {
        watcher.tell(None, &Exit::NoProc);
        return reference;
    };
    if target.core().pid == by.core().pid {
        // Nobody hears of his own end: it is as a monitor that is given up.
        reference.active.store(false, Ordering::Relaxed);
        return reference;
    }
    let mut life = lock(&target.core().life);
    // While it is dying, its watchers are still to be told.
    if life.over {
        drop(life);
        watcher.tell(Some(target.core().pid), &Exit::NoProc);
        return reference;
    }
    let key = life.ties_mut().watchers.insert(watcher);
    drop(life);
    reference.target = Some((Arc::downgrade(target), key));
    reference
}
