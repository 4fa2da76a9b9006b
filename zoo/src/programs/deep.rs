//! Bugs that hide: among others who do nothing wrong, behind several switches, in one round of many, or on a machine that is slow at times.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::sim::{Builder, Class, Clock, Preempt};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::{Instant, timeout};
use gaggle::{go, yield_now};
use std::sync::Arc;

const PANIC: &[Class] = &[Class::Panic];

/// Timers may fire while somebody can run.
fn racy(builder: Builder) -> Builder {
    builder.clock(Clock::Racy { early_fire: 0.1 })
}

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "M1",
        about: "two locks in opposite orders, and six busy goroutines that have nothing to do with it",
        source: "made up: G3 in a crowd",
        classes: &[Class::LockCycle],
        level: Preempt::EveryOp,
        buggy: || boxed(crowd(true)),
        fixed: || boxed(crowd(false)),
        ..Entry::BASE
    },
    Entry {
        id: "M2",
        about: "a stack's top is what it was, but what lies below is not (ABA)",
        source: "made up after the well-known exercise",
        classes: PANIC,
        level: Preempt::EveryOp,
        buggy: || boxed(aba(false)),
        fixed: || boxed(aba(true)),
        ..Entry::BASE
    },
    Entry {
        id: "M3",
        about: "a reader looks at a version before and after, and the version has two values only",
        source: "made up: a sequence lock with a bit",
        classes: PANIC,
        level: Preempt::EveryOp,
        buggy: || boxed(torn(2)),
        fixed: || boxed(torn(u32::MAX)),
        ..Entry::BASE
    },
    Entry {
        id: "M4",
        about: "two goroutines look at each other's flag before they raise their own",
        source: "made up: Peterson's algorithm in the wrong order",
        classes: PANIC,
        level: Preempt::EveryOp,
        buggy: || boxed(two_flags(true)),
        fixed: || boxed(two_flags(false)),
        ..Entry::BASE
    },
    Entry {
        id: "M5",
        about: "the results are closed when the last job has been taken, not when it is done",
        source: "made up: a pool of workers that shuts down",
        classes: PANIC,
        level: Preempt::EveryOp,
        buggy: || boxed(pool(true)),
        fixed: || boxed(pool(false)),
        ..Entry::BASE
    },
    Entry {
        id: "M6",
        about: "in one of thirty rounds a check and its act are apart, and the other is in its one bad round too",
        source: "made up: two long loops",
        classes: PANIC,
        level: Preempt::EveryOp,
        limit: 4_000,
        buggy: || boxed(long_loops(true)),
        fixed: || boxed(long_loops(false)),
        ..Entry::BASE
    },
    Entry {
        id: "M7",
        about: "three stages that must come in the order that nobody would choose",
        source: "made up: three switches",
        classes: PANIC,
        buggy: || boxed(stages(true)),
        fixed: || boxed(stages(false)),
        ..Entry::BASE
    },
    Entry {
        id: "G1r",
        about: "as G1, but the worker computes and does not sleep: timers must fire early",
        source: "kubernetes#5316",
        classes: &[Class::Leak],
        tune: racy,
        buggy: || boxed(slow_answer(0)),
        fixed: || boxed(slow_answer(1)),
        ..Entry::BASE
    },
    Entry {
        id: "M8",
        about: "is the lease still valid? then write: it runs out between the two (timers must fire early)",
        source: "made up: a lease without a fence",
        classes: PANIC,
        level: Preempt::EveryOp,
        tune: racy,
        buggy: || boxed(lease(false)),
        fixed: || boxed(lease(true)),
        ..Entry::BASE
    },
];

async fn crowd(opposite: bool) {
    let locks = Arc::new((Mutex::new(0), Mutex::new(0)));
    let group = WaitGroup::new();
    for _ in 0..6 {
        group.go(async move {
            let own = Both::new(1);
            for n in 0..4 {
                own.tx.send(n).await.unwrap();
                own.rx.recv().await.unwrap();
            }
        });
    }
    for n in 0..2 {
        let locks = locks.clone();
        group.go(async move {
            let (mut first, mut second) = (&locks.0, &locks.1);
            if opposite && n == 1 {
                (first, second) = (second, first);
            }
            let mut a = first.lock().await;
            let mut b = second.lock().await;
            *a += 1;
            *b += 1;
        });
    }
    group.wait().await;
}

/// The places of the stack are numbers, and each knows the one below; 0 is the ground.
#[derive(Debug, Default)]
struct Stack {
    top: usize,
    below: [usize; 4],
    in_use: [bool; 4],
    changes: u32,
}

impl Stack {
    fn push(&mut self, place: usize) {
        assert!(!self.in_use[place], "the place is on the stack already");
        self.below[place] = self.top;
        self.in_use[place] = true;
        self.top = place;
        self.changes += 1;
    }

    fn set_top(&mut self, top: usize) {
        assert!(top == 0 || self.in_use[top], "the new top is on the stack");
        self.in_use[self.top] = false;
        self.top = top;
        self.changes += 1;
    }
}

async fn pop(stack: &Mutex<Stack>, counts: bool) -> usize {
    loop {
        let (top, below, changes) = {
            let stack = stack.lock().await;
            (stack.top, stack.below[stack.top], stack.changes)
        };
        let mut stack = stack.lock().await;
        if stack.top == top && (!counts || stack.changes == changes) {
            stack.set_top(below);
            return top;
        }
    }
}

