//! One run: what is ready, what is chosen, what is noted. It belongs to the thread that drives.

use super::Virtual;
use super::plan::{Choice, Event, Guide, Halt, Level, Plan, Ready, What};
use crate::inspect::{self, Dump};
use crate::sched::Shared;
use crate::time::wheel::Expired;
use gaggle_base::clock::{Clock, Nanos};
use gaggle_base::steps::Kind;
use gaggle_base::sync::Ordering;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::task::Waker;

/// After so many operations in one poll a goroutine gives way unasked, as in production: so nobody runs for ever because the dull choice is to go on.
pub(super) const MOST_OPS: u32 = gaggle_base::context::BUDGET;

/// A call that blocks the thread.
pub(super) struct Blocked {
    pub(super) goroutine: u64,
    /// Could it go on?
    pub(super) ready: Arc<dyn Fn() -> bool>,
}

pub(super) struct World<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) time: &'a Virtual,
    pub(super) plan: &'a Plan,
    guide: RefCell<&'a mut dyn Guide>,
    /// Oldest first.
    pub(super) ready: RefCell<VecDeque<Ready>>,
    /// Who was chosen when a goroutine gave way: an index of `ready`.
    pub(super) next: Cell<Option<usize>>,
    /// The goroutine that is polled; 0: none.
    pub(super) current: Cell<u64>,
    /// It has been asked about its next operation.
    pub(super) granted: Cell<bool>,
    /// It gave way before an operation, in this poll.
    pub(super) preempted: Cell<bool>,
    /// How many operations this poll has done.
    pub(super) ops: Cell<u32>,
    pub(super) steps: Cell<u64>,
    /// The step at which the clock moved last.
    pub(super) moved_at: Cell<u64>,
    /// Time has ended, with the root.
    pub(super) timeless: Cell<bool>,
    /// The goroutines are being dropped.
    pub(super) closed: Cell<bool>,
    /// Why the run is to stop.
    pub(super) halt: RefCell<Option<Halt>>,
    /// Whom to wake when nothing else can run.
    pub(super) settling: RefCell<Option<Waker>>,
    /// The calls on this thread's stack that block it, the outermost first.
    pub(super) blocked: RefCell<Vec<Blocked>>,
    /// Who was left when a call that blocks was given up.
    pub(super) left: RefCell<Option<Dump>>,
    /// What has expired, while it is sorted and woken; else empty.
    pub(super) expired: RefCell<Expired>,
    fingerprint: Cell<u64>,
    pub(super) events: RefCell<VecDeque<Event>>,
    pub(super) names: RefCell<BTreeMap<u64, String>>,
    pub(super) reached: RefCell<BTreeMap<&'static str, u64>>,
}

impl<'a> World<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        time: &'a Virtual,
        plan: &'a Plan,
        guide: &'a mut dyn Guide,
    ) -> Self {
        Self {
            shared,
            time,
            plan,
            guide: RefCell::new(guide),
            ready: RefCell::default(),
            next: Cell::new(None),
            current: Cell::new(0),
            granted: Cell::new(false),
            preempted: Cell::new(false),
            ops: Cell::new(0),
            steps: Cell::new(0),
            moved_at: Cell::new(0),
            timeless: Cell::new(false),
            closed: Cell::new(false),
            halt: RefCell::new(None),
            settling: RefCell::new(None),
            blocked: RefCell::default(),
            left: RefCell::new(None),
            expired: RefCell::default(),
            fingerprint: Cell::new(0),
            events: RefCell::default(),
            names: RefCell::default(),
            reached: RefCell::default(),
        }
    }

    pub(super) fn now(&self) -> Nanos {
        self.time.now()
    }

    /// From now on nobody is asked any more.
    pub(super) fn close(&self) {
        self.closed.set(true);
        let ready = std::mem::take(&mut *self.ready.borrow_mut());
        self.shared
            .injector
            .push_all(ready.into_iter().map(|ready| ready.task));
        let waker = self.settling.borrow_mut().take();
        drop(waker);
    }

    /// Takes in those that have become ready.
    pub(super) fn collect(&self) {
        if self.shared.injector.len() == 0 {
            return;
        }
        let mut ready = self.ready.borrow_mut();
        self.shared.injector.pop_some(usize::MAX, |task| {
            // SAFETY: it was just taken from the injector, so it is not done.
            let id = unsafe { task.header() }.id().as_u64();
            ready.push_back(Ready {
                task,
                id,
                preempted: false,
            });
        });
    }

    /// Asks the guide, if there is a choice.
    pub(super) fn ask(&self, kind: Kind, options: usize, probability: f64) -> usize {
        if options < 2 || self.closed.get() {
            return 0;
        }
        let ready = self.ready.borrow();
        let chosen = self.guide.borrow_mut().choose(&Choice {
            kind,
            options,
            current: self.current.get(),
            ready: &ready,
            probability,
        });
        assert!(chosen < options, "a guide chose {chosen} of {options}");
        self.mix((kind as u64) << 56 ^ (options as u64) << 28 ^ chosen as u64);
        chosen
    }

    pub(super) fn guide_random(&self) -> u64 {
        self.guide.borrow_mut().random()
    }

    pub(super) fn guide_yielded(&self, id: u64) {
        self.guide.borrow_mut().yielded(id);
    }

    /// Something that is to be the same when the run is repeated.
    pub(super) fn mix(&self, value: u64) {
        let mixed = (self.fingerprint.get() ^ value).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.fingerprint.set(mixed ^ (mixed >> 29));
    }

    pub(super) fn fingerprint(&self) -> u64 {
        self.fingerprint.get()
    }

    /// One step more. `true`: the run is to stop.
    pub(super) fn count_step(&self) -> bool {
        let steps = self.steps.get() + 1;
        self.steps.set(steps);
        // One run at a time writes it.
        let all = &self.plan.progress.steps;
        all.store(all.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        if steps - self.moved_at.get() > self.plan.max_steps_at_once {
            self.stop(Halt::StepsAtOnce);
        } else if steps > self.plan.max_steps {
            self.stop(Halt::Steps);
        } else {
            return false;
        }
        true
    }

    /// Looks at everybody, if nobody has yet.
    pub(super) fn look_at_who_is_left(&self) {
        if self.left.borrow().is_none() && self.shared.live.count() > 0 {
            let mut left = inspect::look_at_one(self.shared);
            let blocked = self.blocked.borrow();
            let blocks = |id: u64| blocked.iter().any(|call| call.goroutine == id);
            for g in left.runtimes.iter_mut().flat_map(|r| &mut r.goroutines) {
                if blocks(g.id) {
                    inspect::mark_blocked(self.shared, g);
                }
            }
            *self.left.borrow_mut() = Some(left);
        }
    }

    /// The run is to stop, for the first of several reasons.
    pub(super) fn stop(&self, why: Halt) {
        self.halt.borrow_mut().get_or_insert(why);
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.halt.borrow().is_some()
    }

    pub(super) fn switches_at_ops(&self) -> bool {
        self.plan.level >= Level::EveryOp
    }

    pub(super) fn note(&self, who: u64, what: What) {
        if self.plan.trace == 0 {
            return;
        }
        if !self.shared.names.is_empty()
            && let Some(name) = self.shared.names.get(who).name
        {
            // With each event: a goroutine's name goes when it ends, which may be in its first step.
            self.names.borrow_mut().insert(who, name.to_string());
        }
        let mut events = self.events.borrow_mut();
        if events.len() == self.plan.trace {
            events.pop_front();
        }
        events.push_back(Event {
            step: self.steps.get(),
            now: self.now(),
            who,
            what,
        });
    }
}
