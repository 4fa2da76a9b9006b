//! One runtime: what its workers, its handles and its goroutines share.

use super::descriptors::Descriptors;
use super::here;
use super::idle::{Idle, Notified};
use super::inject::Injector;
use super::live::{LiveList, SHARDS};
use super::monitor::Monitor;
use super::samples::Samples;
use super::seats::Seats;
use super::slot::Slots;
use super::stepped::Stepping;
use super::worker;
use crate::inspect::{self, names::Names};
use crate::runtime::guard::ThreadGuard;
use crate::runtime::panics::Panics;
use crate::runtime::{OnDeadlock, OnPanic};
use crate::task::{Birth, JoinHandle, TaskRef, allocate, cancel};
use crate::time::wheel::{self, Expired, NOBODY, Wheel};
use gaggle_base::blocked;
use gaggle_base::driver::Driver;
use gaggle_base::rng::Sequence;
use gaggle_base::site::Site;
use gaggle_base::steps;
use gaggle_base::sync::Ordering;
use gaggle_base::wait::Who;
use std::any::Any;
use std::io;
use std::ptr::NonNull;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle as ThreadHandle;

/// How a runtime is to be.
pub(crate) struct Config {
    pub(crate) workers: usize,
    pub(crate) name: String,
    pub(crate) on_panic: OnPanic,
    pub(crate) on_deadlock: OnDeadlock,
    /// Goroutines that are stuck in one poll are named on stderr.
    pub(crate) report_stuck: bool,
    /// A thread that is not expected to wake goroutines, if the runtime is judged by itself.
    pub(crate) bystander: Option<i32>,
    /// What each thread holds while it polls goroutines.
    pub(crate) thread_guard: Option<ThreadGuard>,
    /// How many threads it may have, workers and those that stand in for blocked ones.
    pub(crate) max_threads: usize,
    /// There are no workers: somebody drives it, a step at a time.
    pub(crate) stepping: Option<Stepping>,
    /// Where time, randomness and threads come from.
    pub(crate) driver: Arc<dyn Driver>,
}

pub(crate) struct Shared {
    pub(crate) config: Config,
    /// Which runtime of the process it is.
    pub(crate) number: u8,
    pub(crate) names: Names,
    /// `main` has called `goexit`.
    pub(crate) main_left: AtomicBool,
    /// That all its goroutines sleep was reported once.
    pub(crate) deadlock_reported: AtomicBool,
    pub(crate) injector: Injector,
    pub(crate) live: LiveList,
    pub(crate) idle: Idle,
    pub(crate) slots: Slots,
    pub(crate) descriptors: Descriptors,
    pub(crate) seats: Seats,
    /// The lack of threads was reported once.
    pub(super) seats_reported: AtomicBool,
    pub(super) monitor: Monitor,
    /// One for each seat.
    pub(crate) wheels: Vec<&'static Wheel>,
    pub(super) ids: Sequence,
    pub(crate) closing: AtomicBool,
    /// Work is gathered on one worker (see `balance.rs`). Written by the monitor.
    pub(super) gather: AtomicBool,
    /// A worker that blocks has had something queued for a tick of the monitor, which sets this: those that are never idle are to look for it too. A hint: who finds nothing clears it.
    pub(super) stranded: AtomicBool,
    pub(crate) panics: Panics,
    pub(super) samples: Samples,
    pub(super) threads: Mutex<Vec<ThreadHandle<()>>>,
}

impl Shared {
    /// A runtime without threads: nothing runs until somebody drives it.
    pub(crate) fn new(config: Config) -> Arc<Self> {
        crate::task::declare();
        let descriptors = Descriptors::default();
        Arc::new(Self {
            number: inspect::next_number(),
            names: Names::default(),
            main_left: AtomicBool::new(false),
            deadlock_reported: AtomicBool::new(false),
            injector: Injector::new(),
            // Whoever is driven step by step has nobody to share with.
            live: LiveList::new(if config.stepping.is_some() { 1 } else { SHARDS }),
            idle: Idle::new(),
            slots: Slots::new(config.max_threads, descriptors.clone()),
            descriptors,
            seats: Seats::new(),
            seats_reported: AtomicBool::new(false),
            monitor: Monitor::new(),
            wheels: wheel::obtain(config.workers),
            ids: Sequence::starting_at(1),
            closing: AtomicBool::new(false),
            gather: AtomicBool::new(false),
            stranded: AtomicBool::new(false),
            panics: Panics::new(config.on_panic),
            samples: Samples::new(),
            threads: Mutex::new(Vec::new()),
            config,
        })
    }

