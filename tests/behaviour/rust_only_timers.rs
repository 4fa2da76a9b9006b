//! Timers that are given up, waited for from elsewhere, or outlive their runtime: semantics.md RX-03, RX-05, RX-07, RX-08.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Polled, in_goroutine, in_virtual_time, on_workers, poll_once, until};
use gaggle::runtime::{Handle, Runtime};
use gaggle::time::{
    Alarm, Instant, Sleep, Ticker, Timer, TimerRecv, after, after_func, alarm, sleep, sleep_until,
};
use gaggle::{go, yield_now};
use gaggle_base::peek::Peek;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::task::Poll;
use std::time::Duration;

const FAR: Duration = Duration::from_secs(3600);

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn timers() -> usize {
    Handle::current().metrics().timers
}

#[test]
fn rx_03_a_waiter_that_was_woken_and_is_dropped_takes_no_firing_with_it() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let timer = after(ms(10));
        let (first, second) = (Polled::parked(timer.recv()), Polled::parked(timer.recv()));
        sleep(ms(20)).await;
        assert_eq!((first.wakes(), second.wakes()), (1, 1));
        drop(first);
        assert_eq!(second.woken(), start + ms(10));
        timer.reset(ms(10));
        let alone = Polled::parked(timer.recv());
        sleep(ms(20)).await;
        drop(alone);
        assert_eq!(
            Polled::new(timer.recv()).poll(),
            Poll::Ready(start + ms(30))
        );
    });
}

#[test]
fn rx_03_a_waiter_that_was_woken_by_a_reset_and_is_dropped_is_not_missed() {
    in_virtual_time(|| async {
        let timer = after(FAR);
        let (first, second) = (Polled::parked(timer.recv()), Polled::parked(timer.recv()));
        timer.reset(ms(5));
        assert_eq!((first.wakes(), second.wakes()), (1, 1), "it is nearer");
        drop(first);
        let mut second = second;
        assert!(second.poll().is_pending());
        sleep(ms(6)).await;
        assert_eq!(second.wakes(), 2);
        assert!(second.poll().is_ready());
        assert_eq!(timers(), 0);
    });
}

#[test]
fn rx_03_a_tick_goes_to_another_waiter_when_one_is_dropped() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let ticker = Ticker::new(ms(10));
        let (first, second) = (Polled::parked(ticker.recv()), Polled::parked(ticker.recv()));
        sleep(ms(10)).await;
        drop(first);
        assert_eq!(second.woken(), start + ms(10));
    });
}

#[test]
fn the_waker_of_the_newest_poll_is_the_one_that_is_called() {
    in_virtual_time(|| async {
        let timer = after(ms(10));
        let mut recv = pin!(timer.recv());
        assert!(poll_once(recv.as_mut()).is_pending());
        let mut renewed = Polled::parked(recv);
        sleep(ms(10)).await;
        assert_eq!(renewed.wakes(), 1);
        assert!(renewed.poll().is_ready());
        let polled_again = catch_unwind(AssertUnwindSafe(|| renewed.poll()));
        assert!(polled_again.is_err(), "a misuse is told");
    });
}

/// Whoever wakes a hundred waiters does so in several batches, without the lock in between.
#[test]
fn a_reset_wakes_all_who_wait() {
    in_virtual_time(|| async {
        let timer = after(FAR);
        let waiters: Vec<_> = (0..100).map(|_| Polled::parked(timer.recv())).collect();
        assert_eq!(timers(), 100);
        timer.reset(FAR / 2);
        assert!(waiters.iter().all(|w| w.wakes() == 1));
        timer.reset(FAR);
        assert!(waiters.iter().all(|w| w.wakes() == 1), "later: no need");
        timer.stop();
        drop(waiters);
        assert_eq!(timers(), 0);
    });
}

#[test]
fn rx_07_plain_threads_and_foreign_executors_wait_too() {
    common::watched("no runtime in sight", || {
        let start = Instant::now();
        assert!(after(ms(2)).recv_blocking() >= start + ms(2));
        let ticker = Ticker::new(ms(1));
        futures::executor::block_on(async {
            ticker.recv().await;
            ticker.recv().await;
        });
        let (tx, rx) = channel();
        let there = tx.clone();
        after_func(ms(1), async move { tx.send(1).unwrap() });
        alarm(Instant::now() + ms(1), move || there.send(1).unwrap());
        assert_eq!(rx.iter().sum::<i32>(), 2);
        assert!(Instant::now() >= start + ms(4));
    });
    in_goroutine(|| async {
        after(ms(1)).recv_blocking();
    });
}

