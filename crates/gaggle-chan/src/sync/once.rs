//! [`Once`]: of many calls one runs, and the others wait for its end (semantics.md LK-12, LK-13).
//!
//! Who runs is decided in `turns.rs`; here is what counts as the end.
//! A run that panics is one (T24); a run that is dropped before its end is none, and its turn goes to the next.

use super::turns::{Role, Turn, Turns};
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;

/// Something that is done once.
///
/// Of many concurrent calls one runs its function, and none returns before that has ended (LK-12, MM-08).
/// Once it is done, a call is one load: it neither waits nor gives way to other goroutines.
///
/// # Panics
/// A function that panics counts as having run: the panic goes to its caller, and later calls return without running theirs (LK-13, T24).
/// `std::sync::Once` differs: there later calls panic.
///
/// # A call inside the call
/// The function must not wait for its own `Once`: that goroutine or thread would wait for itself, for ever, as in Go.
/// A wait record says so: the goroutine waits in `sync.Once.Do`.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::Once;
/// # futures::executor::block_on(async {
/// static ONCE: Once = Once::new();
/// let mut runs = 0;
/// ONCE.call(|| runs += 1).await;
/// ONCE.call(|| runs += 1).await;
/// assert_eq!(runs, 1);
/// # });
/// ```
pub struct Once {
    turns: Turns,
}

impl Once {
    /// Nothing was done yet.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            turns: Turns::new(),
        }
    }

    /// Nothing was done yet.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            turns: Turns::new(),
        }
    }

    /// Has one function run to its end? What it did is visible then (MM-08).
    #[inline]
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.turns.is_done()
    }

    /// Runs `f` if nobody has run, and otherwise waits for the end of who runs (LK-12).
    ///
    /// # Panics
    /// When `f` does.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has not run `f`, and leaves no trace (RX-03, RX-04).
    #[track_caller]
    pub fn call<F: FnOnce()>(&self, f: F) -> impl Future<Output = ()> + use<'_, F> {
        let site = Site::caller();
        async move {
            if self.is_done() {
                return;
            }
            let turn = self.turns.enter(Role::Runner, Reason::Once, site).await;
            if let Some(turn) = turn {
                run(turn, f);
            }
        }
    }

    /// As [`call`](Self::call), for a function that waits.
    ///
    /// # Panics
    /// When `f` or its future does.
    ///
    /// # Cancel safety
    /// A future that is dropped while it waits leaves no trace (RX-03, RX-04).
    /// One that is dropped while it runs `f` drops `f`'s future first; then the call that waits longest runs its own function, and if nobody waits the next that comes does.
    ///
    /// # Examples
    /// ```
    /// # use gaggle_chan::{chan, sync::Once};
    /// # futures::executor::block_on(async {
    /// let (tx, rx) = chan::bounded(1);
    /// let once = Once::new();
    /// once.call_async(async || tx.send(1).await.unwrap()).await;
    /// assert_eq!((rx.recv().await, once.is_done()), (Ok(1), true));
    /// # });
    /// ```
    #[track_caller]
    pub fn call_async<F, Fut>(&self, f: F) -> impl Future<Output = ()> + use<'_, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = ()>,
    {
        let site = Site::caller();
        async move {
            if self.is_done() {
                return;
            }
            let turn = self.turns.enter(Role::Runner, Reason::Once, site).await;
            if let Some(turn) = turn {
                run_async(turn, f).await;
            }
        }
    }

    /// As [`call`](Self::call), and blocks the calling thread for as long as somebody else runs.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread before this one waits (RX-07).
    #[track_caller]
    pub fn call_blocking(&self, f: impl FnOnce()) {
        if self.is_done() {
            return;
        }
        let site = Site::caller();
        if let Some(turn) = wait_for(self.turns.enter(Role::Runner, Reason::Once, site)) {
            run(turn, f);
        }
    }
}

/// A run. If it is dropped inside a poll, that poll has panicked: it counts as the end. Between two polls it was given up.
struct Run<'a> {
    turn: Option<Turn<'a>>,
    inside: bool,
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        // Without `inside` the turn is dropped after this, and so given up.
        if let Some(turn) = self.turn.take_if(|_| self.inside) {
            turn.finish();
        }
    }
}

fn run(turn: Turn<'_>, f: impl FnOnce()) {
    // Here is nobody who could give it up: its end is the end, be it a panic.
    let _run = Run {
        turn: Some(turn),
        inside: true,
    };
    f();
}

async fn run_async<F, Fut>(turn: Turn<'_>, f: F)
where
    F: FnOnce() -> Fut,
    Fut: Future<Output = ()>,
{
    let mut run = Run {
        turn: Some(turn),
        inside: false,
    };
    // Declared after `run`, so dropped before: who takes over begins after all that this one has left was dropped.
    let mut body = pin!(async move { f().await });
    poll_fn(|cx| {
        run.inside = true;
        let polled = body.as_mut().poll(cx);
        // Once it is ready nothing can give it up.
        run.inside = polled.is_ready();
        polled
    })
    .await;
}

impl Default for Once {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Once")
            .field("is_done", &self.is_done())
            .finish()
    }
}

#[cfg(all(test, loom))]
#[path = "once_loom.rs"]
mod loom_tests;
