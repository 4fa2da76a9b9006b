//! xtra. Mailboxes have room for 64 messages and are heaps that keep no order; nothing supervises.

use std::future::Future;

use xtra::{Actor, Address, Context, Handler, Mailbox, spawn_tokio};

use super::{Actors, Census, Ring, on_tokio};
use crate::runtime::Runtime;
use crate::runtimes::Tokio;

const CAPACITY: usize = 64;

pub(crate) struct Xtra;

pub(crate) struct Tell(u64);
pub(crate) struct Double(u64);
pub(crate) struct Total;

#[derive(Default)]
pub(crate) struct Sum {
    sum: u64,
    values: u64,
}

impl Actor for Sum {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Tell> for Sum {
    type Return = ();

    async fn handle(&mut self, Tell(value): Tell, _: &mut Context<Self>) {
        self.sum = self.sum.wrapping_add(value);
        self.values += 1;
    }
}

impl Handler<Double> for Sum {
    type Return = u64;

    async fn handle(&mut self, Double(value): Double, _: &mut Context<Self>) -> u64 {
        value.wrapping_mul(2)
    }
}

impl Handler<Total> for Sum {
    type Return = (u64, u64);

    async fn handle(&mut self, _: Total, _: &mut Context<Self>) -> (u64, u64) {
        (self.sum, self.values)
    }
}

pub(crate) struct Node {
    i: usize,
    ring: &'static Ring,
    next: Option<Address<Node>>,
}

pub(crate) struct Link(Address<Node>);
pub(crate) struct Hop(u64);

impl Actor for Node {
    type Stop = ();

    async fn stopped(self) {}
}

impl Handler<Link> for Node {
    type Return = ();

    async fn handle(&mut self, Link(next): Link, _: &mut Context<Self>) {
        self.next = Some(next);
    }
}

impl Handler<Hop> for Node {
    type Return = ();

    async fn handle(&mut self, Hop(hop): Hop, _: &mut Context<Self>) {
        if self.ring.visit(self.i, hop)
            && let Some(next) = &self.next
        {
            let sent = next.send(Hop(hop + 1)).detach().await;
            drop(sent.expect("the actor lives"));
        }
    }
}

pub(crate) struct Idle {
    i: usize,
    census: &'static Census,
}

impl Actor for Idle {
    type Stop = ();

    async fn started(&mut self, _: &Mailbox<Self>) -> Result<(), ()> {
        self.census.come();
        Ok(())
    }

    async fn stopped(self) {
        self.census.go(self.i);
    }
}

impl Actors for Xtra {
    type Sum = Address<Sum>;
    type Node = Address<Node>;
    /// An actor ends when nobody has its address any more.
    type Crowd = Vec<Address<Idle>>;

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
        spawn_tokio(Sum::default(), Mailbox::bounded(CAPACITY))
    }

    #[inline]
    async fn tell(sum: &Self::Sum, value: u64) {
        let sent = sum.send(Tell(value)).detach().await;
        drop(sent.expect("the actor lives"));
    }

    #[inline]
    async fn ask(sum: &Self::Sum, value: u64) -> u64 {
        sum.send(Double(value)).await.expect("the actor lives")
    }

    async fn total(sum: &Self::Sum, values: u64) -> u64 {
        // A message may come behind one that was sent later.
        loop {
            let (sum, added) = sum.send(Total).await.expect("the actor lives");
            if added == values {
                return sum;
            }
            tokio::task::yield_now().await;
        }
    }

    async fn node(i: usize, ring: &'static Ring) -> Self::Node {
        let node = Node {
            i,
            ring,
            next: None,
        };
        spawn_tokio(node, Mailbox::bounded(CAPACITY))
    }

    async fn link(node: &Self::Node, next: Self::Node) {
        node.send(Link(next)).await.expect("the actor lives");
    }

    async fn pass(node: &Self::Node, hop: u64) {
        let sent = node.send(Hop(hop)).detach().await;
        drop(sent.expect("the actor lives"));
    }

    async fn gather(n: usize, census: &'static Census) -> Self::Crowd {
        let start = |i| spawn_tokio(Idle { i, census }, Mailbox::bounded(CAPACITY));
        (0..n).map(start).collect()
    }

    async fn scatter(crowd: Self::Crowd) {
        drop(crowd);
    }
}
