//! What every goroutine carries, whatever its future is.

use super::flags::Flags;
use super::joiner::Joiner;
use super::raw::Vtable;
use super::state::{Look, State};
use crate::sched::Shared;
use gaggle_base::site::Site;
use gaggle_base::sync::{AtomicU8, Cell};
use gaggle_base::wait::{WaitRecord, Who};
use std::fmt;
use std::ptr::{self, NonNull};

/// A goroutine's number. Numbers start at 1 and are not reused within a runtime (semantics.md RT-02).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoId(pub(crate) u64);

impl GoId {
    /// The number.
    #[must_use]
    pub const fn as_u64(self) -> u64 {
        self.0
    }
}

impl fmt::Display for GoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for GoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GoId({})", self.0)
    }
}

/// How a goroutine ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Outcome {
    /// Not at all yet, or the outcome was taken.
    None,
    /// With a value, which lies where the future was.
    Value,
    /// With a panic, whose payload lies where the future was.
    Panic,
    /// It was cancelled.
    Aborted,
}

/// The part of a goroutine that does not depend on its future's type.
///
/// In the order of their use: what a wake and a poll touch comes first.
#[repr(C)]
pub(crate) struct Header {
    pub(super) state: State,
    pub(super) vtable: &'static Vtable,
    /// The runtime that it belongs to; alive while this goroutine is not `DONE`.
    pub(crate) shared: NonNull<Shared>,
    /// Where it was started.
    pub(crate) spawned_at: Site,
    /// In which shard of the live list it is.
    pub(crate) shard: u8,
    /// What kind of goroutine it is.
    pub(crate) flags: Flags,
    /// The runner's until `DONE`, then the handle's.
    pub(super) outcome: Cell<Outcome>,
    /// Its ticket while it is queued and timed, else 0 (see `sched/samples.rs`).
    pub(crate) ticket: AtomicU8,
    /// Who it is; and why it waits: written by itself, read by anyone. While it is in the injector, the link of that list.
    pub(crate) wait: WaitRecord,
    /// The waker of whoever awaits the handle: the bit `JOINER` says whose it is.
    pub(super) joiner: Cell<Joiner>,
    /// Which goroutine of this runtime started it; 0 for none.
    pub(crate) parent: u64,
    /// The links of the live list; the lock of the shard protects them.
    pub(crate) live_prev: Cell<*mut Header>,
    pub(crate) live_next: Cell<*mut Header>,
}

impl Header {
    pub(super) fn new(vtable: &'static Vtable, flags: Flags, birth: Birth) -> Self {
        Self {
            state: State::new(),
            vtable,
            shared: birth.shared,
            spawned_at: birth.site,
            shard: birth.shard,
            flags,
            outcome: Cell::new(Outcome::None),
            wait: WaitRecord::of(birth.who),
            joiner: Cell::new(Joiner::NONE),
            parent: birth.parent,
            live_prev: Cell::new(ptr::null_mut()),
            live_next: Cell::new(ptr::null_mut()),
            ticket: AtomicU8::new(0),
        }
    }
}

impl Header {
    /// Has it ended?
    pub(crate) fn is_done(&self) -> bool {
        self.state.is_done()
    }

    /// The goroutine's number.
    #[inline(always)]
    pub(crate) fn id(&self) -> GoId {
        GoId(self.wait.who().id())
    }
}

/// Where a goroutine comes from.
#[derive(Clone, Copy)]
pub(crate) struct Birth {
    /// Its runtime; the pointer comes from the `Arc` itself.
    pub(crate) shared: NonNull<Shared>,
    pub(crate) who: Who,
    /// In which shard of the live list it is to be.
    pub(crate) shard: u8,
    /// Which goroutine of this runtime starts it; 0 for none.
    pub(crate) parent: u64,
    /// Where it is started.
    pub(crate) site: Site,
}

/// A pointer to a goroutine, without a count. Whoever holds one says why it is valid.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct TaskRef(pub(super) NonNull<Header>);

// SAFETY: a `TaskRef` is only a pointer; each use argues its own validity.
unsafe impl Send for TaskRef {}

impl TaskRef {
    pub(crate) fn as_ptr(self) -> *mut Header {
        self.0.as_ptr()
    }

    /// The inverse of `as_ptr`; `None` for null.
    pub(crate) fn from_ptr(header: *mut Header) -> Option<Self> {
        NonNull::new(header).map(Self)
    }

    /// # Safety
    /// The goroutine's allocation outlives `'a`.
    #[inline(always)]
    pub(crate) unsafe fn header<'a>(self) -> &'a Header {
        // SAFETY: the caller's promise.
        unsafe { self.0.as_ref() }
    }

    /// What its state is at this moment.
    ///
    /// # Safety
    /// As for `claim`.
    pub(crate) unsafe fn look(self) -> Look {
        // SAFETY: the caller's promise.
        let header = unsafe { self.header() };
        let mut look = header.state.look();
        if header.flags.is_locked() {
            // One is held by its thread.
            look.wakers = look.wakers.saturating_sub(1);
        }
        look
    }

    /// For shutdown: takes a parked goroutine as if from a queue, to be cancelled.
    ///
    /// # Safety
    /// The goroutine's allocation is alive: it is in the live list, and the lock of its shard is held.
    pub(crate) unsafe fn claim(self) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.header() }.state.claim()
    }
}

#[cfg(all(test, not(loom), target_pointer_width = "64"))]
mod tests {
    use super::*;
    use std::mem::offset_of;

    #[test]
    fn a_header_is_small_and_what_a_wake_reads_lies_together() {
        assert_eq!(size_of::<Header>(), 88);
        assert!(offset_of!(Header, flags) < 32);
    }
}
