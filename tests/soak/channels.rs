//! Channels of every kind under senders and receivers that change their minds (semantics.md RX-01, RX-02).
//!
//! Each value is in a book: what was accepted is received once, or dropped once when nobody is left who could receive it; what came back is never received.

use crate::common::{Ledger, Tracked};
use crate::crew::{Crew, Outsider, a_moment, brief, fork, one_in, perhaps, tried};
use gaggle::chan::{self, Receiver, RecvError, Sender};
use gaggle::time::sleep;
use gaggle::{Select, select, yield_now};
use gaggle_base::rng::Rng;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

/// What became of each value.
#[derive(Default)]
struct Book {
    ledger: Ledger,
    next: AtomicU64,
    sent: Mutex<Vec<u64>>,
    returned: Mutex<Vec<u64>>,
    received: Mutex<Vec<u64>>,
}

impl Book {
    fn value(&self) -> Tracked {
        tried();
        self.ledger.value(self.next.fetch_add(1, SeqCst))
    }

    /// Value `n` was sent, or came back.
    fn handed_in(&self, n: u64, outcome: Result<(), Tracked>) {
        match outcome {
            Ok(()) => self.sent.lock().unwrap().push(n),
            Err(back) => {
                assert_eq!(back.n, n, "another value came back");
                self.returned.lock().unwrap().push(n);
            }
        }
    }

    fn received(&self, value: &Tracked) {
        tried();
        self.received.lock().unwrap().push(value.n);
    }

    /// All is over. `lossy`: receivers went before the senders did.
    fn settle(&self, lossy: bool) {
        self.ledger.assert_settled();
        let received = self.received.lock().unwrap();
        let unique: BTreeSet<u64> = received.iter().copied().collect();
        assert_eq!(unique.len(), received.len(), "a value was received twice");
        let sent = self.sent.lock().unwrap();
        let lost: Vec<_> = sent.iter().filter(|n| !unique.contains(n)).collect();
        assert!(lossy || lost.is_empty(), "sent and not received: {lost:?}");
        let returned = self.returned.lock().unwrap();
        let both: Vec<_> = returned.iter().filter(|n| unique.contains(n)).collect();
        assert!(both.is_empty(), "came back and was received: {both:?}");
    }
}

type Ends = (Vec<Sender<Tracked>>, Vec<Receiver<Tracked>>);

fn some_channels(rng: &mut Rng) -> Ends {
    (0..=rng.below(3))
        .map(|_| {
            let (tx, rx) = match rng.below(6) {
                0 | 1 => chan::bounded(0),
                2 => chan::bounded(1),
                3 | 4 => chan::bounded(2 + rng.below(7) as usize),
                _ => chan::unbounded(),
            };
            if one_in(rng, 4) {
                tx.set_name("traffic");
            }
            (tx, rx)
        })
        .unzip()
}

fn any<'a, T>(rng: &mut Rng, list: &'a [T]) -> &'a T {
    &list[rng.below(list.len() as u32) as usize]
}

async fn sender(book: Arc<Book>, doors: Vec<Sender<Tracked>>, mut rng: Rng) {
    for _ in 0..10 + rng.below(50) {
        let tx = any(&mut rng, &doors);
        let value = book.value();
        let n = value.n;
        match rng.below(20) {
            0..=3 => book.handed_in(
                n,
                tx.try_send(value).map_err(chan::TrySendError::into_inner),
            ),
            4 if one_in(&mut rng, 8) => {
                book.handed_in(n, tx.send_blocking(value).map_err(|error| error.0));
            }
            4..=6 => select! {
                sent = tx.send(value) => book.handed_in(n, sent.map_err(|error| error.0)),
                () = sleep(brief(&mut rng)) => {}
                () = yield_now(), if one_in(&mut rng, 2) => {}
            },
            7 => select! {
                sent = tx.send(value) => book.handed_in(n, sent.map_err(|error| error.0)),
                default => {}
            },
            8..=10 => send_somewhere(&book, &doors, value, &mut rng).await,
            _ => {
                if let Some(sent) = perhaps(&mut rng, tx.send(value)).await {
                    book.handed_in(n, sent.map_err(|error| error.0));
                }
            }
        }
    }
}

/// Offers a value on each channel, in a `Select`, and gives up after a while. `first` is for the first of them.
async fn send_somewhere(book: &Book, doors: &[Sender<Tracked>], first: Tracked, rng: &mut Rng) {
    let mut first = Some(first);
    let mut select = Select::new();
    for tx in doors {
        let value = first.take().unwrap_or_else(|| book.value());
        let n = value.n;
        select.send(tx, value, move |sent| {
            book.handed_in(n, sent.map_err(|error| error.0));
        });
    }
    if one_in(rng, 2) {
        select.future(sleep(brief(rng)), |()| ());
    }
    perhaps(rng, select.wait()).await;
}

