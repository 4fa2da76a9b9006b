//! `RwLock`: semantics.md LK-07 to LK-11, and MM-06 for it.

mod common;

use common::{OnWake, Polled, in_goroutine_and_sim, on_workers, rounds};
use gaggle::sync::{RwLock, WaitGroup};
use gaggle::{go, yield_now};
use std::sync::atomic::{
    AtomicI64,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{Arc, Mutex};
use std::task::Poll;

#[test]
fn lk_07_readers_share_and_writers_are_alone() {
    in_goroutine_and_sim(|| async {
        for readers in [1, 3, 10] {
            let lock = Arc::new(RwLock::new(0_u64));
            let activity = Arc::new(AtomicI64::new(0));
            let wg = WaitGroup::new();
            let each = rounds(300);
            for _ in 0..2 {
                let (lock, activity) = (lock.clone(), activity.clone());
                wg.go(async move {
                    for _ in 0..each {
                        let mut guard = lock.write().await;
                        assert_eq!(
                            activity.fetch_add(10_000, SeqCst),
                            0,
                            "a writer is not alone"
                        );
                        *guard += 1;
                        yield_now().await;
                        activity.fetch_sub(10_000, SeqCst);
                    }
                });
            }
            for _ in 0..readers {
                let (lock, activity) = (lock.clone(), activity.clone());
                wg.go(async move {
                    for _ in 0..each {
                        let guard = lock.read().await;
                        assert!(
                            activity.fetch_add(1, SeqCst) < 10_000,
                            "a reader beside a writer"
                        );
                        let before = *guard;
                        yield_now().await;
                        assert_eq!(*guard, before);
                        activity.fetch_sub(1, SeqCst);
                    }
                });
            }
            wg.wait().await;
            // MM-06: every increment is seen.
            assert_eq!(*lock.read().await, 2 * each);
        }
    });
}

#[test]
fn lk_07_all_readers_are_inside_together() {
    in_goroutine_and_sim(|| async {
        let lock = Arc::new(RwLock::new(()));
        let inside = Arc::new(AtomicI64::new(0));
        let handles: Vec<_> = (0..20)
            .map(|_| {
                let (lock, inside) = (lock.clone(), inside.clone());
                go(async move {
                    let _guard = lock.read().await;
                    inside.fetch_add(1, SeqCst);
                    common::until_yielding(|| inside.load(SeqCst) == 20).await;
                })
            })
            .collect();
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

#[test]
fn lk_08_what_try_read_and_try_write_say() {
    let lock = RwLock::new(1);
    let writer = lock.try_write().unwrap();
    assert!(lock.try_read().is_none() && lock.try_write().is_none());
    drop(writer);
    let reader = lock.try_read().unwrap();
    assert!(lock.try_write().is_none());
    let second = lock.try_read().unwrap();
    drop((reader, second));
    assert!(lock.try_write().is_some());
}

#[test]
fn lk_09_a_writer_that_waits_keeps_new_readers_out() {
    let lock = RwLock::new(1);
    let reader = lock.try_read().unwrap();
    let writer = Polled::parked(lock.write());
    assert!(lock.try_read().is_none());
    let late = Polled::parked(lock.read());
    drop(reader);
    let guard = writer.woken();
    late.assert_asleep();
    drop(guard);
    assert_eq!(*late.woken(), 1);
}

#[test]
fn lk_09_a_reader_that_comes_while_others_are_let_in_waits_behind_the_next_writer() {
    // More readers than are woken at once: the first of them to be woken brings another.
    for readers in [2, 40, 64, 100] {
        let lock = Arc::new(RwLock::new(()));
        let writer = lock.try_write().unwrap();
        let second = Polled::parked(lock.write());
        let late = Arc::new(Mutex::new(None));
        let first = OnWake::parked(lock.read(), {
            let (lock, late) = (lock.clone(), late.clone());
            move || *late.lock().unwrap() = Some(Polled::parked(lock.read_owned()))
        });
        let others: Vec<_> = (1..readers).map(|_| Polled::parked(lock.read())).collect();
        drop(writer);
        let late = late.lock().unwrap().take().expect("the first was woken");
        late.assert_asleep();
        drop(first);
        others.into_iter().for_each(|other| drop(other.woken()));
        late.assert_asleep();
        drop(second.woken());
        drop(late.woken());
        assert!(lock.try_write().is_some());
    }
}

#[test]
fn lk_10_a_writers_unlock_admits_every_reader_that_waits_before_the_next_writer() {
    let lock = RwLock::new(0);
    let writer = lock.try_write().unwrap();
    let second = Polled::parked(lock.write());
    // More than one batch of wake-ups.
    let readers: Vec<_> = (0..100).map(|_| Polled::parked(lock.read())).collect();
    drop(writer);
    second.assert_asleep();
    let guards: Vec<_> = readers.into_iter().map(Polled::woken).collect();
    second.assert_asleep();
    assert!(lock.try_read().is_none(), "the second writer waits");
    drop(guards);
    drop(second.woken());
    assert!(lock.try_write().is_some());
}

#[test]
fn lk_11_two_read_locks_must_both_go_before_a_writer_enters() {
    let lock = Arc::new(RwLock::new(0));
    let first = lock.try_read().unwrap();
    let Poll::Ready(second) = Polled::new(lock.clone().read_owned()).poll() else {
        panic!("a reader waits for a reader");
    };
    let writer = Polled::parked(lock.clone().write_owned());
    drop(first);
    writer.assert_asleep();
    drop(second);
    *writer.woken() = 3;
    assert_eq!(*lock.read_blocking(), 3);
}

#[test]
fn rx_03_a_writer_that_gives_up_lets_in_whom_it_kept_out() {
    let lock = RwLock::new(1);
    let reader = lock.try_read().unwrap();
    let writer = Polled::parked(lock.write());
    let behind = Polled::parked(lock.read());
    drop(writer);
    assert_eq!(*behind.woken(), 1);
    drop(reader);
    // Granted, and then dropped.
    let held = lock.try_write().unwrap();
    let (granted, next) = (Polled::parked(lock.write()), Polled::parked(lock.write()));
    drop(held);
    drop(granted);
    *next.woken() = 2;
    assert_eq!(*lock.try_read().unwrap(), 2);
}

#[test]
fn rx_03_a_downgrade_leaves_no_gap() {
    let lock = RwLock::new(1);
    let mut writer = lock.try_write().unwrap();
    let (second, reader) = (Polled::parked(lock.write()), Polled::parked(lock.read()));
    *writer = 5;
    let mine = writer.downgrade();
    let theirs = reader.woken();
    second.assert_asleep();
    assert_eq!((*mine, *theirs), (5, 5));
    drop((mine, theirs));
    drop(second.woken());
}

#[test]
fn mm_06_what_was_done_under_the_lock_is_visible_to_the_next_who_comes_in() {
    in_goroutine_and_sim(|| async {
        // Relaxed, so that the only order there is comes from the lock.
        let memory = Arc::new([const { AtomicI64::new(0) }; 3]);
        let lock = Arc::new(RwLock::new(()));
        let wg = WaitGroup::new();
        let each = i64::try_from(rounds(200)).unwrap();
        for reader in 1..3 {
            let (memory, lock) = (memory.clone(), lock.clone());
            wg.go(async move {
                for _ in 0..each {
                    let _guard = lock.read().await;
                    let seen = memory[0].load(Relaxed);
                    // What a reader notes under the lock the next writer sees.
                    memory[reader].store(seen, Relaxed);
                    yield_now().await;
                    assert_eq!(memory[0].load(Relaxed), seen, "somebody writes");
                }
            });
        }
        for n in 1..=each {
            let _guard = lock.write().await;
            assert_eq!(memory[0].load(Relaxed), n - 1);
            assert!((1..3).all(|reader| memory[reader].load(Relaxed) < n));
            memory[0].store(n, Relaxed);
        }
        wg.wait().await;
    });
}

#[test]
fn lk_05_a_lock_in_a_static_and_many_workers_at_once() {
    static LOCK: RwLock<u64> = RwLock::new(0);
    on_workers(|rt| {
        let before = *LOCK.read_blocking();
        let each = rounds(500);
        let handles: Vec<_> = (0..4)
            .map(|_| {
                rt.go(async move {
                    for i in 0..each {
                        match i % 4 {
                            0 => *LOCK.write().await += 1,
                            1 => drop(LOCK.write().await.downgrade()),
                            2 => drop(LOCK.try_read()),
                            _ => drop(LOCK.read().await),
                        }
                    }
                })
            })
            .collect();
        handles.into_iter().for_each(|h| h.join_blocking().unwrap());
        assert_eq!(*LOCK.read_blocking(), before + 4 * each.div_ceil(4));
        assert!(LOCK.try_write().is_some());
    });
}
