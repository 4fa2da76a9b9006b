//! Libraries that were written for other runtimes, in goroutines. Each part is behind a feature.
//!
//! | library needs | take | feature |
//! |---|---|---|
//! | a stream with `futures_io`'s traits | [`net`](crate::net) as it is | |
//! | a stream with `tokio::io`'s traits | [`net`](crate::net) as it is | `compat-tokio` |
//! | a stream for hyper 1, an executor, a timer | [`net`](crate::net), [`hyper::Executor`], [`hyper::Timer`] | `hyper` |
//! | tokio's reactor, timers, `tokio::spawn` | [`tokio`] | `compat-tokio` |
//!
//! What works with what, and with which versions that was tested, is in `docs/ecosystem.md`.

#[cfg(feature = "hyper")]
pub mod hyper;
#[cfg(feature = "compat-tokio")]
pub mod tokio;
