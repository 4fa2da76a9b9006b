//! Things that can be asked about themselves from outside: the channels and the waits that dumps and the search for deadlocks look at.
//!
//! A wait record names an object by its address, which may be stale; so nobody follows it. What is to be asked is listed here instead:
//! a channel from its first wait or its naming until it is freed, a wait for a lock for as long as it lasts.
//!
//! The list is split into shards by address; a shard's lock protects the links of what is in it.
//!
//! * **Invariant O1**: a thing leaves the list before it is freed, moved or used exclusively. So whoever holds its shard's lock may ask it.
//! * **Order of locks**: a shard's lock comes before the locks of what is in it. So nothing enters or leaves the list under a lock of its own.
//!
//! This module must not know what the things are. In a model nothing is listed.

use crate::spin::SpinWord;
use crate::wait::Who;
use std::sync::Arc;

/// What a thing says about itself.
#[derive(Clone, Debug, Default)]
pub struct Description {
    /// What it is: `chan`, `sync.Mutex`.
    pub kind: &'static str,
    /// Its address, as wait records have it.
    pub address: u64,
    /// What the program calls it.
    pub name: Option<Arc<str>>,
    /// Figures, in the order in which they are shown. [`u64::MAX`] stands for "no limit".
    pub figures: Vec<(&'static str, u64)>,
    /// Who has it, for a lock that one goroutine holds alone.
    pub holder: Option<Who>,
}

/// What holds up a wait for a lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Who has the lock.
    pub holder: Who,
    /// The lock's address.
    pub lock: u64,
    /// The guard is of a kind that is made to be handed on, so who took the lock need not be who has it.
    pub may_wander: bool,
}

/// A thing in the list.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    /// The goroutine that listed it: for a wait, who waits.
    pub who: Who,
    /// The thing itself.
    pub thing: &'a dyn Thing,
}

/// A thing that can be listed.
pub trait Thing {
    /// What it is.
    fn describe(&self) -> Description;

    /// For a wait: who holds it up. `None` when it is over, or when nobody can be named.
    fn blocked(&self) -> Option<Blocked> {
        None
    }

    /// For a wait: the lock under which it would end. While it is held, what `blocked` has said stays true.
    fn word(&self) -> Option<SpinWord<'_>> {
        None
    }
}

#[cfg(not(loom))]
pub use real::{Listing, for_each, lock_waits, with_all};

#[cfg(not(loom))]
mod real {
    use super::{Entry, Thing};
    use crate::context;
    use crate::spin::{SpinGuard, SpinLock};
    use crate::sync::Cell;
    use crate::wait::Who;
    use std::marker::PhantomPinned;
    use std::mem::MaybeUninit;
    use std::ptr::{self, NonNull};
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    const SHARDS: usize = 16;

    #[repr(align(128))]
    struct Shard(SpinLock<Head>);

    struct Head(*const Listing);

    // SAFETY: the pointers are followed under the shard's lock only (O1).
    unsafe impl Send for Head {}

    /// How many waits for locks have been listed.
    static LOCK_WAITS: AtomicU64 = AtomicU64::new(0);

    /// How many waits for locks have been listed so far: while it stays the same, no circle of them can have formed.
    pub fn lock_waits() -> u64 {
        LOCK_WAITS.load(Ordering::Acquire)
    }

    static LISTED: [Shard; SHARDS] = [const { Shard(SpinLock::new(Head(ptr::null()))) }; SHARDS];

    struct Links {
        prev: *const Listing,
        next: *const Listing,
        thing: NonNull<dyn Thing>,
        who: Who,
    }

    /// The place of one thing in the list: a field of the thing.
    pub struct Listing {
        /// Initialised while it is listed.
        links: Cell<MaybeUninit<Links>>,
        /// Changed by the owner, under the shard's lock.
        listed: AtomicBool,
        _pinned: PhantomPinned,
    }

    // SAFETY: the links are touched under the shard's lock.
    unsafe impl Send for Listing {}
    // SAFETY: as above.
    unsafe impl Sync for Listing {}

    impl Default for Listing {
        fn default() -> Self {
            Self::new()
        }
    }

    impl Listing {
        /// Not listed.
        #[inline(always)]
        #[must_use]
        pub const fn new() -> Self {
            Self {
                links: Cell::new(MaybeUninit::uninit()),
                listed: AtomicBool::new(false),
                _pinned: PhantomPinned,
            }
        }

        /// Is it listed?
        #[inline(always)]
        pub fn is_listed(&self) -> bool {
            self.listed.load(Ordering::Relaxed)
        }

        fn shard(&self) -> SpinGuard<'static, Head> {
            // The low bits of addresses are alike.
            let hash = (ptr::from_ref(self).addr() >> 6).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            LISTED[hash >> (usize::BITS - 4)].0.lock()
        }

