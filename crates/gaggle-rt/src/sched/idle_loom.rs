//! Models of going to sleep and being woken, with the real [`Idle`], `Ring`, `Parker` and `SpinLock`.
//!
//! A worker here does what `worker.rs`, `search.rs` and `seats.rs` do and no more: [`Runtime::work`] is `Worker::take`, which says that it found something wherever it found it; [`Runtime::sleep`], [`Runtime::wake_up`], [`Runtime::found`], [`Runtime::notify`] and [`Runtime::hand_over`] mirror the functions of those names.
//! A lost wake-up is a thread that sleeps for ever, which loom reports as a deadlock.

use super::super::ring::Ring;
use super::*;
use gaggle_base::park::Parker;
use gaggle_base::sync::{AtomicUsize, Fences, place_fences};
use loom::sync::Arc;
use loom::thread;
use std::ptr;

/// As many workers as the models need, each with a ring.
struct Runtime {
    idle: Idle,
    rings: Vec<Ring<()>>,
    parkers: Vec<Parker>,
    vacant: SpinLock<Vec<usize>>,
    /// How many seats were given to a thread.
    given: AtomicUsize,
}

/// Enough for every worker of a model to search.
const SEATS: usize = 8;

fn item(n: usize) -> *mut () {
    ptr::without_provenance_mut(n)
}

impl Runtime {
    fn new(rings: usize, workers: usize) -> Arc<Self> {
        Arc::new(Self {
            idle: Idle::new(),
            rings: (0..rings).map(|_| Ring::new()).collect(),
            parkers: (0..workers).map(|_| Parker::new()).collect(),
            vacant: SpinLock::new(Vec::new()),
            given: AtomicUsize::new(0),
        })
    }

    /// The owner of ring `ring` makes a goroutine ready.
    fn produce(&self, ring: usize, n: usize) {
        self.rings[ring].push(item(n)).unwrap();
        self.notify();
    }

    fn notify(&self) {
        match self.idle.notify() {
            Notified::Nobody => {}
            Notified::Worker(number) => self.parkers[number].unpark(),
            Notified::Vacancy => self.fill_vacancy(),
        }
    }

    fn has_work(&self) -> bool {
        self.rings.iter().any(|ring| ring.len() > 0)
    }

    fn steal(&self) -> Option<*mut ()> {
        self.rings.iter().find_map(Ring::steal_one)
    }

    /// Worker `number`: waits for one goroutine, and says which.
    fn work(&self, number: usize, mut searching: bool) -> usize {
        loop {
            // Never refused here: one that is refused goes round until the other has searched, and loom would follow it round and round.
            if !searching {
                searching = self.idle.start_searching(SEATS);
            }
            if let Some(found) = self.steal() {
                self.found(searching);
                return found.addr();
            }
            searching = self.sleep(number, searching);
            thread::yield_now();
        }
    }

    fn found(&self, searching: bool) {
        if searching && self.idle.stop_searching() && self.has_work() {
            self.notify();
        }
    }

    /// Says whether the worker counts as searching afterwards.
    fn sleep(&self, number: usize, searching: bool) -> bool {
        self.idle.park(number, searching);
        if self.has_work() {
            return self.wake_up(number, false);
        }
        self.parkers[number].park();
        self.wake_up(number, true)
    }

    fn wake_up(&self, number: usize, permit: bool) -> bool {
        if self.idle.unpark(number) {
            return false;
        }
        if !permit {
            self.parkers[number].park();
        }
        true
    }

