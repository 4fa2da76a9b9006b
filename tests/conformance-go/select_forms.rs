//! `select!`: semantics.md SE-07, SE-08, SE-14, SE-16 and SE-17: what is evaluated when, how control flows, which operands there are.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and real time are what is tested"
)]

mod common;

use common::{Ledger, Polled, in_goroutine, in_goroutine_and_sim, rounds, sized};
use gaggle::chan::{self, Receiver, RecvError, Sender};
use gaggle::sync::Mutex;
use gaggle::time::{self, sleep};
use gaggle::{Select, go, select};
use std::cell::RefCell;
use std::task::Poll;
use std::time::Duration;

#[test]
fn se_07_operands_are_evaluated_once_and_in_source_order() {
    let (tx, rx) = chan::bounded::<u32>(1);
    let (full, _kept) = chan::bounded::<u32>(0);
    let log = RefCell::new(Vec::new());
    let note = |name: &'static str| log.borrow_mut().push(name);
    tx.try_send(1).unwrap();
    let mut select = Polled::new(async {
        let receiver = |name| {
            note(name);
            &rx
        };
        let sender = |name| {
            note(name);
            &full
        };
        let value = |name| {
            note(name);
            7
        };
        select! {
            _ = sender("sender 1").send(value("value 1")) => unreachable!(),
            _ = { note("none"); None::<&Receiver<u32>>.map(Receiver::recv) } => unreachable!(),
            v = receiver("receiver").recv(), if { note("condition"); true } => v,
            _ = sender("sender 2").send(value("value 2")), if { note("false"); false } => unreachable!(),
        }
    });
    assert_eq!(select.poll(), Poll::Ready(Ok(1)));
    drop(select);
    assert_eq!(
        *log.borrow(),
        [
            "sender 1",
            "value 1",
            "none",
            "condition",
            "receiver",
            "false",
            "sender 2",
            "value 2"
        ]
    );
}

#[test]
fn se_07_they_are_evaluated_before_the_wait_and_not_again() {
    in_goroutine_and_sim(|| async {
        let (tx, rx) = chan::bounded(0);
        let mut evaluated = 0;
        go(async move {
            gaggle::yield_now().await;
            tx.send(3).await.unwrap();
        });
        let got = select! {
            v = { evaluated += 1; rx.recv() } => v.unwrap(),
            _ = sleep(Duration::from_secs(50)) => 0,
        };
        assert_eq!((got, evaluated), (3, 1));
    });
}

#[test]
fn se_08_a_body_runs_only_if_its_arm_wins_and_after_the_operands_are_gone() {
    in_goroutine(|| async {
        let ledger = Ledger::default();
        let (tx, rx) = chan::bounded(1);
        let (lost, _kept) = chan::bounded(0);
        tx.send(1).await.unwrap();
        let mut place = [0, 0];
        let mut index = 0;
        select! {
            v = rx.recv() => { index += 1; place[index] = v.unwrap(); assert_eq!(ledger.drops(9), 1); }
            _ = lost.send(ledger.value(9)) => { index = 7; }
        }
        assert_eq!((place, index), ([0, 1], 1));
        ledger.assert_settled();
    });
}

#[test]
fn se_14_none_switches_an_arm_off_and_a_body_may_set_it() {
    in_goroutine(|| async {
        let (tx1, rx1) = chan::bounded(3);
        let (tx2, rx2) = chan::bounded(3);
        for n in 0..3 {
            tx1.send(n).await.unwrap();
            tx2.send(10 + n).await.unwrap();
        }
        drop((tx1, tx2));
        let (mut a, mut b) = (Some(rx1), Some(rx2));
        let mut sum = 0;
        while a.is_some() || b.is_some() {
            select! {
                v = a.as_ref().map(|r| r.recv()) => match v {
                    Ok(v) => sum += v,
                    Err(_) => a = None,
                },
                v = b.as_ref().map(Receiver::recv) => match v {
                    Ok(v) => sum += v,
                    Err(_) => b = None,
                },
            }
        }
        assert_eq!(sum, 36);
    });
}

#[test]
fn se_14_options_of_sends_timers_and_futures_switch_off_too() {
    in_goroutine(|| async {
        let (tx, _rx) = chan::bounded::<u8>(1);
        let none: Option<&Sender<u8>> = None;
        let won = select! {
            _ = none.map(|tx| tx.send(1)) => 1,
            _ = None::<time::Sleep> => 2,
            _ = None::<std::future::Ready<()>> => 3,
            r = Some(&tx).map(|tx| tx.send(1)) => { r.unwrap(); 4 }
        };
        assert_eq!(won, 4);
        let won = select! {
            _ = Some(tx.send(1)), if false => 1,
            _ = Some(sleep(Duration::ZERO)) => 2,
        };
        assert_eq!(won, 2);
    });
}

