//! Models of the read-write lock, the condition variable and the semaphore: the real futures, polled on loom threads.
//!
//! A lost wake-up is a deadlock, two who are inside at once a data race; loom reports both.

use super::{Cond, Mutex, RwLock, Semaphore};
use crate::loom_support::{block_on, model, poll_once};
use gaggle_base::sync::Cell;
use loom::sync::Arc;
use loom::thread;

/// A writer against a reader: they are never inside together, and what was written is read.
#[test]
fn loom_rw_lock_writer_against_reader() {
    model(3, || {
        let lock = Arc::new(RwLock::new(0));
        let other = lock.clone();
        let t = thread::spawn(move || *block_on(other.write()) += 1);
        let before = *block_on(lock.read());
        t.join().unwrap();
        assert!(before <= 1);
        assert_eq!(*block_on(lock.read()), 1);
    });
}

/// A writer that waits behind a reader is dropped while that reader unlocks; a second reader waits behind the writer (LK-09).
/// It catches a reader that is forgotten, and a lock that is given to a dropped writer and never given back.
#[test]
fn loom_rw_lock_drop_of_a_waiting_writer() {
    model(3, || {
        let lock = Arc::new(RwLock::new(()));
        let reader = lock.try_read().unwrap();
        let mut writer = Box::pin(lock.write());
        assert!(poll_once(writer.as_mut()).is_pending());
        let other = lock.clone();
        let t = thread::spawn(move || drop(block_on(other.read())));
        drop(reader);
        drop(writer);
        t.join().unwrap();
        assert!(lock.try_write().is_some(), "the lock is left locked");
    });
}

/// A writer unlocks while a reader and a writer come (L2).
#[test]
fn loom_rw_lock_hand_over() {
    model(2, || {
        let lock = Arc::new(RwLock::new(0));
        let mut writer = lock.try_write().unwrap();
        let (second, third) = (lock.clone(), lock.clone());
        let t = thread::spawn(move || *block_on(second.write()) += 1);
        let u = thread::spawn(move || *block_on(third.read()));
        *writer += 1;
        drop(writer);
        t.join().unwrap();
        assert!(u.join().unwrap() >= 1);
        assert_eq!(*block_on(lock.read()), 2);
    });
}

/// Somebody changes the condition and signals while another looks at it and begins to wait (LK-17).
/// It catches a waiter that gives up the mutex before it is in the queue.
#[test]
fn loom_cond_signal_against_wait() {
    model(2, || {
        let pair = Arc::new((Mutex::new(false), Cond::new()));
        let other = pair.clone();
        let t = thread::spawn(move || {
            *block_on(other.0.lock()) = true;
            other.1.signal();
        });
        block_on(async {
            let guard = pair.0.lock().await;
            assert!(*pair.1.wait_while(guard, |ready| !*ready).await);
        });
        t.join().unwrap();
    });
}

/// A waiter is dropped while it is signalled: the other one has the signal (RX-03).
#[test]
fn loom_cond_drop_against_signal() {
    model(2, || {
        let pair = Arc::new((Mutex::new(()), Cond::new()));
        let mut first = Box::pin(pair.1.wait(pair.0.try_lock().unwrap()));
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = Box::pin(pair.1.wait(pair.0.try_lock().unwrap()));
        assert!(poll_once(second.as_mut()).is_pending());
        let other = pair.clone();
        let t = thread::spawn(move || other.1.signal());
        drop(first);
        // Whichever came first: the signal was for the first, which hands it on, or for the second.
        drop(block_on(second));
        t.join().unwrap();
    });
}

struct Protected(Semaphore, Cell<u32>);
// SAFETY: the cell is used with the semaphore's only permit; that this is enough is what the model checks.
unsafe impl Sync for Protected {}
// SAFETY: as above.
unsafe impl Send for Protected {}

impl Protected {
    fn increment(&self) {
        let permit = block_on(self.0.acquire());
        // SAFETY: there is one permit, and it is held.
        self.1.with_mut(|c| unsafe { *c += 1 });
        drop(permit);
    }
}

/// One permit excludes and publishes; a request that is given up meanwhile takes nothing along (RX-03).
#[test]
fn loom_semaphore_excludes_and_a_drop_passes_on() {
    model(2, || {
        let shared = Arc::new(Protected(Semaphore::new(1), Cell::new(0)));
        let held = shared.0.try_acquire().unwrap();
        let mut given_up = Box::pin(shared.0.acquire());
        assert!(poll_once(given_up.as_mut()).is_pending());
        let other = shared.clone();
        let t = thread::spawn(move || other.increment());
        drop(held);
        drop(given_up);
        shared.increment();
        t.join().unwrap();
        assert_eq!(shared.0.available(), 1);
    });
}

/// The head of the queue gives up while permits come back: whoever is behind it and fits goes on (XS-11).
#[test]
fn loom_semaphore_drop_of_the_head() {
    model(3, || {
        let s = Arc::new(Semaphore::new(2));
        let held = s.try_acquire().unwrap();
        let mut head = Box::pin(s.acquire_many(2));
        assert!(poll_once(head.as_mut()).is_pending());
        let other = s.clone();
        let t = thread::spawn(move || drop(block_on(other.acquire())));
        drop(head);
        t.join().unwrap();
        drop(held);
        assert_eq!(s.available(), 2);
    });
}
