//! All descriptors of a runtime, and who asks the system about them.
//!
//! * **Re1** Whoever holds `turn` is the only one who waits. A descriptor is looked up under the lock of `sources`, so one that was removed is never told of; a token has the generation of its place in it, so its successor is not either.
//! * **Re2** Locks: `turn`, then `sources`, then the list of a way. Wakers are called under none of them but `turn`.

use super::poller::{self, EVENTS, Readiness, Registry, State, Waiting};
use super::source::Source;
use gaggle_base::clock::{Nanos, system_now};
use slab::Slab;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::task::Waker;

/// The descriptors of one runtime.
pub(crate) struct Reactor {
    registry: Registry,
    turn: Mutex<Turn>,
    /// Somebody waits, or is about to.
    polled: AtomicBool,
    /// When somebody looked last.
    looked: AtomicU64,
    sources: Mutex<Slab<Entry>>,
    count: AtomicUsize,
    generation: AtomicU64,
    closed: AtomicBool,
}

struct Entry {
    source: Arc<Source>,
    generation: u64,
}

/// What one needs to wait.
pub(crate) struct Turn {
    waiting: Waiting,
    wakers: Vec<Waker>,
}

/// How many bits of a token are the place; the others are its generation.
const PLACE_BITS: u32 = 32;

impl Reactor {
    /// # Errors
    /// When the system has no descriptors to give.
    pub(crate) fn new() -> io::Result<Self> {
        let (registry, waiting) = poller::create()?;
        Ok(Self {
            registry,
            turn: Mutex::new(Turn {
                waiting,
                wakers: Vec::new(),
            }),
            polled: AtomicBool::new(false),
            looked: AtomicU64::new(0),
            sources: Mutex::new(Slab::new()),
            count: AtomicUsize::new(0),
            generation: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        })
    }

    fn sources(&self) -> MutexGuard<'_, Slab<Entry>> {
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a descriptor. Gives what stands for it, and its place.
    pub(super) fn add(
        &self,
        fd: impl AsFd,
        kind: &'static str,
        peer: Option<SocketAddr>,
        in_pieces: bool,
    ) -> io::Result<(Arc<Source>, usize)> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(ended());
        }
        let fd = fd.as_fd();
        let source = Arc::new(Source::new(kind, peer, fd.as_raw_fd(), in_pieces));
        let generation = self.generation.fetch_add(1, Ordering::Relaxed) & 0x7fff_ffff;
        let place = self.sources().insert(Entry {
            source: source.clone(),
            generation,
        });
        let token = generation << PLACE_BITS | place as u64;
        if let Err(error) = self.registry.add(fd, token) {
            self.sources().remove(place);
            return Err(error);
        }
        self.count.fetch_add(1, Ordering::SeqCst);
        Ok((source, place))
    }

    /// Forgets a descriptor, which is still open.
    pub(super) fn remove(&self, fd: impl AsFd, place: usize) {
        // It fails only for one that is not registered.
        let _ = self.registry.remove(fd);
        let entry = self.sources().remove(place);
        self.count.fetch_sub(1, Ordering::SeqCst);
        drop(entry);
    }

    /// How many descriptors there are.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }

    /// What the descriptor is, as long as it is one of ours: its kind, and who is at the other end.
    pub(crate) fn describe(&self, fd: u64) -> Option<(&'static str, Option<SocketAddr>)> {
        let sources = self.sources();
        let found = sources
            .iter()
            .find(|(_, e)| u64::try_from(e.source.fd) == Ok(fd));
        found.map(|(_, entry)| (entry.source.kind, entry.source.peer))
    }

    /// Does nobody wait, and has nobody looked since `time`?
    pub(crate) fn is_neglected(&self, time: Nanos) -> bool {
        self.len() > 0
            && !self.polled.load(Ordering::SeqCst)
            && self.looked.load(Ordering::Relaxed) < time
    }

    /// Does anybody wait?
    pub(crate) fn is_polled(&self) -> bool {
        self.polled.load(Ordering::SeqCst)
    }

    /// The right to wait, if nobody else has it.
    pub(crate) fn try_turn(&self) -> Option<MutexGuard<'_, Turn>> {
        match self.turn.try_lock() {
            Ok(turn) => Some(turn),
            Err(TryLockError::Poisoned(turn)) => Some(turn.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        }
    }

    /// Waits until something happens, somebody interrupts, or `deadline`. Who is to be woken is left in `turn`.
    pub(crate) fn wait(&self, turn: &mut Turn, deadline: Nanos) {
        self.polled.store(true, Ordering::SeqCst);
        self.look(turn, deadline, EVENTS);
        self.polled.store(false, Ordering::SeqCst);
    }

    /// Looks without waiting, for `at_most` events.
    pub(crate) fn look_now(&self, turn: &mut Turn, at_most: usize) {
        self.look(turn, 0, at_most);
    }

    fn look(&self, turn: &mut Turn, deadline: Nanos, at_most: usize) {
        let Turn { waiting, wakers } = turn;
        let mut sources = None;
        waiting.wait(&self.registry, deadline, at_most, |token, readiness| {
            let place = (token & ((1 << PLACE_BITS) - 1)) as usize;
            let sources = sources.get_or_insert_with(|| self.sources());
            let entry = sources.get(place);
            if let Some(entry) = entry.filter(|e| e.generation == token >> PLACE_BITS) {
                entry.source.happened(readiness, wakers);
            }
        });
        self.looked.store(system_now(), Ordering::Relaxed);
    }

    /// Whoever waits comes back.
    pub(crate) fn interrupt(&self) {
        self.registry.interrupt();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// The runtime ends: nobody will look any more, and whoever waits is told.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let mut wakers = Vec::new();
        let all = Readiness {
            read: State::Closed,
            write: State::Closed,
        };
        for (_, entry) in &*self.sources() {
            entry.source.happened(all, &mut wakers);
        }
        wakers.into_iter().for_each(crate::sched::wake);
    }
}

impl Turn {
    /// Those who are to be woken.
    pub(crate) fn wakers(&mut self) -> std::vec::Drain<'_, Waker> {
        self.wakers.drain(..)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.wakers.is_empty()
    }

    pub(crate) fn len(&self) -> usize {
        self.wakers.len()
    }
}

pub(super) fn ended() -> io::Error {
    io::Error::other("the runtime that the descriptor was registered with has ended")
}
