//! One run for all who ask for the same thing at the same time (semantics.md XS-13 to XS-18, T28).
//!
//! A run is a `OnceCell` that its callers share; who runs, and who takes over from a caller that is dropped, is decided there.
//! The group maps a key to the run that is under way. The map's lock protects it and the number of each run's callers.
//! `Hash` and `Eq` of the keys run under that lock; nothing else of the user's does, and nobody waits under it.
//!
//! A run leaves the map before its end is made known, so whoever comes after the end begins a new one (XS-14).
//! It is taken out only if it is still the one that is there: after a `forget` the key may belong to a newer one (XS-15).

use crate::{JoinHandle, go};
use gaggle_base::payload::message_of;
use gaggle_base::site::Site;
use gaggle_base::thread::wait_for;
use gaggle_base::wait::Reason;
use gaggle_chan::sync::OnceCell;
use std::any::Any;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

/// What a call gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Flight<V> {
    /// The value of the run.
    pub value: V,
    /// Did the run serve more than one call? The same for all of them.
    pub shared: bool,
}

/// Keys, and for each at most one run that is under way (XS-13).
///
/// Clones share the runs. A result is not kept: once a run has ended, the next call begins a new one (XS-14).
/// To share failures too, let `V` be a `Result`.
///
/// # Panics
/// If the function of a run panics, the panic goes on in the call that ran it, and each of the others that it served panics with a shared copy of the message (XS-17, T28). The key is free again.
///
/// # Cancellation
/// If the call that runs is dropped, its function's future is dropped, and the call that waits longest runs its own function. Nobody hangs (XS-18, T28).
///
/// # A call inside the call
/// A function must not wait for a call with its own key: it would wait for itself, for ever.
///
/// # Examples
/// ```
/// use gaggle::sync::singleflight::Group;
/// gaggle::block_on(async {
///     let group = Group::new();
///     let flight = group.call("key", async || "value").await;
///     assert_eq!((flight.value, flight.shared), ("value", false));
/// });
/// ```
pub struct Group<K, V> {
    runs: Arc<Mutex<Runs<K, V>>>,
}

type Runs<K, V> = HashMap<K, Arc<Run<V>>>;
type Panic = Box<dyn Any + Send>;

struct Run<V> {
    outcome: OnceCell<Outcome<V>>,
    /// The calls that have a seat. Changed under the map's lock only.
    callers: AtomicUsize,
}

struct Outcome<V> {
    /// The value, or what the panic said.
    result: Result<V, Arc<str>>,
    shared: bool,
}

impl<K, V> Group<K, V> {
    /// A group in which nothing is under way.
    #[must_use]
    pub fn new() -> Self {
        Self {
            runs: Arc::default(),
        }
    }

    /// How many keys have a run under way at this instant.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.lock().len()
    }

    /// A key's `Hash` that panics leaves the map as it was, so poison means nothing.
    fn lock(&self) -> MutexGuard<'_, Runs<K, V>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Hash + Eq + Clone, V: Clone> Group<K, V> {
    /// Joins the run for `key` that is under way; if there is none, begins one with `f` (XS-13).
    ///
    /// # Panics
    /// When the function that ran does (XS-17).
    ///
    /// # Cancel safety
    /// A future that is dropped before it was polled leaves no trace.
    /// One that is dropped while it waits leaves none either (RX-03, RX-04); one that is dropped while it runs `f` passes the run on to the call that waits longest, which uses its own function.
    #[track_caller]
    pub fn call<F, Fut>(&self, key: K, f: F) -> impl Future<Output = Flight<V>> + use<K, V, F, Fut>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        let site = Site::caller();
        let group = self.clone();
        async move { group.join(key).fly(site, f).await }
    }

    /// As [`call`](Self::call), and blocks the calling thread for as long as the run takes.
    ///
    /// # Panics
    /// As for `call`.
    ///
    /// # Blocking
    /// For plain threads. In a goroutine it works too: the worker's other goroutines move to another thread before this one waits (RX-07).
    #[track_caller]
    pub fn call_blocking(&self, key: K, f: impl FnOnce() -> V) -> Flight<V> {
        wait_for(self.call(key, async || f()))
    }

    /// Joins the run for `key`, or begins one, at once, and waits for it in a goroutine of its own (XS-16).
    ///
    /// The handle gets the result. Nobody has to take it.
    /// Of several calls that have joined before any of them could run, the one that gets a worker first runs its function; `f` may be that or not.
    ///
    /// # Panics
    /// Never itself. A panic of the function is in the handle; if that was dropped, it is raised out of `block_on` and `main`, as for any goroutine (XS-17, T20).
    ///
    /// # Examples
    /// ```
    /// use gaggle::sync::singleflight::Group;
    /// gaggle::block_on(async {
    ///     let group = Group::new();
    ///     let (joined, both) = gaggle::chan::bounded::<()>(0);
    ///     let one = group.call_spawned("key", async move || {
    ///         // Until the other has joined: a run that is over is shared with nobody (XS-14).
    ///         let _ = both.recv().await;
    ///         1
    ///     });
    ///     let other = group.call_spawned("key", async || 2);
    ///     drop(joined);
    ///     assert_eq!(one.await.unwrap(), other.await.unwrap());
    /// });
    /// ```
    #[track_caller]
    pub fn call_spawned<F, Fut>(&self, key: K, f: F) -> JoinHandle<Flight<V>>
    where
        K: Send + Sync + 'static,
        V: Send + Sync + 'static,
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = V> + Send + 'static,
    {
        go(self.join(key).fly(Site::caller(), f))
    }

    /// Makes the next call with `key` begin a new run. Those who wait for the present one go on to do so, and its end does not disturb the newer one (XS-15).
    pub fn forget<Q>(&self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let removed = self.lock().remove_entry(key);
        // After the lock: the key's `Drop` is the user's.
        drop(removed);
    }

    fn join(&self, key: K) -> Seat<K, V> {
        // Before the lock: the key's `Clone` is the user's. It is declared before the guard, so dropped after it.
        let mut copy = Some(key.clone());
        let mut runs = self.lock();
        let run = if let Some(run) = runs.get(&key) {
            run.clone()
        } else {
            let run = Arc::new(Run {
                outcome: OnceCell::new(),
                callers: AtomicUsize::new(0),
            });
            copy.take().map(|copy| runs.insert(copy, run.clone()));
            run
        };
        run.callers.fetch_add(1, Ordering::Relaxed);
        drop(runs);
        Seat {
            group: self.clone(),
            key,
            run,
        }
    }
}

