//! Models of selects: the real futures, polled on loom threads.
//!
//! A lost wake-up is a deadlock, a value that two arms had a wrong count of tokens, and a touch of a node or a commit that is the other side's a data race; loom reports all three.

use super::operand::{AnyFuture, Channel};
use super::{Here, Mode, Outcome, There, select};
use crate::chan::{Receiver, RecvError, SendError, Sender, bounded};
use crate::loom_support::{Mint, Token, block_on, block_on_pinned, model, poll_once};
use loom::thread;
use std::pin::pin;

/// In source order, so that the model need not follow a random choice.
const BIASED: Mode = Mode {
    biased: true,
    default: false,
    otherwise: false,
};

type Received<T> = Result<T, RecvError>;

/// Receives from the first of two channels that has something.
async fn recv_either<T>(a: &Receiver<T>, b: &Receiver<T>) -> Received<T> {
    let mut first = pin!(Channel.gaggle_arm(a.recv(), true));
    let mut second = pin!(Channel.gaggle_arm(b.recv(), true));
    let arms = (first.as_mut(), (second.as_mut(), ()));
    match select::<2, _, _>(BIASED, arms, |_| true).await {
        Outcome::Arm(Here(r) | There(Here(r))) => r,
        _ => unreachable!(),
    }
}

/// Sends to the first of two channels that takes it; says which. The value for the other is dropped.
async fn send_either(
    a: &Sender<Token>,
    b: &Sender<Token>,
    values: (Token, Token),
) -> Result<u8, SendError<Token>> {
    let mut first = pin!(Channel.gaggle_arm(a.send(values.0), true));
    let mut second = pin!(Channel.gaggle_arm(b.send(values.1), true));
    let arms = (first.as_mut(), (second.as_mut(), ()));
    match select::<2, _, _>(BIASED, arms, |_| true).await {
        Outcome::Arm(Here(r)) => r.map(|()| 1),
        Outcome::Arm(There(Here(r))) => r.map(|()| 2),
        _ => unreachable!(),
    }
}

/// Two senders on two channels, one select that receives twice: each value once (SE-09).
/// It catches a select that is completed by both, and one that is completed while it enqueues and sleeps all the same.
#[test]
fn loom_select_two_senders_against_two_receives() {
    model(2, || {
        let mint = Mint::default();
        let (tx1, rx1) = bounded::<Token>(0);
        let (tx2, rx2) = bounded::<Token>(0);
        let (one, two) = (mint.token(1), mint.token(2));
        let a = thread::spawn(move || (block_on(tx1.send(one)).is_ok(), tx1));
        let b = thread::spawn(move || (block_on(tx2.send(two)).is_ok(), tx2));
        let mut sum = 0;
        for _ in 0..2 {
            sum += block_on(recv_either(&rx1, &rx2)).unwrap().0;
        }
        assert_eq!(sum, 3);
        assert!(a.join().unwrap().0 && b.join().unwrap().0);
        drop((rx1, rx2));
        mint.assert_even();
    });
}

/// Two selects that can only meet each other, listed the other way round (SE-13).
/// It catches two busy selects that each pass the other over and then both sleep, and locks that are taken in different orders.
#[test]
fn loom_select_two_selects_meet() {
    model(2, || {
        let mint = Mint::default();
        let (tx1, rx1) = bounded::<Token>(0);
        let (tx2, rx2) = bounded::<Token>(0);
        let values = (mint.token(1), mint.token(2));
        let t = thread::spawn(move || {
            let sent = block_on(send_either(&tx1, &tx2, values));
            (u32::from(sent.unwrap_or(0)), tx1, tx2)
        });
        let got = block_on(recv_either(&rx2, &rx1)).unwrap().0;
        assert_eq!(t.join().unwrap().0, got);
        drop((rx1, rx2));
        mint.assert_even();
    });
}

