//! ractor. Mailboxes have no bounds; a supervisor restarts what it is written to restart.

use std::future::Future;
use std::sync::Arc;

use ractor::{Actor, ActorProcessingErr, ActorRef, RpcReplyPort, SupervisionEvent, call, cast};
use tokio::sync::watch;

use super::{Actors, Census, Restarts, Ring, on_tokio};
use crate::runtime::Runtime;
use crate::runtimes::Tokio;

type Failable = Result<(), ActorProcessingErr>;

pub(crate) struct Ractor;

pub(crate) struct Sum;

pub(crate) enum Add {
    Tell(u64),
    Double(u64, RpcReplyPort<u64>),
    Total(RpcReplyPort<u64>),
}

impl Actor for Sum {
    type Msg = Add;
    type State = u64;
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Add>, (): ()) -> Result<u64, ActorProcessingErr> {
        Ok(0)
    }

    async fn handle(&self, _: ActorRef<Add>, message: Add, sum: &mut u64) -> Failable {
        match message {
            Add::Tell(value) => *sum = sum.wrapping_add(value),
            Add::Double(value, reply) => reply.send(value.wrapping_mul(2))?,
            Add::Total(reply) => reply.send(*sum)?,
        }
        Ok(())
    }
}

pub(crate) struct Node {
    i: usize,
    ring: &'static Ring,
}

pub(crate) enum Token {
    Next(ActorRef<Token>),
    Hop(u64),
}

impl Actor for Node {
    type Msg = Token;
    type State = Option<ActorRef<Token>>;
    type Arguments = ();

    async fn pre_start(
        &self,
        _: ActorRef<Token>,
        (): (),
    ) -> Result<Self::State, ActorProcessingErr> {
        Ok(None)
    }

    async fn handle(&self, _: ActorRef<Token>, message: Token, next: &mut Self::State) -> Failable {
        match message {
            Token::Next(node) => *next = Some(node),
            Token::Hop(hop) => {
                if self.ring.visit(self.i, hop)
                    && let Some(next) = next
                {
                    cast!(next, Token::Hop(hop + 1))?;
                }
            }
        }
        Ok(())
    }
}

pub(crate) struct Idle {
    i: usize,
    census: &'static Census,
}

impl Actor for Idle {
    type Msg = u64;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<u64>, (): ()) -> Failable {
        self.census.come();
        Ok(())
    }

    async fn post_stop(&self, _: ActorRef<u64>, (): &mut ()) -> Failable {
        self.census.go(self.i);
        Ok(())
    }
}

/// Leaves its children as they end.
pub(crate) struct Parent;

impl Actor for Parent {
    type Msg = ();
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<()>, (): ()) -> Failable {
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        _: ActorRef<()>,
        _: SupervisionEvent,
        (): &mut (),
    ) -> Failable {
        Ok(())
    }
}

/// Where a worker is published.
type Place = Arc<watch::Sender<Option<ActorRef<Work>>>>;

pub(crate) struct Worker {
    census: &'static Census,
}

pub(crate) enum Work {
    Double(u64, RpcReplyPort<u64>),
    Crash,
}

impl Actor for Worker {
    type Msg = Work;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Work>, (): ()) -> Failable {
        self.census.come();
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Work>, message: Work, (): &mut ()) -> Failable {
        match message {
            Work::Double(value, reply) => reply.send(value.wrapping_mul(2))?,
            Work::Crash => return Err("told to".into()),
        }
        Ok(())
    }
}

/// Restarts each worker that fails.
pub(crate) struct Boss {
    census: &'static Census,
}

impl Boss {
    async fn employ(
        &self,
        myself: &ActorRef<()>,
        place: &Place,
    ) -> Result<ActorRef<Work>, ActorProcessingErr> {
        let worker = Worker {
            census: self.census,
        };
        let (worker, _) = Actor::spawn_linked(None, worker, (), myself.get_cell()).await?;
        place.send_replace(Some(worker.clone()));
        Ok(worker)
    }
}

