//! Deadlocks: what is certain ends the program with the report and status 2 (semantics.md DL-01 to DL-04, T33), and what could still go on is left alone.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and the real time are what is tested"
)]

mod common;

use common::{child, is_child, said, watched, worker_counts};
use gaggle::chan;
use gaggle::runtime::{OnDeadlock, Runtime};
use gaggle::sync::{Barrier, Mutex, RwLock, WaitGroup};
use gaggle::time::{after_func, sleep};
use gaggle::{block_on, blocking, go, go_locked, select};
use std::future::{pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Output;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ASLEEP: &str = "all goroutines are asleep - deadlock!";
const MOMENT: Duration = Duration::from_millis(20);

/// A deadlock is reported at once; this is for a machine that stands still meanwhile.
const SOON: Duration = Duration::from_secs(20);

/// Runs the program in a process of its own at each worker count; it has to end with status 2 by itself.
fn dies(test: &str, program: fn(), check: impl Fn(&str)) {
    if is_child() {
        return program();
    }
    for workers in worker_counts() {
        let begin = Instant::now();
        let output = child(test, &[("GAGGLE_WORKERS", &workers.to_string())]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains("fatal error: "), "{said}");
        assert!(begin.elapsed() < SOON, "late: {said}");
        check(&said);
    }
}

/// The same for one that has to end by itself, without a word of a deadlock.
fn lives(test: &str, program: fn()) {
    if is_child() {
        return program();
    }
    for workers in worker_counts() {
        let output: Output = child(test, &[("GAGGLE_WORKERS", &workers.to_string())]);
        let said = said(&output);
        assert!(output.status.success(), "{said}");
        assert!(
            !said.contains("deadlock") && !said.contains("gaggle: note"),
            "{said}"
        );
    }
}

#[gaggle::main]
async fn nobody_ends_the_group() {
    let wg = WaitGroup::new();
    wg.add(1);
    let (_tx, rx) = chan::bounded::<u8>(3);
    rx.set_name("jobs");
    for _ in 0..3 {
        let rx = rx.clone();
        go(async move { rx.recv().await });
    }
    wg.wait().await;
}

#[test]
fn dl_01_a_wait_group_that_nobody_ends() {
    let name = "dl_01_a_wait_group_that_nobody_ends";
    dies(name, nobody_ends_the_group, |said| {
        assert!(said.contains(ASLEEP), "{said}");
        assert!(said.contains("goroutine 1 [sync.WaitGroup.Wait"), "{said}");
        assert!(said.contains("(count 1)"), "{said}");
        assert!(said.contains("3 goroutines [chan receive"), "{said}");
        assert!(
            said.contains("chan \"jobs\"") && said.contains("cap 3, len 0"),
            "{said}"
        );
        assert!(said.contains("deadlock.rs:"), "{said}");
    });
}

#[gaggle::main]
async fn waits_for_nothing() {
    select! { () = None::<std::future::Ready<()>> => {} }
}

#[test]
fn dl_01_an_empty_select_in_main() {
    dies("dl_01_an_empty_select_in_main", waits_for_nothing, |said| {
        assert!(said.contains(ASLEEP), "{said}");
        assert!(said.contains("goroutine 1 [select (no cases)"), "{said}");
        assert!(said.contains("nobody can wake it"), "{said}");
    });
}

#[gaggle::main]
async fn sleeps_and_then_waits_for_ever() {
    let blocked = go(async {
        let (_tx, rx) = chan::bounded::<u8>(0);
        rx.recv_blocking()
    });
    sleep(MOMENT).await;
    blocking(|| std::thread::sleep(MOMENT));
    let _ = blocked.await;
}

/// Also when it is a thread of a worker that waits, and after sleeps and calls that kept it alive (DL-03).
#[test]
fn dl_01_a_blocked_thread_counts_as_asleep() {
    let name = "dl_01_a_blocked_thread_counts_as_asleep";
    dies(name, sleeps_and_then_waits_for_ever, |said| {
        assert!(said.contains(ASLEEP), "{said}");
        assert!(said.contains("chan receive, blocks its thread"), "{said}");
        assert!(said.contains("goroutine 1 [join goroutine 2"), "{said}");
    });
}

#[gaggle::main]
async fn waits_on_a_thread_of_its_own() {
    let locked = go_locked(|| async {
        let (_tx, rx) = chan::bounded::<u8>(0);
        rx.recv().await
    });
    let _ = locked.await;
}

/// Also when it has a thread of its own; RT-02: the entry says so.
#[test]
fn dl_01_a_goroutine_with_a_thread_of_its_own() {
    let name = "dl_01_a_goroutine_with_a_thread_of_its_own";
    dies(name, waits_on_a_thread_of_its_own, |said| {
        assert!(said.contains(ASLEEP), "{said}");
        assert!(
            said.contains("[chan receive") && said.contains("locked to its thread"),
            "{said}"
        );
    });
}

/// Where two goroutines wait for each other with their first lock in hand.
fn both_hold_theirs() -> (Arc<Barrier>, Arc<Barrier>) {
    let both = Arc::new(Barrier::new(2));
    (both.clone(), both)
}

#[gaggle::main]
async fn two_locks() {
    let busy = go(async {
        loop {
            sleep(Duration::from_millis(1)).await;
        }
    });
    let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(RwLock::new(2)));
    let (a2, b2) = (a.clone(), b.clone());
    let (both, both2) = both_hold_theirs();
    go(async move {
        let _a = a2.lock().await;
        both2.wait().await;
        let _b = b2.read().await;
    });
    go(async move {
        let _b = b.write().await;
        both.wait().await;
        let _a = a.lock().await;
    });
    busy.await.unwrap();
}

