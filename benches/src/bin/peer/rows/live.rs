//! `live`: what a million parked goroutines cost, in memory, to create and to release.

use super::{Slots, share};
use crate::channel::{Channel, Receiver, Sender};
use crate::measure::{self, GREEDIEST, Outcome, Result, nanoseconds_each, timed};
use crate::runtime::{Runtime, WaitGroup};

/// Goroutines that all wait in `recv` on one channel, until it is closed.
pub(crate) async fn parked<R, C>(n: u64) -> Result
where
    R: Runtime,
    C: Channel<Receiver: Clone>,
{
    measure::touch(n * GREEDIEST);
    let goroutines = n as usize;
    let group = share(R::WaitGroup::new());
    let slots = share(Slots::new(goroutines));
    let (sender, receiver) = C::bounded(128);

    let before = measure::resident();
    let create = async {
        group.add(goroutines);
        for i in 0..goroutines {
            let mut receiver = receiver.clone();
            R::go(async move {
                group.done();
                if receiver.recv().await.is_err() {
                    slots.hit(i);
                }
                group.done();
            });
        }
        group.wait().await;
    };
    let ((), created) = timed(create).await;
    let resident = measure::resident().saturating_sub(before);

    drop(receiver);
    let release = async {
        group.add(goroutines);
        sender.close();
        group.wait().await;
    };
    let ((), released) = timed(release).await;
    slots.check("live", 1)?;

    let memory = resident as f64 / n as f64;
    let create = nanoseconds_each(created, n);
    Ok(Outcome::new(
        n,
        [memory, create, nanoseconds_each(released, n)],
    ))
}
