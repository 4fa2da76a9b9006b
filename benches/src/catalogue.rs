//! Which rows there are, which peers, and which peer runs which row.

use crate::loads::{self, Load};

/// One workload.
pub struct Row {
    /// The name on the command line.
    pub name: &'static str,
    /// How many goroutines, messages or operations at `--scale 1`. The Go twin repeats these counts.
    pub count: u64,
    /// Uses channels of capacity 0, for which some peers need a stand-in.
    pub rendezvous: bool,
    /// Uses channels at all.
    pub channels: bool,
    /// Is about actors, whose mailboxes have no bounds in some peers.
    pub mailboxes: bool,
    /// What is measured: name and unit. The first one is the report's `value`.
    pub figures: &'static [(&'static str, &'static str)],
}

const NO_CHANNEL: Row = Row {
    name: "",
    count: 0,
    rendezvous: false,
    channels: false,
    mailboxes: false,
    figures: &[],
};
const CHANNEL: Row = Row {
    channels: true,
    ..NO_CHANNEL
};
const RENDEZVOUS: Row = Row {
    rendezvous: true,
    ..CHANNEL
};
const MAILBOX: Row = Row {
    mailboxes: true,
    ..NO_CHANNEL
};
const SLEEP: &[(&str, &str)] = &[("CPU", "us each"), ("lateness", "us, median")];
const LIVES: &[(&str, &str)] = &[
    ("memory", "bytes each"),
    ("start", "ns each"),
    ("stop", "ns each"),
];
const SERVED: &[(&str, &str)] = &[
    ("rate", RATE),
    ("CPU", "us each"),
    ("p50", "us"),
    ("p99", "us"),
    ("memory", "MiB"),
];
const GAPS: &[(&str, &str)] = &[("gap after 25 ms", "ms"), ("gap", "ms")];

/// All rows, in the order of the table.
#[rustfmt::skip]
pub const ROWS: &[Row] = &[
    Row { name: "spawn", count: 1_000_000, figures: &[("", "ns each")], ..NO_CHANNEL },
    Row { name: "spawn-handles", count: 1_000_000, figures: &[("", "ns each")], ..NO_CHANNEL },
    Row { name: "live", count: 1_000_000,
          figures: &[("memory", "bytes each"), ("create", "ns each"), ("release", "ns each")], ..CHANNEL },
    Row { name: "ping-pong", count: 1_000_000, figures: &[("", "ns/round trip")], ..RENDEZVOUS },
    Row { name: "spsc", count: 10_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "mpmc", count: 4_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "mpmc0", count: 2_000_000, figures: &[("", "ns/msg")], ..RENDEZVOUS },
    Row { name: "pool", count: 1_000_000, figures: &[("", "ns/job")], ..CHANNEL },
    Row { name: "select4", count: 2_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "ring", count: 1_000_000, figures: &[("", "ns/hop")], ..RENDEZVOUS },
    Row { name: "skynet", count: 1_000_000, figures: &[("", "ms")], ..RENDEZVOUS },
    Row { name: "sieve", count: 2_000, figures: &[("", "ms")], ..RENDEZVOUS },
    Row { name: "timers", count: 1_000_000, figures: SLEEP, ..NO_CHANNEL },
    Row { name: "timers-10k", count: 10_000, figures: SLEEP, ..NO_CHANNEL },
    Row { name: "mutex", count: 2_000_000, figures: &[("", "ns/op")], ..NO_CHANNEL },
    Row { name: "mutex1", count: 10_000_000, figures: &[("", "ns/op")], ..NO_CHANNEL },
    Row { name: "rwlock", count: 2_000_000, figures: &[("", "ns/op")], ..NO_CHANNEL },
    Row { name: "wait-group", count: 4_000_000, figures: &[("", "ns/op")], ..NO_CHANNEL },
    Row { name: "select2", count: 2_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "select8", count: 2_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "select-timer", count: 2_000_000, figures: &[("", "ns/msg")], ..CHANNEL },
    Row { name: "broadcast", count: 2_000_000, figures: &[("", "ns/delivery")], ..CHANNEL },
    Row { name: "context-tree", count: 10_000,
          figures: &[("create", "ns each"), ("cancel", "ns each")], ..NO_CHANNEL },
    Row { name: "ticker", count: 50_000, figures: &[("CPU", "us/tick"), ("time", "x the period")], ..NO_CHANNEL },
    Row { name: "timer-churn", count: 2_000_000, figures: &[("", "ns each")], ..NO_CHANNEL },
    Row { name: "tell", count: 2_000_000, figures: &[("", "ns/msg")], ..MAILBOX },
    Row { name: "ask", count: 500_000, figures: &[("", "ns/round trip")], ..MAILBOX },
    Row { name: "fan-in", count: 2_000_000, figures: &[("", "ns/msg")], ..MAILBOX },
    Row { name: "actors", count: 100_000, figures: LIVES, ..MAILBOX },
    Row { name: "actors-1m", count: 1_000_000, figures: LIVES, ..MAILBOX },
    Row { name: "actor-ring", count: 1_000_000, figures: &[("", "ns/hop")], ..MAILBOX },
    Row { name: "crash-storm", count: 1_000_000, figures: &[("", "ns/msg")], ..MAILBOX },
    Row { name: "echo-100", count: 400_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "echo-1k", count: 400_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "echo-10k", count: 400_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "http", count: 300_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "idle", count: 10_000, figures: &[("memory", "bytes/connection")], ..NO_CHANNEL },
    Row { name: "cache-get", count: 300_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "cache-get-16", count: 1_000_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "cache-set", count: 300_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "cache-set-16", count: 1_000_000, figures: SERVED, ..NO_CHANNEL },
    Row { name: "hog-spin", count: 1_000, figures: GAPS, ..NO_CHANNEL },
    Row { name: "hog-block", count: 1_000, figures: GAPS, ..NO_CHANNEL },
];

