//! The protocol of a select, for arms whose types do not matter. See `README.md`.
//!
//! It protects nothing by itself: what it touches of a channel it touches under that channel's lock, and the locks are taken in the order of their addresses.

use super::arm::Round;
use super::arms::Slot;
use gaggle_base::context::{note_wait, poll_proceed};
use gaggle_base::rng;
use gaggle_base::site::Site;
use gaggle_base::spin::{SpinHeld, SpinWord};
use gaggle_base::steps::{self, Kind};
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
    stage: Stage,
    /// The nodes were in the lists before: one that was passed over goes back to the front.
    enqueued: bool,
    /// An arm was switched off because its pattern did not match.
    mismatch: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// It runs, or has not been polled yet.
    #[default]
    Looking,
    /// The nodes are in the lists and the commit was let go.
    Waiting,
    /// The verdict was given.
    Over,
}

impl Progress {
    /// Were the nodes ever put into lists? Then some may be there still.
    pub(super) fn was_enqueued(self) -> bool {
        self.enqueued
    }

    /// The outcome of an arm was refused: the select goes on without that arm.
    pub(super) fn go_on(&mut self) {
        self.mismatch = true;
        self.stage = Stage::Looking;
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

/// One select, for the time of one poll.
pub(super) struct Engine<'s, 'p> {
    pub(super) arms: &'s mut [Slot<'p>],
    pub(super) commit: Pin<&'s Commit>,
    pub(super) progress: &'s mut Progress,
    pub(super) mode: Mode,
    pub(super) site: Site,
}

impl Engine<'_, '_> {
    /// One poll.
    ///
    /// # Panics
    /// After the verdict was given.
    #[inline]
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        assert!(
            self.progress.stage != Stage::Over,
            "a select was polled after it was ready"
        );
        let verdict = self.step(cx);
        if verdict.is_ready() {
            self.progress.stage = Stage::Over;
        }
        verdict
    }

    #[inline]
    fn step(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        if self.arms.is_empty() {
            return self.all_off();
        }
        if self.progress.stage == Stage::Waiting {
            return self.in_order(None, |engine, order| engine.poll_again(order, cx));
        }
        ready!(poll_proceed(
            cx,
            Reason::Select,
            self.site,
            self.arms.len() as u64
        ));
        // First look: cheap and without a trace. Most selects end here, with the first arm that is drawn.
        let first = if self.mode.biased || self.arms.len() == 1 {
            0
        } else {
            match rng::draw(self.arms.len() as u32) {
                Some(drawn) => drawn as usize,
                None => self.choose_ready(),
            }
        };
        if self.arm(first).attempt(cx, Round::Look) {
            return Poll::Ready(Verdict::Arm(first));
        }
        self.in_order(Some(first), |engine, order| engine.look_on(order, cx))
    }

    /// The thread is driven: whoever drives it chooses among the arms that may proceed. The others then follow in source order.
    #[cold]
    fn choose_ready(&self) -> usize {
        let arms = self.arms.iter().enumerate();
        let may_proceed = |arm: &Slot<'_>| arm.as_ref().is_some_and(|arm| arm.may_proceed());
        let ready: Vec<usize> = arms
            .filter(|(_, arm)| may_proceed(arm))
            .map(|(i, _)| i)
            .collect();
        let chosen = steps::choose(Kind::Arm, ready.len());
        ready.get(chosen).copied().unwrap_or(0)
    }

