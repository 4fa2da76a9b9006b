//! `Cond`: semantics.md LK-17 to LK-20, and MM-10 for it. LK-21 (it cannot be copied) is a compile-fail case in its documentation.

mod common;

use common::{OnWake, Polled, in_goroutine_and_sim, rounds, sized};
use gaggle::sync::{Cond, Mutex};
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

#[test]
fn lk_17_wait_gives_up_the_lock_and_has_it_again_when_it_returns() {
    let (m, cond) = (Mutex::new(1), Cond::new());
    let mut waiter = Polled::parked(cond.wait(m.try_lock().unwrap()));
    let mut guard = m.try_lock().expect("the waiter gave up the lock");
    *guard = 2;
    cond.signal();
    // It was signalled but cannot have the lock yet.
    assert!(waiter.poll().is_pending());
    drop(guard);
    let std::task::Poll::Ready(guard) = waiter.poll() else {
        panic!("the lock is free");
    };
    assert_eq!(*guard, 2);
    assert!(m.try_lock().is_none(), "the lock is not held on return");
}

#[test]
fn lk_17_no_wake_up_is_lost_between_the_look_and_the_wait() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(500) {
            let pair = Arc::new((Mutex::new(false), Cond::new()));
            let other = pair.clone();
            let waiter = go(async move {
                let guard = other.0.lock().await;
                let guard = other.1.wait_while(guard, |ready| !*ready).await;
                assert!(*guard);
            });
            *pair.0.lock().await = true;
            pair.1.signal();
            waiter.await.unwrap();
        }
    });
}

#[test]
fn lk_18_signal_wakes_the_one_that_waits_longest_and_no_other() {
    let (m, cond) = (Mutex::new(()), Cond::new());
    for _ in 0..100 {
        let mut waiters: Vec<_> = (0..3)
            .map(|_| Polled::parked(cond.wait(m.try_lock().unwrap())))
            .collect();
        while !waiters.is_empty() {
            cond.signal();
            let first = waiters.remove(0);
            // One that comes after the signal cannot take it.
            let late = Polled::parked(cond.wait(m.try_lock().unwrap()));
            late.assert_asleep();
            waiters.iter().for_each(Polled::assert_asleep);
            drop(first.woken());
            drop(late);
        }
    }
}

#[test]
fn lk_18_a_signal_that_is_passed_on_does_not_go_to_one_that_came_after_it() {
    let (m, cond) = (Mutex::new(()), Cond::new());
    let wait = || Polled::parked(cond.wait(m.try_lock().unwrap()));
    let first = wait();
    cond.signal();
    let late = wait();
    drop(first);
    late.assert_asleep();
    // Passed on twice, and then there is nobody left who was there.
    let (second, third) = (wait(), wait());
    cond.signal();
    drop(late);
    let latest = wait();
    drop(second);
    assert_eq!(third.wakes(), 1);
    drop(third);
    latest.assert_asleep();
    cond.signal();
    drop(latest.woken());
}

#[test]
fn lk_18_a_signal_while_a_broadcast_is_under_way_goes_to_one_that_came_after_the_broadcast() {
    // More waiters than are woken at once: the first of them to be woken brings another, and signals.
    for waiters in [1, 40, 100] {
        let shared = Arc::new((Arc::new(Mutex::new(())), Cond::new()));
        let wait = |shared: Arc<(Arc<Mutex<()>>, Cond)>| async move {
            let guard = shared.0.clone().lock_owned().await;
            drop(shared.1.wait_owned(guard).await);
        };
        let late = Arc::new(std::sync::Mutex::new(None));
        let first = OnWake::parked(wait(shared.clone()), {
            let (shared, late) = (shared.clone(), late.clone());
            move || {
                let newcomer = Polled::parked(wait(shared.clone()));
                shared.1.signal();
                *late.lock().unwrap() = Some(newcomer);
            }
        });
        let others: Vec<_> = (1..waiters)
            .map(|_| Polled::parked(wait(shared.clone())))
            .collect();
        shared.1.broadcast();
        let late = late.lock().unwrap().take().expect("the first was woken");
        assert_eq!(
            late.wakes(),
            1,
            "the signal went to one who was woken anyway"
        );
        late.woken();
        for other in others {
            assert_eq!(other.wakes(), 1);
            other.woken();
        }
        drop(first);
    }
}

