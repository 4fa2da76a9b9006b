//! How goroutines with a thread of their own end: aborted, by a panic, with their runtime (semantics.md T5, T20, RX-05).
//!
//! Whatever ends one, its future is dropped on its own thread.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

mod common;

use common::{in_goroutine, on_workers, rounds};
use gaggle::runtime::{Handle, Runtime, num_goroutines};
use gaggle::time::sleep;
use gaggle::{JoinHandle, block_on, blocking, chan, go, go_locked, yield_now};
use std::cell::Cell;
use std::collections::HashSet;
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::task::Poll;
use std::thread::{self, ThreadId};
use std::time::Duration;

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

/// Says on which thread it is dropped. Not `Send`, like what lives on one thread.
struct SaysWhere(Rc<mpsc::Sender<ThreadId>>);

impl SaysWhere {
    fn new(tx: mpsc::Sender<ThreadId>) -> Self {
        Self(Rc::new(tx))
    }
}

impl Drop for SaysWhere {
    fn drop(&mut self) {
        let _ = self.0.send(here());
    }
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
}

#[test]
fn t5_a_future_that_is_not_send_is_dropped_on_its_thread_when_it_is_aborted() {
    in_goroutine(|| async {
        for way in 0..4 {
            let (tx, rx) = mpsc::channel();
            let (begun, has_begun) = mpsc::channel();
            let locked = go_locked(move || async move {
                let _says = SaysWhere::new(tx);
                begun.send(here()).unwrap();
                match way {
                    0 => pending().await,
                    1 => sleep(FAR).await,
                    2 => loop {
                        yield_now().await;
                    },
                    _ => {
                        let (_tx, rx) = chan::bounded::<()>(0);
                        let _ = rx.recv().await;
                    }
                }
            });
            let thread = blocking(|| has_begun.recv().unwrap());
            locked.abort();
            assert!(locked.await.unwrap_err().is_aborted());
            assert_eq!(rx.try_recv(), Ok(thread), "dropped elsewhere, or too late");
        }
    });
}

#[test]
fn t5_one_that_is_aborted_at_once_may_never_begin() {
    in_goroutine(|| async {
        for _ in 0..rounds(50) {
            let (tx, rx) = mpsc::channel();
            let locked = go_locked(move || async move {
                let _says = SaysWhere::new(tx);
                pending::<()>().await;
            });
            locked.abort();
            assert!(locked.await.unwrap_err().is_aborted());
            // If it had begun, it was not dropped here; if not, what it was to hold is gone too.
            match rx.try_recv() {
                Ok(thread) => assert_ne!(thread, here()),
                Err(error) => assert_eq!(error, mpsc::TryRecvError::Disconnected),
            }
        }
    });
}

#[test]
fn t20_a_panic_in_it_is_in_its_handle() {
    in_goroutine(|| async {
        let (tx, rx) = mpsc::channel();
        let error = go_locked(move || async move {
            let _says = SaysWhere::new(tx);
            yield_now().await;
            panic!("on its own thread");
        })
        .await
        .unwrap_err();
        assert!(error.is_panic() && error.to_string().contains("on its own thread"));
        assert_ne!(rx.recv(), Ok(here()));
        // Also one in the function that makes the future.
        let make = || -> std::future::Ready<()> { panic!("no future") };
        let error = go_locked(make).await.unwrap_err();
        assert!(error.to_string().contains("no future"), "{error}");
    });
}

#[test]
fn t20_a_panic_in_a_detached_one_is_raised_out_of_block_on() {
    on_workers(|rt| {
        let raised = catch_unwind(AssertUnwindSafe(|| {
            rt.block_on(async {
                drop(go_locked(|| async {
                    yield_now().await;
                    panic!("nobody looks");
                }));
                pending::<()>().await;
            });
        }));
        let payload = raised.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"nobody looks"));
        // A `block_on` in a locked goroutine leaves it to the outermost one.
        let (keep, gone) = chan::bounded::<()>(0);
        let raised = catch_unwind(AssertUnwindSafe(|| {
            rt.block_on(async {
                let inner = go_locked(move || async move {
                    drop(go(async { panic!("for the outermost") }));
                    let _ = block_on(gone.recv());
                });
                inner.await.unwrap();
            });
        }));
        let payload = raised.unwrap_err();
        assert_eq!(payload.downcast_ref(), Some(&"for the outermost"));
        // The inner one still blocks its thread.
        drop(keep);
    });
}

