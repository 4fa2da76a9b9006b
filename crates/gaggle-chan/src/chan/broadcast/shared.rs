//! What senders and receivers of one broadcast share, and one delivery.
//!
//! * `order` is held by the one send whose turn it is, also while it waits for room. It protects the list of subscribers.
//!   Values of a user are cloned and wakers of goroutines are called under it; other wakers, and what was evicted, wait until it is free.
//! * `door` is a short lock for those who cannot wait for their turn: who subscribes and who closes. Every send looks there first.
//! * Only the send whose turn it is puts values into the subscribers' channels, so room that it has seen stays.
//!
//! **Invariant D1**: after the door was closed, whoever leaves `order` sweeps, that is clears the list of subscribers.
//! A closer that finds `order` taken leaves that to its holder, who looks at the door after it has let go.
//!
//! **Invariant D2**: a send that waits for room has announced for whom before it looked, under the lock of that subscriber's channel.
//! A receiver looks for the announcement after it took a value under that lock. So it either made the room that was seen or sees that it is waited for.

use super::super::core::try_take;
use super::super::error::{SendError, TrySendError};
use super::super::{bounded, receiver, sender};
use super::Lag;
use crate::sync::Mutex;
use gaggle_base::spin::SpinLock;
use gaggle_base::sync::{AtomicU64, AtomicUsize, Ordering};
use gaggle_base::waitlist::Wakes;
use gaggle_base::waker::is_goroutine;
use std::mem::take;
use std::sync::Arc;

/// A value and its number among those for this subscriber, from 0. A gap in the numbers is what was lost.
pub(super) type Numbered<T> = (u64, T);

/// No subscriber has this number.
const NOBODY: u64 = 0;

pub(super) struct Shared<T> {
    pub(super) capacity: usize,
    pub(super) lag: Lag,
    pub(super) order: Mutex<Vec<Subscriber<T>>>,
    door: SpinLock<Door<T>>,
    /// For whose room the send whose turn it is waits (D2).
    waited_for: AtomicU64,
    /// Tells that send to look again.
    room: sender::Sender<()>,
    pub(super) room_made: receiver::Receiver<()>,
    pub(super) senders: AtomicUsize,
    pub(super) receivers: AtomicUsize,
    /// How many receivers went since somebody last looked for what they left behind.
    gone: AtomicUsize,
}

struct Door<T> {
    /// Who has subscribed since the last send.
    arrived: Vec<Subscriber<T>>,
    last: u64,
    closed: bool,
}

/// A receiver, as senders see it.
pub(super) struct Subscriber<T> {
    number: u64,
    tx: sender::Sender<Numbered<T>>,
    /// How many values were put into its channel.
    sent: u64,
    /// For how many values at least there is room in its channel.
    room: usize,
}

impl<T> Shared<T> {
    pub(super) fn new(capacity: usize, lag: Lag) -> Arc<Self> {
        let (room, room_made) = bounded(1);
        Arc::new(Self {
            capacity,
            lag,
            order: Mutex::new(Vec::new()),
            door: SpinLock::new(Door {
                arrived: Vec::new(),
                last: NOBODY,
                closed: false,
            }),
            waited_for: AtomicU64::new(NOBODY),
            room,
            room_made,
            senders: AtomicUsize::new(1),
            receivers: AtomicUsize::new(0),
            gone: AtomicUsize::new(0),
        })
    }

    /// A channel that gets each value from now on, and the number that it is known by.
    pub(super) fn subscribe(&self) -> (u64, receiver::Receiver<Numbered<T>>) {
        let (tx, rx) = bounded(self.capacity);
        self.receivers.fetch_add(1, Ordering::Relaxed);
        let mut door = self.door.lock();
        door.last += 1;
        let number = door.last;
        let arrived = Subscriber {
            number,
            tx,
            sent: 0,
            room: self.capacity,
        };
        // Dropping the sending end closes the channel; not under the lock.
        let late = if door.closed {
            Some(arrived)
        } else {
            door.arrived.push(arrived);
            None
        };
        drop(door);
        drop(late);
        (number, rx)
    }

    pub(super) fn is_closed(&self) -> bool {
        self.door.lock().closed
    }

    /// Closes the door and tells everyone. Says whether this call did it.
    pub(super) fn close(&self) -> bool {
        let mut door = self.door.lock();
        let first = !door.closed;
        door.closed = true;
        drop(door);
        // A send that waits for room looks again, and finds the door closed.
        let _ = self.room.try_send(());
        self.sweep();
        first
    }

    /// After the door was closed: lets go of all subscribers, unless somebody has `order` who will (D1).
    pub(super) fn sweep(&self) {
        if !self.is_closed() {
            return;
        }
        let arrived = take(&mut self.door.lock().arrived);
        let present = self.order.try_lock().map(|mut order| take(&mut *order));
        drop((arrived, present));
    }