impl Actor for Boss {
    type Msg = ();
    type State = std::collections::HashMap<ractor::ActorId, Place>;
    type Arguments = Vec<Place>;

    async fn pre_start(
        &self,
        myself: ActorRef<()>,
        places: Vec<Place>,
    ) -> Result<Self::State, ActorProcessingErr> {
        let mut workers = Self::State::new();
        for place in places {
            let worker = self.employ(&myself, &place).await?;
            workers.insert(worker.get_id(), place);
        }
        Ok(workers)
    }

    async fn handle_supervisor_evt(
        &self,
        myself: ActorRef<()>,
        event: SupervisionEvent,
        workers: &mut Self::State,
    ) -> Failable {
        if let SupervisionEvent::ActorFailed(who, _) = event
            && let Some(place) = workers.remove(&who.get_id())
        {
            let worker = self.employ(&myself, &place).await?;
            workers.insert(worker.get_id(), place);
        }
        Ok(())
    }
}

impl Actors for Ractor {
    type Sum = ActorRef<Add>;
    type Node = ActorRef<Token>;
    type Crowd = ActorRef<()>;

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
        Actor::spawn(None, Sum, ()).await.expect("it starts").0
    }

    #[inline]
    async fn tell(sum: &Self::Sum, value: u64) {
        cast!(sum, Add::Tell(value)).expect("the actor lives");
    }

    #[inline]
    async fn ask(sum: &Self::Sum, value: u64) -> u64 {
        call!(sum, Add::Double, value).expect("the actor lives")
    }

    async fn total(sum: &Self::Sum, _: u64) -> u64 {
        call!(sum, Add::Total).expect("the actor lives")
    }

    async fn node(i: usize, ring: &'static Ring) -> Self::Node {
        let node = Actor::spawn(None, Node { i, ring }, ()).await;
        node.expect("it starts").0
    }

    async fn link(node: &Self::Node, next: Self::Node) {
        cast!(node, Token::Next(next)).expect("the actor lives");
    }

    async fn pass(node: &Self::Node, hop: u64) {
        cast!(node, Token::Hop(hop)).expect("the actor lives");
    }

    async fn gather(n: usize, census: &'static Census) -> Self::Crowd {
        let (parent, _) = Actor::spawn(None, Parent, ()).await.expect("it starts");
        for i in 0..n {
            let idle = Actor::spawn_linked(None, Idle { i, census }, (), parent.get_cell());
            idle.await.expect("it starts");
        }
        parent
    }

    async fn scatter(parent: Self::Crowd) {
        parent.stop_children_and_wait(None, None).await;
        parent.stop_and_wait(None, None).await.expect("a clean end");
    }
}

impl Restarts for Ractor {
    type Pool = ActorRef<()>;
    type Worker = (watch::Receiver<Option<ActorRef<Work>>>, ActorRef<Work>);

    async fn pool(workers: usize, census: &'static Census) -> (Self::Pool, Vec<Self::Worker>) {
        let places: Vec<Place> = (0..workers)
            .map(|_| Arc::new(watch::Sender::new(None)))
            .collect();
        let receivers: Vec<_> = places.iter().map(|place| place.subscribe()).collect();
        let boss = Actor::spawn(None, Boss { census }, places).await;
        let workers = receivers.into_iter().map(|mut place| {
            let worker = place.borrow_and_update().clone().expect("it has started");
            (place, worker)
        });
        (boss.expect("it starts").0, workers.collect())
    }

    #[inline]
    async fn work((_, worker): &mut Self::Worker, value: u64) -> u64 {
        call!(worker, Work::Double, value).expect("the actor is up")
    }

    async fn crash((place, worker): &mut Self::Worker) {
        cast!(worker, Work::Crash).expect("the actor lives");
        place.changed().await.expect("its supervisor lives");
        *worker = place.borrow_and_update().clone().expect("it has started");
    }

    async fn close(boss: Self::Pool) {
        boss.stop_children_and_wait(None, None).await;
        boss.stop_and_wait(None, None).await.expect("a clean end");
    }
}
