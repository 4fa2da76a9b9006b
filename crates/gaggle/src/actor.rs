//! Actors: OTP's processes and supervision, with Rust's types.

pub use gaggle_actor::*;
