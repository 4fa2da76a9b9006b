//! One descriptor: is it ready, and who waits for it.
//!
//! Each direction has a word: whether it is ready as far as is known, what a short read says, and a count of the events that were seen.
//! An operation notes the word, tries, and if the system says "would block" takes `READY` back only if the word is still the same: an event that came in between is never taken back.
//! Whoever waits puts its waker into the list under its lock, and looks at the word once more; an event changes the word first, and then takes the list. So one of the two sees the other.

use super::poller::{Readiness, State};
use crate::task::has_ended;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicUsize, Ordering};
use std::net::SocketAddr;
use std::task::Waker;

/// It is ready, as far as is known.
const READY: usize = 1;
/// There is more to be had than bytes: the end, an error, something urgent. So an operation that has taken less than it could has not taken all; only "would block" ends this, since an end may pass as well (a pipe that another one opens, an error that was told).
const CLOSED: usize = 2;
/// The same for good: the descriptor gives what it has in pieces, whatever the events are.
const PIECES: usize = 4;
/// One event more.
const EVENT: usize = 8;

/// What is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// To read, or to accept.
    Read,
    /// To write, or to be connected.
    Write,
}

/// A descriptor that is registered.
pub(crate) struct Source {
    read: Way,
    write: Way,
    /// What it is, for people: `tcp`, `udp`.
    pub(super) kind: &'static str,
    /// Who is at the other end.
    pub(super) peer: Option<SocketAddr>,
    pub(super) fd: i32,
}

struct Way {
    word: AtomicUsize,
    waiting: SpinLock<Wakers>,
}

/// Who waits. Nearly always that is one task, which needs no memory of its own.
#[derive(Default)]
struct Wakers {
    first: Option<Waker>,
    more: Vec<Waker>,
}

impl Wakers {
    /// Adds one, unless its task is there already: then it comes back.
    fn add(&mut self, waker: Waker) -> Option<Waker> {
        let mut all = self.first.iter().chain(&self.more);
        if all.any(|other| other.will_wake(&waker)) {
            return Some(waker);
        }
        if self.first.is_none() {
            self.first = Some(waker);
        } else {
            if self.more.len() == self.more.capacity() {
                // Who was given up while it waited has left its waker behind: such ones are half of them at most.
                self.more.retain(|other| !has_ended(other));
            }
            self.more.push(waker);
        }
        None
    }

    /// In the order in which they came.
    fn take(&mut self, into: &mut Vec<Waker>) {
        into.extend(self.first.take());
        into.append(&mut self.more);
    }
}

/// What an operation saw before it tried.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen(usize);

impl Source {
    /// Ready in both directions: nobody has tried yet. `in_pieces`: a read that fills less than its buffer has not taken all there is.
    pub(super) fn new(
        kind: &'static str,
        peer: Option<SocketAddr>,
        fd: i32,
        in_pieces: bool,
    ) -> Self {
        let way = |word| Way {
            word: AtomicUsize::new(word),
            waiting: SpinLock::new(Wakers::default()),
        };
        Self {
            read: way(if in_pieces { READY | PIECES } else { READY }),
            write: way(READY),
            kind,
            peer,
            fd,
        }
    }

    fn way(&self, direction: Direction) -> &Way {
        match direction {
            Direction::Read => &self.read,
            Direction::Write => &self.write,
        }
    }

    /// Something has happened. Those who wait for it are added to `wakers`.
    pub(super) fn happened(&self, readiness: Readiness, wakers: &mut Vec<Waker>) {
        self.read.happened(readiness.read, wakers);
        self.write.happened(readiness.write, wakers);
    }

    /// Is it worth a try? If so, what was seen; else `waker` is called when it is.
    pub(super) fn try_or_wait(&self, direction: Direction, waker: &Waker) -> Option<Seen> {
        self.way(direction).try_or_wait(waker)
    }

    /// A try has taken all there was, as far as it can tell: it is not ready any more, unless something has happened since.
    pub(super) fn used_up(&self, direction: Direction, seen: Seen) {
        self.way(direction).used_up(seen);
    }

    /// A try has said "would block": it is not ready any more, unless something has happened since.
    pub(super) fn would_block(&self, direction: Direction, seen: Seen) {
        self.way(direction).unready(seen);
    }
}

impl Way {
    fn happened(&self, state: State, wakers: &mut Vec<Waker>) {
        let more = match state {
            State::Same => return,
            State::Ready => READY,
            State::Closed => READY | CLOSED,
        };
        let mut now = self.word.load(Ordering::Relaxed);
        // Release: whoever sees the event sees what came before it. Sequentially consistent, because a look at the list follows.
        while let Err(other) = self.word.compare_exchange_weak(
            now,
            now.wrapping_add(EVENT) | more,
            Ordering::SeqCst,
            Ordering::Relaxed,
        ) {
            now = other;
        }
        self.waiting.lock().take(wakers);
    }

