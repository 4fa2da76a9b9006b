//! Models of a goroutine with a thread of its own: wakes, aborts and the end of a runtime against that thread.
//!
//! The state word and the parker are the real ones. [`Task::live`] mirrors `sched/locked.rs`, [`Task::schedule`] mirrors `hand_over`.
//! The future is a loom cell that only its own thread touches, so what is checked is that the thread is told, that it is told once for each right, and that nobody frees what another still uses.

use super::super::state::{End, Start, State, WakeOutcome};
use super::Parker;
use gaggle_base::sync::{AtomicUsize, Cell, Ordering};
use loom::sync::Arc;
use loom::thread;

struct Task {
    state: State,
    parker: Parker,
    /// Stands for the allocation: looked at by whoever uses it, written when it is freed.
    memory: Cell<()>,
    /// Counts polls; the own thread's.
    polls: Cell<u32>,
    /// How many conditions the future has seen; it is ready at `wanted`.
    conditions: AtomicUsize,
    wanted: usize,
    cancelled: AtomicUsize,
    freed: AtomicUsize,
}

impl Task {
    /// Born without a handle: references of the live list, of the own thread, and of `wakers` more.
    fn born(wanted: usize, wakers: usize) -> Arc<Self> {
        let state = State::new();
        let _ = state.drop_handle();
        // The handle's reference becomes the thread's.
        (0..wakers).for_each(|_| state.acquire());
        Arc::new(Self {
            state,
            parker: Parker::new(),
            memory: Cell::new(()),
            polls: Cell::new(0),
            conditions: AtomicUsize::new(0),
            wanted,
            cancelled: AtomicUsize::new(0),
            freed: AtomicUsize::new(0),
        })
    }

    /// The own thread, from birth to the end.
    fn live(&self) {
        loop {
            match self.state.start_poll() {
                Start::Poll => {
                    // SAFETY: only the own thread polls; loom checks it.
                    self.polls.with_mut(|polls| unsafe { *polls += 1 });
                    if self.conditions.load(Ordering::Relaxed) < self.wanted {
                        match self.state.end_poll() {
                            End::Again => {}
                            End::Parked => self.parker.park(),
                        }
                        continue;
                    }
                }
                Start::Cancel => {
                    self.cancelled.fetch_add(1, Ordering::Relaxed);
                }
            }
            if self.state.complete_detached() {
                self.free();
            }
            assert!(self.state.is_done());
            return self.release();
        }
    }

    /// `hand_over`.
    fn schedule(&self) {
        self.state.acquire();
        self.parker.unpark();
        self.memory.with(|_| ());
        self.release();
    }

    /// Something that the future waits for has come about. Relaxed: the wake that follows has to publish it.
    fn fulfil_and_wake(&self) {
        self.conditions.fetch_add(1, Ordering::Relaxed);
        match self.state.wake_by_val() {
            WakeOutcome::Schedule => self.schedule(),
            WakeOutcome::Nothing => {}
            WakeOutcome::Free => self.free(),
        }
    }

    fn release(&self) {
        if self.state.release() {
            self.free();
        }
    }

    fn free(&self) {
        assert!(self.state.is_done(), "freed before it was done");
        assert_eq!(self.freed.fetch_add(1, Ordering::Relaxed), 0, "freed twice");
        // To free is to touch everything: whoever used it must have happened before.
        self.memory.with_mut(|_| ());
        self.polls.with_mut(|_| ());
    }

    #[track_caller]
    fn assert_over(&self, most_cancelled: usize) {
        assert_eq!(self.freed.load(Ordering::Relaxed), 1, "never freed");
        assert!(self.cancelled.load(Ordering::Relaxed) <= most_cancelled);
    }
}

/// Loom's limits, and at most `preemptions` switches against a thread's will, unless the environment says how many.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(f);
}

/// Two threads each bring about one of the two things that the goroutine waits for, and wake it (GO-12).
/// It catches: a permit that comes twice for one right, or not at all; a wake that does not publish what came before it; a parker that is freed while whoever unparked it still uses it.
#[test]
fn loom_locked_two_wakes() {
    model(3, || {
        let task = Task::born(2, 2);
        let threads = [task.clone(), task.clone()]
            .map(|waker| thread::spawn(move || waker.fulfil_and_wake()));
        task.live();
        for t in threads {
            t.join().unwrap();
        }
        task.assert_over(0);
    });
}

/// The end of the runtime claims the goroutine while a wake comes, and only its own thread cancels it (RX-05).
/// It catches a goroutine that is given to its thread by both. What a claim misses, because it finds a poll, a later sweep or `closing` gets.
#[test]
fn loom_locked_claim_against_wake() {
    model(3, || {
        let task = Task::born(1, 1);
        let waker = task.clone();
        let waking = thread::spawn(move || waker.fulfil_and_wake());
        // The live list's reference is not given up before the claim: its lock is held.
        task.state.acquire();
        let swept = task.clone();
        let sweeping = thread::spawn(move || {
            if swept.state.claim() {
                swept.schedule();
            }
            swept.release();
        });
        task.live();
        waking.join().unwrap();
        sweeping.join().unwrap();
        task.assert_over(1);
    });
}

/// An abort against a wake: the goroutine ends by one of the two, once.
#[test]
fn loom_locked_abort_against_wake() {
    model(3, || {
        let task = Task::born(1, 2);
        let waker = task.clone();
        let waking = thread::spawn(move || waker.fulfil_and_wake());
        let aborter = task.clone();
        let aborting = thread::spawn(move || {
            if aborter.state.abort() {
                aborter.schedule();
            }
            aborter.release();
        });
        task.live();
        waking.join().unwrap();
        aborting.join().unwrap();
        task.assert_over(1);
    });
}
