//! [`ReadDir`]: what is in a directory.

use gaggle_rt::blocking;
use std::collections::VecDeque;
use std::fmt;
use std::fs::DirEntry;
use std::io;
use std::path::Path;

/// How many are taken at once: the hand-over costs more than an entry.
const AT_ONCE: usize = 64;

/// The entries of a directory, one after the other. See [`read_dir`].
pub struct ReadDir {
    rest: std::fs::ReadDir,
    taken: VecDeque<io::Result<DirEntry>>,
}

/// Looks into a directory.
///
/// # Errors
/// Those of the system, such as that there is no such directory.
///
/// # Examples
/// ```
/// # gaggle::block_on(async {
/// let mut entries = gaggle::fs::read_dir(".").await?;
/// while let Some(entry) = entries.next_entry().await? {
///     println!("{}", entry.path().display());
/// }
/// # std::io::Result::Ok(())
/// # }).unwrap();
/// ```
pub async fn read_dir(path: impl AsRef<Path>) -> io::Result<ReadDir> {
    Ok(ReadDir {
        rest: blocking(|| std::fs::read_dir(path))?,
        taken: VecDeque::new(),
    })
}

impl ReadDir {
    /// The next entry, in no order; `None` at the end. `.` and `..` are left out.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Cancel safety
    /// A future that was not polled takes no entry, and one that was is ready.
    pub async fn next_entry(&mut self) -> io::Result<Option<DirEntry>> {
        if self.taken.is_empty() {
            let (rest, taken) = (&mut self.rest, &mut self.taken);
            blocking(|| taken.extend(rest.take(AT_ONCE)));
        }
        self.taken.pop_front().transpose()
    }
}

impl fmt::Debug for ReadDir {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rest.fmt(f)
    }
}
