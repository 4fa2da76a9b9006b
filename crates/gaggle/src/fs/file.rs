//! [`File`].

use futures_io::{AsyncRead, AsyncSeek, AsyncWrite};
use gaggle_rt::blocking;
use std::fs::{Metadata, OpenOptions, Permissions};
use std::io::{self, IoSlice, IoSliceMut, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};

/// An open file.
///
/// Its methods take `&self`, as those of the sockets do; goroutines that share one share its position. [`read_at`](Self::read_at) and [`write_at`](Self::write_at) have none.
/// Nothing is kept back: what `write` has taken, the system has.
///
/// # Examples
/// ```
/// use gaggle::fs::{self, File};
/// use std::io::SeekFrom;
/// # gaggle::block_on(async {
/// let path = std::env::temp_dir().join(format!("gaggle-file-{}", std::process::id()));
/// let file = File::create(&path).await?;
/// file.write_all(b"one two").await?;
/// file.sync_all().await?;
/// let file = File::open(&path).await?;
/// file.seek(SeekFrom::Start(4)).await?;
/// let mut text = String::new();
/// file.read_to_string(&mut text).await?;
/// assert_eq!(text, "two");
/// fs::remove_file(&path).await
/// # }).unwrap();
/// ```
#[derive(Debug)]
pub struct File(std::fs::File);

impl File {
    /// Opens a file to read it.
    ///
    /// # Errors
    /// Those of the system, such as that there is none.
    pub async fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        blocking(|| std::fs::File::open(path)).map(Self)
    }

    /// Makes a file to write it; one that is there is emptied.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn create(path: impl AsRef<Path>) -> io::Result<Self> {
        blocking(|| std::fs::File::create(path)).map(Self)
    }

    /// Makes a file to read and write it; one that is there is an error.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn create_new(path: impl AsRef<Path>) -> io::Result<Self> {
        blocking(|| std::fs::File::create_new(path)).map(Self)
    }

    /// Opens a file in any way.
    ///
    /// # Errors
    /// Those of the system.
    ///
    /// # Examples
    /// ```no_run
    /// use gaggle::fs::{File, OpenOptions};
    /// # gaggle::block_on(async {
    /// let log = File::open_with(OpenOptions::new().append(true).create(true), "log.txt").await?;
    /// log.write_all(b"one line more\n").await
    /// # }).unwrap();
    /// ```
    pub async fn open_with(options: &OpenOptions, path: impl AsRef<Path>) -> io::Result<Self> {
        blocking(|| options.open(path)).map(Self)
    }

    /// Reads what there is, from the position on, and says how many bytes that were; 0 is the end.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        blocking(|| (&self.0).read(buffer))
    }

    /// Reads until the buffer is full.
    ///
    /// # Errors
    /// Those of the system, and [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) if the file ends before.
    pub async fn read_exact(&self, buffer: &mut [u8]) -> io::Result<()> {
        blocking(|| (&self.0).read_exact(buffer))
    }

    /// Reads to the end, behind what is in `into`, and says how many bytes that were.
    ///
    /// # Errors
    /// Those of the system; what was read before is in `into`.
    pub async fn read_to_end(&self, into: &mut Vec<u8>) -> io::Result<usize> {
        blocking(|| (&self.0).read_to_end(into))
    }

    /// As [`read_to_end`](Self::read_to_end), for a text.
    ///
    /// # Errors
    /// Those of the system, and [`InvalidData`](io::ErrorKind::InvalidData) if it is no text.
    pub async fn read_to_string(&self, into: &mut String) -> io::Result<usize> {
        blocking(|| (&self.0).read_to_string(into))
    }

    /// Writes what the system takes, and says how much that was.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        blocking(|| (&self.0).write(bytes))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// Those of the system; a part may have been written.
    pub async fn write_all(&self, bytes: &[u8]) -> io::Result<()> {
        blocking(|| (&self.0).write_all(bytes))
    }

    /// Reads from a place; the position stays.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        blocking(|| self.0.read_at(buffer, offset))
    }

    /// Writes to a place; the position stays.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        blocking(|| self.0.write_at(bytes, offset))
    }

    /// Moves the position, and says where it is from the start.
    ///
    /// # Errors
    /// Those of the system, such as a place before the start.
    pub async fn seek(&self, to: SeekFrom) -> io::Result<u64> {
        blocking(|| (&self.0).seek(to))
    }

    /// Returns when all that was written is on the disk, and what the system knows of the file too.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn sync_all(&self) -> io::Result<()> {
        blocking(|| self.0.sync_all())
    }

    /// Returns when all that was written is on the disk.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn sync_data(&self) -> io::Result<()> {
        blocking(|| self.0.sync_data())
    }

    /// Makes the file as long as this: what is behind it goes, or zeros are added.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn set_len(&self, length: u64) -> io::Result<()> {
        blocking(|| self.0.set_len(length))
    }

    /// What the system knows of the file.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn metadata(&self) -> io::Result<Metadata> {
        blocking(|| self.0.metadata())
    }

    /// Says who may do what with the file.
    ///
    /// # Errors
    /// Those of the system.
    pub async fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        blocking(|| self.0.set_permissions(permissions))
    }

    /// The file of the standard library in it.
    #[must_use]
    pub fn get_ref(&self) -> &std::fs::File {
        &self.0
    }

    /// As a file of the standard library.
    #[must_use]
    pub fn into_std(self) -> std::fs::File {
        self.0
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> Self {
        Self(file)
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AsyncRead for File {
    fn poll_read(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(blocking(|| (&self.0).read(buffer)))
    }

    fn poll_read_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffers: &mut [IoSliceMut<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(blocking(|| (&self.0).read_vectored(buffers)))
    }
}

impl AsyncWrite for File {
    fn poll_write(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(blocking(|| (&self.0).write(bytes)))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buffers: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(blocking(|| (&self.0).write_vectored(buffers)))
    }

    /// Nothing is kept back, so there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl AsyncSeek for File {
    fn poll_seek(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        to: SeekFrom,
    ) -> Poll<io::Result<u64>> {
        Poll::Ready(blocking(|| (&self.0).seek(to)))
    }
}
