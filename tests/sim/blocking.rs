//! Calls that block their thread, and threads of one's own, in a simulation that has one thread.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{child, is_child, said};
use gaggle::sim::{Builder, Class};
use gaggle::sync::Mutex;
use gaggle::time::sleep;
use gaggle::{block_on, blocking, chan, go};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::time::Duration;

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

#[test]
fn one_that_blocks_lets_the_others_run() {
    let report = Builder::new().schedules(500).run(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        go(async move {
            sleep(ms(5)).await;
            tx.send(blocking(|| 7)).await.unwrap();
        });
        let late = go(async {
            sleep(ms(20)).await;
            2
        });
        assert_eq!(rx.recv_blocking(), Ok(7));
        assert_eq!(late.join_blocking().unwrap(), 2);
        assert_eq!(block_on(async { go(async { 3 }).await.unwrap() }), 3);
    });
    assert!(report.ok(), "{report}");
}

#[test]
fn one_that_blocks_for_ever_is_a_deadlock() {
    let report = Builder::new().run(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let _ = rx.recv_blocking();
        drop(tx);
    });
    assert_eq!(
        report.finding().unwrap().class(),
        Class::Deadlock,
        "{report}"
    );
}

#[test]
fn two_that_block_in_each_others_way_are_told_and_not_taken_for_a_deadlock() {
    let report = Builder::new().schedules(200).run(|| async {
        let (a, got_a) = chan::bounded::<()>(0);
        let (b, got_b) = chan::bounded::<()>(0);
        // On two threads: the first gets its message, and only then sends the second's.
        let first = go(async move {
            got_a.recv_blocking().unwrap();
            b.send(()).await.unwrap();
        });
        let second = go(async move { got_b.recv_blocking().unwrap() });
        a.send(()).await.unwrap();
        first.await.unwrap();
        second.await.unwrap();
    });
    assert_eq!(
        report.finding().unwrap().class(),
        Class::Entangled,
        "{report}"
    );
}

#[test]
fn a_lock_is_waited_for_by_blocking_too() {
    let report = Builder::new().schedules(300).run(|| async {
        let lock = Arc::new(Mutex::new(0));
        let other = lock.clone();
        let other = go(async move {
            let mut guard = other.lock().await;
            sleep(ms(1)).await;
            *guard += 1;
        });
        sleep(Duration::from_micros(1)).await;
        *lock.lock_blocking() += 1;
        other.await.unwrap();
        assert_eq!(*lock.lock_blocking(), 2);
    });
    assert!(report.ok(), "{report}");
}

#[test]
#[expect(
    clippy::disallowed_methods,
    reason = "a thread that nobody drives is what is told"
)]
fn a_thread_of_ones_own_is_told() {
    let report = Builder::new().schedules(5).run(|| async {
        let (tx, rx) = chan::bounded::<u32>(0);
        let thread = std::thread::spawn(move || tx.send_blocking(1));
        let _ = rx.recv().await;
        thread.join().unwrap().unwrap();
    });
    assert_eq!(
        report.finding().unwrap().class(),
        Class::ForeignThread,
        "{report}"
    );
    assert!(report.to_string().contains("workers = N"), "{report}");
}

#[test]
fn one_that_never_gives_its_thread_back_is_left_behind() {
    // Longer than a machine that is busy lets anybody wait.
    let report = Builder::new().patience(ms(2_000)).run(|| async {
        let stuck = go(async {
            loop {
                std::hint::spin_loop();
                // It ends when the process does; until then it is to take little.
                std::thread::park();
            }
        });
        stuck.await.unwrap();
    });
    assert_eq!(report.finding().unwrap().class(), Class::Stuck, "{report}");
    assert_eq!(report.finding().unwrap().goroutines(), [2]);
}

/// The time in which the whole process had no CPU is not the goroutine's.
#[test]
#[cfg(unix)]
fn a_machine_that_stands_still_is_not_taken_for_a_goroutine_that_does() {
    let test = "a_machine_that_stands_still_is_not_taken_for_a_goroutine_that_does";
    if !is_child() {
        let output = child(test, &[]);
        assert!(output.status.success(), "{}", said(&output));
        return;
    }
    let builder = Builder::new().schedules(1).patience(ms(2_000));
    let report = builder.run(|| async {
        static ONCE: AtomicBool = AtomicBool::new(false);
        if ONCE.swap(true, SeqCst) {
            // A run is repeated, to see whether it does the same.
            return;
        }
        // Once the step has been looked at.
        let stops = "sleep 0.2; kill -STOP $PPID; sleep 3; kill -CONT $PPID";
        let shell = std::process::Command::new("sh")
            .args(["-c", stops])
            .status();
        assert!(shell.unwrap().success());
    });
    assert!(report.ok(), "{report}");
}

/// A run is not taken for the one before it, in which as many steps had been taken.
#[test]
#[expect(clippy::disallowed_methods, reason = "real time is what is spent")]
fn many_runs_that_take_their_time_are_none_that_is_stuck() {
    let builder = Builder::new().schedules(60).patience(ms(1_000));
    let report = builder.run(|| async { std::thread::sleep(ms(40)) });
    assert!(report.ok(), "{report}");
}