/// What a peer does where a row asks for a capacity it does not have.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum StandIn {
    /// Nothing: its channel has every capacity, 0 included.
    None,
    /// Capacity 1 where the row says 0.
    CapacityOne,
    /// An unbounded channel, whatever the row says.
    Unbounded,
    /// Mailboxes without bounds.
    UnboundedMailbox,
}

/// A runtime with a channel: what is compared.
pub struct Peer {
    /// The name on the command line.
    pub name: &'static str,
    /// The channel it uses, for the notes below a table.
    pub channel: &'static str,
    /// Where that channel differs from what a row asks for.
    pub stand_in: StandIn,
    /// Packages whose versions the header of a table names.
    pub packages: &'static [&'static str],
    /// The names of the rows it runs, with blanks between them.
    pub rows: &'static str,
}

/// The peer that stands for Go; its program is not in the `peer` binary.
pub const GO: &str = "go";
/// The peer that stands for Erlang's virtual machine; its program is a script in the folder `beam`.
pub const BEAM: &str = "beam";
/// The one that the others are compared with.
pub const GAGGLE: &str = "gaggle";

/// The server in `examples/cache`, a program of its own.
pub const CACHE_PEER: &str = "gaggle-cache";
/// The machine's own `redis-server`.
pub const REDIS: &str = "redis";

/// What every peer with a channel for many receivers can run.
const SHARED: &str = "live ping-pong spsc mpmc mpmc0 pool ring skynet sieve";

/// All that is about actors.
const ACTORS: &str = "tell ask fan-in actors actors-1m actor-ring crash-storm";

/// All that is about a cache with the protocol of Redis.
const CACHE: &str = "cache-get cache-get-16 cache-set cache-set-16";

