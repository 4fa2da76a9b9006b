//! Which kind of arm the operand of a `select!` is.
//!
//! The macro does not know types, so it asks in a way that lets the compiler choose: `(&&&&&Operand::of(&x)).gaggle_operand_kind()`.
//! Method lookup tries the receiver as it is and then with one `&` less at a time, and takes the first trait that fits:
//! a channel operation (or an `Option` of one), a future that can be looked at without a poll (or an `Option` of one), any other future in an `Option`, any other future.
//! The answer is a type without a value in it, so the operand itself is moved once, into its arm.

use super::arm::{Arm, FutureArm};
use crate::chan::{Recv, RecvArm, Send, SendArm};
use gaggle_base::peek::Peek;
use std::marker::PhantomData;

/// The type of an operand, asked for its kind.
#[expect(
    missing_debug_implementations,
    reason = "it lives inside one expression of a macro"
)]
pub struct Operand<T>(PhantomData<fn() -> T>);

impl<T> Operand<T> {
    /// The type of this operand.
    #[inline(always)]
    pub fn of(_: &T) -> Self {
        Self(PhantomData)
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
    #[inline(always)]
    fn into_arm(self, on: bool) -> Self::Arm {
        RecvArm::new(on.then_some(self))
    }
}

impl<'a, T> ChannelOperand for Option<Recv<'a, T>> {
    type Arm = RecvArm<'a, T>;
    #[inline(always)]
    fn into_arm(self, on: bool) -> Self::Arm {
        RecvArm::new(self.filter(|_| on))
    }
}

impl<'a, T> ChannelOperand for Send<'a, T> {
    type Arm = SendArm<'a, T>;
    #[inline(always)]
    fn into_arm(self, on: bool) -> Self::Arm {
        SendArm::new(on.then_some(self))
    }
}

impl<'a, T> ChannelOperand for Option<Send<'a, T>> {
    type Arm = SendArm<'a, T>;
    #[inline(always)]
    fn into_arm(self, on: bool) -> Self::Arm {
        SendArm::new(self.filter(|_| on))
    }
}

macro_rules! kind {
    ($(#[$doc:meta])* $name:ident, $kind:ident, [$($level:tt)*], $param:ident: $bound:path, $operand:ty => $arm:ty, $make:expr) => {
        $(#[$doc])*
        pub trait $name {
            /// The kind.
            fn gaggle_operand_kind(&self) -> $kind {
                $kind
            }
        }

        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $kind;

        impl $kind {
            /// Makes the arm. One that is not `on` drops its operand.
            #[inline(always)]
            pub fn gaggle_arm<$param: $bound>(self, operand: $operand, on: bool) -> $arm {
                ($make)(operand, on)
            }
        }

        impl<$param: $bound> $name for $($level)* Operand<$operand> {}
    };
}

kind!(
    /// First choice: an operation of a channel.
    OperandChannel, Channel, [&&&&], O: ChannelOperand, O => O::Arm, O::into_arm
);
kind!(
    /// Second choice: a future that can be looked at without a poll.
    OperandPeek, PeekFuture, [&&&], F: Peek, F => FutureArm<F>,
    |f: F, on: bool| FutureArm::peeking(on.then_some(f))
);
kind!(
    /// Third choice: the same in an `Option`.
    OperandOptionPeek, OptionPeekFuture, [&&], F: Peek, Option<F> => FutureArm<F>,
    |f: Option<F>, on: bool| FutureArm::peeking(f.filter(|_| on))
);
kind!(
    /// Fourth choice: any other future in an `Option`.
    OperandOptionFuture, OptionAnyFuture, [&], F: IntoFuture, Option<F> => FutureArm<F::IntoFuture>,
    |f: Option<F>, on: bool| FutureArm::new(f.filter(|_| on).map(F::into_future))
);
/// Last choice: any other future. It is there for every type, so that the compiler says of one that is none: it is not a future.
pub trait OperandFuture {
    /// The kind.
    fn gaggle_operand_kind(&self) -> AnyFuture {
        AnyFuture
    }
}

/// Last choice: any other future.
#[derive(Clone, Copy, Debug)]
pub struct AnyFuture;

impl AnyFuture {
    /// Makes the arm. One that is not `on` drops its operand.
    #[inline(always)]
    #[expect(
        clippy::unused_self,
        reason = "the receiver is how the macro names the kind"
    )]
    pub fn gaggle_arm<F: IntoFuture>(self, operand: F, on: bool) -> FutureArm<F::IntoFuture> {
        FutureArm::new(on.then(|| operand.into_future()))
    }
}

impl<T> OperandFuture for Operand<T> {}
