//! `faults`: sockets under mixed faults, in release mode, for as long as one likes.
//!
//! The program is the test target `faults`; what it does and what must hold is said there.

use super::long::Program;
use crate::Outcome;

pub(crate) fn faults(arguments: &[String]) -> Outcome {
    let program = Program {
        name: "faults",
        prefix: "GAGGLE_FAULTS",
        takes: &["--gentle"],
        // The C library gives each thread memory of its own, and it takes minutes until all have had their largest burst. What leaks leaks from one as well.
        variables: &[("MALLOC_ARENA_MAX", "1")],
    };
    program.run(arguments)
}
