//! Code of a user that panics in the middle of something of ours: a waker, a closure, a destructor. What is under way is done all the same, and the panic is not lost (semantics.md T20, RX-06).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{in_goroutine, until_yielding, watched};
use gaggle::chan::{self, broadcast};
use gaggle::context::{Context, ContextError, Foreign, Stop};
use gaggle::group::Group;
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::{RwLock, WaitGroup};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Wake, Waker};

struct Bad;
impl Wake for Bad {
    fn wake(self: Arc<Self>) {
        panic!("a waker that panics");
    }
}

/// A future that has to wait, with a waker that panics.
fn waits_badly<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    let waker = Waker::from(Arc::new(Bad));
    let polled = future
        .as_mut()
        .poll(&mut std::task::Context::from_waker(&waker));
    assert!(polled.is_pending());
    future
}

/// What `body` raises out of `block_on`.
fn raised(body: impl Future<Output = ()>) -> String {
    let rt = Runtime::builder().workers(2).build().unwrap();
    let panic = catch_unwind(AssertUnwindSafe(|| rt.block_on(body))).unwrap_err();
    (*panic.downcast_ref::<&str>().unwrap()).to_owned()
}

#[test]
fn xs_06_a_panic_after_its_group_was_dropped_is_raised() {
    watched("a panic after the drop", || {
        let text = raised(async {
            let g = Group::<()>::new();
            let (started, begun) = chan::bounded(1);
            let (go_on, wait) = chan::bounded::<()>(1);
            g.go(async move {
                started.send(()).await.unwrap();
                // In the middle of a poll, so that the abort comes too late.
                wait.recv_blocking().unwrap_err();
                panic!("too late for the group");
            });
            begun.recv().await.unwrap();
            drop(g);
            drop(go_on);
            std::future::pending::<()>().await;
        });
        assert_eq!(text, "too late for the group");
    });
}

#[test]
fn xs_06_a_panic_of_the_goroutine_that_holds_its_group_last_is_raised() {
    watched("a panic with the group in hand", || {
        let text = raised(async {
            let g = Arc::new(Group::<()>::new());
            let (go_on, wait) = chan::bounded::<()>(0);
            let mine = g.clone();
            g.go(async move {
                wait.recv().await.unwrap_err();
                assert!(mine.active() == 0, "the last holder");
                Ok(())
            });
            drop(g);
            drop(go_on);
            std::future::pending::<()>().await;
        });
        assert_eq!(text, "the last holder");
    });
}

#[test]
fn a_waker_that_panics_does_not_stop_the_queue_of_a_group() {
    // The panic is the goroutine's that called the waker.
    let rt = Runtime::builder()
        .on_panic(OnPanic::Report)
        .build()
        .unwrap();
    rt.block_on(async {
        let g = Arc::new(Group::<()>::new());
        g.limit(1);
        let (go_on, wait) = chan::bounded::<()>(0);
        g.go(async move {
            wait.recv().await.unwrap_err();
            Ok(())
        });
        let waiting = g.clone();
        let queued = waits_badly(async move { waiting.go_wait(async { Ok(()) }).await });
        let ran = Arc::new(AtomicUsize::new(0));
        let counts = |ran: Arc<AtomicUsize>| async move {
            ran.fetch_add(1, SeqCst);
            Ok(())
        };
        g.go(counts(ran.clone()));
        drop(go_on);
        until_yielding(|| ran.load(SeqCst) == 1).await;
        g.go(counts(ran.clone()));
        until_yielding(|| ran.load(SeqCst) == 2).await;
        until_yielding(|| g.active() == 0).await;
        drop(queued);
    });
}

#[test]
fn xs_01_an_error_is_kept_also_when_the_making_of_its_cause_panics() {
    let rt = Runtime::builder()
        .on_panic(OnPanic::Report)
        .build()
        .unwrap();
    rt.block_on(async {
        let panics = |_: &u8| -> String { panic!("no cause") };
        let (g, ctx) = Group::<u8>::with_context_cause(&Context::background(), panics);
        g.go(async { Err(7) });
        assert_eq!(g.wait().await, Err(7));
        assert_eq!(ctx.err(), Some(ContextError::Canceled));
    });
}

#[test]
fn wg_07_a_goroutine_that_is_dropped_by_somebody_elses_panic_counts_down() {
    let wg = WaitGroup::new();
    let inside = wg.clone();
    let panicked = catch_unwind(AssertUnwindSafe(move || {
        let rt = Runtime::builder().workers(1).build().unwrap();
        rt.block_on(async {
            let (started, begun) = chan::bounded(1);
            drop(inside.go(async move {
                started.send(()).await.unwrap();
                std::future::pending::<()>().await;
            }));
            begun.recv().await.unwrap();
        });
        let _dropped_by_the_panic = rt;
        panic!("on purpose");
    }));
    assert!(panicked.is_err());
    wg.wait_blocking();
}

#[test]
fn a_downgrade_whose_waker_panics_leaves_the_lock_free_in_the_end() {
    let lock = RwLock::new(0);
    let writer = lock.try_write().unwrap();
    let reader = waits_badly(lock.read());
    let downgraded = catch_unwind(AssertUnwindSafe(|| drop(writer.downgrade())));
    assert!(downgraded.is_err());
    drop(reader);
    assert!(lock.try_write().is_some());
}

static SENDER: OnceLock<broadcast::Sender<Sends>> = OnceLock::new();

/// Sends to its own broadcast when it is dropped; its clones do not.
struct Sends(bool);
impl Clone for Sends {
    fn clone(&self) -> Self {
        Sends(false)
    }
}
impl Drop for Sends {
    fn drop(&mut self) {
        if std::mem::take(&mut self.0) {
            drop(SENDER.get().unwrap().try_send(Sends(false)));
        }
    }
}

#[test]
fn the_destructor_of_a_value_may_use_its_broadcast() {
    watched("a send from a destructor", || {
        let (tx, gone) = broadcast::with_lag::<Sends>(4, broadcast::Lag::Drop);
        let mut rx = tx.subscribe();
        assert!(SENDER.set(tx.clone()).is_ok());
        drop(gone);
        assert!(tx.try_send(Sends(true)).is_ok());
        assert!(rx.try_recv().is_ok() && rx.try_recv().is_ok());
    });
}

type Func = Box<dyn FnOnce() + Send>;

/// Calls back when it is told to; to take the registration back panics.
#[derive(Clone, Default)]
struct CannotStop(Arc<Mutex<Option<Func>>>);

impl Foreign for CannotStop {
    async fn done(&self) {
        std::future::pending::<()>().await;
    }
    fn err(&self) -> Option<ContextError> {
        None
    }
    fn after_func(&self, f: Func) -> Result<Stop, Func> {
        *self.0.lock().unwrap() = Some(f);
        Ok(Box::new(|| panic!("cannot be stopped")))
    }
}

#[test]
fn a_foreign_context_that_panics_hides_no_function() {
    in_goroutine(|| async {
        let foreign = CannotStop::default();
        let ctx = Context::from_foreign(foreign.clone());
        let (tx, rx) = chan::bounded(1);
        let _after = ctx.after_func(async move { tx.send(()).await.unwrap() });
        let done = foreign.0.lock().unwrap().take().unwrap();
        // Whether the panic comes out depends on whether the registration has to be taken back.
        let _ = catch_unwind(AssertUnwindSafe(done));
        assert!(ctx.err().is_some());
        assert_eq!(rx.recv().await, Ok(()));
    });
}
