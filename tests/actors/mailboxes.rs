//! What a mailbox does when it is full, what passes it, and addresses in their many forms.

use crate::common::{both, calm, ms};
use gaggle::actor::{Actor, Addr, AskError, Ctx, Exit, Overflow, Reply, SendError, spawn};
use gaggle::chan::{self, Receiver, Sender};
use gaggle::time::sleep;
use std::sync::{Arc, Mutex};

/// Writes down what it handles, once it may.
struct Sink {
    seen: Arc<Mutex<Vec<u32>>>,
}

enum Drip {
    /// Until nobody holds the other end.
    Hold(Receiver<()>),
    Note(u32),
    Ask(Reply<u32>),
}

impl Actor for Sink {
    type Args = Arc<Mutex<Vec<u32>>>;
    type Msg = Drip;

    async fn init(seen: &Self::Args, _cx: &mut Ctx<Self>) -> Result<Self, Exit> {
        Ok(Self { seen: seen.clone() })
    }

    async fn handle(&mut self, drip: Drip, _cx: &mut Ctx<Self>) -> Result<(), Exit> {
        match drip {
            Drip::Hold(gate) => drop(gate.recv().await),
            Drip::Note(n) => self.seen.lock().unwrap().push(n),
            Drip::Ask(reply) => reply.send(7),
        }
        Ok(())
    }
}

/// One that is busy for as long as the gate is held.
async fn busy(
    capacity: usize,
    overflow: Overflow,
) -> (Addr<Drip>, Arc<Mutex<Vec<u32>>>, Sender<()>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = spawn::<Sink>(seen.clone())
        .mailbox(capacity)
        .overflow(overflow);
    let sink = sink.await.unwrap();
    let (gate, held) = chan::bounded(0);
    sink.send(Drip::Hold(held)).await.unwrap();
    while !sink.is_empty() {
        sleep(ms(1)).await;
    }
    (sink, seen, gate)
}

#[test]
fn a_full_mailbox_makes_senders_wait_in_their_order() {
    both(|| async {
        let (sink, seen, gate) = busy(1, Overflow::Wait).await;
        assert_eq!(sink.capacity(), 1);
        sink.try_send(Drip::Note(1)).unwrap();
        assert!(sink.try_send(Drip::Note(9)).unwrap_err().is_full());
        let mut all = Vec::new();
        for n in 2..6 {
            let to = sink.clone();
            all.push(gaggle::go(async move { to.send(Drip::Note(n)).await }));
            calm().await;
        }
        assert!(all.iter().all(|one| !one.is_finished()));
        drop(gate);
        for one in all {
            one.await.unwrap().unwrap();
        }
        sink.stop().drain().await;
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3, 4, 5]);
    });
}

#[test]
fn a_send_that_is_given_up_sends_nothing_and_passes_its_room_on() {
    both(|| async {
        let (sink, seen, gate) = busy(1, Overflow::Wait).await;
        sink.try_send(Drip::Note(1)).unwrap();
        let lost = gaggle::select! {
            _ = sink.send(Drip::Note(9)) => false,
            () = sleep(ms(5)) => true,
        };
        assert!(lost);
        let to = sink.clone();
        let waits = gaggle::go(async move { to.send(Drip::Note(2)).await });
        drop(gate);
        waits.await.unwrap().unwrap();
        // As an arm that wins.
        gaggle::select! {
            sent = sink.send(Drip::Note(3)) => sent.unwrap(),
            () = sleep(ms(15_000)) => panic!("there is room"),
        }
        sink.stop().drain().await;
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn a_mailbox_may_reject_or_drop_the_oldest_or_the_newest_and_counts() {
    both(|| async {
        let cases = [
            (Overflow::Reject, vec![1, 2], 0),
            (Overflow::DropOldest, vec![3, 4], 2),
            (Overflow::DropNewest, vec![1, 2], 2),
        ];
        for (overflow, expected, dropped) in cases {
            let (sink, seen, gate) = busy(2, overflow).await;
            for n in 1..=4 {
                let sent = sink.send(Drip::Note(n)).await;
                let rejected = overflow == Overflow::Reject && n > 2;
                assert_eq!(
                    matches!(sent, Err(SendError::Full(Drip::Note(_)))),
                    rejected
                );
            }
            assert_eq!(sink.dropped(), dropped);
            if overflow == Overflow::Reject {
                assert_eq!(sink.ask(Drip::Ask).await, Err(AskError::Full));
            }
            drop(gate);
            sink.stop().drain().await;
            assert_eq!(*seen.lock().unwrap(), expected);
        }
    });
}

#[test]
fn an_ask_whose_message_is_shed_is_told() {
    both(|| async {
        let (sink, _seen, gate) = busy(1, Overflow::DropOldest).await;
        let asks = sink.clone();
        let asked = gaggle::go(async move { asks.ask(Drip::Ask).await });
        calm().await;
        sink.send(Drip::Note(1)).await.unwrap();
        assert_eq!(asked.await.unwrap(), Err(AskError::Dropped));
        drop(gate);
        sink.stop().drain().await;
    });
}

#[test]
fn stop_and_kill_pass_a_full_mailbox() {
    both(|| async {
        let (sink, seen, gate) = busy(1, Overflow::Wait).await;
        sink.try_send(Drip::Note(1)).unwrap();
        let asked = sink.clone();
        let stops = gaggle::go(async move { asked.stop().await });
        calm().await;
        drop(gate);
        assert_eq!(stops.await.unwrap(), Exit::Normal);
        assert!(seen.lock().unwrap().is_empty());
        let (sink, _seen, gate) = busy(1, Overflow::Wait).await;
        sink.try_send(Drip::Note(1)).unwrap();
        sink.kill();
        assert_eq!(sink.exited().await, Exit::Killed);
        drop(gate);
    });
}

#[test]
fn senders_that_wait_get_their_message_back_when_the_actor_stops() {
    both(|| async {
        let (sink, _seen, gate) = busy(1, Overflow::Wait).await;
        sink.try_send(Drip::Note(1)).unwrap();
        let to = sink.clone();
        let waits = gaggle::go(async move { to.send(Drip::Note(2)).await });
        calm().await;
        let stops = gaggle::go(async move { sink.stop().await });
        calm().await;
        drop(gate);
        stops.await.unwrap();
        assert!(matches!(
            waits.await.unwrap(),
            Err(SendError::Closed(Drip::Note(2)))
        ));
    });
}

#[test]
fn an_address_that_speaks_of_other_things_is_the_same_actor() {
    both(|| async {
        let (sink, seen, gate) = busy(2, Overflow::Wait).await;
        let numbers: Addr<u32> = sink.map(Drip::Note);
        assert_eq!(numbers.pid(), sink.pid());
        numbers.send(1).await.unwrap();
        numbers.try_send(2).unwrap();
        assert!(matches!(numbers.try_send(3), Err(SendError::Full(3))));
        drop(gate);
        numbers.send(3).await.unwrap();
        let asks: Addr<Reply<u32>> = sink.map(Drip::Ask);
        assert_eq!(asks.ask(|reply| reply).await, Ok(7));
        sink.stop().drain().await;
        assert_eq!(*seen.lock().unwrap(), [1, 2, 3]);
        assert!(matches!(numbers.send(4).await, Err(SendError::Closed(4))));
        assert_eq!(asks.ask(|reply| reply).await, Err(AskError::NoProc));
    });
}
