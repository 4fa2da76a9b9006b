//! [`Group`]: goroutines that are waited for together; the first error is the group's.

use super::error::TaskFailed;
use super::tasks::{Ending, Tasks};
use crate::context::{Context, into_cause};
use crate::panics::raise;
use gaggle_chan::sync::Event;
use std::error::Error;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// Goroutines that work on one thing: started together, waited for together, and the first error is what becomes of it.
///
/// * [`wait`](Self::wait) waits for all of them and gives the first error in time (XS-01).
/// * With a context, the first error or panic cancels it, so that the others may stop early (XS-02).
/// * A panic is raised in `wait`, after all have ended (T20; Go crashes, XS-06).
/// * Dropping the group cancels its context and aborts what still runs; [`detach`](Self::detach) lets it run.
///
/// A goroutine that starts further ones shares the group in an [`Arc`].
///
/// # Examples
/// ```
/// use gaggle::group::Group;
/// gaggle::block_on(async {
///     let g = Group::new();
///     for n in 0..10 {
///         g.go(async move { if n == 7 { Err(format!("{n} is bad")) } else { Ok(()) } });
///     }
///     assert_eq!(g.wait().await, Err("7 is bad".to_owned()));
/// });
/// ```
pub struct Group<E: Send + 'static>(Wait<E>);

/// The part of a group that waits. A [`Group`] is used as this where its errors cannot be cloned.
pub struct Wait<E: Send + 'static> {
    pub(super) tasks: Arc<Tasks<E>>,
}

impl<E: Send + 'static> Group<E> {
    /// A group without a context and without a limit (XS-01).
    #[must_use]
    pub fn new() -> Self {
        Self(Wait {
            tasks: Tasks::new(None),
        })
    }

    /// A group, and a context below `ctx` that is cancelled at the first error or panic, or when [`wait`](Self::wait) returns (XS-02). Its cause is [`TaskFailed`] then, or none.
    ///
    /// # Examples
    /// ```
    /// use gaggle::{context::Context, group::Group};
    /// gaggle::block_on(async {
    ///     let (g, ctx) = Group::with_context(&Context::background());
    ///     g.go(async move {
    ///         ctx.done().await; // somebody has failed
    ///         Ok(())
    ///     });
    ///     g.go(async { Err("on purpose") });
    ///     assert_eq!(g.wait().await, Err("on purpose"));
    /// });
    /// ```
    #[must_use = "the group is what goroutines are started with"]
    pub fn with_context(ctx: &Context) -> (Self, Context) {
        Self::with_context_cause(ctx, |_: &E| TaskFailed { panicked: false })
    }

    /// As [`with_context`](Self::with_context); `cause` says what the cause is for an error (XS-02). It is called once, by the goroutine that fails first.
    ///
    /// # Examples
    /// ```
    /// use gaggle::{context::Context, group::Group};
    /// gaggle::block_on(async {
    ///     let (g, ctx) = Group::with_context_cause(&Context::background(), |e: &String| e.clone());
    ///     g.go(async { Err("no disk".to_owned()) });
    ///     assert!(g.wait().await.is_err());
    ///     assert_eq!(ctx.cause().unwrap().to_string(), "no disk");
    /// });
    /// ```
    #[must_use = "the group is what goroutines are started with"]
    pub fn with_context_cause<C>(
        ctx: &Context,
        cause: impl Fn(&E) -> C + Send + Sync + 'static,
    ) -> (Self, Context)
    where
        C: Into<Box<dyn Error + Send + Sync>>,
    {
        let (ctx, cancel) = ctx.with_cancel_cause();
        let cause_of = Box::new(move |error: &E| into_cause(cause(error)));
        let tasks = Tasks::new(Some(Ending { cancel, cause_of }));
        (Self(Wait { tasks }), ctx)
    }

    /// At most `n` goroutines run at a time from now on; with 0 none starts (XS-03).
    ///
    /// # Panics
    /// When goroutines of the group run (XS-05, T26).
    pub fn limit(&self, n: usize) {
        self.set_limit(Some(n));
    }

    /// Lifts the limit (XS-03).
    ///
    /// # Panics
    /// When goroutines of the group run (XS-05, T26).
    pub fn unlimited(&self) {
        self.set_limit(None);
    }

    fn set_limit(&self, limit: Option<usize>) {
        let mut state = self.tasks.state.lock();
        let active = state.active;
        if active == 0 {
            state.limit = limit;
        }
        drop(state);
        assert!(
            active == 0,
            "group: the limit was changed while {active} goroutines of the group are active"
        );
        raise(self.tasks.advance());
    }

    /// Starts `future` as a goroutine of the group.
    ///
    /// With a limit, goroutines over it are queued, and started in order as others end. It does not wait, where Go does: see [`go_wait`](Self::go_wait) for that.
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        if let Err(future) = self.tasks.try_start(future) {
            self.tasks.enqueue(Box::pin(future), None);
        }
    }

    /// As [`go`](Self::go), and waits until the goroutine has started: so whoever starts many does not run ahead of those that do the work (XS-03).
    ///
    /// # Cancel safety
    /// The goroutine is handed over by the first poll. To give up the wait after that does not take it back.
    pub async fn go_wait<F>(&self, future: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        if let Err(future) = self.tasks.try_start(future) {
            let started = Arc::new(Event::new());
            self.tasks.enqueue(Box::pin(future), Some(started.clone()));
            started.wait().await;
        }
    }

    /// Starts `future` if the limit leaves a place free, and says whether it did; the future is dropped if not (XS-04).
    #[must_use = "false: the goroutine was not started"]
    #[track_caller]
    pub fn try_go<F>(&self, future: F) -> bool
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
    {
        self.tasks.try_start(future).is_ok()
    }

    /// How many goroutines of the group run.
    #[must_use]
    pub fn active(&self) -> usize {
        self.tasks.state.lock().active
    }

    /// Lets the goroutines run without the group, those in the queue too. Their errors are lost; a panic is raised as that of any goroutine without a handle.
    ///
    /// The context of the group is cancelled when the last one has ended.
    pub fn detach(self) {
        self.tasks.detach();
    }
}

