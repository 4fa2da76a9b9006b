//! What a goroutine waits for: semantics.md RT-03, as far as it can be seen without dumps. The texts alone are tested beside them.

use gaggle::context::Context as Ctx;
use gaggle::sync::{Barrier, Cond, Mutex, RwLock, Semaphore, WaitGroup};
use gaggle::time::{after, sleep};
use gaggle::{chan, go, select, yield_now};
use gaggle_base::context::noted;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

/// Why this future waits, in words, and the line that says so.
#[track_caller]
fn reason(future: impl Future) -> String {
    let mut future = pin!(future);
    let mut cx = Context::from_waker(Waker::noop());
    let (polled, waiting) = noted(|| future.as_mut().poll(&mut cx).is_pending());
    assert!(polled, "it has nothing to wait for");
    waiting.reason.to_string()
}

#[test]
fn rt_03_a_state_names_what_is_waited_for() {
    let (tx, rx) = chan::bounded(0);
    assert_eq!(reason(rx.recv()), "chan receive");
    assert_eq!(reason(tx.send(1)), "chan send");
    assert_eq!(
        reason(async {
            select! { _ = rx.recv() => {}, }
        }),
        "select"
    );
    let off: Option<chan::Receiver<u8>> = None;
    let none = async {
        select! { _ = off.as_ref().map(|rx| rx.recv()) => {}, }
    };
    assert_eq!(reason(none), "select (no cases)");
    assert_eq!(reason(sleep(Duration::from_secs(3600))), "sleep");

    let mutex = Mutex::new(());
    let guard = mutex.try_lock().unwrap();
    assert_eq!(reason(mutex.lock()), "sync.Mutex.Lock");
    assert_eq!(reason(Cond::new().wait(guard)), "sync.Cond.Wait");
    let lock = RwLock::new(());
    let writer = lock.try_write().unwrap();
    assert_eq!(reason(lock.read()), "sync.RWMutex.RLock");
    assert_eq!(reason(lock.write()), "sync.RWMutex.Lock");
    drop(writer);
    let group = WaitGroup::new();
    group.add(1);
    assert_eq!(reason(group.wait()), "sync.WaitGroup.Wait");
    group.done();
}

#[test]
fn rt_03_also_where_go_has_no_word_for_it() {
    assert_eq!(reason(yield_now()), "yield");
    assert_eq!(reason(std::future::pending::<()>()), "foreign future");
    assert_eq!(reason(Semaphore::new(0).acquire()), "semaphore acquire");
    assert_eq!(reason(Barrier::new(2).wait()), "barrier");
    let timer = after(Duration::from_secs(3600));
    assert_eq!(reason(timer.recv()), "timer receive");
    let (ctx, _cancel) = Ctx::background().with_cancel();
    assert_eq!(reason(ctx.done()), "context done");
    let handle = go(std::future::pending::<()>());
    assert_eq!(reason(handle), "join");
}
