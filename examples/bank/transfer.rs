//! A transfer, and its line in the log.

use gaggle::actor::Exit;

/// So many cents from one account to another. A client that repeats itself uses the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Transfer {
    pub(crate) number: u64,
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) cents: u64,
}

impl Transfer {
    /// Its line in two halves, so that a crash can come between them.
    pub(crate) fn halves(&self) -> [String; 2] {
        let first = format!("{} {} ", self.number, self.from);
        [first, format!("{} {}\n", self.to, self.cents)]
    }

    pub(crate) fn read(line: &str) -> Result<Self, Exit> {
        let words: Result<Vec<u64>, _> = line.split(' ').map(str::parse).collect();
        let [number, from, to, cents] = words?[..] else {
            return Err(Exit::error(format!("no transfer: {line}")));
        };
        Ok(Transfer {
            number,
            from,
            to,
            cents,
        })
    }
}
