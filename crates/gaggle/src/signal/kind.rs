//! [`Signal`]: which signals there are.

use signal_hook::consts::{
    SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH,
};
use std::fmt;

/// A signal of the operating system.
///
/// Those that cannot be listened for (`SIGKILL`, `SIGSTOP`) and those that say that the program itself is wrong (`SIGSEGV` and its kin) are not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// `SIGINT`: Ctrl-C.
    Interrupt,
    /// `SIGTERM`: please end.
    Terminate,
    /// `SIGHUP`: the terminal is gone, or: read your configuration again.
    Hangup,
    /// `SIGQUIT`: Ctrl-\.
    Quit,
    /// `SIGUSR1`.
    User1,
    /// `SIGUSR2`.
    User2,
    /// `SIGALRM`: a timer of the system's.
    Alarm,
    /// `SIGCHLD`: a child process has ended or stopped. By default nothing happens.
    Child,
    /// `SIGWINCH`: the terminal has another size. By default nothing happens.
    WindowChange,
    /// `SIGPIPE`: a write to a pipe that nobody reads. Rust's programs ignore it from the start.
    Pipe,
}

impl Signal {
    /// `SIGINT`: Ctrl-C.
    pub const INT: Self = Self::Interrupt;
    /// `SIGTERM`: please end.
    pub const TERM: Self = Self::Terminate;
    /// `SIGHUP`: the terminal is gone, or: read your configuration again.
    pub const HUP: Self = Self::Hangup;
    /// `SIGQUIT`: Ctrl-\.
    pub const QUIT: Self = Self::Quit;
    /// `SIGUSR1`.
    pub const USR1: Self = Self::User1;
    /// `SIGUSR2`.
    pub const USR2: Self = Self::User2;

    /// All of them, in the order in which they are told if several have come.
    pub(super) const ALL: [Self; 10] = [
        Self::Interrupt,
        Self::Terminate,
        Self::Hangup,
        Self::Quit,
        Self::User1,
        Self::User2,
        Self::Alarm,
        Self::Child,
        Self::WindowChange,
        Self::Pipe,
    ];

    /// The system's number for it.
    #[must_use]
    pub fn number(self) -> i32 {
        match self {
            Self::Interrupt => SIGINT,
            Self::Terminate => SIGTERM,
            Self::Hangup => SIGHUP,
            Self::Quit => SIGQUIT,
            Self::User1 => SIGUSR1,
            Self::User2 => SIGUSR2,
            Self::Alarm => SIGALRM,
            Self::Child => SIGCHLD,
            Self::WindowChange => SIGWINCH,
            Self::Pipe => SIGPIPE,
        }
    }

    /// A bit of its own.
    pub(super) fn bit(self) -> u32 {
        1 << self as u32
    }
}

/// As Go calls them.
impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "interrupt",
            Self::Terminate => "terminated",
            Self::Hangup => "hangup",
            Self::Quit => "quit",
            Self::User1 => "user defined signal 1",
            Self::User2 => "user defined signal 2",
            Self::Alarm => "alarm clock",
            Self::Child => "child exited",
            Self::WindowChange => "window changed",
            Self::Pipe => "broken pipe",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Signal;
    use std::collections::BTreeSet;

    #[test]
    fn each_has_a_bit_and_a_number_of_its_own() {
        let all = Signal::ALL;
        let bits: BTreeSet<_> = all.iter().map(|signal| signal.bit()).collect();
        let numbers: BTreeSet<_> = all.iter().map(|signal| signal.number()).collect();
        assert_eq!((bits.len(), numbers.len()), (all.len(), all.len()));
    }
}
