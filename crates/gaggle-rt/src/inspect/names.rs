//! Names and labels of goroutines: rare, so they are in a table beside them and cost the others nothing.
//!
//! A goroutine inherits the labels of the one that starts it, and not its name (semantics.md RT-05).
//! The table's lock is an ordinary one. While the table is empty, a goroutine that starts or ends reads one count and goes on.

use crate::runtime::{self, GoId};
use crate::sched::{self, Shared};
use gaggle_base::context;
use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

/// A key and a value.
type Label = (Arc<str>, Arc<str>);

/// What is said of one goroutine.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tags {
    pub(crate) name: Option<Arc<str>>,
    /// Sorted by key.
    pub(crate) labels: Vec<Label>,
    /// It is not expected to end.
    pub(crate) daemon: bool,
}

impl Tags {
    fn set(&mut self, key: &str, value: &str) {
        let label = (Arc::from(key), Arc::from(value));
        match self.labels.binary_search_by(|(k, _)| (**k).cmp(key)) {
            Ok(at) => self.labels[at] = label,
            Err(at) => self.labels.insert(at, label),
        }
    }
}

/// The tags of one runtime's goroutines, by number.
#[derive(Default)]
pub(crate) struct Names {
    count: AtomicUsize,
    table: Mutex<HashMap<u64, Tags>>,
}

impl Names {
    fn table(&self) -> MutexGuard<'_, HashMap<u64, Tags>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Is nothing said of anybody?
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.count.load(Ordering::Relaxed) == 0
    }

    /// What is said of goroutine `id`.
    pub(crate) fn get(&self, id: u64) -> Tags {
        if self.is_empty() {
            return Tags::default();
        }
        self.table().get(&id).cloned().unwrap_or_default()
    }

    fn put(&self, id: u64, tags: Tags) {
        let mut table = self.table();
        if tags.name.is_none() && tags.labels.is_empty() && !tags.daemon {
            table.remove(&id);
        } else {
            table.insert(id, tags);
        }
        self.count.store(table.len(), Ordering::Relaxed);
    }

    /// Goroutine `id` is about to start; goroutine `parent` of the same runtime, or nobody, starts it.
    #[inline]
    pub(crate) fn inherit(&self, parent: u64, id: u64) {
        if !self.is_empty() {
            self.inherit_slow(parent, id);
        }
    }

    #[cold]
    fn inherit_slow(&self, parent: u64, id: u64) {
        let labels = self.get(parent).labels;
        if !labels.is_empty() {
            self.put(
                id,
                Tags {
                    labels,
                    ..Tags::default()
                },
            );
        }
    }

    /// Goroutine `id` has ended.
    #[inline]
    pub(crate) fn forget(&self, id: u64) {
        if !self.is_empty() {
            self.put(id, Tags::default());
        }
    }

    /// Forgets all.
    pub(crate) fn clear(&self) {
        if !self.is_empty() {
            self.table().clear();
            self.count.store(0, Ordering::Relaxed);
        }
    }

    fn change(&self, id: u64, f: impl FnOnce(&mut Tags)) {
        let mut tags = self.get(id);
        f(&mut tags);
        self.put(id, tags);
    }
}

/// Changes what is said of the goroutine that calls this. Nothing happens outside of one.
fn change_current(f: impl FnOnce(&mut Tags)) {
    let who = context::current();
    if !who.is_nobody() {
        sched::with_own_runtime(|shared| shared.names.change(who.id(), f));
    }
}

/// Gives the calling goroutine a name, which dumps show. Outside of a goroutine nothing happens.
///
/// # Examples
/// ```
/// # use gaggle_rt::runtime;
/// gaggle_rt::go(async { runtime::set_name("encoder") }).join_blocking().unwrap();
/// ```
pub fn set_name(name: &str) {
    change_current(|tags| tags.name = Some(Arc::from(name)));
}

/// Gives the calling goroutine a label, which dumps show and which goroutines inherit that it starts from now on (semantics.md RT-05).
///
/// # Examples
/// ```
/// # use gaggle_rt::{go, runtime};
/// go(async {
///     runtime::set_label("tenant", "acme");
///     go(async { assert_eq!(runtime::label("tenant").as_deref(), Some("acme")) }).await.unwrap();
/// }).join_blocking().unwrap();
/// ```
pub fn set_label(key: &str, value: &str) {
    change_current(|tags| tags.set(key, value));
}