    /// A runtime with its workers and their monitor.
    pub(crate) fn start(config: Config) -> io::Result<Arc<Self>> {
        let shared = Self::new(config);
        let workers = shared.config.workers;
        let mut started = (0..workers).try_for_each(|seat| {
            shared.start_worker(seat).map_err(|error| {
                let number = seat + 1;
                let text = format!("thread {number} of {workers} for the workers of a runtime could not be started: {error}");
                io::Error::new(error.kind(), text)
            })
        });
        if started.is_ok() {
            started = Monitor::start(&shared);
        }
        match started {
            Ok(()) => {
                inspect::register(&shared);
                Ok(shared)
            }
            Err(error) => {
                shared.give_up();
                Err(error)
            }
        }
    }

    /// Everything begins anew, after a shutdown: for a runtime that is stepped.
    pub(super) fn renew(&self) {
        self.ids.restart(1);
        self.names.clear();
        self.main_left.store(false, Ordering::Relaxed);
        self.live.open();
        self.closing.store(false, Ordering::SeqCst);
        while self.panics.take().is_some() {}
    }

    /// Stops what a failed start has begun, and waits for its end: nothing runs yet.
    fn give_up(&self) {
        self.closing.store(true, Ordering::SeqCst);
        self.wake_all_threads();
        let threads = std::mem::take(
            &mut *self
                .threads
                .lock()
                .unwrap_or_else(std::sync::PoisonError::into_inner),
        );
        for thread in threads {
            // A worker's thread does not panic.
            let _ = thread.join();
        }
    }

    /// From now on a thread that goes to sleep inside gaggle wakes the monitors, once.
    pub(crate) fn monitor_wants_sleepers() {
        blocked::want_sleepers(inspect::wake_monitors);
    }

    /// Wakes the monitor if it sleeps.
    pub(crate) fn wake_monitor(&self) {
        self.monitor.ensure_awake();
    }

    pub(super) fn keep_thread(&self, thread: ThreadHandle<()>) {
        let mut threads = self
            .threads
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        threads.retain(|t| !t.is_finished());
        threads.push(thread);
    }

    pub(super) fn wake_all_threads(&self) {
        self.slots.all().for_each(|slot| slot.parker.unpark());
        self.monitor.wake();
    }

    /// What the calling thread is to hold while it polls for this runtime.
    pub(crate) fn thread_guard(&self) -> Option<Box<dyn Any>> {
        self.config.thread_guard.as_ref()?.make()
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    /// Work was queued: wakes a worker if that is needed.
    #[inline]
    pub(crate) fn notify(self: &Arc<Self>) {
        if self.gather.load(Ordering::Relaxed) && !self.idle.counts().all_sleep(self.config.workers)
        {
            // Somebody is awake, and does it, or looks at all queues before it sleeps.
            return;
        }
        self.notify_always();
    }

    /// Work was queued where no awake worker looks by itself: with a worker that has no seat.
    #[inline]
    pub(super) fn notify_always(self: &Arc<Self>) {
        match self.idle.notify() {
            Notified::Nobody => {}
            Notified::Worker(number) => self.slots.get(number).parker.unpark(),
            Notified::Vacancy => self.fill_vacancy(),
        }
    }

    /// Is there work that a searching worker could find?
    pub(crate) fn has_work(&self) -> bool {
        self.injector.len() > 0 || self.slots.all().any(super::slot::Slot::has_loot)
    }

    /// Is there work that this worker, which is awake or about to sleep, should do now?
    pub(super) fn has_work_for_me(&self) -> bool {
        if self.leaves_work_to_others() {
            return self
                .slots
                .all()
                .any(|slot| !slot.has_seat() && slot.has_loot());
        }
        self.has_work()
    }

    /// Work is gathered, and another worker than the one that asks is awake to do it.
    pub(super) fn leaves_work_to_others(&self) -> bool {
        self.gather.load(Ordering::Relaxed)
            && !self.idle.counts().all_sleep_but_one(self.config.workers)
    }

    /// Starts a goroutine.
    #[inline]
    pub(crate) fn go<F>(self: &Arc<Self>, future: F, site: Site) -> JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let task = allocate(future, self.birth(site));
        // SAFETY: it was just born with a handle reference, and its output is an `F::Output`.
        let handle = unsafe { JoinHandle::new(task) };
        // SAFETY: it was just born, so it is in no list, and we are the one who may queue it.
        unsafe {
            if self.live.insert(task) {
                self.queue_new(task);
            } else {
                self.refuse(task);
            }
        }
        handle
    }