/// A select that waits is polled again, with another waker, while a sender comes to its second arm: nothing is lost.
/// It catches a sender that passes the busy select over without a word, and a wake-up of the old waker.
#[test]
fn loom_select_polled_again_against_a_sender() {
    model(3, || {
        let mint = Mint::default();
        let (tx1, rx1) = bounded::<Token>(0);
        let (tx2, rx2) = bounded::<Token>(0);
        let mut either = pin!(recv_either(&rx1, &rx2));
        assert!(poll_once(either.as_mut()).is_pending());
        let token = mint.token(7);
        let t = thread::spawn(move || (block_on(tx2.send(token)).is_ok(), tx2));
        assert_eq!(block_on_pinned(either.as_mut()).unwrap().0, 7);
        assert!(t.join().unwrap().0);
        drop(tx1);
        mint.assert_even();
    });
}

/// A select that waits is dropped while a sender completes one of its arms: the value goes to the receiver behind it (RX-01).
/// It catches a node or a commit that is freed while the sender uses it.
#[test]
fn loom_select_dropped_against_a_sender() {
    model(2, || {
        let mint = Mint::default();
        let (tx1, rx1) = bounded::<Token>(0);
        let (_tx2, rx2) = bounded::<Token>(0);
        let mut either = Box::pin(recv_either(&rx1, &rx2));
        assert!(poll_once(either.as_mut()).is_pending());
        let token = mint.token(1);
        let t = thread::spawn(move || (block_on(tx1.send(token)).is_ok(), tx1));
        drop(either);
        assert_eq!(block_on(rx1.recv()).unwrap().0, 1);
        assert!(t.join().unwrap().0);
        mint.assert_even();
    });
}

/// Both channels of a select are closed at once: it is woken, once, and both closers let go of it.
#[test]
fn loom_select_both_channels_close() {
    model(3, || {
        let (tx1, rx1) = bounded::<()>(0);
        let (tx2, rx2) = bounded::<()>(0);
        let t = thread::spawn(move || drop(tx1));
        let u = thread::spawn(move || drop(tx2));
        assert_eq!(block_on(recv_either(&rx1, &rx2)), Err(RecvError));
        t.join().unwrap();
        u.join().unwrap();
    });
}

/// A select over a receive and a future that becomes ready by itself, against a sender: the value is received or still to be had, never both lost (SE-09).
/// It catches a future's win that leaves a completed receive behind.
#[test]
fn loom_select_future_against_a_sender() {
    model(3, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let token = mint.token(1);
        let t = thread::spawn(move || (block_on(tx.send(token)).is_ok(), tx));
        let mut polls = 0;
        let second_poll = std::future::poll_fn(move |_| {
            polls += 1;
            if polls == 2 {
                std::task::Poll::Ready(())
            } else {
                std::task::Poll::Pending
            }
        });
        let mut first = pin!(Channel.gaggle_arm(rx.recv(), true));
        let mut second = pin!(AnyFuture.gaggle_arm(second_poll, true));
        let arms = (first.as_mut(), (second.as_mut(), ()));
        let mut both = Box::pin(select::<2, _, _>(BIASED, arms, |_| true));
        let got = match poll_once(both.as_mut()) {
            std::task::Poll::Pending => match poll_once(both.as_mut()) {
                std::task::Poll::Ready(Outcome::Arm(Here(r))) => r.map(|t| t.0),
                std::task::Poll::Ready(_) => {
                    drop(both);
                    block_on(rx.recv()).map(|t| t.0)
                }
                std::task::Poll::Pending => panic!("the future was ready"),
            },
            std::task::Poll::Ready(Outcome::Arm(Here(r))) => r.map(|t| t.0),
            std::task::Poll::Ready(_) => panic!("not at the first poll"),
        };
        assert_eq!(got, Ok(1));
        assert!(t.join().unwrap().0);
        mint.assert_even();
    });
}

