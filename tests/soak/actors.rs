//! Actors that are offered more than they handle, with every policy for what is too much, and that are stopped, drained or killed under that load.
//!
//! Each message holds a guard: whatever becomes of it, in the end none is left. Where the mailbox is drained, what was accepted was handled or dropped by count.

use crate::crew::{Alive, Census, Crew, a_moment, brief, fork, one_in, tried};
use gaggle::actor::{Actor, Ctx, Exit, Overflow, SendError, spawn};
use gaggle::time::sleep;
use gaggle::yield_now;
use gaggle_base::rng::Rng;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

/// How many were handled, and how long one takes.
#[derive(Clone)]
struct Desk {
    handled: Arc<AtomicU64>,
    slow: Option<Duration>,
}

struct Clerk(Desk);

impl Actor for Clerk {
    type Args = Desk;
    type Msg = Alive;

    async fn init(desk: &Desk, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self(desk.clone()))
    }

    async fn handle(&mut self, message: Alive, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match self.0.slow {
            Some(time) => sleep(time).await,
            None => yield_now().await,
        }
        self.0.handled.fetch_add(1, SeqCst);
        drop(message);
        Ok(())
    }
}

fn policy(rng: &mut Rng) -> Overflow {
    match rng.below(4) {
        0 => Overflow::Wait,
        1 => Overflow::Reject,
        2 => Overflow::DropOldest,
        _ => Overflow::DropNewest,
    }
}

/// Several who offer and never wait, and one end of three.
pub(crate) async fn overload(mut rng: Rng) {
    let alive = Census::default();
    let desk = Desk {
        handled: Arc::default(),
        slow: one_in(&mut rng, 4).then(|| brief(&mut rng) / 8),
    };
    let (overflow, capacity) = (policy(&mut rng), 1 + rng.below(8) as usize);
    let clerk = spawn::<Clerk>(desk.clone()).mailbox(capacity);
    let clerk = clerk.overflow(overflow).await.unwrap();
    let accepted = Arc::new(AtomicU64::new(0));
    let mut crew = Crew::default();
    for _ in 0..=rng.below(4) {
        let (clerk, alive, accepted) = (clerk.clone(), alive.clone(), accepted.clone());
        let mut own = fork(&mut rng);
        crew.go(&mut rng, async move {
            for _ in 0..own.below(100) {
                tried();
                match clerk.try_send(alive.one()) {
                    Ok(()) => drop(accepted.fetch_add(1, SeqCst)),
                    Err(SendError::Full(_)) => assert!(
                        matches!(overflow, Overflow::Wait | Overflow::Reject),
                        "a mailbox that drops has refused"
                    ),
                    Err(SendError::Closed(_)) => return,
                    Err(error) => panic!("{error}"),
                }
                if one_in(&mut own, 3) {
                    yield_now().await;
                }
            }
        });
    }
    a_moment(&mut rng).await;
    crew.abort_some(&mut rng, 4, 0);
    // With some who offer still at it.
    let end = rng.below(3);
    let exit = match end {
        0 => clerk.stop().drain().await,
        1 => clerk.stop().await,
        _ => {
            clerk.kill();
            clerk.exited().await
        }
    };
    assert!(matches!(exit, Exit::Normal | Exit::Killed), "{exit}");
    crew.join(&mut rng).await;
    let done = desk.handled.load(SeqCst) + clerk.dropped();
    let accepted = accepted.load(SeqCst);
    if end == 0 {
        assert_eq!(
            done, accepted,
            "{overflow:?}: accepted, and neither handled nor dropped"
        );
    } else {
        assert!(done <= accepted, "{overflow:?}: {done} of {accepted}");
    }
    drop(clerk);
    while alive.count() > 0 {
        sleep(Duration::from_micros(200)).await;
    }
}
