//! Arms of different types, as a list of pairs: `(first, (second, (third, ())))`.
//!
//! What comes out is nested in the same way: `Here(x)` is the first arm's, `There(Here(y))` the second's.

use super::arm::{Arm, RawArm};
use std::pin::Pin;

/// What no arm ever gives.
#[derive(Debug)]
pub enum Nothing {}

/// The outcome of the first arm of a list, or of a later one.
#[derive(Debug)]
pub enum HereOrThere<H, T> {
    /// The first arm's.
    Here(H),
    /// A later one's.
    There(T),
}

pub use HereOrThere::{Here, There};

/// The arms as the engine sees them.
pub(super) type Slot<'p> = Option<Pin<&'p mut (dyn RawArm + 'p)>>;

/// A list of arms.
pub trait Arms: Sealed {
    /// What comes out of it.
    type Output;
}

/// What only this crate uses of a list of arms.
pub trait Sealed {
    #[doc(hidden)]
    type Output;
    #[doc(hidden)]
    fn collect<'p>(self: Pin<&'p mut Self>, into: &mut [Option<Pin<&'p mut (dyn RawArm + 'p)>>]);
    #[doc(hidden)]
    fn take(self: Pin<&mut Self>, index: usize) -> <Self as Sealed>::Output;
    #[doc(hidden)]
    fn switch_off(self: Pin<&mut Self>, index: usize);
}

impl<A: Sealed> Arms for A {
    type Output = <A as Sealed>::Output;
}

impl Sealed for () {
    type Output = Nothing;
    fn collect<'p>(self: Pin<&'p mut Self>, _: &mut [Slot<'p>]) {}
    fn take(self: Pin<&mut Self>, _: usize) -> Nothing {
        unreachable!("an arm that is in the list")
    }
    fn switch_off(self: Pin<&mut Self>, _: usize) {}
}

/// The two halves of a pinned pair.
fn halves<H, T>(pair: Pin<&mut (H, T)>) -> (Pin<&mut H>, Pin<&mut T>) {
    // SAFETY: both halves stay where they are for as long as the pair does, and neither is moved out of it; a tuple has no `Drop` of its own.
    unsafe {
        let (first, rest) = pair.get_unchecked_mut();
        (Pin::new_unchecked(first), Pin::new_unchecked(rest))
    }
}

impl<H: Arm, T: Sealed> Sealed for (H, T) {
    type Output = HereOrThere<H::Output, T::Output>;

    #[inline(always)]
    fn collect<'p>(self: Pin<&'p mut Self>, into: &mut [Slot<'p>]) {
        let (first, rest) = halves(self);
        let Some((slot, slots)) = into.split_first_mut() else {
            unreachable!("as many slots as arms");
        };
        *slot = Some(first);
        rest.collect(slots);
    }

    #[inline(always)]
    fn take(self: Pin<&mut Self>, index: usize) -> Self::Output {
        let (first, rest) = halves(self);
        if index == 0 {
            Here(first.take_output())
        } else {
            There(rest.take(index - 1))
        }
    }

    fn switch_off(self: Pin<&mut Self>, index: usize) {
        let (first, rest) = halves(self);
        if index == 0 {
            first.switch_off();
        } else {
            rest.switch_off(index - 1);
        }
    }
}
