//! The commands that shards carry out: their arguments become an [`Op`].

use super::{SYNTAX, Wrong, is};
use crate::resp::{self, Request};
use crate::round::{How, Round};
use crate::shard::job::{Life, Op, When};

const NO_INTEGER: Wrong = Wrong::Text("ERR value is not an integer or out of range");
/// Longer than any key lives: some 280 years.
const LONGEST: u64 = 1 << 43;

/// `Ok(false)`: it is none of these commands.
pub(super) fn enter(round: &mut Round, name: &[u8], request: Request<'_>) -> Result<bool, Wrong> {
    let (arguments, key) = (request.len() - 1, request.get(1));
    let plain = |wanted: usize| {
        if arguments == wanted {
            Ok(())
        } else {
            Err(Wrong::Number)
        }
    };
    let op = match name {
        b"GET" => {
            plain(1)?;
            Op::Get
        }
        b"SET" => {
            set(round, request)?;
            return Ok(true);
        }
        b"SETNX" => {
            plain(2)?;
            round.command(key, |job| Op::SetNew(job.keep(request.get(2))));
            return Ok(true);
        }
        b"SETEX" | b"PSETEX" => {
            plain(3)?;
            let life = Life::Millis(lifetime(request.get(2), name == b"SETEX")?);
            store(round, key, request.get(3), (life, When::Always, false));
            return Ok(true);
        }
        b"INCR" | b"DECR" => {
            plain(1)?;
            Op::Add(if name == b"INCR" { 1 } else { -1 })
        }
        b"INCRBY" | b"DECRBY" => {
            plain(2)?;
            let by = resp::integer_of(request.get(2)).ok_or(NO_INTEGER)?;
            let by = if name == b"INCRBY" {
                Some(by)
            } else {
                by.checked_neg()
            };
            Op::Add(by.ok_or(Wrong::Text("ERR decrement would overflow"))?)
        }
        b"EXPIRE" | b"PEXPIRE" => {
            plain(2)?;
            expire(request.get(2), name == b"EXPIRE")?
        }
        b"TTL" | b"PTTL" => {
            plain(1)?;
            Op::Ttl {
                millis: name == b"PTTL",
            }
        }
        b"PERSIST" => {
            plain(1)?;
            Op::Persist
        }
        b"GETDEL" => {
            plain(1)?;
            Op::GetDelete
        }
        b"STRLEN" => {
            plain(1)?;
            Op::Length
        }
        b"TYPE" => {
            plain(1)?;
            Op::Kind
        }
        b"DEL" | b"UNLINK" => return each(round, request, Op::Delete),
        b"EXISTS" => return each(round, request, Op::Exists),
        b"MGET" if arguments > 0 => {
            round.gather(How::Array, arguments);
            request
                .rest(1)
                .for_each(|key| round.command(key, |_| Op::Get));
            return Ok(true);
        }
        b"MSET" => {
            pairs(round, request)?;
            return Ok(true);
        }
        b"MGET" => return Err(Wrong::Number),
        _ => return several(round, name, request),
    };
    round.command(key, |_| op);
    Ok(true)
}

/// The commands of all shards, and those about shards.
fn several(round: &mut Round, name: &[u8], request: Request<'_>) -> Result<bool, Wrong> {
    match (name, request.len() - 1) {
        (b"DBSIZE", 0) => everywhere(round, How::Sum, b"", Op::Size),
        (b"FLUSHALL" | b"FLUSHDB", 0) => everywhere(round, How::Ok, b"", Op::Flush),
        (b"FLUSHALL" | b"FLUSHDB", 1)
            if is(request.get(1), "SYNC") || is(request.get(1), "ASYNC") =>
        {
            everywhere(round, How::Ok, b"", Op::Flush);
        }
        (b"FLUSHALL" | b"FLUSHDB", _) => return Err(Wrong::Text(SYNTAX)),
        (b"KEYS", 1) => everywhere(round, How::Merge, request.get(1), Op::Keys),
        (b"SCAN", 1..) => scan(round, request)?,
        (b"DEBUG", 1..) if round.lot().config.debug => debug(round, request)?,
        (b"DBSIZE" | b"KEYS" | b"SCAN", _) => return Err(Wrong::Number),
        _ => return Ok(false),
    }
    Ok(true)
}

fn everywhere(round: &mut Round, how: How, pattern: &[u8], op: Op) {
    let shards = round.lot().len();
    round.gather(how, shards);
    for shard in 0..shards {
        round.command_at(shard, 0, pattern, |_| op);
    }
}

/// One command for each key; the answer is the sum.
fn each(round: &mut Round, request: Request<'_>, op: Op) -> Result<bool, Wrong> {
    match request.len() - 1 {
        0 => return Err(Wrong::Number),
        1 => {}
        several => round.gather(How::Sum, several),
    }
    request.rest(1).for_each(|key| round.command(key, |_| op));
    Ok(true)
}

