//! What is counted. A shard's numbers have one writer, the shard; whoever reads them sees each number on its own.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that goes up, or is set.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more, and so on.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// One less: of what is counted while it lasts.
    pub(crate) fn less(&self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// By the only one who writes it.
    pub(crate) fn set(&self, value: u64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// What it is now.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What one shard counts, over all its incarnations.
#[derive(Debug, Default)]
pub struct ShardStats {
    /// Keys that it holds.
    pub keys: Counter,
    /// Bytes that they and their values take.
    pub used: Counter,
    /// Keys with a time to live.
    pub volatile: Counter,
    /// Operations on keys that it has carried out: a command with several keys is several.
    pub operations: Counter,
    /// Reads that found their key.
    pub hits: Counter,
    /// Reads that did not.
    pub misses: Counter,
    /// Keys whose time was over.
    pub expired: Counter,
    /// Keys that had to go for want of memory.
    pub evicted: Counter,
    /// Commands that were shed, because too many were waiting.
    pub busy: Counter,
    /// Commands that were lost with an incarnation, or came while there was none.
    pub failed: Counter,
    /// Incarnations.
    pub starts: Counter,
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct ServerStats {
    /// Connections now.
    pub clients: Counter,
    /// Connections so far.
    pub accepted: Counter,
    /// Connections that were one too many.
    pub rejected: Counter,
    /// Connections that said nothing for too long.
    pub idle: Counter,
    /// Commands that were understood.
    pub commands: Counter,
    /// Connections that were closed because of what they sent.
    pub malformed: Counter,
    /// Messages that were published.
    pub published: Counter,
    /// Subscribers that were disconnected because they were slow.
    pub slow: Counter,
}

/// The text of `INFO`.
pub(crate) fn info(
    server: &ServerStats,
    shards: &[&ShardStats],
    uptime: u64,
    limit: usize,
) -> String {
    let sum =
        |of: fn(&ShardStats) -> &Counter| shards.iter().map(|shard| of(shard).get()).sum::<u64>();
    let restarts: u64 = shards
        .iter()
        .map(|s| s.starts.get().saturating_sub(1))
        .sum();
    let sections: [(&str, &[(&str, u64)]); 4] = [
        ("Clients", &[("connected_clients", server.clients.get())]),
        (
            "Memory",
            &[
                ("used_memory", sum(|s| &s.used)),
                ("maxmemory", limit as u64),
            ],
        ),
        (
            "Stats",
            &[
                ("total_connections_received", server.accepted.get()),
                ("rejected_connections", server.rejected.get()),
                ("idle_disconnected", server.idle.get()),
                ("malformed_disconnected", server.malformed.get()),
                ("total_commands_processed", server.commands.get()),
                ("key_operations", sum(|s| &s.operations)),
                ("keyspace_hits", sum(|s| &s.hits)),
                ("keyspace_misses", sum(|s| &s.misses)),
                ("expired_keys", sum(|s| &s.expired)),
                ("evicted_keys", sum(|s| &s.evicted)),
                ("shed_commands", sum(|s| &s.busy)),
                ("failed_commands", sum(|s| &s.failed)),
                ("published_messages", server.published.get()),
                ("slow_subscribers", server.slow.get()),
            ],
        ),
        (
            "Shards",
            &[
                ("shards", shards.len() as u64),
                ("shard_restarts", restarts),
            ],
        ),
    ];
    let version = env!("CARGO_PKG_VERSION");
    // Clients look for a version of Redis; what is spoken here is what that one spoke.
    let mut text = format!(
        "# Server\r\nredis_version:7.0.0\r\ngaggle_cache_version:{version}\r\nprocess_id:{}\r\nuptime_in_seconds:{uptime}\r\n",
        std::process::id()
    );
    for (name, lines) in sections {
        // Writing to a text does not fail.
        let _ = write!(text, "\r\n# {name}\r\n");
        for (key, value) in lines {
            let _ = write!(text, "{key}:{value}\r\n");
        }
    }
    for (number, shard) in shards.iter().enumerate() {
        let _ = write!(
            text,
            "shard{number}:keys={},used={},starts={}\r\n",
            shard.keys.get(),
            shard.used.get(),
            shard.starts.get()
        );
    }
    let _ = write!(text, "\r\n# Keyspace\r\n");
    let keys = sum(|s| &s.keys);
    if keys > 0 {
        let _ = write!(
            text,
            "db0:keys={keys},expires={},avg_ttl=0\r\n",
            sum(|s| &s.volatile)
        );
    }
    text
}
