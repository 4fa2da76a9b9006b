//! The protocol of a select, for arms whose types do not matter. See `README.md`.
//!
//! It protects nothing by itself: what it touches of a channel it touches under that channel's lock, and the locks are taken in the order of their addresses.

use super::arm::Round;
use super::arms::Slot;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::rng;
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinHeld, SpinWord};
use gaggle_base::wait::Reason;
use gaggle_base::waitlist::{Claim, Commit};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

/// How a select chooses, and what it does when nothing is ready.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mode {
    /// The arms are tried in source order, not in a random one.
    pub biased: bool,
    /// If no arm can proceed at this instant, the select is over.
    pub default: bool,
    /// If no arm can ever proceed, the select is over.
    pub otherwise: bool,
}

/// Where a select stands between two polls.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// The nodes are in the lists and the commit was let go.
    waiting: bool,
    /// The nodes were in the lists before: one that was passed over goes back to the front.
    enqueued: bool,
    /// An arm was switched off because its pattern did not match.
    pub(super) mismatch: bool,
}

impl Progress {
    /// The outcome of an arm was refused: the select goes on without that arm.
    pub(super) fn go_on(&mut self, commit: &Commit) {
        self.mismatch = true;
        self.waiting = false;
        commit.reopen();
    }
}

/// How a select ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This arm has its outcome.
    Arm(usize),
    /// No arm could proceed.
    Default,
    /// No arm can ever proceed.
    Otherwise,
}

