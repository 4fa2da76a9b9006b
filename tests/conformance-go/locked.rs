//! Goroutines with a thread of their own: semantics.md GO-12, GO-13, T5, and what GO-04 asks of them too.
//!
//! How they end is in `locked_ends.rs`.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

mod common;

use common::{in_goroutine, on_workers, rounds, until, until_yielding};
use gaggle::runtime::{Handle, current_id, num_goroutines};
use gaggle::sync::Mutex;
use gaggle::time::{sleep, timeout};
use gaggle::{JoinHandle, block_on, blocking, chan, go, go_locked, select, yield_now};
use std::cell::Cell;
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

const SHORT: Duration = Duration::from_micros(50);
const FAR: Duration = Duration::from_secs(3600);

fn here() -> ThreadId {
    thread::current().id()
}

/// Starts a locked goroutine of that runtime, from a plain thread.
fn start_in<F, Fut>(rt: &Handle, f: F) -> JoinHandle<Fut::Output>
where
    F: FnOnce() -> Fut + Send + 'static,
    Fut: Future<Output: Send> + 'static,
{
    let mut f = Some(f);
    rt.block_on(poll_fn(|_| Poll::Ready(go_locked(f.take().unwrap()))))
}

/// Says that its thread ends, when it is put into a thread-local.
struct AtEnd(mpsc::Sender<()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

thread_local! {
    static AT_END: Cell<Option<AtEnd>> = const { Cell::new(None) };
    static MARK: Cell<u32> = const { Cell::new(0) };
}

#[test]
fn go_12_it_stays_on_its_thread_whatever_it_waits_for() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let mutex = Arc::new(Mutex::new(0));
        let guarded = mutex.clone();
        let locked = go_locked(move || async move {
            let thread = Rc::new(here());
            let feeder = go(async move {
                for n in 0..20 {
                    tx.send(n).await.unwrap();
                }
            });
            assert_eq!(rx.recv().await, Ok(0));
            assert_eq!(*thread, here());
            for n in 1..19 {
                let got = select! {
                    v = rx.recv() => v.unwrap(),
                    _ = sleep(FAR) => unreachable!(),
                };
                assert_eq!((n, *thread), (got, here()));
                sleep(SHORT).await;
                assert_eq!(*thread, here());
                *guarded.lock().await += 1;
                yield_now().await;
                assert_eq!(*thread, here());
            }
            assert!(timeout(SHORT, pending::<()>()).await.is_err());
            assert_eq!(rx.recv_blocking(), Ok(19));
            feeder.await.unwrap();
            assert_eq!(*thread, here());
            *thread
        });
        assert_ne!(locked.await.unwrap(), here());
        assert_eq!(*mutex.lock().await, 18);
    });
}

#[test]
fn go_12_its_thread_runs_nothing_else() {
    in_goroutine(|| async {
        let (first, second, stop) = (
            Arc::default(),
            Arc::default(),
            Arc::new(AtomicBool::new(false)),
        );
        let stay = |seen: &Arc<AtomicUsize>| {
            let (seen, stop) = (seen.clone(), stop.clone());
            go_locked(move || async move {
                // What it starts and what it wakes runs elsewhere, however often it makes room.
                while !stop.load(SeqCst) {
                    let other = go(async { here() }).await.unwrap();
                    assert_ne!(other, here());
                    seen.fetch_add(1, SeqCst);
                    yield_now().await;
                }
                here()
            })
        };
        let locked = [stay(&first), stay(&second)];
        until_yielding(|| first.load(SeqCst) > 20 && second.load(SeqCst) > 20).await;
        let mut others = HashSet::new();
        for _ in 0..100 {
            others.insert(go(async { here() }).await.unwrap());
        }
        stop.store(true, SeqCst);
        let [a, b] = locked;
        let (a, b) = (a.await.unwrap(), b.await.unwrap());
        assert_ne!(a, b);
        assert!(!others.contains(&a) && !others.contains(&b));
    });
}

#[test]
fn go_12_a_rendezvous_between_it_and_an_ordinary_goroutine_or_another_locked_one() {
    in_goroutine(|| async {
        for both in [false, true] {
            let (tx, rx) = chan::bounded::<u64>(0);
            let (back_tx, back_rx) = chan::bounded::<u64>(0);
            let n = rounds(500);
            let echo = move || async move {
                while let Ok(v) = rx.recv().await {
                    back_tx.send(v + 1).await.unwrap();
                }
            };
            let echo = if both { go_locked(echo) } else { go(echo()) };
            let ping = go_locked(move || async move {
                let sum = Rc::new(Cell::new(0));
                for v in 0..n {
                    tx.send(v).await.unwrap();
                    sum.set(sum.get() + back_rx.recv().await.unwrap());
                }
                sum.get()
            });
            assert_eq!(ping.await.unwrap(), n * (n + 1) / 2);
            echo.await.unwrap();
        }
    });
}

#[test]
fn go_12_binding_nests_as_a_goroutine_in_a_goroutine() {
    in_goroutine(|| async {
        let threads = go_locked(|| async {
            let outer = here();
            MARK.set(1);
            let inner = go_locked(|| async {
                let inner = here();
                let innermost = go_locked(|| async { here() }).await.unwrap();
                assert_eq!((inner, MARK.get()), (here(), 0));
                [inner, innermost]
            });
            let [inner, innermost] = inner.await.unwrap();
            // The end of an inner one leaves the outer one where it was.
            assert_eq!((outer, MARK.get()), (here(), 1));
            [outer, inner, innermost]
        });
        let threads = threads.await.unwrap();
        assert_eq!(HashSet::from(threads).len(), 3);
    });
}