/// One call's part in a run.
struct Seat<K: Hash + Eq, V> {
    group: Group<K, V>,
    key: K,
    run: Arc<Run<V>>,
}

impl<K: Hash + Eq, V> Seat<K, V> {
    /// Takes the run out of the map, if it is still the one that is there. What it returns is to be dropped after the lock.
    fn take_out(&self, runs: &mut Runs<K, V>) -> Option<(K, Arc<Run<V>>)> {
        let there = runs.get(&self.key)?;
        if !Arc::ptr_eq(there, &self.run) {
            return None;
        }
        runs.remove_entry(&self.key)
    }

    /// The function has ended: nobody joins any more. Says whether others have.
    fn land(&self) -> bool {
        let mut runs = self.group.lock();
        let removed = self.take_out(&mut runs);
        let shared = self.run.callers.load(Ordering::Relaxed) > 1;
        drop(runs);
        drop(removed);
        shared
    }

    async fn fly<F, Fut>(self, site: Site, f: F) -> Flight<V>
    where
        V: Clone,
        F: FnOnce() -> Fut,
        Fut: Future<Output = V>,
    {
        let mut panic = None;
        let cell = &self.run.outcome;
        let outcome = cell.get_or_init_because(Reason::Singleflight, site, async || {
            let result = caught(f).await.map_err(|payload| {
                let said = message_of(&*payload).into();
                panic = Some(payload);
                said
            });
            let shared = self.land();
            Outcome { result, shared }
        });
        let outcome = outcome.await;
        if let Some(payload) = panic {
            resume_unwind(payload);
        }
        match &outcome.result {
            Ok(value) => Flight {
                value: value.clone(),
                shared: outcome.shared,
            },
            Err(said) => panic!("{said}"),
        }
    }
}

impl<K: Hash + Eq, V> Drop for Seat<K, V> {
    fn drop(&mut self) {
        if self.run.outcome.get().is_some() {
            return;
        }
        // It was given up. With its last caller the run leaves the map, or it would stay there for ever.
        let mut runs = self.group.lock();
        let others = self.run.callers.fetch_sub(1, Ordering::Relaxed) - 1;
        let removed = if others == 0 {
            self.take_out(&mut runs)
        } else {
            None
        };
        drop(runs);
        drop(removed);
    }
}

/// Runs `f` to its end, which may be a panic.
async fn caught<F, Fut>(f: F) -> Result<Fut::Output, Panic>
where
    F: FnOnce() -> Fut,
    Fut: Future,
{
    let mut body = pin!(async move { f().await });
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| body.as_mut().poll(cx))) {
            Ok(polled) => polled.map(Ok),
            Err(payload) => Poll::Ready(Err(payload)),
        },
    )
    .await
}

impl<K, V> Clone for Group<K, V> {
    fn clone(&self) -> Self {
        Self {
            runs: self.runs.clone(),
        }
    }
}

impl<K, V> Default for Group<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

impl<K, V> fmt::Debug for Group<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("in_flight", &self.in_flight())
            .finish()
    }
}
