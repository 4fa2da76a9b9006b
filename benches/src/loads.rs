//! What the rows about servers ask of the load generator: what is said on how many connections.

/// What client and server say to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// 64 bytes, which come back.
    Echo,
    /// HTTP/1.1 with keep-alive: a few words for every request.
    Http,
    /// The protocol of Redis: values of 64 bytes are read.
    Get,
    /// The same, and they are written.
    Set,
}

/// The load of one row.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// The name of the row.
    pub row: &'static str,
    /// What is said.
    pub protocol: Protocol,
    /// On how many connections at once.
    pub connections: usize,
    /// How many requests are under way on a connection.
    pub pipeline: usize,
}

const fn load(row: &'static str, protocol: Protocol, connections: usize, pipeline: usize) -> Load {
    Load {
        row,
        protocol,
        connections,
        pipeline,
    }
}

/// The row whose connections say a word each, and then nothing: what they cost.
pub const IDLE: &str = "idle";

/// All loads.
pub const LOADS: &[Load] = &[
    load("echo-100", Protocol::Echo, 100, 1),
    load("echo-1k", Protocol::Echo, 1_000, 1),
    load("echo-10k", Protocol::Echo, 10_000, 1),
    load("http", Protocol::Http, 64, 1),
    load(IDLE, Protocol::Echo, 10_000, 1),
    load("cache-get", Protocol::Get, 50, 1),
    load("cache-get-16", Protocol::Get, 50, 16),
    load("cache-set", Protocol::Set, 50, 1),
    load("cache-set-16", Protocol::Set, 50, 16),
];

/// The load of the row with this name, if it is about a server.
pub fn of(row: &str) -> Option<&'static Load> {
    LOADS.iter().find(|load| load.row == row)
}

impl Protocol {
    /// The name by which a server of ours is told what to serve.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Echo => "echo",
            Protocol::Http => "http",
            Protocol::Get | Protocol::Set => "cache",
        }
    }
}
