//! Models of the read-write lock, the condition variable, the semaphore and the barrier: the real futures, polled on loom threads.
//!
//! A lost wake-up is a deadlock, two who are inside at once a data race; loom reports both.

use super::{Barrier, Cond, Mutex, RwLock, Semaphore};
use crate::loom_support::{block_on, block_on_pinned, model, poll_once};
use gaggle_base::sync::Cell;
use loom::sync::Arc;
use loom::thread;
use std::pin::pin;

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

/// Two readers go while a writer comes: the one that goes last hands the lock over, whichever it is, and the writer sees that both are gone.
/// It catches a last reader that does not see the writer, and a writer that acquires only one reader's release.
#[test]
fn loom_rw_lock_last_reader_hands_over() {
    model(3, || {
        let lock = Arc::new(RwLock::new(0));
        let (reader, writer) = (lock.clone(), lock.clone());
        let t = thread::spawn(move || *block_on(reader.read()));
        let u = thread::spawn(move || *block_on(writer.write()) += 1);
        let here = *block_on(lock.read());
        let there = t.join().unwrap();
        u.join().unwrap();
        assert!(here <= 1 && there <= 1);
        assert_eq!(*lock.try_read().unwrap(), 1);
        assert!(lock.raw.is_free(), "a bit or a share was left over");
    });
}

/// A reader and a writer wait behind a writer, and each may give up while it is let in (RX-03).
/// It catches a share or the lock itself going with the one that is dropped, and a bit of somebody who is gone.
#[test]
fn loom_rw_lock_drop_against_unlock() {
    for write in [false, true] {
        model(3, move || {
            let lock = Arc::new(RwLock::new(0));
            let quitter = lock.clone();
            let guard = lock.try_write().unwrap();
            let t = thread::spawn(move || {
                if write {
                    drop(poll_once(pin!(quitter.write())));
                } else {
                    drop(poll_once(pin!(quitter.read())));
                }
            });
            let mut behind = Box::pin(lock.read());
            assert!(poll_once(behind.as_mut()).is_pending());
            drop(guard);
            drop(block_on_pinned(behind.as_mut()));
            t.join().unwrap();
            assert!(lock.raw.is_free(), "a bit or a share was left over");
        });
    }
}

/// A writer becomes a reader while another reader and another writer come (LK-09, LK-10).
/// It catches a reader that nobody lets in, and a write between the downgrade and the end of the reading.
#[test]
fn loom_rw_lock_downgrade() {
    model(2, || {
        let lock = Arc::new(RwLock::new(0));
        let (reader, writer) = (lock.clone(), lock.clone());
        let mut guard = lock.try_write().unwrap();
        let t = thread::spawn(move || *block_on(reader.read()));
        let u = thread::spawn(move || *block_on(writer.write()) += 1);
        *guard = 7;
        let guard = guard.downgrade();
        assert_eq!(*guard, 7);
        drop(guard);
        assert!([7, 8].contains(&t.join().unwrap()));
        u.join().unwrap();
        assert!(lock.raw.is_free(), "a bit or a share was left over");
    });
}

/// The last waiting writer gives up while the last reader goes and another reader comes.
/// It catches readers that both leave to each other, and a writer's bit that nobody takes back.
#[test]
fn loom_rw_lock_last_writer_gives_up() {
    model(3, || {
        let lock = Arc::new(RwLock::new(()));
        let (first, quitter) = (lock.clone(), lock.clone());
        let t = thread::spawn(move || drop(block_on(first.read())));
        let u = thread::spawn(move || drop(poll_once(pin!(quitter.write()))));
        drop(block_on(lock.read()));
        t.join().unwrap();
        u.join().unwrap();
        assert!(lock.raw.is_free(), "a bit or a share was left over");
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

/// A signal, and the first of two waiters gives up; then a broadcast frees whoever is left, once (LK-19).
/// It catches a signal that is passed on from one thread to a node that the other is just taking out.
#[test]
fn loom_cond_signal_drop_and_broadcast() {
    model(2, || {
        let pair = Arc::new((Mutex::new(()), Cond::new()));
        let mut first = Box::pin(pair.1.wait(pair.0.try_lock().unwrap()));
        assert!(poll_once(first.as_mut()).is_pending());
        let mut second = Box::pin(pair.1.wait(pair.0.try_lock().unwrap()));
        assert!(poll_once(second.as_mut()).is_pending());
        let other = pair.clone();
        let t = thread::spawn(move || {
            other.1.signal();
            other.1.broadcast();
        });
        drop(first);
        drop(block_on(second));
        t.join().unwrap();
        // Both calls are over, and were for those two: somebody who comes now waits.
        let mut late = pin!(pair.1.wait(pair.0.try_lock().unwrap()));
        assert!(poll_once(late.as_mut()).is_pending());
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

struct Meeting(Barrier, [Cell<u32>; 2]);
// SAFETY: each of two writes its own cell before the barrier and reads the other's after it; that this is enough is what the model checks.
unsafe impl Sync for Meeting {}
// SAFETY: as above.
unsafe impl Send for Meeting {}

impl Meeting {
    /// Two rounds of writing, meeting, reading, meeting. Says how often this one was the leader.
    fn attend(&self, me: usize) -> u32 {
        let mut led = 0;
        for round in 1..3 {
            // SAFETY: the other reads it between the two waits of a round only.
            self.1[me].with_mut(|c| unsafe { *c = round });
            led += u32::from(block_on(self.0.wait()).is_leader());
            // SAFETY: the other wrote it before it came, and does so again after the next wait.
            assert_eq!(self.1[1 - me].with(|c| unsafe { *c }), round);
            led += u32::from(block_on(self.0.wait()).is_leader());
        }
        led
    }
}

/// Two meet again and again, and each sees what the other did before.
/// It catches a round that lets somebody of the next one through, and a release that publishes too little.
#[test]
fn loom_barrier_rounds() {
    model(2, || {
        let meeting = Arc::new(Meeting(Barrier::new(2), [Cell::new(0), Cell::new(0)]));
        let other = meeting.clone();
        let t = thread::spawn(move || other.attend(1));
        let led = meeting.attend(0);
        assert_eq!(led + t.join().unwrap(), 4, "one leader each time");
    });
}

/// One gives up at a barrier for two while another comes (RX-04).
/// It catches a count that still has in it who is gone, and a node that is freed while it is released.
#[test]
fn loom_barrier_drop_against_the_last() {
    model(3, || {
        let barrier = Arc::new(Barrier::new(2));
        let quitter = barrier.clone();
        let t = thread::spawn(move || poll_once(pin!(quitter.wait())).is_ready());
        let mut here = Box::pin(barrier.wait());
        let led = poll_once(here.as_mut()).is_ready();
        let quitter_led = t.join().unwrap();
        assert!(!(led && quitter_led));
        if !led && !quitter_led {
            // The other came and went before: the barrier waits for another.
            assert!(poll_once(pin!(barrier.wait())).is_ready());
        }
        if !led {
            assert!(!block_on_pinned(here.as_mut()).is_leader());
        }
        assert!(poll_once(pin!(barrier.wait())).is_pending(), "a new round");
    });
}
