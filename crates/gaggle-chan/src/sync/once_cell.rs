//! [`OnceCell`]: a value that is made once, by whoever needs it first (semantics.md LK-12, MM-08).
//!
//! Who makes the value is decided in `turns.rs`. The value is written by the holder of the turn only, and read once the state is `DONE` only.
//! A run that panics, fails or is dropped gives its turn up: the next one makes the value in its own way.

use super::turns::{Role, Turn, Turns};
use gaggle_base::site::Site;
use gaggle_base::sync::Cell;
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use std::convert::Infallible;
use std::fmt;

/// A place for one value that is made once and then shared.
///
/// Of many concurrent [`get_or_init`](Self::get_or_init) one makes the value, and the others wait for it (MM-08).
/// Once it is there, each of the methods is one load: it neither waits nor gives way to other goroutines.
///
/// If the one that makes the value panics, fails or is dropped before its end, the call that waits longest makes it in its own way.
///
/// # A call inside the call
/// What makes the value must not wait for the same cell: that goroutine or thread would wait for itself, for ever.
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::OnceCell;
/// # futures::executor::block_on(async {
/// static NAME: OnceCell<String> = OnceCell::new();
/// assert_eq!(NAME.get(), None);
/// assert_eq!(NAME.get_or_init(async || "gaggle".to_owned()).await, "gaggle");
/// assert_eq!(NAME.get_or_init(async || unreachable!()).await, "gaggle");
/// # });
/// ```
pub struct OnceCell<T> {
    turns: Turns,
    value: Cell<Option<T>>,
}

// SAFETY: the value goes in on one thread and may come out, by `&mut` or drop, on another (`T: Send`).
unsafe impl<T: Send> Send for OnceCell<T> {}
// SAFETY: the holder of the turn writes, which may be on any thread (`T: Send`); after `DONE` all threads read (`T: Sync`), and nobody writes.
unsafe impl<T: Send + Sync> Sync for OnceCell<T> {}

impl<T> OnceCell<T> {
    /// An empty cell.
    #[cfg(not(loom))]
    #[must_use]
    pub const fn new() -> Self {
        Self {
            turns: Turns::new(),
            value: Cell::new(None),
        }
    }

    /// An empty cell.
    #[cfg(loom)]
    #[must_use]
    pub fn new() -> Self {
        Self {
            turns: Turns::new(),
            value: Cell::new(None),
        }
    }

