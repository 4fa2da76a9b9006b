//! actix. An actor lives on one thread, its arbiter's; they are given to the arbiters in turn. `do_send` knows no bounds.
//!
//! A panic takes its arbiter's thread with it; what a supervisor restarts is an actor that stops itself.

use std::future::Future;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use actix::{
    Actor, ActorContext, Addr, Arbiter, ArbiterHandle, Context, Handler, Message, MessageResult,
    Supervised, Supervisor, System,
};
use tokio::sync::oneshot;

use super::{Actors, Census, Restarts, Ring};

static ARBITERS: OnceLock<Vec<ArbiterHandle>> = OnceLock::new();

/// The arbiter of the next actor. What is no actor runs on the first one.
fn next() -> &'static ArbiterHandle {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    let arbiters = ARBITERS.get().expect("the system runs");
    &arbiters[NEXT.fetch_add(1, Ordering::Relaxed) % arbiters.len()]
}

pub(crate) struct Actix;

pub(crate) struct Tell(u64);
pub(crate) struct Double(u64);
pub(crate) struct Total;
pub(crate) struct Link(Addr<Node>);
pub(crate) struct Hop(u64);
pub(crate) struct Crash;

impl Message for Tell {
    type Result = ();
}
impl Message for Double {
    type Result = u64;
}
impl Message for Total {
    type Result = u64;
}
impl Message for Link {
    type Result = ();
}
impl Message for Hop {
    type Result = ();
}
impl Message for Crash {
    type Result = ();
}

pub(crate) struct Sum(u64);

impl Actor for Sum {
    type Context = Context<Self>;
}

impl Handler<Tell> for Sum {
    type Result = ();

    fn handle(&mut self, Tell(value): Tell, _: &mut Context<Self>) {
        self.0 = self.0.wrapping_add(value);
    }
}

impl Handler<Double> for Sum {
    type Result = MessageResult<Double>;

    fn handle(&mut self, Double(value): Double, _: &mut Context<Self>) -> Self::Result {
        MessageResult(value.wrapping_mul(2))
    }
}

impl Handler<Total> for Sum {
    type Result = MessageResult<Total>;

    fn handle(&mut self, _: Total, _: &mut Context<Self>) -> Self::Result {
        MessageResult(self.0)
    }
}

pub(crate) struct Node {
    i: usize,
    ring: &'static Ring,
    next: Option<Addr<Node>>,
}

impl Actor for Node {
    type Context = Context<Self>;
}

impl Handler<Link> for Node {
    type Result = ();

    fn handle(&mut self, Link(next): Link, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Hop> for Node {
    type Result = ();

    fn handle(&mut self, Hop(hop): Hop, _: &mut Context<Self>) {
        if self.ring.visit(self.i, hop)
            && let Some(next) = &self.next
        {
            next.do_send(Hop(hop + 1));
        }
    }
}

pub(crate) struct Idle {
    i: usize,
    census: &'static Census,
}

impl Actor for Idle {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.census.come();
    }

    fn stopped(&mut self, _: &mut Context<Self>) {
        self.census.go(self.i);
    }
}

impl Supervised for Idle {}

pub(crate) struct Worker {
    census: &'static Census,
}

impl Actor for Worker {
    type Context = Context<Self>;

    fn started(&mut self, _: &mut Context<Self>) {
        self.census.come();
    }
}

impl Supervised for Worker {}

impl Handler<Double> for Worker {
    type Result = MessageResult<Double>;

    fn handle(&mut self, Double(value): Double, _: &mut Context<Self>) -> Self::Result {
        MessageResult(value.wrapping_mul(2))
    }
}

impl Handler<Crash> for Worker {
    type Result = ();

    fn handle(&mut self, _: Crash, context: &mut Context<Self>) {
        context.stop();
    }
}

impl Actors for Actix {
    type Sum = Addr<Sum>;
    type Node = Addr<Node>;
    /// An actor ends, and its supervisor with it, when nobody has its address any more.
    type Crowd = Vec<Addr<Idle>>;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        System::new().block_on(async move {
            let arbiters: Vec<_> = (0..workers).map(|_| Arbiter::new()).collect();
            let handles = arbiters.iter().map(Arbiter::handle).collect();
            assert!(ARBITERS.set(handles).is_ok(), "a process runs one row");
            root.await
        })
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (done, output) = oneshot::channel();
        ARBITERS.get().expect("the system runs")[0].spawn(async move {
            // Nobody waits for it only when the row has failed.
            let _ = done.send(future.await);
        });
        async { output.await.expect("it has run to its end") }
    }

    async fn sum() -> Self::Sum {
        // Not where its callers are, if there is a choice.
        let arbiters = ARBITERS.get().expect("the system runs");
        Sum::start_in_arbiter(&arbiters[arbiters.len() - 1], |_| Sum(0))
    }

    #[inline]
    async fn tell(sum: &Self::Sum, value: u64) {
        sum.do_send(Tell(value));
    }

    #[inline]
    async fn ask(sum: &Self::Sum, value: u64) -> u64 {
        sum.send(Double(value)).await.expect("the actor lives")
    }

    async fn total(sum: &Self::Sum, _: u64) -> u64 {
        sum.send(Total).await.expect("the actor lives")
    }

    async fn node(i: usize, ring: &'static Ring) -> Self::Node {
        Node::start_in_arbiter(next(), move |_| Node {
            i,
            ring,
            next: None,
        })
    }

    async fn link(node: &Self::Node, next: Self::Node) {
        node.send(Link(next)).await.expect("the actor lives");
    }

    async fn pass(node: &Self::Node, hop: u64) {
        node.do_send(Hop(hop));
    }

    async fn gather(n: usize, census: &'static Census) -> Self::Crowd {
        let start = |i| Supervisor::start_in_arbiter(next(), move |_| Idle { i, census });
        (0..n).map(start).collect()
    }

    async fn scatter(crowd: Self::Crowd) {
        drop(crowd);
    }
}

impl Restarts for Actix {
    type Pool = ();
    type Worker = Addr<Worker>;

    async fn pool(workers: usize, census: &'static Census) -> ((), Vec<Self::Worker>) {
        let start = |_| Supervisor::start_in_arbiter(next(), move |_| Worker { census });
        ((), (0..workers).map(start).collect())
    }

    #[inline]
    async fn work(worker: &mut Self::Worker, value: u64) -> u64 {
        worker.send(Double(value)).await.expect("the actor is up")
    }

    async fn crash(worker: &mut Self::Worker) {
        // Whatever is sent next waits in the mailbox until it has been restarted.
        worker.do_send(Crash);
    }

    async fn close((): ()) {}
}
