//! Why a goroutine waits: the reason, the object and the place.
//!
//! The record is two words in the goroutine's header, written with plain stores by the goroutine itself just before it gives up its thread.
//! Others read it at any time and may see an old record, never a torn word.
//! No decision depends on it: it is for people.

use crate::site::Site;
use crate::sync::{AtomicU64, Ordering};
use std::fmt;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// Why a goroutine does not run. The texts are Go's where Go has one (semantics.md RT-03).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        #[non_exhaustive]
        pub enum Reason {
            $($(#[$doc])* $name),+
        }

        const ALL: &[Reason] = &[$(Reason::$name),+];

        impl fmt::Display for Reason {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self { $(Reason::$name => $text),+ })
            }
        }
    };
}

reasons! {
    /// It waits for something that is not gaggle's, or has not waited yet.
    Foreign = "foreign future",
    /// It gave way of its own accord.
    Yield = "yield",
    /// It used up its share of operations or time and gave way.
    Budget = "budget exhausted",
    /// It waits for a value.
    ChanRecv = "chan receive",
    /// It waits for a value of a channel that nobody can send to.
    ChanRecvNil = "chan receive (nil chan)",
    /// It waits for a receiver or for room.
    ChanSend = "chan send",
    /// It waits for a point in time.
    Sleep = "sleep",
    /// It waits for another goroutine's result.
    Join = "join",
    /// It waits for a mutex.
    Mutex = "sync.Mutex.Lock",
    /// It waits for a wait group to come down to zero.
    WaitGroup = "sync.WaitGroup.Wait",
    /// It waits for one of several arms of a `select!`.
    Select = "select",
    /// It waits in a `select!` none of whose arms can ever be ready.
    SelectNone = "select (no cases)",
    /// It waits to read under a read-write lock.
    RwLockRead = "sync.RWMutex.RLock",
    /// It waits to write under a read-write lock.
    RwLockWrite = "sync.RWMutex.Lock",
    /// It waits for a condition to be signalled.
    Cond = "sync.Cond.Wait",
    /// It waits for somebody else's run of a `Once` or a `OnceCell`.
    Once = "sync.Once.Do",
    /// It waits for permits of a semaphore.
    Semaphore = "semaphore acquire",
    /// It waits for the others at a barrier.
    Barrier = "barrier",
    /// It waits for a timer's or a ticker's next firing.
    Timer = "timer receive",
    /// It waits for a context to be done.
    Context = "context done",
    /// It waits for an event that happens once.
    Event = "event",
    /// It waits for a value that is watched to change.
    Watch = "watch",
    /// It waits for somebody else's run of a singleflight call.
    Singleflight = "singleflight",
    /// It waits to read from a descriptor, or to accept.
    IoRead = "IO wait",
    /// It waits to write to a descriptor, or to be connected.
    IoWrite = "IO wait (write)",
    /// It runs a call that blocks its thread.
    Blocking = "blocking call",
}

/// Which goroutine, among all of the process: the number of its runtime and its own. Zero: none, a plain thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Who(u64);

impl Who {
    /// No goroutine.
    pub const NOBODY: Who = Who(0);
    /// How many bits one takes.
    pub const BITS: u32 = 56;
    const ID_BITS: u32 = 48;

    /// The goroutine `id` of runtime number `runtime`, of which the last eight bits count.
    #[inline(always)]
    #[must_use]
    pub const fn new(runtime: u8, id: u64) -> Self {
        Self((runtime as u64) << Self::ID_BITS | (id & ((1 << Self::ID_BITS) - 1)))
    }

    /// The goroutine's number in its runtime.
    #[must_use]
    pub const fn id(self) -> u64 {
        self.0 & ((1 << Self::ID_BITS) - 1)
    }

    /// The number of its runtime.
    #[must_use]
    pub const fn runtime(self) -> u8 {
        (self.0 >> Self::ID_BITS) as u8
    }

    /// Is it none?
    #[must_use]
    pub const fn is_nobody(self) -> bool {
        self.0 == 0
    }

    /// As a number below two to the [`BITS`](Self::BITS).
    #[inline(always)]
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// The inverse of [`to_bits`](Self::to_bits).
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }
}

/// The last wait of one goroutine.
#[derive(Debug)]
pub struct WaitRecord {
    /// `site << 32 | since << 8 | reason`; `since` counts ticks of 16 ms and wraps after 74 hours.
    what: AtomicU64,
    /// The address of the channel, lock or group, or 0. While the goroutine is in the runtime's common queue it is the link of that queue instead.
    object: AtomicU64,
    /// Whose record it is.
    who: Who,
}

/// A copy of a [`WaitRecord`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiting {
    /// Why.
    pub reason: Reason,
    /// Where in the source.
    pub site: Site,
    /// For which object: its address, or 0.
    pub object: u64,
    /// Since when, in ticks of 16 ms of the coarse clock, modulo 2^24.
    pub since: u32,
}

