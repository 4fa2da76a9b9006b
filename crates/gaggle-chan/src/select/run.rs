//! The future of one select with a fixed list of arms: what `select!` expands to.

use super::arms::{Arms, Sealed, Slot};
use super::engine::{self, Mode, Progress, Verdict};
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
#[must_use = "a select happens only when its future is awaited"]
pub struct Selected<A, P, const N: usize> {
    /// Before the commit: dropping the arms takes their nodes out of all lists (S2).
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
        // SAFETY: `arms` and `commit` are pinned with the whole: neither is moved, and there is no `Drop` of our own. The rest is not pinned.
        let (mut arms, commit, this) = unsafe {
            let this = self.get_unchecked_mut();
            let commit = Pin::new_unchecked(&this.commit);
            (
                Pin::new_unchecked(&mut this.arms),
                commit,
                (&this.accept, &mut this.progress, this.mode, this.site),
            )
        };
        let (accept, progress, mode, site) = this;
        loop {
            let mut slots: [Slot<'_>; N] = [const { None }; N];
            arms.as_mut().collect(&mut slots);
            let verdict =
                std::task::ready!(engine::poll(&mut slots, commit, progress, mode, site, cx));
            let index = match verdict {
                Verdict::Arm(index) => index,
                Verdict::Default => return Poll::Ready(Outcome::Default),
                Verdict::Otherwise => return Poll::Ready(Outcome::Otherwise),
            };
            let output = arms.as_mut().take(index);
            if accept(&output) {
                return Poll::Ready(Outcome::Arm(output));
            }
            drop(output);
            arms.as_mut().switch_off(index);
            progress.go_on(&commit);
        }
    }
}

impl<A, P, const N: usize> fmt::Debug for Selected<A, P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selected")
            .field("arms", &N)
            .field("site", &self.site)
            .finish_non_exhaustive()
    }
}
