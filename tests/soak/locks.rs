//! Locks and meeting points whose users give up, are aborted, or block their threads (semantics.md RX-03).
//!
//! Whoever is inside says so in a counter, and leaves it in a destructor; in the end nobody is inside and nobody has forgotten to wake another.

use crate::crew::{
    Alive, Census, Crew, Outsider, a_moment, brief, fork, one_in, perhaps, planned_panic, tried,
};
use gaggle::sync::{
    Barrier, BarrierWaitResult, Cond, Event, Mutex, Once, OnceCell, RwLock, Semaphore, WaitGroup,
};
use gaggle::time::{sleep, timeout};
use gaggle::{go, yield_now};
use gaggle_base::rng::Rng;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

/// The permits of the semaphore.
const PERMITS: usize = 5;

/// What the guests of one scene share.
struct House {
    counter: Arc<Mutex<u64>>,
    /// Both halves are always equal.
    pair: Arc<RwLock<(u64, u64)>>,
    permits: Arc<Semaphore>,
    counted: AtomicU64,
    written: AtomicU64,
    in_counter: Census,
    readers: Census,
    writers: Census,
    held: Census,
}

impl House {
    fn new() -> Self {
        Self {
            counter: Arc::default(),
            pair: Arc::default(),
            permits: Arc::new(Semaphore::new(PERMITS)),
            counted: AtomicU64::new(0),
            written: AtomicU64::new(0),
            in_counter: Census::default(),
            readers: Census::default(),
            writers: Census::default(),
            held: Census::default(),
        }
    }

    /// The caller has the mutex.
    fn count(&self, counter: &mut u64) -> Alive {
        assert_eq!(self.in_counter.count(), 0, "two have the mutex");
        let inside = self.in_counter.one();
        *counter += 1;
        self.counted.fetch_add(1, SeqCst);
        inside
    }

    /// The caller may write.
    fn write(&self, pair: &mut (u64, u64)) -> Alive {
        assert_eq!(self.writers.count() + self.readers.count(), 0, "not alone");
        let inside = self.writers.one();
        pair.0 += 1;
        self.written.fetch_add(1, SeqCst);
        pair.1 += 1;
        inside
    }

    /// The caller may read.
    fn read(&self, pair: (u64, u64)) -> Alive {
        let inside = self.readers.one();
        assert_eq!(self.writers.count(), 0, "a writer beside a reader");
        assert_eq!(pair.0, pair.1);
        inside
    }

    /// The caller has `n` permits.
    fn hold(&self, n: usize) -> Vec<Alive> {
        let held = (0..n).map(|_| self.held.one()).collect();
        assert!(self.held.count() <= PERMITS, "more than there are");
        held
    }

    fn settle(&self) {
        for inside in [&self.in_counter, &self.readers, &self.writers, &self.held] {
            assert_eq!(inside.count(), 0, "somebody is inside");
        }
        let counter = self.counter.try_lock().expect("nobody has the mutex");
        assert_eq!(*counter, self.counted.load(SeqCst));
        let pair = self.pair.try_write().expect("nobody has the lock");
        assert_eq!(*pair, (pair.1, self.written.load(SeqCst)));
        assert_eq!(self.permits.available(), PERMITS);
    }
}

async fn linger(rng: &mut Rng) {
    match rng.below(12) {
        0 => sleep(brief(rng)).await,
        1..=3 => yield_now().await,
        _ => {}
    }
}

