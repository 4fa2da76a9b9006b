//! What a thread knows about the goroutine that it runs.
//!
//! The runtime fills this in; channels, locks and timers read it.
//! Outside a goroutine it is empty, and everything here does nothing at the price of one load.
//!
//! * **Budget** (semantics.md GO-06, T3, TI-20): an operation that finds itself always ready gives way after a while.
//!   The runtime refills the budget before each poll, and its monitor sets it to zero when the time slice has lasted too long.
//!   A driver that takes one step at a time leaves the budget at zero, so that it is asked before each operation ([`crate::steps`]).
//! * **Wait record**: see [`crate::wait`]. Every operation that returns `Pending` says why.
//! * **Blocking**: a call that is about to block this thread announces it, so that the runtime can let another thread take over.

use crate::site::Site;
use crate::steps::{self, Op};
use crate::wait::{Reason, WaitRecord, Waiting, Who};
use std::cell::Cell;
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};

/// How many operations a goroutine may do in one poll before it gives way.
pub const BUDGET: u32 = 128;

/// How often an operation is put off after the budget is used up.
/// An executor that runs inside a goroutine never gives its thread back between two polls, so an exhausted budget must not hold for ever.
const DENIALS: u32 = 64;

/// What the runtime does around a call that blocks the thread of a goroutine.
#[derive(Debug)]
pub struct BlockingHooks {
    /// Called before: the thread is about to block. Says whether `leave` is to be called.
    pub enter: fn() -> bool,
    /// Called after: the thread is back.
    pub leave: fn(),
}

struct Local {
    budget: AtomicU32,
    denied: Cell<u32>,
    wait: Cell<*const WaitRecord>,
    hooks: Cell<Option<&'static BlockingHooks>>,
}

thread_local! {
    static LOCAL: Local = const {
        Local {
            budget: AtomicU32::new(0),
            denied: Cell::new(0),
            wait: Cell::new(ptr::null()),
            hooks: Cell::new(None),
        }
    };
}

/// A worker's view of its own budget, which its monitor may set to zero.
#[derive(Debug, Clone, Copy)]
pub struct BudgetCell(NonNull<AtomicU32>);

// SAFETY: an `AtomicU32` may be used from any thread; that it still exists is the caller's promise in `exhaust`.
unsafe impl Send for BudgetCell {}
// SAFETY: as above.
unsafe impl Sync for BudgetCell {}

impl BudgetCell {
    /// The budget of the calling thread.
    #[must_use]
    pub fn of_this_thread() -> Self {
        LOCAL.with(|l| Self(NonNull::from(&l.budget)))
    }

    /// Makes the next operation on that thread give way. It is a hint: the thread may overwrite it.
    ///
    /// # Safety
    /// The thread that made this must not have ended.
    pub unsafe fn exhaust(self) {
        // SAFETY: the thread lives, so its thread-locals do.
        unsafe { self.0.as_ref() }.store(0, Ordering::Relaxed);
    }
}

/// Fills the budget of this thread: a poll begins.
#[inline(always)]
pub fn refill() {
    LOCAL.with(|l| {
        l.budget.store(BUDGET, Ordering::Relaxed);
        l.denied.set(0);
    });
}

/// How much of the budget of this thread is used up.
#[inline(always)]
#[must_use]
pub fn spent() -> u32 {
    LOCAL.with(|l| BUDGET.saturating_sub(l.budget.load(Ordering::Relaxed)))
}

/// Empties the budget of this thread: every operation of the poll that begins asks first.
pub fn drain() {
    LOCAL.with(|l| {
        l.budget.store(0, Ordering::Relaxed);
        l.denied.set(0);
    });
}

