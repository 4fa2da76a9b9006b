//! An HTTP server on hyper and gaggle, with limits and a graceful end. See `README.md`.
//!
//! | file | what it holds |
//! |---|---|
//! | `main.rs` | the program: an address, the signals |
//! | `limits.rs` | [`Limits`]: all of them, with their defaults |
//! | `server.rs` | [`serve`]: takes connections until it is to end, then waits for those that are open |
//! | `connection.rs` | one connection, from the first byte to the last |
//! | `refuse.rs` | what a connection above the limit is told |
//! | `routes.rs` | what is answered to which request |
//! | `body.rs` | bodies: read up to the limit |

#![forbid(unsafe_code)]

mod body;
mod connection;
mod limits;
mod refuse;
mod routes;
mod server;

pub use limits::Limits;
pub use server::{Summary, serve};
