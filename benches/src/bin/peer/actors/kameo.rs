//! kameo. Mailboxes have room for 64 messages, as they have if nothing is said, and outlive restarts.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use kameo::actor::{Actor, ActorRef, Spawn, WeakActorRef};
use kameo::error::ActorStopReason;
use kameo::message::{Context, Message};

use super::{Actors, Census, Restarts, Ring, on_tokio};
use crate::runtime::Runtime;
use crate::runtimes::Tokio;

pub(crate) struct Kameo;

pub(crate) struct Tell(u64);
pub(crate) struct Double(u64);
pub(crate) struct Total;

pub(crate) struct Sum(u64);

impl Actor for Sum {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Sum(0))
    }
}

impl Message<Tell> for Sum {
    type Reply = ();

    async fn handle(&mut self, Tell(value): Tell, _: &mut Context<Self, ()>) {
        self.0 = self.0.wrapping_add(value);
    }
}

impl Message<Double> for Sum {
    type Reply = u64;

    async fn handle(&mut self, Double(value): Double, _: &mut Context<Self, u64>) -> u64 {
        value.wrapping_mul(2)
    }
}

impl Message<Total> for Sum {
    type Reply = u64;

    async fn handle(&mut self, _: Total, _: &mut Context<Self, u64>) -> u64 {
        self.0
    }
}

pub(crate) struct Node {
    i: usize,
    ring: &'static Ring,
    next: Option<ActorRef<Node>>,
}

pub(crate) struct Link(ActorRef<Node>);
pub(crate) struct Hop(u64);

impl Actor for Node {
    type Args = (usize, &'static Ring);
    type Error = Infallible;

    async fn on_start((i, ring): Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Node {
            i,
            ring,
            next: None,
        })
    }
}

impl Message<Link> for Node {
    type Reply = ();

    async fn handle(&mut self, Link(next): Link, _: &mut Context<Self, ()>) {
        self.next = Some(next);
    }
}

impl Message<Hop> for Node {
    type Reply = ();

    async fn handle(&mut self, Hop(hop): Hop, _: &mut Context<Self, ()>) {
        if self.ring.visit(self.i, hop)
            && let Some(next) = &self.next
        {
            next.tell(Hop(hop + 1)).await.expect("the actor lives");
        }
    }
}

pub(crate) struct Idle {
    i: usize,
    census: &'static Census,
}

impl Actor for Idle {
    type Args = (usize, &'static Census);
    type Error = Infallible;

    async fn on_start((i, census): Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        census.come();
        Ok(Idle { i, census })
    }

    async fn on_stop(
        &mut self,
        _: WeakActorRef<Self>,
        _: ActorStopReason,
    ) -> Result<(), Infallible> {
        self.census.go(self.i);
        Ok(())
    }
}

/// Supervises, and does nothing else.
pub(crate) struct Parent;

impl Actor for Parent {
    type Args = ();
    type Error = Infallible;

    async fn on_start((): (), _: ActorRef<Self>) -> Result<Self, Infallible> {
        Ok(Parent)
    }
}

pub(crate) struct Worker;
pub(crate) struct Crash;

#[derive(Debug)]
pub(crate) struct ToldTo;

impl Actor for Worker {
    type Args = &'static Census;
    type Error = Infallible;

    async fn on_start(census: Self::Args, _: ActorRef<Self>) -> Result<Self, Infallible> {
        census.come();
        Ok(Worker)
    }
}

impl Message<Double> for Worker {
    type Reply = u64;

    async fn handle(&mut self, Double(value): Double, _: &mut Context<Self, u64>) -> u64 {
        value.wrapping_mul(2)
    }
}

impl Message<Crash> for Worker {
    type Reply = Result<(), ToldTo>;

    async fn handle(&mut self, _: Crash, _: &mut Context<Self, Self::Reply>) -> Self::Reply {
        Err(ToldTo)
    }
}

impl Actors for Kameo {
    type Sum = ActorRef<Sum>;
    type Node = ActorRef<Node>;
    type Crowd = ActorRef<Parent>;

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        on_tokio(workers, root)
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Tokio::spawn(future)
    }

    async fn sum() -> Self::Sum {
        Sum::spawn(())
    }

    #[inline]
    async fn tell(sum: &Self::Sum, value: u64) {
        sum.tell(Tell(value)).await.expect("the actor lives");
    }

    #[inline]
    async fn ask(sum: &Self::Sum, value: u64) -> u64 {
        sum.ask(Double(value)).await.expect("the actor lives")
    }

    async fn total(sum: &Self::Sum, _: u64) -> u64 {
        sum.ask(Total).await.expect("the actor lives")
    }

    async fn node(i: usize, ring: &'static Ring) -> Self::Node {
        Node::spawn((i, ring))
    }

    async fn link(node: &Self::Node, next: Self::Node) {
        node.tell(Link(next)).await.expect("the actor lives");
    }

    async fn pass(node: &Self::Node, hop: u64) {
        node.tell(Hop(hop)).await.expect("the actor lives");
    }

    async fn gather(n: usize, census: &'static Census) -> Self::Crowd {
        let parent = Parent::spawn(());
        for i in 0..n {
            drop(Idle::supervise(&parent, (i, census)).spawn().await);
        }
        parent
    }

    async fn scatter(parent: Self::Crowd) {
        parent.stop_gracefully().await.expect("the actor lives");
        parent.wait_for_shutdown().await;
    }
}

impl Restarts for Kameo {
    type Pool = ActorRef<Parent>;
    type Worker = ActorRef<Worker>;

    async fn pool(workers: usize, census: &'static Census) -> (Self::Pool, Vec<Self::Worker>) {
        let parent = Parent::spawn(());
        let mut all = Vec::with_capacity(workers);
        for _ in 0..workers {
            let worker = Worker::supervise(&parent, census);
            let worker = worker.restart_limit(u32::MAX, Duration::from_secs(1));
            all.push(worker.spawn().await);
        }
        (parent, all)
    }

    #[inline]
    async fn work(worker: &mut Self::Worker, value: u64) -> u64 {
        worker.ask(Double(value)).await.expect("the actor is up")
    }

    async fn crash(worker: &mut Self::Worker) {
        // Whatever is sent next waits in the mailbox for the next incarnation.
        worker.tell(Crash).await.expect("the actor lives");
    }

    async fn close(parent: Self::Pool) {
        parent.stop_gracefully().await.expect("the actor lives");
        parent.wait_for_shutdown().await;
    }
}
