//! The traits of other libraries' I/O for the streams and their halves, each behind a feature.
//!
//! | file | what it holds |
//! |---|---|
//! | `tokio.rs` | `tokio::io::{AsyncRead, AsyncWrite}`: feature `compat-tokio` |
//! | `hyper.rs` | `hyper::rt::{Read, Write}`: feature `hyper` |
//! | `spare.rs` | reading into memory that nobody has written yet |
//!
//! They are polls of the functions in `stream.rs`: no buffer in between, no runtime of theirs.
//! This module must not know how a descriptor is waited for.

#[cfg(feature = "hyper")]
mod hyper;
mod spare;
#[cfg(feature = "compat-tokio")]
mod tokio;

/// Calls a macro once for each type that reads and for each that writes; an owned half, a borrowed one, and a reference to a stream are types of their own.
macro_rules! for_each_stream {
    ($implement:ident) => {
        $implement!(read: [] crate::TcpStream);
        $implement!(read: ['a] &'a crate::TcpStream);
        $implement!(read: [] crate::UnixStream);
        $implement!(read: ['a] &'a crate::UnixStream);
        $implement!(read: ['a, S: crate::Half] crate::ReadHalf<'a, S>);
        $implement!(read: [S: crate::Half] crate::OwnedReadHalf<S>);
        $implement!(write: [] crate::TcpStream);
        $implement!(write: ['a] &'a crate::TcpStream);
        $implement!(write: [] crate::UnixStream);
        $implement!(write: ['a] &'a crate::UnixStream);
        $implement!(write: ['a, S: crate::Half] crate::WriteHalf<'a, S>);
        $implement!(write: [S: crate::Half] crate::OwnedWriteHalf<S>);
    };
}

pub(crate) use for_each_stream;
