//! Leaks: what can never go on is reported, as far as that is certain without a collector, and nothing else is (semantics.md DL-05 to DL-08, T34).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and the real time are what is tested"
)]

mod common;

use common::{in_goroutine, on_workers, until, until_yielding};
use gaggle::runtime::{Dump, GoState, Leaks, dump, leak_check, leaks};
use gaggle::sync::{Cond, Mutex, RwLock, Semaphore, WaitGroup};
use gaggle::time::{sleep, timeout};
use gaggle::{chan, go, select, yield_now};
use std::collections::BTreeSet;
use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(3600);

/// For those that do end, on a machine that stands still meanwhile.
const PATIENT: Duration = Duration::from_secs(30);

fn numbers(leaks: &Leaks) -> BTreeSet<u64> {
    leaks.goroutines().iter().map(|g| g.id).collect()
}

/// Waits in each of the ways of which nobody can ever wake it.
#[test]
fn dl_05_goroutines_that_wait_for_nothing_are_reported_with_their_reason() {
    in_goroutine(|| async {
        let lost = [
            go(async { chan::never::<u8>().recv().await.map_or((), |_| ()) }),
            go(async {
                select! { v = None::<std::future::Ready<()>> => v }
            }),
            go(pending::<()>()),
        ];
        let ids: BTreeSet<u64> = lost.iter().map(|h| h.id().as_u64()).collect();
        until_yielding(|| numbers(&leaks()) == ids).await;
        let text = leaks().to_string();
        for reason in [
            "chan receive (nil chan)",
            "select (no cases)",
            "foreign future",
        ] {
            assert!(text.contains(&format!("[{reason}")), "{text}");
        }
        assert!(
            text.contains("leaks.rs:") && text.contains("nobody can wake it"),
            "{text}"
        );
        // They can still be aborted.
        for handle in lost {
            handle.abort();
            assert!(handle.await.unwrap_err().is_aborted());
        }
        assert!(leaks().is_empty());
    });
}

/// A thousand that have locked each other out, in pairs.
#[test]
fn dl_05_goroutines_that_have_locked_each_other_out_are_reported() {
    on_workers(|rt| {
        let pairs = 500;
        let mut ids = BTreeSet::new();
        let mut handles = Vec::new();
        for _ in 0..pairs {
            let (a, b) = (Arc::new(Mutex::new(())), Arc::new(RwLock::new(())));
            let (a2, b2) = (a.clone(), b.clone());
            let both = Arc::new(gaggle::sync::Barrier::new(2));
            let both2 = both.clone();
            handles.push(rt.go(async move {
                let _a = a2.lock().await;
                both2.wait().await;
                let _b = b2.write().await;
            }));
            handles.push(rt.go(async move {
                let _b = b.write().await;
                both.wait().await;
                let _a = a.lock().await;
            }));
        }
        ids.extend(handles.iter().map(|h| h.id().as_u64()));
        rt.block_on(async { until(|| numbers(&leaks()) == ids) });
        handles.iter().for_each(gaggle::JoinHandle::abort);
        rt.block_on(async {
            for handle in handles {
                let _ = handle.await;
            }
            assert!(leaks().is_empty());
        });
    });
}

/// Everything here can still be woken.
#[test]
fn dl_06_nothing_else_is_reported() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded::<u8>(0);
        let (full, _kept) = chan::bounded::<u8>(1);
        full.try_send(1).unwrap();
        let mutex = Arc::new(Mutex::new(()));
        let held = mutex.lock().await;
        let lock = Arc::new(RwLock::new(()));
        let written = lock.write().await;
        let group = WaitGroup::new();
        group.add(1);
        let semaphore = Arc::new(Semaphore::new(0));
        let cond = Arc::new(Cond::new());
        let (m2, l2, s2, g2) = (
            mutex.clone(),
            lock.clone(),
            semaphore.clone(),
            group.clone(),
        );
        let (r2, m3) = (rx.clone(), Arc::new(Mutex::new(())));
        let (c2, m4) = (cond.clone(), m3.clone());
        let handles = [
            go(async move { rx.recv().await.map_or((), drop) }),
            go(async move {
                select! { _ = r2.recv() => {}, () = sleep(LONG) => {} }
            }),
            go(async move { full.send(2).await.unwrap_or_default() }),
            go(async move { drop(m2.lock().await) }),
            go(async move { drop(l2.read().await) }),
            go(async move { drop(s2.acquire().await) }),
            go(async move { g2.wait().await }),
            go(async move { drop(c2.wait(m4.lock().await).await) }),
            go(async { sleep(LONG).await }),
            go(async { timeout(LONG, pending::<()>()).await.unwrap_or_default() }),
            go(async {
                loop {
                    yield_now().await;
                }
            }),
        ];
        let ids: BTreeSet<u64> = handles.iter().map(|h| h.id().as_u64()).collect();
        let joiner = go(async move {
            for handle in handles {
                let _ = handle.await;
            }
        });
        for _ in 0..100 {
            yield_now().await;
            let found = leaks();
            assert!(numbers(&found).is_disjoint(&ids), "{found}");
            assert!(!numbers(&found).contains(&joiner.id().as_u64()), "{found}");
        }
        joiner.abort();
        drop((tx, held, written, semaphore, cond, m3));
    });
}

