//! The state word of one goroutine. The bits, the drawing and the argument are in `README.md`.

use gaggle_base::sync::{AtomicUsize, Ordering};

const SCHEDULED: usize = 1;
const NOTIFIED: usize = 1 << 1;
const DONE: usize = 1 << 2;
const HANDLE: usize = 1 << 3;
const JOINER: usize = 1 << 4;
const ABORT: usize = 1 << 5;
const REF: usize = 1 << 8;

/// Above this many references the process is stopped: the count would overflow.
const MAX_REFS: usize = usize::MAX / 2;

pub(super) struct State(AtomicUsize);

/// What a wake leaves to be done.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum WakeOutcome {
    /// Put it into a run queue.
    Schedule,
    /// Nothing: it is queued, being polled or done.
    Nothing,
    /// Free it: that was the last reference.
    Free,
}

/// What `start_poll` found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Start {
    Poll,
    Cancel,
}

/// What `end_poll` found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It is parked; a wake may already have queued it elsewhere.
    Parked,
    /// It was woken meanwhile and is still `SCHEDULED`: queue it.
    Again,
}

/// What `complete` found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Completion {
    /// The outcome belongs to a handle.
    pub(super) handle: bool,
    /// The joiner slot holds a waker, which belongs to the caller now.
    pub(super) joiner: bool,
}

/// What the drop of a handle found.
#[must_use]
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HandleDrop {
    /// It still runs. `joiner`: the waker in the joiner slot belongs to the caller now.
    Running { joiner: bool },
    /// It is done, and the outcome is the caller's to drop, before it gives up its reference.
    Done,
}

/// What somebody sees who only looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    /// Queued, or being polled.
    pub(crate) scheduled: bool,
    /// It was asked to end.
    pub(crate) aborted: bool,
    /// Somebody has its handle.
    pub(crate) handle: bool,
    /// How many wakers of it there are. While it is parked, they and the handle are the only ways to make it run.
    pub(crate) wakers: usize,
}

impl State {
    /// What it is at this moment.
    pub(crate) fn look(&self) -> Look {
        let now = self.0.load(Ordering::Acquire);
        let handle = now & HANDLE != 0;
        // One reference is the live list's, one the handle's.
        let ours = 1 + usize::from(handle);
        Look {
            scheduled: now & SCHEDULED != 0,
            aborted: now & ABORT != 0,
            handle,
            wakers: (now / REF).saturating_sub(ours),
        }
    }

    /// Born queued, with a reference for the live list and one for the handle.
    pub(super) fn new() -> Self {
        Self(AtomicUsize::new(SCHEDULED | HANDLE | (2 * REF)))
    }

    fn update(&self, mut f: impl FnMut(usize) -> Option<usize>) -> Result<usize, usize> {
        let mut now = self.0.load(Ordering::Acquire);
        loop {
            let Some(new) = f(now) else { return Err(now) };
            match self
                .0
                .compare_exchange_weak(now, new, Ordering::AcqRel, Ordering::Acquire)
            {
                Ok(_) => return Ok(now),
                Err(other) => now = other,
            }
        }
    }

    /// A waker is used up.
    #[inline]
    pub(super) fn wake_by_val(&self) -> WakeOutcome {
        let mut outcome = WakeOutcome::Nothing;
        let _ = self.update(|now| {
            let (new, then) = if now & DONE != 0 {
                let last = now < 2 * REF;
                (
                    now - REF,
                    if last {
                        WakeOutcome::Free
                    } else {
                        WakeOutcome::Nothing
                    },
                )
            } else if now & SCHEDULED != 0 {
                ((now | NOTIFIED) - REF, WakeOutcome::Nothing)
            } else {
                ((now | SCHEDULED) - REF, WakeOutcome::Schedule)
            };
            outcome = then;
            Some(new)
        });
        outcome
    }

    /// A waker is used and kept. Says whether to queue.
    #[inline]
    pub(super) fn wake_by_ref(&self) -> bool {
        self.set_runnable(0)
    }

    /// Asks for cancellation. Says whether to queue.
    pub(super) fn abort(&self) -> bool {
        self.set_runnable(ABORT)
    }

