//! `Semaphore`: semantics.md XS-07 to XS-12.
//!
//! XS-12 (releasing more than is held) cannot be written: only a permit releases (T27).

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads are what is tested"
)]

mod common;

use common::{Polled, in_goroutine, in_goroutine_and_sim, rounds};
use gaggle::context::Context;
use gaggle::sync::Semaphore;
use gaggle::time::timeout;
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

#[test]
fn xs_07_a_large_request_at_the_head_holds_back_small_ones() {
    let s = Semaphore::new(4);
    let held = s.try_acquire_many(2).unwrap();
    let large = Polled::parked(s.acquire_many(3));
    let small = Polled::parked(s.acquire());
    small.assert_asleep();
    drop(held);
    let large = large.woken();
    drop(small.woken());
    assert_eq!(large.count(), 3);
}

#[test]
fn xs_07_a_large_request_is_not_starved_by_small_ones() {
    in_goroutine_and_sim(|| async {
        let s = Arc::new(Semaphore::new(4));
        let stop = Arc::new(AtomicUsize::new(0));
        let handles: Vec<_> = (0..8)
            .map(|_| {
                let (s, stop) = (s.clone(), stop.clone());
                go(async move {
                    while stop.load(SeqCst) == 0 {
                        let _permit = s.acquire().await;
                        yield_now().await;
                    }
                })
            })
            .collect();
        for _ in 0..rounds(20) {
            let all = s.acquire_many(4).await;
            assert_eq!(all.count(), 4);
        }
        stop.store(1, SeqCst);
        for handle in handles {
            handle.await.unwrap();
        }
        assert_eq!(s.available(), 4);
    });
}

#[test]
fn xs_08_try_acquire_fails_if_too_few_are_free_or_anyone_waits() {
    let s = Semaphore::new(2);
    let one = s.try_acquire();
    let two = s.try_acquire();
    let (third, nothing) = (s.try_acquire(), s.try_acquire_many(3));
    assert!(one.is_some() && two.is_some() && third.is_none() && nothing.is_none());
    drop(one);
    let waiting = Polled::parked(s.acquire_many(2));
    assert!(s.try_acquire().is_none(), "somebody waits before");
    drop(waiting);
    assert!(s.try_acquire().is_some());
}

/// The same table with requests that wait: two are served, the third waits, and goes on when one comes back.
#[test]
fn xs_08_acquire_waits_where_try_acquire_fails() {
    let s = Semaphore::new(2);
    let one = s.acquire_blocking(1);
    let two = s.acquire_blocking(1);
    let third = Polled::parked(s.acquire());
    drop(one);
    let third = third.woken();
    assert!(s.try_acquire().is_none());
    drop((two, third));
    assert_eq!(s.acquire_blocking(2).count(), 2);
}

#[test]
fn xs_09_a_request_above_the_total_waits_and_holds_up_nobody() {
    in_goroutine(|| async {
        let s = Semaphore::new(2);
        let mut too_big = Box::pin(s.acquire_many(3));
        assert!(futures::poll!(too_big.as_mut()).is_pending());
        drop(s.acquire_many(2).await);
        assert!(
            timeout(Duration::from_millis(1), too_big.as_mut())
                .await
                .is_err()
        );
        assert!(s.try_acquire().is_some());
        s.add_permits(1);
        assert_eq!(too_big.await.count(), 3);
    });
}

#[test]
fn xs_10_a_request_that_is_given_up_puts_back_what_it_was_granted() {
    let s = Semaphore::new(1);
    let held = s.try_acquire().unwrap();
    let granted = Polled::parked(s.acquire());
    drop(held);
    assert_eq!(s.available(), 0);
    drop(granted);
    assert_eq!(s.available(), 1);
}

#[test]
fn xs_10_a_context_that_is_done_wins_over_permits_that_are_free() {
    in_goroutine(|| async {
        let s = Semaphore::new(1);
        let (ctx, cancel) = Context::background().with_cancel();
        drop(ctx.run(s.acquire()).await.unwrap());
        cancel.cancel();
        assert!(ctx.run(s.acquire()).await.is_err());
        assert_eq!(s.available(), 1);
    });
    // Granted and cancelled at the same moment: the permit is put back.
    let s = Semaphore::new(1);
    let (ctx, cancel) = Context::background().with_cancel();
    let held = s.try_acquire().unwrap();
    let both = Polled::parked(ctx.run(s.acquire()));
    drop(held);
    assert_eq!(s.available(), 0);
    cancel.cancel();
    assert!(both.woken().is_err());
    assert_eq!(s.available(), 1);
}

#[test]
fn xs_09_permits_that_are_added_let_in_those_that_were_too_big_in_order() {
    let s = Semaphore::new(1);
    let (huge, big) = (
        Polled::parked(s.acquire_many(5)),
        Polled::parked(s.acquire_many(3)),
    );
    s.add_permits(2);
    huge.assert_asleep();
    let big = big.woken();
    // Forgotten permits count as held: who needs them waits in the queue, and is not too big.
    big.forget();
    let all = Polled::parked(s.acquire_many(3));
    s.add_permits(3);
    drop(all.woken());
    huge.assert_asleep();
    s.add_permits(2);
    assert_eq!(huge.woken().count(), 5);
    assert_eq!(s.available(), 5);
}

#[test]
fn xs_11_when_the_head_gives_up_those_behind_it_proceed_if_they_fit() {
    let s = Semaphore::new(3);
    let _held = s.try_acquire_many(2).unwrap();
    let head = Polled::parked(s.acquire_many(3));
    let (behind, last) = (Polled::parked(s.acquire()), Polled::parked(s.acquire()));
    behind.assert_asleep();
    drop(head);
    let permit = behind.woken();
    last.assert_asleep();
    drop(permit);
    drop(last.woken());
}

#[test]
fn xs_12_permits_go_back_once_and_forgotten_ones_only_by_hand() {
    let s = Arc::new(Semaphore::new(3));
    let owned = s.clone().try_acquire_owned(2).unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || drop(owned));
    });
    assert_eq!(s.available(), 3);
    s.try_acquire_many(2).unwrap().forget();
    assert_eq!(s.available(), 1);
    s.add_permits(2);
    assert_eq!(s.available(), 3);
    let overflow = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        s.add_permits(usize::MAX);
    }));
    assert!(overflow.is_err());
    assert_eq!(s.acquire_blocking(3).count(), 3);
}
