//! [`Parser`]: requests out of bytes that come in pieces.
//!
//! It copies nothing: an argument is a range of the input. It takes up where it stopped when the same request is shown to it with more bytes at its end, so a request that comes byte by byte costs no more than one that comes at once.
//! What a header claims is never allocated: the input grows as bytes arrive, and a claim above a limit is refused when it is read.

use std::error::Error;
use std::fmt;

/// A header line is a mark, a number and the end of the line.
const LONGEST_HEADER: usize = 32;
/// How many ranges are kept for the next request.
const KEPT: usize = 8;

/// What a request may be at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arguments, the name of the command among them.
    pub arguments: usize,
    /// Bytes of one argument.
    pub bulk: usize,
    /// Bytes of a request, headers included.
    pub request: usize,
    /// Bytes of a request that is one line.
    pub inline: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            arguments: 64 << 10,
            bulk: 16 << 20,
            request: 64 << 20,
            inline: 64 << 10,
        }
    }
}

/// Why a connection cannot go on: where the next request begins is not known any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProtocolError {
    /// The number of arguments is no number, or above the limit.
    Multibulk,
    /// The length of an argument is no number, negative, or above the limit.
    Bulk,
    /// An argument does not begin with `$`; this is how it begins.
    Expected(u8),
    /// A line does not end.
    HeaderTooLong,
    /// An argument is not followed by the end of the line.
    Unterminated,
    /// A request of one line is above the limit.
    InlineTooLong,
    /// All arguments together are above the limit.
    RequestTooLong,
}

impl fmt::Display for ProtocolError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Protocol error: ")?;
        match self {
            Self::Multibulk => f.write_str("invalid multibulk length"),
            Self::Bulk => f.write_str("invalid bulk length"),
            Self::Expected(byte) => write!(f, "expected '$', got '{}'", byte.escape_ascii()),
            Self::HeaderTooLong => f.write_str("too big count string"),
            Self::Unterminated => f.write_str("argument without its end of line"),
            Self::InlineTooLong => f.write_str("too big inline request"),
            Self::RequestTooLong => f.write_str("too big request"),
        }
    }
}

impl Error for ProtocolError {}

/// A whole request, in the bytes that it came in.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    input: &'a [u8],
    arguments: &'a [(u32, u32)],
    size: usize,
}

impl<'a> Request<'a> {
    /// How many arguments it has, with the name of the command. Never none.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "a request is never empty")]
    pub fn len(&self) -> usize {
        self.arguments.len()
    }

    /// One of them; nothing for one that is not there.
    #[must_use]
    pub fn get(&self, at: usize) -> &'a [u8] {
        let range = self.arguments.get(at).copied();
        range
            .and_then(|(from, to)| self.input.get(from as usize..to as usize))
            .unwrap_or(&[])
    }

    /// Those from `first` on.
    pub fn rest(self, first: usize) -> impl Iterator<Item = &'a [u8]> {
        (first..self.len()).map(move |at| self.get(at))
    }

    /// How many bytes of the input it is.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }
}

/// Where the parser is in a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// At its beginning.
    Begin,
    /// So many arguments are to come.
    Arguments(usize),
    /// An argument of that length has begun, and others are to come.
    Body { length: usize, after: usize },
}

/// Reads requests. See the example at [`next`](Parser::next).
#[derive(Debug)]
pub struct Parser {
    limits: Limits,
    state: State,
    /// How far the request has been read.
    at: usize,
    /// From where to where each is; small, because each connection has them.
    arguments: Vec<(u32, u32)>,
}

