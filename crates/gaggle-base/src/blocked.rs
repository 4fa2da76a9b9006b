//! Which threads sleep inside gaggle: in `block_on`, in a `*_blocking` call, in a poll of a goroutine or outside.
//!
//! A thread that sleeps here without a permit is woken by gaggle's own objects and by nothing else.
//! So these are the threads that a dump shows beside the goroutines, and that the search for deadlocks need not wait for.
//!
//! One ordinary lock protects the list; a thread takes it on its way into a sleep and out of it, which costs more than the lock.

use crate::park::Parker;
use crate::wait::{Waiting, Who};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A thread that sleeps.
#[derive(Clone, Debug)]
pub struct Sleeper {
    /// The system's number for the thread.
    pub thread: i32,
    /// What the thread is called.
    pub name: Arc<str>,
    /// The goroutine that it polls; nobody for a plain thread.
    pub who: Who,
    /// What it waits for.
    pub waiting: Waiting,
}

struct Entry {
    sleeper: Sleeper,
    /// Borrowed by `sleep_on`, which takes the entry out before the borrow ends.
    parker: NonNull<Parker>,
    number: u64,
}

// SAFETY: a `Parker` may be looked at from any thread, and while the entry is in the list, whose lock is held for the look, it exists.
unsafe impl Send for Entry {}

struct List {
    entries: Vec<Entry>,
    /// How often a thread came or went.
    changes: u64,
}

static LIST: Mutex<List> = Mutex::new(List {
    entries: Vec::new(),
    changes: 0,
});

fn list() -> MutexGuard<'static, List> {
    LIST.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What to call when a thread has been listed; called once for each time it is asked for.
static WANTED: Mutex<Option<fn()>> = Mutex::new(None);
static IS_WANTED: AtomicBool = AtomicBool::new(false);

/// Asks to be told of the next thread that goes to sleep here.
///
/// Whoever then looks at [`sleepers`] sees a thread, or is told of it: a thread is listed before it looks whether it is wanted.
pub fn want_sleepers(tell: fn()) {
    *WANTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(tell);
    IS_WANTED.store(true, Ordering::SeqCst);
}

/// Lets the calling thread sleep on `parker`, its own, until there is a permit; it is listed meanwhile.
pub fn sleep_on(parker: &Parker, who: Who, waiting: Waiting) {
    /// Takes the thread from the list, in whatever way its sleep ends.
    struct Listed(u64);
    impl Drop for Listed {
        fn drop(&mut self) {
            let mut list = list();
            list.changes += 1;
            if let Some(at) = list.entries.iter().position(|e| e.number == self.0) {
                list.entries.swap_remove(at);
            }
        }
    }
    let (thread, name) = this_thread();
    let mut list = list();
    list.changes += 1;
    let listed = Listed(list.changes);
    list.entries.push(Entry {
        sleeper: Sleeper {
            thread,
            name,
            who,
            waiting,
        },
        parker: NonNull::from(parker),
        number: listed.0,
    });
    drop(list);
    if IS_WANTED.load(Ordering::SeqCst) && IS_WANTED.swap(false, Ordering::SeqCst) {
        let tell = *WANTED.lock().unwrap_or_else(PoisonError::into_inner);
        tell.into_iter().for_each(|tell| tell());
    }
    parker.park();
    drop(listed);
}

/// All threads that sleep at this moment, and how often the list has changed so far.
/// One that has a permit is on its way out, and `None` stands for it in the first place.
#[must_use]
pub fn sleepers() -> (Vec<(Sleeper, Asleep)>, u64) {
    let list = list();
    let all = list.entries.iter().map(|e| {
        // SAFETY: the entry is in the list and the lock is held, so `sleep_on` still borrows the parker.
        let asleep = if unsafe { e.parker.as_ref() }.has_permit() {
            Asleep::Woken
        } else {
            Asleep::Sound
        };
        (e.sleeper.clone(), asleep)
    });
    (all.collect(), list.changes)
}

/// How deep a thread sleeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asleep {
    /// Nobody has woken it.
    Sound,
    /// It has been woken and is on its way.
    Woken,
}

/// The number and the name of the calling thread.
fn this_thread() -> (i32, Arc<str>) {
    thread_local! {
        static THIS: (i32, Arc<str>) = (
            thread_number(),
            Arc::from(std::thread::current().name().unwrap_or("a thread without a name")),
        );
    }
    THIS.try_with(Clone::clone)
        .unwrap_or_else(|_| (thread_number(), Arc::from("a thread that ends")))
}

/// The system's number for the calling thread; 0 where there is none.
#[must_use]
pub fn thread_number() -> i32 {
    #[cfg(target_os = "linux")]
    return rustix::thread::gettid().as_raw_nonzero().get();
    #[cfg(not(target_os = "linux"))]
    0
}

/// The numbers of all threads of this process; `None` where the system does not say.
#[must_use]
pub fn threads_of_process() -> Option<Vec<i32>> {
    let entries = std::fs::read_dir("/proc/self/task").ok()?;
    entries
        .map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}

/// Threads of gaggle's own that wake nobody of their own accord: monitors, the one that waits for signals.
static STRANGERS: AtomicBool = AtomicBool::new(false);

/// From now on threads that gaggle did not start, of another runtime, are there to wake goroutines: that everybody waits for one of them is no reason for a note.
pub fn expect_strangers() {
    STRANGERS.store(true, Ordering::Relaxed);
}

/// See [`expect_strangers`].
#[must_use]
pub fn strangers_are_expected() -> bool {
    STRANGERS.load(Ordering::Relaxed)
}

static SERVANTS: Mutex<Vec<i32>> = Mutex::new(Vec::new());

/// The calling thread is such a one until this is dropped.
#[derive(Debug)]
#[must_use = "the thread is an ordinary one again at once"]
pub struct Servant(i32);

impl Servant {
    /// Declares the calling thread to be one.
    pub fn new() -> Self {
        let number = thread_number();
        servants().push(number);
        Self(number)
    }
}

impl Default for Servant {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Servant {
    fn drop(&mut self) {
        servants().retain(|n| *n != self.0);
    }
}

fn servants() -> MutexGuard<'static, Vec<i32>> {
    SERVANTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The numbers of all [`Servant`]s.
#[must_use]
pub fn servant_threads() -> Vec<i32> {
    servants().clone()
}