/// Asks for leave to do one operation, and says which. `Pending` means: give way now; the waker has been called.
#[inline(always)]
pub fn poll_proceed(cx: &mut Context<'_>, reason: Reason, site: Site, object: u64) -> Poll<()> {
    LOCAL.with(|l| {
        let left = l.budget.load(Ordering::Relaxed);
        if left == 0 {
            return poll_exhausted(
                l,
                cx,
                &Op {
                    reason,
                    site,
                    object,
                },
            );
        }
        l.budget.store(left - 1, Ordering::Relaxed);
        Poll::Ready(())
    })
}

/// Leaves at least one operation of the budget to what is polled next: an arm of a select that looks without waiting is not to be taken for one that has to wait.
#[inline(always)]
pub fn leave_one() {
    LOCAL.with(|l| {
        if l.budget.load(Ordering::Relaxed) == 0 {
            l.budget.store(1, Ordering::Relaxed);
        }
    });
}

#[cold]
fn poll_exhausted(l: &Local, cx: &mut Context<'_>, op: &Op) -> Poll<()> {
    let outside = l.wait.get().is_null();
    if !outside && let Some(gives_way) = steps::with(|steps| steps.gives_way(op)) {
        return if gives_way {
            give_way(cx)
        } else {
            Poll::Ready(())
        };
    }
    if outside || l.denied.get() >= DENIALS {
        l.budget.store(BUDGET, Ordering::Relaxed);
        l.denied.set(0);
        return Poll::Ready(());
    }
    l.denied.set(l.denied.get() + 1);
    give_way(cx)
}

fn give_way(cx: &Context<'_>) -> Poll<()> {
    note_wait(Reason::Budget, Site::UNKNOWN, 0);
    cx.waker().wake_by_ref();
    Poll::Pending
}

/// Says why the running goroutine is about to wait.
#[inline(always)]
pub fn note_wait(reason: Reason, site: Site, object: u64) {
    LOCAL.with(|l| {
        // SAFETY: the pointer is null or was installed by `enter_task`, whose caller keeps the record alive until it is removed.
        if let Some(record) = unsafe { l.wait.get().as_ref() } {
            record.set(reason, site, object);
        }
    });
}

/// Names the goroutine that this thread is about to poll, or what was named before after the poll. Returns what was named before.
///
/// # Safety
/// `record` must stay valid until the next call on this thread.
#[inline(always)]
pub unsafe fn enter_task(record: *const WaitRecord) -> *const WaitRecord {
    LOCAL.with(|l| l.wait.replace(record))
}

/// Which goroutine this thread polls.
#[inline(always)]
#[must_use]
pub fn current() -> Who {
    LOCAL.with(|l| {
        // SAFETY: as in `note_wait`.
        unsafe { l.wait.get().as_ref() }.map_or(Who::NOBODY, WaitRecord::who)
    })
}

/// Is this thread in a poll of a goroutine, or of what `block_on` drives?
#[must_use]
pub fn is_inside() -> bool {
    LOCAL.with(|l| !l.wait.get().is_null())
}

/// The wait record of the goroutine that this thread polls, as it is now.
#[must_use]
pub fn last_wait() -> Option<Waiting> {
    // SAFETY: as in `note_wait`.
    LOCAL.with(|l| unsafe { l.wait.get().as_ref() }.map(WaitRecord::get))
}

/// Runs `f` as a goroutine would be polled, with a full budget, and says what it waits for.
pub fn noted<R>(f: impl FnOnce() -> R) -> (R, Waiting) {
    struct Restore(*const WaitRecord);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: whoever installed it keeps it alive until the next call of theirs, which is yet to come.
            unsafe { enter_task(self.0) };
        }
    }
    let record = WaitRecord::of(current());
    let restore = Restore(LOCAL.with(|l| l.wait.get()));
    // SAFETY: `restore` removes it, also when `f` panics, before `record` is dropped.
    unsafe { enter_task(&raw const record) };
    refill();
    let result = f();
    drop(restore);
    (result, record.get())
}

