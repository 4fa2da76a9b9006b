//! Sockets that park goroutines and never threads.
//!
//! | file | what it holds |
//! |---|---|
//! | `tcp.rs` | [`TcpListener`], [`TcpStream`] |
//! | `unix.rs` | [`UnixListener`], [`UnixStream`] |
//! | `udp.rs` | [`UdpSocket`] |
//! | `stream.rs` | what streams of bytes have in common: reading and writing |
//! | `halves.rs` | the two halves of a stream |
//! | `macros.rs` | the methods and traits of all of these, written out |
//! | `compat/` | the traits of tokio's and hyper's I/O, behind features |
//! | `addresses.rs` | names and addresses: [`ToAddrs`], [`lookup_host`] |
//!
//! A socket belongs to the runtime that it was made on, and may be used from any thread.
//! This crate must not know how a worker waits; it uses [`gaggle_rt::io::Registered`].
//! It is an implementation detail: depend on the crate `gaggle` instead.

// One listed module needs it, and only with a feature.
#![cfg_attr(
    not(any(feature = "compat-tokio", feature = "hyper")),
    forbid(unsafe_code)
)]
#![deny(unsafe_code)]
#![cfg(all(target_os = "linux", not(loom)))]

mod addresses;
#[cfg(any(feature = "compat-tokio", feature = "hyper"))]
mod compat;
mod halves;
mod macros;
mod stream;
mod tcp;
mod udp;
mod unix;

pub use addresses::{ToAddrs, lookup_host};
pub use gaggle_rt::io::{Direction, Registered};
pub use halves::{Half, OwnedReadHalf, OwnedWriteHalf, ReadHalf, ReuniteError, WriteHalf};
pub use tcp::{TcpListener, TcpStream};
pub use udp::UdpSocket;
pub use unix::{UnixListener, UnixStream};
