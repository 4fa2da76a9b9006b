//! Nothing but a place for the tests beside it: libraries of others in goroutines.
//!
//! | test | what runs |
//! |---|---|
//! | `streams` | the traits themselves, and tokio's context on each kind of thread |
//! | `http` | hyper 1 on gaggle alone; axum through hyper, and by `axum::serve`; reqwest |
//! | `tls` | rustls by `futures-rustls` and by `tokio-rustls` |
//! | `websocket` | `async-tungstenite` and `tokio-tungstenite` |
//! | `grpc` | tonic: one answer, and a stream of them |
//! | `sql` | sqlx with `SQLite` |
//!
//! They are a package of their own, since most of them bring tokio along, which no test of gaggle itself is to be built with.

#![forbid(unsafe_code)]