/// The value of a label of the calling goroutine.
#[must_use]
pub fn label(key: &str) -> Option<Arc<str>> {
    let who = context::current();
    if who.is_nobody() {
        return None;
    }
    let tags = sched::with_own_runtime(|shared| shared.names.get(who.id()));
    let found = tags.labels.into_iter().find(|(k, _)| **k == *key);
    found.map(|(_, value)| value)
}

/// Runs `future` in the calling goroutine under one more label, and puts the labels back when it ends or is dropped (semantics.md RT-05).
///
/// # Cancel safety
/// As that of `future`.
///
/// # Examples
/// ```
/// # use gaggle_rt::{go, runtime};
/// go(async {
///     let inside = runtime::with_label("request", "17", async { runtime::label("request") }).await;
///     assert_eq!(inside.as_deref(), Some("17"));
///     assert_eq!(runtime::label("request"), None);
/// }).join_blocking().unwrap();
/// ```
pub fn with_label<F: Future>(key: &str, value: &str, future: F) -> WithLabel<F> {
    WithLabel {
        label: (Arc::from(key), Arc::from(value)),
        scope: None,
        future: Box::pin(future),
    }
}

/// The future of [`with_label`].
#[must_use = "nothing runs until the future is awaited"]
pub struct WithLabel<F> {
    label: Label,
    scope: Option<Scope>,
    future: Pin<Box<F>>,
}

/// Puts the labels back when it is dropped.
struct Scope {
    shared: Arc<Shared>,
    id: u64,
    before: Vec<Label>,
}

impl Drop for Scope {
    fn drop(&mut self) {
        let before = std::mem::take(&mut self.before);
        self.shared
            .names
            .change(self.id, |tags| tags.labels = before);
    }
}

impl<F> fmt::Debug for WithLabel<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WithLabel")
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

impl<F: Future> Future for WithLabel<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let who = context::current();
        if self.scope.is_none() && !who.is_nobody() {
            let shared = sched::with_own_runtime(Arc::clone);
            let before = shared.names.get(who.id()).labels;
            let (key, value) = self.label.clone();
            shared.names.change(who.id(), |tags| tags.set(&key, &value));
            self.scope = Some(Scope {
                shared,
                id: who.id(),
                before,
            });
        }
        let polled = self.future.as_mut().poll(cx);
        if polled.is_ready() {
            self.scope = None;
        }
        polled
    }
}

/// A goroutine to be, with a name and labels. See [`named`].
#[must_use = "nothing runs until `go` is called"]
#[derive(Debug, Default)]
pub struct Named {
    tags: Tags,
}

/// Describes a goroutine: its name, its labels; then starts it.
///
/// # Examples
/// ```
/// let handle = gaggle_rt::named("encoder").label("tenant", "acme").go(async { 6 * 7 });
/// assert_eq!(handle.join_blocking().unwrap(), 42);
/// ```
pub fn named(name: &str) -> Named {
    Named {
        tags: Tags {
            name: Some(Arc::from(name)),
            ..Tags::default()
        },
    }
}

impl Named {
    /// One more label, beside those that the goroutine inherits.
    pub fn label(mut self, key: &str, value: &str) -> Self {
        self.tags.set(key, value);
        self
    }

    /// It is not expected to end: under simulation it is no leak if it is left at the end.
    pub fn daemon(mut self) -> Self {
        self.tags.daemon = true;
        self
    }

    /// Starts the goroutine. See [`go`](crate::go).
    #[track_caller]
    pub fn go<F>(self, future: F) -> crate::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let site = gaggle_base::site::Site::caller();
        let tags = self.tags;
        // Named by itself, before its first step: so the name is never there without the goroutine.
        runtime::with_runtime(|shared| {
            shared.go(
                async move {
                    change_current(|own| {
                        (own.name, own.daemon) = (tags.name, tags.daemon);
                        for (key, value) in &tags.labels {
                            own.set(key, value);
                        }
                    });
                    future.await
                },
                site,
            )
        })
    }
}

/// What is said of a goroutine that is about to be shown.
pub(super) fn of(shared: &Shared, id: GoId) -> Tags {
    shared.names.get(id.as_u64())
}