/// The runtime whose wheel a waiter is in ends; the waiter is told, and goes on in another.
#[test]
fn a_waiter_outlives_the_runtime_that_kept_its_time() {
    on_workers(|_| {
        let rt = Runtime::builder().workers(1).build().unwrap();
        let wait = |time| {
            let timer = after(time);
            async move { timer.recv().await }
        };
        let mut waiter = rt.block_on(async { Polled::parked_for(ms(20), wait) });
        drop(rt);
        assert_eq!(waiter.wakes(), 1, "look again");
        if waiter.poll().is_pending() {
            until(|| waiter.wakes() == 2);
            assert!(waiter.poll().is_ready());
        }
    });
}

/// The end of a runtime drops goroutines that use timers as they go (RX-05).
#[test]
fn rx_05_timers_in_destructors_neither_hang_nor_panic() {
    struct Late(Arc<Timer>, Arc<AtomicUsize>);
    impl Drop for Late {
        fn drop(&mut self) {
            self.0.reset(Duration::ZERO);
            assert!(Polled::new(self.0.recv()).poll().is_ready());
            drop(after_func(Duration::ZERO, async {}));
            let alarm = alarm(Instant::now() + FAR, || ());
            assert!(alarm.stop());
            assert!(Polled::new(after(FAR).recv()).poll().is_pending());
            self.1.fetch_add(1, SeqCst);
        }
    }
    on_workers(|_| {
        let rt = Runtime::builder().workers(2).build().unwrap();
        let (timer, dropped) = (Arc::new(after(FAR)), Arc::new(AtomicUsize::new(0)));
        for _ in 0..10 {
            let late = Late(timer.clone(), dropped.clone());
            drop(rt.go(async move {
                let own = after(FAR);
                own.recv().await;
                drop(late);
            }));
        }
        until(|| rt.metrics().timers == 10);
        drop(rt);
        assert_eq!(dropped.load(SeqCst), 10);
    });
}

#[test]
fn a_look_at_a_timer_is_exact() {
    in_virtual_time(|| async {
        let timer = after(ms(10));
        let recv = timer.recv();
        assert!(!recv.may_be_ready());
        sleep(ms(10)).await;
        assert!(recv.may_be_ready());
        timer.reset(ms(1));
        assert!(!recv.may_be_ready());
        sleep(ms(1)).await;
        timer.stop();
        assert!(!recv.may_be_ready());
        timer.reset(Duration::ZERO);
        assert!(recv.may_be_ready());
    });
}

#[test]
fn a_look_at_a_sleep_may_be_late_once_and_is_never_early() {
    in_virtual_time(|| async {
        assert!(sleep(Duration::ZERO).may_be_ready());
        assert!(sleep_until(Instant::now()).may_be_ready());
        let nap = sleep(ms(10));
        assert!(!nap.may_be_ready());
        sleep(ms(9)).await;
        assert!(!nap.may_be_ready());
        sleep(ms(1)).await;
        assert!(nap.may_be_ready());
        // One that is awaited elsewhere in the meantime.
        let mut nap = Box::pin(sleep(ms(10)));
        assert!(Polled::new(nap.as_mut()).poll().is_pending());
        assert!(!nap.may_be_ready());
        sleep(ms(10)).await;
        assert!(nap.may_be_ready());
    });
}

#[test]
fn metrics_count_the_timers_that_somebody_waits_for() {
    on_workers(|rt| {
        let sleepers: Vec<_> = (0..50).map(|_| rt.go(sleep(FAR))).collect();
        until(|| rt.metrics().timers == 50);
        sleepers.iter().for_each(gaggle::JoinHandle::abort);
        until(|| rt.metrics().timers == 0);
        rt.block_on(async {
            go(async {
                sleep(ms(1)).await;
                yield_now().await;
            })
            .await
            .unwrap();
        });
        assert_eq!(rt.metrics().timers, 0);
    });
}

#[test]
fn rx_08_timers_are_send_and_sync() {
    fn check<T: Send + Sync>() {}
    check::<Timer>();
    check::<Ticker>();
    check::<TimerRecv<'static>>();
    check::<Alarm>();
    check::<Sleep>();
}