    /// The value, if it is there at this instant. What its making has done is visible then (MM-08).
    #[inline]
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        if !self.turns.is_done() {
            return None;
        }
        // SAFETY: the state is `DONE`, so nobody writes while `self` is borrowed, and what was written is visible.
        self.value.with(|p| unsafe { &*p }).as_ref()
    }

    /// The value. If there is none, the future of `f` makes it; if somebody is at it, that one's end is waited for.
    ///
    /// # Panics
    /// When `f` or its future does. The cell is as before then: the next makes the value.
    ///
    /// # Cancel safety
    /// A future that is dropped while it waits leaves no trace (RX-03, RX-04).
    /// One that is dropped while it makes the value drops `f`'s future first; then the call that waits longest runs its own.
    #[track_caller]
    pub fn get_or_init<F, Fut>(&self, f: F) -> impl Future<Output = &T> + use<'_, T, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        self.get_or_init_because(Reason::Once, Site::caller(), f)
    }

    /// As [`get_or_init`](Self::get_or_init); wait records say `reason` and `site`.
    #[doc(hidden)]
    pub async fn get_or_init_because<F, Fut>(&self, reason: Reason, site: Site, f: F) -> &T
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = T>,
    {
        if let Some(value) = self.get() {
            return value;
        }
        // The turn is declared before the future that it is for, so that who takes over begins after all that this one has left was dropped.
        if let Some(turn) = self.turns.enter(Role::Runner, reason, site).await {
            let value = f().await;
            self.fill(turn, value);
        }
        self.filled()
    }

    /// As [`get_or_init`](Self::get_or_init), for a value whose making may fail.
    ///
    /// # Errors
    /// That of `f`. The cell is as before then: the next makes the value.
    ///
    /// # Panics
    /// When `f` or its future does.
    ///
    /// # Cancel safety
    /// As for [`get_or_init`](Self::get_or_init).
    ///
    /// # Examples
    /// ```
    /// # use gaggle_chan::sync::OnceCell;
    /// # futures::executor::block_on(async {
    /// let cell = OnceCell::new();
    /// assert_eq!(cell.get_or_try_init(async || Err("not now")).await, Err("not now"));
    /// assert_eq!(cell.get_or_try_init(async || Ok::<_, ()>(1)).await, Ok(&1));
    /// # });
    /// ```
    #[track_caller]
    pub fn get_or_try_init<E, F, Fut>(
        &self,
        f: F,
    ) -> impl Future<Output = Result<&T, E>> + use<'_, T, E, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let site = Site::caller();
        async move {
            if let Some(value) = self.get() {
                return Ok(value);
            }
            let turn = self.turns.enter(Role::Runner, Reason::Once, site).await;
            if let Some(turn) = turn {
                let value = f().await?;
                self.fill(turn, value);
            }
            Ok(self.filled())
        }
    }

    /// As [`get_or_init`](Self::get_or_init), and blocks the calling thread for as long as somebody else makes the value.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread before this one waits (RX-07).
    #[track_caller]
    pub fn get_or_init_blocking(&self, f: impl FnOnce() -> T) -> &T {
        let Ok(value) = self.get_or_try_init_blocking(|| Ok::<T, Infallible>(f()));
        value
    }

    /// As [`get_or_try_init`](Self::get_or_try_init), and blocks the calling thread for as long as somebody else makes the value.
    ///
    /// # Errors
    /// That of `f`.
    ///
    /// # Blocking
    /// As for [`get_or_init_blocking`](Self::get_or_init_blocking).
    #[track_caller]
    pub fn get_or_try_init_blocking<E>(&self, f: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        if let Some(value) = self.get() {
            return Ok(value);
        }
        let enter = self.turns.enter(Role::Runner, Reason::Once, Site::caller());
        if let Some(turn) = wait_for(enter) {
            let value = f()?;
            self.fill(turn, value);
        }
        Ok(self.filled())
    }

    /// Puts `value` in, if the cell is empty and nobody is making a value at this instant.
    ///
    /// # Errors
    /// Gives the value back otherwise.
    pub fn set(&self, value: T) -> Result<(), T> {
        match self.turns.try_take() {
            Some(turn) => {
                self.fill(turn, value);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// Waits until somebody has put a value in.
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready leaves no trace (RX-04).
    #[track_caller]
    pub fn wait(&self) -> impl Future<Output = &T> + use<'_, T> {
        let site = Site::caller();
        async move {
            if let Some(value) = self.get() {
                return value;
            }
            let nothing = self.turns.enter(Role::Watcher, Reason::Once, site).await;
            debug_assert!(nothing.is_none(), "a watcher never gets the turn");
            self.filled()
        }
    }

    /// Blocks the calling thread until somebody has put a value in.
    ///
    /// # Blocking
    /// As for [`get_or_init_blocking`](Self::get_or_init_blocking).
    #[track_caller]
    pub fn wait_blocking(&self) -> &T {
        wait_for(self.wait())
    }

    /// The value; nobody else can have it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        // SAFETY: `&mut self`: nobody reads or writes.
        self.value.with_mut(|p| unsafe { &mut *p }).as_mut()
    }

    /// Takes the value out; the cell is empty again.
    pub fn take(&mut self) -> Option<T> {
        let value = self.value.with_mut(|p| {
            // SAFETY: `&mut self`: nobody reads or writes.
            unsafe { (*p).take() }
        });
        self.turns.reset();
        value
    }

    /// The value; nobody else can have it.
    pub fn into_inner(mut self) -> Option<T> {
        self.take()
    }

    fn fill(&self, turn: Turn<'_>, value: T) {
        // SAFETY: the turn is ours, so nobody else writes, and nobody reads before `DONE`. What is overwritten is `None`: nothing of the user's is dropped.
        self.value.with_mut(|p| unsafe { *p = Some(value) });
        turn.finish();
    }

    /// The value, after somebody's end was seen.
    fn filled(&self) -> &T {
        self.get().expect("the turn has ended with a value")
    }
}

impl<T> Default for OnceCell<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> From<T> for OnceCell<T> {
    fn from(value: T) -> Self {
        let cell = Self::new();
        assert!(cell.set(value).is_ok(), "it is new");
        cell
    }
}

impl<T: Clone> Clone for OnceCell<T> {
    /// A cell of its own, with a clone of the value if there is one.
    fn clone(&self) -> Self {
        self.get().cloned().map_or_else(Self::new, Self::from)
    }
}

impl<T: fmt::Debug> fmt::Debug for OnceCell<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.get() {
            Some(value) => f.debug_tuple("OnceCell").field(value).finish(),
            None => f.write_str("OnceCell(<empty>)"),
        }
    }
}

#[cfg(all(test, loom))]
#[path = "once_cell_loom.rs"]
mod loom_tests;
