//! [`Registry`]: who is called what.
//!
//! One lock over a table, held for a look-up. A name is freed as soon as its owner is dying, before anybody hears of that (row 97).

use crate::actor::Addr;
use crate::process::{Cleanup, Exit, Pid, Proc, at_death, lock, not_at_death};
use std::any::Any;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Names of actors. Clones are the same registry.
///
/// # Examples
/// ```
/// # use gaggle_actor::{Actor, Ctx, Exit, Registry, spawn};
/// # struct Sink;
/// # impl Actor for Sink {
/// #     type Args = ();
/// #     type Msg = u8;
/// #     async fn init(_: &(), _: &mut Ctx<Self>) -> Result<Self, Exit> { Ok(Sink) }
/// #     async fn handle(&mut self, _: u8, _: &mut Ctx<Self>) -> Result<(), Exit> { Ok(()) }
/// # }
/// # gaggle_rt::block_on(async {
/// let names = Registry::new();
/// let sink = spawn::<Sink>(()).name(&names, "sink").await.unwrap();
/// assert_eq!(names.find::<u8>("sink"), Some(sink.clone()));
/// sink.stop().await;
/// assert_eq!(names.find::<u8>("sink"), None);
/// # });
/// ```
#[derive(Clone, Default)]
pub struct Registry {
    table: Arc<Table>,
}

#[derive(Default)]
struct Table {
    names: Mutex<BTreeMap<Arc<str>, Entry>>,
}

struct Entry {
    proc: Arc<dyn Proc>,
    /// The `Addr` of its messages.
    addr: Box<dyn Any + Send + Sync>,
    freed: Arc<dyn Cleanup>,
}

/// Frees one name at its owner's death.
struct Frees {
    table: Arc<Table>,
    name: Arc<str>,
}

/// The name is taken by the process of that number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTaken(pub Pid);

impl fmt::Display for NameTaken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name is taken by process {}", self.0)
    }
}

impl std::error::Error for NameTaken {}

impl Registry {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Gives `addr` a name, until it ends. It may have several.
    ///
    /// # Errors
    /// When somebody has the name, or `addr` has ended: then its own number comes back.
    pub fn register<M: Send + 'static>(&self, name: &str, addr: &Addr<M>) -> Result<(), NameTaken> {
        let name: Arc<str> = Arc::from(name);
        let freed: Arc<dyn Cleanup> = Arc::new(Frees {
            table: self.table.clone(),
            name: name.clone(),
        });
        {
            let mut names = lock(&self.table.names);
            if let Some(entry) = names.get(&name) {
                return Err(NameTaken(entry.proc.core().pid));
            }
            let entry = Entry {
                proc: addr.proc(),
                addr: Box::new(addr.clone()),
                freed: freed.clone(),
            };
            names.insert(name.clone(), entry);
        }
        if !at_death(addr.core(), freed.clone()) {
            freed.gone(addr.pid(), &Exit::NoProc);
            return Err(NameTaken(addr.pid()));
        }
        if addr.core().name().is_none() {
            addr.core().set_title(&name);
        }
        Ok(())
    }

    /// Frees a name, and says whether anybody had it.
    #[expect(clippy::must_use_candidate, reason = "most callers only want it gone")]
    pub fn unregister(&self, name: &str) -> bool {
        let entry = lock(&self.table.names).remove(name);
        if let Some(entry) = &entry {
            not_at_death(entry.proc.core(), &entry.freed);
        }
        entry.is_some()
    }

    /// Who has the name, if it takes messages of this type.
    #[must_use]
    pub fn find<M: Send + 'static>(&self, name: &str) -> Option<Addr<M>> {
        let names = lock(&self.table.names);
        names.get(name)?.addr.downcast_ref::<Addr<M>>().cloned()
    }

    /// The number of who has the name.
    #[must_use]
    pub fn pid(&self, name: &str) -> Option<Pid> {
        self.proc(name).map(|proc| proc.core().pid)
    }

    /// All names, in their order.
    #[must_use]
    pub fn names(&self) -> Vec<Arc<str>> {
        lock(&self.table.names).keys().cloned().collect()
    }

    pub(crate) fn proc(&self, name: &str) -> Option<Arc<dyn Proc>> {
        lock(&self.table.names)
            .get(name)
            .map(|entry| entry.proc.clone())
    }
}

impl Cleanup for Frees {
    fn gone(&self, pid: Pid, _exit: &Exit) {
        let mut names = lock(&self.table.names);
        let mine = names
            .get(&self.name)
            .is_some_and(|entry| entry.proc.core().pid == pid);
        let entry = if mine { names.remove(&self.name) } else { None };
        drop(names);
        drop(entry);
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Registry").field(&self.names()).finish()
    }
}
