//! [`Groups`]: who belongs together.
//!
//! One lock over the table. Who watches is told under it, through channels that never wait: so what a watcher has seen and what it is told leave no gap.
//! A member leaves all its groups as soon as it is dying, before anybody hears of that.

use crate::actor::Addr;
use crate::process::{Cleanup, Exit, Pid, at_death, lock, not_at_death};
use gaggle_chan::chan::{Receiver, RecvError, Sender, unbounded};
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Groups of actors that take the same messages, by name. Clones are the same groups.
///
/// An actor may join a group several times, and is then in it until it has left as often. A group without members is none.
///
/// # Examples
/// ```
/// # use gaggle_actor::{Actor, Ctx, Exit, Groups, spawn};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Args = ();
/// #     type Msg = u8;
/// #     async fn init(_: &(), _: &mut Ctx<Self>) -> Result<Self, Exit> { Ok(Sink) }
/// #     async fn handle(&mut self, _: u8, _: &mut Ctx<Self>) -> Result<(), Exit> { Ok(()) }
/// # }
/// # gaggle_rt::block_on(async {
/// let groups = Groups::new();
/// let sink = spawn::<Sink>(()).await.unwrap();
/// groups.join("sinks", &sink);
/// for member in groups.members("sinks") {
///     member.send(1).await.unwrap();
/// }
/// sink.stop().await;
/// assert!(groups.members("sinks").is_empty());
/// # });
/// ```
pub struct Groups<M> {
    table: Arc<Table<M>>,
}

struct Table<M> {
    inner: Mutex<Inner<M>>,
}

struct Inner<M> {
    members: BTreeMap<Pid, Member<M>>,
    groups: BTreeMap<Arc<str>, BTreeMap<Pid, usize>>,
    watchers: Vec<Sender<GroupEvent<M>>>,
}

struct Member<M> {
    addr: Addr<M>,
    /// How often it is in which group.
    groups: BTreeMap<Arc<str>, usize>,
}

/// An actor that leaves a group is not in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJoined;

impl fmt::Display for NotJoined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the actor is not in the group")
    }
}

impl std::error::Error for NotJoined {}

/// What becomes of a group.
#[non_exhaustive]
pub enum GroupEvent<M> {
    /// An actor has joined, once.
    Joined(Arc<str>, Addr<M>),
    /// An actor has left, once, or has ended: then there is an event for each time that it had joined.
    Left(Arc<str>, Addr<M>),
}

impl<M> PartialEq for GroupEvent<M> {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Joined(group, addr), Self::Joined(others, other))
            | (Self::Left(group, addr), Self::Left(others, other)) => {
                group == others && addr == other
            }
            _ => false,
        }
    }
}

impl<M> Eq for GroupEvent<M> {}

impl<M> fmt::Debug for GroupEvent<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Joined(group, addr) => write!(f, "Joined({group:?}, {addr:?})"),
            Self::Left(group, addr) => write!(f, "Left({group:?}, {addr:?})"),
        }
    }
}

impl<M> Clone for GroupEvent<M> {
    fn clone(&self) -> Self {
        match self {
            Self::Joined(group, addr) => Self::Joined(group.clone(), addr.clone()),
            Self::Left(group, addr) => Self::Left(group.clone(), addr.clone()),
        }
    }
}

/// What becomes of groups, from a snapshot on.
#[derive(Debug)]
pub struct Watch<M> {
    snapshot: Vec<(Arc<str>, Addr<M>)>,
    events: Receiver<GroupEvent<M>>,
}

impl<M> Watch<M> {
    /// Who was in which group when it began; once for each time that it had joined.
    #[must_use]
    pub fn snapshot(&self) -> &[(Arc<str>, Addr<M>)] {
        &self.snapshot
    }

    /// Waits for the next event after the snapshot.
    ///
    /// # Errors
    /// When all handles of the groups are gone.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has taken nothing.
    pub async fn next(&self) -> Result<GroupEvent<M>, RecvError> {
        self.events.recv().await
    }

    /// The event that is there already.
    #[must_use]
    pub fn try_next(&self) -> Option<GroupEvent<M>> {
        self.events.try_recv().ok()
    }
}