    /// The worker on `seat` has left it.
    fn hand_over(&self, seat: usize) {
        if self.has_work() && self.idle.counts().parked() == 0 {
            self.given.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let mut vacant = self.vacant.lock();
        vacant.push(seat);
        self.idle.vacancy(true);
        drop(vacant);
        if self.has_work() {
            self.notify();
        }
    }

    fn fill_vacancy(&self) {
        let mut vacant = self.vacant.lock();
        if vacant.pop().is_none() {
            return;
        }
        self.idle.vacancy(false);
        drop(vacant);
        self.given.fetch_add(1, Ordering::Relaxed);
    }
}

/// Loom's limits, and at most `preemptions` switches against a thread's will, unless the environment says how many.
/// Twice, because loom knows sequential consistency of fences only: once with a fence after each write that asks for it, once with one before each read.
fn model(preemptions: usize, f: impl Fn() + Sync + Send + Copy + 'static) {
    for fences in [Fences::AfterWrites, Fences::BeforeReads] {
        place_fences(fences);
        let mut builder = loom::model::Builder::new();
        builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
        builder.check(f);
    }
    place_fences(Fences::AfterWrites);
}

/// A producer queues and notifies while the only worker looks, becomes a sleeper, looks again and sleeps.
/// It catches a wake-up that is lost because the producer does not yet see the sleeper and the sleeper does not yet see the goroutine: any of the four sequentially consistent operations weakened does that.
#[test]
fn loom_idle_one_producer_one_sleeper() {
    model(3, || {
        let runtime = Runtime::new(1, 1);
        let worker = runtime.clone();
        let t = thread::spawn(move || worker.work(0, false));
        runtime.produce(0, 7);
        assert_eq!(t.join().unwrap(), 7);
        assert_eq!(
            runtime.idle.word.load(Ordering::SeqCst),
            0,
            "a count was left over"
        );
    });
}

/// One producer queues two goroutines; two workers take one each.
/// A notification is swallowed while somebody searches, so whoever finds something as the last to search must pass it on.
/// It catches a missing look at the queues after `stop_searching`: the second worker would sleep for ever.
#[test]
fn loom_idle_two_sleepers() {
    model(2, || {
        let runtime = Runtime::new(1, 2);
        let workers: Vec<_> = (0..2)
            .map(|number| {
                let runtime = runtime.clone();
                thread::spawn(move || runtime.work(number, false))
            })
            .collect();
        runtime.produce(0, 1);
        runtime.produce(0, 2);
        let sum: usize = workers.into_iter().map(|t| t.join().unwrap()).sum();
        assert_eq!(sum, 3);
        assert_eq!(
            runtime.idle.word.load(Ordering::SeqCst),
            0,
            "a count was left over"
        );
    });
}

/// Two producers with a ring each; one worker takes both goroutines, and sleeps in between.
/// It catches two notifications that each rely on the other, and a permit that belongs to the first sleep and is taken for the second.
#[test]
fn loom_idle_two_producers() {
    model(2, || {
        let runtime = Runtime::new(2, 1);
        let worker = runtime.clone();
        let t = thread::spawn(move || worker.work(0, false) + worker.work(0, false));
        let other = runtime.clone();
        let producer = thread::spawn(move || other.produce(1, 2));
        runtime.produce(0, 1);
        producer.join().unwrap();
        assert_eq!(t.join().unwrap(), 3);
        assert_eq!(
            runtime.idle.word.load(Ordering::SeqCst),
            0,
            "a count was left over"
        );
    });
}

/// A worker leaves its seat for a blocking call while a producer queues a goroutine.
/// It catches a seat that stays vacant although something waits: neither does the producer see the vacancy nor the leaver the goroutine. And a seat that is given twice.
#[test]
fn loom_idle_vacant_seat() {
    model(3, || {
        let runtime = Runtime::new(1, 1);
        let leaver = runtime.clone();
        let t = thread::spawn(move || leaver.hand_over(0));
        runtime.produce(0, 1);
        t.join().unwrap();
        assert_eq!(runtime.given.load(Ordering::Relaxed), 1);
        assert_eq!(
            runtime.idle.word.load(Ordering::SeqCst),
            0,
            "a count was left over"
        );
    });
}

/// A worker wakes up by a timer (here: at once) while a producer notifies it.
/// It catches a permit that outlives the sleep it was meant for, and a worker that was taken from the sleepers and does not know that it counts as searching.
#[test]
fn loom_idle_timer_against_notification() {
    model(3, || {
        let runtime = Runtime::new(1, 1);
        let worker = runtime.clone();
        let t = thread::spawn(move || {
            worker.idle.park(0, false);
            // The deadline has passed: awake without a permit.
            let searching = worker.wake_up(0, worker.parkers[0].try_park());
            worker.work(0, searching)
        });
        runtime.produce(0, 7);
        assert_eq!(t.join().unwrap(), 7);
        assert_eq!(
            runtime.idle.word.load(Ordering::SeqCst),
            0,
            "a count was left over"
        );
    });
}
