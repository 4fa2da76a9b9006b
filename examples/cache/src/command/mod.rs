//! The commands: what each is called, what it takes, which shards it needs. It must not know what a connection is.
//!
//! | file | what it holds |
//! |---|---|
//! | `keys.rs` | the commands that shards carry out |
//! | `rest.rs` | those that need none |

mod keys;
mod rest;

use crate::resp::Request;
use crate::round::Round;

/// The longest name of a command.
const LONGEST: usize = 16;
/// How many bytes of a command that nobody knows are told, and of its arguments together.
const TOLD: usize = 128;
const SYNTAX: &str = "ERR syntax error";

/// What becomes of a command.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entered {
    /// It is in the round.
    Yes,
    /// It is done by the connection, when what is in the round has been carried out.
    Alone(Alone),
}

/// What concerns more than keys.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Alone {
    Quit,
    Info,
    Save,
    Publish { channel: Vec<u8>, message: Vec<u8> },
    Subscribe(Vec<Vec<u8>>),
    Unsubscribe(Vec<Vec<u8>>),
}

/// Enters a command into the round; what is wrong with it is its answer.
pub(crate) fn enter(round: &mut Round, request: Request<'_>, subscribed: bool) -> Entered {
    let name = request.get(0);
    let mut upper = [0; LONGEST];
    let Some(upper) = upper.get_mut(..name.len()) else {
        unknown(round, request);
        return Entered::Yes;
    };
    upper.copy_from_slice(name);
    upper.make_ascii_uppercase();
    if subscribed && !matches!(&*upper, b"SUBSCRIBE" | b"UNSUBSCRIBE" | b"PING" | b"QUIT") {
        let name = String::from_utf8_lossy(name).to_lowercase();
        round.error(format!(
            "ERR Can't execute '{name}': only SUBSCRIBE / UNSUBSCRIBE / PING / QUIT are allowed in this context"
        ));
        return Entered::Yes;
    }
    match keys::enter(round, upper, request) {
        Ok(true) => Entered::Yes,
        Ok(false) => match rest::enter(round, upper, request, subscribed) {
            Ok(Some(entered)) => entered,
            Ok(None) => {
                unknown(round, request);
                Entered::Yes
            }
            Err(wrong) => refuse(round, request, wrong),
        },
        Err(wrong) => refuse(round, request, wrong),
    }
}

/// What is wrong with a command.
#[derive(Clone, Copy)]
enum Wrong {
    /// It has too many arguments, or not enough.
    Number,
    /// A key cannot live so long.
    Time,
    Text(&'static str),
}

fn refuse(round: &mut Round, request: Request<'_>, wrong: Wrong) -> Entered {
    let name = || String::from_utf8_lossy(request.get(0)).to_lowercase();
    match wrong {
        Wrong::Text(text) => round.error(text),
        Wrong::Number => round.error(format!(
            "ERR wrong number of arguments for '{}' command",
            name()
        )),
        Wrong::Time => round.error(format!("ERR invalid expire time in '{}' command", name())),
    }
    Entered::Yes
}

fn unknown(round: &mut Round, request: Request<'_>) {
    let short = |bytes: &'_ [u8], most| bytes[..bytes.len().min(most)].to_vec();
    let mut arguments = Vec::new();
    for argument in request.rest(1) {
        let Some(room @ 1..) = TOLD.checked_sub(arguments.len()) else {
            break;
        };
        arguments.extend([&b"'"[..], &short(argument, room), b"' "].concat());
    }
    let name = short(request.get(0), TOLD);
    let parts = [
        b"ERR unknown command '",
        &name[..],
        b"', with args beginning with: ",
        &arguments,
    ];
    round.error(parts.concat());
}

/// Is it this word, in any case?
fn is(argument: &[u8], word: &str) -> bool {
    argument.eq_ignore_ascii_case(word.as_bytes())
}
