//! [`Session`]: bytes of one client become rounds of commands. [`Local`]: a client in the same process, without sockets.

use crate::command::{self, Alone, Entered};
use crate::resp::{self, Parser, ProtocolError};
use crate::round::Round;
use crate::shard::{Lot, Shards};
use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Why a round ends before the input does.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Alone(Alone),
    /// Nothing that follows can be understood.
    Malformed(ProtocolError),
}

/// What is known of one client between its commands.
pub(crate) struct Session {
    parser: Parser,
    /// What has come and is not in a round yet; it begins with the beginning of a command.
    rest: Vec<u8>,
    /// To how many channels it listens.
    pub(crate) channels: usize,
    /// Commands that were understood and are not counted yet.
    fresh: u64,
}

impl Session {
    pub(crate) fn new(lot: &Lot) -> Self {
        Self {
            parser: Parser::new(lot.config.limits),
            rest: Vec::new(),
            channels: 0,
            fresh: 0,
        }
    }

    /// How many commands were understood since this was asked last.
    pub(crate) fn count(&mut self) -> u64 {
        std::mem::take(&mut self.fresh)
    }

    /// Fills a round that is empty with what has come.
    pub(crate) fn feed(&mut self, fresh: &[u8], round: &mut Round) -> Option<Stop> {
        if self.rest.is_empty() {
            let (taken, stop) = self.plan(fresh, round);
            if taken < fresh.len() {
                self.rest.extend_from_slice(&fresh[taken..]);
            }
            return stop;
        }
        self.rest.extend_from_slice(fresh);
        self.more(round)
    }

    /// Fills a round that is empty with what is left. If it stays empty, and nothing stops it, more has to come.
    pub(crate) fn more(&mut self, round: &mut Round) -> Option<Stop> {
        if self.rest.is_empty() {
            return None;
        }
        let mut rest = std::mem::take(&mut self.rest);
        let (taken, stop) = self.plan(&rest, round);
        rest.drain(..taken);
        if !rest.is_empty() {
            self.rest = rest;
        }
        stop
    }

    /// How many bytes are in the round, and why it goes no further.
    fn plan(&mut self, input: &[u8], round: &mut Round) -> (usize, Option<Stop>) {
        let mut taken = 0;
        while taken < input.len() && !round.is_full() {
            let request = match self.parser.next(&input[taken..]) {
                Ok(Some(request)) => request,
                Ok(None) => break,
                Err(error) => return (taken, Some(Stop::Malformed(error))),
            };
            let size = request.size();
            self.fresh += 1;
            match command::enter(round, request, self.channels > 0) {
                Entered::Yes => taken += size,
                // What is in the round comes before it, and what follows after.
                Entered::Alone(alone) => return (taken + size, Some(Stop::Alone(alone))),
            }
        }
        (taken, None)
    }
}

/// A client in the same process: its commands go the same way as those that come over a socket. For tests, and for programs that have the cache inside.
pub struct Local {
    session: Session,
    round: Round,
}

impl Local {
    /// A client of these shards.
    #[must_use]
    pub fn new(shards: &Shards) -> Self {
        Self {
            session: Session::new(&shards.lot),
            round: Round::new(&shards.lot),
        }
    }

    /// Carries out one command, and gives its answer as it would be sent. `INFO` and what is about channels is for connections.
    ///
    /// # Cancel safety
    /// None: a client whose call was given up is not to be used again.
    pub async fn call<A: AsRef<[u8]>>(&mut self, arguments: &[A]) -> Vec<u8> {
        let mut bytes = Vec::new();
        resp::array(&mut bytes, arguments.len());
        arguments
            .iter()
            .for_each(|argument| resp::bulk(&mut bytes, argument.as_ref()));
        self.raw(&bytes).await
    }

    /// Carries out all commands in the bytes, and gives their answers. What is not complete waits for the rest.
    ///
    /// # Cancel safety
    /// As for [`call`](Self::call).
    pub async fn raw(&mut self, bytes: &[u8]) -> Vec<u8> {
        let mut all = Vec::new();
        let mut stop = self.session.feed(bytes, &mut self.round);
        loop {
            match stop {
                None if self.round.is_empty() => return all,
                None => {}
                Some(Stop::Alone(_)) => self.round.error("ERR this command is for connections"),
                Some(Stop::Malformed(error)) => {
                    self.round.run().await;
                    all.extend_from_slice(self.round.answers());
                    self.round.reset();
                    resp::error(&mut all, format!("ERR {error}"));
                    return all;
                }
            }
            self.round.run().await;
            all.extend_from_slice(self.round.answers());
            self.round.reset();
            stop = self.session.more(&mut self.round);
        }
    }
}

impl fmt::Debug for Local {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Local").finish_non_exhaustive()
    }
}

thread_local! {
    /// Rounds that nobody uses: a connection has one only while it has commands, so one that is idle has none.
    static IDLE: RefCell<Vec<Rested>> = const { RefCell::new(Vec::new()) };
}
/// A round is moved between connections: as a pointer.
type Rested = Box<Round>;
/// How many of them a thread keeps.
const MOST: usize = 128;

/// A round that is empty.
pub(crate) fn take_round(lot: &Arc<Lot>) -> Box<Round> {
    let found = IDLE.with(|idle| idle.borrow_mut().pop());
    let found = found.filter(|round| round.is_of(lot));
    found.unwrap_or_else(|| Box::new(Round::new(lot)))
}

/// It is used no more.
pub(crate) fn put_round(mut round: Box<Round>) {
    round.reset();
    IDLE.with(|idle| {
        let mut idle = idle.borrow_mut();
        if idle.len() < MOST {
            idle.push(round);
        }
    });
}
