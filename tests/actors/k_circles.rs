//! Row 87: asks and sends that can never be answered are told so at once, with their path; and those that can be never are.

use crate::common::{both, calm, ms, simulated};
use gaggle::actor::{Actor, Addr, AskError, Ctx, Exit, Reply, SendError, spawn};
use gaggle::time::{sleep, timeout};

/// Does one thing to the next one of a ring.
struct Link;

enum Step {
    /// Asks along these, and says what came of it.
    Along(Vec<Addr<Step>>, Reply<Result<u32, AskError>>),
    /// Likewise, with a time limit beside it.
    Limited(Vec<Addr<Step>>, Reply<Result<u32, AskError>>),
    /// Hands its reply to a goroutine, which answers after a while; then asks.
    Elsewhere(Addr<Step>, Reply<Result<u32, AskError>>),
    /// Hands its reply to a pipe; then asks.
    Piped(Addr<Step>, Reply<Result<u32, AskError>>),
    Answer(Reply<u32>),
    Fill(Addr<Step>, Reply<bool>),
    Nothing,
}

async fn next(all: &mut Vec<Addr<Step>>) -> Result<u32, AskError> {
    let to = all.remove(0);
    if all.is_empty() {
        return to.ask(Step::Answer).no_deadline().await;
    }
    let rest = std::mem::take(all);
    to.ask(|reply| Step::Along(rest, reply))
        .no_deadline()
        .await?
}

impl Actor for Link {
    type Args = ();
    type Msg = Step;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, step: Step, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match step {
            Step::Along(mut all, reply) => reply.send(next(&mut all).await),
            Step::Limited(mut all, reply) => {
                let limited = timeout(ms(50), next(&mut all)).await;
                reply.send(limited.unwrap_or(Err(AskError::Timeout)));
            }
            Step::Elsewhere(to, reply) => {
                let reply = reply.elsewhere();
                gaggle::go(async move {
                    sleep(ms(20)).await;
                    reply.send(Ok(1));
                });
                to.ask(Step::Answer).no_deadline().await?;
            }
            Step::Piped(to, reply) => {
                cx.pipe(sleep(ms(20)), move |()| reply.send(Ok(2)));
                to.ask(Step::Answer).no_deadline().await?;
            }
            Step::Answer(reply) => reply.send(42),
            Step::Fill(to, reply) => {
                // Waits for room for ever, if nobody says otherwise.
                let mut circle = false;
                for _ in 0..3 {
                    if let Err(SendError::Cycle(..)) = to.send(Step::Nothing).await {
                        circle = true;
                        break;
                    }
                }
                reply.send(circle);
            }
            Step::Nothing => {}
        }
        Ok(())
    }
}

async fn ring<const N: usize>() -> [Addr<Step>; N] {
    let mut all = Vec::new();
    for n in 0..N {
        all.push(
            spawn::<Link>(())
                .title(&format!("link{n}"))
                .mailbox(1)
                .await
                .unwrap(),
        );
    }
    all.try_into().unwrap()
}

async fn end(all: &[Addr<Step>]) {
    for addr in all {
        addr.stop().await;
    }
}

async fn along(first: &Addr<Step>, rest: &[&Addr<Step>]) -> Result<u32, AskError> {
    let rest = rest.iter().map(|addr| (*addr).clone()).collect();
    first
        .ask(|reply| Step::Along(rest, reply))
        .no_deadline()
        .await?
}

#[test]
fn row_087_asking_oneself_is_an_error_with_the_path() {
    both(|| async {
        let all = ring::<1>().await;
        let asked = along(&all[0], &[&all[0]]).await;
        let path = ["link0".to_owned(), "link0".to_owned()];
        assert_eq!(asked, Err(AskError::Cycle(path.into())));
        end(&all).await;
    });
}

#[test]
fn row_087_a_circle_of_two_and_of_three_is_an_error_with_the_path() {
    both(|| async {
        let all = ring::<3>().await;
        let [a, b, c] = &all;
        let Err(AskError::Cycle(path)) = along(a, &[b, a]).await else {
            panic!("a circle of two");
        };
        assert_eq!(path[..], ["link1", "link0", "link1"]);
        let Err(AskError::Cycle(path)) = along(a, &[b, c, a]).await else {
            panic!("a circle of three");
        };
        assert_eq!(path[..], ["link2", "link0", "link1", "link2"]);
        // Nothing is left of it: the same actors answer again.
        assert_eq!(along(a, &[b, c]).await, Ok(42));
        end(&all).await;
    });
}

