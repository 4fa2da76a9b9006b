//! The snapshot: all keys in a file. It must not know what a shard is.
//!
//! ```text
//! "gagglecache\n"  12 bytes
//! version          u32, 1
//! sections         u32, how many follow
//! section          u64 length, u32 CRC-32 of its bytes, its bytes: records
//! record           u32 length of the key, u32 length of the value,
//!                  u64 when it ends in milliseconds since 1970 (0: never), key, value
//! ```
//! Numbers are little-endian. Nothing follows the last section.
//! It is written to a file beside it, which then takes its place: whoever reads sees the old or the new one, whole.

use gaggle::sim;
use std::error::Error;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

const MAGIC: &[u8; 12] = b"gagglecache\n";
const VERSION: u32 = 1;

/// A key with its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The key.
    pub key: Vec<u8>,
    /// The value.
    pub value: Vec<u8>,
    /// When it ends, in milliseconds since 1970.
    pub due: Option<u64>,
}

/// The records of one shard, as they are in the file.
#[derive(Clone, Debug, Default)]
pub struct Section(Vec<u8>);

impl Section {
    /// One more record. One that is too long for the file is left out.
    pub fn push(&mut self, key: &[u8], value: &[u8], due: Option<u64>) {
        let (Ok(keys), Ok(values)) = (u32::try_from(key.len()), u32::try_from(value.len())) else {
            return;
        };
        self.0.extend_from_slice(&keys.to_le_bytes());
        self.0.extend_from_slice(&values.to_le_bytes());
        self.0.extend_from_slice(&due.unwrap_or(0).to_le_bytes());
        self.0.extend_from_slice(key);
        self.0.extend_from_slice(value);
    }
}

/// Why a snapshot is not read.
#[derive(Debug)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file cannot be read.
    Io(PathBuf, io::Error),
    /// It is not as it was written: what is wrong.
    Damaged(PathBuf, &'static str),
    /// It is of a version that is not known here.
    Version(PathBuf, u32),
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "snapshot: {}: {error}", path.display()),
            Self::Damaged(path, what) => write!(
                f,
                "snapshot {}: damaged, {what}; it is left as it is: move it away to start without it",
                path.display()
            ),
            Self::Version(path, version) => write!(
                f,
                "snapshot {}: of version {version}, but this program reads version {VERSION}",
                path.display()
            ),
        }
    }
}

impl Error for SnapshotError {}

/// Today, in milliseconds since 1970.
pub(crate) fn date() -> u64 {
    let since = sim::date().duration_since(SystemTime::UNIX_EPOCH);
    let millis = since.unwrap_or_default().as_millis();
    u64::try_from(millis).unwrap_or(u64::MAX)
}

/// The folder that the snapshot is in.
fn folder(path: &Path) -> &Path {
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    folder.unwrap_or(Path::new("."))
}

/// Reads a snapshot. A file that is not there holds nothing.
///
/// # Errors
/// When it cannot be read, or is not as it was written; when its folder is not there, for then it could not be written at the end.
pub fn load(path: &Path) -> Result<Vec<Record>, SnapshotError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let folder = folder(path);
            return match fs::read_dir(folder) {
                Ok(_) => Ok(Vec::new()),
                Err(error) => Err(SnapshotError::Io(folder.to_owned(), error)),
            };
        }
        Err(error) => return Err(SnapshotError::Io(path.to_owned(), error)),
    };
    decode(&bytes).map_err(|bad| match bad {
        Bad::Damaged(what) => SnapshotError::Damaged(path.to_owned(), what),
        Bad::Version(version) => SnapshotError::Version(path.to_owned(), version),
    })
}

enum Bad {
    Damaged(&'static str),
    Version(u32),
}

fn decode(bytes: &[u8]) -> Result<Vec<Record>, Bad> {
    let cut = Bad::Damaged("it ends too soon");
    let Some(rest) = bytes.strip_prefix(MAGIC) else {
        return Err(Bad::Damaged("it does not begin as a snapshot does"));
    };
    let mut rest = Reader(rest);
    let (Some(version), Some(sections)) = (rest.u32(), rest.u32()) else {
        return Err(cut);
    };
    if version != VERSION {
        return Err(Bad::Version(version));
    }
    let mut records = Vec::new();
    for _ in 0..sections {
        let (Some(length), Some(sum)) = (rest.u64(), rest.u32()) else {
            return Err(cut);
        };
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let section = rest.take(length).ok_or(Bad::Damaged("it ends too soon"))?;
        if crc32fast::hash(section) != sum {
            return Err(Bad::Damaged("a checksum is wrong"));
        }
        let mut section = Reader(section);
        while !section.0.is_empty() {
            let record = section.record();
            records.push(record.ok_or(Bad::Damaged("a record ends too soon"))?);
        }
    }
    if rest.0.is_empty() {
        Ok(records)
    } else {
        Err(Bad::Damaged("it goes on after its end"))
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (front, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(front)
    }

    fn u32(&mut self) -> Option<u32> {
        let bytes = self.take(4)?.try_into().ok()?;
        Some(u32::from_le_bytes(bytes))
    }

    fn u64(&mut self) -> Option<u64> {
        let bytes = self.take(8)?.try_into().ok()?;
        Some(u64::from_le_bytes(bytes))
    }

    fn record(&mut self) -> Option<Record> {
        let (keys, values, due) = (self.u32()?, self.u32()?, self.u64()?);
        Some(Record {
            key: self.take(keys as usize)?.to_vec(),
            value: self.take(values as usize)?.to_vec(),
            due: (due > 0).then_some(due),
        })
    }
}

/// Writes a snapshot.
///
/// # Errors
/// Those of the file system: then what was there before is still there.
pub fn save(path: &Path, sections: &[Section]) -> io::Result<()> {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(name);
    let written = write(&beside, sections).and_then(|()| fs::rename(&beside, path));
    if written.is_err() {
        // The error that is told is the first one.
        let _ = fs::remove_file(&beside);
    }
    written?;
    File::open(folder(path))?.sync_all()
}

fn write(path: &Path, sections: &[Section]) -> io::Result<()> {
    let mut file = io::BufWriter::new(File::create(path)?);
    let count = u32::try_from(sections.len()).map_err(io::Error::other)?;
    file.write_all(MAGIC)?;
    file.write_all(&VERSION.to_le_bytes())?;
    file.write_all(&count.to_le_bytes())?;
    for Section(bytes) in sections {
        file.write_all(&(bytes.len() as u64).to_le_bytes())?;
        file.write_all(&crc32fast::hash(bytes).to_le_bytes())?;
        file.write_all(bytes)?;
    }
    file.flush()?;
    file.get_ref().sync_all()
}