/// The common patterns of Go: here most of them are no leaks, because the end of a handle is told to whoever waits.
#[test]
fn dl_07_what_leaks_in_go_mostly_ends_here() {
    in_goroutine(|| async {
        let check = leak_check().within(PATIENT);
        // Range over a channel that is never closed: its sender goes.
        let (tx, rx) = chan::bounded::<u8>(1);
        go(async move { while rx.recv().await.is_ok() {} });
        drop(tx);
        // Double send, early return, first of n, a time limit: the receiver goes.
        for _ in 0..4 {
            let (tx, rx) = chan::bounded::<u8>(0);
            for _ in 0..3 {
                let tx = tx.clone();
                go(async move {
                    let _ = tx.send(1).await;
                    let _ = tx.send(2).await;
                });
            }
            let _ = rx.recv().await;
            drop(rx);
        }
        check.finish();
    });
}

#[test]
fn dl_07_the_check_fails_with_a_list_of_what_is_left() {
    in_goroutine(|| async {
        let before = go(pending::<()>());
        yield_now().await;
        let check = leak_check().within(Duration::from_millis(20));
        let (tx, rx) = chan::bounded::<u8>(7);
        // It keeps its own sender, so nobody ever ends it.
        let worker = gaggle::named("forgotten").go(async move {
            let _keeps = tx;
            while rx.recv().await.is_ok() {}
        });
        let id = worker.id().as_u64();
        let waits = |dump: Dump| {
            let mut all = dump.goroutines();
            all.any(|g| g.id == id && g.state == GoState::Waiting)
        };
        until_yielding(|| waits(dump())).await;
        let payload = catch_unwind(AssertUnwindSafe(|| check.finish())).unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(
            text.contains("1 goroutine left that should have ended"),
            "{text}"
        );
        assert!(text.contains("\"forgotten\" [chan receive"), "{text}");
        assert!(
            text.contains("cap 7, len 0") && text.contains("leaks.rs:"),
            "{text}"
        );
        worker.abort();
        before.abort();
    });
}

#[test]
fn dl_07_the_check_waits_for_those_that_end() {
    in_goroutine(|| async {
        let check = leak_check().within(PATIENT);
        go(async { sleep(Duration::from_millis(50)).await });
        drop(check);
    });
}

/// Asked for by several threads at once, beside a chain that is intact and goroutines that come and go.
#[test]
fn dl_08_it_may_be_asked_for_at_any_time_and_disturbs_nobody() {
    on_workers(|rt| {
        let handle = rt.handle();
        let askers: Vec<_> = (0..3)
            .map(|_| {
                let handle = handle.clone();
                std::thread::spawn(move || {
                    for _ in 0..50 {
                        let found = handle.block_on(async { leaks() });
                        assert!(found.is_empty(), "{found}");
                    }
                })
            })
            .collect();
        while !askers.iter().all(std::thread::JoinHandle::is_finished) {
            rt.block_on(async {
                let (first, mut last) = chan::bounded::<u32>(0);
                for _ in 0..300 {
                    let (tx, rx) = chan::bounded(0);
                    let before = std::mem::replace(&mut last, rx);
                    go(async move {
                        let n = before.recv().await.unwrap();
                        tx.send(n + 1).await.unwrap();
                    });
                }
                first.send(0).await.unwrap();
                assert_eq!(last.recv().await, Ok(300));
            });
        }
        askers.into_iter().for_each(|t| t.join().unwrap());
    });
}