async fn guest(house: Arc<House>, mut rng: Rng) {
    for _ in 0..20 + rng.below(60) {
        tried();
        match rng.below(16) {
            0..=3 => {
                if let Some(mut counter) = perhaps(&mut rng, house.counter.lock()).await {
                    let _inside = house.count(&mut counter);
                    linger(&mut rng).await;
                }
            }
            4 => {
                let lock = house.counter.clone().lock_owned();
                if let Some(mut counter) = perhaps(&mut rng, lock).await {
                    let _inside = house.count(&mut counter);
                    linger(&mut rng).await;
                }
            }
            5 => {
                if let Some(mut counter) = house.counter.try_lock() {
                    drop(house.count(&mut counter));
                }
            }
            6..=8 => {
                if let Some(pair) = perhaps(&mut rng, house.pair.read()).await {
                    let _inside = house.read(*pair);
                    linger(&mut rng).await;
                }
            }
            9 | 10 => {
                if let Some(mut pair) = perhaps(&mut rng, house.pair.write()).await {
                    let inside = house.write(&mut pair);
                    linger(&mut rng).await;
                    drop(inside);
                    if one_in(&mut rng, 2) {
                        let pair = pair.downgrade();
                        let _inside = house.read(*pair);
                        linger(&mut rng).await;
                    }
                }
            }
            11..=13 => {
                let n = 1 + rng.below(PERMITS as u32) as usize;
                if let Some(permit) = perhaps(&mut rng, house.permits.acquire_many(n)).await {
                    let _held = house.hold(permit.count());
                    linger(&mut rng).await;
                }
            }
            14 => {
                let permits = house.permits.clone().acquire_owned(2);
                if let Some(permit) = perhaps(&mut rng, permits).await {
                    let _held = house.hold(permit.count());
                    linger(&mut rng).await;
                }
            }
            _ if one_in(&mut rng, 4) => blocking_visit(&house),
            _ => {
                if let Some(permit) = house.permits.try_acquire() {
                    drop(house.hold(permit.count()));
                }
            }
        }
    }
}

fn blocking_visit(house: &House) {
    tried();
    drop(house.count(&mut house.counter.lock_blocking()));
    let permit = house.permits.acquire_blocking(1);
    drop(house.hold(permit.count()));
    drop(permit);
    drop(house.write(&mut house.pair.write_blocking()));
    let pair = house.pair.read_blocking();
    drop(house.read(*pair));
}

/// A mutex, a readers-writer lock and a semaphore.
pub(crate) async fn locks(mut rng: Rng) {
    let house = Arc::new(House::new());
    let mut guests = Crew::default();
    for _ in 0..4 + rng.below(8) {
        let own = fork(&mut rng);
        guests.go(&mut rng, guest(house.clone(), own));
    }
    let thread = one_in(&mut rng, 4).then(|| {
        let house = house.clone();
        Outsider::start(move || (0..20).for_each(|_| blocking_visit(&house)))
    });
    a_moment(&mut rng).await;
    if one_in(&mut rng, 2) {
        guests.abort_some(&mut rng, 3, 0);
    }
    guests.join(&mut rng).await;
    thread.into_iter().for_each(Outsider::join);
    house.settle();
}

/// A queue under a mutex: each signal is for one item, so none may be swallowed by somebody who gives up.
pub(crate) async fn signals(mut rng: Rng) {
    struct Shared {
        queue: Mutex<(VecDeque<u32>, bool)>,
        filled: Cond,
        taken: AtomicUsize,
    }
    let shared = Arc::new(Shared {
        queue: Mutex::default(),
        filled: Cond::new(),
        taken: AtomicUsize::new(0),
    });
    let (mut steady, mut fickle) = (Crew::default(), Crew::default());
    for _ in 0..=rng.below(3) {
        let shared = shared.clone();
        steady.go(&mut rng, async move {
            loop {
                let guard = shared.queue.lock().await;
                let mut guard = shared
                    .filled
                    .wait_while(guard, |(queue, over)| queue.is_empty() && !*over)
                    .await;
                if guard.0.pop_front().is_none() {
                    return;
                }
                tried();
                shared.taken.fetch_add(1, SeqCst);
            }
        });
    }
    for _ in 0..rng.below(6) {
        let (shared, mut own) = (shared.clone(), fork(&mut rng));
        // These take nothing, so the signal that one of them gets while it gives up belongs to another.
        fickle.go(&mut rng, async move {
            loop {
                tried();
                let guard = shared.queue.lock().await;
                if guard.1 {
                    return;
                }
                if let Some(guard) = perhaps(&mut own, shared.filled.wait(guard)).await {
                    drop(guard);
                    shared.filled.signal();
                    yield_now().await;
                }
            }
        });
    }
    let items = 20 + rng.below(100) as usize;
    for item in 0..items {
        let mut guard = shared.queue.lock().await;
        guard.0.push_back(item as u32);
        drop(guard);
        shared.filled.signal();
        if item == items / 2 {
            fickle.abort_some(&mut rng, 2, 0);
        }
        // No other signal comes to its help.
        while shared.taken.load(SeqCst) <= item {
            yield_now().await;
        }
        linger(&mut rng).await;
    }
    shared.queue.lock().await.1 = true;
    shared.filled.broadcast();
    fickle.join(&mut rng).await;
    steady.join(&mut rng).await;
    assert_eq!(shared.taken.load(SeqCst), items);
}

