//! What streams of bytes have in common: reading, writing, halves, the traits of `futures-io`.
//!
//! A read that fills less than its buffer has taken all there was, and a write that takes less than it was given has filled the system's buffer: so the next one waits for an event before it asks the system. That saves one system call in two.
//! Of a Unix stream that is not true of reads; see [`Registered::in_pieces`].

use gaggle_base::site::Site;
use gaggle_rt::io::{Direction, Registered};
use rustix::io::{Errno, readv};
use rustix::net::{
    RecvFlags, SendAncillaryBuffer, SendFlags, Shutdown, recv, send, sendmsg, shutdown,
};
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
#[cfg(any(feature = "compat-tokio", feature = "hyper"))]
use std::mem::MaybeUninit;
use std::net::Shutdown as How;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll};

/// The system refuses a call with more buffers than this; the rest is for the next one.
const MAX_BUFFERS: usize = 1024;
/// Several buffers that are no longer together are copied into one: the system takes longer to look at a list of them.
const GATHERED: usize = 512;

/// One poll of a read.
pub(crate) fn poll_read<F: AsFd>(
    fd: &Registered<F>,
    cx: &mut Context<'_>,
    buffer: &mut [u8],
    site: Site,
) -> Poll<io::Result<usize>> {
    let wanted = buffer.len();
    fd.poll_io_at(cx, Direction::Read, site, |fd, used_up| {
        let (_, n) = recv(fd, &mut *buffer, RecvFlags::empty())?;
        *used_up = n > 0 && n < wanted;
        Ok(n)
    })
}

/// One poll of a read into memory that nobody has written yet. Says how many bytes were written to the front of it.
#[cfg(any(feature = "compat-tokio", feature = "hyper"))]
pub(crate) fn poll_read_spare<F: AsFd>(
    fd: &Registered<F>,
    cx: &mut Context<'_>,
    spare: &mut [MaybeUninit<u8>],
) -> Poll<io::Result<usize>> {
    let wanted = spare.len();
    fd.poll_io_at(cx, Direction::Read, Site::UNKNOWN, |fd, used_up| {
        let ((written, _), _) = recv(fd, &mut *spare, RecvFlags::empty())?;
        let n = written.len();
        *used_up = n > 0 && n < wanted;
        Ok(n)
    })
}

/// One poll of a read into several buffers.
pub(crate) fn poll_read_vectored<F: AsFd>(
    fd: &Registered<F>,
    cx: &mut Context<'_>,
    buffers: &mut [IoSliceMut<'_>],
    site: Site,
) -> Poll<io::Result<usize>> {
    let at_most = buffers.len().min(MAX_BUFFERS);
    let buffers = &mut buffers[..at_most];
    let wanted: usize = buffers.iter().map(|buffer| buffer.len()).sum();
    fd.poll_io_at(cx, Direction::Read, site, |fd, used_up| {
        let n = readv(fd, buffers)?;
        *used_up = n > 0 && n < wanted;
        Ok(n)
    })
}

/// One poll of a write.
pub(crate) fn poll_write<F: AsFd>(
    fd: &Registered<F>,
    cx: &mut Context<'_>,
    bytes: &[u8],
    site: Site,
) -> Poll<io::Result<usize>> {
    fd.poll_io_at(cx, Direction::Write, site, |fd, used_up| {
        let n = send(fd, bytes, SendFlags::NOSIGNAL)?;
        *used_up = n < bytes.len();
        Ok(n)
    })
}

/// One poll of a write from several buffers.
pub(crate) fn poll_write_vectored<F: AsFd>(
    fd: &Registered<F>,
    cx: &mut Context<'_>,
    buffers: &[IoSlice<'_>],
    site: Site,
) -> Poll<io::Result<usize>> {
    let buffers = &buffers[..buffers.len().min(MAX_BUFFERS)];
    let given: usize = buffers.iter().map(|buffer| buffer.len()).sum();
    if given <= GATHERED {
        let mut room = [0; GATHERED];
        return poll_write(fd, cx, gather(buffers, &mut room), site);
    }
    fd.poll_io_at(cx, Direction::Write, site, |fd, used_up| {
        // `writev` takes no flags, and would raise SIGPIPE when the other side is gone.
        let nothing_else = &mut SendAncillaryBuffer::default();
        let n = sendmsg(fd, buffers, nothing_else, SendFlags::NOSIGNAL)?;
        *used_up = n < given;
        Ok(n)
    })
}

/// The bytes of several buffers in one, for which there is `room`.
fn gather<'a>(buffers: &[IoSlice<'_>], room: &'a mut [u8; GATHERED]) -> &'a [u8] {
    let mut end = 0;
    for buffer in buffers {
        room[end..end + buffer.len()].copy_from_slice(buffer);
        end += buffer.len();
    }
    &room[..end]
}

/// A stream of bytes over a registered descriptor.
pub(crate) trait Bytes {
    fn io(&self) -> &Registered<OwnedFd>;
}

/// Reads until the buffer is full.
pub(crate) async fn read_exact(
    fd: &Registered<OwnedFd>,
    mut buffer: &mut [u8],
    site: Site,
) -> io::Result<()> {
    while !buffer.is_empty() {
        let n = poll_fn(|cx| poll_read(fd, cx, buffer, site)).await?;
        if n == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        buffer = &mut buffer[n..];
    }
    Ok(())
}

/// Reads to the end.
pub(crate) async fn read_to_end(
    fd: &Registered<OwnedFd>,
    into: &mut Vec<u8>,
    site: Site,
) -> io::Result<usize> {
    let before = into.len();
    let mut chunk = [0; 8 << 10];
    loop {
        match poll_fn(|cx| poll_read(fd, cx, &mut chunk, site)).await? {
            0 => return Ok(into.len() - before),
            n => into.extend_from_slice(&chunk[..n]),
        }
    }
}

/// Writes all of it.
pub(crate) async fn write_all(
    fd: &Registered<OwnedFd>,
    mut bytes: &[u8],
    site: Site,
) -> io::Result<()> {
    while !bytes.is_empty() {
        let n = poll_fn(|cx| poll_write(fd, cx, bytes, site)).await?;
        if n == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        bytes = &bytes[n..];
    }
    Ok(())
}

/// Ends the writing direction for a trait whose close may be called more than once, and after the connection is gone: then there is nothing to end.
pub(crate) fn close(fd: &Registered<OwnedFd>) -> io::Result<()> {
    match shutdown(fd.get_ref(), Shutdown::Write) {
        Err(Errno::NOTCONN) => Ok(()),
        ended => Ok(ended?),
    }
}

/// Ends one direction, or both.
pub(crate) fn end(fd: &Registered<OwnedFd>, how: How) -> io::Result<()> {
    let how = match how {
        How::Read => Shutdown::Read,
        How::Write => Shutdown::Write,
        How::Both => Shutdown::Both,
    };
    Ok(shutdown(fd.get_ref(), how)?)
}