    /// Lets in who has subscribed. `false`: the door is closed.
    pub(super) fn let_in(&self, order: &mut Vec<Subscriber<T>>) -> bool {
        let mut door = self.door.lock();
        let arrived = take(&mut door.arrived);
        let open = !door.closed;
        drop(door);
        order.extend(arrived);
        open
    }

    /// Announces for whose room the send whose turn it is waits; `None` takes it back.
    pub(super) fn announce(&self, whom: Option<&Subscriber<T>>) {
        // Relaxed: the locks of the channel order it (D2).
        self.waited_for
            .store(whom.map_or(NOBODY, |s| s.number), Ordering::Relaxed);
    }

    /// Receiver `number` has taken a value, or is gone.
    #[inline(always)]
    pub(super) fn made_room(&self, number: u64) {
        if self.waited_for.load(Ordering::Relaxed) == number {
            // If it is full, the sender has not yet looked for what was said before.
            let _ = self.room.try_send(());
        }
    }

    /// Receiver `number` is gone. What it leaves in the list goes with the next value, or here once there is much of it.
    pub(super) fn receiver_gone(&self, number: u64) {
        self.made_room(number);
        let stay = self.receivers.fetch_sub(1, Ordering::Relaxed) - 1;
        let gone = self.gone.fetch_add(1, Ordering::Relaxed) + 1;
        if gone > stay + 8
            && let Some(mut order) = self.order.try_lock()
        {
            self.gone.store(0, Ordering::Relaxed);
            self.let_in(&mut order);
            order.retain(|subscriber| !subscriber.tx.is_closed());
            drop(order);
            self.sweep();
        }
    }

    /// The first subscriber from `from` on who has no room.
    pub(super) fn full(&self, order: &mut [Subscriber<T>], from: usize) -> Option<usize> {
        (from..order.len()).find(|&i| !order[i].has_room(self.capacity))
    }
}

impl<T> Subscriber<T> {
    /// Is there room for one more, or nobody to need it?
    pub(super) fn has_room(&mut self, capacity: usize) -> bool {
        if self.room == 0 {
            self.room = if self.tx.is_closed() {
                capacity
            } else {
                capacity - self.tx.len()
            };
        }
        self.room > 0
    }

    /// Puts `value` in; with `Lag::Drop` in place of the oldest one, if there is no room. It comes back if the receiver is gone.
    fn put(&mut self, value: T, after: &mut After<T>) -> Result<(), T> {
        let mut numbered = (self.sent, value);
        loop {
            match self.tx.hand_in(numbered) {
                Ok(waker) => {
                    match waker {
                        Some(waker) if is_goroutine(&waker) => waker.wake(),
                        Some(waker) => after.wakes.push(waker),
                        None => {}
                    }
                    self.sent += 1;
                    self.room = self.room.saturating_sub(1);
                    return Ok(());
                }
                Err(TrySendError::Full(back)) => {
                    numbered = back;
                    after.evicted.extend(try_take(&self.tx.handle));
                }
                Err(TrySendError::Closed((_, value))) => return Err(value),
            }
        }
    }
}

/// What is left to do when the turn is over.
pub(super) struct After<T> {
    wakes: Wakes,
    evicted: Vec<Numbered<T>>,
    /// The value itself, when every receiver has a clone of it or is gone: its `Drop` is the user's.
    spare: Vec<T>,
}

impl<T> After<T> {
    pub(super) fn new() -> Self {
        Self {
            wakes: Wakes::new(),
            evicted: Vec::new(),
            spare: Vec::new(),
        }
    }
}

/// Gives `value` to each subscriber, in one step. It comes back if there is none.
pub(super) fn deliver<T: Clone>(
    order: &mut Vec<Subscriber<T>>,
    value: T,
    after: &mut After<T>,
) -> Result<(), SendError<T>> {
    let mut left = Some(value);
    let mut delivered = false;
    let mut i = 0;
    while i < order.len() {
        let last = i + 1 == order.len();
        let mine = if last { left.take() } else { left.clone() };
        let Some(mine) = mine else { break };
        match order[i].put(mine, after) {
            Ok(()) => {
                delivered = true;
                i += 1;
            }
            Err(value) => {
                order.swap_remove(i);
                // Two that are equal: a clone that came back, and the value that it was made of.
                after.spare.extend(left.replace(value));
            }
        }
    }
    if delivered {
        after.spare.extend(left);
        return Ok(());
    }
    left.map_or(Ok(()), |value| Err(SendError(value)))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::super::broadcast;

    #[test]
    fn receivers_that_come_and_go_without_a_send_do_not_pile_up() {
        let (tx, _rx) = broadcast::<u8>(1);
        for _ in 0..1_000 {
            drop(tx.subscribe());
        }
        let mut order = tx.shared.order.try_lock().unwrap();
        assert!(tx.shared.let_in(&mut order));
        assert!(order.len() < 20, "{} are kept", order.len());
    }
}
