//! [`Pool`]: things that were used and may be used again (semantics.md LK-22, LK-23, T25).
//!
//! A pool has a fixed number of shards, each with a short lock of its own. A thread puts into its own shard, and looks there first before it looks into the others.
//! A shard holds two generations: `fresh` is what was put since the last trim, `old` what has survived one.
//! A trim drops what is old and makes old what is fresh, as a collection does with Go's pools (LK-22).
//! Nothing is dropped under a lock: what has to go is moved out first.

use super::pool_guard::PoolGuard;
use gaggle_base::clock::{Nanos, now};
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU64, AtomicUsize, Ordering};
use std::cell::Cell;
use std::fmt;
use std::mem;
use std::sync::atomic::AtomicUsize as Count;

/// How many threads a pool can serve before two of them share a lock.
const SHARDS: usize = 16;
/// How long it takes at least from one trim by time to the next.
const PERIOD: Nanos = 5_000_000_000;
/// A shard is asked so often before somebody looks at the clock: that costs as much as the rest of a `put`.
const LOOKS: u32 = 64;

/// A set of things that were used and may be used again, for where making one costs more than keeping it (LK-22).
///
/// `T` is what is stored; `N` makes a new one when nothing is stored ([`Pool::with`]), or is [`NoNew`] ([`Pool::new`]).
///
/// No item is given to two callers (LK-23), and what came before a `put` is visible to the `get` that returns the item (MM-10).
/// Items may go away at any time: they survive one [`trim`](Self::trim) and are gone after the second.
/// A pool that is in use trims itself every five seconds or so. One that nobody uses keeps its items.
///
/// # Examples
/// ```
/// use gaggle_chan::sync::Pool;
/// static BUFFERS: Pool<Vec<u8>, fn() -> Vec<u8>> = Pool::with(|| Vec::with_capacity(4096));
///
/// let mut buffer = BUFFERS.get_guard();
/// buffer.clear();
/// buffer.extend_from_slice(b"hello");
/// drop(buffer);
/// assert_eq!(BUFFERS.get(), b"hello");
/// ```
pub struct Pool<T, N = NoNew> {
    shards: [Shard<T>; SHARDS],
    /// When the pool was last trimmed by time; 0 before anybody has looked.
    trimmed: AtomicU64,
    new: N,
}

/// In the place of a function that makes an item: an empty [`Pool`] has none to give.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct NoNew;

/// On cache lines of its own, so that two threads with different shards do not disturb each other.
#[repr(align(128))]
struct Shard<T> {
    items: SpinLock<Items<T>>,
    /// How many items there are, to pass by an empty shard without its lock. Written under the lock only.
    count: AtomicUsize,
}

struct Items<T> {
    fresh: Vec<T>,
    old: Vec<T>,
    asked: u32,
}

impl<T> Items<T> {
    const fn new() -> Self {
        Self {
            fresh: Vec::new(),
            old: Vec::new(),
            asked: 0,
        }
    }

    /// Is it time to look at the clock?
    fn ask(&mut self) -> bool {
        self.asked += 1;
        self.asked %= LOOKS;
        self.asked == 0
    }
}

impl<T> Shard<T> {
    const fn new() -> Self {
        Self {
            items: SpinLock::new(Items::new()),
            count: AtomicUsize::new(0),
        }
    }

    /// Works on the items under the lock, and counts them after it.
    fn with<R>(&self, work: impl FnOnce(&mut Items<T>) -> R) -> R {
        let mut items = self.items.lock();
        let result = work(&mut items);
        // Relaxed: whoever has to see an item knows of its `put` from elsewhere, and with that sees this count.
        self.count
            .store(items.fresh.len() + items.old.len(), Ordering::Relaxed);
        result
    }

    fn pop(&self) -> Option<(T, bool)> {
        if self.count.load(Ordering::Relaxed) == 0 {
            return None;
        }
        self.with(|items| {
            let item = items.fresh.pop().or_else(|| items.old.pop())?;
            Some((item, items.ask()))
        })
    }
}

impl<T> Pool<T> {
    /// An empty pool that makes nothing itself.
    #[must_use]
    pub const fn new() -> Self {
        Pool::holding(NoNew)
    }

    /// A stored item, which is no longer stored then; none if there is none (LK-22).
    #[must_use]
    pub fn get(&self) -> Option<T> {
        self.take()
    }

    /// As [`get`](Self::get), for a guard that puts the item back when it is dropped.
    pub fn get_guard(&self) -> Option<PoolGuard<'_, T>> {
        Some(PoolGuard::new(self, self.take()?))
    }
}

