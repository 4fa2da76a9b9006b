//! What follows when goroutines can never go on: a report, a panic, the end of the process (semantics.md DL-01, T33).
//!
//! A runtime's monitor asks here: once a tick for circles of locks, and when all workers have slept for a while for the end of everything.
//! A [`Watch`] is that monitor's own memory; nothing here is shared but what it looks at.

use super::asleep::{Outlook, outlook};
use super::text::goroutines;
use super::{collect, cycles, runtimes};
use crate::runtime::OnDeadlock;
use crate::sched::Shared;
use gaggle_base::blocked;
use gaggle_base::clock::{Nanos, system_now};
use gaggle_base::listing;
use gaggle_base::wait::Who;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// After an unclear answer the next look comes after this, then after twice that, and so on.
const FIRST_PAUSE: Nanos = 100_000_000;
/// At most this.
const LONGEST_PAUSE: Nanos = 5_000_000_000;
/// After so many unclear answers (16 s in all) there is a note, and no further look until something happens.
const LOOKS: u32 = 8;
/// How often a circle of locks that is not certain is looked at again before it is worth a note.
const SUSPICIONS: u32 = 50;

/// What one monitor remembers.
#[derive(Default)]
pub(crate) struct Watch {
    /// How many unclear answers there were in a row.
    unclear: u32,
    noted: bool,
    /// The count of waits for locks at which there was no circle.
    lock_waits: u64,
    suspicions: u32,
    /// Not before this time: a look at many waits is not to cost more than a fiftieth of the time.
    next_look: Nanos,
    /// Circles that were reported.
    reported: Vec<Vec<Who>>,
}

impl Watch {
    /// Once a tick: have goroutines locked each other out?
    pub(crate) fn tick(&mut self, shared: &Arc<Shared>) {
        let waits = listing::lock_waits();
        let begin = system_now();
        if waits == self.lock_waits || begin < self.next_look {
            return;
        }
        let all = runtimes::all();
        let (certain, others) = cycles::find(&all);
        let end = system_now();
        self.next_look = end + 50 * end.saturating_sub(begin);
        let ours = |circle: &Vec<Who>| circle.iter().any(|who| who.runtime() == shared.number);
        let new: Vec<_> = certain
            .into_iter()
            .filter(|circle| ours(circle) && !self.reported.contains(circle))
            .collect();
        if !new.is_empty() {
            report_cycles(shared, &new);
            self.reported.extend(new);
        }
        // Those in a circle may be about to park, or their guards may have gone elsewhere.
        let open: Vec<_> = others.into_iter().filter(ours).collect();
        if open.is_empty() || self.suspicions >= SUSPICIONS {
            self.lock_waits = waits;
            self.suspicions = 0;
            let new: Vec<_> = open
                .into_iter()
                .filter(|circle| !self.reported.contains(circle))
                .collect();
            if !new.is_empty() {
                note_cycles(shared, &new);
                self.reported.extend(new);
            }
        } else {
            self.suspicions += 1;
        }
    }

    /// All workers of `shared` have slept for a while. Says after how long to look again, if so.
    pub(crate) fn all_asleep(&mut self, shared: &Arc<Shared>) -> Option<Nanos> {
        // From now on a thread that goes to sleep inside gaggle wakes the monitors: it may have been the last.
        Shared::monitor_wants_sleepers();
        let all = runtimes::all();
        match outlook(&all, shared.config.bystander) {
            Outlook::Over => {
                self.unclear = 0;
                all_over(&all);
                None
            }
            Outlook::Alive => self.ask_for_one(shared),
            Outlook::Unclear { threads } => self
                .ask_for_one(shared)
                .or_else(|| self.unclear(shared, threads)),
        }
    }

    /// The runtime is not idle any more.
    pub(crate) fn awake(&mut self) {
        self.unclear = 0;
    }

    /// A runtime that is to panic is judged by itself: other runtimes do not count.
    fn ask_for_one(&self, shared: &Arc<Shared>) -> Option<Nanos> {
        if shared.config.on_deadlock != OnDeadlock::Panic || !shared.panics.is_awaited() {
            return None;
        }
        match outlook(std::slice::from_ref(shared), shared.config.bystander) {
            Outlook::Over => {
                fail(shared);
                None
            }
            Outlook::Alive if shared.has_timers() => None,
            Outlook::Alive | Outlook::Unclear { .. } => Some(FIRST_PAUSE << self.unclear.min(3)),
        }
    }

