//! Waiting for the first of several operations (semantics.md SE, RX-01 to RX-03).
//!
//! | file | what it holds |
//! |---|---|
//! | `arm.rs` | what a select asks of its arms; any future as an arm |
//! | `operand.rs` | which kind of arm the operand of a `select!` is |
//! | `arms.rs` | arms of different types, as a list of pairs |
//! | `engine.rs` | the protocol: look, enqueue everywhere at once, wait, look again |
//! | `run.rs` | the future of one select with a fixed list of arms |
//! | `dynamic.rs` | [`Select`], the form for a list that is made at run time |
//!
//! The arms of channels are in `chan/arms.rs`. The protocol, and why nothing is lost, is in `README.md` beside this file.

mod arm;
mod arms;
mod dynamic;
mod engine;
mod operand;
mod run;

pub use arm::{Arm, ChanArm, FutureArm, RawArm, Round};
pub use arms::{Arms, Here, Nothing, There};
pub use dynamic::{Select, Selecting};
pub use engine::Mode;
pub use operand::Operand;
/// The kinds of operands, as the macro imports them: all at once, so that it does not matter which of them a select has.
pub mod kinds {
    pub use super::operand::{
        OperandChannel, OperandFuture, OperandOptionFuture, OperandOptionPeek, OperandPeek,
    };
}

pub use run::{Outcome, Selected, moved, select};

#[cfg(all(test, loom))]
#[path = "select_loom.rs"]
mod loom_tests;
