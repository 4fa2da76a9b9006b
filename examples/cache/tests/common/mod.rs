//! A server on a port of its own, and a client that speaks over a plain socket.

#![allow(
    dead_code,
    reason = "each test program uses a part of it, and is compiled on its own"
)]

use gaggle::JoinHandle;
use gaggle::context::{Cancel, Context};
use gaggle::net::{TcpListener, TcpStream};
use gaggle_cache::stats::ServerStats;
use gaggle_cache::{Config, ServeError, Server, resp};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A server that runs.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) stats: Arc<ServerStats>,
    cancel: Cancel,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Running {
    pub(crate) async fn start(config: Config) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let server = Server::start(config).await.unwrap();
        let stats = server.stats();
        let (ctx, cancel) = Context::background().with_cancel();
        let served = gaggle::go(async move { server.run(listener, &ctx).await });
        Self {
            address,
            stats,
            cancel,
            served,
        }
    }

    pub(crate) async fn connect(&self) -> Client {
        Client {
            stream: TcpStream::connect(self.address).await.unwrap(),
            read: Vec::new(),
        }
    }

    pub(crate) async fn stop(self) {
        self.cancel.cancel();
        self.served.await.unwrap().unwrap();
    }

    /// Waits for its end without telling it to.
    pub(crate) async fn ended(self) -> Result<(), ServeError> {
        self.served.await.unwrap()
    }
}

/// A connection to it.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    /// Sends a command, in words with blanks between them, and waits for its answer.
    pub(crate) async fn call(&mut self, line: &str) -> String {
        let words: Vec<&[u8]> = line.split(' ').map(str::as_bytes).collect();
        self.send(&request(&words)).await;
        self.answer().await
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.unwrap();
    }

    /// The next answer.
    pub(crate) async fn answer(&mut self) -> String {
        self.try_answer().await.expect("an answer, not the end")
    }

    /// The next answer; `None` at the end.
    pub(crate) async fn try_answer(&mut self) -> Option<String> {
        loop {
            if let Some(end) = resp::skip(&self.read) {
                let answer: Vec<u8> = self.read.drain(..end).collect();
                return Some(String::from_utf8_lossy(&answer).into_owned());
            }
            let mut bytes = [0; 4096];
            match self.stream.read(&mut bytes).await {
                Ok(0) | Err(_) => return None,
                Ok(n) => self.read.extend_from_slice(&bytes[..n]),
            }
        }
    }

    /// One number out of `INFO`.
    pub(crate) async fn info(&mut self, name: &str) -> u64 {
        let text = self.call("INFO").await;
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.unwrap_or_else(|| panic!("no {name} in {text}"))
            .trim()
            .parse()
            .unwrap()
    }
}

/// A command as clients send it.
pub(crate) fn request(words: &[&[u8]]) -> Vec<u8> {
    let mut bytes = Vec::new();
    resp::array(&mut bytes, words.len());
    words.iter().for_each(|word| resp::bulk(&mut bytes, word));
    bytes
}

/// Waits until something holds; it is to hold soon.
pub(crate) async fn until<F: Future<Output = bool>>(what: &str, mut holds: impl FnMut() -> F) {
    for _ in 0..20_000 {
        if holds().await {
            return;
        }
        gaggle::time::sleep(Duration::from_millis(1)).await;
    }
    panic!("not within 20 s: {what}");
}

/// Of a key that was to live for so many seconds, no earlier than at `begin`: may `answer` be what is left?
pub(crate) fn is_left_of(seconds: u64, begin: Instant, answer: &str) -> bool {
    let millis = begin.elapsed().as_millis() + 1;
    // Rounded, as the server does it.
    let least = (u128::from(1000 * seconds + 500)).saturating_sub(millis) / 1000;
    let left = answer.strip_prefix(':').map(str::trim_end);
    left.and_then(|left| left.parse().ok())
        .is_some_and(|left: u128| (least..=seconds.into()).contains(&left))
}

/// A file of this name in a folder of this process.
pub(crate) fn path(name: &str) -> std::path::PathBuf {
    let folder = std::env::temp_dir().join(format!("gaggle-cache-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(name)
}

/// Numbers that look random, from a seed.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end.max(1) as u64).unwrap()
    }
}
