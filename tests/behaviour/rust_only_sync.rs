//! `Event` and `Barrier`, which Go does not have in this form, and what only Rust asks of locks: semantics.md RX-03, RX-04, RX-06, RX-07, RX-08.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{OnWake, Polled, in_goroutine, in_goroutine_and_sim, rounds};
use gaggle::runtime::{OnPanic, Runtime};
use gaggle::sync::{Barrier, Cond, Event, Mutex, RwLock, Semaphore, WaitGroup};
use gaggle::{go, select};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn an_event_releases_all_who_wait_and_all_who_come_later() {
    let event = Event::new();
    let waiters: Vec<_> = (0..100).map(|_| Polled::parked(event.wait())).collect();
    let given_up = Polled::parked(event.wait());
    drop(given_up);
    assert!(event.set());
    assert!(!event.set());
    waiters.into_iter().for_each(Polled::woken);
    event.wait_blocking();
    assert!(Polled::new(event.wait()).poll().is_ready());
}

#[test]
fn a_barrier_releases_a_round_together_and_names_one_leader() {
    in_goroutine_and_sim(|| async {
        const N: usize = 5;
        let barrier = Arc::new(Barrier::new(N));
        let (came, leaders) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let wg = WaitGroup::new();
        let n = usize::try_from(rounds(200)).unwrap();
        for _ in 0..N {
            let (barrier, came, leaders) = (barrier.clone(), came.clone(), leaders.clone());
            wg.go(async move {
                for round in 1..=n {
                    came.fetch_add(1, SeqCst);
                    let result = barrier.wait().await;
                    assert!(
                        came.load(SeqCst) >= round * N,
                        "somebody went on before all had come"
                    );
                    leaders.fetch_add(usize::from(result.is_leader()), SeqCst);
                }
            });
        }
        wg.wait().await;
        assert_eq!(leaders.load(SeqCst), n);
    });
}

#[test]
fn rx_04_who_gives_up_at_a_barrier_has_not_come() {
    let barrier = Barrier::new(2);
    drop(Polled::parked(barrier.wait()));
    let first = Polled::parked(barrier.wait());
    let mut second = Polled::new(barrier.wait());
    assert!(second.poll().is_ready());
    assert!(!first.woken().is_leader());
    for n in [0, 1] {
        assert!(Polled::new(Barrier::new(n).wait()).poll().is_ready());
    }
}

#[test]
fn rx_04_who_gives_up_waiting_leaves_no_trace() {
    let (lock, semaphore) = (RwLock::new(1), Semaphore::new(2));
    for drop_at in 0..3 {
        let writer = lock.try_write().unwrap();
        let mut waiting: Vec<_> = (0..3).map(|_| Polled::parked(lock.read())).collect();
        drop(waiting.remove(drop_at));
        drop(Polled::parked(lock.write()));
        drop((lock.read(), lock.write()));
        drop(writer);
        waiting.into_iter().for_each(|reader| drop(reader.woken()));
        assert!(lock.try_write().is_some());

        let held = semaphore.try_acquire_many(2).unwrap();
        let mut waiting: Vec<_> = (0..3)
            .map(|_| Polled::parked(semaphore.acquire()))
            .collect();
        drop(waiting.remove(drop_at));
        drop(Polled::parked(semaphore.acquire_many(9)));
        drop(held);
        waiting
            .into_iter()
            .for_each(|request| drop(request.woken()));
        assert_eq!(semaphore.available(), 2);
    }
}

#[test]
fn rx_06_a_goroutine_that_panics_gives_back_what_it_has_and_no_longer_waits() {
    common::watched("what a goroutine holds when it panics", || {
        for workers in common::worker_counts() {
            let builder = Runtime::builder()
                .workers(workers)
                .on_panic(OnPanic::Report);
            let rt = builder.build().unwrap();
            let locks = Arc::new((RwLock::new(0), RwLock::new(0), Semaphore::new(2)));
            let waits = Arc::new((Mutex::new(()), Cond::new(), Barrier::new(2), Event::new()));
            let (held, waited) = (locks.clone(), waits.clone());
            let goroutine = rt.go(async move {
                let _reader = held.0.read().await;
                let _writer = held.1.write().await;
                let _permits = held.2.acquire_many(2).await;
                let guard = waited.0.lock().await;
                let mut signal = Box::pin(waited.1.wait(guard));
                let mut meeting = Box::pin(waited.2.wait());
                let mut event = Box::pin(waited.3.wait());
                let mut again = Box::pin(held.0.write());
                let mut too = Box::pin(held.2.acquire());
                assert!(futures::poll!(signal.as_mut()).is_pending());
                assert!(futures::poll!(meeting.as_mut()).is_pending());
                assert!(futures::poll!(event.as_mut()).is_pending());
                assert!(futures::poll!(again.as_mut()).is_pending());
                assert!(futures::poll!(too.as_mut()).is_pending());
                panic!("on purpose");
            });
            let ended: Result<(), _> = rt.block_on(goroutine);
            assert!(ended.unwrap_err().is_panic());
            assert!(locks.0.try_write().is_some() && locks.1.try_write().is_some());
            assert_eq!(locks.2.available(), 2);
            assert!(waits.0.try_lock().is_some());
            // Nobody is at the barrier, and a signal is for who comes now.
            Polled::parked(waits.2.wait()).assert_asleep();
            let signal = Polled::parked(waits.1.wait(waits.0.try_lock().unwrap()));
            waits.1.signal();
            drop(signal.woken());
            assert!(waits.3.set());
        }
    });
}

