//! The two halves of a stream, for two goroutines: borrowed, or owned.

use crate::macros::{futures_io, reads, writes};
use crate::stream::{self, Bytes};
use crate::{TcpStream, UnixStream};
use gaggle_base::site::Site;
use gaggle_rt::io::Registered;
use std::error::Error;
use std::fmt;
use std::future::poll_fn;
use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// The half of a stream that reads, borrowed from it.
#[derive(Debug)]
pub struct ReadHalf<'a, S>(&'a S);

/// The half of a stream that writes, borrowed from it.
#[derive(Debug)]
pub struct WriteHalf<'a, S>(&'a S);

/// The half of a stream that reads.
#[derive(Debug)]
pub struct OwnedReadHalf<S>(Arc<S>);

/// The half of a stream that writes. When it is dropped, the other end reads the end.
#[derive(Debug)]
pub struct OwnedWriteHalf<S: Half>(Arc<S>, Ends);

/// Does the drop of the half end the direction?
#[derive(Debug, PartialEq, Eq)]
enum Ends {
    Yes,
    No,
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::TcpStream {}
    impl Sealed for crate::UnixStream {}
}

/// A stream that has halves: [`TcpStream`] and [`UnixStream`].
pub trait Half: sealed::Sealed {
    #[doc(hidden)]
    fn descriptor(&self) -> &Registered<OwnedFd>;
}

impl Half for TcpStream {
    fn descriptor(&self) -> &Registered<OwnedFd> {
        self.io()
    }
}

impl Half for UnixStream {
    fn descriptor(&self) -> &Registered<OwnedFd> {
        self.io()
    }
}

pub(crate) fn borrowed<S>(stream: &S) -> (ReadHalf<'_, S>, WriteHalf<'_, S>) {
    (ReadHalf(stream), WriteHalf(stream))
}

pub(crate) fn owned<S: Half>(stream: S) -> (OwnedReadHalf<S>, OwnedWriteHalf<S>) {
    let stream = Arc::new(stream);
    (
        OwnedReadHalf(stream.clone()),
        OwnedWriteHalf(stream, Ends::Yes),
    )
}

macro_rules! half {
    ([$($generics:tt)*] $type:ty) => {
        impl<$($generics)*> Bytes for $type {
            fn io(&self) -> &Registered<OwnedFd> {
                self.0.descriptor()
            }
        }
        impl<$($generics)*> AsRef<S> for $type {
            fn as_ref(&self) -> &S {
                &self.0
            }
        }
    };
}

half!(['a, S: Half] ReadHalf<'a, S>);
half!(['a, S: Half] WriteHalf<'a, S>);
half!([S: Half] OwnedReadHalf<S>);
half!([S: Half] OwnedWriteHalf<S>);

impl<S: Half + Sync> ReadHalf<'_, S> {
    reads!();
}

impl<S: Half + Sync> WriteHalf<'_, S> {
    writes!();
}

impl<S: Half + Send + Sync> OwnedReadHalf<S> {
    reads!();

    /// The whole stream again.
    ///
    /// # Errors
    /// Both halves, if they are not of the same stream.
    ///
    /// # Panics
    /// Never: a stream has two owned halves at most.
    pub fn reunite(self, mut other: OwnedWriteHalf<S>) -> Result<S, ReuniteError<S>> {
        if !Arc::ptr_eq(&self.0, &other.0) {
            return Err(ReuniteError(self, other));
        }
        other.1 = Ends::No;
        drop(other);
        Ok(Arc::into_inner(self.0).expect("there are two halves, and both were here"))
    }
}

impl<S: Half + Send + Sync> OwnedWriteHalf<S> {
    writes!();

    /// The other end reads the end, now.
    ///
    /// # Errors
    /// Those of the system.
    pub fn finish(&self) -> io::Result<()> {
        stream::end(self.io(), Shutdown::Write)
    }
}

impl<S: Half> Drop for OwnedWriteHalf<S> {
    fn drop(&mut self) {
        if self.1 == Ends::Yes {
            // It fails if the connection is gone already.
            let _ = stream::end(self.0.descriptor(), Shutdown::Write);
        }
    }
}

futures_io!(read: ['a, S: Half] ReadHalf<'a, S>);
futures_io!(write: ['a, S: Half] WriteHalf<'a, S>);
futures_io!(read: [S: Half] OwnedReadHalf<S>);
futures_io!(write: [S: Half] OwnedWriteHalf<S>);

/// The halves are not of the same stream. They come back.
pub struct ReuniteError<S: Half>(pub OwnedReadHalf<S>, pub OwnedWriteHalf<S>);

impl<S: Half> fmt::Debug for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReuniteError")
    }
}

impl<S: Half> fmt::Display for ReuniteError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the two halves are not of the same stream")
    }
}

impl<S: Half> Error for ReuniteError<S> {}
