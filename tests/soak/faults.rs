//! Goroutines that start others and end badly, threads that are held up, and runtimes that end under load.

use crate::crew::{
    Census, Crew, Outsider, a_moment, brief, expected, fork, hog, may_report, one_in, perhaps,
    planned_panic, tried,
};
use gaggle::runtime::{Handle, OnDeadlock, OnPanic, Runtime};
use gaggle::sync::{Mutex, WaitGroup};
use gaggle::time::sleep;
use gaggle::{JoinHandle, block_on, blocking, chan, go, yield_now};
use gaggle_base::rng::Rng;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const FAR: Duration = Duration::from_secs(3_600);

type Boxed = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A goroutine that starts up to three more, and leaves them, waits for them or aborts them.
fn family(alive: &Census, depth: u32, mut rng: Rng) -> Boxed {
    tried();
    let (alive, one) = (alive.clone(), alive.one());
    Box::pin(async move {
        let _one = one;
        if one_in(&mut rng, 4) {
            yield_now().await;
        }
        if depth > 0 {
            let children: Vec<JoinHandle<()>> = (0..rng.below(4))
                .map(|_| go(family(&alive, depth - 1, fork(&mut rng))))
                .collect();
            for mut child in children {
                match rng.below(5) {
                    0 => drop(child),
                    1 => {
                        child.abort();
                        if let Err(error) = child.await {
                            expected(error, true);
                        }
                    }
                    2 => drop(perhaps(&mut rng, &mut child).await),
                    _ => assert!(child.await.is_ok(), "nobody aborted it"),
                }
            }
        }
        match rng.below(8) {
            0 => sleep(brief(&mut rng)).await,
            1 => yield_now().await,
            _ => {}
        }
    })
}

/// Families, some of them without anybody who waits for them.
pub(crate) async fn families(mut rng: Rng) {
    let alive = Census::default();
    let mut crew = Crew::default();
    for _ in 0..=rng.below(4) {
        let own = fork(&mut rng);
        crew.go(&mut rng, family(&alive, 4, own));
    }
    a_moment(&mut rng).await;
    crew.abort_some(&mut rng, 3, 0);
    crew.join(&mut rng).await;
    while alive.count() > 0 {
        sleep(Duration::from_micros(200)).await;
    }
}

/// Panics before, between and after waits, and in a goroutine that somebody waits for in turn.
pub(crate) async fn panics(mut rng: Rng) {
    let alive = Census::default();
    let mut crew = Crew::default();
    for _ in 0..2 + rng.below(8) {
        let (one, mut own) = (alive.one(), fork(&mut rng));
        crew.go(&mut rng, async move {
            let _one = one;
            tried();
            match own.below(4) {
                0 => planned_panic(),
                1 => {
                    sleep(brief(&mut own)).await;
                    planned_panic();
                }
                2 => {
                    let ended = go(async { planned_panic() }).await;
                    ended.unwrap_or_else(|error| resume_unwind(error.into_panic()));
                }
                _ => blocking(|| planned_panic()),
            }
        });
    }
    crew.abort_some(&mut rng, 4, 0);
    if may_report() {
        let one = alive.one();
        drop(go(async move {
            yield_now().await;
            drop(one);
            planned_panic();
        }));
    }
    crew.join(&mut rng).await;
    while alive.count() > 0 {
        sleep(Duration::from_micros(200)).await;
    }
}

/// Threads that are blocked or busy, with a word to gaggle and without, while others play ball.
pub(crate) async fn hogs(mut rng: Rng) {
    let (ping, pinged) = chan::bounded::<u32>(0);
    let (pong, ponged) = chan::bounded::<u32>(0);
    let echo = go(async move {
        while let Ok(n) = pinged.recv().await {
            if pong.send(n).await.is_err() {
                return;
            }
        }
    });
    let mut crew = Crew::default();
    let lock = Arc::new(Mutex::new(0_u32));
    for _ in 0..=rng.below(4) {
        let (lock, mut own) = (lock.clone(), fork(&mut rng));
        crew.go(&mut rng, async move {
            tried();
            match own.below(6) {
                0 | 1 => hog(&mut own),
                2 => blocking(|| thread::sleep(brief(&mut own) * 4)),
                3 => {
                    let time = brief(&mut own);
                    *lock.lock_blocking() += 1;
                    block_on(async {
                        sleep(time).await;
                        go(sleep(time)).await.unwrap();
                    });
                }
                4 => {
                    let (tx, rx) = chan::bounded(0);
                    let time = brief(&mut own);
                    let other = go(async move {
                        sleep(time).await;
                        tx.send(7).await.unwrap();
                    });
                    assert_eq!(rx.recv_blocking(), Ok(7));
                    other.join_blocking().unwrap();
                }
                _ => {
                    let mut guard = lock.lock().await;
                    hog(&mut own);
                    *guard += 1;
                }
            }
        });
    }
    for n in 0..200 {
        tried();
        ping.send(n).await.unwrap();
        assert_eq!(ponged.recv().await, Ok(n));
    }
    drop(ping);
    echo.await.unwrap();
    crew.abort_some(&mut rng, 4, 0);
    crew.join(&mut rng).await;
}

