//! What all scenes share: goroutines that may be aborted, operations that may be given up, and counts of what is alive.
//!
//! A scene owns what it works on, starts goroutines over it by a [`Crew`], and checks what must hold when they have ended.
//! It knows nothing of other scenes. Wherever it counts, it does so in the same poll as the operation, so an abort separates nothing.

use gaggle::runtime::{self, with_label};
use gaggle::time::{sleep, timeout};
use gaggle::{JoinError, JoinHandle, go, select, yield_now};
use gaggle_base::rng::Rng;
use std::any::Any;
use std::panic::panic_any;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

/// What was tried so far, by all scenes.
static OPERATIONS: AtomicU64 = AtomicU64::new(0);

/// When a panic was reported last that nobody took.
static REPORTED: Mutex<Option<Instant>> = Mutex::new(None);

/// gaggle writes a line on stderr for each of those, so there are few.
const BETWEEN_REPORTS: Duration = Duration::from_secs(5);

/// The payload of a panic that belongs to a scene. The hook in `main.rs` says nothing of it.
const PLANNED: &str = "planned by the soak";

pub(crate) fn planned_panic() -> ! {
    panic_any(PLANNED)
}

pub(crate) fn is_planned(payload: &(dyn Any + Send)) -> bool {
    payload.downcast_ref() == Some(&PLANNED)
}

/// May a goroutine without a handle panic now?
pub(crate) fn may_report() -> bool {
    let mut last = REPORTED.lock().unwrap_or_else(PoisonError::into_inner);
    let may = last.is_none_or(|last| last.elapsed() > BETWEEN_REPORTS);
    if may {
        *last = Some(Instant::now());
    }
    may
}

/// Counts an operation.
pub(crate) fn tried() {
    OPERATIONS.fetch_add(1, SeqCst);
}

pub(crate) fn operations() -> u64 {
    OPERATIONS.load(SeqCst)
}

/// A generator of its own for a goroutine.
pub(crate) fn fork(rng: &mut Rng) -> Rng {
    Rng::from_seed(rng.next_u64())
}

pub(crate) fn one_in(rng: &mut Rng, n: u32) -> bool {
    rng.below(n) == 0
}

/// Mostly some microseconds, now and then some milliseconds.
pub(crate) fn brief(rng: &mut Rng) -> Duration {
    let most = if one_in(rng, 16) { 3_000 } else { 150 };
    Duration::from_micros(u64::from(rng.below(most)))
}

/// Lets the others run for a while.
pub(crate) async fn a_moment(rng: &mut Rng) {
    for _ in 0..rng.below(40) {
        yield_now().await;
    }
}

/// Polls `future` up to `n` times, with others running in between, and then gives it up.
async fn a_few_polls<F: Future>(future: F, n: u32) -> Option<F::Output> {
    let mut future = pin!(future);
    for _ in 0..n {
        if let Poll::Ready(output) = futures::poll!(future.as_mut()) {
            return Some(output);
        }
        yield_now().await;
    }
    None
}

/// Waits for `future`, or gives it up in one of several ways.
pub(crate) async fn perhaps<F: Future>(rng: &mut Rng, future: F) -> Option<F::Output> {
    let limit = brief(rng);
    match rng.below(10) {
        0 | 1 => timeout(limit, future).await.ok(),
        2 | 3 => a_few_polls(future, rng.below(4)).await,
        4 => select! { output = future => Some(output), () = sleep(limit) => None },
        5 => select! { output = future => Some(output), () = yield_now() => None },
        _ => Some(future.await),
    }
}

/// Blocks the thread, or keeps it busy, without a word to gaggle.
pub(crate) fn hog(rng: &mut Rng) {
    let time = Duration::from_millis(u64::from(15 + rng.below(26)));
    if one_in(rng, 2) {
        thread::sleep(time);
    } else {
        let start = Instant::now();
        while start.elapsed() < time {
            std::hint::spin_loop();
        }
    }
}

/// How many of something there are, as futures and guards count them.
#[derive(Clone, Default)]
pub(crate) struct Census(Arc<AtomicUsize>);

/// One of them.
pub(crate) struct Alive(Census);

impl Census {
    pub(crate) fn one(&self) -> Alive {
        self.0.fetch_add(1, SeqCst);
        Alive(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(SeqCst)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        assert!(self.0.0.fetch_sub(1, SeqCst) > 0, "dropped twice");
    }
}

/// Goroutines of a scene, some of which are aborted.
#[derive(Default)]
pub(crate) struct Crew {
    hands: Vec<Hand>,
    alive: Census,
}

struct Hand {
    handle: JoinHandle<()>,
    aborted: bool,
}

impl Crew {
    /// Starts a goroutine, plainly or under a name and labels.
    pub(crate) fn go(&mut self, rng: &mut Rng, future: impl Future<Output = ()> + Send + 'static) {
        let alive = self.alive.one();
        let future = async move {
            let _alive = alive;
            future.await;
        };
        let handle = match rng.below(6) {
            0 => gaggle::named("hand").label("scene", "soak").go(future),
            1 => go(async move {
                runtime::set_name("renamed");
                runtime::set_label("kind", "set");
                future.await;
            }),
            2 => go(async move {
                with_label("inner", "yes", future).await;
                assert_eq!(runtime::label("inner"), None, "a label outlives its scope");
            }),
            _ => go(future),
        };
        self.hands.push(Hand {
            handle,
            aborted: false,
        });
    }

    /// Aborts one in `n`, the first `spared` excepted.
    pub(crate) fn abort_some(&mut self, rng: &mut Rng, n: u32, spared: usize) {
        for hand in self.hands.iter_mut().skip(spared) {
            if one_in(rng, n) {
                hand.aborted = true;
                hand.handle.abort();
            }
        }
    }

    /// Waits for all, and for nothing to be left of them.
    pub(crate) async fn join(self, rng: &mut Rng) {
        for hand in self.hands {
            let outcome = if one_in(rng, 100) {
                hand.handle.join_blocking()
            } else {
                hand.handle.await
            };
            if let Err(error) = outcome {
                expected(error, hand.aborted);
            }
        }
        assert_eq!(self.alive.count(), 0, "a future outlives its goroutine");
    }
}

/// Fails unless a goroutine ended as it was meant to.
pub(crate) fn expected(error: JoinError, aborted: bool) {
    if error.is_aborted() {
        assert!(aborted, "nobody aborted it: {error}");
    } else {
        let text = error.to_string();
        assert!(is_planned(&*error.into_panic()), "{text}");
    }
}

/// Runs `f` on a thread that gaggle knows nothing of, and waits for its end in a goroutine.
pub(crate) struct Outsider(thread::JoinHandle<()>);

impl Outsider {
    pub(crate) fn start(f: impl FnOnce() + Send + 'static) -> Self {
        Self(thread::spawn(f))
    }

    pub(crate) fn join(self) {
        let ended = gaggle::blocking(|| self.0.join());
        assert!(ended.is_ok(), "a plain thread panicked");
    }
}
