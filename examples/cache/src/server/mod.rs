//! The server: takes connections, keeps to the limits, stops in good order.
//!
//! | file | what it holds |
//! |---|---|
//! | `connection.rs` | one connection |
//! | `roster.rs` | which connections there are, and how they are ended |
//! | `hub.rs` | who listens to which channel |

mod connection;
mod hub;
mod roster;

use crate::config::Config;
use crate::resp;
use crate::shard::{Shards, StartError};
use crate::stats::{ServerStats, ShardStats, info};
use gaggle::actor::Exit;
use gaggle::context::Context;
use gaggle::net::{TcpListener, TcpStream};
use gaggle::sync::WaitGroup;
use gaggle::time::{Instant, sleep, timeout};
use gaggle::{go, select};
use hub::Hub;
use roster::Roster;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::Shutdown;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection that is told its last word may take to hear it.
const LINGER: Duration = Duration::from_millis(500);

/// What all connections share.
struct Shared {
    shards: Shards,
    stats: Arc<ServerStats>,
    hub: Hub,
    started: Instant,
}

impl Shared {
    fn info(&self) -> String {
        let lot = &self.shards.lot;
        let uptime = self.started.elapsed().as_secs();
        info(&self.stats, &lot.stats(), uptime, lot.config.max_memory)
    }
}

/// Why a server has ended, if not because it was told to.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServeError {
    /// It did not start.
    Start(StartError),
    /// It cannot take connections.
    Listener(io::Error),
    /// Too many shards have crashed in too short a time.
    Shards(Exit),
    /// It has stopped in good order, but the snapshot is not written, or a shard did not stop.
    Stop(Exit),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Start(error) => error.fmt(f),
            Self::Listener(error) => write!(f, "no connections can be taken: {error}"),
            Self::Shards(exit) => write!(f, "the shards have given up: {exit}"),
            Self::Stop(exit) => write!(f, "stopping: {exit}"),
        }
    }
}

impl Error for ServeError {}

/// A server whose shards run, and that takes no connections yet.
pub struct Server {
    shared: Arc<Shared>,
    roster: Arc<Roster>,
}

impl Server {
    /// Starts the shards, with what the snapshot holds.
    ///
    /// # Errors
    /// When the snapshot is damaged; when a shard does not start.
    pub async fn start(config: Config) -> Result<Self, ServeError> {
        let shards = Shards::start(config).await.map_err(ServeError::Start)?;
        Ok(Self {
            shared: Arc::new(Shared {
                shards,
                stats: Arc::default(),
                hub: Hub::default(),
                started: Instant::now(),
            }),
            roster: Arc::default(),
        })
    }

    /// What the server counts; it may be looked at while it serves.
    #[must_use]
    pub fn stats(&self) -> Arc<ServerStats> {
        self.shared.stats.clone()
    }

    /// What a shard counts.
    ///
    /// # Panics
    /// When there is no such shard.
    #[must_use]
    pub fn shard_stats(&self, shard: usize) -> &ShardStats {
        self.shared.shards.stats(shard)
    }

    /// Takes connections until `ctx` is done; then the connections finish what they are at, the snapshot is written, and the shards stop.
    ///
    /// # Errors
    /// When it ends otherwise, and when the snapshot cannot be written.
    pub async fn run(self, listener: TcpListener, ctx: &Context) -> Result<(), ServeError> {
        let connections = WaitGroup::new();
        let idle = self.shared.shards.lot.config.idle;
        let watch = idle.map(|limit| {
            go(end_idle(
                self.roster.clone(),
                self.shared.stats.clone(),
                limit,
            ))
        });
        let ended = select! {
            ended = self.accept(&listener, &connections) => Err(ServeError::Listener(ended)),
            exit = self.shared.shards.exited() => Err(ServeError::Shards(exit)),
            () = ctx.done() => Ok(()),
        };
        drop(listener);
        self.end_connections(&connections).await;
        if let Some(watch) = watch {
            watch.abort();
        }
        ended?;
        match Arc::try_unwrap(self.shared) {
            Ok(shared) => shared.shards.stop().await.map_err(ServeError::Stop),
            Err(_) => Err(ServeError::Stop(Exit::error("a connection did not end"))),
        }
    }

    /// Takes connections, until that is not possible any more.
    async fn accept(&self, listener: &TcpListener, connections: &WaitGroup) -> io::Error {
        let most = self.shared.shards.lot.config.max_clients;
        loop {
            // That there are no descriptors left is waited out in there.
            let (stream, _peer) = match listener.accept().await {
                Ok(taken) => taken,
                Err(error) => return error,
            };
            // A socket that is broken already says so at its first read.
            let _ = stream.set_nodelay(true);
            match self.roster.enter(stream, most, &self.shared.stats) {
                Ok(client) => {
                    drop(connections.go(connection::serve(self.shared.clone(), client)));
                }
                Err(stream) => {
                    self.shared.stats.rejected.add(1);
                    refuse(&stream).await;
                }
            }
        }
    }

    /// Lets the connections finish, for so long as they may take.
    async fn end_connections(&self, connections: &WaitGroup) {
        self.roster.all().iter().for_each(|client| client.hang_up());
        let grace = self.shared.shards.lot.config.grace;
        if timeout(grace, connections.wait()).await.is_ok() {
            return;
        }
        self.roster
            .all()
            .iter()
            .for_each(|client| client.disconnect());
        connections.wait().await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("shards", &self.shared.shards)
            .finish_non_exhaustive()
    }
}

/// There are so many connections already. The buffer of a new socket is empty, so the text goes at once.
async fn refuse(stream: &TcpStream) {
    let text = b"-ERR max number of clients reached\r\n";
    let told = timeout(LINGER, stream.write_all(text)).await;
    drop(told);
    let _ = stream.shutdown(Shutdown::Write);
}

/// Ends connections that have said nothing for too long. It sleeps until the first of them can have.
async fn end_idle(roster: Arc<Roster>, stats: Arc<ServerStats>, limit: Duration) {
    loop {
        let now = Instant::now();
        let mut next = now + limit;
        for client in roster.all() {
            let Some(last) = client.last() else {
                continue;
            };
            let until = last + limit;
            if until <= now {
                stats.idle.add(1);
                client.disconnect();
            } else {
                next = next.min(until);
            }
        }
        sleep(next - now).await;
    }
}

/// Starts a server and runs it on `listener` until `ctx` is done.
///
/// # Errors
/// See [`ServeError`].
///
/// # Examples
/// ```
/// use gaggle::context::Context;
/// use gaggle::net::{TcpListener, TcpStream};
/// use gaggle_cache::{Config, serve};
///
/// # fn main() -> std::io::Result<()> {
/// gaggle::block_on(async {
///     let listener = TcpListener::bind("127.0.0.1:0").await?;
///     let address = listener.local_addr()?;
///     let (ctx, cancel) = Context::background().with_cancel();
///     let server = gaggle::go(async move { serve(listener, Config::default(), &ctx).await });
///     let client = TcpStream::connect(address).await?;
///     client.write_all(b"PING\r\n").await?;
///     let mut answer = [0; 7];
///     client.read_exact(&mut answer).await?;
///     assert_eq!(&answer, b"+PONG\r\n");
///     cancel.cancel();
///     server.await.unwrap().unwrap();
///     Ok(())
/// })
/// # }
/// ```
pub async fn serve(listener: TcpListener, config: Config, ctx: &Context) -> Result<(), ServeError> {
    Server::start(config).await?.run(listener, ctx).await
}
