//! Runtimes that end and goroutines that panic: semantics.md RX-05 and RX-06.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Polled, rounds, until, watched, worker_counts};
use gaggle::chan::{self, RecvError};
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::{sleep, timeout};
use gaggle::{JoinHandle, block_on, go, yield_now};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;
use std::time::Duration;

const FAR: Duration = Duration::from_secs(3600);

fn runtime(workers: usize) -> Runtime {
    Runtime::builder().workers(workers).build().unwrap()
}

/// Runs `f` when it is dropped.
struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

/// What goroutines that are dropped use in their destructors.
#[derive(Clone)]
struct Things {
    tx: chan::Sender<u32>,
    rx: chan::Receiver<u32>,
    m: Arc<Mutex<u32>>,
    wg: WaitGroup,
    dropped: Arc<AtomicUsize>,
}

impl Things {
    fn new() -> Self {
        let (tx, rx) = chan::bounded(1);
        Self {
            tx,
            rx,
            m: Arc::default(),
            wg: WaitGroup::new(),
            dropped: Arc::default(),
        }
    }

    /// Channel, lock and timer operations and `go`, in a destructor.
    fn use_all(&self) {
        let _ = self.tx.try_send(1);
        let _ = self.rx.try_recv();
        let _ = self.rx.len();
        _ = Polled::new(self.rx.recv()).poll();
        _ = Polled::new(self.tx.send(2)).poll();
        drop(self.m.try_lock());
        _ = Polled::new(self.m.lock()).poll();
        _ = Polled::new(self.wg.wait()).poll();
        _ = Polled::new(sleep(FAR)).poll();
        _ = Polled::new(timeout(FAR, self.rx.recv())).poll();
        let handle = go(async {});
        handle.abort();
        drop(go(async { sleep(FAR).await }));
        _ = Polled::new(handle).poll();
        self.dropped.fetch_add(1, SeqCst);
    }

    /// A goroutine that waits in one of many ways.
    fn wait(&self, way: usize) -> impl Future<Output = ()> + Send + use<> {
        let this = self.clone();
        async move {
            let things = this.clone();
            let _on_drop = OnDrop(move || things.use_all());
            let (tx, rx) = chan::bounded::<u32>(0);
            match way % 9 {
                0 => drop(rx.recv().await),
                1 => drop(tx.send(1).await),
                2 => {
                    let _guard = this.m.lock().await;
                    std::future::pending::<()>().await;
                }
                3 => drop(this.m.lock().await),
                4 => sleep(FAR).await,
                5 => drop(go(sleep(FAR)).await),
                6 => this.wg.wait().await,
                7 => loop {
                    yield_now().await;
                },
                _ => drop(timeout(FAR, rx.recv()).await),
            }
        }
    }
}

#[test]
fn rx_05_a_runtime_that_is_dropped_drops_every_future_and_their_destructors_use_gaggle() {
    for workers in worker_counts() {
        watched("the end of a runtime", move || {
            let things = Things::new();
            let rt = runtime(workers);
            things.wg.add(1);
            let handles: Vec<JoinHandle<()>> = (0..90).map(|i| rt.go(things.wait(i))).collect();
            rt.block_on(yield_now());
            drop(rt);
            // Those that had not begun have nothing in them that counts.
            assert!(things.dropped.load(SeqCst) <= 90);
            for handle in handles {
                assert!(handle.is_finished());
                // One that was in the middle of a poll may have come to its end by itself.
                assert!(
                    handle
                        .join_blocking()
                        .map_or_else(|e| e.is_aborted(), |()| true)
                );
            }
            drop(things.m.try_lock().expect("no goroutine holds it any more"));
        });
    }
}