/// A look at two channels while a value moves from one to the other: at each moment one is ready, so the default is never taken (SE-03).
/// The second is listed first: to look at one after the other would find neither.
#[test]
fn loom_select_default_looks_at_one_instant() {
    model(3, || {
        let (tx1, rx1) = bounded::<u8>(1);
        let (tx2, rx2) = bounded::<u8>(1);
        tx1.try_send(1).unwrap();
        let (look1, look2) = (rx1.clone(), rx2.clone());
        let t = thread::spawn(move || {
            let mut first = pin!(Channel.gaggle_arm(look2.recv(), true));
            let mut second = pin!(Channel.gaggle_arm(look1.recv(), true));
            let arms = (first.as_mut(), (second.as_mut(), ()));
            let mode = Mode {
                default: true,
                ..BIASED
            };
            block_on(async {
                matches!(
                    select::<2, _, _>(mode, arms, |_| true).await,
                    Outcome::Arm(_)
                )
            })
        });
        tx2.try_send(2).unwrap();
        let _ = rx1.try_recv();
        assert!(t.join().unwrap(), "the default was taken");
    });
}

/// The first channel's value never matches: the select goes on without that arm and finds the second's, though whoever sent it passed by while the select was won.
/// It catches a select that after a mismatch waits as if its nodes were still in place.
#[test]
fn loom_select_goes_on_after_a_mismatch() {
    model(2, || {
        let mint = Mint::default();
        let (tx1, rx1) = bounded::<Token>(0);
        let (tx2, rx2) = bounded::<Token>(0);
        let (one, two) = (mint.token(1), mint.token(2));
        let a = thread::spawn(move || (block_on(tx1.send(one)).is_ok(), tx1));
        let b = thread::spawn(move || (block_on(tx2.send(two)).is_ok(), tx2));
        let got = block_on(async {
            let mut first = pin!(Channel.gaggle_arm(rx1.recv(), true));
            let mut second = pin!(Channel.gaggle_arm(rx2.recv(), true));
            let arms = (first.as_mut(), (second.as_mut(), ()));
            let accept = |outcome: &_| !matches!(outcome, Here(Ok(_)));
            match select::<2, _, _>(BIASED, arms, accept).await {
                Outcome::Arm(There(Here(r))) => r.unwrap().0,
                _ => unreachable!(),
            }
        });
        assert_eq!(got, 2);
        drop((rx1, rx2));
        let (a, b) = (a.join().unwrap(), b.join().unwrap());
        assert!(b.0);
        drop((a, b));
        mint.assert_even();
    });
}

/// Two selects that each send to and receive from one channel: they meet each other, never themselves (SE-12).
#[test]
fn loom_select_two_that_do_both() {
    model(2, || {
        let mint = Mint::default();
        let (tx, rx) = bounded::<Token>(0);
        let both = |tx: Sender<Token>, rx: Receiver<Token>, token: Token| {
            block_on(async {
                let mut send = pin!(Channel.gaggle_arm(tx.send(token), true));
                let mut recv = pin!(Channel.gaggle_arm(rx.recv(), true));
                let arms = (send.as_mut(), (recv.as_mut(), ()));
                match select::<2, _, _>(BIASED, arms, |_| true).await {
                    Outcome::Arm(Here(sent)) => {
                        sent.unwrap();
                        None
                    }
                    Outcome::Arm(There(Here(r))) => Some(r.unwrap().0),
                    _ => unreachable!(),
                }
            })
        };
        let (tx2, rx2) = (tx.clone(), rx.clone());
        let (one, two) = (mint.token(1), mint.token(2));
        let t = thread::spawn(move || both(tx2, rx2, two));
        let mine = both(tx.clone(), rx.clone(), one);
        let theirs = t.join().unwrap();
        assert!(matches!((mine, theirs), (Some(2), None) | (None, Some(1))));
        drop((tx, rx));
        mint.assert_even();
    });
}