    /// A number for a goroutine that no worker starts, and the shard for it.
    #[cold]
    fn identity(&self, site: Site) -> (u64, u16) {
        let id = self.ids.take(1);
        if self.config.stepping.is_some() {
            steps::with(|steps| steps.started(id, site));
        }
        (id, 0)
    }

    /// What a new goroutine is born with.
    #[inline]
    pub(super) fn birth(self: &Arc<Self>, site: Site) -> Birth {
        let (id, shard) = here::identity(self).unwrap_or_else(|| self.identity(site));
        let parent = gaggle_base::context::current();
        // A number means something in its own runtime only.
        let parent = if parent.runtime() == self.number {
            parent.id()
        } else {
            0
        };
        self.names.inherit(parent, id);
        Birth {
            // SAFETY: an `Arc`'s pointer is not null. From the `Arc` itself, because `sched::schedule` makes an `Arc` of it again.
            shared: unsafe { NonNull::new_unchecked(Arc::as_ptr(self).cast_mut()) },
            who: Who::new(self.number, id),
            shard: (shard % SHARDS as u16) as u8,
            parent,
            site,
        }
    }

    /// # Safety
    /// The caller may queue `task`.
    #[inline]
    unsafe fn queue_new(self: &Arc<Self>, task: TaskRef) {
        if !here::queue_here(task, NonNull::from(&**self)) {
            if self.config.stepping.is_some() {
                self.injector.push(task);
                return;
            }
            // SAFETY: the caller's promise: it is alive, and nobody can take it before the push.
            self.time_from_outside(unsafe { task.header() });
            self.injector.push(task);
            self.notify();
        }
    }

    /// The runtime has been shut down: the goroutine ends before its first step.
    ///
    /// # Safety
    /// `task` was just born and is in no list.
    #[cold]
    pub(super) unsafe fn refuse(&self, task: TaskRef) {
        // SAFETY: the caller's promise; an unlinked goroutine is one whose neighbours are null, but the shard counts: insert it for the moment of its end.
        unsafe {
            self.live.insert_closed(task);
            cancel(task, self);
        }
    }

    /// Lets `link` put a timer into some wheel, from a thread that has none, and has the wheel's keeper look at it.
    pub(crate) fn with_any_wheel(self: &Arc<Self>, link: impl FnOnce(&'static Wheel) -> bool) {
        let kept = |w: &&Wheel| w.keeper.load(Ordering::Acquire) != NOBODY;
        let seat = self.wheels.iter().position(kept).unwrap_or(0);
        let wheel = self.wheels[seat];
        if !link(wheel) && !self.is_closing() {
            return;
        }
        self.look_after(seat);
    }

    /// An early timer was put into the wheel of `seat` by somebody who does not look after it.
    pub(super) fn look_after(self: &Arc<Self>, seat: usize) {
        if self.is_closing() {
            self.orphan_timers();
            return;
        }
        if self.config.stepping.is_some() {
            // Whoever drives it looks.
            return;
        }
        // The keeper may have changed meanwhile. Whoever sits down names itself first and looks at the wheel then; we did it the other way round.
        match self.wheels[seat].keeper.load(Ordering::SeqCst) {
            NOBODY => self.fill_seat(seat),
            keeper => self.slots.get(keeper).parker.unpark(),
        }
    }

    /// Nobody looks after the wheels any more: whoever waits is told to wait elsewhere.
    pub(super) fn orphan_timers(&self) {
        let mut orphans = Expired::new();
        for wheel in &self.wheels {
            if self.config.stepping.is_some() {
                // Its time has ended: what is due later never is (semantics.md ST-09).
                wheel.forget_all(&mut orphans);
            } else {
                wheel.orphan_all(&mut orphans);
            }
        }
        orphans
            .into_iter()
            .for_each(|(_, waker)| worker::wake(waker));
    }

    /// How many goroutines are in run queues.
    pub(crate) fn queued(&self) -> usize {
        self.injector.len()
            + self
                .slots
                .all()
                .map(super::slot::Slot::queued)
                .sum::<usize>()
    }

    /// Does anybody wait for a time?
    pub(crate) fn has_timers(&self) -> bool {
        self.wheels.iter().any(|wheel| wheel.len() > 0)
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.orphan_timers();
        for wheel in &self.wheels {
            wheel.keeper.store(NOBODY, Ordering::SeqCst);
        }
        wheel::give_back(&self.wheels);
    }
}

#[cfg(all(test, not(loom)))]
#[path = "shared_tests.rs"]
mod tests;
