//! Which kind of arm the operand of a `select!` is.
//!
//! The macro does not know types, so it asks in a way that lets the compiler choose: `(&&&&&Operand::new(x)).arm(on)`.
//! Method lookup tries the receiver as it is and then with one `&` less at a time, and takes the first trait that fits:
//! a channel operation (or an `Option` of one), a future that can be looked at without a poll (or an `Option` of one), any other future in an `Option`, any other future.

use super::arm::{Arm, FutureArm};
use crate::chan::{Recv, RecvArm, Send, SendArm};
use gaggle_base::peek::Peek;
use std::cell::Cell;

/// The operand of an arm, until its kind is known.
pub struct Operand<T>(Cell<Option<T>>);

impl<T> Operand<T> {
    /// Wraps an operand.
    pub fn new(operand: T) -> Self {
        Self(Cell::new(Some(operand)))
    }

    fn take(&self) -> T {
        self.0.take().expect("an operand becomes an arm once")
    }
}

/// A channel operation.
pub trait ChannelOperand {
    /// The arm for it.
    type Arm: Arm;
    /// Makes the arm. One that is not `on` drops its operation.
    fn into_arm(self, on: bool) -> Self::Arm;
}

impl<'a, T> ChannelOperand for Recv<'a, T> {
    type Arm = RecvArm<'a, T>;
    fn into_arm(self, on: bool) -> Self::Arm {
        RecvArm::new(on.then_some(self))
    }
}

impl<'a, T> ChannelOperand for Option<Recv<'a, T>> {
    type Arm = RecvArm<'a, T>;
    fn into_arm(self, on: bool) -> Self::Arm {
        RecvArm::new(self.filter(|_| on))
    }
}

impl<'a, T> ChannelOperand for Send<'a, T> {
    type Arm = SendArm<'a, T>;
    fn into_arm(self, on: bool) -> Self::Arm {
        SendArm::new(on.then_some(self))
    }
}

impl<'a, T> ChannelOperand for Option<Send<'a, T>> {
    type Arm = SendArm<'a, T>;
    fn into_arm(self, on: bool) -> Self::Arm {
        SendArm::new(self.filter(|_| on))
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, [$($level:tt)*], $param:ident: $bound:path, $operand:ty => $arm:ty, $make:expr) => {
        $(#[$doc])*
        pub trait $name {
            /// The arm for this kind.
            type Arm: Arm;
            /// Makes the arm, once.
            fn arm(&self, on: bool) -> Self::Arm;
        }

        impl<$param: $bound> $name for $($level)* Operand<$operand> {
            type Arm = $arm;
            fn arm(&self, on: bool) -> Self::Arm {
                ($make)(self.take(), on)
            }
        }
    };
}

kind!(
    /// First choice: an operation of a channel.
    OperandChannel, [&&&&], O: ChannelOperand, O => O::Arm, O::into_arm
);
kind!(
    /// Second choice: a future that can be looked at without a poll.
    OperandPeek, [&&&], F: Peek, F => FutureArm<F>,
    |f: F, on: bool| FutureArm::peeking(on.then_some(f))
);
kind!(
    /// Third choice: the same in an `Option`.
    OperandOptionPeek, [&&], F: Peek, Option<F> => FutureArm<F>,
    |f: Option<F>, on: bool| FutureArm::peeking(f.filter(|_| on))
);
kind!(
    /// Fourth choice: any other future in an `Option`.
    OperandOptionFuture, [&], F: IntoFuture, Option<F> => FutureArm<F::IntoFuture>,
    |f: Option<F>, on: bool| FutureArm::new(f.filter(|_| on).map(F::into_future))
);
kind!(
    /// Last choice: any other future.
    OperandFuture, [], F: IntoFuture, F => FutureArm<F::IntoFuture>,
    |f: F, on: bool| FutureArm::new(on.then(|| f.into_future()))
);