impl Default for WaitRecord {
    fn default() -> Self {
        Self::of(Who::NOBODY)
    }
}

impl WaitRecord {
    /// The record of a goroutine that has not waited yet.
    #[must_use]
    pub fn of(who: Who) -> Self {
        Self {
            what: AtomicU64::new(0),
            object: AtomicU64::new(0),
            who,
        }
    }

    /// Whose record it is.
    #[inline(always)]
    #[must_use]
    pub fn who(&self) -> Who {
        self.who
    }

    /// Writes the record.
    #[inline(always)]
    pub fn set(&self, reason: Reason, site: Site, object: u64) {
        let since = coarse_time() & 0x00ff_ffff;
        let what = u64::from(site.to_bits()) << 32 | u64::from(since) << 8 | reason as u64;
        self.what.store(what, Ordering::Relaxed);
        self.object.store(object, Ordering::Relaxed);
    }

    /// The runtime's link, for a goroutine that does not wait but is queued. It takes the place of the object.
    #[inline]
    #[must_use]
    pub fn link(&self) -> *mut () {
        std::ptr::with_exposed_provenance_mut(self.object.load(Ordering::Relaxed) as usize)
    }

    /// Sets the runtime's link.
    #[inline]
    pub fn set_link(&self, link: *mut ()) {
        self.object
            .store(link.expose_provenance() as u64, Ordering::Relaxed);
    }

    /// Reads the record.
    #[must_use]
    pub fn get(&self) -> Waiting {
        let what = self.what.load(Ordering::Relaxed);
        Waiting {
            reason: ALL[(what & 0xff) as usize],
            site: Site::from_bits((what >> 32) as u32),
            object: self.object.load(Ordering::Relaxed),
            since: (what >> 8) as u32 & 0x00ff_ffff,
        }
    }
}

/// The time in ticks of 16 ms, as somebody last read it: who waits notes it, and reading a clock for that would cost more than the wait.
static COARSE: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

/// How many bits of nanoseconds make a tick of [`Waiting::since`].
pub const TICK_BITS: u32 = 24;

/// Says what time it is, in nanoseconds, for the `since` of later records.
/// The monitor calls it as it ticks, and a worker when it wakes up.
#[inline]
pub fn set_coarse_time(nanos: u64) {
    COARSE.store(
        (nanos >> TICK_BITS) as u32,
        std::sync::atomic::Ordering::Relaxed,
    );
}

#[inline(always)]
fn coarse_time() -> u32 {
    COARSE.load(std::sync::atomic::Ordering::Relaxed)
}

impl Waiting {
    /// A wait that nobody has noted.
    #[must_use]
    pub fn unknown() -> Self {
        Self {
            reason: Reason::Foreign,
            site: Site::UNKNOWN,
            object: 0,
            since: coarse_time(),
        }
    }

    /// How long ago that was, in nanoseconds, at the time `now`. It may be off by two ticks.
    #[must_use]
    pub fn age(&self, now: u64) -> u64 {
        let ticks = ((now >> TICK_BITS) as u32).wrapping_sub(self.since) & 0x00ff_ffff;
        // A record that is a little ahead of our clock is new, not three days old.
        let ticks = if ticks > 0x00ff_ff00 { 0 } else { ticks };
        u64::from(ticks) << TICK_BITS
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn what_was_set_is_what_is_read() {
        let record = WaitRecord::default();
        assert_eq!(record.get().reason, Reason::Foreign);
        let site = Site::caller();
        set_coarse_time(3 << 24);
        record.set(Reason::Mutex, site, 0xdead_beef);
        assert_eq!(
            record.get(),
            Waiting {
                reason: Reason::Mutex,
                site,
                object: 0xdead_beef,
                since: 3
            }
        );
    }

    #[test]
    fn rt_03_the_texts_are_gos_where_go_has_one() {
        let texts = [
            (Reason::ChanRecv, "chan receive"),
            (Reason::ChanSend, "chan send"),
            (Reason::ChanRecvNil, "chan receive (nil chan)"),
            (Reason::Select, "select"),
            (Reason::SelectNone, "select (no cases)"),
            (Reason::Sleep, "sleep"),
            (Reason::Mutex, "sync.Mutex.Lock"),
            (Reason::RwLockRead, "sync.RWMutex.RLock"),
            (Reason::RwLockWrite, "sync.RWMutex.Lock"),
            (Reason::WaitGroup, "sync.WaitGroup.Wait"),
            (Reason::Cond, "sync.Cond.Wait"),
            (Reason::IoRead, "IO wait"),
        ];
        for (reason, text) in texts {
            assert_eq!(reason.to_string(), text);
        }
        // The record keeps every reason apart.
        let record = WaitRecord::default();
        for reason in ALL {
            record.set(*reason, Site::UNKNOWN, 0);
            assert_eq!(record.get().reason, *reason);
        }
    }
}