    fn set_runnable(&self, also: usize) -> bool {
        let before = self.update(|now| {
            if now & DONE != 0 {
                None
            } else if now & SCHEDULED != 0 {
                // Even when `NOTIFIED` is set already: the write releases what the waker did before.
                Some(now | NOTIFIED | also)
            } else {
                Some(now | SCHEDULED | also)
            }
        });
        before.is_ok_and(|now| now & SCHEDULED == 0)
    }

    /// For shutdown: takes a parked goroutine as if from a queue, to be cancelled.
    pub(super) fn claim(&self) -> bool {
        self.update(|now| (now & (DONE | SCHEDULED) == 0).then_some(now | SCHEDULED | ABORT))
            .is_ok()
    }

    /// The caller took it from a queue.
    #[inline]
    pub(super) fn start_poll(&self) -> Start {
        let mut now = self.0.load(Ordering::Acquire);
        debug_assert!(now & SCHEDULED != 0 && now & DONE == 0, "{now:b}");
        if now & NOTIFIED != 0 {
            now = self.0.fetch_and(!NOTIFIED, Ordering::AcqRel);
        }
        if now & ABORT != 0 {
            Start::Cancel
        } else {
            Start::Poll
        }
    }

    /// The poll gave `Pending`.
    #[inline]
    pub(super) fn end_poll(&self) -> End {
        let mut end = End::Parked;
        let _ = self.update(|now| {
            debug_assert!(now & SCHEDULED != 0 && now & DONE == 0, "{now:b}");
            if now & NOTIFIED != 0 {
                end = End::Again;
                Some(now & !NOTIFIED)
            } else {
                end = End::Parked;
                Some(now & !SCHEDULED)
            }
        });
        end
    }

    /// The future is dropped and the outcome is stored.
    #[inline]
    pub(super) fn complete(&self) -> Completion {
        let before = self.update(|now| {
            debug_assert!(now & SCHEDULED != 0 && now & DONE == 0, "{now:b}");
            Some((now | DONE) & !(SCHEDULED | NOTIFIED))
        });
        let now = before.unwrap_or_else(|now| now);
        Completion {
            handle: now & HANDLE != 0,
            joiner: now & JOINER != 0,
        }
    }

    /// Is there a handle that may want the outcome? `false` stays `false`.
    #[inline]
    pub(super) fn has_handle(&self) -> bool {
        self.0.load(Ordering::Acquire) & HANDLE != 0
    }

    /// As `complete` without a handle, together with the live list's reference. Says whether to free.
    #[inline]
    pub(super) fn complete_detached(&self) -> bool {
        let before = self.update(|now| {
            debug_assert!(now & (HANDLE | JOINER) == 0, "{now:b}");
            Some(((now | DONE) & !(SCHEDULED | NOTIFIED)) - REF)
        });
        before.unwrap_or_else(|now| now) < 2 * REF
    }

    pub(super) fn is_done(&self) -> bool {
        self.0.load(Ordering::Acquire) & DONE != 0
    }

    /// One more reference.
    #[inline]
    pub(super) fn acquire(&self) {
        if self.0.fetch_add(REF, Ordering::Relaxed) > MAX_REFS {
            std::process::abort();
        }
    }

    /// One reference less. Says whether to free.
    #[inline]
    pub(super) fn release(&self) -> bool {
        self.0.fetch_sub(REF, Ordering::AcqRel) < 2 * REF
    }

    /// The handle has put a waker into the joiner slot. `false`: it is done, and the waker is still the handle's.
    pub(super) fn set_joiner(&self) -> bool {
        self.update(|now| (now & DONE == 0).then_some(now | JOINER))
            .is_ok()
    }

    /// The handle wants its waker back. `false`: it is done, and the waker is the runner's.
    pub(super) fn unset_joiner(&self) -> bool {
        self.update(|now| (now & DONE == 0).then_some(now & !JOINER))
            .is_ok()
    }

    pub(super) fn has_joiner(&self) -> bool {
        self.0.load(Ordering::Relaxed) & JOINER != 0
    }

    /// The handle goes; its reference is still held.
    #[inline]
    pub(super) fn drop_handle(&self) -> HandleDrop {
        match self.update(|now| (now & DONE == 0).then_some(now & !(HANDLE | JOINER))) {
            Ok(before) => HandleDrop::Running {
                joiner: before & JOINER != 0,
            },
            Err(_) => HandleDrop::Done,
        }
    }
}

#[cfg(all(test, loom))]
#[path = "state_loom.rs"]
mod loom_tests;
