//! A log that outlives who writes it: a file, or memory for tests.

use super::transfer::Transfer;
use gaggle::actor::Exit;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Clone, Debug)]
pub(crate) enum Log {
    File(PathBuf),
    #[cfg_attr(not(test), expect(dead_code, reason = "it is for tests"))]
    Memory(Arc<Mutex<String>>),
}

impl Log {
    /// All of it; nothing, if there is none yet.
    fn read(&self) -> io::Result<String> {
        match self {
            Log::Memory(text) => Ok(text.lock().unwrap_or_else(PoisonError::into_inner).clone()),
            Log::File(path) => fs::read_to_string(path).or_else(|error| match error.kind() {
                ErrorKind::NotFound => Ok(String::new()),
                _ => Err(error),
            }),
        }
    }

    pub(crate) fn append(&self, part: &str) -> io::Result<()> {
        match self {
            Log::Memory(text) => {
                let mut text = text.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(part);
                Ok(())
            }
            Log::File(path) => {
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                file.write_all(part.as_bytes())
            }
        }
    }

    /// Cuts off what follows the last whole line: somebody has crashed while writing it.
    pub(crate) fn repair(&self) -> io::Result<()> {
        let mut all = self.read()?;
        all.truncate(all.rfind('\n').map_or(0, |end| end + 1));
        match self {
            Log::Memory(text) => *text.lock().unwrap_or_else(PoisonError::into_inner) = all,
            Log::File(path) => fs::write(path, all)?,
        }
        Ok(())
    }
}

/// What the log says has happened.
pub(crate) fn transfers(log: &Log) -> Result<Vec<Transfer>, Exit> {
    log.read()?.lines().map(Transfer::read).collect()
}
