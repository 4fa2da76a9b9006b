//! gaggle's own actors. Mailboxes have room for 64 messages, as they have if nothing is said.

use std::future::Future;
use std::time::Duration;

use gaggle::actor::{
    Actor, Addr, Child, Ctx, Dynamic, Exit, Reply, Restart, Running, Slot, Strategy, Supervisor,
    on_death, spawn,
};

use super::{Actors, Census, Restarts, Ring};
use crate::runtime::Runtime;
use crate::runtimes::Gaggle;

pub(crate) struct GaggleActors;

pub(crate) struct Sum(u64);

pub(crate) enum Add {
    Tell(u64),
    Double(u64, Reply<u64>),
    Total(Reply<u64>),
}

impl Actor for Sum {
    type Args = ();
    type Msg = Add;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Sum(0))
    }

    async fn handle(&mut self, msg: Add, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Add::Tell(value) => self.0 = self.0.wrapping_add(value),
            Add::Double(value, reply) => reply.send(value.wrapping_mul(2)),
            Add::Total(reply) => reply.send(self.0),
        }
        Ok(())
    }
}

pub(crate) struct Node {
    i: usize,
    ring: &'static Ring,
    next: Option<Addr<Token>>,
}

pub(crate) enum Token {
    Next(Addr<Token>),
    Hop(u64),
}

impl Actor for Node {
    type Args = (usize, &'static Ring);
    type Msg = Token;

    async fn init(&(i, ring): &Self::Args, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Node {
            i,
            ring,
            next: None,
        })
    }

    async fn handle(&mut self, msg: Token, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Token::Next(next) => self.next = Some(next),
            Token::Hop(hop) => {
                if self.ring.visit(self.i, hop)
                    && let Some(next) = &self.next
                {
                    next.send(Token::Hop(hop + 1)).await?;
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
    type Args = (usize, &'static Census);
    type Msg = u64;

    async fn init(&(i, census): &Self::Args, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        census.come();
        Ok(Idle { i, census })
    }

    async fn handle(&mut self, _msg: u64, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        Ok(())
    }

    async fn terminate(&mut self, _reason: &Exit, _cx: &mut Ctx<Self>) {
        self.census.go(self.i);
    }
}

pub(crate) struct Worker;

pub(crate) enum Work {
    Double(u64, Reply<u64>),
    Crash,
}

impl Actor for Worker {
    type Args = &'static Census;
    type Msg = Work;

    async fn init(census: &Self::Args, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        census.come();
        Ok(Worker)
    }

    async fn handle(&mut self, msg: Work, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match msg {
            Work::Double(value, reply) => reply.send(value.wrapping_mul(2)),
            Work::Crash => return Err(Exit::error("told to")),
        }
        Ok(())
    }
}

impl Actors for GaggleActors {
    type Sum = Addr<Add>;
    type Node = Addr<Token>;
    type Crowd = (Dynamic<Idle>, Running);

    fn block_on<F>(workers: usize, root: F) -> F::Output
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Gaggle::block_on(workers, async {
            let output = root.await;
            // Those that the row has left end with the runtime, and need no line each.
            std::mem::forget(on_death(|_| ()));
            output
        })
    }

    fn spawn<F>(future: F) -> impl Future<Output = F::Output> + Send + 'static
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        Gaggle::spawn(future)
    }

    async fn sum() -> Self::Sum {
        spawn::<Sum>(()).await.expect("it starts")
    }

    #[inline]
    async fn tell(sum: &Self::Sum, value: u64) {
        let sent = sum.send(Add::Tell(value)).await;
        sent.expect("the actor lives");
    }

    #[inline]
    async fn ask(sum: &Self::Sum, value: u64) -> u64 {
        let answer = sum.ask(|reply| Add::Double(value, reply)).await;
        answer.expect("the actor lives")
    }

    async fn total(sum: &Self::Sum, _: u64) -> u64 {
        let total = sum.ask(Add::Total).no_deadline().await;
        total.expect("the actor lives")
    }

    async fn node(i: usize, ring: &'static Ring) -> Self::Node {
        spawn::<Node>((i, ring)).await.expect("it starts")
    }

    async fn link(node: &Self::Node, next: Self::Node) {
        let sent = node.send(Token::Next(next)).await;
        sent.expect("the actor lives");
    }

    async fn pass(node: &Self::Node, hop: u64) {
        let sent = node.send(Token::Hop(hop)).await;
        sent.expect("the actor lives");
    }

    async fn gather(n: usize, census: &'static Census) -> Self::Crowd {
        let dynamic = Dynamic::new().restart(Restart::Temporary);
        let running = dynamic.run().await.expect("it starts");
        for i in 0..n {
            let started = dynamic.start((i, census)).await;
            started.expect("it starts");
        }
        (dynamic, running)
    }

    async fn scatter((_, running): Self::Crowd) {
        running.shutdown().await.expect("a clean end");
    }
}

impl Restarts for GaggleActors {
    type Pool = Running;
    type Worker = Slot<Work>;

    async fn pool(workers: usize, census: &'static Census) -> (Running, Vec<Self::Worker>) {
        let slots: Vec<_> = (0..workers).map(|i| Slot::new(&i.to_string())).collect();
        let supervisor = Supervisor::new(Strategy::OneForOne);
        let supervisor = supervisor.intensity(u32::MAX, Duration::from_secs(1));
        let supervisor = slots.iter().fold(supervisor, |supervisor, slot| {
            supervisor.child(Child::of::<Worker>(slot.name(), census).slot(slot))
        });
        (supervisor.start().await.expect("it starts"), slots)
    }

    #[inline]
    async fn work(worker: &mut Self::Worker, value: u64) -> u64 {
        let answer = worker.ask(|reply| Work::Double(value, reply)).await;
        answer.expect("the actor is up")
    }

    async fn crash(worker: &mut Self::Worker) {
        let addr = worker.up().await;
        addr.send(Work::Crash).await.expect("the actor lives");
        addr.exited().await;
        worker.up().await;
    }

    async fn close(pool: Running) {
        pool.shutdown().await.expect("a clean end");
    }
}
