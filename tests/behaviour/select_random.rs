//! Selects in random schedules, on one thread and polled by hand: whatever is sent, received, refused, dropped, closed and polled for nothing, each value is dropped once, and nobody is ready whom nobody has woken.

#[path = "../conformance-go/common/mod.rs"]
mod common;

use common::{Ledger, Tracked, random, rounds};
use gaggle::chan::{self, Receiver, Sender};
use gaggle::{Select, select};
use gaggle_base::rng::Rng;
use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Poll, Wake, Waker};

struct Flag(AtomicBool);
impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, SeqCst);
    }
}

enum Value {
    Even(#[expect(dead_code, reason = "it is there to be dropped")] Tracked),
    Odd(#[expect(dead_code, reason = "it is there to be dropped")] Tracked),
}

/// A future that is ready when it is told to.
#[derive(Clone, Default)]
struct Gate(Rc<RefCell<(bool, Option<Waker>)>>);

impl Gate {
    fn open(&self) {
        let mut gate = self.0.borrow_mut();
        gate.0 = true;
        gate.1.take().into_iter().for_each(Waker::wake);
    }
}

impl Future for Gate {
    type Output = ();
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut gate = self.0.borrow_mut();
        if gate.0 {
            return Poll::Ready(());
        }
        gate.1 = Some(cx.waker().clone());
        Poll::Pending
    }
}

/// An operation under way.
struct Operation<'a> {
    form: u32,
    future: Pin<Box<dyn Future<Output = ()> + 'a>>,
    woken: Arc<Flag>,
    gate: Gate,
}

impl Operation<'_> {
    fn poll(&mut self) -> bool {
        let waker = Waker::from(self.woken.clone());
        let mut cx = Context::from_waker(&waker);
        self.future.as_mut().poll(&mut cx).is_ready()
    }
}

type Channel = (Sender<Value>, Receiver<Value>);

/// One of the ways to use three channels, which may be the same.
fn operation<'a>(
    form: u32,
    [a, b, c]: [&'a Channel; 3],
    [one, two]: [Value; 2],
    gated: bool,
) -> Operation<'a> {
    let gate = Gate::default();
    let opened = gate.clone();
    let future: Pin<Box<dyn Future<Output = ()> + 'a>> = match form {
        0 => Box::pin(async move { drop(a.0.send(one).await) }),
        1 => Box::pin(async move { drop(a.1.recv().await) }),
        2 => Box::pin(async move {
            select! { _ = a.0.send(one) => {}, _ = b.1.recv() => {}, () = opened, if gated => {} }
        }),
        3 => Box::pin(async move {
            select! {
                Ok(Value::Even(_)) = a.1.recv() => {}
                Ok(Value::Odd(_)) = b.1.recv() => {}
                Ok(Value::Even(_)) = c.1.recv() => {}
                () = opened, if gated => {}
                else => {}
            }
        }),
        4 => Box::pin(async move {
            select! {
                Err(_) = a.0.send(one) => {}
                Ok(Value::Odd(_)) = b.1.recv() => {}
                Ok(()) = c.0.send(two) => {}
                else => {}
            }
        }),
        5 => Box::pin(async move {
            let mut select = Select::new();
            select.send(&a.0, one, drop);
            select.send(&b.0, two, drop);
            select.recv(&c.1, drop);
            select.recv(&a.1, drop);
            select.wait().await;
        }),
        6 => Box::pin(async move {
            select! {
                _ = a.1.recv() => {}
                _ = a.1.recv() => {}
                _ = b.1.recv() => {}
                _ = b.0.send(one) => {}
            }
        }),
        _ => Box::pin(async move {
            select! { _ = a.1.recv() => {}, _ = b.0.send(one) => {}, default => {} }
        }),
    };
    Operation {
        form,
        future,
        woken: Arc::new(Flag(AtomicBool::new(true))),
        gate,
    }
}

fn pick<'a, T>(rng: &mut Rng, list: &'a mut [T]) -> Option<(usize, &'a mut T)> {
    let len = u32::try_from(list.len()).unwrap();
    let i = (len > 0).then(|| rng.below(len) as usize)?;
    Some((i, &mut list[i]))
}

fn schedule(rng: &mut Rng, steps: u32) {
    let ledger = Ledger::default();
    let channels: Vec<Channel> = [0, 0, 1, 2].map(chan::bounded).into();
    let mut numbers = 0..;
    let mut value = |rng: &mut Rng| {
        let value = ledger.value(numbers.next().unwrap());
        if rng.below(2) == 0 {
            Value::Even(value)
        } else {
            Value::Odd(value)
        }
    };
    let mut under_way: Vec<Operation<'_>> = Vec::new();
    for step in 0..steps {
        let any = rng.below(4) as usize;
        match rng.below(10) {
            0..=3 if under_way.len() < 12 => {
                let three = [0; 3].map(|_| &channels[rng.below(4) as usize]);
                let two = [value(rng), value(rng)];
                under_way.push(operation(rng.below(8), three, two, rng.below(2) == 0));
            }
            4 => {
                if let Some((i, _)) = pick(rng, &mut under_way) {
                    drop(under_way.remove(i));
                }
            }
            5 => {
                if let Some((_, operation)) = pick(rng, &mut under_way) {
                    operation.gate.open();
                }
            }
            6 => {
                // Polled for nothing, with a new waker.
                if let Some((i, operation)) = pick(rng, &mut under_way) {
                    let asleep = !operation.woken.0.load(SeqCst);
                    operation.woken = Arc::new(Flag(AtomicBool::new(false)));
                    if operation.poll() {
                        assert!(
                            !asleep,
                            "form {}: ready, and nobody woke it",
                            operation.form
                        );
                        drop(under_way.remove(i));
                    }
                }
            }
            7 => drop(channels[any].1.try_recv()),
            8 => drop(channels[any].0.try_send(value(rng))),
            9 if step + 4 > steps => drop(channels[any].0.close()),
            _ => poll_woken(rng, &mut under_way),
        }
    }
    while under_way.iter().any(|o| o.woken.0.load(SeqCst)) {
        poll_woken(rng, &mut under_way);
    }
    for operation in &mut under_way {
        assert!(
            !operation.poll(),
            "form {}: ready, and nobody woke it",
            operation.form
        );
    }
    drop(under_way);
    drop(channels);
    ledger.assert_settled();
}

fn poll_woken(rng: &mut Rng, under_way: &mut Vec<Operation<'_>>) {
    let mut woken: Vec<usize> = (0..under_way.len())
        .filter(|i| under_way[*i].woken.0.load(SeqCst))
        .collect();
    if let Some((_, i)) = pick(rng, &mut woken) {
        under_way[*i].woken.0.store(false, SeqCst);
        if under_way[*i].poll() {
            drop(under_way.remove(*i));
        }
    }
}

/// Exactly one arm takes effect and losers leave no trace (SE-09, SE-10, SE-11), nothing is lost when operations are dropped (RX-01, RX-02).
#[test]
fn whatever_happens_no_value_and_no_wake_up_is_lost() {
    let mut rng = random("selects in random schedules");
    for round in 0..rounds(1_000) {
        schedule(&mut rng, [12, 40, 200][(round % 3) as usize]);
    }
}
