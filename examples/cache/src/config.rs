//! [`Config`]: what can be set. It must not know what uses it.

use crate::resp::Limits;
use std::path::PathBuf;
use std::time::Duration;

/// What can be set. All of it has a value if nothing is said.
#[derive(Clone, Debug)]
pub struct Config {
    /// How many shards the keys are spread over; each is an actor.
    pub shards: usize,
    /// How many batches may wait for a shard: what is more is shed with `-BUSY`.
    pub queue: usize,
    /// Bytes for keys and values of all shards together; 0: no limit. What was not used for longest is evicted.
    pub max_memory: usize,
    /// What a request may be at most.
    pub limits: Limits,
    /// Bytes of answers that one shard may give to one round of pipelined commands; the rest get an error.
    pub max_answers: usize,
    /// How many connections there may be.
    pub max_clients: usize,
    /// A connection that says nothing for so long is closed.
    pub idle: Option<Duration>,
    /// How long connections have to finish what they are at when the server stops.
    pub grace: Duration,
    /// How many messages may wait for a subscriber that is slow: with one more it is disconnected.
    pub subscriber_queue: usize,
    /// The file that is read at the start and written at the end.
    pub snapshot: Option<PathBuf>,
    /// How many crashes of shards within how long are tolerated before the server gives up.
    pub crashes: (u32, Duration),
    /// Allows `DEBUG PANIC key` and `DEBUG STALL key milliseconds`, which show what supervision is for.
    pub debug: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            shards: 4,
            queue: 8192,
            max_memory: 0,
            limits: Limits::default(),
            max_answers: 64 << 20,
            max_clients: 10_000,
            idle: None,
            grace: Duration::from_secs(5),
            subscriber_queue: 1024,
            snapshot: None,
            crashes: (10, Duration::from_secs(5)),
            debug: false,
        }
    }
}