#[test]
fn rx_05_the_end_of_a_runtime_drops_it_on_its_thread_and_waits_for_both() {
    on_workers(|_| {
        let workers = 2;
        let rt = Runtime::builder().workers(workers).build().unwrap();
        let (dropped, was_dropped) = mpsc::channel();
        let (ended, has_ended) = mpsc::channel();
        let (begun, has_begun) = mpsc::channel();
        let n = 12;
        let handles: Vec<JoinHandle<()>> = rt.block_on(async {
            let start = |way| {
                let (dropped, ended, begun) = (dropped.clone(), ended.clone(), begun.clone());
                go_locked(move || async move {
                    AT_END.set(Some(AtEnd(ended)));
                    let _says = SaysWhere::new(dropped);
                    begun.send(here()).unwrap();
                    match way % 4 {
                        0 => pending().await,
                        1 => sleep(FAR).await,
                        2 => loop {
                            yield_now().await;
                        },
                        _ => drop(go(pending::<()>()).await),
                    }
                })
            };
            (0..n).map(start).collect()
        });
        let begun: HashSet<ThreadId> = has_begun.iter().take(n).collect();
        assert_eq!(begun.len(), n);
        drop(rt);
        assert_eq!(was_dropped.try_iter().collect::<HashSet<_>>(), begun);
        assert_eq!(has_ended.try_iter().count(), n, "a thread is left");
        for handle in handles {
            // The one that waits for another sees that one's end, and may come to its own by that.
            assert!(
                handle
                    .join_blocking()
                    .map_or_else(|e| e.is_aborted(), |()| true)
            );
        }
    });
}

#[test]
fn rx_05_a_shutdown_names_the_one_that_does_not_give_way() {
    on_workers(|_| {
        let rt = Runtime::builder().workers(1).build().unwrap();
        let (begun, has_begun) = mpsc::channel();
        let (release, released) = mpsc::channel::<()>();
        let (dropped, was_dropped) = mpsc::channel();
        let locked = start_in(&rt.handle(), move || async move {
            let _says = SaysWhere::new(dropped);
            begun.send(here()).unwrap();
            let _ = released.recv();
            pending::<()>().await;
        });
        let thread = has_begun.recv().unwrap();
        let stragglers = rt.shutdown(Duration::ZERO).unwrap_err();
        let (id, site) = stragglers.goroutines()[0];
        assert_eq!((stragglers.goroutines().len(), id), (1, locked.id()));
        assert_eq!(site.unwrap().file(), file!());
        // It ends, on its thread, as soon as its poll does.
        drop(release);
        assert_eq!(was_dropped.recv(), Ok(thread));
        assert!(locked.join_blocking().unwrap_err().is_aborted());
    });
}

#[test]
fn rx_05_one_that_ends_its_own_runtime_does_not_wait_for_itself() {
    on_workers(|_| {
        let rt = Runtime::builder().workers(1).build().unwrap();
        let handle = rt.handle();
        let locked = start_in(&handle, move || async move {
            drop(rt);
            go(async {}).await.unwrap_err().is_aborted()
        });
        assert!(locked.join_blocking().unwrap());
        // What is started after the end is aborted at once, and gets no thread.
        let late = start_in(&handle, || async {});
        assert!(late.is_finished());
        assert!(late.join_blocking().unwrap_err().is_aborted());
    });
}

#[test]
fn t5_without_a_thread_it_panics_and_says_why() {
    let report = gaggle::sim::run(1, async {
        let held = Arc::new(());
        let inside = held.clone();
        let refused = catch_unwind(AssertUnwindSafe(|| {
            drop(go_locked(move || async move { drop(inside) }));
        }));
        let payload = refused.unwrap_err();
        let text = payload.downcast_ref::<String>().unwrap();
        assert!(
            text.contains("go_locked: the system has no thread"),
            "{text}"
        );
        assert_eq!((Arc::strong_count(&held), num_goroutines()), (1, 1));
    });
    assert!(report.ok(), "{report}");
}
