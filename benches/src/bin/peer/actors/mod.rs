//! What the rows about actors ask of a library of actors, and the libraries, one file each.
//!
//! Each has four kinds of actors: one that adds up, a node of a ring, one of a crowd, and a worker that crashes when it is told to.

mod actix;
mod gaggle;
mod kameo;
mod ractor;
mod xtra;

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::rows::Slots;
use crate::runtime::{Countdown, WaitGroup};

pub(crate) use self::actix::Actix;
pub(crate) use self::gaggle::GaggleActors;
pub(crate) use self::kameo::Kameo;
pub(crate) use self::ractor::Ractor;
pub(crate) use self::xtra::Xtra;

/// A library of actors on a runtime.
pub(crate) trait Actors: Sized + Send + Sync + 'static {
    /// The address of an actor that adds up what it is told.
    type Sum: Clone + Send + Sync + 'static;
    /// The address of a node of a ring.
    type Node: Clone + Send + Sync + 'static;
    /// Idle actors, supervised where the library supervises.
    type Crowd: Send + 'static;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    /// Starts what is no actor.
    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static;

    fn sum() -> impl Future<Output = Self::Sum> + Send;
    /// Tells it a value, and waits for room if its mailbox has bounds.
    fn tell(sum: &Self::Sum, value: u64) -> impl Future<Output = ()> + Send;
    /// Asks it for what a value is when it is doubled.
    fn ask(sum: &Self::Sum, value: u64) -> impl Future<Output = u64> + Send;
    /// Asks it for the sum of all that it was told: so many values, whoever told them.
    fn total(sum: &Self::Sum, values: u64) -> impl Future<Output = u64> + Send;

    fn node(i: usize, ring: &'static Ring) -> impl Future<Output = Self::Node> + Send;
    /// Says which node is the next one.
    fn link(node: &Self::Node, next: Self::Node) -> impl Future<Output = ()> + Send;
    /// Hands the token to a node.
    fn pass(node: &Self::Node, hop: u64) -> impl Future<Output = ()> + Send;

    /// Starts so many actors, one after the other; each says so when it has started.
    fn gather(n: usize, census: &'static Census) -> impl Future<Output = Self::Crowd> + Send;
    /// Stops them all; each says so when it stops.
    fn scatter(crowd: Self::Crowd) -> impl Future<Output = ()> + Send;
}

/// A library whose supervisors restart.
pub(crate) trait Restarts: Actors {
    /// Whoever supervises the workers.
    type Pool: Send + 'static;
    /// Where a worker is reached, whichever incarnation it is.
    type Worker: Send + 'static;

    /// Workers under one supervisor that restarts them, each by itself and as often as it takes.
    fn pool(
        workers: usize,
        census: &'static Census,
    ) -> impl Future<Output = (Self::Pool, Vec<Self::Worker>)> + Send;
    /// Asks it for what a value is when it is doubled.
    fn work(worker: &mut Self::Worker, value: u64) -> impl Future<Output = u64> + Send;
    /// Sends it a message that crashes it, and waits until it can be asked again.
    fn crash(worker: &mut Self::Worker) -> impl Future<Output = ()> + Send;
    fn close(pool: Self::Pool) -> impl Future<Output = ()> + Send;
}

/// What the nodes of a ring share.
pub(crate) struct Ring {
    pub(crate) hops: u64,
    pub(crate) visits: Slots,
    pub(crate) over: Countdown,
}

impl Ring {
    /// A node has the token. Says whether it goes on.
    #[inline]
    pub(crate) fn visit(&self, i: usize, hop: u64) -> bool {
        self.visits.hit(i);
        if hop == self.hops {
            self.over.done();
        }
        hop < self.hops
    }
}

/// Who has come and gone.
pub(crate) struct Census {
    pub(crate) begun: AtomicU64,
    pub(crate) ends: Slots,
    pub(crate) group: Countdown,
}

impl Census {
    pub(crate) fn new(actors: usize) -> Census {
        Census {
            begun: AtomicU64::new(0),
            ends: Slots::new(actors),
            group: Countdown::new(),
        }
    }

    pub(crate) fn come(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
        self.group.done();
    }

    pub(crate) fn go(&self, i: usize) {
        self.ends.hit(i);
        self.group.done();
    }
}

/// The runtime below the libraries that stand on tokio.
pub(crate) fn on_tokio<F: Future>(workers: usize, root: F) -> F::Output {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(workers).enable_time();
    runtime
        .build()
        .expect("threads can be started")
        .block_on(root)
}