/// A circle of locks is certain at once, whatever else runs.
#[test]
fn t33_goroutines_that_wait_for_each_others_locks() {
    let name = "t33_goroutines_that_wait_for_each_others_locks";
    dies(name, two_locks, |said| {
        assert!(
            said.contains("wait for each other's locks - deadlock!"),
            "{said}"
        );
        assert!(
            said.contains("[sync.Mutex.Lock") && said.contains("[sync.RWMutex.RLock"),
            "{said}"
        );
        assert!(said.contains("held by goroutine"), "{said}");
        assert!(said.contains(": a lock cycle"), "{said}");
    });
}

#[gaggle::main]
async fn locks_itself_out() {
    let m = Mutex::new(());
    let _first = m.lock().await;
    let _second = m.lock().await;
}

/// T21: to lock again what one holds is a circle of one.
#[test]
fn lk_03_a_goroutine_that_locks_itself_out() {
    dies(
        "lk_03_a_goroutine_that_locks_itself_out",
        locks_itself_out,
        |said| {
            assert!(said.contains("deadlock!"), "{said}");
            assert!(
                said.contains("goroutine 1 -> goroutine 1: a lock cycle"),
                "{said}"
            );
        },
    );
}

#[gaggle::main]
async fn everything_that_could_still_go_on() {
    // A sleeper.
    sleep(Duration::from_millis(200)).await;
    // A function that is to run later (DL-03).
    let (tx, rx) = chan::bounded::<u8>(1);
    let _timer = after_func(Duration::from_millis(200), async move {
        tx.send(1).await.unwrap();
    });
    rx.recv().await.unwrap();
    // A plain thread that holds a sender.
    let (tx, rx) = chan::bounded::<u8>(0);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        tx.send_blocking(1).unwrap();
    });
    rx.recv().await.unwrap();
    thread.join().unwrap();
    // A read from a socket.
    let (here, there) = std::os::unix::net::UnixStream::pair().unwrap();
    let reader = go(async move {
        use std::io::Read as _;
        let mut byte = [0];
        blocking(|| (&here).read_exact(&mut byte)).unwrap();
        byte[0]
    });
    let writer = go(async move {
        use std::io::Write as _;
        blocking(|| std::thread::sleep(Duration::from_millis(300)));
        (&there).write_all(&[7]).unwrap();
    });
    assert_eq!(reader.await.unwrap(), 7);
    writer.await.unwrap();
    // A call that blocks and says nothing.
    let silent = go(async { std::thread::sleep(Duration::from_millis(300)) });
    silent.await.unwrap();
    // A guard that was handed on: no circle, though it looks like one.
    let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
    let (tx, rx) = chan::bounded(1);
    let (a2, b2) = (a.clone(), b.clone());
    let one = go(async move {
        tx.send(a2.lock_owned().await).await.unwrap();
        *b2.lock().await
    });
    let two = go(async move {
        let _b = b.lock().await;
        sleep(MOMENT).await;
        *a.lock().await
    });
    let guard = rx.recv().await.unwrap();
    sleep(Duration::from_millis(200)).await;
    drop(guard);
    assert_eq!((one.await.unwrap(), two.await.unwrap()), (2, 1));
}

#[test]
fn dl_03_nothing_is_said_while_anything_could_still_go_on() {
    lives(
        "dl_03_nothing_is_said_while_anything_could_still_go_on",
        everything_that_could_still_go_on,
    );
}

#[gaggle::main]
async fn a_lock_that_is_waited_for_with_a_limit() {
    let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
    let (a2, b2) = (a.clone(), b.clone());
    let (both, both2) = both_hold_theirs();
    let one = go(async move {
        let _a = a2.lock().await;
        both2.wait().await;
        gaggle::time::timeout(Duration::from_millis(300), b2.lock())
            .await
            .is_err()
    });
    let two = go(async move {
        let _b = b.lock().await;
        both.wait().await;
        *a.lock().await
    });
    assert!(one.await.unwrap());
    assert_eq!(two.await.unwrap(), 1);
}