/// Plain threads that use the runtime from outside.
pub(crate) async fn threads(mut rng: Rng) {
    let handle = Handle::current();
    let outsiders: Vec<_> = (0..=rng.below(3))
        .map(|_| {
            let (handle, mut own) = (handle.clone(), fork(&mut rng));
            Outsider::start(move || {
                for _ in 0..10 {
                    tried();
                    let (tx, rx) = chan::bounded(own.below(2) as usize);
                    let wg = WaitGroup::new();
                    let (guard, time) = (wg.guard(), brief(&mut own));
                    let worker = handle.go(async move {
                        let _guard = guard;
                        sleep(time).await;
                        tx.send(1).await.is_ok()
                    });
                    match own.below(4) {
                        0 => assert_eq!(rx.recv_blocking(), Ok(1)),
                        1 => assert_eq!(handle.block_on(rx.recv()), Ok(1)),
                        2 => worker.abort(),
                        _ => drop(rx),
                    }
                    wg.wait_blocking();
                    if let Err(error) = worker.join_blocking() {
                        expected(error, true);
                    }
                }
            })
        })
        .collect();
    outsiders.into_iter().for_each(Outsider::join);
}

/// A goroutine for a runtime that is about to end.
fn load(alive: &Census, way: u32, mut rng: Rng) -> impl Future<Output = ()> + Send + 'static {
    let one = alive.one();
    async move {
        let _one = one;
        let (tx, rx) = chan::bounded::<u32>(0);
        match way {
            0 => sleep(FAR).await,
            1 => drop(rx.recv().await),
            2 => drop(tx.send(1).await),
            3 => std::future::pending().await,
            4 => loop {
                yield_now().await;
            },
            5 => drop(go(sleep(FAR)).await),
            6 => hog(&mut rng),
            7 => blocking(|| thread::sleep(brief(&mut rng) * 3)),
            8 => {
                let player = go(async move { while tx.send(1).await.is_ok() {} });
                while rx.recv().await.is_ok() {}
                drop(player);
            }
            9 => planned_panic(),
            _ => sleep(brief(&mut rng)).await,
        }
    }
}

fn short_life(mut rng: Rng) {
    let alive = Census::default();
    let on_deadlock = [OnDeadlock::Ignore, OnDeadlock::Report, OnDeadlock::Panic];
    let runtime = Runtime::builder()
        .workers(1 + rng.below(3) as usize)
        .name("short")
        .on_panic(OnPanic::Report)
        .on_deadlock(on_deadlock[rng.below(3) as usize])
        .build()
        .unwrap();
    let handle = runtime.handle();
    let mut handles = Vec::new();
    for _ in 0..rng.below(60) {
        tried();
        // Few of those that take time.
        let way = match rng.below(11) {
            6 if !one_in(&mut rng, 8) => 10,
            way => way,
        };
        let own = fork(&mut rng);
        handles.push(runtime.go(load(&alive, way, own)));
    }
    let time = brief(&mut rng);
    if one_in(&mut rng, 2) {
        let waits = async {
            let (tx, rx) = chan::bounded(0);
            let sends = go(async move { tx.send(5).await.is_ok() });
            sleep(time).await;
            assert_eq!(rx.recv().await, Ok(5));
            sends.await
        };
        assert!(runtime.block_on(waits).unwrap());
    }
    match rng.below(5) {
        0 => drop(runtime.shutdown(Duration::ZERO)),
        1 => drop(runtime.shutdown(Duration::from_millis(3))),
        2 => runtime.shutdown(Duration::from_secs(30)).unwrap(),
        3 => handle.block_on(async move { drop(runtime) }),
        _ => drop(runtime),
    }
    let late = handle.go(load(&alive, 0, fork(&mut rng)));
    assert!(late.join_blocking().is_err_and(|error| error.is_aborted()));
    for handle in handles {
        if let Err(error) = handle.join_blocking() {
            expected(error, true);
        }
    }
    while alive.count() > 0 {
        thread::sleep(Duration::from_micros(200));
    }
}

/// A runtime that is built, loaded and ended while this one goes on.
pub(crate) async fn runtimes(mut rng: Rng) {
    let own = fork(&mut rng);
    if one_in(&mut rng, 3) {
        blocking(move || short_life(own));
    } else {
        Outsider::start(move || short_life(own)).join();
    }
}
