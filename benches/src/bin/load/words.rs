//! What is sent, and what must come back.

use gaggle_benches::loads::Protocol;

/// How many keys there are in a cache.
const KEYS: u64 = 10_000;
/// How long an echo, or a value in a cache, is.
const SIZE: usize = 64;
const HELLO: &str = "Hello, World!";

/// The words of one protocol.
pub(crate) struct Words {
    protocol: Protocol,
    pipeline: u64,
    /// What is sent for a key, and what comes back.
    of_keys: Vec<(Vec<u8>, Vec<u8>)>,
    /// The answer that a server of HTTP gave first: later ones are as long.
    first: Option<usize>,
    wanted: Vec<u8>,
}

impl Words {
    pub(crate) fn new(protocol: Protocol, pipeline: usize) -> Words {
        let of_keys = match protocol {
            Protocol::Echo | Protocol::Http => Vec::new(),
            Protocol::Get => (0..KEYS).map(get).collect(),
            Protocol::Set => (0..KEYS).map(set).collect(),
        };
        Words {
            protocol,
            pipeline: pipeline as u64,
            of_keys,
            first: None,
            wanted: Vec::new(),
        }
    }

    /// What fills a cache before it is read: to be sent, and to come back, some hundred keys at a time.
    pub(crate) fn preparation(&self) -> Vec<(Vec<u8>, Vec<u8>)> {
        if self.protocol != Protocol::Get {
            return Vec::new();
        }
        let keys: Vec<_> = (0..KEYS).map(set).collect();
        let batches = keys.chunks(100).map(|batch| {
            let (sent, back): (Vec<_>, Vec<_>) = batch.iter().cloned().unzip();
            (sent.concat(), back.concat())
        });
        batches.collect()
    }

    /// The requests of a turn of a connection.
    pub(crate) fn request(&self, connection: usize, turn: u64, out: &mut Vec<u8>) {
        match self.protocol {
            Protocol::Echo => out.extend_from_slice(&letters(connection as u64, turn)),
            Protocol::Http => {
                out.extend_from_slice(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
            }
            Protocol::Get | Protocol::Set => {
                for key in self.keys(connection, turn) {
                    out.extend_from_slice(&self.of_keys[key].0);
                }
            }
        }
    }

    fn keys(&self, connection: usize, turn: u64) -> impl Iterator<Item = usize> + use<> {
        let first = connection as u64 * 7_919 + turn * self.pipeline;
        (first..first + self.pipeline).map(|key| (key % KEYS) as usize)
    }

    /// Are the answers of this turn there, all of them?
    pub(crate) fn is_answer(
        &mut self,
        connection: usize,
        turn: u64,
        bytes: &[u8],
    ) -> Result<bool, String> {
        self.wanted.clear();
        match self.protocol {
            Protocol::Http => return self.is_hello(bytes),
            Protocol::Echo => self
                .wanted
                .extend_from_slice(&letters(connection as u64, turn)),
            Protocol::Get | Protocol::Set => {
                for key in self.keys(connection, turn) {
                    self.wanted.extend_from_slice(&self.of_keys[key].1);
                }
            }
        }
        if self.wanted.starts_with(bytes) {
            return Ok(bytes.len() == self.wanted.len());
        }
        Err(wrong(bytes))
    }

    fn is_hello(&mut self, bytes: &[u8]) -> Result<bool, String> {
        let Some(length) = self.first else {
            let text = std::str::from_utf8(bytes).map_err(|_| wrong(bytes))?;
            let Some((head, body)) = text.split_once("\r\n\r\n") else {
                return Ok(false);
            };
            let length = format!("content-length: {}", HELLO.len());
            let mut lines = head.lines();
            if lines.next() != Some("HTTP/1.1 200 OK")
                || !lines.any(|line| line.eq_ignore_ascii_case(&length))
            {
                return Err(wrong(bytes));
            }
            if body.len() == HELLO.len() {
                self.first = Some(bytes.len());
            }
            return Ok(body == HELLO);
        };
        if bytes.len() < length {
            return Ok(false);
        }
        if bytes.len() == length
            && bytes.starts_with(b"HTTP/1.1 200 OK\r\n")
            && bytes.ends_with(HELLO.as_bytes())
        {
            return Ok(true);
        }
        Err(wrong(bytes))
    }
}

/// Another text for each turn of each connection.
fn letters(connection: u64, turn: u64) -> [u8; SIZE] {
    let mut letters = [b'.'; SIZE];
    letters[..8].copy_from_slice(&connection.to_le_bytes());
    letters[8..16].copy_from_slice(&turn.to_le_bytes());
    letters[SIZE - 1] = b'\n';
    letters
}

fn value(key: u64) -> String {
    format!("{key:0SIZE$}")
}

fn get(key: u64) -> (Vec<u8>, Vec<u8>) {
    let sent = format!("*2\r\n$3\r\nGET\r\n$16\r\nkey:{key:012}\r\n");
    let back = format!("${SIZE}\r\n{}\r\n", value(key));
    (sent.into(), back.into())
}

fn set(key: u64) -> (Vec<u8>, Vec<u8>) {
    let value = value(key);
    let sent = format!("*3\r\n$3\r\nSET\r\n$16\r\nkey:{key:012}\r\n${SIZE}\r\n{value}\r\n");
    (sent.into(), b"+OK\r\n".to_vec())
}

fn wrong(bytes: &[u8]) -> String {
    let start = &bytes[..bytes.len().min(80)];
    format!("a wrong answer: {}", start.escape_ascii())
}

#[cfg(test)]
mod tests {
    use super::Words;
    use gaggle_benches::loads::Protocol;

    #[test]
    fn an_echo_is_what_was_sent() {
        let mut words = Words::new(Protocol::Echo, 1);
        let mut sent = Vec::new();
        words.request(3, 7, &mut sent);
        assert_eq!(sent.len(), 64);
        assert_eq!(words.is_answer(3, 7, &sent[..10]), Ok(false));
        assert_eq!(words.is_answer(3, 7, &sent), Ok(true));
        assert!(words.is_answer(3, 8, &sent).is_err());
        sent.push(0);
        assert!(words.is_answer(3, 7, &sent).is_err());
    }

    #[test]
    fn an_answer_of_http_has_its_length_and_its_body() {
        let mut words = Words::new(Protocol::Http, 1);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, World!";
        assert_eq!(words.is_answer(0, 0, &answer[..30]), Ok(false));
        assert_eq!(words.is_answer(0, 0, answer), Ok(true));
        assert_eq!(words.is_answer(1, 0, &answer[..40]), Ok(false));
        assert_eq!(words.is_answer(1, 0, answer), Ok(true));
        let other = b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nHello, world?";
        assert!(words.is_answer(1, 1, other).is_err());
    }

    #[test]
    fn a_cache_answers_all_requests_of_a_turn() {
        let mut words = Words::new(Protocol::Get, 2);
        let (_, first) = super::get(7_919);
        let (_, second) = super::get(7_920);
        assert_eq!(words.is_answer(1, 0, &first), Ok(false));
        assert_eq!(words.is_answer(1, 0, &[first, second].concat()), Ok(true));
    }
}
