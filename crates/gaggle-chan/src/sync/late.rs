//! A wait whose waiter is made only when it has to wait.
//!
//! Most locks are free when they are asked for. A waiter with its node is over a hundred bytes; to make it each time and to move it to where the future stays costs more than the lock.
//!
//! **Invariant Lt1**: the waiter is initialised exactly in the stage `Made`; it was written where the future is pinned, and is dropped there.

use gaggle_base::context::poll_proceed;
use gaggle_base::site::Site;
use gaggle_base::wait::Reason;
use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

/// A way to take a lock, and what waits for it.
///
/// The waiter's lifetime is a parameter of the associated type and not of the trait: so there is only one for the compiler to prove `Send` with.
pub(super) trait Waits {
    /// The lock.
    type Raw;
    /// What waits, once it has to.
    type Waiter<'a>: Waiter;

    /// What it waits for.
    const REASON: Reason;

    /// Takes the lock if that can be done now, and notes who has it.
    fn try_now(raw: &Self::Raw) -> bool;

    /// A waiter that has not begun to wait.
    fn waiter(raw: &Self::Raw, site: Site) -> Self::Waiter<'_>;
}

/// What waits.
pub(super) trait Waiter {
    /// Begins to wait, or takes the lock after all.
    fn start(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()>;

    /// A poll after that.
    fn again(self: Pin<&Self>, cx: &mut Context<'_>) -> Poll<()>;
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    New,
    Made,
    Over,
}

/// The future of one wait.
#[must_use = "a lock is taken only when the future is awaited"]
pub(super) struct Late<'a, W: Waits> {
    raw: &'a W::Raw,
    pub(super) site: Site,
    stage: Stage,
    waiter: MaybeUninit<W::Waiter<'a>>,
    _pinned: PhantomPinned,
}

impl<'a, W: Waits> Late<'a, W> {
    #[inline(always)]
    pub(super) fn new(raw: &'a W::Raw, site: Site) -> Self {
        Self {
            raw,
            site,
            stage: Stage::New,
            waiter: MaybeUninit::uninit(),
            _pinned: PhantomPinned,
        }
    }

    #[cold]
    fn wait(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        // SAFETY: nothing is moved out of it.
        let this = unsafe { self.get_unchecked_mut() };
        assert!(
            this.stage != Stage::Over,
            "a lock was polled after it was ready"
        );
        if this.stage == Stage::New {
            this.waiter.write(W::waiter(this.raw, this.site));
            this.stage = Stage::Made;
            // SAFETY: Lt1; it is pinned as the whole is.
            return unsafe { Pin::new_unchecked(this.waiter.assume_init_ref()) }.start(cx);
        }
        // SAFETY: as above.
        unsafe { Pin::new_unchecked(this.waiter.assume_init_ref()) }.again(cx)
    }
}

impl<W: Waits> Future for Late<'_, W> {
    type Output = ();

    #[inline(always)]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.stage == Stage::New {
            let object = std::ptr::from_ref(self.raw).addr() as u64;
            ready!(poll_proceed(cx, W::REASON, self.site, object));
            if W::try_now(self.raw) {
                // SAFETY: nothing is moved out of it.
                unsafe { self.as_mut().get_unchecked_mut() }.stage = Stage::Over;
                return Poll::Ready(());
            }
        }
        self.wait(cx)
    }
}

impl<W: Waits> Drop for Late<'_, W> {
    #[inline(always)]
    fn drop(&mut self) {
        if self.stage == Stage::Made {
            // SAFETY: Lt1; it is not used again.
            unsafe { self.waiter.assume_init_drop() };
        }
    }
}
