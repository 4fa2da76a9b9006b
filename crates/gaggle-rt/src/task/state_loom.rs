//! Models of one goroutine's life: every interleaving of its runner, its wakers and its handle, up to a bound.
//!
//! The state word is the real one. Around it is the smallest goroutine that obeys `README.md`: [`Task::run`] and [`Task::complete`] mirror `raw::run` and `raw::complete`.
//! What the README gives to one thread at a time is a loom cell here, so a second runner, a use after the end and a missing release or acquire are all reported as a data race.

use super::*;
use gaggle_base::sync::Cell;
use loom::sync::Arc;
use loom::thread;

struct Task {
    state: State,
    /// Counts polls; the runner's until `DONE`.
    future: Cell<u32>,
    /// How many conditions the future has seen; it is ready at `wanted`.
    conditions: AtomicUsize,
    wanted: usize,
    /// The joiner slot: the number of the waker in it, or 0.
    slot: Cell<u32>,
    /// 1 while the outcome is stored and not taken.
    outcome: Cell<u32>,
    /// Bit n is set when waker n was called.
    called: AtomicUsize,
    freed: AtomicUsize,
}

impl Task {
    fn born(wanted: usize) -> Arc<Self> {
        Arc::new(Self {
            state: State::new(),
            future: Cell::new(0),
            conditions: AtomicUsize::new(0),
            wanted,
            slot: Cell::new(0),
            outcome: Cell::new(0),
            called: AtomicUsize::new(0),
            freed: AtomicUsize::new(0),
        })
    }

    /// Something that the future waits for has come about. Relaxed: the wake that follows has to publish it.
    fn fulfil(&self) {
        self.conditions.fetch_add(1, Ordering::Relaxed);
    }

    /// What a worker does with a goroutine that it took from a queue; "queue it again" is to go on here.
    fn run(&self) {
        loop {
            match self.state.start_poll() {
                Start::Poll => {
                    // SAFETY: whoever has `SCHEDULED` is the only one; loom checks it.
                    self.future.with_mut(|polls| unsafe { *polls += 1 });
                    if self.conditions.load(Ordering::Relaxed) < self.wanted {
                        match self.state.end_poll() {
                            End::Again => continue,
                            End::Parked => return,
                        }
                    }
                }
                Start::Cancel => {}
            }
            return self.complete();
        }
    }

    fn complete(&self) {
        // SAFETY: the outcome is the runner's until `DONE`; loom checks it.
        self.outcome.with_mut(|outcome| unsafe { *outcome = 1 });
        let free = if self.state.has_handle() {
            let Completion { handle, joiner } = self.state.complete();
            if joiner {
                self.call(self.take_slot());
            }
            if !handle {
                self.take_outcome();
            }
            self.state.release()
        } else {
            self.take_outcome();
            self.state.complete_detached()
        };
        if free {
            self.free();
        }
    }

    fn take_slot(&self) -> u32 {
        // SAFETY: the state word has given the slot to the caller; loom checks it.
        self.slot
            .with_mut(|slot| unsafe { std::mem::replace(&mut *slot, 0) })
    }

    fn put_slot(&self, waker: u32) {
        // SAFETY: as above.
        self.slot.with_mut(|slot| unsafe { *slot = waker });
    }

    fn call(&self, waker: u32) {
        assert_ne!(waker, 0, "a waker that is not there was to be called");
        let before = self.called.fetch_or(1 << waker, Ordering::Relaxed);
        assert_eq!(before & (1 << waker), 0, "a waker was called twice");
    }

    fn take_outcome(&self) {
        // SAFETY: the state word has given the outcome to the caller; loom checks it.
        let outcome = self
            .outcome
            .with_mut(|outcome| unsafe { std::mem::replace(&mut *outcome, 0) });
        assert_eq!(
            outcome, 1,
            "the outcome was taken twice or before it was stored"
        );
    }

    fn free(&self) {
        assert!(self.state.is_done(), "freed before it was done");
        assert_eq!(self.freed.fetch_add(1, Ordering::Relaxed), 0, "freed twice");
        // To free is to touch everything: whoever did so before must have happened before.
        self.future.with_mut(|_| ());
        self.slot.with_mut(|_| ());
        self.outcome.with_mut(|_| ());
    }

    fn wake_by_val(&self) {
        match self.state.wake_by_val() {
            WakeOutcome::Schedule => self.run(),
            WakeOutcome::Nothing => {}
            WakeOutcome::Free => self.free(),
        }
    }

    fn wake_by_ref(&self) {
        if self.state.wake_by_ref() {
            self.run();
        }
    }

    fn abort(&self) {
        if self.state.abort() {
            self.run();
        }
    }

    fn release(&self) {
        if self.state.release() {
            self.free();
        }
    }

    /// `JoinHandle::drop`.
    fn drop_handle(&self) {
        match self.state.drop_handle() {
            HandleDrop::Running { joiner: false } => {}
            HandleDrop::Running { joiner: true } => assert_ne!(self.take_slot(), 0),
            HandleDrop::Done => self.take_outcome(),
        }
        self.release();
    }

    /// `JoinHandle::leave_waker`, with the number of the waker. `false`: it is done.
    fn leave_waker(&self, waker: u32) -> bool {
        if self.state.has_joiner() && !self.state.unset_joiner() {
            return false;
        }
        self.put_slot(waker);
        if self.state.set_joiner() {
            return true;
        }
        self.put_slot(0);
        false
    }
}

/// Loom's limits, and at most `preemptions` switches against a thread's will, unless the environment says how many.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.check(f);
}

