//! **gaggle gives Rust the concurrency model of Go**: goroutines on an own M:N scheduler, channels, and the tools to coordinate them.
//!
//! ```
//! use gaggle::{chan, go};
//!
//! #[gaggle::main]
//! async fn main() {
//!     let (tx, rx) = chan::bounded(5);
//!     let worker = go(async move {
//!         let mut sum = 0;
//!         while let Ok(n) = rx.recv().await {
//!             sum += n;
//!         }
//!         sum
//!     });
//!     for n in 1..=10 {
//!         tx.send(n).await.unwrap();
//!     }
//!     drop(tx);
//!     assert_eq!(worker.await.unwrap(), 55);
//! }
//! ```
//!
//! | Go | gaggle |
//! |---|---|
//! | `go f(x)` | [`go`]`(f(x))`, which gives a [`JoinHandle`] that may be ignored |
//! | `make(chan T, n)` | [`chan::bounded`]`(n)`; capacity 0 is a rendezvous |
//! | `ch <- v`, `<-ch`, `close(ch)` | `tx.send(v).await`, `rx.recv().await`, `tx.close()`: with errors where Go panics |
//! | `for v := range ch` | `while let Ok(v) = rx.recv().await` |
//! | `select { case v := <-ch: .. default: .. }` | [`select!`]` { v = rx.recv() => .., default => .. }` |
//! | `sync.WaitGroup`, `sync.Mutex` | [`sync::WaitGroup`], [`sync::Mutex`] |
//! | `context.Context` | [`context::Context`] |
//! | `errgroup.Group` | [`group::Group`] |
//! | `net.Listen`, `net.Dial` | [`net::TcpListener`], [`net::TcpStream`] |
//! | `time.Sleep` | [`time::sleep`] |
//! | `runtime.Gosched` | [`yield_now`] |
//! | `runtime.LockOSThread` | [`go_locked`]: a goroutine with a thread of its own, whose future need not be `Send` |
//!
//! A goroutine is a future: `Send`, a few hundred bytes, free to move between the worker threads. No stacks are switched.
//! One that cannot move has a thread of its own: [`go_locked`].
//! Blocking in one is allowed: say [`blocking`], and others go on at once; say nothing, and they go on some milliseconds later.

#![forbid(unsafe_code)]

// `select!` names the crate from outside, also in here.
extern crate self as gaggle;

#[doc(hidden)]
pub mod __private;
pub mod actor;
pub mod chan;
#[cfg(any(feature = "compat-tokio", feature = "hyper"))]
pub mod compat;
pub mod context;
pub mod group;
#[cfg(target_os = "linux")]
pub mod net;
mod panics;
pub mod runtime;
mod select;
#[cfg(unix)]
mod signals;
pub mod sim;
mod slab;
pub mod sync;
pub mod time;

pub use gaggle_chan::select::{Select, Selecting};
pub use gaggle_macros::{main, test};
pub use gaggle_rt::{
    GoExit, JoinError, JoinHandle, Named, YieldNow, block_on, blocking, go, go_locked, goexit,
    named, yield_now,
};

/// What most programs use.
pub mod prelude {
    pub use crate::chan::{Receiver, Sender};
    pub use crate::sync::{Mutex, WaitGroup};
    pub use crate::{JoinError, JoinHandle, chan, go, select, yield_now};
}
