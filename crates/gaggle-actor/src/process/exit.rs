//! [`Exit`]: why a process ended.

use super::core::Pid;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a process ended, or is to end.
///
/// A handler ends its actor by returning one as an error. Any error of another type becomes [`Exit::Error`] by `?`: that is how an actor crashes.
///
/// It is itself no [`Error`], or the conversion from all errors could not exist.
/// `?` makes a `Box<dyn Error>` of it all the same; for `anyhow` say `.map_err(anyhow::Error::msg)`.
/// The other way, what is no `Error` either (`Box<dyn Error>`, `anyhow::Error`) becomes an exit by `.map_err(Exit::error)`.
///
/// # Examples
/// ```
/// use gaggle_actor::Exit;
/// fn parse(text: &str) -> Result<u32, Exit> {
///     Ok(text.parse()?)
/// }
/// let exit = parse("x").unwrap_err();
/// assert!(exit.is_abnormal());
/// assert!(matches!(exit, Exit::Error(_)));
/// assert!(!Exit::shutdown().is_abnormal());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exit {
    /// It was done.
    Normal,
    /// It was asked to end, or ended in good order for the reason given.
    Shutdown(Option<Arc<str>>),
    /// It was killed: nothing of it ran any more.
    Killed,
    /// There was no such process.
    NoProc,
    /// It declined to start: only from an initialisation.
    Ignore,
    /// Its initialisation took too long.
    Timeout,
    /// The name that it was to have is taken by the process of that number.
    NameTaken(Pid),
    /// It failed with an error; this is its text, with those of its sources.
    Error(Arc<str>),
    /// It panicked with this message.
    Panic(Arc<str>),
}

impl Exit {
    /// [`Exit::Shutdown`] without a reason.
    #[must_use]
    pub fn shutdown() -> Self {
        Self::Shutdown(None)
    }

    /// [`Exit::Shutdown`] with a reason.
    #[must_use]
    pub fn shutdown_because(why: &str) -> Self {
        Self::Shutdown(Some(Arc::from(why)))
    }

    /// [`Exit::Error`] with a text.
    #[must_use]
    pub fn error(text: impl fmt::Display) -> Self {
        Self::Error(Arc::from(text.to_string()))
    }

    /// Is it a crash: neither [`Normal`](Exit::Normal) nor [`Shutdown`](Exit::Shutdown), nor [`Ignore`](Exit::Ignore)?
    #[must_use]
    pub fn is_abnormal(&self) -> bool {
        !matches!(self, Exit::Normal | Exit::Shutdown(_) | Exit::Ignore)
    }
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Exit::Normal => f.write_str("normal"),
            Exit::Shutdown(None) => f.write_str("shutdown"),
            Exit::Shutdown(Some(why)) => write!(f, "shutdown: {why}"),
            Exit::Killed => f.write_str("killed"),
            Exit::NoProc => f.write_str("no such process"),
            Exit::Ignore => f.write_str("declined to start"),
            Exit::Timeout => f.write_str("initialisation timed out"),
            Exit::NameTaken(pid) => write!(f, "its name is taken by process {pid}"),
            Exit::Error(text) => write!(f, "error: {text}"),
            Exit::Panic(text) => write!(f, "panic: {text}"),
        }
    }
}

/// An [`Exit`] in the place of an error.
#[derive(Debug)]
struct Ended(Exit);

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Ended {}

impl From<Exit> for Box<dyn Error + Send + Sync> {
    fn from(exit: Exit) -> Self {
        Box::new(Ended(exit))
    }
}

impl From<Exit> for Box<dyn Error> {
    fn from(exit: Exit) -> Self {
        Box::new(Ended(exit))
    }
}

impl<E: Error> From<E> for Exit {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(inner) = source {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            source = inner.source();
        }
        Self::Error(Arc::from(text))
    }
}
