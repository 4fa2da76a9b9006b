//! Tickers: semantics.md TI-04, TI-08, TI-13 to TI-15, TI-18.

mod common;

use common::{in_goroutine, in_goroutine_and_sim, in_virtual_time, rounds, sized};
use gaggle::runtime::Handle;
use gaggle::time::{Instant, Ticker, sleep, timeout};
use gaggle::{go, yield_now};
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

/// What can be received at this instant.
async fn try_recv(ticker: &Ticker) -> Option<Instant> {
    timeout(Duration::ZERO, ticker.recv()).await.ok()
}

#[test]
fn ti_04_a_tick_read_late_says_when_it_was() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let ticker = Ticker::new(ms(10));
        sleep(ms(504)).await;
        assert_eq!(ticker.recv().await, start + ms(10), "the first unread");
        assert_eq!(
            ticker.recv().await,
            start + ms(510),
            "then the next to come"
        );
        assert_eq!(Instant::now(), start + ms(510));
    });
}

#[test]
fn ti_13_a_ticker_keeps_its_period_follows_reset_and_stops() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let ticker = Arc::new(Ticker::new(ms(20)));
        for n in 1..=10 {
            assert_eq!(ticker.recv().await, start + n * ms(20));
            // Lateness does not add up.
            sleep(ms(3)).await;
        }
        let again = Instant::now();
        ticker.reset(ms(7));
        for n in 1..=10 {
            assert_eq!(ticker.recv().await, again + n * ms(7));
        }
        sleep(ms(10)).await;
        ticker.stop();
        assert_eq!(
            try_recv(&ticker).await,
            None,
            "also what was unread is gone"
        );
        let waiter = {
            let ticker = ticker.clone();
            go(async move { ticker.recv().await })
        };
        sleep(ms(1_000)).await;
        assert!(!waiter.is_finished());
        let revived = Instant::now();
        ticker.reset(ms(5));
        assert_eq!(waiter.await.unwrap(), revived + ms(5));
        assert_eq!(Handle::current().metrics().timers, 0);
    });
}

/// In real time: never too many, never too early.
#[test]
fn ti_13_a_real_ticker_is_not_early() {
    in_goroutine(|| async {
        let start = Instant::now();
        let ticker = Ticker::new(ms(2));
        let first = ticker.recv().await;
        assert!(first >= start + ms(2));
        let mut last = first;
        for _ in 0..10 {
            let tick = ticker.recv().await;
            assert!(tick > last && tick <= Instant::now());
            let off = (tick - first).as_nanos() % ms(2).as_nanos();
            assert_eq!(off, 0, "off the beat");
            last = tick;
        }
    });
}

#[test]
fn ti_13_a_waiter_follows_a_reset_to_a_shorter_period() {
    in_virtual_time(|| async {
        let ticker = Arc::new(Ticker::new(ms(10_000)));
        let waiter = {
            let ticker = ticker.clone();
            go(async move { ticker.recv().await })
        };
        sleep(ms(1)).await;
        let start = Instant::now();
        ticker.reset(ms(3));
        assert_eq!(waiter.await.unwrap(), start + ms(3));
        ticker.reset(ms(10_000));
        assert_eq!(ticker.recv().await, start + ms(10_003));
    });
}

#[test]
fn ti_14_a_slow_reader_loses_ticks() {
    in_virtual_time(|| async {
        let start = Instant::now();
        let ticker = Ticker::new(ms(10));
        sleep(ms(95)).await;
        assert_eq!(try_recv(&ticker).await, Some(start + ms(10)));
        assert_eq!(try_recv(&ticker).await, None, "one is kept, not nine");
        sleep(ms(5)).await;
        assert_eq!(try_recv(&ticker).await, Some(start + ms(100)));
        sleep(ms(25)).await;
        ticker.reset(ms(10));
        assert_eq!(try_recv(&ticker).await, None, "TI-08: nothing stale");
        assert_eq!(ticker.recv().await, start + ms(135));
    });
}

#[test]
fn ti_15_a_period_of_zero_panics() {
    let text = |panic: Box<dyn std::any::Any + Send>| *panic.downcast::<&str>().unwrap();
    let new = catch_unwind(|| Ticker::new(Duration::ZERO)).unwrap_err();
    assert_eq!(text(new), "non-positive interval for NewTicker");
    let reset = catch_unwind(|| Ticker::new(ms(1)).reset(Duration::ZERO)).unwrap_err();
    assert_eq!(text(reset), "non-positive interval for Ticker.Reset");
}

#[test]
fn ti_02_the_longest_period_never_ticks() {
    in_virtual_time(|| async {
        let ticker = Ticker::new(Duration::MAX);
        assert!(timeout(ms(1 << 40), ticker.recv()).await.is_err());
    });
}

/// Twenty goroutines share a ticker that others reset all the time (TI-18).
#[test]
fn ti_18_many_goroutines_at_one_ticker_stay_sound() {
    in_goroutine_and_sim(|| async {
        let ticker = Arc::new(Ticker::new(Duration::from_micros(10)));
        let n = sized(20, 4);
        let left = Arc::new(AtomicUsize::new(n));
        let readers: Vec<_> = (0..n)
            .map(|_| {
                let (ticker, left) = (ticker.clone(), left.clone());
                go(async move {
                    for _ in 0..rounds(30) {
                        let tick = ticker.recv().await;
                        assert!(tick <= Instant::now());
                    }
                    left.fetch_sub(1, SeqCst);
                })
            })
            .collect();
        let resetter = go(async move {
            let mut micros = 0;
            while left.load(SeqCst) > 0 {
                micros = (micros + 7) % 40;
                ticker.reset(Duration::from_micros(1 + micros));
                sleep(Duration::from_micros(100)).await;
                yield_now().await;
            }
            ticker.stop();
        });
        for handle in readers {
            handle.await.unwrap();
        }
        resetter.await.unwrap();
        assert_eq!(Handle::current().metrics().timers, 0);
    });
}
