//! Arms of different types, as a list of pairs of pinned borrows: `(first, (second, (third, ())))`.
//!
//! Borrows, because a nested pair of the arms themselves would move every arm once for each that stands before it.
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
    fn collect<'p>(&'p mut self, into: &mut [Option<Pin<&'p mut (dyn RawArm + 'p)>>]);
    #[doc(hidden)]
    fn take(&mut self, index: usize) -> <Self as Sealed>::Output;
    #[doc(hidden)]
    fn switch_off(&mut self, index: usize);
    #[doc(hidden)]
    fn switch_all_off(&mut self);
}

impl<A: Sealed> Arms for A {
    type Output = <A as Sealed>::Output;
}

impl Sealed for () {
    type Output = Nothing;
    fn collect<'p>(&'p mut self, _: &mut [Slot<'p>]) {}
    fn take(&mut self, _: usize) -> Nothing {
        unreachable!("an arm that is in the list")
    }
    fn switch_off(&mut self, _: usize) {}
    fn switch_all_off(&mut self) {}
}

impl<H: Arm, T: Sealed> Sealed for (Pin<&mut H>, T) {
    type Output = HereOrThere<H::Output, T::Output>;

    #[inline(always)]
    fn collect<'p>(&'p mut self, into: &mut [Slot<'p>]) {
        let Some((slot, slots)) = into.split_first_mut() else {
            unreachable!("as many slots as arms");
        };
        *slot = Some(self.0.as_mut());
        self.1.collect(slots);
    }

    #[inline(always)]
    fn take(&mut self, index: usize) -> Self::Output {
        if index == 0 {
            Here(self.0.as_mut().take_output())
        } else {
            There(self.1.take(index - 1))
        }
    }

    fn switch_off(&mut self, index: usize) {
        if index == 0 {
            self.0.as_mut().switch_off();
        } else {
            self.1.switch_off(index - 1);
        }
    }

    fn switch_all_off(&mut self) {
        self.0.as_mut().switch_off();
        self.1.switch_all_off();
    }
}
