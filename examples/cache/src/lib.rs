//! An in-memory cache server with the Redis protocol, whose shards are supervised actors. See the README beside this.
//!
//! ```text
//! connection          a goroutine: bytes, commands, answers        server/
//!     │  one message for each shard that is concerned               round.rs
//!     ▼
//! shard               an actor: keys, expiry, eviction              shard/
//!     │
//! supervisor          starts a shard anew when it has crashed       shard/all.rs
//! ```
//!
//! | file | what it holds |
//! |---|---|
//! | [`resp`] | the protocol |
//! | `command/` | the commands: names, arguments, which shards they need |
//! | `round.rs` | the commands of a connection for all shards, and their answers in order |
//! | `session.rs` | what is known of a client; [`Local`], a client in the same process |
//! | `shard/` | what owns the keys |
//! | `server/` | sockets, limits, channels of `PUBLISH` |
//! | [`snapshot`] | all keys in a file |
//! | [`stats`] | what is counted |
//! | `config.rs` | [`Config`] |

#![forbid(unsafe_code)]

mod command;
mod config;
pub mod resp;
mod round;
pub mod server;
mod session;
mod shard;
pub mod snapshot;
pub mod stats;

pub use config::Config;
pub use server::{ServeError, Server, serve};
pub use session::Local;
pub use shard::{Shards, StartError};