/// Installs what is to happen around blocking calls on this thread.
pub fn set_blocking_hooks(hooks: Option<&'static BlockingHooks>) {
    LOCAL.with(|l| l.hooks.set(hooks));
}

/// Runs `f`, which may block the thread. In a goroutine the worker's queue is handed over first (semantics.md GO-08, RX-07, T4).
pub fn blocking_region<R>(f: impl FnOnce() -> R) -> R {
    struct Leave(Option<&'static BlockingHooks>);
    impl Drop for Leave {
        fn drop(&mut self) {
            if let Some(hooks) = self.0 {
                (hooks.leave)();
            }
        }
    }
    let hooks = LOCAL.with(|l| l.hooks.get());
    let _leave = Leave(hooks.filter(|h| (h.enter)()));
    f()
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicBool;
    use std::task::Waker;

    fn proceed(cx: &mut Context<'_>) -> Poll<()> {
        poll_proceed(cx, Reason::ChanSend, Site::UNKNOWN, 0)
    }

    #[test]
    fn outside_a_goroutine_the_budget_never_ends() {
        let mut cx = Context::from_waker(Waker::noop());
        assert!((0..10 * BUDGET).all(|_| proceed(&mut cx).is_ready()));
    }

    #[test]
    fn inside_a_goroutine_the_slice_ends_and_the_record_says_why() {
        let record = WaitRecord::default();
        let mut cx = Context::from_waker(Waker::noop());
        // SAFETY: `record` outlives the second call, which removes it.
        unsafe { enter_task(&raw const record) };
        refill();
        assert_eq!(
            (0..BUDGET + 3)
                .filter(|_| proceed(&mut cx).is_pending())
                .count(),
            3
        );
        assert_eq!(record.get().reason, Reason::Budget);
        // SAFETY: removing is always allowed.
        unsafe { enter_task(ptr::null()) };
    }

    #[test]
    fn an_inner_executor_is_not_starved_for_ever() {
        let record = WaitRecord::default();
        let mut cx = Context::from_waker(Waker::noop());
        // SAFETY: `record` outlives the second call, which removes it.
        unsafe { enter_task(&raw const record) };
        refill();
        // Nobody refills: as if an executor inside the goroutine polled on and on.
        assert!((0..10_000).filter(|_| proceed(&mut cx).is_ready()).count() > 6_000);
        // SAFETY: removing is always allowed.
        unsafe { enter_task(ptr::null()) };
    }

    #[test]
    fn what_is_noted_is_told_and_what_was_installed_before_comes_back() {
        let (((), inner), outer) = noted(|| {
            note_wait(Reason::Sleep, Site::UNKNOWN, 1);
            let inner = noted(|| note_wait(Reason::Mutex, Site::UNKNOWN, 7));
            let panics = || noted(|| panic!("on the way"));
            std::panic::catch_unwind(panics).unwrap_err();
            note_wait(Reason::Join, Site::UNKNOWN, 2);
            inner
        });
        assert_eq!((inner.reason, inner.object), (Reason::Mutex, 7));
        assert_eq!((outer.reason, outer.object), (Reason::Join, 2));
        assert!(LOCAL.with(|l| l.wait.get()).is_null());
    }

    #[test]
    fn blocking_calls_are_announced_and_taken_back_also_on_panic() {
        static INSIDE: AtomicBool = AtomicBool::new(false);
        static HOOKS: BlockingHooks = BlockingHooks {
            enter: || !INSIDE.swap(true, Ordering::Relaxed),
            leave: || INSIDE.store(false, Ordering::Relaxed),
        };
        set_blocking_hooks(Some(&HOOKS));
        assert!(blocking_region(|| blocking_region(
            || INSIDE.load(Ordering::Relaxed)
        )));
        let panicked = std::panic::catch_unwind(|| blocking_region(|| panic!("on purpose")));
        assert!(panicked.is_err() && !INSIDE.load(Ordering::Relaxed));
        set_blocking_hooks(None);
    }
}
