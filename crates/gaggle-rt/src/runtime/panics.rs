//! Panics that nobody took from a handle (semantics.md PA, T20): each is reported, and raised again out of `block_on`.

use super::OnPanic;
use super::enter::current;
use crate::sched::Shared;
use crate::sched::stepped::Fallen;
use crate::task::GoId;
use gaggle_base::payload::message_of;
use gaggle_base::site::Site;
use std::any::Any;
use std::collections::VecDeque;
use std::fmt::Write as _;
use std::io::Write as _;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

type Payload = Box<dyn Any + Send>;

/// What is to be raised out of a `block_on`.
pub(crate) enum Raise {
    /// The panic of a goroutine, which was reported when it happened.
    Panic(Payload),
    /// Nothing can ever happen again. The text says what everyone waits for.
    Deadlock(String),
}

impl Raise {
    /// Raises it here.
    pub(crate) fn raise(self) -> ! {
        match self {
            Self::Panic(payload) => resume_unwind(payload),
            Self::Deadlock(text) => panic!("{text}"),
        }
    }
}

/// How many panics wait to be raised; of further ones only the report remains.
const MOST_PENDING: usize = 16;

/// The panics of one runtime that are still to be raised, and whom to wake for them.
pub(crate) struct Panics {
    policy: OnPanic,
    state: Mutex<State>,
    count: AtomicU64,
}

#[derive(Default)]
struct State {
    pending: VecDeque<Raise>,
    waiting: Vec<(u64, Waker)>,
    registrations: u64,
}

impl Panics {
    pub(crate) fn new(policy: OnPanic) -> Self {
        Self {
            policy,
            state: Mutex::default(),
            count: AtomicU64::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there were.
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    /// The oldest panic that is to be raised.
    pub(crate) fn take(&self) -> Option<Raise> {
        self.state().pending.pop_front()
    }

    /// Is anybody in `block_on`?
    pub(crate) fn is_awaited(&self) -> bool {
        !self.state().waiting.is_empty()
    }

    /// Nothing can ever happen again, and whoever is in `block_on` is to hear of it.
    pub(crate) fn put_deadlock(&self, text: String) {
        if self.is_awaited() {
            self.put(Raise::Deadlock(text));
        }
    }

    fn put(&self, raise: Raise) {
        let mut state = self.state();
        if state.pending.len() < MOST_PENDING {
            state.pending.push_back(raise);
        }
        let wakers: Vec<Waker> = state
            .waiting
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        drop(state);
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A `block_on` that wants to be woken by panics.
pub(super) struct Registration {
    shared: Arc<Shared>,
    number: u64,
}

impl Registration {
    pub(super) fn new(shared: &Arc<Shared>, waker: Waker) -> Self {
        let mut state = shared.panics.state();
        state.registrations += 1;
        let number = state.registrations;
        state.waiting.push((number, waker));
        Self {
            shared: shared.clone(),
            number,
        }
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.shared.panics.state();
        let waiting = std::mem::take(&mut state.waiting);
        let (gone, stay) = waiting
            .into_iter()
            .partition(|(number, _)| *number == self.number);
        state.waiting = stay;
        drop(state);
        drop::<Vec<(u64, Waker)>>(gone);
    }
}

/// A goroutine has panicked, and its handle was dropped.
#[cold]
pub(crate) fn raise(shared: &Shared, id: GoId, site: Site, payload: Payload) {
    if let Some(stepping) = &shared.config.stepping {
        // Whoever drives it reports it.
        stepping.fell(Fallen {
            id,
            started: site,
            payload,
        });
        return;
    }
    report(id, site, &*payload);
    shared.panics.count.fetch_add(1, Ordering::Relaxed);
    if shared.panics.policy == OnPanic::Raise {
        shared.panics.put(Raise::Panic(payload));
    }
}

/// A handle was dropped, and nobody had looked at the panic in it. Its runtime may be gone: the current one, if any, raises it.
#[cold]
pub(crate) fn raise_late(id: GoId, site: Site, payload: Payload) {
    match current() {
        Some(shared) if !std::thread::panicking() => raise(&shared, id, site, payload),
        _ => report(id, site, &*payload),
    }
}

/// `all` in this variable adds all other goroutines to a report, as Go's `GOTRACEBACK` does (PA-07).
const TRACEBACK: &str = "GAGGLE_TRACEBACK";

/// One write, so that reports of several threads do not mix.
fn report(id: GoId, site: Site, payload: &(dyn Any + Send)) {
    let message = message_of(payload);
    let mut text = format!(
        "gaggle: goroutine {id}, started at {site}, panicked and nobody holds its handle: {message}\n"
    );
    if std::env::var_os(TRACEBACK).is_some_and(|value| value == "all") {
        let _ = writeln!(text, "\n{}", crate::inspect::dump_all());
    }
    // There is nobody to tell that stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}
