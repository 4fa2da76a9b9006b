//! [`Results`] and [`try_join_all`]: values of goroutines, in the order in which these were started.

use super::handle::Group;
use gaggle_base::spin::SpinLock;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

/// A [`Group`] whose goroutines give values.
///
/// [`collect`](Self::collect) gives them in the order of the calls to `go`; the first error aborts the rest.
///
/// # Examples
/// ```
/// use gaggle::group::Results;
/// gaggle::block_on(async {
///     let results = Results::<u32, String>::new();
///     for n in 0..5 {
///         results.go(async move { Ok(n * n) });
///     }
///     assert_eq!(results.collect().await.unwrap(), [0, 1, 4, 9, 16]);
/// });
/// ```
pub struct Results<T, E: Send + 'static> {
    group: Group<E>,
    values: Values<T>,
}

/// One place for each goroutine.
type Values<T> = Arc<SpinLock<Vec<Option<T>>>>;

impl<T: Send + 'static, E: Send + 'static> Results<T, E> {
    /// An empty group without a limit.
    #[must_use]
    pub fn new() -> Self {
        Self {
            group: Group::new(),
            values: Arc::new(SpinLock::new(Vec::new())),
        }
    }

    /// At most `n` goroutines run at a time. See [`Group::limit`].
    ///
    /// # Panics
    /// When goroutines of the group run.
    pub fn limit(&self, n: usize) {
        self.group.limit(n);
    }

    /// Starts `future` as a goroutine of the group, or queues it. See [`Group::go`].
    #[track_caller]
    pub fn go<F>(&self, future: F)
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.group.go(self.place(future));
    }

    /// As [`go`](Self::go), and waits until the goroutine has started. See [`Group::go_wait`].
    ///
    /// # Cancel safety
    /// As [`Group::go_wait`].
    pub async fn go_wait<F>(&self, future: F)
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        self.group.go_wait(self.place(future)).await;
    }

    /// `future`, with a place for its value.
    fn place<F>(&self, future: F) -> impl Future<Output = Result<(), E>> + Send + use<F, T, E>
    where
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let mut places = self.values.lock();
        let index = places.len();
        places.push(None);
        drop(places);
        let values = self.values.clone();
        async move {
            let value = Some(future.await?);
            // The place is empty, so nothing is dropped under the lock.
            values.lock()[index] = value;
            Ok(())
        }
    }

    /// Has a goroutine failed or panicked? What is started from now on is for nothing.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.group.tasks.failed.is_set()
    }

    /// Waits for all values, in the order in which the goroutines were started. After the first error the rest is aborted, and waited for.
    ///
    /// # Errors
    /// The first error in time.
    ///
    /// # Panics
    /// As [`Group::wait`].
    ///
    /// # Cancel safety
    /// When the future is dropped, the goroutines are aborted.
    pub async fn collect(self) -> Result<Vec<T>, E> {
        let tasks = &self.group.tasks;
        {
            let (mut failed, mut ended) = (pin!(tasks.failed.wait()), pin!(tasks.pending.wait()));
            poll_fn(|cx| {
                if failed.as_mut().poll(cx).is_ready() {
                    return Poll::Ready(());
                }
                ended.as_mut().poll(cx)
            })
            .await;
        }
        if self.has_failed() {
            tasks.abort();
            tasks.pending.wait().await;
        }
        tasks.raise();
        if let Some(error) = tasks.take_error() {
            return Err(error);
        }
        let values = std::mem::take(&mut *self.values.lock());
        let all: Option<Vec<T>> = values.into_iter().collect();
        Ok(all.expect("all goroutines ended without an error, so each has left its value"))
    }
}

/// Runs `futures` as goroutines, at most `limit` of them at a time, and gives their values in order (`None`: all at once).
///
/// With a limit the iterator is asked for the next one only when there is a place for it. The first error aborts the rest; so does dropping the future.
///
/// # Errors
/// The first error in time.
///
/// # Panics
/// With the first panic of one of them. With a limit of 0, which would never end.
///
/// # Examples
/// ```
/// use gaggle::group::try_join_all;
/// gaggle::block_on(async {
///     let lengths = ["a", "bcd", ""].map(|word| async move {
///         if word.is_empty() { Err("empty") } else { Ok(word.len()) }
///     });
///     assert_eq!(try_join_all(lengths, Some(2)).await, Err("empty"));
/// });
/// ```
pub async fn try_join_all<I, F, T, E>(futures: I, limit: Option<usize>) -> Result<Vec<T>, E>
where
    I: IntoIterator<Item = F>,
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let results = Results::new();
    if let Some(limit) = limit {
        assert!(limit > 0, "try_join_all with a limit of 0 never ends");
        results.limit(limit);
    }
    let mut futures = futures.into_iter();
    while !results.has_failed()
        && let Some(future) = futures.next()
    {
        results.go_wait(future).await;
    }
    results.collect().await
}

impl<T: Send + 'static, E: Send + 'static> Default for Results<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E: Send + 'static> fmt::Debug for Results<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Results").field(&self.group).finish()
    }
}