#[test]
fn go_12_it_may_block_its_thread_in_every_way() {
    in_goroutine(|| async {
        let locked = go_locked(|| async {
            let thread = here();
            let (tx, rx) = chan::bounded::<u32>(0);
            let sender = go(async move { tx.send(1).await });
            assert_eq!(rx.recv_blocking(), Ok(1));
            assert!(sender.join_blocking().unwrap().is_ok());
            let me = current_id();
            assert!(me.is_some());
            // Blocked, it holds up nobody.
            let served = blocking(|| block_on(async { go(async { 2 }).await.unwrap() }));
            assert_eq!((served, current_id(), here()), (2, me, thread));
            assert_eq!(go_locked(|| async { 3 }).join_blocking().unwrap(), 3);
        });
        locked.await.unwrap();
    });
}

#[test]
fn go_12_it_is_a_goroutine_like_others() {
    on_workers(|rt| {
        let (tx, rx) = mpsc::channel();
        let locked = start_in(&rt.handle(), move || async move {
            tx.send((current_id(), thread::current().name().map(str::to_owned)))
                .unwrap();
            pending::<()>().await;
        });
        let (id, name) = rx.recv().unwrap();
        assert_eq!(id, Some(locked.id()));
        assert_eq!(name, Some(format!("gaggle-locked-{}", locked.id())));
        assert_eq!(rt.metrics().goroutines, 1);
        assert_eq!(rt.block_on(async { num_goroutines() }), 1);
        assert!(format!("{locked:?}").contains("locked.rs"), "{locked:?}");
        locked.abort();
        assert!(locked.join_blocking().unwrap_err().is_aborted());
        until(|| rt.metrics().goroutines == 0);
    });
}

#[test]
fn go_04_a_locked_loop_of_try_recv_and_yield_lets_a_blocking_send_through() {
    in_goroutine(|| async {
        for _ in 0..rounds(20) {
            let (tx, rx) = chan::bounded(0);
            let sender = go(async move { tx.send(7).await });
            let looping = go_locked(move || async move {
                loop {
                    match rx.try_recv() {
                        Ok(n) => break n,
                        Err(error) => assert!(error.is_empty()),
                    }
                    yield_now().await;
                }
            });
            assert_eq!(looping.await.unwrap(), 7);
            sender.await.unwrap().unwrap();
        }
    });
}

#[test]
fn go_13_its_thread_ends_with_it() {
    in_goroutine(|| async {
        for way in 0..3 {
            let (tx, rx) = mpsc::channel();
            let (begun, has_begun) = chan::bounded(1);
            let locked = go_locked(move || async move {
                AT_END.set(Some(AtEnd(tx)));
                begun.send(()).await.unwrap();
                match way {
                    0 => {}
                    1 => panic!("on purpose"),
                    _ => pending().await,
                }
            });
            has_begun.recv().await.unwrap();
            if way == 2 {
                assert!(rx.try_recv().is_err(), "it ended early");
                locked.abort();
            }
            let ended = locked.await;
            assert_eq!(ended.is_ok(), way == 0);
            // The destructors of its thread-locals run: the thread ends. Another thread sees to it.
            blocking(|| rx.recv().unwrap());
        }
    });
}

#[test]
fn go_13_no_later_goroutine_sees_what_it_did_to_its_thread() {
    in_goroutine(|| async {
        let mut used = HashSet::new();
        for _ in 0..20 {
            let locked = go_locked(|| async {
                assert_eq!(MARK.replace(7), 0);
                yield_now().await;
                assert_eq!(MARK.get(), 7);
                go(async { assert_eq!(MARK.get(), 0) }).await.unwrap();
                here()
            });
            used.insert(locked.await.unwrap());
        }
        assert_eq!(used.len(), 20, "a thread was used again");
        for _ in 0..100 {
            let (mark, thread) = go(async { (MARK.get(), here()) }).await.unwrap();
            assert!(mark == 0 && !used.contains(&thread));
        }
    });
}

#[test]
fn go_12_two_hundred_at_once() {
    in_goroutine(|| async {
        for _ in 0..rounds(1) {
            let n = 200;
            let (tx, rx) = chan::bounded::<usize>(0);
            let (back_tx, back_rx) = chan::bounded::<usize>(0);
            let handles: Vec<_> = (0..n)
                .map(|i| {
                    let (rx, back) = (rx.clone(), back_tx.clone());
                    go_locked(move || async move {
                        let thread = Rc::new(here());
                        let v = rx.recv().await.unwrap();
                        sleep(SHORT).await;
                        back.send(v + i).await.unwrap();
                        assert_eq!(*thread, here());
                        *thread
                    })
                })
                .collect();
            drop((rx, back_tx));
            let sender = go(async move {
                for i in 0..n {
                    tx.send(i).await.unwrap();
                }
            });
            let mut sum = 0;
            while let Ok(v) = back_rx.recv().await {
                sum += v;
            }
            assert_eq!(sum, n * (n - 1));
            sender.await.unwrap();
            let mut threads = HashSet::new();
            for handle in handles {
                threads.insert(handle.await.unwrap());
            }
            assert_eq!(threads.len(), n);
        }
    });
}