async fn question_mark(rx: &Receiver<u8>) -> Result<u8, RecvError> {
    let v = select! {
        v = rx.recv() => v?,
        default => return Ok(99),
    };
    Ok(v + 1)
}

#[test]
fn se_16_control_flow_in_a_body_is_ordinary_control_flow() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(8);
        assert_eq!(question_mark(&rx).await, Ok(99));
        for n in 0..6 {
            tx.send(n).await.unwrap();
        }
        assert_eq!(question_mark(&rx).await, Ok(1));
        drop(tx);
        let mut seen = Vec::new();
        let last = 'outer: loop {
            for _ in 0..100 {
                let v = select! {
                    Ok(v) = rx.recv() => if v == 2 { continue } else { v },
                    else => break 'outer seen.len(),
                };
                seen.push(v);
                select! { default => if v == 3 { break } }
            }
        };
        assert_eq!((last, seen), (4, vec![1, 3, 4, 5]));
        assert_eq!(question_mark(&rx).await, Err(RecvError));
        // Values of any type come out.
        let text: String = select! { r = rx.recv() => format!("{r:?}"), default => String::new() };
        assert_eq!(text, "Err(RecvError)");
    });
}

#[test]
fn t14_biased_takes_the_first_ready_arm_in_source_order() {
    in_goroutine(|| async {
        let closed = chan::bounded::<()>(0).1;
        for _ in 0..100 {
            let won = select! {
                biased;
                _ = std::future::pending::<()>() => 0,
                _ = closed.recv() => 1,
                _ = closed.recv() => 2,
                _ = std::future::ready(()) => 3,
            };
            assert_eq!(won, 1);
        }
    });
}

#[test]
fn t14_an_outcome_that_does_not_match_switches_its_arm_off() {
    in_goroutine(|| async {
        let closed = chan::bounded::<u8>(0).1;
        let (tx, rx) = chan::bounded(2);
        tx.send(5_u8).await.unwrap();
        for _ in 0..20 {
            let (tx, rx) = (tx.clone(), rx.clone());
            let won = select! {
                Ok(_) = closed.recv() => unreachable!(),
                Ok(n @ 5..=9) = rx.recv() => n,
                Err(_) = tx.send(5) => unreachable!(),
            };
            assert_eq!(won, 5);
            let _ = tx.try_send(5);
            while rx.len() > 1 {
                rx.recv().await.unwrap();
            }
        }
        let nothing = select! { Ok(_) = closed.recv() => 1, default => 2 };
        assert_eq!(nothing, 2);
        let otherwise =
            select! { Ok(_) = closed.recv() => 1, _ = None::<time::Sleep> => 2, else => 3 };
        assert_eq!(otherwise, 3);
    });
}

#[test]
fn t14_when_the_last_pattern_does_not_match_the_select_panics() {
    let closed = chan::bounded::<u8>(0).1;
    let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        Polled::new(async {
            select! { Ok(_) = closed.recv() => {}, _ = closed.recv(), if false => {} }
        })
        .poll()
    }))
    .unwrap_err();
    let text = panic.downcast_ref::<&str>().unwrap();
    assert!(text.contains("no pattern matched"), "{text}");
}

#[test]
fn t14_an_arm_that_was_switched_off_while_the_select_waited_leaves_the_others_alone() {
    let (tx1, rx1) = chan::bounded(0);
    let (tx2, rx2) = chan::bounded(0);
    let mut waiting = Polled::parked(async {
        select! { Ok(v) = rx1.recv() => v, Ok(v) = rx2.recv() => v + 100 }
    });
    drop(tx1);
    assert!(waiting.poll().is_pending());
    assert_eq!(tx2.try_send(1_u8), Ok(()));
    assert_eq!(waiting.poll(), Poll::Ready(101));
}

#[test]
fn t14_locks_handles_and_blocks_are_arms() {
    in_goroutine_and_sim(|| async {
        let lock = Mutex::new(3);
        let n = select! { guard = lock.lock() => *guard };
        assert_eq!(n, 3);
        let held = lock.lock().await;
        let mut handle = go(async { 5 });
        let n = select! {
            _ = lock.lock() => 0,
            r = &mut handle => r.unwrap(),
        };
        assert_eq!(n, 5);
        drop(held);
        assert!(lock.try_lock().is_some(), "the loser still waits");
        let (tx, rx) = chan::bounded(0);
        go(async move { tx.send(7).await.unwrap() });
        let n = select! {
            biased;
            () = async { std::future::pending().await } => 0,
            v = async { rx.recv().await.unwrap() + 1 } => v,
        };
        assert_eq!(n, 8);
    });
}

