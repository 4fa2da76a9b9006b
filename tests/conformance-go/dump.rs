//! Dumps: what each goroutine waits for, where, and who started it (semantics.md RT-01 to RT-06), at any time and by signal.

#![allow(
    clippy::disallowed_methods,
    reason = "plain threads and the real time are what is tested"
)]

mod common;

use common::{is_child, on_workers, until_yielding, watched, worker_counts};
use gaggle::context::Context;
use gaggle::runtime::{self, Dump, GoState, Goroutine, Runtime};
use gaggle::sync::{Barrier, Cond, Mutex, RwLock, Semaphore, WaitGroup};
use gaggle::time::{Ticker, sleep};
use gaggle::{blocking, chan, go, named, select, yield_now};
use rustix::time::{ClockId, clock_gettime};
use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(3600);

fn by_id(dump: &Dump, id: u64) -> &Goroutine {
    dump.goroutines().find(|g| g.id == id).unwrap()
}

/// As many entries as there are goroutines; each has a number of its own, and says who started it.
#[test]
fn rt_01_rt_02_a_dump_has_an_entry_for_each_goroutine() {
    on_workers(|rt| {
        rt.block_on(async {
            assert_eq!(runtime::num_goroutines(), 0);
            assert_eq!(runtime::dump().goroutines().count(), 0);
            let main = go(async {
                let parent = runtime::current_id().unwrap();
                let children: Vec<_> = (0..100).map(|_| go(std::future::pending::<()>())).collect();
                until_yielding(|| runtime::dump().goroutines().filter(|g| g.leaked).count() == 100)
                    .await;
                let dump = runtime::dump();
                assert_eq!(dump.goroutines().count(), runtime::num_goroutines());
                let me = by_id(&dump, parent.as_u64());
                assert_eq!(me.state, GoState::Running);
                assert_eq!(me.parent, None);
                for child in &children {
                    let entry = by_id(&dump, child.id().as_u64());
                    assert_eq!(entry.parent, Some(parent.as_u64()));
                    assert!(entry.started_at.as_ref().unwrap().contains("dump.rs:"));
                    child.abort();
                }
                let mut ids: Vec<u64> = dump.goroutines().map(|g| g.id).collect();
                ids.dedup();
                assert_eq!(ids.len(), 101);
                for child in children {
                    let _ = child.await;
                }
            });
            main.await.unwrap();
        });
    });
}

/// Twelve goroutines in twelve different waits; each says that it is there, and the last line that all are.
async fn twelve_waits() -> impl Send {
    let (tx, rx) = chan::bounded::<u8>(2);
    tx.set_name("jobs");
    let (full, kept) = chan::bounded::<u8>(1);
    full.try_send(1).unwrap();
    let mutex = Arc::new(Mutex::new(()));
    let held = mutex.clone().lock_owned().await;
    let lock = Arc::new(RwLock::new(()));
    let written = lock.clone().write_owned().await;
    let group = WaitGroup::new();
    group.add(3);
    let (m2, m3, cond) = (
        mutex.clone(),
        Arc::new(Mutex::new(())),
        Arc::new(Cond::new()),
    );
    let c2 = cond.clone();
    let (l2, l3, g2, r2) = (lock.clone(), lock.clone(), group.clone(), rx.clone());
    named("receiver").go(async move { rx.recv().await });
    go(async move { full.send(2).await });
    go(async move {
        select! { _ = r2.recv() => {}, () = sleep(LONG) => {} }
    });
    go(async move { drop(m2.lock().await) });
    go(async move { drop(l2.read().await) });
    go(async move { drop(l3.write().await) });
    go(async move { g2.wait().await });
    go(async move { drop(c2.wait(m3.lock().await).await) });
    go(async { drop(Semaphore::new(0).acquire().await) });
    go(async { Barrier::new(2).wait().await });
    go(async { sleep(LONG).await });
    go(async {
        let (ctx, _cancel) = Context::background().with_timeout(LONG);
        ctx.done().await;
    });
    go(async { Ticker::new(LONG).recv().await });
    // They wait for as long as these are kept.
    (tx, kept, held, written, cond)
}

fn waiting(dump: &Dump) -> usize {
    let waiting = dump.goroutines().filter(|g| g.state == GoState::Waiting);
    waiting.count()
}

fn all_wait() -> bool {
    waiting(&runtime::dump()) == 13
}