/// A waker of somebody else's that panics once.
fn panics() -> impl FnOnce() + Send + 'static {
    || panic!("on purpose")
}

#[test]
fn a_foreign_waker_that_panics_leaves_nothing_locked_and_nobody_asleep() {
    for waiters in [1, 40, 70] {
        let lock = RwLock::new(());
        let writer = lock.try_write().unwrap();
        let first = OnWake::parked(lock.read(), panics());
        let others: Vec<_> = (0..waiters).map(|_| Polled::parked(lock.read())).collect();
        let unlock = catch_unwind(AssertUnwindSafe(|| drop(writer.downgrade())));
        assert!(unlock.is_err(), "the panic was swallowed");
        drop(first);
        others.into_iter().for_each(|other| drop(other.woken()));
        assert!(lock.try_write().is_some());

        let (mutex, cond) = (Mutex::new(()), Cond::new());
        let first = OnWake::parked(cond.wait(mutex.try_lock().unwrap()), panics());
        let others: Vec<_> = (0..waiters)
            .map(|_| Polled::parked(cond.wait(mutex.try_lock().unwrap())))
            .collect();
        assert!(catch_unwind(AssertUnwindSafe(|| cond.broadcast())).is_err());
        drop(first);
        others.into_iter().for_each(|other| drop(other.woken()));

        let semaphore = Semaphore::new(waiters + 1);
        let held = semaphore.try_acquire_many(waiters + 1).unwrap();
        let first = OnWake::parked(semaphore.acquire(), panics());
        let others: Vec<_> = (0..waiters)
            .map(|_| Polled::parked(semaphore.acquire()))
            .collect();
        assert!(catch_unwind(AssertUnwindSafe(|| drop(held))).is_err());
        drop(first);
        others.into_iter().for_each(|other| drop(other.woken()));
        assert_eq!(semaphore.available(), waiters + 1);
    }
}

#[test]
fn rx_07_plain_threads_and_goroutines_share_all_of_them() {
    in_goroutine(|| async {
        let shared = Arc::new((
            RwLock::new(0_u64),
            Semaphore::new(2),
            Mutex::new(0_u64),
            Cond::new(),
            Event::new(),
        ));
        let other = shared.clone();
        let each = rounds(200);
        let thread = std::thread::spawn(move || {
            for _ in 0..each {
                let _permit = other.1.acquire_blocking(1);
                *other.0.write_blocking() += 1;
                let _ = *other.0.read_blocking();
                *other.2.lock_blocking() += 1;
                other.3.broadcast();
            }
            other.4.set();
        });
        let inner = shared.clone();
        let counted = go(async move {
            let guard = inner.2.lock().await;
            *inner.3.wait_while(guard, |n| *n < each).await
        });
        for _ in 0..each {
            let _permit = shared.1.acquire().await;
            *shared.0.write().await += 1;
        }
        shared.4.wait().await;
        assert_eq!(counted.await.unwrap(), each);
        assert_eq!(*shared.0.read().await, 2 * each);
        assert_eq!(shared.1.available(), 2);
        gaggle::blocking(|| thread.join().unwrap());
    });
}

#[test]
fn rx_08_handles_and_guards_may_go_to_other_workers() {
    fn is_send<T: Send>(_: T) {}
    fn is_sync<T: Sync>(_: &T) {}
    let (lock, semaphore, event) = (RwLock::new(1), Semaphore::new(2), Event::new());
    is_send(lock.try_read().unwrap());
    is_send(lock.try_write().unwrap());
    is_send(semaphore.try_acquire().unwrap());
    is_send((lock.read(), lock.write(), semaphore.acquire(), event.wait()));
    is_sync(&lock);
    is_sync(&semaphore);
    is_sync(&event);
    is_sync(&Cond::new());
    is_sync(&Barrier::new(1));
}

#[test]
fn they_are_arms_of_a_select_and_losing_leaves_no_trace() {
    in_goroutine_and_sim(|| async {
        let (lock, semaphore, event) = (RwLock::new(1), Semaphore::new(1), Event::new());
        let (writer, permit) = (lock.write().await, semaphore.acquire().await);
        select! {
            _ = lock.read() => unreachable!(),
            _ = semaphore.acquire() => unreachable!(),
            () = event.wait() => unreachable!(),
            () = gaggle::yield_now() => {}
        }
        drop((writer, permit));
        assert!(lock.try_write().is_some() && semaphore.try_acquire().is_some());
        event.set();
        let n = select! { biased; () = event.wait() => 1, _ = lock.write() => 2 };
        assert_eq!(n, 1);
    });
}
