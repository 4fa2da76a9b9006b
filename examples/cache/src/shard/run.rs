//! What the commands do to a [`Store`]. It must not know where a command comes from.

use super::glob;
use super::job::{Command, Job, Life, Op, Span, When};
use super::store::{Store, TooBig};
use crate::resp;
use crate::stats::ShardStats;
use gaggle::time::Instant;
use std::io::Write as _;
use std::time::Duration;

const TOO_BIG: &str = "OOM command not allowed when used memory > 'maxmemory'";
const TOO_MUCH: &str = "ERR too many bytes of answers, pipeline less";
const NO_INTEGER: &str = "ERR value is not an integer or out of range";
const OVERFLOW: &str = "ERR increment or decrement would overflow";

/// The time of a batch: looked at once, if at all.
#[derive(Default)]
pub(crate) struct Clock(Option<Instant>);

impl Clock {
    fn now(&mut self) -> Instant {
        *self.0.get_or_insert_with(Instant::now)
    }

    fn after(&mut self, millis: u64) -> Instant {
        self.now() + Duration::from_millis(millis)
    }
}

/// Where a scan goes on, for the shards of a server together: number of the slot, times the number of shards, plus number of the shard.
pub(crate) fn cursor(slot: usize, shard: usize, shards: usize) -> usize {
    slot.saturating_mul(shards).saturating_add(shard)
}

/// Carries out all commands of a job that have no answer yet. Says how long it is to be held up.
pub(crate) fn run(job: &mut Job, store: &mut Store, stats: &ShardStats, shards: usize) -> Duration {
    let mut clock = Clock::default();
    let (mut hits, mut misses) = (0, 0);
    let mut stall = 0;
    for number in 0..job.commands.len() {
        let Some(Command { hash, key, op }) = job.command(number) else {
            break;
        };
        if job.out.len() > job.most {
            resp::error(&mut job.out, TOO_MUCH);
            job.answered();
            continue;
        }
        match op {
            Op::Get => {
                let (key, out) = job.parts(key);
                let found = store.live(hash, key, || clock.now());
                let found = found.and_then(|number| Some((number, store.entry(number)?)));
                if let Some((number, entry)) = found {
                    hits += 1;
                    resp::bulk(out, &entry.value);
                    store.touch(number);
                } else {
                    misses += 1;
                    resp::null(out);
                }
            }
            Op::Set { .. } | Op::SetNew(_) => set(job, store, &mut clock, hash, key, op),
            Op::Size => resp::integer(&mut job.out, store.len().try_into().unwrap_or(i64::MAX)),
            Op::Flush => {
                store.clear();
                resp::simple(&mut job.out, "OK");
            }
            Op::Keys => keys(job, store, key, &mut clock),
            Op::Scan { from, count, all } => {
                let pattern = (!all).then_some(key);
                scan(job, store, pattern, from, count, shards, &mut clock);
            }
            Op::Panic => panic!("DEBUG PANIC"),
            Op::Stall(millis) => {
                stall += millis;
                resp::simple(&mut job.out, "OK");
            }
            op => {
                let (key, out) = job.parts(key);
                let found = store.live(hash, key, || clock.now());
                one(store, &mut clock, (hash, key), found, op, out);
            }
        }
        job.answered();
    }
    stats.hits.set(stats.hits.get() + hits);
    stats.misses.set(stats.misses.get() + misses);
    let operations = job.commands.len() as u64;
    stats.operations.set(stats.operations.get() + operations);
    Duration::from_millis(stall)
}

/// The commands of one key that need no other argument.
fn one(
    store: &mut Store,
    clock: &mut Clock,
    (hash, key): (u64, &[u8]),
    found: Option<u32>,
    op: Op,
    out: &mut Vec<u8>,
) {
    if let Op::Add(by) = op {
        return add(store, (hash, key), found, by, out);
    }
    let Some(number) = found else {
        return match op {
            Op::GetDelete => resp::null(out),
            Op::Kind => resp::simple(out, "none"),
            Op::Ttl { .. } => resp::integer(out, -2),
            _ => resp::integer(out, 0),
        };
    };
    let Some(entry) = store.entry(number) else {
        return resp::null(out);
    };
    match op {
        Op::GetDelete => {
            resp::bulk(out, &entry.value);
            store.remove(number);
        }
        Op::Delete | Op::Expire(None) => {
            store.remove(number);
            resp::integer(out, 1);
        }
        Op::Length => resp::integer(out, entry.value.len().try_into().unwrap_or(i64::MAX)),
        Op::Kind => resp::simple(out, "string"),
        Op::Expire(Some(millis)) => {
            let due = clock.after(millis);
            store.set_due(number, Some(due));
            resp::integer(out, 1);
        }
        Op::Ttl { millis } => {
            let left = entry.due.map(|due| (due - clock.now()).as_millis());
            let left = left.map_or(-1, |left| {
                let left = i64::try_from(left).unwrap_or(i64::MAX);
                if millis {
                    left
                } else {
                    left.saturating_add(500) / 1000
                }
            });
            resp::integer(out, left);
        }
        Op::Persist => {
            let had = entry.due.is_some();
            store.set_due(number, None);
            resp::integer(out, i64::from(had));
        }
        _ => {
            store.touch(number);
            resp::integer(out, 1);
        }
    }
}

