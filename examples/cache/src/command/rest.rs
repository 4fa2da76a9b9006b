//! The commands that need no shard. What clients ask when they connect has answers that satisfy them.

use super::{Alone, Entered, SYNTAX, Wrong, is};
use crate::resp::{self, Request};
use crate::round::Round;

/// What `CONFIG GET` knows.
fn settings(round: &Round) -> [(&'static str, String); 5] {
    let config = &round.lot().config;
    [
        ("maxmemory", config.max_memory.to_string()),
        ("maxmemory-policy", "allkeys-lru".to_owned()),
        ("maxclients", config.max_clients.to_string()),
        // There is no log, and nothing is saved on a schedule: what redis-benchmark asks.
        ("appendonly", "no".to_owned()),
        ("save", String::new()),
    ]
}

/// `None`: there is no such command.
pub(super) fn enter(
    round: &mut Round,
    name: &[u8],
    request: Request<'_>,
    subscribed: bool,
) -> Result<Option<Entered>, Wrong> {
    let all = || request.rest(1).map(<[u8]>::to_vec).collect();
    match (name, request.len() - 1) {
        (b"PING", 0 | 1) if subscribed => round.local(|out| {
            resp::array(out, 2);
            resp::bulk(out, b"pong");
            resp::bulk(out, request.get(1));
        }),
        (b"PING", 0) => round.local(|out| resp::simple(out, "PONG")),
        (b"PING" | b"ECHO", 1) => round.local(|out| resp::bulk(out, request.get(1))),
        (b"SELECT", 1) => match resp::integer_of(request.get(1)) {
            Some(0) => round.local(|out| resp::simple(out, "OK")),
            Some(_) => return Err(Wrong::Text("ERR DB index is out of range")),
            None => return Err(Wrong::Text("ERR value is not an integer or out of range")),
        },
        (b"CONFIG", 2..) if is(request.get(1), "GET") => config(round, request),
        (b"CONFIG", _) => {
            return Err(Wrong::Text(
                "ERR CONFIG knows GET only: settings are given at the start",
            ));
        }
        (b"COMMAND", arguments) => round.local(|out| match arguments {
            1 if is(request.get(1), "COUNT") => resp::integer(out, 0),
            // None is described: then clients pass all on as it is.
            _ => resp::array(out, 0),
        }),
        (b"CLIENT", 1..) if is(request.get(1), "SETNAME") || is(request.get(1), "SETINFO") => {
            round.local(|out| resp::simple(out, "OK"));
        }
        (b"CLIENT", 1) if is(request.get(1), "GETNAME") => round.local(resp::null),
        (b"CLIENT", _) => return Err(Wrong::Text(SYNTAX)),
        (b"QUIT", _) => return Ok(Some(Entered::Alone(Alone::Quit))),
        (b"INFO", _) => return Ok(Some(Entered::Alone(Alone::Info))),
        (b"SAVE", 0) => return Ok(Some(Entered::Alone(Alone::Save))),
        (b"PUBLISH", 2) => {
            return Ok(Some(Entered::Alone(Alone::Publish {
                channel: request.get(1).to_vec(),
                message: request.get(2).to_vec(),
            })));
        }
        (b"SUBSCRIBE", 1..) => return Ok(Some(Entered::Alone(Alone::Subscribe(all())))),
        (b"UNSUBSCRIBE", _) => return Ok(Some(Entered::Alone(Alone::Unsubscribe(all())))),
        (b"PING" | b"ECHO" | b"SELECT" | b"SAVE" | b"PUBLISH" | b"SUBSCRIBE", _) => {
            return Err(Wrong::Number);
        }
        _ => return Ok(None),
    }
    Ok(Some(Entered::Yes))
}

fn config(round: &mut Round, request: Request<'_>) {
    let settings = settings(round);
    let wanted = |name: &&(&str, String)| {
        request
            .rest(2)
            .any(|argument| is(argument, name.0) || argument == b"*")
    };
    let found: Vec<_> = settings.iter().filter(wanted).collect();
    round.local(|out| {
        resp::array(out, found.len() * 2);
        for (name, value) in &found {
            resp::bulk(out, name.as_bytes());
            resp::bulk(out, value.as_bytes());
        }
    });
}