/// A barrier, and what became of those who came to it.
struct Gate {
    n: usize,
    barrier: Barrier,
    passed: AtomicUsize,
    led: AtomicUsize,
    given_up: AtomicUsize,
}

impl Gate {
    fn count(&self, result: Option<BarrierWaitResult>) {
        tried();
        match result {
            Some(result) => {
                self.passed.fetch_add(1, SeqCst);
                self.led.fetch_add(usize::from(result.is_leader()), SeqCst);
            }
            None => _ = self.given_up.fetch_add(1, SeqCst),
        }
    }

    /// `unknown`: how many were aborted, each of them in a wait perhaps.
    fn settle(&self, unknown: usize) {
        let arrived = self.led.load(SeqCst) * self.n;
        let passed = self.passed.load(SeqCst);
        let given_up = self.given_up.load(SeqCst) + unknown;
        assert!(
            (passed..=passed + given_up).contains(&arrived),
            "{} a time, {arrived} arrived, {passed} passed, {given_up} gave up",
            self.n
        );
    }
}

/// A barrier that some leave before it opens.
pub(crate) async fn barriers(mut rng: Rng) {
    let n = 2 + rng.below(4) as usize;
    let gate = Arc::new(Gate {
        n,
        barrier: Barrier::new(n),
        passed: AtomicUsize::new(0),
        led: AtomicUsize::new(0),
        given_up: AtomicUsize::new(0),
    });
    let (mut crew, mut company) = (Crew::default(), Crew::default());
    for _ in 0..n + rng.below(4) as usize {
        let (gate, mut own) = (gate.clone(), fork(&mut rng));
        crew.go(&mut rng, async move {
            for _ in 0..20 {
                gate.count(perhaps(&mut own, gate.barrier.wait()).await);
            }
        });
    }
    // Whoever is left over needs company.
    for _ in 1..n {
        let gate = gate.clone();
        company.go(&mut rng, async move {
            loop {
                let wait = timeout(Duration::from_micros(300), gate.barrier.wait());
                gate.count(wait.await.ok());
            }
        });
    }
    crew.join(&mut rng).await;
    company.abort_some(&mut rng, 1, 0);
    company.join(&mut rng).await;
    gate.settle(n - 1);
}

/// Wait groups, events, and what is done once, with waits and calls that are given up.
pub(crate) async fn meetings(mut rng: Rng) {
    let (wg, event, once) = (
        WaitGroup::new(),
        Arc::new(Event::new()),
        Arc::new(Once::new()),
    );
    let cell: Arc<OnceCell<u64>> = Arc::default();
    let (ran, initialised) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut crew = Crew::default();
    let guards: Vec<_> = (0..=rng.below(4)).map(|_| wg.guard()).collect();
    for _ in 0..3 + rng.below(8) {
        let (wg, event, once, cell) = (wg.clone(), event.clone(), once.clone(), cell.clone());
        let (ran, initialised) = (ran.clone(), initialised.clone());
        let mut own = fork(&mut rng);
        crew.go(&mut rng, async move {
            for _ in 0..4 {
                tried();
                let init = async {
                    yield_now().await;
                    initialised.fetch_add(1, SeqCst) as u64
                };
                perhaps(&mut own, cell.get_or_init(|| init)).await;
                let call = once.call_async(|| async {
                    yield_now().await;
                    ran.fetch_add(1, SeqCst);
                });
                perhaps(&mut own, call).await;
                perhaps(&mut own, wg.wait()).await;
                perhaps(&mut own, event.wait()).await;
            }
            wg.wait().await;
            event.wait().await;
            once.call_async(|| async { _ = ran.fetch_add(1, SeqCst) })
                .await;
            if one_in(&mut own, 8) {
                planned_panic();
            }
        });
    }
    for guard in guards {
        drop(go(async move { drop(guard) }));
        linger(&mut rng).await;
    }
    if one_in(&mut rng, 2) {
        crew.abort_some(&mut rng, 4, 0);
    }
    assert!(event.set());
    crew.join(&mut rng).await;
    // All of the crew may have been aborted before the guards were gone.
    wg.wait().await;
    assert!(ran.load(SeqCst) <= 1 && initialised.load(SeqCst) <= 1);
    assert_eq!(once.is_done(), ran.load(SeqCst) == 1);
    assert_eq!(cell.get().is_some(), initialised.load(SeqCst) == 1);
}