/// All peers, in the order in which a round runs them.
///
/// A pair such as `tokio+kanal` repeats no row without channels: those rows are the runtime's.
pub const PEERS: &[Peer] = &[
    Peer {
        name: GAGGLE,
        channel: "gaggle::chan",
        stand_in: StandIn::None,
        packages: &["gaggle"],
        rows: "spawn spawn-handles live ping-pong spsc mpmc mpmc0 pool select4 ring skynet \
               sieve timers timers-10k mutex mutex1 rwlock wait-group select2 select8 select-timer \
               broadcast context-tree ticker timer-churn hog-spin hog-block \
               tell ask fan-in actors actors-1m actor-ring crash-storm \
               echo-100 echo-1k echo-10k http idle",
    },
    Peer {
        name: GO,
        channel: "chan",
        stand_in: StandIn::None,
        packages: &[],
        // Go has no join handles.
        rows: "spawn live ping-pong spsc mpmc mpmc0 pool select4 ring skynet sieve \
               timers timers-10k mutex mutex1 rwlock wait-group select2 select8 select-timer \
               broadcast context-tree ticker timer-churn hog-spin hog-block \
               echo-100 echo-1k echo-10k http idle",
    },
    Peer {
        name: "tokio",
        channel: "tokio::sync::mpsc",
        stand_in: StandIn::CapacityOne,
        packages: &["tokio", "tokio-util"],
        // Its bounded channel has one receiver: no `live`, `mpmc`, `mpmc0`, `pool`. It has no wait group.
        rows: "spawn spawn-handles ping-pong spsc select4 ring skynet sieve timers \
               timers-10k mutex mutex1 rwlock select2 select8 select-timer broadcast context-tree \
               ticker timer-churn hog-spin hog-block \
               echo-100 echo-1k echo-10k http idle",
    },
    Peer {
        name: "tokio+kanal",
        channel: "kanal",
        stand_in: StandIn::None,
        packages: &["tokio", "kanal"],
        // A dropped receive loses a message: no `select4`.
        rows: SHARED,
    },
    Peer {
        name: "tokio+flume",
        channel: "flume",
        stand_in: StandIn::None,
        packages: &["tokio", "flume"],
        // Closing a channel takes quadratic time in its waiting receivers: no `live`.
        rows: "ping-pong spsc mpmc mpmc0 pool select4 ring skynet sieve",
    },
    Peer {
        name: "smol",
        channel: "async-channel",
        stand_in: StandIn::CapacityOne,
        packages: &["async-executor", "async-io", "async-lock", "async-channel"],
        rows: "spawn spawn-handles live ping-pong spsc mpmc mpmc0 pool select4 ring \
               skynet sieve timers timers-10k mutex hog-spin hog-block \
               echo-100 echo-1k echo-10k http idle",
    },
    Peer {
        name: "smol+kanal",
        channel: "kanal",
        stand_in: StandIn::None,
        packages: &["async-executor", "kanal"],
        rows: SHARED,
    },
    Peer {
        name: "may",
        channel: "may::sync::{spsc, mpmc}",
        stand_in: StandIn::Unbounded,
        packages: &["may"],
        // A stack per coroutine is a mapping each, and Linux allows 65,530: no `live`, no `timers`.
        rows: "spawn spawn-handles ping-pong spsc mpmc pool select4 ring timers-10k \
               mutex hog-spin hog-block \
               echo-100 echo-1k echo-10k idle",
    },
    Peer {
        name: "threads",
        channel: "crossbeam-channel",
        stand_in: StandIn::None,
        packages: &["crossbeam-channel"],
        // A thread per goroutine: only where a handful of them is enough.
        rows: "ping-pong spsc mpmc mpmc0 pool select4 mutex hog-spin hog-block",
    },
    Peer {
        name: BEAM,
        channel: "mailboxes without bounds",
        stand_in: StandIn::UnboundedMailbox,
        packages: &[],
        rows: ACTORS,
    },
    Peer {
        name: "ractor",
        channel: "mailboxes without bounds",
        stand_in: StandIn::UnboundedMailbox,
        packages: &["ractor", "tokio"],
        rows: ACTORS,
    },
    Peer {
        name: "kameo",
        channel: "mailboxes of 64",
        stand_in: StandIn::None,
        packages: &["kameo", "tokio"],
        // Its supervisor takes quadratic time to stop its children: no `actors-1m`.
        rows: "tell ask fan-in actors actor-ring crash-storm",
    },
    Peer {
        name: "actix",
        channel: "mailboxes of 16 for asks, without bounds for tells",
        stand_in: StandIn::UnboundedMailbox,
        packages: &["actix", "tokio"],
        rows: ACTORS,
    },
    Peer {
        name: "xtra",
        channel: "mailboxes of 64",
        stand_in: StandIn::None,
        packages: &["xtra", "tokio"],
        // Nothing restarts an actor: no `crash-storm`.
        rows: "tell ask fan-in actors actors-1m actor-ring",
    },
    Peer {
        name: CACHE_PEER,
        channel: "shards that are actors",
        stand_in: StandIn::None,
        packages: &[],
        rows: CACHE,
    },
    Peer {
        name: REDIS,
        channel: "one thread",
        stand_in: StandIn::None,
        packages: &[],
        rows: CACHE,
    },
];