    /// Goes on with an order for the arms, in which `first`, if there is one, has been drawn.
    #[inline(never)]
    fn in_order<R>(
        &mut self,
        first: Option<usize>,
        go_on: impl FnOnce(&mut Self, &mut Order<'_>) -> R,
    ) -> R {
        let (mut few, mut many) = ([0_u32; 16], Vec::new());
        let indices = if self.arms.len() <= few.len() {
            &mut few[..self.arms.len()]
        } else {
            many.resize(self.arms.len(), 0);
            &mut many[..]
        };
        let mut order = Order::new(indices, self.mode.biased);
        if let Some(first) = first {
            order.has_drawn(first);
        }
        go_on(self, &mut order)
    }

    /// The first look at the arms that are left, and what follows if none is ready.
    fn look_on(&mut self, order: &mut Order<'_>, cx: &mut Context<'_>) -> Poll<Verdict> {
        while let Some(i) = order.next() {
            if self.arm(i).attempt(cx, Round::Look) {
                return Poll::Ready(Verdict::Arm(i));
            }
        }
        if !self.arms.iter().flatten().any(|arm| arm.is_on()) {
            return self.all_off();
        }
        let rest = if self.mode.default {
            Round::SecondLook
        } else {
            Round::Rest
        };
        if let Some(i) = self.poll_futures(rest, order, cx) {
            return Poll::Ready(Verdict::Arm(i));
        }
        self.look_and_wait(order, cx)
    }

    #[inline(always)]
    fn arm(&mut self, i: usize) -> Pin<&mut (dyn super::arm::RawArm + '_)> {
        let slot = self.arms[i].as_mut().expect("every arm has its slot");
        slot.as_mut()
    }

    /// A poll after one that let the select wait.
    fn poll_again(&mut self, order: &mut Order<'_>, cx: &mut Context<'_>) -> Poll<Verdict> {
        if self.commit.claim() == Claim::Won {
            return Poll::Ready(Verdict::Arm(winner(self.arms)));
        }
        self.progress.stage = Stage::Looking;
        // The nodes stay in their lists. Nobody completes one while we are busy, so no outcome of another arm has to be thrown away.
        if let Some(i) = self.poll_futures(Round::All, order, cx) {
            return Poll::Ready(Verdict::Arm(i));
        }
        self.name_task(cx);
        if self.commit.wait() {
            self.progress.stage = Stage::Waiting;
            return self.pending();
        }
        self.look_and_wait(order, cx)
    }

    /// Polls the arms that are no channel operations.
    fn poll_futures(
        &mut self,
        round: Round,
        order: &mut Order<'_>,
        cx: &mut Context<'_>,
    ) -> Option<usize> {
        order.restart();
        while let Some(i) = order.next() {
            let mut arm = self.arm(i);
            if arm.channel().is_none() && arm.as_mut().attempt(cx, round) {
                return Some(i);
            }
        }
        None
    }

    /// Looks at all channels at one instant (SE-03), and if none can proceed waits at all of them.
    fn look_and_wait(&mut self, order: &mut Order<'_>, cx: &mut Context<'_>) -> Poll<Verdict> {
        if !self.mode.default {
            self.name_task(cx);
        }
        let Some(locks) = lock_all(self.arms) else {
            if self.mode.default {
                return Poll::Ready(Verdict::Default);
            }
            return self.pending();
        };
        order.restart();
        while let Some(i) = order.next() {
            let Some(chan) = self.arms[i].as_ref().and_then(|arm| arm.channel()) else {
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
        if self.mode.default {
            return Poll::Ready(Verdict::Default);
        }
        // In the order of the look: of two arms on one channel, each is the first to be served as often (SE-05).
        // Those that were passed over go before all others, so the last of them comes first.
        let again = self.progress.enqueued;
        let mut places = order.all();
        while let Some(i) = if again {
            places.next_back()
        } else {
            places.next()
        } {
            if let Some(chan) = self.arms[i].as_ref().and_then(|arm| arm.channel()) {
                // SAFETY: all locks are held, the select is busy, and every attempt has just failed; the commit outlives the nodes' stay (S2).
                unsafe { chan.enqueue_locked(again, self.commit) };
            }
        }
        self.commit.wait_locked();
        drop(locks);
        self.progress.stage = Stage::Waiting;
        self.progress.enqueued = true;
        self.pending()
    }

    /// The task to wake is that of this poll.
    fn name_task(&self, cx: &Context<'_>) {
        // SAFETY: the commit is this select's, of which this is the only poll; it was claimed, was never let go, or was won by an arm whose outcome has been taken.
        drop(unsafe { self.commit.set_waker(cx.waker()) });
    }

    fn pending(&self) -> Poll<Verdict> {
        // So few is no address: it is their number.
        note_wait(Reason::Select, self.site, self.arms.len() as u64);
        Poll::Pending
    }

    /// Nothing can ever be ready.
    #[cold]
    fn all_off(&self) -> Poll<Verdict> {
        if self.mode.default {
            return Poll::Ready(Verdict::Default);
        }
        if self.mode.otherwise {
            return Poll::Ready(Verdict::Otherwise);
        }
        assert!(
            !self.progress.mismatch,
            "select!: no pattern matched and no arm is left; add an `else => ..` arm, or match every outcome"
        );
        note_wait(Reason::SelectNone, self.site, 0);
        Poll::Pending
    }
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
    indices: &'a mut [u32],
    next: usize,
    biased: bool,
}

impl<'a> Order<'a> {
    fn new(indices: &'a mut [u32], biased: bool) -> Self {
        for (i, index) in indices.iter_mut().enumerate() {
            *index = i as u32;
        }
        Self {
            indices,
            next: 0,
            biased,
        }
    }

    /// This one comes first, and has come.
    fn has_drawn(&mut self, index: usize) {
        self.indices.swap(0, index);
        self.next = 1;
    }

    /// All of them, as they were drawn.
    fn all(&self) -> impl DoubleEndedIterator<Item = usize> + '_ {
        self.indices.iter().map(|i| *i as usize)
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
            // A driven thread has chosen before.
            let drawn = self.next + rng::draw(left as u32).unwrap_or(0) as usize;
            self.indices.swap(self.next, drawn);
        }
        self.next += 1;
        Some(self.indices[self.next - 1] as usize)
    }
}
