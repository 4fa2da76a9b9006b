//! Reading into memory that nobody has written yet: what tokio and hyper hand out for a read.
//!
//! Their safe methods would either write zeros over the whole buffer before each read, or copy what was read.
//! The unsafe code of this crate is here and nowhere else: twice the same three steps, "take the spare memory, let the system fill the front of it, say how much that is".
//! What is done in between, [`poll_read_spare`], is safe code and says itself which bytes are written.

#![allow(
    unsafe_code,
    reason = "the spare part of a foreign buffer can be had in no other way without a copy"
)]

use crate::stream::poll_read_spare;
use gaggle_rt::io::Registered;
use std::io;
use std::os::fd::OwnedFd;
use std::task::{Context, Poll, ready};

/// One poll of a read into tokio's buffer.
#[cfg(feature = "compat-tokio")]
pub(super) fn read_tokio(
    fd: &Registered<OwnedFd>,
    cx: &mut Context<'_>,
    buffer: &mut tokio::io::ReadBuf<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: `poll_read_spare` writes bytes into it, by a read of the system, and never takes one back to the state of not being written.
    let spare = unsafe { buffer.unfilled_mut() };
    let filled = ready!(poll_read_spare(fd, cx, spare))?;
    // SAFETY: `poll_read_spare` has written so many bytes to the front of the spare part: that is the length of the slice of written bytes that the system call gave back.
    unsafe { buffer.assume_init(filled) };
    buffer.advance(filled);
    Poll::Ready(Ok(()))
}

/// One poll of a read into hyper's buffer.
#[cfg(feature = "hyper")]
pub(super) fn read_hyper(
    fd: &Registered<OwnedFd>,
    cx: &mut Context<'_>,
    mut buffer: hyper::rt::ReadBufCursor<'_>,
) -> Poll<io::Result<()>> {
    // SAFETY: as for `read_tokio`.
    let spare = unsafe { buffer.as_mut() };
    let filled = ready!(poll_read_spare(fd, cx, spare))?;
    // SAFETY: as for `read_tokio`; it is at most the length of `spare`, so the sum stays within the buffer.
    unsafe { buffer.advance(filled) };
    Poll::Ready(Ok(()))
}
