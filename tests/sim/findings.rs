//! Each kind of finding, from a small program that has it.

#![allow(
    clippy::disallowed_methods,
    reason = "one program has a thread of its own"
)]

use gaggle::chan;
use gaggle::sim::{Builder, Class};
use gaggle::sync::Mutex;
use gaggle::time::{Instant, sleep, timeout};
use gaggle::{go, yield_now};
use std::sync::Arc;
use std::time::Duration;

/// What is there is found in a small part of them. Where they are counted, there is no limit of time.
const MANY: u64 = 2_000;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn a_leak() {
    let report = Builder::new().run(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let keep = rx.clone();
        go(async move {
            sleep(ms(60)).await;
            let _ = tx.send(1).await;
        });
        let got = timeout(ms(50), rx.recv()).await;
        assert!(got.is_err());
        sleep(ms(20)).await;
        std::mem::forget(keep);
    });
    println!("{report}");
    assert_eq!(report.finding().unwrap().class(), Class::Leak);
}

#[test]
fn a_lock_cycle() {
    let report = Builder::new().schedules(MANY).run(|| async {
        let a = Arc::new(Mutex::new(0));
        let b = Arc::new(Mutex::new(0));
        let (a2, b2) = (a.clone(), b.clone());
        let other = go(async move {
            let _b = b2.lock().await;
            let _a = a2.lock().await;
        });
        {
            let _a = a.lock().await;
            let _b = b.lock().await;
        }
        other.await.unwrap();
    });
    println!("{report}");
    assert_eq!(report.finding().unwrap().class(), Class::LockCycle);
}

#[test]
fn check_then_act() {
    let report = Builder::new().schedules(MANY).run(|| async {
        let balance = Arc::new(Mutex::new(100));
        let mut all = Vec::new();
        for _ in 0..2 {
            let balance = balance.clone();
            all.push(go(async move {
                let enough = *balance.lock().await >= 100;
                if enough {
                    *balance.lock().await -= 100;
                }
            }));
        }
        for one in all {
            one.await.unwrap();
        }
        assert!(*balance.lock().await >= 0, "overdrawn");
    });
    println!("{report}");
    assert_eq!(report.finding().unwrap().class(), Class::Panic);
}

#[test]
fn fine() {
    let report = Builder::new().schedules(2000).run(|| async {
        let (tx, rx) = chan::bounded::<u32>(2);
        let begin = Instant::now();
        let other = go(async move {
            let mut sum = 0;
            while let Ok(n) = rx.recv().await {
                sum += n;
                yield_now().await;
            }
            sum
        });
        for n in 0..5 {
            tx.send(n).await.unwrap();
            sleep(ms(1)).await;
        }
        drop(tx);
        assert_eq!(other.await.unwrap(), 10);
        assert_eq!(begin.elapsed(), ms(5));
    });
    println!("{report}");
    assert!(report.ok());
}

#[test]
fn a_thread_of_the_programs_own_is_named_whenever_it_comes() {
    for seed in 0..20 {
        let report = Builder::new().seed(seed).schedules(MANY).run(|| async {
            let (tx, rx) = chan::bounded(1);
            std::thread::spawn(move || tx.send_blocking(7));
            rx.recv().await.unwrap()
        });
        assert_eq!(
            report.finding().unwrap().class(),
            Class::ForeignThread,
            "{report}"
        );
    }
}

#[test]
fn a_schedule_is_replayed_with_the_limits_it_was_found_with() {
    let spins = || async {
        loop {
            yield_now().await;
        }
    };
    let report = Builder::new().max_steps(500).run(spins);
    let again = Builder::new()
        .max_steps(500)
        .replay(report.token().unwrap(), spins);
    assert_eq!(again.finding(), report.finding());
}
