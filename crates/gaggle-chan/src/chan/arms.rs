//! Receives and sends as arms of a select.
//!
//! An arm is the plain operation's future, whose node the select puts into the channel's list with a waker that is marked (see `Commit`).
//! Whatever completes the node completes the operation; the future's own `Drop` takes a loser's node out, or gives its value back.
//!
//! While the select is busy nobody completes the node, so its slot is the owner's, also while the node is in the list.

use super::core::{Chan, Offer, Take, wake};
use super::error::{RecvError, SendError};
use super::recv::Recv;
use super::send::Send;
use crate::select::{Arm, ChanArm, RawArm, Round};
use gaggle_base::spin::SpinWord;
use gaggle_base::waitlist::{Commit, Node, State};
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::task::{Context, Waker};

/// The outcome of an attempt under the lock: the wakers to call, or to drop, after it.
#[derive(Default)]
struct Settled {
    wake: Option<Waker>,
    drop: Option<Waker>,
}

/// May this node be settled now? `Err`: no; it is settled already, or its outcome was taken.
///
/// It can be settled already if a waker panicked after it was: then the select has not said so yet.
fn unsettled<T>(node: &Node<T>) -> Result<(), Option<Settled>> {
    match node.state() {
        State::Idle | State::Waiting => Ok(()),
        State::Done | State::Closed => Err(Some(Settled::default())),
        State::Finished => Err(None),
    }
}

/// Takes the node of an arm that has its result out of the list.
///
/// # Safety
/// The lock is held, the select is busy, and the arm's node is of the kind that `receives` says.
unsafe fn leave<T>(chan: &Chan<T>, node: &Node<T>, receives: bool) -> Option<Waker> {
    if node.state() != State::Waiting {
        return None;
    }
    // SAFETY: by its state the node is in the list; the lock is held.
    unsafe { chan.with_held(|inner| inner.withdraw(node, receives)) }
}

/// Lets the arm's node wait, where it is or anew.
///
/// # Safety
/// As for [`ChanArm::enqueue_locked`].
unsafe fn enqueue<T>(
    chan: &Chan<T>,
    node: &Node<T>,
    receives: bool,
    again: bool,
    commit: Pin<&Commit>,
) {
    if node.state() == State::Waiting {
        return;
    }
    let waker = commit.arm();
    // SAFETY: the node is in no list; it is pinned with its future, which takes it out; that nothing is to be had was seen under this hold of the lock.
    unsafe {
        chan.with_held(|inner| match (again, receives) {
            (true, _) => inner.enqueue_first(node, receives, waker),
            (false, true) => inner.enqueue_recv(node, waker),
            (false, false) => inner.enqueue_send(node, waker),
        });
    }
}

/// A receive as an arm.
#[derive(Debug)]
pub struct RecvArm<'a, T> {
    recv: Option<Recv<'a, T>>,
}

/// A send as an arm.
#[derive(Debug)]
pub struct SendArm<'a, T> {
    send: Option<Send<'a, T>>,
}

impl<'a, T> RecvArm<'a, T> {
    /// A receive that was never polled: it is made anew where it is to stay, which is cheaper than to move it there.
    #[inline(always)]
    pub(crate) fn new(recv: Option<Recv<'a, T>>) -> Self {
        let recv = recv.map(|recv| {
            let recv = ManuallyDrop::new(recv);
            Recv::new(recv.chan, recv.node.site)
        });
        Self { recv }
    }

    /// # Safety
    /// The lock is held and the select is busy.
    unsafe fn settle_locked(&self) -> Option<Settled> {
        let Recv { chan, node } = self.recv.as_ref()?;
        if let Err(settled) = unsettled(node) {
            return settled;
        }
        // SAFETY: the lock is held; while the select is busy the slot of a node that is not settled is ours, and it holds a value after `Taken` only.
        let (took, number) = unsafe { chan.with_held(|inner| inner.take_numbered(node.slot())) };
        let (wake, state) = match took {
            Take::Taken(waker) => (waker, State::Done),
            Take::Closed => (None, State::Closed),
            Take::Empty => return None,
        };
        // SAFETY: the caller's promise; the node is a receive's. After that it is in no list, and the lock is still held: it may be given back from here on.
        let drop = unsafe {
            let waker = leave(chan, node, true);
            node.set_stamp(number);
            waker
        };
        node.set_state(state);
        Some(Settled { wake, drop })
    }
}

impl<'a, T> SendArm<'a, T> {
    /// A send that was never polled: see `RecvArm::new`.
    #[inline(always)]
    pub(crate) fn new(send: Option<Send<'a, T>>) -> Self {
        let send = send.map(|send| {
            let send = ManuallyDrop::new(send);
            // SAFETY: a send that was never polled is `Idle`, so its slot holds the value, and it is not used or dropped again.
            Send::new(send.chan, unsafe { send.node.take_slot() }, send.node.site)
        });
        Self { send }
    }

