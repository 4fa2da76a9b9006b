//! Goroutines that have a thread of their own (semantics.md GO-12, GO-13, T5).
//!
//! Such a thread has no slot and no seat, and its goroutine is in no queue: it looks at nothing but the permits of its own parker (`task/locked.rs`).
//! To the rest of the runtime it is a plain thread that is inside of the runtime: what it wakes and what it starts goes to the injector, its timers into the wheel of some worker.
//! Nobody but this thread polls, cancels or drops the future; the end of a runtime asks it to.

use super::here;
use super::shared::Shared;
use crate::runtime;
use crate::task::{JoinHandle, OwnThread, allocate_locked, cancel};
use gaggle_base::site::Site;
use gaggle_base::sync::yield_now;
use gaggle_base::wait::Who;
use std::io;
use std::sync::Arc;

impl Shared {
    /// Starts a goroutine together with its own thread.
    ///
    /// # Errors
    /// The driver's, when there is no thread to be had; `f` is dropped then.
    pub(crate) fn go_locked<F, Fut>(
        self: &Arc<Self>,
        f: F,
        site: Site,
    ) -> io::Result<JoinHandle<Fut::Output>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future + 'static,
        Fut::Output: Send + 'static,
    {
        let birth = self.birth(site);
        let name = format!("{}-locked-{}", self.config.name, birth.who.id());
        let future = async move { f().await };
        // SAFETY: until it is polled the future holds `f` and nothing else, and `f` is `Send`. Only `run` polls it, and drops it after that; here it is dropped only if `run` is never called.
        let own = unsafe { allocate_locked(future, birth) };
        let task = own.task();
        // SAFETY: it was just born with a handle reference, and its output is a `Fut::Output`.
        let handle = unsafe { JoinHandle::new(task) };
        // SAFETY: it was just born, so it is in no list, and nobody else has a right to it.
        unsafe {
            if !self.live.insert(task) {
                self.refuse(task);
                return Ok(handle);
            }
        }
        let shared = self.clone();
        let body = Box::new(move || run(&shared, &own));
        match self.config.driver.start_thread(name, body) {
            Ok(thread) => {
                self.keep_thread(thread);
                Ok(handle)
            }
            Err(error) => {
                // SAFETY: it is in the live list, and whoever was to run it will not.
                unsafe { cancel(task, self) };
                Err(error)
            }
        }
    }
}

/// The body of a goroutine's own thread.
fn run(shared: &Arc<Shared>, own: &OwnThread) {
    let _entered = runtime::enter(shared.clone());
    let _guard = shared.thread_guard();
    let _own = here::be_own_thread_in(shared);
    // SAFETY: the thread's reference keeps the allocation alive.
    let id = unsafe { own.task().header() }.id();
    let who = Who::new(shared.number, id.as_u64());
    loop {
        if shared.is_closing() {
            own.abort();
        }
        // SAFETY: it was born for this thread; after a poll that parked it, `wait` has said that it is ours again.
        let again = unsafe { here::poll_here(own.task(), shared) };
        if again {
            // It gave way. There is nobody else on this thread, but there may be on this CPU.
            yield_now();
        } else if own.is_done() {
            return;
        } else {
            own.wait(who);
        }
    }
}