#[test]
fn dl_03_a_circle_with_a_way_out_is_none() {
    lives(
        "dl_03_a_circle_with_a_way_out_is_none",
        a_lock_that_is_waited_for_with_a_limit,
    );
}

#[gaggle::main]
async fn only_the_runtimes_own() {
    pending::<()>().await;
}

/// DL-04: monitors and the thread for signals neither count as alive nor appear.
#[test]
fn dl_04_threads_of_the_runtime_do_not_count() {
    dies(
        "dl_04_threads_of_the_runtime_do_not_count",
        only_the_runtimes_own,
        |said| {
            assert!(said.contains("1 goroutine (0 running"), "{said}");
            assert!(
                !said.contains("monitor") && !said.contains("signals"),
                "{said}"
            );
        },
    );
}

#[gaggle::main]
async fn tries_to_recover() {
    let caught = futures::FutureExt::catch_unwind(AssertUnwindSafe(pending::<()>())).await;
    println!("recovered: {caught:?}");
}

#[test]
fn pa_06_a_deadlock_cannot_be_recovered() {
    dies(
        "pa_06_a_deadlock_cannot_be_recovered",
        tries_to_recover,
        |said| {
            assert!(
                said.contains(ASLEEP) && !said.contains("recovered:"),
                "{said}"
            );
        },
    );
}

#[gaggle::main]
async fn leaves_the_others_alone() {
    go(async {
        sleep(MOMENT).await;
        println!("the other one goes on");
    });
    gaggle::goexit().await;
}

#[test]
fn dl_02_main_leaves_and_the_others_go_on_until_there_is_none() {
    let name = "dl_02_main_leaves_and_the_others_go_on_until_there_is_none";
    dies(name, leaves_the_others_alone, |said| {
        assert!(said.contains("the other one goes on"), "{said}");
        let error = "fatal error: no goroutines (main called goexit) - deadlock!";
        assert!(said.contains(error), "{said}");
    });
}

fn panicking(workers: usize) -> Runtime {
    Runtime::builder()
        .workers(workers)
        .on_deadlock(OnDeadlock::Panic)
        .build()
        .unwrap()
}

/// The text of the panic that comes out.
fn raised(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).unwrap_err();
    payload.downcast_ref::<String>().unwrap().clone()
}

fn panics_twice() {
    for workers in worker_counts() {
        let runtime = panicking(workers);
        let text = raised(|| {
            let (_tx, rx) = chan::bounded::<u8>(2);
            let _: Result<u8, _> = runtime.block_on(async { rx.recv().await });
        });
        assert!(text.contains(ASLEEP), "{text}");
        assert!(text.contains("[chan receive]"), "{text}");
        // The runtime goes on.
        assert_eq!(runtime.block_on(async { 3 }), 3);
        let (a, b) = (Arc::new(Mutex::new(1)), Arc::new(Mutex::new(2)));
        let text = raised(|| {
            runtime.block_on(async {
                let (a2, b2) = (a.clone(), b.clone());
                let (both, both2) = both_hold_theirs();
                let other = go(async move {
                    let _b = b2.lock().await;
                    both2.wait().await;
                    let _a = a2.lock().await;
                });
                go(async move {
                    let _a = a.lock().await;
                    both.wait().await;
                    let _b = b.lock().await;
                });
                other.await.unwrap();
            });
        });
        assert!(text.contains("lock cycle"), "{text}");
    }
}

/// In a process of its own: while other tests run, their threads might wake somebody, for all that is known.
#[test]
fn t33_block_on_panics_with_the_report() {
    if is_child() {
        return panics_twice();
    }
    let output = child("t33_block_on_panics_with_the_report", &[]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn t33_a_runtime_that_is_asked_to_ignore_it_says_nothing() {
    watched(
        "t33_a_runtime_that_is_asked_to_ignore_it_says_nothing",
        || {
            let runtime = Runtime::builder()
                .workers(1)
                .on_deadlock(OnDeadlock::Ignore)
                .build()
                .unwrap();
            let (tx, rx) = chan::bounded::<u8>(0);
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(300));
                tx.send_blocking(5).unwrap();
            });
            assert_eq!(runtime.block_on(async { rx.recv().await }), Ok(5));
            thread.join().unwrap();
        },
    );
}

#[gaggle::test]
#[should_panic(expected = "all goroutines are asleep")]
async fn t33_a_test_that_hangs_fails_with_the_report() {
    let (_tx, rx) = chan::bounded::<u8>(2);
    let _ = rx.recv().await;
}

/// A panic that has a deadlock in its wake is what is told.
#[test]
fn t20_a_panic_comes_before_a_deadlock() {
    watched("t20_a_panic_comes_before_a_deadlock", || {
        let runtime = panicking(1);
        let payload = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(async {
                drop(go(async { panic!("the cause") }));
                pending::<()>().await;
            });
        }));
        assert_eq!(payload.unwrap_err().downcast_ref(), Some(&"the cause"));
        assert_eq!(block_on(ready(1)), 1);
    });
}