/// One poll of a select.
pub(super) fn poll(
    arms: &mut [Slot<'_>],
    commit: Pin<&Commit>,
    progress: &mut Progress,
    mode: Mode,
    site: Site,
    cx: &mut Context<'_>,
) -> Poll<Verdict> {
    let mut few = [0_u16; 16];
    let mut many = Vec::new();
    let order = if arms.len() <= few.len() {
        &mut few[..arms.len()]
    } else {
        many.resize(arms.len(), 0);
        &mut many[..]
    };
    let mut order = Order::new(order, mode.biased);
    if progress.waiting {
        return poll_again(arms, commit, progress, mode, site, &mut order, cx);
    }
    ready!(poll_proceed(cx));
    // First look: cheap and without a trace. What can tell by itself that it is not ready is not polled yet.
    while let Some(i) = order.next() {
        if arm(arms, i).attempt(cx, Round::Look) {
            return Poll::Ready(Verdict::Arm(i));
        }
    }
    if !arms.iter().flatten().any(|arm| arm.is_on()) {
        return all_off(*progress, mode, site);
    }
    if let Some(i) = poll_futures(arms, Round::Rest, &mut order, cx) {
        return Poll::Ready(Verdict::Arm(i));
    }
    look_and_wait(arms, commit, progress, mode, site, &mut order, cx)
}

/// The engine's way to an arm.
#[inline(always)]
fn arm<'a>(arms: &'a mut [Slot<'_>], i: usize) -> Pin<&'a mut (dyn super::arm::RawArm + 'a)> {
    let slot = arms[i].as_mut().expect("every arm has its slot");
    slot.as_mut()
}

/// A poll after one that let the select wait.
#[inline(never)]
fn poll_again(
    arms: &mut [Slot<'_>],
    commit: Pin<&Commit>,
    progress: &mut Progress,
    mode: Mode,
    site: Site,
    order: &mut Order<'_>,
    cx: &mut Context<'_>,
) -> Poll<Verdict> {
    if commit.claim() == Claim::Won {
        return Poll::Ready(Verdict::Arm(winner(arms)));
    }
    progress.waiting = false;
    // The nodes stay in their lists. Nobody completes one while we are busy, so no outcome of another arm has to be thrown away.
    if let Some(i) = poll_futures(arms, Round::All, order, cx) {
        return Poll::Ready(Verdict::Arm(i));
    }
    drop(commit.set_waker(cx.waker()));
    if commit.wait() {
        progress.waiting = true;
        note_wait(Reason::Select, site, 0);
        return Poll::Pending;
    }
    look_and_wait(arms, commit, progress, mode, site, order, cx)
}

/// Polls the arms that are no channel operations.
fn poll_futures(
    arms: &mut [Slot<'_>],
    round: Round,
    order: &mut Order<'_>,
    cx: &mut Context<'_>,
) -> Option<usize> {
    order.restart();
    while let Some(i) = order.next() {
        let mut arm = arm(arms, i);
        if arm.channel().is_none() && arm.as_mut().attempt(cx, round) {
            return Some(i);
        }
    }
    None
}

/// Looks at all channels at one instant (SE-03), and if none can proceed waits at all of them.
fn look_and_wait(
    arms: &mut [Slot<'_>],
    commit: Pin<&Commit>,
    progress: &mut Progress,
    mode: Mode,
    site: Site,
    order: &mut Order<'_>,
    cx: &mut Context<'_>,
) -> Poll<Verdict> {
    if !mode.default {
        drop(commit.set_waker(cx.waker()));
    }
    let locks = lock_all(arms);
    if locks.is_none() {
        if mode.default {
            return Poll::Ready(Verdict::Default);
        }
        note_wait(Reason::Select, site, 0);
        return Poll::Pending;
    }
    order.restart();
    while let Some(i) = order.next() {
        let Some(chan) = arms[i].as_ref().and_then(|arm| arm.channel()) else {
            continue;
        };
        // SAFETY: all locks are held, and we have not let go of the commit, so the select is busy.
        if let Some([to_wake, to_drop]) = unsafe { chan.attempt_locked() } {
            drop(locks);
            drop(to_drop);
            to_wake.into_iter().for_each(Waker::wake);
            return Poll::Ready(Verdict::Arm(i));
        }
    }
    if mode.default {
        return Poll::Ready(Verdict::Default);
    }
    let again = progress.enqueued;
    for chan in arms.iter().flatten().filter_map(|arm| arm.channel()) {
        // SAFETY: all locks are held, the select is busy, and every attempt has just failed; the commit is dropped after the arms, which take their nodes out.
        unsafe { chan.enqueue_locked(again, commit) };
    }
    commit.wait_locked();
    drop(locks);
    progress.waiting = true;
    progress.enqueued = true;
    note_wait(Reason::Select, site, 0);
    Poll::Pending
}

/// The arm whose node another side has completed.
fn winner(arms: &[Slot<'_>]) -> usize {
    let done = |arm: &Slot<'_>| {
        let chan = arm.as_ref().and_then(|arm| arm.channel());
        chan.is_some_and(super::arm::ChanArm::is_done)
    };
    if let Some(i) = arms.iter().position(done) {
        return i;
    }
    // Whoever won is still at it, and holds one of the locks.
    drop(lock_all(arms));
    let i = arms.iter().position(done);
    i.expect("a select that was won has an arm that is done")
}

/// Nothing can ever be ready.
#[cold]
fn all_off(progress: Progress, mode: Mode, site: Site) -> Poll<Verdict> {
    if mode.default {
        return Poll::Ready(Verdict::Default);
    }
    if mode.otherwise {
        return Poll::Ready(Verdict::Otherwise);
    }
    assert!(
        !progress.mismatch,
        "select!: no pattern matched and no arm is left; add an `else => ..` arm, or match every outcome"
    );
    note_wait(Reason::SelectNone, site, 0);
    Poll::Pending
}

/// How many locks are kept without an allocation.
const FEW: usize = 8;

/// The locks of all channels, held.
struct Held<'a> {
    _few: [Option<SpinHeld<'a>>; FEW],
    _many: Vec<SpinHeld<'a>>,
}

/// Takes the locks of all channels, each once, in the order of their addresses. `None`: there is no channel.
fn lock_all<'a>(arms: &'a [Slot<'_>]) -> Option<Held<'a>> {
    let words = || {
        let channels = arms.iter().flatten().filter_map(|arm| arm.channel());
        channels.map(super::arm::ChanArm::word)
    };
    let mut few = [None; FEW];
    let mut n = 0;
    for word in words() {
        if n == FEW {
            return Some(lock_many(words().collect()));
        }
        let at = few[..n].partition_point(|w: &Option<SpinWord<'_>>| {
            w.is_some_and(|w| w.address() < word.address())
        });
        if at < n && few[at].is_some_and(|w| w.address() == word.address()) {
            continue;
        }
        few[at..=n].rotate_right(1);
        few[at] = Some(word);
        n += 1;
    }
    (n > 0).then(|| Held {
        _few: few.map(|word| word.map(SpinWord::lock)),
        _many: Vec::new(),
    })
}

#[cold]
fn lock_many(mut words: Vec<SpinWord<'_>>) -> Held<'_> {
    words.sort_unstable_by_key(|word| word.address());
    words.dedup_by_key(|word| word.address());
    Held {
        _few: [const { None }; FEW],
        _many: words.into_iter().map(SpinWord::lock).collect(),
    }
}

/// The order in which the arms are tried: drawn as it is needed, without replacement, so that each ready arm is the first ready one with equal chance (SE-04).
struct Order<'a> {
    indices: &'a mut [u16],
    next: usize,
    biased: bool,
}

impl<'a> Order<'a> {
    fn new(indices: &'a mut [u16], biased: bool) -> Self {
        for (i, index) in indices.iter_mut().enumerate() {
            *index = i as u16;
        }
        Self {
            indices,
            next: 0,
            biased,
        }
    }

    /// All of them once more, in a new order.
    fn restart(&mut self) {
        self.next = 0;
    }

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        let left = self.indices.len() - self.next;
        if left == 0 {
            return None;
        }
        if !self.biased && left > 1 {
            let drawn = self.next + rng::below(left as u32) as usize;
            self.indices.swap(self.next, drawn);
        }
        self.next += 1;
        Some(self.indices[self.next - 1] as usize)
    }
}