    fn unclear(&mut self, shared: &Arc<Shared>, threads: usize) -> Option<Nanos> {
        let policy = shared.config.on_deadlock;
        if policy != OnDeadlock::Exit || self.noted || shared.live.count() == 0 {
            return None;
        }
        if blocked::strangers_are_expected() {
            // It is their work to wake goroutines, whenever that is.
            return None;
        }
        self.unclear += 1;
        if self.unclear < LOOKS {
            return Some((FIRST_PAUSE << self.unclear).min(LONGEST_PAUSE));
        }
        self.noted = true;
        let waiting = goroutines(shared.live.count());
        print(&format!(
            "gaggle: note: nothing runs and no timer is set; waiting: {waiting}. If none of the other threads of this process ({threads}) \
             wakes them, they wait for ever; SIGUSR1 prints what they wait for.\n"
        ));
        None
    }
}

/// Nothing can ever happen in this process again.
fn all_over(all: &[Arc<Shared>]) {
    let waiting: Vec<Arc<Shared>> = all
        .iter()
        .filter(|r| r.live.count() > 0 || r.panics.is_awaited())
        .cloned()
        .collect();
    let with = |policy| {
        waiting
            .iter()
            .filter(move |r| r.config.on_deadlock == policy)
    };
    if with(OnDeadlock::Exit).next().is_some() {
        print(&format!("fatal error: {}", asleep(&waiting)));
        std::process::exit(2);
    }
    with(OnDeadlock::Panic).for_each(fail);
    for runtime in with(OnDeadlock::Report) {
        if !runtime.deadlock_reported.swap(true, Ordering::Relaxed) {
            let text = asleep(std::slice::from_ref(runtime));
            print(&format!("gaggle: {text}"));
        }
    }
}

/// Raises a panic out of the `block_on`s of a runtime.
fn fail(shared: &Arc<Shared>) {
    shared
        .panics
        .put_deadlock(asleep(std::slice::from_ref(shared)));
}

fn asleep(runtimes: &[Arc<Shared>]) -> String {
    let main_left = runtimes.iter().any(|r| r.main_left.load(Ordering::Relaxed));
    if main_left && runtimes.iter().all(|r| r.live.count() == 0) {
        return "no goroutines (main called goexit) - deadlock!\n".to_owned();
    }
    let dump = collect::look_at(runtimes);
    format!("all goroutines are asleep - deadlock!\n\n{dump}")
}

fn report_cycles(shared: &Arc<Shared>, circles: &[Vec<Who>]) {
    let text = format!(
        "goroutines wait for each other's locks - deadlock!\n\n{}",
        in_circles(shared, circles)
    );
    match shared.config.on_deadlock {
        OnDeadlock::Ignore => {}
        OnDeadlock::Report => print(&format!("gaggle: {text}")),
        OnDeadlock::Panic => shared.panics.put_deadlock(text),
        OnDeadlock::Exit => {
            print(&format!("fatal error: {text}"));
            std::process::exit(2);
        }
    }
}

/// It looks as if, for a long time, but a guard may be elsewhere.
fn note_cycles(shared: &Arc<Shared>, circles: &[Vec<Who>]) {
    if shared.config.on_deadlock != OnDeadlock::Ignore {
        print(&format!(
            "gaggle: note: goroutines wait for each other's locks, unless one of the guards was handed to somebody else:\n\n{}",
            in_circles(shared, circles)
        ));
    }
}

/// How many circles are shown.
const SHOWN: usize = 8;

/// What those in the circles wait for.
fn in_circles(shared: &Arc<Shared>, circles: &[Vec<Who>]) -> String {
    let dump = collect::look_at(std::slice::from_ref(shared));
    let mut text = String::new();
    for circle in circles.iter().take(SHOWN) {
        let inside = |id: u64| circle.iter().any(|who| who.id() == id);
        for goroutine in dump.goroutines().filter(|g| inside(g.id)) {
            let _ = writeln!(text, "{goroutine}");
        }
        for who in circle {
            let _ = write!(text, "goroutine {} -> ", who.id());
        }
        let _ = writeln!(text, "goroutine {}: a lock cycle\n", circle[0].id());
    }
    if circles.len() > SHOWN {
        let _ = writeln!(text, "and {} more lock cycles", circles.len() - SHOWN);
    }
    text
}

/// One write, so that it does not mix with what others print.
fn print(text: &str) {
    // There is nobody to tell that stderr is gone.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// A thread that is not expected to wake goroutines: the first one of the process, if a runtime whose deadlocks count is built on another.
/// It waits for the one that builds the runtime, in a program that wants a larger stack, or for the tests that it has started.
pub(crate) fn bystander(on_deadlock: OnDeadlock) -> Option<i32> {
    if !matches!(on_deadlock, OnDeadlock::Exit | OnDeadlock::Panic) {
        return None;
    }
    let first = i32::try_from(std::process::id()).ok()?;
    (first != blocked::thread_number()).then_some(first)
}