impl<M: Send + 'static> Groups<M> {
    /// No groups.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            members: BTreeMap::new(),
            groups: BTreeMap::new(),
            watchers: Vec::new(),
        };
        Self {
            table: Arc::new(Table {
                inner: Mutex::new(inner),
            }),
        }
    }

    /// `addr` joins a group, once more if it is in it. `false`: it has ended.
    #[expect(
        clippy::must_use_candidate,
        reason = "an actor that joins itself is there"
    )]
    pub fn join(&self, group: &str, addr: &Addr<M>) -> bool {
        let group: Arc<str> = Arc::from(group);
        let pid = addr.pid();
        let first = {
            let mut inner = lock(&self.table.inner);
            let first = !inner.members.contains_key(&pid);
            inner.add(&group, addr);
            first
        };
        if !first {
            return addr.is_alive();
        }
        let cleanup: Arc<dyn Cleanup> = self.table.clone();
        let lives = at_death(addr.core(), cleanup);
        if !lives {
            self.table.gone(pid, &Exit::NoProc);
        }
        lives
    }

    /// `addr` leaves a group, once.
    ///
    /// # Errors
    /// When it is not in it.
    pub fn leave(&self, group: &str, addr: &Addr<M>) -> Result<(), NotJoined> {
        let last = lock(&self.table.inner).remove(group, addr.pid())?;
        if last {
            let cleanup: Arc<dyn Cleanup> = self.table.clone();
            not_at_death(addr.core(), &cleanup);
        }
        Ok(())
    }

    /// Who is in a group: each as often as it has joined.
    #[must_use]
    pub fn members(&self, group: &str) -> Vec<Addr<M>> {
        let inner = lock(&self.table.inner);
        let of = inner.groups.get(group).into_iter().flatten();
        of.flat_map(|(pid, times)| {
            let addr = inner.members.get(pid).map(|member| member.addr.clone());
            std::iter::repeat_n(addr, *times).flatten()
        })
        .collect()
    }

    /// The groups that have members, in the order of their names.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        lock(&self.table.inner).groups.keys().cloned().collect()
    }

    /// All members of all groups now, and whatever happens after.
    #[must_use]
    pub fn watch(&self) -> Watch<M> {
        let (tx, events) = unbounded();
        let mut inner = lock(&self.table.inner);
        inner.watchers.retain(|watcher| !watcher.is_closed());
        inner.watchers.push(tx);
        let mut snapshot = Vec::new();
        for (group, members) in &inner.groups {
            for (pid, times) in members {
                if let Some(member) = inner.members.get(pid) {
                    let one = (group.clone(), member.addr.clone());
                    snapshot.extend(std::iter::repeat_n(one, *times));
                }
            }
        }
        drop(inner);
        Watch { snapshot, events }
    }
}

impl<M: Send + 'static> Inner<M> {
    fn tell(&self, event: &GroupEvent<M>) {
        for watcher in &self.watchers {
            let told = watcher.try_send(event.clone());
            // A watcher that is gone is taken out at the next `watch`.
            drop(told);
        }
    }

    fn add(&mut self, group: &Arc<str>, addr: &Addr<M>) {
        let pid = addr.pid();
        let member = self.members.entry(pid).or_insert_with(|| Member {
            addr: addr.clone(),
            groups: BTreeMap::new(),
        });
        *member.groups.entry(group.clone()).or_default() += 1;
        *self
            .groups
            .entry(group.clone())
            .or_default()
            .entry(pid)
            .or_default() += 1;
        self.tell(&GroupEvent::Joined(group.clone(), addr.clone()));
    }

    /// Says whether it is in no group any more.
    fn remove(&mut self, group: &str, pid: Pid) -> Result<bool, NotJoined> {
        let member = self.members.get_mut(&pid).ok_or(NotJoined)?;
        let (name, times) = member.groups.get_key_value(group).ok_or(NotJoined)?;
        let (name, times) = (name.clone(), *times);
        let addr = member.addr.clone();
        if times > 1 {
            member.groups.insert(name.clone(), times - 1);
        } else {
            member.groups.remove(group);
        }
        let last = member.groups.is_empty();
        if last {
            self.members.remove(&pid);
        }
        if let Some(members) = self.groups.get_mut(group) {
            if times > 1 {
                members.insert(pid, times - 1);
            } else {
                members.remove(&pid);
            }
            if members.is_empty() {
                self.groups.remove(group);
            }
        }
        self.tell(&GroupEvent::Left(name, addr));
        Ok(last)
    }
}

impl<M: Send + 'static> Cleanup for Table<M> {
    fn gone(&self, pid: Pid, _exit: &Exit) {
        let mut inner = lock(&self.inner);
        while let Some(group) = inner
            .members
            .get(&pid)
            .and_then(|member| member.groups.keys().next().cloned())
        {
            let left = inner.remove(&group, pid);
            debug_assert!(left.is_ok(), "it was a member just now");
        }
    }
}

impl<M> Clone for Groups<M> {
    fn clone(&self) -> Self {
        Self {
            table: self.table.clone(),
        }
    }
}

impl<M: Send + 'static> Default for Groups<M> {
    fn default() -> Self {
        Self::new()
    }
}

impl<M> fmt::Debug for Groups<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}