#[test]
fn lk_19_broadcast_wakes_all_who_wait_once_each() {
    in_goroutine_and_sim(|| async {
        let waiters = sized(200, 5);
        let pair = Arc::new((Mutex::new(0_usize), Cond::new()));
        let done = Arc::new(AtomicUsize::new(0));
        let n = usize::try_from(rounds(20)).unwrap();
        let handles: Vec<_> = (0..waiters)
            .map(|_| {
                let (pair, done) = (pair.clone(), done.clone());
                go(async move {
                    for round in 0..n {
                        let guard = pair.0.lock().await;
                        let guard = pair.1.wait_while(guard, |r| *r <= round).await;
                        assert_eq!(*guard, round + 1);
                        drop(guard);
                        done.fetch_add(1, SeqCst);
                    }
                })
            })
            .collect();
        for round in 0..n {
            common::until_yielding(|| done.load(SeqCst) == round * waiters).await;
            *pair.0.lock().await += 1;
            pair.1.broadcast();
        }
        for handle in handles {
            handle.await.unwrap();
        }
    });
}

#[test]
fn lk_19_a_later_waiter_cannot_steal_a_broadcast() {
    let (m, cond) = (Mutex::new(()), Cond::new());
    let waiters: Vec<_> = (0..100)
        .map(|_| Polled::parked(cond.wait(m.try_lock().unwrap())))
        .collect();
    cond.broadcast();
    let late = Polled::parked(cond.wait(m.try_lock().unwrap()));
    for waiter in waiters {
        assert_eq!(waiter.wakes(), 1);
        drop(waiter.woken());
    }
    late.assert_asleep();
}

#[test]
fn lk_20_a_signal_without_a_waiter_is_not_remembered() {
    let (m, cond) = (Mutex::new(()), Cond::new());
    cond.signal();
    cond.broadcast();
    Polled::parked(cond.wait(m.try_lock().unwrap())).assert_asleep();
}

#[test]
fn rx_03_a_signal_goes_on_when_its_waiter_is_dropped() {
    let (m, cond) = (Mutex::new(()), Cond::new());
    let wait = || Polled::parked(cond.wait(m.try_lock().unwrap()));
    let (first, second, third) = (wait(), wait(), wait());
    cond.signal();
    drop(first);
    // Signalled, and on its way to the lock.
    let held = m.try_lock().unwrap();
    let mut second = second;
    assert!(second.poll().is_pending());
    assert!(second.wakes() > 0);
    third.assert_asleep();
    drop(second);
    drop(held);
    drop(third.woken());
    // A broadcast reached everyone: nothing goes on.
    let (first, late) = (wait(), ());
    cond.broadcast();
    let () = late;
    let behind = wait();
    drop(first);
    behind.assert_asleep();
}

#[test]
fn mm_10_what_came_before_the_signal_is_visible_after_the_wait() {
    in_goroutine_and_sim(|| async {
        let shared = Arc::new((Mutex::new(0_u32), Cond::new(), AtomicUsize::new(0)));
        let other = shared.clone();
        let waiter = go(async move {
            let guard = other.0.lock().await;
            let guard = other.1.wait_while(guard, |n| *n == 0).await;
            (*guard, other.2.load(std::sync::atomic::Ordering::Relaxed))
        });
        yield_now().await;
        shared.2.store(9, std::sync::atomic::Ordering::Relaxed);
        *shared.0.lock().await = 1;
        shared.1.broadcast();
        assert_eq!(waiter.await.unwrap(), (1, 9));
    });
}
