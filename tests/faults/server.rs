//! The server: it answers each line `<length>:<payload>` with the same line, over TCP and over a Unix socket.
//!
//! It has a deadline for each read and write, a limit for the length of a line and one for connections. Whoever breaks a rule is told and then left.
//! A patient server leaves nobody else alone; an impatient one has short deadlines and few places, and its handlers are aborted at random.

use crate::tally::{Did, a_moment, did, fork, one_in};
use futures::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use gaggle::net::{TcpListener, UnixListener};
use gaggle::sync::{Semaphore, WaitGroup};
use gaggle::time::timeout;
use gaggle::{JoinHandle, go};
use gaggle_base::rng::Rng;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// A line may be this long, its end included.
pub(crate) const LONGEST: usize = 128 << 10;

/// What a request that holds up its handler's thread begins with.
pub(crate) const BLOCK: &[u8] = b"block";

#[derive(Clone, Copy)]
pub(crate) struct Rules {
    /// How long a read or a write may take.
    pub(crate) deadline: Duration,
    /// How many connections there may be.
    pub(crate) places: usize,
    /// Are handlers aborted at random?
    pub(crate) aborts: bool,
}

pub(crate) const PATIENT: Rules = Rules {
    deadline: Duration::from_secs(20),
    places: 4_500,
    aborts: false,
};

pub(crate) const IMPATIENT: Rules = Rules {
    deadline: Duration::from_millis(15),
    places: 12,
    aborts: true,
};

/// A server that runs.
pub(crate) struct Server {
    pub(crate) tcp: SocketAddr,
    pub(crate) unix: PathBuf,
    accepts: Vec<JoinHandle<()>>,
    handlers: WaitGroup,
}

/// What all handlers of a server share.
struct Shared {
    rules: Rules,
    places: Arc<Semaphore>,
    handlers: WaitGroup,
}

impl Server {
    pub(crate) async fn start(rules: Rules, rng: &mut Rng) -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "gaggle-faults-{}-{}",
            std::process::id(),
            NUMBER.fetch_add(1, Relaxed)
        );
        let unix = std::env::temp_dir().join(name);
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let tcp = listener.local_addr()?;
        let unix_listener = UnixListener::bind(&unix)?;
        let handlers = WaitGroup::new();
        let shared = Arc::new(Shared {
            rules,
            places: Arc::new(Semaphore::new(rules.places)),
            handlers: handlers.clone(),
        });
        let (mut own, for_unix) = (fork(rng), shared.clone());
        let mut other = fork(rng);
        let accepts = vec![
            go(async move {
                loop {
                    match listener.accept().await {
                        Ok((stream, _)) => shared.take(stream, &mut own).await,
                        Err(error) => panic!("accept: {error}"),
                    }
                }
            }),
            go(async move {
                loop {
                    match unix_listener.accept().await {
                        Ok((stream, _)) => for_unix.take(stream, &mut other).await,
                        Err(error) => panic!("accept on a unix socket: {error}"),
                    }
                }
            }),
        ];
        Ok(Self {
            tcp,
            unix,
            accepts,
            handlers,
        })
    }

    /// How many goroutines take its connections.
    pub(crate) fn accepts(&self) -> usize {
        self.accepts.len()
    }

    /// Waits until the handlers of clients that have gone have seen it.
    pub(crate) async fn quiet(&self) {
        self.handlers.wait().await;
    }

    /// Takes no more connections, and waits for the handlers of those that it has: their clients have gone, and each must see it.
    pub(crate) async fn end(self) {
        for accepts in self.accepts {
            accepts.abort();
            assert!(accepts.await.is_err_and(|error| error.is_aborted()));
            did(Did::AcceptAborted);
        }
        self.handlers.wait().await;
        remove(&self.unix);
    }
}

fn remove(path: &Path) {
    // Nobody minds a file that is gone already.
    let _ = std::fs::remove_file(path);
}

impl Shared {
    /// Starts a handler for a connection, if there is a place for it.
    async fn take<S>(&self, mut stream: S, rng: &mut Rng)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Some(place) = self.places.clone().try_acquire_owned(1) else {
            did(Did::Shed);
            // There is room for some bytes in any new connection; it may be gone, too.
            let _ = stream.write_all(b"-busy\n").await;
            return;
        };
        let rules = self.rules;
        let handler = self.handlers.go(async move {
            // Whatever goes wrong with the connection is the client's affair.
            let _ = handle(stream, rules.deadline).await;
            drop(place);
        });
        if rules.aborts && one_in(rng, 4) {
            let mut rng = fork(rng);
            drop(self.handlers.go(async move {
                a_moment(&mut rng).await;
                handler.abort();
                if handler.await.is_err() {
                    did(Did::HandlerAborted);
                }
            }));
        }
    }
}

async fn handle<S>(mut stream: S, deadline: Duration) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (mut pending, mut chunk, mut seen) = (Vec::new(), vec![0; 2 << 10], 0);
    loop {
        while let Some(at) = pending[seen..].iter().position(|byte| *byte == b'\n') {
            let rest = pending.split_off(seen + at + 1);
            let line = std::mem::replace(&mut pending, rest);
            seen = 0;
            if !is_well_formed(&line) {
                did(Did::Malformed);
                return stream.write_all(b"-malformed\n").await;
            }
            match timeout(deadline, stream.write_all(&line)).await {
                Ok(written) => written?,
                Err(_) => return too_slow(),
            }
        }
        seen = pending.len();
        if pending.len() > LONGEST {
            did(Did::Oversized);
            return stream.write_all(b"-too long\n").await;
        }
        match timeout(deadline, stream.read(&mut chunk)).await {
            Ok(Ok(0)) => return Ok(()),
            Ok(n) => pending.extend_from_slice(&chunk[..n?]),
            Err(_) => return too_slow(),
        }
    }
}

fn too_slow() -> io::Result<()> {
    did(Did::TooSlow);
    Err(io::ErrorKind::TimedOut.into())
}

/// Is it `<length>:<payload>\n`? If the payload asks for it, blocks the thread for a while.
fn is_well_formed(line: &[u8]) -> bool {
    let Some(colon) = line.iter().position(|byte| *byte == b':') else {
        return false;
    };
    let length = std::str::from_utf8(&line[..colon]).ok();
    let payload = &line[colon + 1..line.len() - 1];
    if length.and_then(|text| text.parse().ok()) != Some(payload.len()) {
        return false;
    }
    if payload.starts_with(BLOCK) {
        did(Did::Blocked);
        std::thread::sleep(Duration::from_millis(3));
    }
    true
}

/// The line for a payload.
pub(crate) fn line(payload: &[u8]) -> Vec<u8> {
    let mut line = format!("{}:", payload.len()).into_bytes();
    line.extend_from_slice(payload);
    line.push(b'\n');
    line
}