#[test]
fn row_087_a_circle_that_closes_from_two_sides_at_once_is_found() {
    both(|| async {
        let all = ring::<2>().await;
        let [a, b] = all.clone();
        let (c, d) = (a.clone(), b.clone());
        let left = gaggle::go(async move { along(&a, &[&b]).await });
        let right = gaggle::go(async move { along(&d, &[&c]).await });
        let both = [left.await.unwrap(), right.await.unwrap()];
        // Unless one was done before the other began, exactly one of them fails.
        let failed = both.iter().filter(|one| **one != Ok(42)).count();
        assert!(failed <= 1, "{both:?}");
        assert!(
            both.iter()
                .all(|one| matches!(one, Ok(42) | Err(AskError::Cycle(_))))
        );
        end(&all).await;
    });
}

#[test]
fn row_087_a_wait_with_a_time_limit_or_an_answer_from_elsewhere_is_no_circle() {
    both(|| async {
        let all = ring::<2>().await;
        let [a, b] = &all;
        let rest = vec![b.clone(), a.clone()];
        // Its own limit ends it, so it is not said to be for ever; the other one is told of the end of the ask.
        let limited = a
            .ask(|reply| Step::Limited(rest, reply))
            .no_deadline()
            .await
            .unwrap();
        assert_eq!(limited, Err(AskError::Timeout));
        calm().await;
        for make in [Step::Elsewhere, Step::Piped] {
            let (asks, asker) = (a.clone(), a.clone());
            // a asks b; b has its reply answered by others, and asks a.
            let through = b.clone();
            let answer = asker
                .ask(move |reply| Step::Along(Vec::from([through]), reply))
                .no_deadline()
                .await;
            assert_eq!(answer, Ok(Ok(42)));
            let direct = b
                .ask(|reply| make(asks, reply))
                .no_deadline()
                .await
                .unwrap();
            assert!(direct.is_ok());
        }
        end(&all).await;
    });
}

/// Asks with a message of its own making.
struct Asks;

struct Ask(
    Addr<Step>,
    fn(Addr<Step>, Reply<Result<u32, AskError>>) -> Step,
    Reply<Result<u32, AskError>>,
);

impl Actor for Asks {
    type Args = ();
    type Msg = Step2;

    async fn init((): &(), _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self)
    }

    async fn handle(&mut self, step: Step2, cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match step {
            Step2::Ask(Ask(to, make, reply)) => {
                // b may ask this actor through an address that speaks of other things.
                let me = cx.addr().map(Step2::Step);
                let asked = to.ask(|inner| make(me, inner)).no_deadline().await;
                reply.send(asked.unwrap_or_else(Err));
            }
            Step2::Step(Step::Answer(reply)) => reply.send(42),
            Step2::Step(_) => {}
        }
        Ok(())
    }
}

enum Step2 {
    Ask(Ask),
    Step(Step),
}

#[test]
fn row_087_a_reply_that_was_given_away_is_answered_though_the_asker_is_asked() {
    simulated(|| async {
        let all = ring::<1>().await;
        let asks = spawn::<Asks>(()).await.unwrap();
        let makes: [(fn(_, _) -> Step, _); 2] = [(Step::Elsewhere, 1), (Step::Piped, 2)];
        for (make, expected) in makes {
            let to = all[0].clone();
            let asked = asks.ask(|reply| Step2::Ask(Ask(to, make, reply)));
            assert_eq!(asked.no_deadline().await, Ok(Ok(expected)));
        }
        asks.stop().await;
        end(&all).await;
    });
}

#[test]
fn row_087_two_that_wait_for_room_in_each_other_are_a_circle_too() {
    both(|| async {
        let all = ring::<2>().await;
        let [a, b] = all.clone();
        let (c, d) = (a.clone(), b.clone());
        let left = gaggle::go(async move { a.ask(|r| Step::Fill(b, r)).no_deadline().await });
        let right = gaggle::go(async move { d.ask(|r| Step::Fill(c, r)).no_deadline().await });
        let circles = [left.await.unwrap().unwrap(), right.await.unwrap().unwrap()];
        assert!(
            circles.iter().filter(|circle| **circle).count() <= 1,
            "{circles:?}"
        );
        end(&all).await;
    });
}
