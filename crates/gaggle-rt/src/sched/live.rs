//! The list of live goroutines: for counting, for dumps, and for shutdown.
//!
//! It is sharded, one shard for each of the first workers, so that a goroutine that is started and ends on one worker meets nobody.
//!
//! **Invariant L1**: a goroutine is in its shard from birth until just before it is `DONE`; the list's reference keeps it alive meanwhile.

use crate::task::{Header, Look, TaskRef};
use gaggle_base::spin::SpinLock;
use std::ptr;

/// More shards than CPUs that we expect to meet at one lock.
pub(crate) const SHARDS: usize = 32;

pub(crate) struct LiveList {
    shards: Box<[Shard]>,
}

/// On cache lines of its own.
#[repr(align(128))]
struct Shard(SpinLock<List>);

struct List {
    head: *mut Header,
    count: usize,
    /// How many were ever added.
    started: u64,
    closed: bool,
}

// SAFETY: the pointers are used under the lock only.
unsafe impl Send for List {}

impl LiveList {
    /// With so many shards, of which the goroutines know by themselves which one is theirs.
    pub(crate) fn new(shards: usize) -> Self {
        let shard = || {
            Shard(SpinLock::new(List {
                head: ptr::null_mut(),
                count: 0,
                started: 0,
                closed: false,
            }))
        };
        Self {
            shards: (0..shards).map(|_| shard()).collect(),
        }
    }

    /// Adds a goroutine that was just born. `false`: the runtime takes no more.
    ///
    /// # Safety
    /// `task` is alive and in no list, and its shard number is below [`SHARDS`].
    #[inline]
    pub(crate) unsafe fn insert(&self, task: TaskRef) -> bool {
        // SAFETY: the caller's promise.
        unsafe { self.insert_if(task, |list| !list.closed) }
    }

    /// Adds a goroutine to a list that takes no more, for the moment of its end.
    ///
    /// # Safety
    /// As for `insert`.
    pub(crate) unsafe fn insert_closed(&self, task: TaskRef) {
        // SAFETY: the caller's promise.
        unsafe { self.insert_if(task, |_| true) };
    }

    /// # Safety
    /// As for `insert`.
    #[inline(always)]
    unsafe fn insert_if(&self, task: TaskRef, open: impl FnOnce(&List) -> bool) -> bool {
        // SAFETY: the caller's promise; the links of those in the list are protected by the lock.
        unsafe {
            let header = task.header();
            let mut list = self.shards[header.shard as usize].0.lock();
            if !open(&list) {
                return false;
            }
            header.live_next.with_mut(|next| *next = list.head);
            if !list.head.is_null() {
                (*list.head)
                    .live_prev
                    .with_mut(|prev| *prev = task.as_ptr());
            }
            list.head = task.as_ptr();
            list.count += 1;
            list.started += 1;
        }
        true
    }

    /// Takes a goroutine out.
    ///
    /// # Safety
    /// `task` is in this list, and the caller is its runner.
    #[inline]
    pub(crate) unsafe fn remove(&self, task: TaskRef) {
        // SAFETY: the caller's promise; neighbours in the list are alive (L1), and the lock protects their links.
        unsafe {
            let header = task.header();
            let mut list = self.shards[header.shard as usize].0.lock();
            let (prev, next) = (header.live_prev.with(|p| *p), header.live_next.with(|n| *n));
            if prev.is_null() {
                list.head = next;
            } else {
                (*prev).live_next.with_mut(|n| *n = next);
            }
            if !next.is_null() {
                (*next).live_prev.with_mut(|p| *p = prev);
            }
            list.count -= 1;
        }
    }

    /// How many goroutines are alive.
    pub(crate) fn count(&self) -> usize {
        self.shards.iter().map(|s| s.0.lock().count).sum()
    }

    /// How many goroutines were ever added, the refused ones too.
    pub(crate) fn started(&self) -> u64 {
        self.shards.iter().map(|s| s.0.lock().started).sum()
    }

    /// Takes no more goroutines from now on.
    pub(crate) fn close(&self) {
        for shard in &self.shards {
            shard.0.lock().closed = true;
        }
    }

    /// Takes goroutines again.
    pub(super) fn open(&self) {
        for shard in &self.shards {
            shard.0.lock().closed = false;
        }
    }

    /// For shutdown: claims up to `limit` parked goroutines and hands them to `f` as if they came from a queue.
    pub(crate) fn claim_parked(&self, limit: usize, mut f: impl FnMut(TaskRef)) {
        for shard in &self.shards {
            let list = shard.0.lock();
            let (mut at, mut claimed) = (list.head, 0);
            while let Some(task) = TaskRef::from_ptr(at) {
                // SAFETY: it is in the list and the lock is held, so it is alive (L1).
                unsafe {
                    at = task.header().live_next.with(|next| *next);
                    if task.claim() {
                        f(task);
                        claimed += 1;
                    }
                }
                if claimed >= limit {
                    break;
                }
            }
        }
    }

    /// Hands the header of each live goroutine to `f`, under the lock of its shard: `f` must be short and must not use gaggle.
    pub(crate) fn for_each(&self, mut f: impl FnMut(&Header, Look)) {
        for shard in &self.shards {
            let list = shard.0.lock();
            let mut at = list.head;
            while let Some(task) = TaskRef::from_ptr(at) {
                // SAFETY: as in `claim_parked`.
                unsafe {
                    let header = task.header();
                    f(header, task.look());
                    at = header.live_next.with(|next| *next);
                }
            }
        }
    }
}
