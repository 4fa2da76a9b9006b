//! `soak`: random scenes full of faults, in release mode, for as long as one likes.
//!
//! The program is the test target `soak`; what it does and what must hold is said there.

use super::long::Program;
use crate::Outcome;

pub(crate) fn soak(arguments: &[String]) -> Outcome {
    let program = Program {
        name: "soak",
        prefix: "GAGGLE_SOAK",
        takes: &["--round"],
        variables: &[],
    };
    program.run(arguments)
}