fn set(job: &mut Job, store: &mut Store, clock: &mut Clock, hash: u64, key: Span, op: Op) {
    let (value, life, when, old) = match op {
        Op::Set {
            value,
            life,
            when,
            old,
        } => (value, life, when, old),
        Op::SetNew(value) => (value, Life::Forever, When::New, false),
        _ => return,
    };
    let found = store.live(hash, job.bytes(key), || clock.now());
    let begin = job.out.len();
    if old {
        match found.and_then(|number| store.entry(number)) {
            Some(entry) => resp::bulk(&mut job.out, &entry.value),
            None => resp::null(&mut job.out),
        }
    }
    let refused = match when {
        When::Always => false,
        When::New => found.is_some(),
        When::There => found.is_none(),
    };
    let number = matches!(op, Op::SetNew(_));
    if refused {
        match (old, number) {
            (true, _) => {}
            (false, true) => resp::integer(&mut job.out, 0),
            (false, false) => resp::null(&mut job.out),
        }
        return;
    }
    let stored = match found {
        Some(number) => store.replace(number, job.bytes(value)).map(|()| number),
        None => store.insert(hash, job.bytes(key), job.bytes(value)),
    };
    let Ok(slot) = stored else {
        job.out.truncate(begin);
        return resp::error(&mut job.out, TOO_BIG);
    };
    match life {
        Life::Keep => {}
        Life::Forever => store.set_due(slot, None),
        Life::Millis(millis) => store.set_due(slot, Some(clock.after(millis))),
    }
    match (old, number) {
        (true, _) => {}
        (false, true) => resp::integer(&mut job.out, 1),
        (false, false) => resp::simple(&mut job.out, "OK"),
    }
}

fn add(
    store: &mut Store,
    (hash, key): (u64, &[u8]),
    found: Option<u32>,
    by: i64,
    out: &mut Vec<u8>,
) {
    let before = match found.and_then(|number| store.entry(number)) {
        Some(entry) => resp::integer_of(&entry.value),
        None => Some(0),
    };
    let Some(before) = before else {
        return resp::error(out, NO_INTEGER);
    };
    let Some(after) = before.checked_add(by) else {
        return resp::error(out, OVERFLOW);
    };
    let mut digits = [0; 20];
    let mut rest = &mut digits[..];
    // The longest number has 20 characters.
    let _ = write!(rest, "{after}");
    let length = 20 - rest.len();
    let stored = match found {
        Some(number) => store.replace(number, &digits[..length]),
        None => store.insert(hash, key, &digits[..length]).map(|_| ()),
    };
    match stored {
        Ok(()) => resp::integer(out, after),
        Err(TooBig) => resp::error(out, TOO_BIG),
    }
}

fn keys(job: &mut Job, store: &Store, pattern: Span, clock: &mut Clock) {
    let (pattern, out) = job.parts(pattern);
    let mut found = Vec::new();
    let mut count = 0;
    for entry in store.entries() {
        let over = entry.due.is_some_and(|due| due <= clock.now());
        if !over && glob::matches(pattern, &entry.key) {
            resp::bulk(&mut found, &entry.key);
            count += 1;
        }
    }
    resp::array(out, count);
    out.extend_from_slice(&found);
}

/// Looks at `count` slots.
fn scan(
    job: &mut Job,
    store: &Store,
    pattern: Option<Span>,
    from: usize,
    count: usize,
    shards: usize,
    clock: &mut Clock,
) {
    let end = from.saturating_add(count).min(store.slots());
    let next = match (end < store.slots(), job.shard + 1 < shards) {
        (true, _) => cursor(end, job.shard, shards),
        (false, true) => cursor(0, job.shard + 1, shards),
        (false, false) => 0,
    };
    let mut found = Vec::new();
    let mut number = 0;
    for slot in from..end {
        let Some(entry) = store.slot(slot) else {
            continue;
        };
        let over = entry.due.is_some_and(|due| due <= clock.now());
        let fits = pattern.is_none_or(|span| glob::matches(job.bytes(span), &entry.key));
        if !over && fits {
            resp::bulk(&mut found, &entry.key);
            number += 1;
        }
    }
    resp::array(&mut job.out, 2);
    resp::bulk(&mut job.out, next.to_string().as_bytes());
    resp::array(&mut job.out, number);
    job.out.extend_from_slice(&found);
}