impl Parser {
    /// One that refuses what is above the limits.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            state: State::Begin,
            at: 0,
            arguments: Vec::new(),
        }
    }

    /// The first request of `input`; `None` if it is not there as a whole. Then the next call must begin with the same bytes, and more of them; after a request it begins behind that.
    ///
    /// # Errors
    /// When the bytes are no request, or one above a limit: then nothing after them can be read.
    ///
    /// # Examples
    /// ```
    /// use gaggle_cache::resp::{Limits, Parser};
    ///
    /// let mut parser = Parser::new(Limits::default());
    /// assert!(parser.next(b"*2\r\n$3\r\nGET\r\n$1\r").unwrap().is_none());
    /// let request = parser.next(b"*2\r\n$3\r\nGET\r\n$1\r\nk\r\nPING\r\n").unwrap().unwrap();
    /// assert_eq!((request.get(0), request.get(1)), (&b"GET"[..], &b"k"[..]));
    /// assert_eq!(request.size(), 20);
    /// assert_eq!(parser.next(b"PING\r\n").unwrap().unwrap().get(0), b"PING");
    /// ```
    pub fn next<'a>(&'a mut self, input: &'a [u8]) -> Result<Option<Request<'a>>, ProtocolError> {
        if self.state == State::Begin && self.at == 0 {
            self.arguments.clear();
            self.arguments.shrink_to(KEPT);
        }
        if !self.step(input)? {
            if input.len() > self.limits.request {
                return Err(ProtocolError::RequestTooLong);
            }
            return Ok(None);
        }
        let size = std::mem::take(&mut self.at);
        self.state = State::Begin;
        Ok(Some(Request {
            input,
            arguments: &self.arguments,
            size,
        }))
    }

    /// Reads on. Says whether the request is complete.
    fn step(&mut self, input: &[u8]) -> Result<bool, ProtocolError> {
        loop {
            match self.state {
                State::Begin => match input.get(self.at) {
                    None => return Ok(false),
                    Some(b'*') => {
                        let Some((count, end)) = header(input, self.at)? else {
                            return Ok(false);
                        };
                        let count = count.ok_or(ProtocolError::Multibulk)?;
                        // None at all, or less, is no request: it is passed over, as Redis does.
                        let count = usize::try_from(count).unwrap_or(0);
                        if count > self.limits.arguments {
                            return Err(ProtocolError::Multibulk);
                        }
                        self.at = end;
                        if count > 0 {
                            self.state = State::Arguments(count);
                        }
                    }
                    Some(_) => match self.line(input)? {
                        None => return Ok(false),
                        Some(true) => return Ok(true),
                        Some(false) => {}
                    },
                },
                State::Arguments(0) => return Ok(true),
                State::Arguments(left) => {
                    match input.get(self.at) {
                        None => return Ok(false),
                        Some(b'$') => {}
                        Some(other) => return Err(ProtocolError::Expected(*other)),
                    }
                    let Some((length, end)) = header(input, self.at)? else {
                        return Ok(false);
                    };
                    let length = length.and_then(|length| usize::try_from(length).ok());
                    let length = length.filter(|length| *length <= self.limits.bulk);
                    let length = length.ok_or(ProtocolError::Bulk)?;
                    if end + length > self.limits.request {
                        return Err(ProtocolError::RequestTooLong);
                    }
                    self.at = end;
                    self.state = State::Body {
                        length,
                        after: left - 1,
                    };
                }
                State::Body { length, after } => {
                    let end = self.at + length;
                    let Some(tail) = input.get(end..end + 2) else {
                        return Ok(false);
                    };
                    if tail != b"\r\n" {
                        return Err(ProtocolError::Unterminated);
                    }
                    self.arguments.push(narrow(self.at, end)?);
                    self.at = end + 2;
                    self.state = State::Arguments(after);
                }
            }
        }
    }

    /// A request of one line: words with blanks between them. `Some(false)`: there were none.
    fn line(&mut self, input: &[u8]) -> Result<Option<bool>, ProtocolError> {
        let begin = self.at;
        let longest = self.limits.inline;
        let rest = &input[begin..input.len().min(begin + longest + 1)];
        let Some(length) = rest.iter().position(|byte| *byte == b'\n') else {
            if rest.len() > longest {
                return Err(ProtocolError::InlineTooLong);
            }
            return Ok(None);
        };
        let mut word = None;
        for (at, byte) in (begin..).zip(&rest[..=length]) {
            match (byte.is_ascii_whitespace(), word) {
                (false, None) => word = Some(at),
                (true, Some(from)) => {
                    self.arguments.push(narrow(from, at)?);
                    word = None;
                }
                _ => {}
            }
            if self.arguments.len() > self.limits.arguments {
                return Err(ProtocolError::Multibulk);
            }
        }
        self.at = begin + length + 1;
        Ok(Some(!self.arguments.is_empty()))
    }
}

/// The number in the line that begins at `at`, behind its mark, and where the next line begins. `None`: the line is not complete; a number of `None`: it is none.
fn header(input: &[u8], at: usize) -> Result<Option<(Option<i64>, usize)>, ProtocolError> {
    let line = &input[at..input.len().min(at + LONGEST_HEADER)];
    match line.windows(2).position(|pair| pair == b"\r\n") {
        Some(length) => Ok(Some((integer(&line[1..length]), at + length + 2))),
        None if line.len() == LONGEST_HEADER => Err(ProtocolError::HeaderTooLong),
        None => Ok(None),
    }
}

/// A range of a request, none of which is longer than 4 GiB.
fn narrow(from: usize, to: usize) -> Result<(u32, u32), ProtocolError> {
    match (u32::try_from(from), u32::try_from(to)) {
        (Ok(from), Ok(to)) => Ok((from, to)),
        _ => Err(ProtocolError::RequestTooLong),
    }
}

/// A whole number in decimal, as strict as Redis is: no blanks, no plus, no zeros in front.
fn integer(digits: &[u8]) -> Option<i64> {
    super::write::integer_of(digits)
}
