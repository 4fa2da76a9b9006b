//! The future of one select with a fixed list of arms: what `select!` expands to.

use super::arms::{Arms, Sealed, Slot};
use super::engine::{Engine, Mode, Progress, Verdict};
use gaggle_base::site::Site;
use gaggle_base::waitlist::Commit;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How a select ended.
#[derive(Debug)]
pub enum Outcome<T> {
    /// An arm won; this came out of it.
    Arm(T),
    /// No arm could proceed, and there is a `default`.
    Default,
    /// No arm can ever proceed, and there is an `else`.
    Otherwise,
}

/// Gives back what it is given: a value in place of a variable.
#[inline(always)]
pub fn moved<T>(value: T) -> T {
    value
}

/// Waits for the first of `N` arms. `accept` says whether an outcome matches its arm's pattern; an arm whose outcome does not is switched off.
#[track_caller]
pub fn select<const N: usize, A, P>(mode: Mode, arms: A, accept: P) -> Selected<A, P, N>
where
    A: Arms,
    P: Fn(&<A as Sealed>::Output) -> bool,
{
    Selected {
        arms,
        commit: Commit::new(),
        accept,
        progress: Progress::default(),
        mode,
        site: Site::caller(),
    }
}

/// The future of [`select`].
///
/// The arms are borrowed, and outlive it; so `Drop` takes their nodes out of all lists, before the commit goes (S2).
#[must_use = "a select happens only when its future is awaited"]
pub struct Selected<A: Sealed, P, const N: usize> {
    arms: A,
    commit: Commit,
    accept: P,
    progress: Progress,
    mode: Mode,
    site: Site,
}

impl<A, P, const N: usize> Future for Selected<A, P, N>
where
    A: Sealed,
    P: Fn(&A::Output) -> bool,
{
    type Output = Outcome<A::Output>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // SAFETY: only the commit is pinned, and it is not moved.
        let this = unsafe { self.get_unchecked_mut() };
        // SAFETY: as above.
        let commit = unsafe { Pin::new_unchecked(&this.commit) };
        let (arms, progress, mode, site) =
            (&mut this.arms, &mut this.progress, this.mode, this.site);
        loop {
            let mut slots: [Slot<'_>; N] = [const { None }; N];
            arms.collect(&mut slots);
            let mut engine = Engine {
                arms: &mut slots,
                commit,
                progress,
                mode,
                site,
            };
            let verdict = std::task::ready!(engine.poll(cx));
            let index = match verdict {
                Verdict::Arm(index) => index,
                Verdict::Default => return Poll::Ready(Outcome::Default),
                Verdict::Otherwise => return Poll::Ready(Outcome::Otherwise),
            };
            let output = arms.take(index);
            if (this.accept)(&output) {
                return Poll::Ready(Outcome::Arm(output));
            }
            drop(output);
            arms.switch_off(index);
            progress.go_on();
        }
    }
}

impl<A: Sealed, P, const N: usize> Drop for Selected<A, P, N> {
    #[inline]
    fn drop(&mut self) {
        if self.progress.was_enqueued() {
            self.arms.switch_all_off();
        }
    }
}

impl<A: Sealed, P, const N: usize> fmt::Debug for Selected<A, P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected")
            .field("arms", &N)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