/// The row with this name.
pub fn row(name: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.name == name)
}

/// The peer with this name.
pub fn peer(name: &str) -> Option<&'static Peer> {
    PEERS.iter().find(|peer| peer.name == name)
}

/// In this unit more is better; in all others less is.
pub const RATE: &str = "1,000/s";

impl Row {
    /// The count at this scale: never less than what the row needs to make sense.
    pub fn count_at(&self, scale: f64) -> u64 {
        let count = (self.count as f64 * scale) as u64;
        count.max(100)
    }

    /// The load, if this row is about a server.
    pub fn load(&self) -> Option<&'static Load> {
        loads::of(self.name)
    }

    /// The figure's name for people: `live, memory`, or just the row's.
    pub fn title(&self, figure: &str) -> String {
        match figure {
            "" => self.name.to_owned(),
            _ => format!("{}, {figure}", self.name),
        }
    }
}

impl Peer {
    /// Whether this peer runs this row.
    pub fn runs(&self, row: &Row) -> bool {
        self.rows.split_whitespace().any(|name| name == row.name)
    }

    /// The sign behind a figure for which a stand-in was used.
    pub fn sign(&self, row: &Row) -> &'static str {
        match self.stand_in {
            StandIn::CapacityOne if row.rendezvous => "¹",
            StandIn::Unbounded if row.channels => "²",
            StandIn::UnboundedMailbox if row.mailboxes => "³",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BEAM, GO, PEERS, ROWS, peer, row};

    #[test]
    fn every_peer_names_rows_that_exist() {
        for peer in PEERS {
            for name in peer.rows.split_whitespace() {
                assert!(row(name).is_some(), "{}: no row {name}", peer.name);
            }
        }
    }

    #[test]
    fn every_row_measures_something_and_has_a_peer() {
        for row in ROWS {
            assert!(!row.figures.is_empty(), "{}", row.name);
            assert!(PEERS.iter().any(|peer| peer.runs(row)), "{}", row.name);
        }
    }

    #[test]
    fn the_twin_on_beam_has_the_same_counts() {
        let twin = include_str!("../beam/actor_peer.erl");
        let beam = peer(BEAM).unwrap();
        for row in ROWS.iter().filter(|row| beam.runs(row)) {
            let entry = format!("row(\"{}\")", row.name);
            let line = twin.lines().find(|line| line.starts_with(&entry));
            let count = line.and_then(|line| line.split(['{', ',']).nth(1)).unwrap();
            assert_eq!(count.replace('_', ""), row.count.to_string(), "{entry}");
        }
    }

    #[test]
    fn the_go_twin_has_the_same_counts() {
        let twin = include_str!("../go/main.go");
        let go = peer(GO).unwrap();
        // The counts of rows about servers are the load generator's alone.
        let rows = ROWS
            .iter()
            .filter(|row| crate::loads::of(row.name).is_none());
        for row in rows.filter(|row| go.runs(row)) {
            let entry = format!("\"{}\":", row.name);
            let line = twin.lines().find(|line| line.trim().starts_with(&entry));
            let count = line.and_then(|line| line.split(['{', ',']).nth(1)).unwrap();
            assert_eq!(count.replace('_', ""), row.count.to_string(), "{entry}");
        }
    }
}