/// What a dump of them has to say.
const TWELVE: &[&str] = &[
    "\"receiver\" [chan receive",
    "chan \"jobs\"",
    "(cap 2, len 0, senders 1, receivers 2)",
    "[chan send",
    "(cap 1, len 1, senders 1, receivers 1)",
    "[select (2 arms)",
    "[sync.Mutex.Lock",
    "held by goroutine 1",
    "[sync.RWMutex.RLock",
    "[sync.RWMutex.Lock",
    "[sync.WaitGroup.Wait",
    "(count 3)",
    "[sync.Cond.Wait",
    "[semaphore acquire",
    "[barrier",
    "[sleep",
    "[context done",
    "[timer receive",
];

/// RT-03: the states name the cause, in Go's words where Go has some.
#[test]
fn rt_03_each_wait_is_named_with_its_place_and_its_object() {
    on_workers(|rt| {
        let main = rt.go(async {
            let _kept = twelve_waits().await;
            until_yielding(all_wait).await;
            let text = runtime::dump().to_string();
            for part in TWELVE {
                assert!(text.contains(part), "{part} is not in\n{text}");
            }
            let dump = runtime::dump();
            let waiting = dump.goroutines().filter(|g| g.state == GoState::Waiting);
            for g in waiting {
                assert!(
                    g.at.as_ref().is_some_and(|at| at.contains("dump.rs:")),
                    "{g}"
                );
            }
        });
        rt.block_on(main).unwrap();
    });
}

#[gaggle::main]
async fn spins_on_every_worker() {
    let _kept = twelve_waits().await;
    until_yielding(all_wait).await;
    let running = Arc::new(AtomicUsize::new(0));
    for _ in 1..runtime::num_workers() {
        let running = running.clone();
        named("spinner").go(async move {
            running.fetch_add(1, SeqCst);
            loop {
                std::hint::spin_loop();
            }
        });
    }
    until_yielding(|| running.load(SeqCst) + 1 >= runtime::num_workers()).await;
    println!("ready");
    loop {
        std::hint::spin_loop();
    }
}

fn start(test: &str, workers: usize, variables: &[(&str, &str)]) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--nocapture", "--test-threads=1"]);
    command
        .env("GAGGLE_TEST_CHILD", "1")
        .env("GAGGLE_WORKERS", workers.to_string());
    command.envs(variables.iter().copied());
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    while !lines.next().unwrap().unwrap().ends_with("ready") {}
    child
}

fn signal(child: &Child, name: &str) {
    let status = Command::new("kill")
        .args([name, &child.id().to_string()])
        .status();
    assert!(status.unwrap().success());
}

/// RT-04: every goroutine with what it waits for, exit status 2, while all workers spin.
#[test]
fn rt_04_sigquit_prints_all_goroutines_and_ends_with_status_2() {
    let test = "rt_04_sigquit_prints_all_goroutines_and_ends_with_status_2";
    if is_child() {
        return spins_on_every_worker();
    }
    watched(test, move || {
        for workers in worker_counts() {
            let child = start(test, workers, &[]);
            let begin = Instant::now();
            signal(&child, "-QUIT");
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(2), "{said}");
            assert!(begin.elapsed() < Duration::from_secs(20), "late");
            for part in TWELVE.iter().chain(&["SIGQUIT", "goroutine 1 [running"]) {
                assert!(said.contains(part), "{part} is not in\n{said}");
            }
            assert_eq!(
                said.matches("\"spinner\" [running").count(),
                workers - 1,
                "{said}"
            );
        }
    });
}

/// T35: SIGUSR1 prints, and the program goes on; as JSON if that is asked for.
#[test]
fn t35_sigusr1_prints_and_the_program_goes_on() {
    let test = "t35_sigusr1_prints_and_the_program_goes_on";
    if is_child() {
        return spins_on_every_worker();
    }
    watched(test, move || {
        let mut child = start(test, 2, &[("GAGGLE_DUMP", "json")]);
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        for _ in 0..3 {
            signal(&child, "-USR1");
            let line = lines.next().unwrap().unwrap();
            let dump: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(dump["version"], 1);
            let goroutines = dump["runtimes"][0]["goroutines"].as_array().unwrap();
            let waits = |reason: &str| goroutines.iter().any(|g| g["reason"] == *reason);
            assert!(waits("chan receive") && waits("sync.Mutex.Lock"), "{line}");
        }
        assert!(child.try_wait().unwrap().is_none(), "it has ended");
        child.kill().unwrap();
        let mut rest = String::new();
        let _ = child.stdout.take().unwrap().read_to_string(&mut rest);
        child.wait().unwrap();
    });
}