/// Receives from its own channel until that has ended, and from all of them now and then.
async fn receiver(
    book: Arc<Book>,
    doors: Vec<Receiver<Tracked>>,
    own: usize,
    may_block: bool,
    mut rng: Rng,
) {
    let rx = &doors[own];
    loop {
        let value = match rng.below(20) {
            0..=3 => rx.try_recv().ok(),
            4 if may_block && one_in(&mut rng, 8) => match rx.recv_blocking() {
                Ok(value) => Some(value),
                Err(RecvError) => return,
            },
            4..=7 => select! {
                value = rx.recv() => value.ok(),
                value = doors[0].recv() => value.ok(),
                () = sleep(brief(&mut rng)) => None,
            },
            8 => select! { value = rx.recv() => value.ok(), default => None },
            9..=11 => receive_somewhere(&doors, &mut rng).await,
            12 | 13 => match rx.recv().await {
                Ok(value) => Some(value),
                Err(RecvError) => return,
            },
            _ => match perhaps(&mut rng, rx.recv()).await {
                Some(Err(RecvError)) => return,
                Some(Ok(value)) => Some(value),
                None => None,
            },
        };
        match value {
            Some(value) => book.received(&value),
            None => yield_now().await,
        }
    }
}

async fn receive_somewhere(doors: &[Receiver<Tracked>], rng: &mut Rng) -> Option<Tracked> {
    let mut select = Select::new();
    for rx in doors {
        select.recv(rx, Result::ok);
    }
    if one_in(rng, 2) {
        select.future(sleep(brief(rng)), |()| None);
    }
    if one_in(rng, 4) {
        return select.poll_now().await.and_then(|(_, value)| value);
    }
    perhaps(rng, select.wait())
        .await
        .and_then(|(_, value)| value)
}

/// A thread that sends, and one that receives.
fn outsiders(rng: &mut Rng, book: &Arc<Book>, (txs, rxs): &Ends) -> Vec<Outsider> {
    let (own, tx) = (book.clone(), any(rng, txs).clone());
    let values = rng.below(40);
    let sender = Outsider::start(move || {
        for _ in 0..values {
            let value = own.value();
            own.handed_in(value.n, tx.send_blocking(value).map_err(|error| error.0));
        }
    });
    let (own, rx) = (book.clone(), any(rng, rxs).clone());
    let receiver = Outsider::start(move || {
        while let Ok(value) = rx.recv_blocking() {
            own.received(&value);
        }
    });
    vec![sender, receiver]
}

/// One to three channels, many senders and receivers, and one of four ends.
pub(crate) async fn traffic(mut rng: Rng) {
    let book = Arc::new(Book::default());
    let ends = some_channels(&mut rng);
    let end = rng.below(5);
    let (mut senders, mut receivers) = (Crew::default(), Crew::default());
    for _ in 0..2 + rng.below(6) {
        let own = fork(&mut rng);
        senders.go(&mut rng, sender(book.clone(), ends.0.clone(), own));
    }
    // The first of each channel are not aborted, unless all are: somebody has to receive.
    let steady = ends.1.len();
    // One that blocks its thread for one channel cannot be aborted, and would keep the others open.
    let may_block = end != 2;
    for i in 0..steady + rng.below(6) as usize {
        let own = fork(&mut rng);
        let (book, doors) = (book.clone(), ends.1.clone());
        receivers.go(&mut rng, receiver(book, doors, i % steady, may_block, own));
    }
    let threads = if one_in(&mut rng, 4) {
        outsiders(&mut rng, &book, &ends)
    } else {
        Vec::new()
    };
    a_moment(&mut rng).await;
    let (txs, mut rests) = ends;
    match end {
        0 => txs.iter().for_each(|tx| _ = tx.close()),
        1 => receivers.abort_some(&mut rng, 2, steady),
        2 => {
            receivers.abort_some(&mut rng, 1, 0);
            rests.clear();
        }
        _ => {}
    }
    if one_in(&mut rng, 3) {
        senders.abort_some(&mut rng, 3, 0);
    }
    senders.join(&mut rng).await;
    drop(txs);
    threads.into_iter().for_each(Outsider::join);
    receivers.join(&mut rng).await;
    for rx in rests {
        while let Ok(value) = rx.try_recv() {
            book.received(&value);
        }
    }
    book.settle(end == 2);
}
