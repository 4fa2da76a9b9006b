//! Bugs that only Rust's futures make possible, and programs that do not come to an end.

use super::{Both, ms};
use crate::{Entry, boxed};
use gaggle::sim::{Class, reached};
use gaggle::sync::Mutex;
use gaggle::time::{sleep, timeout};
use gaggle::{go, select, yield_now};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex as StdMutex, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        id: "R1",
        about: "a futurelock: the select keeps a borrowed future, which is given the lock and not polled any more",
        source: "Oxide RFD 609",
        classes: &[Class::Futurelock],
        buggy: || boxed(futurelock(true)),
        fixed: || boxed(futurelock(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R2",
        about: "the guard in what is matched on lives until the end of the match, which takes the lock again",
        source: "a demonstration of shuttle's",
        classes: &[Class::Deadlock, Class::LockCycle],
        buggy: || boxed(scrutinee(true)),
        fixed: || boxed(scrutinee(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R11",
        about: "a result that takes as long as the timeout is taken to be in time",
        source: "made up: two timers with one deadline",
        classes: &[Class::Panic],
        goals: &["in time", "too late"],
        buggy: || boxed(tie(true)),
        fixed: || boxed(tie(false)),
        ..Entry::BASE
    },
    Entry {
        id: "R12",
        about: "a goroutine waits in a loop and never gives its thread back",
        source: "tokio#4730",
        classes: &[Class::Stuck],
        tune: |builder| builder.patience(Duration::from_millis(200)),
        buggy: || boxed(never_yields(true)),
        fixed: || boxed(never_yields(false)),
        ..Entry::BASE
    },
    Entry {
        id: "H1",
        about: "a future of one's own keeps the first waker that it sees, and is then moved to another goroutine",
        source: "made up: a missing update of the waker",
        classes: &[Class::LostWakeup, Class::Deadlock],
        buggy: || boxed(first_waker(true)),
        fixed: || boxed(first_waker(false)),
        ..Entry::BASE
    },
    Entry {
        id: "V1",
        about: "who waits for a flag gives way politely, and who was to set it has ended",
        source: "made up: a spin that yields",
        classes: &[Class::Livelock],
        tune: |builder| builder.max_steps(5_000),
        buggy: || boxed(polite_spin(true)),
        fixed: || boxed(polite_spin(false)),
        ..Entry::BASE
    },
    Entry {
        id: "V2",
        about: "a request is tried again for ever, and nobody is there any more who could answer it",
        source: "made up: retries without an end",
        classes: &[Class::Overtime],
        tune: |builder| builder.time_limit(Duration::from_secs(60)),
        buggy: || boxed(retries(u32::MAX)),
        fixed: || boxed(retries(5)),
        ..Entry::BASE
    },
];

async fn futurelock(keeps: bool) {
    let lock = Arc::new(Mutex::new(0));
    let theirs = lock.clone();
    let background = go(async move {
        let mut guard = theirs.lock().await;
        sleep(ms(20)).await;
        *guard += 1;
    });
    yield_now().await;
    if keeps {
        let mut first = pin!(lock.lock());
        select! {
            mut guard = first.as_mut() => *guard += 1,
            _ = sleep(ms(10)) => *lock.lock().await += 1,
        }
    } else {
        select! {
            mut guard = lock.lock() => *guard += 1,
            _ = sleep(ms(10)) => *lock.lock().await += 1,
        }
    }
    background.await.unwrap();
}

async fn scrutinee(lives_on: bool) {
    let lock = Arc::new(Mutex::new(Some(1)));
    if lives_on {
        match lock.lock().await.as_ref() {
            Some(_) => *lock.lock().await = None,
            None => yield_now().await,
        }
    } else {
        let is_some = lock.lock().await.is_some();
        if is_some {
            *lock.lock().await = None;
        }
    }
}

async fn tie(takes_for_granted: bool) {
    let job = go(sleep(ms(5)));
    let result = timeout(ms(5), job).await;
    if takes_for_granted {
        assert!(result.is_ok(), "five milliseconds are enough");
    }
    if result.is_ok() {
        reached!("in time");
    } else {
        reached!("too late");
        sleep(ms(1)).await;
    }
}

/// The loop ends at last, in real time, so that its thread does not stay for ever.
async fn never_yields(hogs: bool) {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = flag.clone();
    go(async move { theirs.store(true, Ordering::Relaxed) });
    let begin = Instant::now();
    while !flag.load(Ordering::Relaxed) && begin.elapsed() < ms(1_000) {
        if hogs {
            std::thread::sleep(ms(1));
        } else {
            yield_now().await;
        }
    }
}

#[derive(Default)]
struct Slot {
    full: bool,
    waker: Option<Waker>,
}

async fn first_waker(keeps_first: bool) {
    let slot = Arc::new(StdMutex::new(Slot::default()));
    let theirs = slot.clone();
    let mut filled = Box::pin(poll_fn(move |cx| {
        let mut slot = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        if slot.full {
            return Poll::Ready(());
        }
        if !keeps_first || slot.waker.is_none() {
            slot.waker = Some(cx.waker().clone());
        }
        Poll::Pending
    }));
    let early = timeout(ms(1), filled.as_mut()).await;
    let other = go(async move {
        if early.is_err() {
            filled.await;
        }
    });
    go(async move {
        sleep(ms(1)).await;
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        slot.full = true;
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    });
    other.await.unwrap();
}

async fn polite_spin(may_be_late: bool) {
    let flag = Arc::new(AtomicBool::new(false));
    let theirs = flag.clone();
    let setter = go(async move {
        sleep(ms(5)).await;
        theirs.store(true, Ordering::Relaxed);
    });
    let outcome = timeout(ms(5), yield_now()).await;
    assert!(outcome.is_ok());
    sleep(ms(5)).await;
    if may_be_late {
        setter.abort();
        while !flag.load(Ordering::Relaxed) {
            yield_now().await;
        }
    } else {
        setter.await.unwrap();
        assert!(flag.load(Ordering::Relaxed));
    }
}

async fn retries(most: u32) {
    let answer = Both::new(0);
    let theirs = answer.clone();
    let server = go(async move {
        sleep(ms(10)).await;
        theirs.tx.send(()).await.is_ok()
    });
    for _ in 0..most {
        if timeout(ms(10), answer.rx.recv()).await.is_ok() {
            break;
        }
        server.abort();
        sleep(Duration::from_secs(1)).await;
    }
    let _ = server.await;
}