/// RT-05: labels are inherited by those that are started afterwards, and a scope puts them back.
#[test]
fn rt_05_labels_are_inherited_and_restored() {
    on_workers(|rt| {
        let main = rt.go(async {
            let before = go(async { runtime::label("tenant") });
            runtime::set_label("tenant", "acme");
            let inside = runtime::with_label("request", "17", async {
                yield_now().await;
                let child = go(async {
                    let grandchild = go(async { runtime::label("request") });
                    (runtime::label("tenant"), grandchild.await.unwrap())
                });
                child.await.unwrap()
            });
            let (tenant, request) = inside.await;
            assert_eq!(
                (tenant.as_deref(), request.as_deref()),
                (Some("acme"), Some("17"))
            );
            assert_eq!(runtime::label("request"), None);
            assert_eq!(before.await.unwrap(), None);
            let stop = Arc::new(AtomicBool::new(false));
            let stopped = stop.clone();
            let shown = named("worker").label("shard", "3").go(async move {
                while !stopped.load(SeqCst) {
                    yield_now().await;
                }
            });
            let id = shown.id().as_u64();
            until_yielding(|| by_id(&runtime::dump(), id).name.is_some()).await;
            let dump = runtime::dump();
            let entry = by_id(&dump, id);
            assert_eq!(entry.name.as_deref(), Some("worker"));
            let labels =
                [("shard", "3"), ("tenant", "acme")].map(|(k, v)| (k.to_owned(), v.to_owned()));
            assert_eq!(entry.labels, labels);
            assert!(
                dump.to_string().contains("shard=\"3\" tenant=\"acme\""),
                "{dump}"
            );
            stop.store(true, SeqCst);
            shown.await.unwrap();
        });
        rt.block_on(main).unwrap();
    });
}

/// How long this thread has run.
fn time_of_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap()
}

/// RT-06: equal ones are one group with a count; the long form lists each. A hundred thousand take a second.
#[test]
fn rt_06_equal_goroutines_are_one_group_and_many_are_quick() {
    on_workers(|rt| {
        let n = 100_000;
        let (tx, rx) = chan::bounded::<u8>(0);
        for _ in 0..n {
            let rx = rx.clone();
            rt.go(async move { rx.recv().await });
        }
        while rt.block_on(async { waiting(&runtime::dump()) }) < n {
            std::thread::yield_now();
        }
        // Of its own time: how much it gets of the machine is not what is tested.
        let begin = time_of_thread();
        let dump = rt.block_on(async { runtime::dump() });
        let text = dump.to_string();
        let took = time_of_thread().saturating_sub(begin);
        assert!(
            text.contains(&format!("{n} goroutines [chan receive")),
            "{text}"
        );
        assert!(text.lines().count() < 200, "{} lines", text.lines().count());
        assert_eq!(format!("{dump:#}").matches("[chan receive").count(), n);
        // Unoptimised: an optimised build takes a tenth of that.
        assert!(took < Duration::from_secs(5), "{took:?}");
        drop(tx);
    });
}

/// GO-06, GO-08: who has been in the same poll for long is named, with where it was started, whether it spins or blocks.
#[test]
fn go_08_a_dump_names_those_that_are_stuck() {
    watched("go_08_a_dump_names_those_that_are_stuck", || {
        let rt = Runtime::builder().workers(2).build().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let (s1, s2, s3) = (stop.clone(), stop.clone(), stop.clone());
        let spins = rt.go(async move {
            while !s1.load(SeqCst) {
                std::hint::spin_loop();
            }
        });
        let blocks = rt.go(async move {
            while !s2.load(SeqCst) {
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let says = rt.go(async move {
            blocking(|| {
                while !s3.load(SeqCst) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            });
        });
        let ids = [spins.id(), blocks.id()].map(gaggle::runtime::GoId::as_u64);
        let stuck = |dump: &Dump, id| by_id(dump, id).seconds.is_some_and(|s| s > 0.03);
        let dump = loop {
            let dump = rt.block_on(async { runtime::dump() });
            let says = by_id(&dump, says.id().as_u64()).state;
            // It may not have begun while the others hold up both workers.
            if says == GoState::Blocked && ids.iter().all(|id| stuck(&dump, *id)) {
                break dump;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        for id in ids {
            let entry = by_id(&dump, id);
            assert_eq!(entry.state, GoState::Running);
            assert!(
                entry.started_at.as_ref().unwrap().contains("dump.rs:"),
                "{entry}"
            );
            assert!(
                dump.to_string()
                    .contains(&format!("is stuck in goroutine {id} for")),
                "{dump}"
            );
        }
        let entry = by_id(&dump, says.id().as_u64());
        assert_eq!(entry.reason.as_deref(), Some("blocking call"));
        assert!(entry.at.as_ref().unwrap().contains("dump.rs:"), "{entry}");
        stop.store(true, SeqCst);
        rt.block_on(async {
            for handle in [spins, blocks, says] {
                handle.await.unwrap();
            }
        });
    });
}
