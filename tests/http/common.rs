//! What the tests of the HTTP server share: a server on a port of its own, and a client that says exactly what it is told.

use gaggle::JoinHandle;
use gaggle::context::{Cancel, Context};
use gaggle::net::{TcpListener, TcpStream};
use gaggle_http::{Limits, Summary, serve};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// Long enough for everything that is expected to happen, on a slow machine too.
pub(crate) const LONG: Duration = Duration::from_secs(60);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) cancel: Cancel,
    task: JoinHandle<io::Result<Summary>>,
}

/// Where a server is to listen. Who connects now, and says something, is there before the server is: no pause can make them late.
pub(crate) struct Ready(TcpListener);

/// Limits that no test meets by accident.
pub(crate) fn roomy() -> Limits {
    Limits {
        connections: 1000,
        header: LONG,
        head: 16 << 10,
        body: 64 << 10,
        idle: LONG,
        drain: LONG,
    }
}

pub(crate) async fn start(limits: Limits) -> Server {
    Ready::new().await.start(limits)
}

#[allow(
    dead_code,
    reason = "each test program uses a part of it, and is compiled on its own"
)]
impl Ready {
    pub(crate) async fn new() -> Self {
        Self(TcpListener::bind("127.0.0.1:0").await.unwrap())
    }

    /// A connection with this in it.
    pub(crate) async fn client(&self, says: &str) -> Client {
        let stream = TcpStream::connect(self.0.local_addr().unwrap()).await;
        let client = Client(stream.unwrap());
        client.say(says).await;
        client
    }

    pub(crate) fn start(self, limits: Limits) -> Server {
        let address = self.0.local_addr().unwrap();
        let (ctx, cancel) = Context::background().with_cancel();
        let task = gaggle::go(serve(self.0, limits, ctx));
        Server {
            address,
            cancel,
            task,
        }
    }
}

impl Server {
    /// Has it end, and says what it has done.
    pub(crate) async fn end(self) -> Summary {
        self.cancel.cancel();
        let ended = gaggle::time::timeout(LONG, self.task).await;
        ended.expect("the server ends").unwrap().unwrap()
    }

    pub(crate) async fn connect(&self) -> Client {
        Client(TcpStream::connect(self.address).await.unwrap())
    }
}

pub(crate) struct Client(pub(crate) TcpStream);

impl Client {
    pub(crate) async fn say(&self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Everything until the server ends the connection.
    pub(crate) async fn rest(&self) -> String {
        let mut all = Vec::new();
        let read = gaggle::time::timeout(LONG, self.0.read_to_end(&mut all)).await;
        read.expect("the server closes the connection").unwrap();
        String::from_utf8(all).unwrap()
    }

    /// What comes, until it ends with `end`.
    pub(crate) async fn until(&self, end: &str) -> String {
        let mut all = String::new();
        while !all.ends_with(end) {
            let mut buffer = [0; 1024];
            let n = self.0.read(&mut buffer).await.unwrap();
            assert!(n > 0, "the connection ended after {all:?}");
            all += std::str::from_utf8(&buffer[..n]).unwrap();
        }
        all
    }
}

pub(crate) fn is(answer: &str, status: &str) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status}"))
}