    fn try_or_wait(&self, waker: &Waker) -> Option<Seen> {
        let now = self.word.load(Ordering::Acquire);
        if now & READY != 0 {
            return Some(Seen(now));
        }
        // Not under the lock: a foreign waker may do anything when it is cloned.
        let waker = waker.clone();
        let unused = self.waiting.lock().add(waker);
        drop(unused);
        let now = self.word.load(Ordering::SeqCst);
        (now & READY != 0).then_some(Seen(now))
    }

    fn used_up(&self, seen: Seen) {
        if seen.0 & (CLOSED | PIECES) == 0 {
            self.unready(seen);
        }
    }

    fn unready(&self, seen: Seen) {
        // If it fails something has happened, and the next try is worth it.
        let _ = self.word.compare_exchange(
            seen.0,
            seen.0 & !(READY | CLOSED),
            Ordering::AcqRel,
            Ordering::Relaxed,
        );
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::sync::Arc;
    use std::sync::atomic::AtomicUsize as Count;
    use std::task::{Poll, Wake};

    #[derive(Default)]
    struct Wakes(Count);
    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    const READ: Readiness = Readiness {
        read: State::Ready,
        write: State::Same,
    };

    fn happen(source: &Source, readiness: Readiness) {
        let mut wakers = Vec::new();
        source.happened(readiness, &mut wakers);
        wakers.into_iter().for_each(Waker::wake);
    }

    #[test]
    fn whoever_waits_is_woken_once_an_event() {
        let (source, wakes) = (Source::new("test", None, 3, false), Arc::<Wakes>::default());
        let waker = Waker::from(wakes.clone());
        let seen = source.try_or_wait(Direction::Read, &waker).unwrap();
        source.used_up(Direction::Read, seen);
        for _ in 0..3 {
            assert!(source.try_or_wait(Direction::Read, &waker).is_none());
        }
        happen(&source, READ);
        happen(&source, READ);
        assert_eq!(wakes.0.load(Ordering::SeqCst), 1, "it waited once");
        assert!(source.try_or_wait(Direction::Read, &waker).is_some());
    }

    #[test]
    fn goroutines_that_were_given_up_do_not_pile_up() {
        let source = Arc::new(Source::new("test", None, 3, false));
        let seen = source.try_or_wait(Direction::Read, Waker::noop()).unwrap();
        source.used_up(Direction::Read, seen);
        for _ in 0..1_000 {
            let source = source.clone();
            let one = poll_fn(move |cx| {
                assert!(source.try_or_wait(Direction::Read, cx.waker()).is_none());
                Poll::Ready(())
            });
            crate::go(one).join_blocking().unwrap();
        }
        let waiting = source.read.waiting.lock();
        assert!(waiting.more.capacity() <= 8, "{}", waiting.more.capacity());
    }

    #[test]
    fn an_event_during_a_try_is_not_taken_back() {
        let source = Source::new("test", None, 3, false);
        let seen = source.try_or_wait(Direction::Read, Waker::noop()).unwrap();
        happen(&source, READ);
        source.used_up(Direction::Read, seen);
        assert!(source.try_or_wait(Direction::Read, Waker::noop()).is_some());
    }

    #[test]
    fn an_end_outlasts_a_short_read_but_not_a_try_that_would_block() {
        let waker = Waker::noop();
        for in_pieces in [false, true] {
            let source = Source::new("test", None, 3, in_pieces);
            let ended = Readiness {
                read: State::Closed,
                ..READ
            };
            happen(&source, ended);
            let seen = source.try_or_wait(Direction::Read, waker).unwrap();
            source.used_up(Direction::Read, seen);
            let seen = source.try_or_wait(Direction::Read, waker).unwrap();
            source.would_block(Direction::Read, seen);
            assert!(source.try_or_wait(Direction::Read, waker).is_none());
            happen(&source, READ);
            let seen = source.try_or_wait(Direction::Read, waker).unwrap();
            source.used_up(Direction::Read, seen);
            let again = source.try_or_wait(Direction::Read, waker);
            assert_eq!(again.is_some(), in_pieces);
        }
    }

    #[test]
    fn what_is_closed_stays_ready_and_directions_do_not_mix() {
        let source = Source::new("test", None, 3, false);
        let closed = Readiness {
            read: State::Closed,
            ..READ
        };
        happen(&source, closed);
        for _ in 0..3 {
            let seen = source.try_or_wait(Direction::Read, Waker::noop()).unwrap();
            source.used_up(Direction::Read, seen);
        }
        let seen = source.try_or_wait(Direction::Write, Waker::noop()).unwrap();
        source.used_up(Direction::Write, seen);
        assert!(
            source
                .try_or_wait(Direction::Write, Waker::noop())
                .is_none()
        );
    }
}