impl<E: Clone + Send + 'static> Group<E> {
    /// Waits until all goroutines of the group have ended, and gives the first error in time. It gives it again when it is asked again (XS-01).
    ///
    /// The group may be used on. Its context, if it has one, is done from now on (XS-02).
    ///
    /// An error that cannot be cloned is handed over to whoever waits first; who waits later is told of the next error, if there is one: see [`Wait::wait`].
    ///
    /// # Panics
    /// With the first panic of a goroutine, if there was one (T20); who waits again gets a panic that says so. Also when a goroutine was dropped in the middle because its runtime has ended.
    ///
    /// # Cancel safety
    /// To give the wait up loses nothing.
    pub async fn wait(&self) -> Result<(), E> {
        self.all_ended().await;
        self.tasks.error().map_or(Ok(()), Err)
    }
}

impl<E: Send + 'static> Wait<E> {
    /// As [`Group::wait`], for errors that cannot be cloned: each error is given once.
    ///
    /// # Panics
    /// As [`Group::wait`].
    ///
    /// # Cancel safety
    /// To give the wait up loses nothing.
    pub async fn wait(&self) -> Result<(), E> {
        self.all_ended().await;
        self.tasks.take_error().map_or(Ok(()), Err)
    }

    async fn all_ended(&self) {
        self.tasks.pending.wait().await;
        self.tasks.end_context(None);
        self.tasks.raise();
    }
}

/// So that `wait` is there for errors that cannot be cloned, too.
impl<E: Send + 'static> Deref for Group<E> {
    type Target = Wait<E>;

    fn deref(&self) -> &Wait<E> {
        &self.0
    }
}

impl<E: Send + 'static> Drop for Group<E> {
    fn drop(&mut self) {
        if !self.tasks.is_held() {
            return;
        }
        self.tasks.abort();
        self.tasks.end_context(None);
        self.tasks.raise_elsewhere();
    }
}

impl<E: Send + 'static> Default for Group<E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<E: Send + 'static> fmt::Debug for Group<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("active", &self.active())
            .field("queued", &self.tasks.queued())
            .finish_non_exhaustive()
    }
}

impl<E: Send + 'static> fmt::Debug for Wait<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wait").finish_non_exhaustive()
    }
}