        /// Lists `thing`, of which this is a field. Nothing happens if it is listed already.
        ///
        /// # Safety
        /// `thing` stays where it is until `leave` was called, which happens before it is freed, moved or used exclusively (O1).
        /// `describe` and the others may be called from any thread. The caller holds no lock that they take.
        #[cold]
        pub unsafe fn enter<'a>(&'a self, thing: &'a dyn Thing) {
            let is_lock = thing.word().is_some();
            // SAFETY: only the lifetime changes; by the caller's promise it lasts until `leave`.
            let thing = unsafe {
                std::mem::transmute::<NonNull<dyn Thing + 'a>, NonNull<dyn Thing + 'static>>(
                    NonNull::from(thing),
                )
            };
            let mut head = self.shard();
            if self.listed.load(Ordering::Relaxed) {
                return;
            }
            let this = ptr::from_ref(self);
            // SAFETY: we are not listed, so the links are ours; the first in the list is alive (O1) and the lock protects its links.
            unsafe {
                self.links.with_mut(|l| {
                    (*l).write(Links {
                        prev: ptr::null(),
                        next: head.0,
                        thing,
                        who: context::current(),
                    });
                });
                if let Some(first) = head.0.as_ref() {
                    first.links.with_mut(|l| (*l).assume_init_mut().prev = this);
                }
            }
            head.0 = this;
            if is_lock {
                LOCK_WAITS.fetch_add(1, Ordering::Release);
            }
            self.listed.store(true, Ordering::Relaxed);
        }

        /// Takes the thing out, if it is listed.
        #[inline(always)]
        pub fn leave(&self) {
            if self.is_listed() {
                self.leave_slow();
            }
        }

        #[cold]
        fn leave_slow(&self) {
            let mut head = self.shard();
            if !self.listed.load(Ordering::Relaxed) {
                return;
            }
            // SAFETY: we are listed and the lock is held: our links and those of our neighbours, who are alive (O1), are ours.
            unsafe {
                let (prev, next) = self.links.with(|l| {
                    let links = (*l).assume_init_ref();
                    (links.prev, links.next)
                });
                match prev.as_ref() {
                    Some(prev) => prev.links.with_mut(|l| (*l).assume_init_mut().next = next),
                    None => head.0 = next,
                }
                if let Some(next) = next.as_ref() {
                    next.links.with_mut(|l| (*l).assume_init_mut().prev = prev);
                }
            }
            self.listed.store(false, Ordering::Relaxed);
        }
    }

    /// Calls `f` with what is in one shard.
    ///
    /// # Safety
    /// The lock of the shard stays held for `'a`, so what is in it is alive for as long (O1).
    unsafe fn walk<'a>(head: &Head, f: &mut dyn FnMut(Entry<'a>)) {
        let mut at = head.0;
        // SAFETY: the caller's promise.
        while let Some(listing) = unsafe { at.as_ref() } {
            // SAFETY: the caller's promise; it is listed, so the links are initialised.
            unsafe {
                listing.links.with(|l| {
                    let links = (*l).assume_init_ref();
                    at = links.next;
                    f(Entry {
                        who: links.who,
                        thing: links.thing.as_ref(),
                    });
                });
            }
        }
    }

    /// Calls `f` with everything that is listed, one shard after the other. `f` must be short, and list and wait for nothing.
    pub fn for_each(mut f: impl FnMut(Entry<'_>)) {
        for shard in &LISTED {
            let head = shard.0.lock();
            // SAFETY: the lock is held, and `f` keeps nothing.
            unsafe { walk(&head, &mut f) };
        }
    }

    /// Calls `f` with all that is listed at one instant: nothing enters or leaves meanwhile. `f` must be short, and list and wait for nothing.
    pub fn with_all<R>(f: impl FnOnce(&[Entry<'_>]) -> R) -> R {
        // In the order of the array; nobody else holds two of them.
        let heads: Vec<_> = LISTED.iter().map(|shard| shard.0.lock()).collect();
        let mut entries = Vec::new();
        for head in &heads {
            // SAFETY: all locks are held until `f` has returned.
            unsafe { walk(head, &mut |entry| entries.push(entry)) };
        }
        f(&entries)
    }
}

#[cfg(loom)]
pub use model::{Listing, for_each, lock_waits, with_all};

#[cfg(loom)]
mod model {
    use super::{Entry, Thing};

    /// Nothing is listed.
    pub fn for_each(_: impl FnMut(Entry<'_>)) {}

    /// Nothing is listed.
    pub fn with_all<R>(f: impl FnOnce(&[Entry<'_>]) -> R) -> R {
        f(&[])
    }

    /// Nothing is listed.
    pub fn lock_waits() -> u64 {
        0
    }

    /// In a model nothing is listed.
    #[derive(Default)]
    pub struct Listing;

    impl Listing {
        /// Not listed.
        pub const fn new() -> Self {
            Self
        }
        /// So that nobody lists it.
        pub fn is_listed(&self) -> bool {
            true
        }
        /// # Safety
        /// None is needed here.
        pub unsafe fn enter<'a>(&'a self, _thing: &'a dyn Thing) {}
        /// Nothing is done.
        pub fn leave(&self) {}
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    struct Probe {
        listing: Listing,
        number: u64,
    }

    impl Thing for Probe {
        fn describe(&self) -> Description {
            Description {
                kind: "probe",
                figures: vec![("number", self.number)],
                ..Description::default()
            }
        }
    }

    fn listed() -> Vec<u64> {
        let mut numbers = Vec::new();
        for_each(|entry| {
            let d = entry.thing.describe();
            if d.kind == "probe" {
                numbers.push(d.figures[0].1);
            }
        });
        numbers.sort_unstable();
        numbers
    }

    #[test]
    fn what_is_listed_is_found_until_it_leaves() {
        let probes: Vec<Box<Probe>> = (0..100)
            .map(|number| {
                Box::new(Probe {
                    listing: Listing::new(),
                    number,
                })
            })
            .collect();
        for probe in &probes {
            // SAFETY: the probes stay in their boxes, and leave below before those go.
            unsafe { probe.listing.enter(&**probe) };
            // SAFETY: as above; the second time changes nothing.
            unsafe { probe.listing.enter(&**probe) };
        }
        assert_eq!(listed(), (0..100).collect::<Vec<_>>());
        with_all(|all| assert!(all.len() >= 100));
        for probe in probes.iter().filter(|p| p.number % 3 != 0) {
            probe.listing.leave();
            probe.listing.leave();
        }
        assert_eq!(listed(), (0..100).step_by(3).collect::<Vec<_>>());
        probes.iter().for_each(|p| p.listing.leave());
        assert_eq!(listed(), []);
    }
}