#[test]
fn rx_05_all_of_them_are_parked_when_the_runtime_is_dropped() {
    for workers in worker_counts() {
        watched("the end of a runtime with parked goroutines", move || {
            let things = Things::new();
            let rt = runtime(workers);
            things.wg.add(1);
            let ways = [0, 1, 2, 3, 4, 5, 6, 8];
            let n = 10 * ways.len();
            let arrived = WaitGroup::new();
            arrived.add(n);
            for i in 0..n {
                let (waits, arrived) = (things.wait(ways[i % ways.len()]), arrived.clone());
                drop(rt.go(async move {
                    let mut waits = pin!(waits);
                    let mut first = true;
                    std::future::poll_fn(|cx| {
                        let polled = waits.as_mut().poll(cx);
                        if std::mem::take(&mut first) {
                            arrived.done();
                        }
                        polled
                    })
                    .await;
                }));
            }
            arrived.wait_blocking();
            drop(rt);
            assert_eq!(things.dropped.load(SeqCst), n);
        });
    }
}

#[test]
fn rx_05_what_waits_outside_is_released_when_the_ends_inside_are_dropped() {
    for workers in worker_counts() {
        watched("an outer thread", move || {
            let rt = runtime(workers);
            let (tx, rx) = chan::bounded::<u32>(0);
            let (wg, inner) = (WaitGroup::new(), WaitGroup::new());
            inner.add(1);
            let (held, begun) = (wg.guard(), inner.clone());
            drop(rt.go(async move {
                let _all = (tx, held);
                begun.done();
                std::future::pending::<()>().await;
            }));
            inner.wait_blocking();
            let outer = thread::spawn(move || {
                let received = rx.recv_blocking();
                wg.wait_blocking();
                received
            });
            drop(rt);
            assert_eq!(outer.join().unwrap(), Err(RecvError));
        });
    }
}

#[test]
fn rx_05_a_destructor_that_blocks_its_thread_on_others_that_end_is_served() {
    for workers in worker_counts() {
        watched("a destructor that blocks", move || {
            let rt = runtime(workers);
            let arrived = WaitGroup::new();
            for _ in 0..4 {
                let (tx, rx) = chan::bounded::<u32>(1);
                let other = arrived.guard();
                drop(rt.go(async move {
                    let _tx = tx;
                    drop(other);
                    std::future::pending::<()>().await;
                }));
                let other = arrived.guard();
                drop(rt.go(async move {
                    let _on_drop = OnDrop(move || _ = rx.try_recv());
                    drop(other);
                    std::future::pending::<()>().await;
                }));
            }
            arrived.wait_blocking();
            drop(rt);
        });
    }
}

#[test]
fn rx_05_runtimes_come_and_go_under_load() {
    for workers in worker_counts() {
        watched("many runtimes", move || {
            for round in 0..rounds(20) {
                let rt = runtime(workers);
                let live = Arc::new(());
                let (tx, rx) = chan::bounded(usize::try_from(round).unwrap() % 3);
                for i in 0..20_u64 {
                    let (tx, rx, live) = (tx.clone(), rx.clone(), live.clone());
                    drop(rt.go(async move {
                        if i % 2 == 0 {
                            while tx.send(i).await.is_ok() {}
                        } else {
                            while timeout(Duration::from_micros(50 * i), rx.recv()).await
                                != Ok(Err(RecvError))
                            {}
                        }
                        drop(live);
                    }));
                }
                if round % 2 == 0 {
                    rt.block_on(async { sleep(Duration::from_micros(200)).await });
                }
                drop(rt);
                assert_eq!(Arc::strong_count(&live), 1);
            }
        });
    }
}

#[test]
fn rx_05_after_the_end_go_through_a_handle_is_aborted_at_once() {
    for workers in worker_counts() {
        watched("go after the end", move || {
            let rt = runtime(workers);
            let handle = rt.handle();
            drop(rt);
            let held = Arc::new(());
            let inner = held.clone();
            let late = handle.go(async move { drop(inner) });
            assert!(late.join_blocking().unwrap_err().is_aborted());
            assert_eq!(Arc::strong_count(&held), 1);
        });
    }
}

