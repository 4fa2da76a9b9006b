//! The Redis protocol, version 2: reading requests and writing answers. It must not know what a command is, nor what a socket is.

mod parse;
mod write;

pub use parse::{Limits, Parser, ProtocolError, Request};
pub use write::{array, array_end, bulk, error, integer, integer_of, null, simple, skip};
