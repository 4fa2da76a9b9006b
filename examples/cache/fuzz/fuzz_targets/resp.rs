//! The fuzz target of the parser: `cargo xtask fuzz`, or `cargo fuzz run resp` in the folder of the package.
//!
//! The parser is compiled in here, without all that it is used by.

#![no_main]

mod check;
#[allow(dead_code, unused_imports, reason = "a part of it is fuzzed")]
#[path = "../../src/resp/mod.rs"]
mod resp;

libfuzzer_sys::fuzz_target!(|data: &[u8]| check::check(data));