#[test]
fn rx_05_a_shutdown_with_a_limit_names_those_that_do_not_give_way() {
    for workers in worker_counts() {
        watched("a shutdown with a limit", move || {
            let rt = runtime(workers);
            let (release, gate) = std::sync::mpsc::channel::<()>();
            let (started, begun) = std::sync::mpsc::channel();
            let stuck = rt.go(async move {
                started.send(()).unwrap();
                let _ = gate.recv();
            });
            begun.recv().unwrap();
            let id = stuck.id();
            let stragglers = rt.shutdown(Duration::from_millis(5)).unwrap_err();
            assert_eq!(stragglers.goroutines().len(), 1);
            assert_eq!(stragglers.goroutines()[0].0, id);
            assert!(
                stragglers.to_string().contains("rust_only_runtime.rs"),
                "{stragglers}"
            );
            drop(release);
            // It ends with its poll, whose result stands.
            assert!(stuck.join_blocking().is_ok());
        });
    }
}

#[test]
fn rx_05_a_sleep_outlives_the_runtime_that_kept_its_time() {
    for keep_a_handle in [false, true] {
        watched(
            &format!("a sleep without its runtime (a Handle is kept: {keep_a_handle})"),
            move || {
                let rt = runtime(1);
                let handle = keep_a_handle.then(|| rt.handle());
                let nap =
                    rt.block_on(async { Polled::parked_for(Duration::from_millis(5), sleep) });
                drop(rt);
                block_on(async move {
                    let mut nap = nap;
                    loop {
                        // Read first: what wakes it right after the poll counts.
                        let wakes = nap.wakes();
                        if nap.poll().is_ready() {
                            break;
                        }
                        until(|| nap.wakes() > wakes);
                    }
                });
                drop(handle);
            },
        );
    }
}

#[test]
fn rx_06_a_goroutine_that_panics_drops_its_values_leaves_its_queues_and_frees_its_guards() {
    for workers in worker_counts() {
        watched("a panic with everything in hand", move || {
            let rt = Runtime::builder()
                .workers(workers)
                .on_panic(OnPanic::Report)
                .build()
                .unwrap();
            let ledger = Ledger::default();
            let m = Arc::new(Mutex::new(()));
            let (tx, rx) = chan::bounded(0);
            let (sent, unsent) = chan::bounded(0);
            let value = ledger.value(1);
            let in_flight = ledger.value(2);
            let (lock, from, to, guard) = (m.clone(), rx.clone(), sent.clone(), m.clone());
            let panicking = rt.go(async move {
                let _value = value;
                let _guard = guard.lock_owned().await;
                let mut recv = Box::pin(from.recv());
                let mut send = Box::pin(to.send(in_flight));
                let mut again = Box::pin(lock.lock());
                std::future::poll_fn(|cx| {
                    assert!(recv.as_mut().poll(cx).is_pending());
                    assert!(send.as_mut().poll(cx).is_pending());
                    assert!(again.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                panic!("with everything in hand");
            });
            let ended: Result<(), _> = panicking.join_blocking();
            assert!(ended.unwrap_err().is_panic());
            ledger.assert_settled();
            assert!(m.try_lock().is_some());
            assert!(tx.try_send(1).unwrap_err().is_full(), "no receiver waits");
            assert!(unsent.try_recv().unwrap_err().is_empty(), "no sender waits");
            // Those who come after are served.
            let recv = Polled::parked(rx.recv());
            tx.try_send(2).unwrap();
            assert_eq!(recv.woken(), Ok(2));
            drop(sent);
        });
    }
}

#[test]
fn rx_06_a_value_assigned_to_a_goroutine_that_panics_goes_on() {
    for workers in worker_counts() {
        watched("a panic with a value assigned", move || {
            let rt = Runtime::builder()
                .workers(workers)
                .on_panic(OnPanic::Report)
                .build()
                .unwrap();
            let (tx, rx) = chan::bounded(0);
            let (to, from) = (tx.clone(), rx.clone());
            let panicking = rt.go(async move {
                let mut recv = Box::pin(from.recv());
                std::future::poll_fn(|cx| {
                    assert!(recv.as_mut().poll(cx).is_pending());
                    Poll::Ready(())
                })
                .await;
                to.try_send(7).unwrap();
                panic!("with a value assigned");
            });
            let ended: Result<(), _> = panicking.join_blocking();
            assert!(ended.unwrap_err().is_panic());
            assert_eq!(rx.try_recv(), Ok(7));
            drop(tx);
        });
    }
}
