//! Sockets that park goroutines and never threads: TCP, UDP, Unix sockets, and any other descriptor.
//!
//! One of the workers that have nothing to do sleeps in the system's poll; a goroutine that has to wait for a socket is some hundred bytes until then.
//! Methods take `&self`, so one goroutine may read while another writes, as in Go. Each says whether it is cancel-safe, that is, whether it may be an arm of [`select!`](crate::select!) that loses.
//!
//! ```
//! use gaggle::net::{TcpListener, TcpStream};
//!
//! #[gaggle::main]
//! async fn main() -> std::io::Result<()> {
//!     let listener = TcpListener::bind("127.0.0.1:0").await?;
//!     let address = listener.local_addr()?;
//!     gaggle::go(async move {
//!         while let Ok((stream, _peer)) = listener.accept().await {
//!             gaggle::go(async move {
//!                 let mut buffer = [0; 1024];
//!                 while let Ok(n @ 1..) = stream.read(&mut buffer).await {
//!                     if stream.write_all(&buffer[..n]).await.is_err() {
//!                         return;
//!                     }
//!                 }
//!             });
//!         }
//!     });
//!     let stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"ping").await?;
//!     let mut answer = [0; 4];
//!     stream.read_exact(&mut answer).await?;
//!     assert_eq!(&answer, b"ping");
//!     Ok(())
//! }
//! ```
//!
//! The streams are `futures_io::{AsyncRead, AsyncWrite}`; with the feature `compat-tokio` also tokio's traits of the same names, and with `hyper` also `hyper::rt::{Read, Write}`. On Linux only; a simulation has no sockets.

pub use gaggle_net::*;
