//! Which runtime a thread belongs to, and the default one.

use super::Runtime;
use crate::sched::{self, Shared};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::sync::{Arc, OnceLock};

thread_local! {
    /// How many runtimes this thread is inside of: a cheap look before the list.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    static ENTERED: RefCell<Vec<Arc<Shared>>> = const { RefCell::new(Vec::new()) };
}

/// Makes `shared` the current runtime of this thread until the guard is dropped.
pub(crate) fn enter(shared: Arc<Shared>) -> Entered {
    ENTERED.with_borrow_mut(|entered| entered.push(shared));
    DEPTH.set(DEPTH.get() + 1);
    Entered(PhantomData)
}

/// See [`enter`]. Stays on its thread.
pub(crate) struct Entered(PhantomData<*const ()>);

impl Drop for Entered {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        let left = ENTERED.with_borrow_mut(Vec::pop);
        drop(left);
    }
}

/// Is `shared` one of the runtimes that this thread is inside of?
pub(crate) fn is_inside(shared: &Shared) -> bool {
    let shared = std::ptr::from_ref(shared);
    let one = |entered: &Arc<Shared>| std::ptr::eq(Arc::as_ptr(entered), shared);
    ENTERED
        .try_with(|entered| entered.borrow().iter().any(one))
        .unwrap_or(false)
}

/// Calls `f` with the current runtime, or else the default one. In a goroutine that costs no reference count.
#[inline]
pub(crate) fn with_runtime<R>(f: impl FnOnce(&Arc<Shared>) -> R) -> R {
    if DEPTH.get() == 0 {
        return match sched::with_current_shared(f) {
            Ok(r) => r,
            Err(f) => f(&current_or_default()),
        };
    }
    f(&current_or_default())
}

/// The runtime that this thread is inside of, or a worker of.
pub(super) fn current() -> Option<Arc<Shared>> {
    let entered = ENTERED
        .try_with(|entered| entered.borrow().last().cloned())
        .ok()
        .flatten();
    entered.or_else(|| sched::with_current_shared(Arc::clone).ok())
}

/// The current runtime, or else the default one, which is started on first use.
///
/// # Panics
/// When the default runtime cannot be started: `GAGGLE_WORKERS` holds rubbish, or the system gives no thread.
pub(crate) fn current_or_default() -> Arc<Shared> {
    current().unwrap_or_else(default_runtime)
}

/// The default runtime, which never ends.
///
/// # Panics
/// As for [`current_or_default`].
pub(crate) fn default_runtime() -> Arc<Shared> {
    static DEFAULT: OnceLock<Runtime> = OnceLock::new();
    let default = DEFAULT.get_or_init(|| match Runtime::builder().build() {
        Ok(runtime) => runtime,
        Err(error) => panic!("gaggle's default runtime cannot be started: {error}"),
    });
    default.shared().clone()
}
