//! The one word that all nodes of a select share: whoever completes one of them must win it first.
//!
//! A select that waits has a node in the list of each of its channels, and exactly one of them may be completed (semantics.md SE-09).
//!
//! # States
//!
//! ```text
//!             the owner lets go (1)             another side wins (3)
//!    BUSY ───────────────────────────▶ WAITING ─────────────────────▶ WON
//!     ▲ │ another side came by (4)        │
//!     │ └────────▶ MISSED ──┐             │
//!     │   the owner looks   │             │ the owner is polled (2)
//!     └──── again (5) ──────┘◀────────────┘ (to BUSY)
//! ```
//!
//! * `BUSY`: the owner runs: it enqueues its nodes, polls its other arms, or is gone. Nobody completes a node.
//! * `MISSED`: as `BUSY`, and somebody would have completed a node meanwhile. That node has left its list and is `Idle`. The owner looks at all channels again before it waits.
//! * `WAITING`: whoever finds one of the nodes may complete it, after it has changed this to `WON`.
//! * `WON`: a node was completed or is being completed. Nobody else completes one. The owner may refuse the outcome, look at all channels, and let go again (5).
//!
//! # Invariants
//!
//! * **S1** In `BUSY` and `MISSED` the waker is the owner's; whoever changes `WAITING` to `WON` takes it out, once.
//! * **S2** The commit outlives the stay of its nodes in lists: the owner takes them all out before it frees it. Who comes by touches the commit before it sets the node's last state (W3).
//! * **S3** In `BUSY` somebody who passes a node over says so (4). So the step (1) succeeds only if nobody passed since the owner last looked at all channels at once, and no wake-up is lost.
//!
//! (3) and (4) are done under the lock of the list in which the node was found; (1), (2) and (5) need no lock, or (1) is done under all of them.

use crate::sync::{AtomicU8, Cell, Ordering};
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr;
use std::task::{RawWaker, RawWakerVTable, Waker};

const BUSY: u8 = 0;
const MISSED: u8 = 1;
const WAITING: u8 = 2;
const WON: u8 = 3;

/// What the nodes of one select share.
pub struct Commit {
    state: AtomicU8,
    waker: Cell<Option<Waker>>,
    _pinned: PhantomPinned,
}

/// What the owner finds when it is polled again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// Nobody has won: the owner may poll its other arms.
    Mine,
    /// A node was completed, or will be as soon as its list's lock is free.
    Won,
}

// SAFETY: the waker is one side's at a time (S1).
unsafe impl Send for Commit {}
// SAFETY: as above.
unsafe impl Sync for Commit {}

impl Default for Commit {
    fn default() -> Self {
        Self::new()
    }
}

impl Commit {
    /// A commit whose owner runs.
    #[must_use]
    pub fn new() -> Self {
        Self {
            state: AtomicU8::new(BUSY),
            waker: Cell::new(None),
            _pinned: PhantomPinned,
        }
    }

    /// A waker for a node of this select. It wakes nobody by itself: [`WaitList::pop_front`](super::WaitList::pop_front) recognises it.
    #[must_use]
    pub fn arm(self: Pin<&Self>) -> Waker {
        let data = ptr::from_ref(self.get_ref()).cast::<()>();
        // SAFETY: none of the functions of the table uses the data.
        unsafe { Waker::from_raw(RawWaker::new(data, &ARM)) }
    }

    /// (2) The owner is polled: nobody may win while it polls its other arms.
    ///
    /// Also after the first enqueueing was refused by `wait`, when the state is the owner's anyway.
    pub fn claim(&self) -> Claim {
        // Acquire on success: pairs with nothing but costs nothing here; on failure the node's state carries what the winner did (W4).
        match self
            .state
            .compare_exchange(WAITING, BUSY, Ordering::Acquire, Ordering::Acquire)
        {
            Err(WON) => Claim::Won,
            _ => Claim::Mine,
        }
    }

    /// Names the task to wake. Returns the waker to drop.
    ///
    /// # Safety
    /// The caller is the owner, and the state is `BUSY` or `MISSED`, or it is `WON` and the node that was completed has its last state.
    pub unsafe fn set_waker(&self, waker: &Waker) -> Option<Waker> {
        // SAFETY: by S1 the waker is the owner's then, which the caller is.
        self.waker.with_mut(|w| unsafe {
            if (*w).as_ref().is_some_and(|old| old.will_wake(waker)) {
                return None;
            }
            (*w).replace(waker.clone())
        })
    }

    /// (1) The owner, still in the lists, lets go again. `false`: somebody came by (S3); look at all channels.
    pub fn wait(&self) -> bool {
        // Release: whoever wins sees the waker.
        self.state
            .compare_exchange(BUSY, WAITING, Ordering::Release, Ordering::Relaxed)
            .is_ok()
    }

    /// (1, 5) The owner holds the locks of all its channels, has looked at all of them, and lets go.
    ///
    /// Also from `WON`, when the owner has refused the outcome of the node that was completed and goes on without it. Until now others passed the nodes by.
    pub fn wait_locked(&self) {
        // Release: whoever wins sees the waker. Nobody comes by meanwhile: that takes one of the locks.
        self.state.store(WAITING, Ordering::Release);
    }
}

/// Is this the waker of a select's node?
#[inline(always)]
pub(super) fn is_arm(waker: &Waker) -> bool {
    ptr::eq(waker.vtable(), &raw const ARM)
}

/// (3, 4) Somebody wants to complete a node, which has this waker: the waker to call in its place, if the select is won by that.
///
/// # Safety
/// `is_arm(waker)`, and the commit is alive (S2).
#[cold]
pub(super) unsafe fn win(waker: &Waker) -> Option<Waker> {
    // SAFETY: an arm's data is its commit, which is alive.
    let commit = unsafe { &*waker.data().cast::<Commit>() };
    let mut seen = WAITING;
    loop {
        let new = match seen {
            WAITING => WON,
            BUSY => MISSED,
            _ => return None,
        };
        // Acquire pairs with the release of `wait`: the waker is visible.
        match commit
            .state
            .compare_exchange(seen, new, Ordering::AcqRel, Ordering::Relaxed)
        {
            Ok(WAITING) => break,
            Ok(_) => return None,
            Err(now) => seen = now,
        }
    }
    // SAFETY: we won, so the waker is ours (S1).
    let waker = commit.waker.with_mut(|w| unsafe { (*w).take() });
    Some(waker.expect("a select that waits has a waker"))
}

static ARM: RawWakerVTable =
    RawWakerVTable::new(|data| RawWaker::new(data, &ARM), |_| (), |_| (), |_| ());

impl std::fmt::Debug for Commit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Commit").finish_non_exhaustive()
    }
}

/// In a model to free a commit is to touch what is in it.
#[cfg(loom)]
impl Drop for Commit {
    fn drop(&mut self) {
        self.waker.with_mut(|_| ());
    }
}
