//! One run: [`run`], [`replay`].

use crate::builder::Builder;
use crate::report::Report;
use std::sync::{Mutex, PoisonError};

/// What can be run: a future, or a function that gives one. `M` is told apart by the compiler.
pub trait Root<M>: Send + 'static {
    /// The future.
    type Future: Future<Output: Send + 'static> + Send + 'static;

    /// Makes it.
    fn into_future(self) -> Self::Future;
}

/// Marks a future as a [`Root`].
#[derive(Debug)]
pub struct IsFuture;

/// Marks a function as a [`Root`].
#[derive(Debug)]
pub struct IsFunction;

impl<F> Root<IsFuture> for F
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    type Future = F;
    fn into_future(self) -> F {
        self
    }
}

impl<F, R> Root<(IsFunction, R)> for F
where
    F: FnOnce() -> R + Send + 'static,
    R: Future<Output: Send + 'static> + Send + 'static,
{
    type Future = R;
    fn into_future(self) -> R {
        self()
    }
}

/// Runs a program once, under the random scheduler with this seed: `root` is a future, or a function that gives one.
///
/// The same program with the same seed does the same each time.
///
/// # Examples
/// ```
/// use gaggle_rt::time::{Instant, sleep};
/// use std::time::Duration;
/// let report = gaggle_sim::run(1, async {
///     let begin = Instant::now();
///     sleep(Duration::from_secs(86_400)).await;
///     assert_eq!(begin.elapsed(), Duration::from_secs(86_400));
/// });
/// assert!(report.ok(), "{report}");
/// ```
#[track_caller]
pub fn run<M>(seed: u64, root: impl Root<M>) -> Report {
    Builder::new().seed(seed).once(root)
}

/// Runs a program once, with the schedule that a report has printed (its [`token`](Report::token)), or that is in the file of that name.
///
/// # Panics
/// When the text is no such schedule, with what is wrong with it.
///
/// # Examples
/// ```
/// # let program = || async { std::future::pending::<()>().await };
/// let report = gaggle_sim::run(1, program);
/// let token = report.token().expect("it never ends");
/// let again = gaggle_sim::replay(token, program);
/// let summary = |report: gaggle_sim::Report| report.finding().map(|f| f.summary().to_owned());
/// assert_eq!(summary(again), summary(report));
/// ```
#[track_caller]
pub fn replay<M>(schedule: &str, root: impl Root<M>) -> Report {
    Builder::new().replaying(schedule).once(root)
}

/// A future that can be taken once, out of a function that is called once.
pub(crate) fn only_once<T: Send>(value: T) -> impl Fn() -> T + Send + Sync {
    let place = Mutex::new(Some(value));
    move || {
        let taken = place.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.expect("it is run once")
    }
}
