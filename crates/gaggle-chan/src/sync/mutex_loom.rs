//! Models of the mutex: the real futures, polled on loom threads.
//!
//! What the mutex protects is a loom cell, so two holders at once, or an unlock that publishes too little, are reported as a data race; a waiter that is forgotten is a deadlock.
//! The time is the model's own: it stands still, so that nobody starves, or leaps, so that everybody does.

use super::super::mutex_raw::STARVED;
use super::*;
use crate::loom_support::{block_on, model, poll_once};
use gaggle_base::clock::Nanos;
use gaggle_base::clock::{Clock, with_clock};
use loom::thread;
use std::pin::pin;
use std::sync::atomic::AtomicU64;

struct Still;
impl Clock for Still {
    fn now(&self) -> Nanos {
        1
    }
}

/// Two steps of it are longer than [`STARVED`]. No decision depends on where it starts, so it need not start anew in each run of a model.
#[derive(Default)]
struct Leaping(AtomicU64);
impl Clock for Leaping {
    fn now(&self) -> Nanos {
        self.0
            .fetch_add(2 * STARVED, std::sync::atomic::Ordering::Relaxed)
    }
}

/// `others` threads and this one add one each.
fn everybody_adds(others: u32) {
    let mutex = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..others)
        .map(|_| {
            let mutex = mutex.clone();
            thread::spawn(move || *block_on(mutex.lock()) += 1)
        })
        .collect();
    *block_on(mutex.lock()) += 1;
    for t in threads {
        t.join().unwrap();
    }
    assert_eq!(*mutex.try_lock().unwrap(), others + 1);
    assert_eq!(mutex.raw.word(), 0, "a bit was left over");
}

/// Two threads lock once each; waiters are called.
#[test]
fn loom_mutex_two_threads() {
    with_clock(&Still, || model(4, || everybody_adds(1)));
}

/// Three threads lock once each: while one holds, one is called and barged past, one waits behind it.
/// It catches a waiter that nobody calls because the one that was called went back to the queue.
#[test]
fn loom_mutex_three_threads_called() {
    with_clock(&Still, || model(2, || everybody_adds(2)));
}

/// The same with every waiter starved: the mutex is handed over and never free in between.
#[test]
fn loom_mutex_three_threads_granted() {
    with_clock(&Leaping::default(), || model(2, || everybody_adds(2)));
}

/// One thread holds, one waits and gives up, one waits: the one that stays gets the mutex, whether the one that gave up had been called or not.
fn one_gives_up() {
    let mutex = Arc::new(Mutex::new(0));
    let guard = mutex.try_lock().unwrap();
    let quitter = mutex.clone();
    let quitting = thread::spawn(move || {
        let mut lock = pin!(quitter.lock());
        usize::from(poll_once(lock.as_mut()).is_ready())
    });
    let stayer = mutex.clone();
    let staying = thread::spawn(move || *block_on(stayer.lock()) += 1);
    drop(guard);
    quitting.join().unwrap();
    staying.join().unwrap();
    assert_eq!(*mutex.try_lock().unwrap(), 1);
    assert_eq!(mutex.raw.word(), 0, "a bit was left over");
}

/// It catches a call that ends with the future that was called (RX-03).
#[test]
fn loom_mutex_drop_of_a_called_waiter() {
    with_clock(&Still, || model(3, one_gives_up));
}

/// It catches a mutex that was handed to a future that is dropped, and stays locked for ever (RX-03).
#[test]
fn loom_mutex_drop_of_a_granted_waiter() {
    with_clock(&Leaping::default(), || model(3, one_gives_up));
}

/// A waiter that waits first for sure gives up while the holder unlocks; another tries without waiting.
/// It catches a state word that keeps a bit of somebody who is gone.
#[test]
fn loom_mutex_cancel_against_unlock() {
    with_clock(&Still, || {
        model(4, || {
            let mutex = Arc::new(Mutex::new(0));
            let guard = mutex.try_lock().unwrap();
            let mut lock = Box::pin(mutex.lock());
            assert!(poll_once(lock.as_mut()).is_pending());
            let barger = mutex.clone();
            let barging = thread::spawn(move || {
                if let Some(mut guard) = barger.try_lock() {
                    *guard += 1;
                }
            });
            // Loom's guards are not sent: the holder unlocks here, the waiter goes there.
            drop(guard);
            drop(lock);
            barging.join().unwrap();
            assert_eq!(mutex.raw.word(), 0, "a bit was left over");
        });
    });
}

/// The holder unlocks in one thread while the only waiter gives up in another.
#[test]
fn loom_mutex_unlock_against_cancel() {
    with_clock(&Still, || {
        model(4, || {
            let mutex = Arc::new(Mutex::new(0));
            let mine = mutex.clone();
            let holding = thread::spawn(move || *block_on(mine.lock()) += 1);
            {
                let mut lock = pin!(mutex.lock());
                let _ = poll_once(lock.as_mut());
            }
            holding.join().unwrap();
            assert_eq!(*mutex.try_lock().unwrap(), 1);
            assert_eq!(mutex.raw.word(), 0, "a bit was left over");
        });
    });
}