impl<T, F: Fn() -> T> Pool<T, F> {
    /// An empty pool that makes an item with `new` when none is stored.
    #[must_use]
    pub const fn with(new: F) -> Self {
        Pool::holding(new)
    }

    /// A stored item, which is no longer stored then; a new one if there is none (LK-22).
    #[must_use]
    pub fn get(&self) -> T {
        self.take().unwrap_or_else(&self.new)
    }

    /// As [`get`](Self::get), for a guard that puts the item back when it is dropped.
    pub fn get_guard(&self) -> PoolGuard<'_, T, F> {
        PoolGuard::new(self, self.get())
    }
}

impl<T, N> Pool<T, N> {
    const fn holding(new: N) -> Self {
        Self {
            shards: [const { Shard::new() }; SHARDS],
            trimmed: AtomicU64::new(0),
            new,
        }
    }

    /// Stores `item` for a later `get`.
    ///
    /// Every now and then it also drops items that nobody has asked for, and with that runs their `Drop`.
    pub fn put(&self, item: T) {
        let look = self.shards[here()].with(|items| {
            items.fresh.push(item);
            items.ask()
        });
        if look {
            self.trim_by_time();
        }
    }

    /// Drops the items that nobody has taken since the trim before, and marks the others to be dropped by the next (LK-22).
    pub fn trim(&self) {
        for shard in &self.shards {
            let gone = shard.with(|items| {
                let fresh = mem::take(&mut items.fresh);
                mem::replace(&mut items.old, fresh)
            });
            drop(gone);
        }
    }

    /// How many items are stored at this instant.
    #[must_use]
    pub fn len(&self) -> usize {
        let counts = self.shards.iter().map(|s| s.count.load(Ordering::Relaxed));
        counts.sum()
    }

    /// Is nothing stored at this instant?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn take(&self) -> Option<T> {
        let own = here();
        let mut shards = (0..SHARDS).map(|k| &self.shards[(own + k) % SHARDS]);
        let (item, look) = shards.find_map(Shard::pop)?;
        if look {
            self.trim_by_time();
        }
        Some(item)
    }

    #[cold]
    fn trim_by_time(&self) {
        let now = now().max(1);
        let last = self.trimmed.load(Ordering::Relaxed);
        if last != 0 && now.saturating_sub(last) < PERIOD {
            return;
        }
        let mine = self
            .trimmed
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok();
        // Whoever looks first only starts the clock.
        if mine && last != 0 {
            self.trim();
        }
    }
}

/// The shard of this thread. Threads take turns, so that the first few have one each.
fn here() -> usize {
    static NEXT: Count = Count::new(0);
    thread_local! {
        static MINE: Cell<Option<usize>> = const { Cell::new(None) };
    }
    MINE.with(|mine| {
        mine.get().unwrap_or_else(|| {
            let index = NEXT.fetch_add(1, Ordering::Relaxed) % SHARDS;
            mine.set(Some(index));
            index
        })
    })
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, N> fmt::Debug for Pool<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool")
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gaggle_base::clock::{Clock, with_clock};

    /// A clock that is set by hand.
    #[derive(Default)]
    struct ByHand(Count);
    impl Clock for ByHand {
        fn now(&self) -> Nanos {
            self.0.load(Ordering::Relaxed) as Nanos
        }
    }

    fn ask_often(pool: &Pool<u32>) {
        for _ in 0..LOOKS {
            let item = pool.get().unwrap();
            pool.put(item);
        }
    }

    #[test]
    fn a_pool_in_use_drops_what_nobody_has_taken_for_two_periods() {
        let clock = ByHand::default();
        with_clock(&clock, || {
            let pool = Pool::new();
            (0..10).for_each(|n| pool.put(n));
            let at = |periods: u64| {
                clock
                    .0
                    .store((periods * PERIOD) as usize + 1, Ordering::Relaxed);
                ask_often(&pool);
                pool.len()
            };
            assert_eq!([at(0), at(0), at(1), at(1)], [10; 4]);
            assert_eq!(at(2), 1, "only the one in use has stayed");
        });
    }

    #[test]
    fn a_drop_may_use_the_pool_that_is_trimmed() {
        struct Returns(&'static Pool<Returns>, bool);
        impl Drop for Returns {
            fn drop(&mut self) {
                if self.1 {
                    self.0.put(Returns(self.0, false));
                }
            }
        }
        static POOL: Pool<Returns> = Pool::new();
        POOL.put(Returns(&POOL, true));
        POOL.trim();
        POOL.trim();
        assert_eq!(POOL.len(), 1);
        assert!(!POOL.get().unwrap().1);
    }
}