    /// # Safety
    /// The lock is held and the select is busy.
    unsafe fn settle_locked(&self) -> Option<Settled> {
        let send = self.send.as_ref()?;
        let (chan, node) = (send.chan, &send.node);
        if let Err(settled) = unsettled(node) {
            return settled;
        }
        // SAFETY: the lock is held; while the select is busy the slot of a node that is not settled is ours, and it holds the value until `Taken`.
        let offered = unsafe { chan.with_held(|inner| inner.offer(node.slot())) };
        let (wake, state) = match offered {
            Offer::Taken(waker) => (waker, State::Done),
            Offer::Closed => (None, State::Closed),
            Offer::Full => return None,
        };
        // SAFETY: the caller's promise; the node is a send's.
        let drop = unsafe { leave(chan, node, false) };
        node.set_state(state);
        Some(Settled { wake, drop })
    }
}

macro_rules! channel_arm {
    ($arm:ident, $op:ident, $field:ident, $receives:literal, $may_proceed:ident) => {
        impl<T> RawArm for $arm<'_, T> {
            fn is_on(&self) -> bool {
                self.$field.is_some()
            }

            fn may_proceed(&self) -> bool {
                let may = |op: &$op<'_, T>| op.chan.lock().$may_proceed();
                self.$field.as_ref().is_some_and(may)
            }

            fn switch_off(self: Pin<&mut Self>) {
                // SAFETY: the operation is dropped where it is, never moved.
                unsafe { self.get_unchecked_mut() }.$field = None;
            }

            fn attempt(self: Pin<&mut Self>, _: &mut Context<'_>, _: Round) -> bool {
                let Some(op) = &self.$field else {
                    return false;
                };
                let held = op.chan.word().lock();
                // SAFETY: the lock is held, and a select that attempts is busy.
                let settled = unsafe { self.settle_locked() };
                drop(held);
                let Some(settled) = settled else {
                    return false;
                };
                drop(settled.drop);
                wake(settled.wake);
                true
            }

            fn channel(&self) -> Option<&dyn ChanArm> {
                self.$field.is_some().then_some(self)
            }
        }

        impl<T> ChanArm for $arm<'_, T> {
            fn word(&self) -> SpinWord<'_> {
                let op = self.$field.as_ref().expect("an arm that is on");
                op.chan.word()
            }

            unsafe fn attempt_locked(&self) -> Option<[Option<Waker>; 2]> {
                // SAFETY: the caller's promise.
                let settled = unsafe { self.settle_locked() }?;
                Some([settled.wake, settled.drop])
            }

            unsafe fn enqueue_locked(&self, again: bool, commit: Pin<&Commit>) {
                let op = self.$field.as_ref().expect("an arm that is on");
                // SAFETY: the caller's promise; the node is of this kind.
                unsafe { enqueue(op.chan, &op.node, $receives, again, commit) };
            }

            fn is_done(&self) -> bool {
                let op = self.$field.as_ref().expect("an arm that is on");
                matches!(op.node.state(), State::Done | State::Closed)
            }
        }
    };
}

channel_arm!(RecvArm, Recv, recv, true, may_take);
channel_arm!(SendArm, Send, send, false, may_accept);

impl<T> Arm for RecvArm<'_, T> {
    type Output = Result<T, RecvError>;

    fn take_output(self: Pin<&mut Self>) -> Self::Output {
        let node = &self.recv.as_ref().expect("the arm that won is on").node;
        let state = node.state();
        assert!(
            matches!(state, State::Done | State::Closed),
            "a receive that has not won"
        );
        node.finish();
        if state == State::Closed {
            return Err(RecvError);
        }
        // SAFETY: the state was `Done`, so the slot holds a value and is ours; `Finished` says that it is empty now.
        Ok(unsafe { node.take_slot() })
    }
}

impl<T> Arm for SendArm<'_, T> {
    type Output = Result<(), SendError<T>>;

    fn take_output(self: Pin<&mut Self>) -> Self::Output {
        let node = &self.send.as_ref().expect("the arm that won is on").node;
        let state = node.state();
        assert!(
            matches!(state, State::Done | State::Closed),
            "a send that has not won"
        );
        node.finish();
        if state == State::Done {
            return Ok(());
        }
        // SAFETY: the state was `Closed`: the send did not happen, so the slot is ours and holds the value; `Finished` says that it is empty now.
        Err(SendError(unsafe { node.take_slot() }))
    }
}
