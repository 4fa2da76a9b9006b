//! All limits of the server, in one place.

use std::time::Duration;

/// What one client, and all clients together, may have.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// So many connections at once; one more is answered with 503.
    pub connections: usize,
    /// The head of a request must be there within this time, counted from when it could have come; else 408.
    pub header: Duration,
    /// Bytes of a request's head; more is answered with 431.
    pub head: usize,
    /// Bytes of a request's body; more is answered with 413.
    pub body: usize,
    /// A connection without a request is closed after this time, or at most twice as much.
    pub idle: Duration,
    /// When the server is to end, requests that have begun have so long to finish.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 10_000,
            header: Duration::from_secs(15),
            head: 16 << 10,
            body: 1 << 20,
            idle: Duration::from_secs(10),
            drain: Duration::from_secs(20),
        }
    }
}
