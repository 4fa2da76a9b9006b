//! [`Roster`]: which connections there are. So that they can be counted, and ended from outside: a connection waits for its socket alone, which costs nothing extra; whoever wants it to end shuts the socket down.

use crate::stats::ServerStats;
use gaggle::net::TcpStream;
use gaggle::time::Instant;
use std::collections::HashMap;
use std::net::Shutdown;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

#[derive(Default)]
pub(super) struct Roster {
    clients: Mutex<HashMap<u64, Weak<Client>>>,
}

/// One connection. It is counted until nobody holds it any more.
pub(super) struct Client {
    pub(super) stream: TcpStream,
    number: u64,
    /// When it last said something, in nanoseconds since `since`.
    last: AtomicU64,
    since: Instant,
    /// It is not closed for saying nothing: it listens.
    listens: AtomicBool,
    roster: Arc<Roster>,
    stats: Arc<ServerStats>,
}

impl Roster {
    fn lock(&self) -> MutexGuard<'_, HashMap<u64, Weak<Client>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters a connection; `None` if there are so many already.
    pub(super) fn enter(
        self: &Arc<Self>,
        stream: TcpStream,
        most: usize,
        stats: &Arc<ServerStats>,
    ) -> Result<Arc<Client>, TcpStream> {
        let mut clients = self.lock();
        if clients.len() >= most {
            return Err(stream);
        }
        let number = stats.accepted.get();
        stats.accepted.add(1);
        stats.clients.add(1);
        let client = Arc::new(Client {
            stream,
            number,
            last: AtomicU64::new(0),
            since: Instant::now(),
            listens: AtomicBool::new(false),
            roster: self.clone(),
            stats: stats.clone(),
        });
        clients.insert(number, Arc::downgrade(&client));
        Ok(client)
    }

    /// All that are there. They are dropped by the caller, outside of the lock.
    pub(super) fn all(&self) -> Vec<Arc<Client>> {
        self.lock().values().filter_map(Weak::upgrade).collect()
    }
}

impl Client {
    /// It has said something.
    pub(super) fn speaks(&self) {
        let nanos = u64::try_from(self.since.elapsed().as_nanos()).unwrap_or(u64::MAX);
        self.last.store(nanos, Ordering::Relaxed);
    }

    /// It listens to channels from now on, so it may be silent.
    pub(super) fn listens(&self) {
        self.listens.store(true, Ordering::Relaxed);
    }

    /// When it last said something, if it is closed for saying nothing at all.
    pub(super) fn last(&self) -> Option<Instant> {
        let last = Duration::from_nanos(self.last.load(Ordering::Relaxed));
        (!self.listens.load(Ordering::Relaxed)).then_some(self.since + last)
    }

    /// It reads the end, finishes what it is at, and goes.
    pub(super) fn hang_up(&self) {
        // One that is gone already needs no telling.
        let _ = self.stream.shutdown(Shutdown::Read);
    }

    /// It can neither read nor write.
    pub(super) fn disconnect(&self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Counted until there is room for another: who sees that it has gone can come in.
        self.roster.lock().remove(&self.number);
        self.stats.clients.less();
    }
}