/// Two threads each bring about one of the two things that a goroutine waits for, and wake it: one by value, one by reference and a drop.
/// In the end it has seen both.
/// It catches: a wake that is lost between the last look of a poll and its end; a goroutine that is queued twice, so that two threads poll it; a wake that does not publish what came before it.
#[test]
fn loom_task_wake_by_value_and_by_reference() {
    model(3, || {
        let task = Task::born(2);
        task.state.acquire();
        task.state.acquire();
        let by_value = task.clone();
        let by_reference = task.clone();
        let threads = [
            thread::spawn(move || {
                by_value.fulfil();
                by_value.wake_by_val();
            }),
            thread::spawn(move || {
                by_reference.fulfil();
                by_reference.wake_by_ref();
                by_reference.release();
            }),
        ];
        task.run();
        for t in threads {
            t.join().unwrap();
        }
        assert!(task.state.is_done(), "a wake was lost");
        task.drop_handle();
        assert_eq!(task.freed.load(Ordering::Relaxed), 1);
    });
}

/// A goroutine that waits for two things is aborted while one of them comes about: it ends, once, whatever state the abort finds it in.
/// It catches: an abort that is lost at the end of a poll; an abort and a wake that both queue it.
#[test]
fn loom_task_abort_against_wake_and_poll() {
    model(3, || {
        let task = Task::born(2);
        task.state.acquire();
        let waker = task.clone();
        let waking = thread::spawn(move || {
            waker.fulfil();
            waker.wake_by_val();
        });
        let handle = task.clone();
        let aborting = thread::spawn(move || {
            handle.abort();
            handle.drop_handle();
        });
        task.run();
        waking.join().unwrap();
        aborting.join().unwrap();
        assert!(task.state.is_done(), "an abort was lost");
        assert_eq!(task.freed.load(Ordering::Relaxed), 1);
    });
}

/// The end of a goroutine against a handle that leaves one waker, then another, and then takes the outcome or is dropped.
/// It catches: a waker that is in the slot at the end and is not called; one that is called after the handle took it back; both sides in the slot at once; an outcome that nobody or everybody drops.
#[test]
fn loom_task_joiner_slot() {
    model(4, || {
        let task = Task::born(0);
        let handle = task.clone();
        let joining = thread::spawn(move || {
            let mut left = 0;
            if handle.leave_waker(1) {
                left = 1;
                if handle.leave_waker(2) {
                    left = 2;
                }
            }
            let done = handle.state.is_done();
            handle.drop_handle();
            (left, done)
        });
        task.run();
        let (left, done) = joining.join().unwrap();
        let called = task.called.load(Ordering::Relaxed);
        assert_eq!(
            called & !(1 << left),
            if left == 1 { 0 } else { called & 0b10 },
            "a waker that was taken back was called"
        );
        assert!(
            called.count_ones() <= 1,
            "two wakers were called for one end"
        );
        if left == 2 && done {
            assert_eq!(called, 0b100, "the newest waker was lost");
        }
        assert_eq!(task.freed.load(Ordering::Relaxed), 1);
    });
}

/// A handle that is awaited until the end: its thread sleeps until its waker is called.
/// It catches a lost waker: loom reports the deadlock.
#[test]
fn loom_task_join_wakes() {
    model(4, || {
        let task = Task::born(0);
        let runner = task.clone();
        let parker = Arc::new(gaggle_base::park::Parker::new());
        let wake = parker.clone();
        let running = thread::spawn(move || {
            runner.run();
            if runner.called.load(Ordering::Relaxed) != 0 {
                wake.unpark();
            }
        });
        if !task.state.is_done() && task.leave_waker(1) {
            parker.park();
            assert!(task.state.is_done(), "woken before the end");
        }
        task.take_outcome();
        // `take` left nothing: the drop of the handle finds it done.
        // SAFETY: it is done and this is its handle, so the outcome is ours.
        task.outcome.with_mut(|outcome| unsafe { *outcome = 1 });
        task.drop_handle();
        running.join().unwrap();
        assert_eq!(task.freed.load(Ordering::Relaxed), 1);
    });
}

/// The end of a goroutine against the drop of its handle and of a waker, and against a clone of that waker.
/// It catches: an outcome that both sides drop or neither; a goroutine that is freed twice, never, or while somebody still reads it.
#[test]
fn loom_task_handle_drop_and_references() {
    model(3, || {
        let task = Task::born(0);
        task.state.acquire();
        let waker = task.clone();
        let waking = thread::spawn(move || {
            waker.state.acquire();
            waker.wake_by_val();
            waker.release();
        });
        let handle = task.clone();
        let dropping = thread::spawn(move || handle.drop_handle());
        task.run();
        waking.join().unwrap();
        dropping.join().unwrap();
        assert_eq!(task.freed.load(Ordering::Relaxed), 1, "never freed");
        // SAFETY: everybody else has ended.
        assert_eq!(
            task.outcome.with(|outcome| unsafe { *outcome }),
            0,
            "the outcome was never dropped"
        );
    });
}

/// Shutdown claims a parked goroutine while a wake comes: one of the two gets it.
/// It catches a goroutine that is cancelled here and polled there.
#[test]
fn loom_task_claim_against_wake() {
    model(3, || {
        let task = Task::born(1);
        task.state.acquire();
        let waker = task.clone();
        let waking = thread::spawn(move || {
            waker.fulfil();
            waker.wake_by_val();
        });
        let sweeper = task.clone();
        let sweeping = thread::spawn(move || {
            if sweeper.state.claim() {
                sweeper.complete();
            }
        });
        task.run();
        waking.join().unwrap();
        sweeping.join().unwrap();
        assert!(task.state.is_done());
        task.drop_handle();
        assert_eq!(task.freed.load(Ordering::Relaxed), 1);
    });
}
