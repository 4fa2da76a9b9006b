//! [`OnceValue`] and [`OnceFn`]: a function that runs at the first call, and whose result all later calls get (semantics.md LK-14 to LK-16).
//!
//! The result, or what the panic said, is in a `OnceCell`; the function is in a lock of its own until the holder of the turn takes it out.

use super::once_cell::OnceCell;
use gaggle_base::payload::message_of;
use gaggle_base::site::Site;
use gaggle_base::spin::SpinLock;
use gaggle_base::wait::Reason;
use std::any::Any;
use std::fmt;
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// A function that runs at the first call; every call gives its value. See [`once_value`].
///
/// A `static` needs no closure's type: `static V: OnceValue<T> = OnceValue::new(|| ..)`.
pub struct OnceValue<T, F = fn() -> T> {
    result: OnceCell<Result<T, Said>>,
    function: SpinLock<Option<F>>,
}

/// A function that runs at the first call, and of which only the effect counts. See [`once_fn`].
pub type OnceFn<F = fn()> = OnceValue<(), F>;

type Panic = Box<dyn Any + Send>;
/// What a panic said, for all who call later.
type Said = Arc<str>;

/// A function that runs `f` at the first call; every call gives its value (LK-14).
///
/// Later calls allocate nothing and cost one load. What `f` has captured is dropped right after it has run, although the wrapper lives on (LK-16).
///
/// # Panics
/// If `f` panics, the panic goes to the first caller, and every later call panics with a shared copy of the message (LK-15, T24).
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::once_value;
/// # futures::executor::block_on(async {
/// let config = once_value(|| "read once".to_owned());
/// assert_eq!(config.call().await, "read once");
/// assert_eq!(config.call_blocking(), "read once");
/// # });
/// ```
pub const fn once_value<T, F: FnOnce() -> T>(f: F) -> OnceValue<T, F> {
    OnceValue::new(f)
}

/// A function that runs `f` at the first call, and does nothing later (LK-14).
///
/// # Panics
/// As for [`once_value`].
///
/// # Examples
/// ```
/// # use gaggle_chan::sync::{OnceFn, once_fn};
/// # futures::executor::block_on(async {
/// static GREET: OnceFn = once_fn(|| println!("hello"));
/// GREET.call().await;
/// GREET.call().await;
/// assert!(GREET.is_done());
/// # });
/// ```
pub const fn once_fn<F: FnOnce()>(f: F) -> OnceFn<F> {
    OnceValue::new(f)
}

impl<T, F: FnOnce() -> T> OnceValue<T, F> {
    /// As [`once_value`].
    #[must_use]
    pub const fn new(f: F) -> Self {
        Self {
            result: OnceCell::new(),
            function: SpinLock::new(Some(f)),
        }
    }

    /// The value; the first call makes it, and others that come meanwhile wait for that.
    ///
    /// The function itself runs on the thread of the first caller and is not interrupted. It must not call its own wrapper: that would wait for itself, for ever.
    ///
    /// # Panics
    /// When the function does, or did (LK-15).
    ///
    /// # Cancel safety
    /// A future that is dropped before it is ready has not run the function, and leaves no trace (RX-04).
    #[track_caller]
    pub fn call(&self) -> impl Future<Output = &T> + use<'_, T, F> {
        let site = Site::caller();
        async move {
            let mut panic = None;
            let run = || ready(self.run(&mut panic));
            let result = self.result.get_or_init_because(Reason::Once, site, run);
            value(result.await, panic)
        }
    }

    /// As [`call`](Self::call), and blocks the calling thread for as long as somebody else runs the function.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread before this one waits (RX-07).
    #[track_caller]
    pub fn call_blocking(&self) -> &T {
        let mut panic = None;
        value(
            self.result.get_or_init_blocking(|| self.run(&mut panic)),
            panic,
        )
    }

    /// Runs the function, for the holder of the cell's turn, who alone gets the panic as it was.
    fn run(&self, panic: &mut Option<Panic>) -> Result<T, Said> {
        let function = self.function.lock().take();
        let function = function.expect("whoever takes it fills the cell");
        catch_unwind(AssertUnwindSafe(function)).map_err(|payload| {
            let said = message_of(&*payload).into();
            *panic = Some(payload);
            said
        })
    }
}

/// Ends a call: with the value, with the panic of its own run, or with what an earlier one said.
fn value<T>(result: &Result<T, Said>, panic: Option<Panic>) -> &T {
    if let Some(payload) = panic {
        resume_unwind(payload);
    }
    match result {
        Ok(value) => value,
        Err(said) => panic!("{said}"),
    }
}

impl<T, F> OnceValue<T, F> {
    /// The value, if the function has run and did not panic.
    #[must_use]
    pub fn get(&self) -> Option<&T> {
        self.result.get()?.as_ref().ok()
    }

    /// Has the function run, or panicked?
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.result.get().is_some()
    }
}

impl<T: fmt::Debug, F> fmt::Debug for OnceValue<T, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OnceValue").field(&self.get()).finish()
    }
}