/// A handle that is awaited by reference gives its value to the select that it wins, also when an arm of a channel is completed at the same time.
#[test]
fn t14_no_outcome_is_thrown_away_when_two_arms_are_ready_at_once() {
    in_goroutine_and_sim(|| async {
        for _ in 0..rounds(500) {
            let (tx, rx) = chan::bounded(0);
            let mut handle = go(async { 1_u64 });
            let sender = go(async move { tx.send(1_u64).await.is_ok() });
            let (mut from_handle, mut from_channel) = (0, 0);
            for _ in 0..2 {
                select! {
                    r = &mut handle, if from_handle == 0 => from_handle = r.unwrap(),
                    r = rx.recv(), if from_channel == 0 => from_channel = r.unwrap(),
                }
            }
            assert_eq!((from_handle, from_channel), (1, 1));
            assert!(sender.await.unwrap());
        }
    });
}

#[test]
fn t14_thirty_two_arms() {
    in_goroutine(|| async {
        let n = chan::never::<u8>();
        let (tx, rx) = chan::bounded(1);
        tx.send(1_u8).await.unwrap();
        let won = select! {
            _ = n.recv() => 0, _ = n.recv() => 1, _ = n.recv() => 2, _ = n.recv() => 3,
            _ = n.recv() => 4, _ = n.recv() => 5, _ = n.recv() => 6, _ = n.recv() => 7,
            _ = n.recv() => 8, _ = n.recv() => 9, _ = n.recv() => 10, _ = n.recv() => 11,
            _ = n.recv() => 12, _ = n.recv() => 13, _ = n.recv() => 14, _ = n.recv() => 15,
            _ = n.recv() => 16, _ = n.recv() => 17, _ = n.recv() => 18, _ = n.recv() => 19,
            _ = n.recv() => 20, _ = n.recv() => 21, _ = n.recv() => 22, _ = n.recv() => 23,
            _ = n.recv() => 24, _ = n.recv() => 25, _ = n.recv() => 26, _ = n.recv() => 27,
            _ = n.recv() => 28, _ = n.recv() => 29, _ = n.recv() => 30, v = rx.recv() => v.unwrap() + 30,
        };
        assert_eq!(won, 31);
    });
}

#[test]
fn se_17_a_list_of_arms_made_at_run_time() {
    in_goroutine_and_sim(|| async {
        let n = sized(40, 6);
        let (txs, rxs): (Vec<_>, Vec<_>) = (0..n).map(|_| chan::bounded::<usize>(0)).unzip();
        let sender = go(async move {
            for (i, tx) in txs.iter().enumerate() {
                tx.send(i * i).await.unwrap();
            }
        });
        let mut open = vec![true; rxs.len()];
        let mut seen = 0;
        while open.contains(&true) {
            let mut select = Select::new();
            let places: Vec<_> = (0..rxs.len()).filter(|i| open[*i]).collect();
            for i in &places {
                select.recv(&rxs[*i], Result::ok);
            }
            let (index, value) = select.wait().await;
            match value {
                Some(value) => {
                    assert_eq!(value, places[index] * places[index]);
                    seen += 1;
                }
                None => open[places[index]] = false,
            }
        }
        assert_eq!(seen, n);
        sender.await.unwrap();
    });
}

#[test]
fn se_17_sends_futures_and_a_look_without_waiting() {
    in_goroutine(|| async {
        let (tx, rx) = chan::bounded(1);
        let mut select = Select::new();
        select.send(&tx, 5, |r| r.map(|()| 0).map_err(|_| ()));
        assert_eq!(select.poll_now().await, Some((0, Ok(0))));
        let mut select = Select::new();
        select.send(&tx, 6, |r| r.is_ok());
        assert_eq!(select.poll_now().await, None);
        let mut select = Select::new();
        let slow = select.future(sleep(Duration::from_secs(50)), |()| 0);
        let fast = select.recv(&rx, |r| r.unwrap());
        assert_eq!((slow, fast, select.len()), (0, 1, 2));
        assert_eq!(select.biased().wait().await, (1, 5));
    });
    let (tx, rx) = chan::bounded(0);
    let thread = std::thread::spawn(move || {
        let mut select = Select::new();
        select.recv(&rx, |r| r.unwrap());
        select.wait_blocking()
    });
    tx.send_blocking(8).unwrap();
    assert_eq!(thread.join().unwrap(), (0, 8));
}

#[test]
fn ti_19_sleeps_that_lose_in_selects_leave_nothing_behind() {
    in_goroutine_and_sim(|| async {
        let timers = || gaggle::runtime::Handle::current().metrics().timers;
        let before = timers();
        let (tx, rx) = chan::bounded(1);
        for n in 0..rounds(50_000) {
            tx.send(n).await.unwrap();
            select! {
                v = rx.recv() => assert_eq!(v, Ok(n)),
                _ = sleep(Duration::from_secs(3600)) => unreachable!(),
            }
        }
        assert_eq!(timers(), before);
    });
}
