//! The pipes to and from a child process. They are waited for as sockets are.

use futures_io::{AsyncRead, AsyncWrite};
use gaggle_rt::io::{Direction, Registered};
use rustix::io::{ioctl_fionbio, read, write};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::Pin;
use std::process;
use std::task::{Context, Poll};

macro_rules! pipe {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(Registered<process::$name>);

        impl $name {
            pub(super) fn new(std: process::$name) -> io::Result<Self> {
                // This end only: the child's is another.
                ioctl_fionbio(&std, true)?;
                Ok(Self(Registered::new(std, $kind)?))
            }

            /// As a pipe of the standard library, which blocks.
            ///
            /// # Errors
            /// Those of the system.
            pub fn into_std(self) -> io::Result<process::$name> {
                let std = self.0.into_inner();
                ioctl_fionbio(&std, false)?;
                Ok(std)
            }
        }

        impl AsFd for $name {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.0.as_fd()
            }
        }
    };
}

macro_rules! reads {
    ($name:ident) => {
        impl $name {
            /// Reads what there is, at least one byte, and says how many; 0 is the end.
            ///
            /// # Errors
            /// Those of the system.
            ///
            /// # Cancel safety
            /// If the future is dropped, nothing was read.
            #[track_caller]
            pub fn read<'a>(
                &'a self,
                buffer: &'a mut [u8],
            ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
                self.0
                    .io(Direction::Read, |pipe| Ok(read(pipe, &mut *buffer)?))
            }

            /// Reads to the end, behind what is in `into`, and says how many bytes that were.
            ///
            /// # Errors
            /// Those of the system; what was read before is in `into`.
            ///
            /// # Cancel safety
            /// What was read is in `into`.
            pub async fn read_to_end(&self, into: &mut Vec<u8>) -> io::Result<usize> {
                let (before, mut chunk) = (into.len(), [0; 4 << 10]);
                loop {
                    match self.read(&mut chunk).await? {
                        0 => return Ok(into.len() - before),
                        n => into.extend_from_slice(&chunk[..n]),
                    }
                }
            }
        }

        impl AsyncRead for $name {
            fn poll_read(
                self: Pin<&mut Self>,
                cx: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                let once = |pipe: &_| Ok(read(pipe, &mut *buffer)?);
                self.0.poll_io(cx, Direction::Read, once)
            }
        }
    };
}

pipe!(
    /// The input of a child process. When it is dropped, the child reads the end.
    ChildStdin,
    "stdin of a process"
);
pipe!(
    /// The output of a child process.
    ChildStdout,
    "stdout of a process"
);
pipe!(
    /// The complaints of a child process.
    ChildStderr,
    "stderr of a process"
);
reads!(ChildStdout);
reads!(ChildStderr);

impl ChildStdin {
    /// Writes what the system takes, and says how much that was.
    ///
    /// # Errors
    /// Those of the system: [`BrokenPipe`](io::ErrorKind::BrokenPipe) if the child does not read any more.
    ///
    /// # Cancel safety
    /// If the future is dropped, nothing was written.
    #[track_caller]
    pub fn write<'a>(
        &'a self,
        bytes: &'a [u8],
    ) -> impl Future<Output = io::Result<usize>> + Send + 'a {
        self.0.io(Direction::Write, |pipe| Ok(write(pipe, bytes)?))
    }

    /// Writes all of it.
    ///
    /// # Errors
    /// As for [`write`](Self::write); a part may have been written.
    ///
    /// # Cancel safety
    /// None: if the future is dropped, a part may have been written.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let n = self.write(bytes).await?;
            bytes = &bytes[n..];
        }
        Ok(())
    }
}

impl AsyncWrite for ChildStdin {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let once = |pipe: &_| Ok(write(pipe, bytes)?);
        self.0.poll_io(cx, Direction::Write, once)
    }

    /// Nothing is kept back, so there is nothing to flush.
    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    /// The child reads the end when this is dropped; there is nothing to do before.
    fn poll_close(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
