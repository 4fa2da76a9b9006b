//! The queue for everything that no worker has: wakes from other threads, and what a full ring gives away.
//!
//! A list through the headers (`Header::wait` holds the link while a goroutine is queued), so that queueing never allocates, under one short lock.
//! The length is kept beside the lock, so that a worker that looks in vain pays one load.
//!
//! **Invariant I1**: a goroutine is in this list at most once, because only the one who set or took `SCHEDULED` may queue it.

use crate::task::{Header, TaskRef};
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU32, AtomicUsize, Ordering};
use std::ptr;

pub(crate) struct Injector {
    list: SpinLock<List>,
    len: AtomicUsize,
    /// How many more are pushed from outside until one is timed (see `samples.rs`). Here because whoever pushes has this line of the cache anyway.
    pub(super) until_timed: AtomicU32,
}

struct List {
    head: *mut Header,
    tail: *mut Header,
}

// SAFETY: the pointers are used under the lock only, and goroutines may be queued and run by any thread.
unsafe impl Send for List {}

impl Injector {
    pub(crate) fn new() -> Self {
        let list = List {
            head: ptr::null_mut(),
            tail: ptr::null_mut(),
        };
        Self {
            list: SpinLock::new(list),
            len: AtomicUsize::new(0),
            until_timed: AtomicU32::new(1),
        }
    }

    /// Sequentially consistent: see `README.md`, "going to sleep".
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }

    /// Queues `tasks` behind all others, in their order.
    pub(crate) fn push_all(&self, tasks: impl Iterator<Item = TaskRef>) {
        let mut first: *mut Header = ptr::null_mut();
        let mut last: *mut Header = ptr::null_mut();
        let mut n = 0;
        for task in tasks {
            // SAFETY: whoever queues a goroutine is the only one who may use its link (I1), and it is alive while it is not done.
            unsafe { set_next(task.as_ptr(), ptr::null_mut()) };
            if first.is_null() {
                first = task.as_ptr();
            } else {
                // SAFETY: as above, for the one before.
                unsafe { set_next(last, task.as_ptr()) };
            }
            last = task.as_ptr();
            n += 1;
        }
        if n == 0 {
            return;
        }
        let mut list = self.list.lock();
        if list.tail.is_null() {
            list.head = first;
        } else {
            // SAFETY: the tail is queued, so it is alive, and the lock protects its link.
            unsafe { set_next(list.tail, first) };
        }
        list.tail = last;
        // Sequentially consistent because a look at the sleepers follows.
        self.len.fetch_add(n, Ordering::SeqCst);
    }

    pub(crate) fn push(&self, task: TaskRef) {
        self.push_all(std::iter::once(task));
    }

    /// Takes up to `n` of the oldest and hands them to `f`, oldest first.
    pub(crate) fn pop_some(&self, n: usize, mut f: impl FnMut(TaskRef)) -> usize {
        if n == 0 || self.len() == 0 {
            return 0;
        }
        let mut list = self.list.lock();
        let mut taken = 0;
        while taken < n {
            let Some(task) = TaskRef::from_ptr(list.head) else {
                break;
            };
            // SAFETY: it is queued, so it is alive, and the lock protects its link.
            list.head = unsafe { task.header() }.wait.link().cast();
            if list.head.is_null() {
                list.tail = ptr::null_mut();
            }
            taken += 1;
            f(task);
        }
        self.len.fetch_sub(taken, Ordering::SeqCst);
        taken
    }

    pub(crate) fn pop(&self) -> Option<TaskRef> {
        let mut one = None;
        self.pop_some(1, |task| one = Some(task));
        one
    }
}

/// # Safety
/// `header` is alive, and the caller may use its link (I1).
unsafe fn set_next(header: *mut Header, next: *mut Header) {
    // SAFETY: the caller's promise.
    unsafe { &*header }.wait.set_link(next.cast());
}