async fn aba(counts: bool) {
    let mut stack = Stack::default();
    (1..=3).for_each(|place| stack.push(place));
    let stack = Arc::new(Mutex::new(stack));
    let theirs = stack.clone();
    let other = go(async move { pop(&theirs, counts).await });
    let first = pop(&stack, counts).await;
    pop(&stack, counts).await;
    if first != 0 {
        stack.lock().await.push(first);
    }
    other.await.unwrap();
}

async fn torn(versions: u32) {
    let state = Arc::new((Mutex::new(0_u32), Mutex::new(0), Mutex::new(0)));
    let theirs = state.clone();
    let next = move |version: &mut u32| *version = (*version + 1) % versions;
    let writer = go(async move {
        for n in 1..=2 {
            next(&mut *theirs.0.lock().await);
            *theirs.1.lock().await = n;
            *theirs.2.lock().await = n;
            next(&mut *theirs.0.lock().await);
        }
    });
    for _ in 0..4 {
        let before = *state.0.lock().await;
        let left = *state.1.lock().await;
        let right = *state.2.lock().await;
        let after = *state.0.lock().await;
        // While it is odd there is a writer.
        if before == after && before % 2 == 0 {
            assert_eq!(left, right, "nobody has written meanwhile");
        }
    }
    writer.await.unwrap();
}

async fn two_flags(looks_first: bool) {
    let flags = Arc::new([Mutex::new(false), Mutex::new(false)]);
    let inside = Arc::new(Mutex::new(0));
    let group = WaitGroup::new();
    for own in 0..2 {
        let (flags, inside) = (flags.clone(), inside.clone());
        group.go(async move {
            if looks_first && *flags[1 - own].lock().await {
                return;
            }
            *flags[own].lock().await = true;
            if !looks_first && *flags[1 - own].lock().await {
                *flags[own].lock().await = false;
                return;
            }
            *inside.lock().await += 1;
            assert_eq!(*inside.lock().await, 1, "one at a time");
            *inside.lock().await -= 1;
            *flags[own].lock().await = false;
        });
    }
    group.wait().await;
}

async fn pool(when_taken: bool) {
    const JOBS: u32 = 4;
    let (jobs, results) = (Both::new(2), Both::new(2));
    let (taken, done) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(0)));
    for _ in 0..3 {
        let (jobs, results) = (jobs.clone(), results.clone());
        let (taken, done) = (taken.clone(), done.clone());
        go(async move {
            while let Ok(n) = jobs.rx.recv().await {
                *taken.lock().await += 1;
                results.tx.send(n).await.expect("the results are open");
                *done.lock().await += 1;
                let count = if when_taken { &taken } else { &done };
                if *count.lock().await == JOBS {
                    results.tx.close();
                    jobs.tx.close();
                }
            }
        });
    }
    let feed = jobs.clone();
    go(async move {
        for n in 0..JOBS {
            feed.tx.send(n).await.unwrap();
        }
    });
    while results.rx.recv().await.is_ok() {}
}

async fn long_loops(apart: bool) {
    let state = Arc::new(Mutex::new((0, true)));
    let theirs = state.clone();
    let other = go(async move {
        for round in 0..30 {
            let mut state = theirs.lock().await;
            state.0 += 1;
            if round == 20 {
                state.1 = false;
                drop(state);
                theirs.lock().await.1 = true;
            }
        }
    });
    for round in 0..30 {
        let good = state.lock().await.1;
        if round == 20 && apart && good {
            assert!(state.lock().await.1, "it was good just now");
        }
    }
    other.await.unwrap();
}

async fn stages(any_order: bool) {
    let stage = Arc::new(Mutex::new(0));
    let group = WaitGroup::new();
    for (from, to) in [(3, 4), (2, 3), (1, 2), (0, 1)] {
        let stage = stage.clone();
        group.go(async move {
            yield_now().await;
            let mut stage = stage.lock().await;
            if *stage == from {
                *stage = to;
            }
        });
    }
    group.wait().await;
    let reached = *stage.lock().await;
    assert!(!any_order || reached < 4, "nobody thought of stage four");
}

async fn slow_answer(buffer: usize) {
    let answer = Both::new(buffer);
    let there = answer.clone();
    go(async move {
        let own = Both::new(1);
        for n in 0..3 {
            own.tx.send(n).await.unwrap();
            own.rx.recv().await.unwrap();
        }
        let _ = there.tx.send(42).await;
    });
    let _ = timeout(ms(30), answer.rx.recv()).await;
}

async fn lease(fenced: bool) {
    /// Who has the lease, and until when.
    type Lease = Arc<Mutex<(u32, Option<Instant>)>>;
    let lease: Lease = Arc::new(Mutex::new((0, None)));
    let file = Arc::new(Mutex::new(0));
    let group = WaitGroup::new();
    for own in 1..=2 {
        let (lease, file) = (lease.clone(), file.clone());
        group.go(async move {
            loop {
                let mut lease = lease.lock().await;
                if lease.1.is_none_or(|end| end <= Instant::now()) {
                    *lease = (own, Some(Instant::now() + ms(10)));
                    break;
                }
                drop(lease);
                gaggle::time::sleep(ms(10)).await;
            }
            let is_mine = lease.lock().await.0 == own;
            if is_mine {
                let mut file = file.lock().await;
                if fenced && *file > own {
                    return;
                }
                let holder = lease.lock().await.0;
                assert!(fenced || holder == own, "a write without the lease");
                *file = own;
            }
        });
    }
    group.wait().await;
}