fn pairs(round: &mut Round, request: Request<'_>) -> Result<(), Wrong> {
    let arguments = request.len() - 1;
    if arguments == 0 || arguments % 2 == 1 {
        return Err(Wrong::Number);
    }
    round.gather(How::Ok, arguments / 2);
    for at in (1..arguments).step_by(2) {
        let how = (Life::Forever, When::Always, false);
        store(round, request.get(at), request.get(at + 1), how);
    }
    Ok(())
}

fn store(round: &mut Round, key: &[u8], value: &[u8], (life, when, old): (Life, When, bool)) {
    round.command(key, |job| Op::Set {
        value: job.keep(value),
        life,
        when,
        old,
    });
}

fn set(round: &mut Round, request: Request<'_>) -> Result<(), Wrong> {
    if request.len() < 3 {
        return Err(Wrong::Number);
    }
    let (mut life, mut when, mut old) = (Life::Forever, When::Always, false);
    // Where the number is, and whether it is seconds: it is looked at when all options have been understood. The same one twice is no mistake, and the last number counts.
    let mut time = None;
    let mut at = 3;
    while at < request.len() {
        let option = request.get(at);
        at += 1;
        if is(option, "NX") && when != When::There {
            when = When::New;
        } else if is(option, "XX") && when != When::New {
            when = When::There;
        } else if is(option, "GET") {
            old = true;
        } else if is(option, "KEEPTTL") && time.is_none() {
            life = Life::Keep;
        } else if (is(option, "EX") || is(option, "PX"))
            && life == Life::Forever
            && time.is_none_or(|(_, seconds)| seconds == is(option, "EX"))
            && at < request.len()
        {
            time = Some((at, is(option, "EX")));
            at += 1;
        } else {
            return Err(Wrong::Text(SYNTAX));
        }
    }
    if let Some((at, seconds)) = time {
        life = Life::Millis(lifetime(request.get(at), seconds)?);
    }
    store(round, request.get(1), request.get(2), (life, when, old));
    Ok(())
}

/// A time that is over zero, in milliseconds.
fn lifetime(argument: &[u8], seconds: bool) -> Result<u64, Wrong> {
    let number = resp::integer_of(argument).ok_or(NO_INTEGER)?;
    let millis = if seconds {
        number.checked_mul(1000)
    } else {
        Some(number)
    };
    let millis = millis.and_then(|millis| u64::try_from(millis).ok());
    millis
        .filter(|millis| (1..LONGEST).contains(millis))
        .ok_or(Wrong::Time)
}

/// A time that is over already deletes the key.
fn expire(argument: &[u8], seconds: bool) -> Result<Op, Wrong> {
    match resp::integer_of(argument) {
        Some(long) if seconds && long < i64::MIN / 1000 => Err(Wrong::Time),
        Some(..=0) => Ok(Op::Expire(None)),
        _ => Ok(Op::Expire(Some(lifetime(argument, seconds)?))),
    }
}

fn scan(round: &mut Round, request: Request<'_>) -> Result<(), Wrong> {
    let number = |bytes| resp::integer_of(bytes).and_then(|number| usize::try_from(number).ok());
    let cursor = number(request.get(1)).ok_or(Wrong::Text("ERR invalid cursor"))?;
    let (mut pattern, mut count) = (None, 10);
    let mut at = 2;
    while at < request.len() {
        let (option, value) = (request.get(at), request.get(at + 1));
        if at + 1 == request.len() {
            return Err(Wrong::Text(SYNTAX));
        } else if is(option, "MATCH") {
            pattern = Some(value);
        } else if is(option, "COUNT") {
            let wanted = resp::integer_of(value).ok_or(NO_INTEGER)?;
            count = match usize::try_from(wanted) {
                Ok(count @ 1..) => count,
                _ => return Err(Wrong::Text(SYNTAX)),
            };
        } else {
            return Err(Wrong::Text(SYNTAX));
        }
        at += 2;
    }
    let shards = round.lot().len();
    let op = Op::Scan {
        from: cursor / shards,
        count,
        all: pattern.is_none(),
    };
    round.command_at(cursor % shards, 0, pattern.unwrap_or(b""), |_| op);
    Ok(())
}

fn debug(round: &mut Round, request: Request<'_>) -> Result<(), Wrong> {
    let (what, key) = (request.get(1), request.get(2));
    if is(what, "PANIC") && request.len() == 3 {
        round.command(key, |_| Op::Panic);
    } else if is(what, "STALL") && request.len() == 4 {
        let millis = lifetime(request.get(3), false)?;
        round.command(key, |_| Op::Stall(millis));
    } else {
        return Err(Wrong::Text(
            "ERR DEBUG PANIC key, or DEBUG STALL key milliseconds",
        ));
    }
    Ok(())
}
